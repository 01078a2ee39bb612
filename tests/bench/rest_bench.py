"""What an answer of cAdvisor's REST API costs, and a scrape in its place: rows of the table of docs/performance.md.

  rest_bench.py [--count N] [--cadvisor PROGRAM]

Cgroups with a sleeping process each, made by the program cgroup_farm. TALLYMAN_BINARY names the agent. With a
cAdvisor, both answer the same questions about the same cgroups in turns."""

import argparse
import contextlib
import http.client
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from agent_bench import AgentInCgroup, cpu_seconds_of, farm, row
from support.agent import free_port
from support.waiting import wait_for

ROUNDS, QUESTIONS, IDLE_SECONDS = 5, 20, 5
ONE_SAMPLE = json.dumps({"num_stats": 1})
REST = (
    ("/api/v1.3/subcontainers", ("POST", "/api/v1.3/subcontainers/", ONE_SAMPLE)),
    ("/api/v2.0/stats?recursive=true", ("GET", "/api/v2.0/stats/?recursive=true&count=1", None)),
)
SCRAPE, SCRAPE_IN_PLACE = ("GET", "/metrics", None), ("GET", "/metrics/cadvisor", None)
IN_PLACE = ("--web.cadvisor-api", "--web.allowed-hosts=*")


class Answers:
    """The CPU time and the time of a program's answers, without what it does anyway."""

    def __init__(self, pid, port):
        self._pid, self._port = pid, port
        self.idle = 0.0  # of a CPU

    def cpu_seconds(self):
        return cpu_seconds_of(self._pid)

    def measure_idle(self):
        cpu, start = self.cpu_seconds(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        self.idle = (self.cpu_seconds() - cpu) / (time.monotonic() - start)

    def of(self, method, path, body):
        """CPU seconds and seconds of one answer, and its bytes."""
        cpu, start, size = self.cpu_seconds(), time.monotonic(), 0
        for _ in range(QUESTIONS):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            connection.request(method, path, body)
            response = connection.getresponse()
            size = len(response.read())
            connection.close()
            if response.status != 200:
                raise RuntimeError(f"{path} was answered with {response.status}")
        took = time.monotonic() - start
        used = max(self.cpu_seconds() - cpu - self.idle * took, 0.001 / QUESTIONS)
        return used / QUESTIONS, took / QUESTIONS, size


def in_turns(programs, questions):
    """The medians of several rounds: [(CPU seconds, seconds, bytes)], by program."""
    for program in programs:
        program.measure_idle()
    rounds = [[program.of(*asked) for program, asked in zip(programs, questions, strict=True)] for _ in range(ROUNDS)]
    return [[statistics.median(values) for values in zip(*of_one, strict=True)] for of_one in zip(*rounds, strict=True)]


@contextlib.contextmanager
def cadvisor(program):
    port = free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [program, f"--port={port}", "--listen_ip=127.0.0.1", "--housekeeping_interval=1s",
             "--allow_dynamic_housekeeping=false"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip

        def ready():
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200

        try:
            wait_for(ready, 120, "cAdvisor answers", 0.5)
            time.sleep(2 * IDLE_SECONDS)  # its first look at everything
            yield Answers(process.pid, port)
        finally:
            process.terminate()
            process.wait()


def rest(count, agent, other):
    reached = True
    for name, question in REST:
        ours, theirs = in_turns([agent, other], [question, question])
        detail = (
            f"{1e3 * ours[0]:.1f} ms of CPU, {1e3 * ours[1]:.0f} ms, {ours[2] / 1e6:.1f} MB; cAdvisor "
            f"{1e3 * theirs[0]:.1f} ms, {1e3 * theirs[1]:.0f} ms, {theirs[2] / 1e6:.1f} MB"
        )
        for what, part in (("CPU time", 0), ("time", 1)):
            what = f"{what} of `{name}`, one sample, {count} cgroups, against cAdvisor"
            reached &= row(what, "at most 0.25x", ours[part] / theirs[part], "x", detail, 0.25)
    return reached


def scrape(count):
    with AgentInCgroup(*IN_PLACE) as agent:
        program = Answers(agent.pid(), agent.port)
        ours, theirs = in_turns([program, program], [SCRAPE_IN_PLACE, SCRAPE])
    return row(
        f"CPU time of `/metrics/cadvisor`, {count} cgroups, against `/metrics`",
        "at most 1.1x",
        ours[0] / theirs[0],
        "x",
        f"{1e3 * ours[0]:.1f} and {1e3 * theirs[0]:.1f} ms; {ours[2] / 1e6:.1f} and {theirs[2] / 1e6:.1f} MB",
        1.1,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--cadvisor")
    arguments = parser.parse_args()
    with farm(arguments.count):
        reached = scrape(arguments.count)
        if arguments.cadvisor:
            with AgentInCgroup(*IN_PLACE) as agent, cadvisor(arguments.cadvisor) as other:
                reached &= rest(arguments.count, Answers(agent.pid(), agent.port), other)
    return 0 if reached else 3


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
