"""What the integration tests share: a Docker daemon of their own, the agent, a strict
parser of the Prometheus text format, and the tolerances of each truth."""
