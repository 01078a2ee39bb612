"""The image of deploy/Dockerfile, built and run by the commands of README.md. Only the base image is not a registry's:
it is made of Debian's packages, under the same name."""

import json
import os
import re
import shlex
import subprocess

import pytest

from support import own, paths
from support.agent import AgentClient, free_port
from support.docker import DockerDaemon
from support.waiting import wait_for

if os.geteuid() != 0:
    pytest.skip("dockerd needs root", allow_module_level=True)

BASE = "debian:bookworm-slim"
PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "no")]
BUILD_SECONDS = 3600  # the agent is compiled without a cache


def commands_of_readme():
    """The words of `docker build` and of `docker run`."""
    text = (paths.REPOSITORY / "README.md").read_text().replace("\\\n", " ")
    found = [shlex.split(line) for line in re.findall(r"^    (docker (?:build|run) .*)$", text, re.M)]
    assert [words[:2] for words in found] == [["docker", "build"], ["docker", "run"]]
    return found


def replaced(words, old, new):
    """With one of the words changed."""
    assert sum(old in word for word in words) == 1, f"{old} is not once in: {' '.join(words)}"
    return [word.replace(old, new) for word in words]


@pytest.fixture(scope="module")
def daemon():
    """On the host's network, which the build needs. A port is published by docker-proxy, without a firewall rule."""
    with DockerDaemon("--userland-proxy=true", on_host=True) as running:
        yield running


@pytest.fixture(scope="module")
def base(daemon):
    """Debian's packages, with this host's configuration of apt: what reaches a mirror here does so in the build."""
    directory = own.directory("image")
    tar = directory / "base.tar"
    try:
        hook = "--customize-hook=copy-in /etc/apt /etc"
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", hook, "bookworm", tar], check=True)
        daemon.docker("import", tar, BASE)
    finally:
        tar.unlink(missing_ok=True)
        directory.rmdir()


@pytest.fixture(scope="module")
def image(daemon, base):
    words = commands_of_readme()[0]
    names = [name for lower in PROXIES for name in (lower, lower.upper()) if name in os.environ]
    options = ["--network", "host", *(f"--build-arg={name}" for name in names)]
    # The classic builder, which every version has.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    where = {"cwd": paths.REPOSITORY, "env": environment, "timeout": BUILD_SECONDS}
    daemon.docker("build", *options, *words[2:], **where)


@pytest.fixture(scope="module")
def started(daemon, image):
    """(the agent, the container's id). Changed are the port, which another agent may have, and Docker's directory,
    which docs/install.md says how to name."""
    port = free_port()
    words = replaced(commands_of_readme()[1], "127.0.0.1:8255:", f"127.0.0.1:{port}:")
    root = str(daemon.data_root)
    words = replaced(words, "/var/lib/docker/containers:/host/var/lib/docker/", f"{root}/containers:/host{root}/")
    identity = daemon.docker(*words[1:], f"--docker.root={root}").splitlines()[-1]
    try:
        yield AgentClient("127.0.0.1", port), identity
    finally:
        daemon.docker("rm", "-f", "-v", identity)


def state(daemon, identity):
    return json.loads(daemon.docker("inspect", identity))[0]["State"]


def test_it_becomes_ready_and_healthy(daemon, started):
    agent, identity = started

    def is_healthy():
        now = state(daemon, identity)
        assert now["Running"], daemon.docker("logs", identity)
        assert now["Health"]["Status"] != "unhealthy", now["Health"]["Log"]
        return now["Health"]["Status"] == "healthy"

    wait_for(agent.ready, 60, "/-/ready")
    wait_for(is_healthy, 120, "the health check has passed", 0.5)


def test_it_shows_a_container_by_its_name(daemon, started):
    agent, _ = started
    wait_for(agent.ready, 60, "/-/ready")
    web = daemon.run("shown-by-name", "stay")
    try:
        shown = wait_for(lambda: agent.find(web.cgroup), 60, "the container")
        assert (shown["name"], shown["runtime"], shown["kind"]) == ("shown-by-name", "docker", "container")
    finally:
        web.remove()


def test_it_has_nothing_but_the_agent(daemon, started):
    _, identity = started
    for program in ("sh", "bash", "apt-get"):
        # Docker's client says "executable file not found" on one of its outputs, and by this status on both.
        with pytest.raises(RuntimeError, match="exit 12[67]"):
            daemon.docker("exec", identity, program)
    assert int(daemon.docker("image", "inspect", "--format", "{{.Size}}", "tallyman")) < 40_000_000
