"""The farm, as a person runs it: by deploy/farm/farm, under a Docker daemon of the tests' own."""

import fcntl
import json
import os
import pathlib
import re
import subprocess

from . import paths
from .agent import AgentClient, free_port
from .host import run
from .nginx import cache_directory
from .prometheus import PrometheusClient

SCRIPT = paths.REPOSITORY / "deploy/farm/farm"
SERVICES = {"web", "database", "monitor", "prometheus"}


def farm_root():
    """The tar of packages/root; made on first use, then cached."""
    tar = cache_directory() / "farm-root.tar"
    cache_directory().mkdir(parents=True, exist_ok=True)
    with open(cache_directory() / "farm-root.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            subprocess.run([SCRIPT.parent / "packages/root", tar], check=True)
    return tar


class Farm:
    def __init__(self, docker):
        self.docker = docker
        self._scratch = docker.directory / "farm"
        self._scratch.mkdir(exist_ok=True)
        self.ports = {name: free_port() for name in ("WEB", "MONITOR", "PROMETHEUS")}
        self.monitor = AgentClient("127.0.0.1", self.ports["MONITOR"])
        self.prometheus = PrometheusClient(self.ports["PROMETHEUS"])

    def command(self, *words, **environment):
        """(exit code, output, errors) of ./farm."""
        done = subprocess.run(
            [str(SCRIPT), *words],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self.environment(**environment),
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def environment(self, **more):
        return {
            **os.environ,
            "TMPDIR": str(self._scratch),
            "DOCKER_HOST": self.docker.host,
            "FARM_TALLYMAN": str(paths.agent_binary()),
            "FARM_ROOT": str(farm_root()),
            **{f"FARM_{name}_PORT": str(port) for name, port in self.ports.items()},
            **more,
        }

    def containers(self):
        """{service: docker inspect}"""
        names = self.docker.docker("ps", "-aq").split()
        facts = json.loads(self.docker.docker("inspect", *names)) if names else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in facts}

    def left(self):
        """What there is of containers, images, networks and volumes beside Docker's own."""
        return {
            "containers": self.docker.docker("ps", "-aq").split(),
            "images": self.docker.docker("images", "-aq").split(),
            "networks": self.docker.docker("network", "ls", "-q", "--filter", "type=custom").split(),
            "volumes": self.docker.docker("volume", "ls", "-q").split(),
            "links": sorted(re.findall(r"\bbr-[^:@]*", run(*self.docker.network.command("ip", "-o", "link")))),
            "directories": sorted(map(str, self._scratch.iterdir())),
        }


def mounts_of(pid):
    """{mount point: options} as the process sees them: of two on one point the upper one."""
    table = {}
    for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        words = line.split()
        table[words[4]] = words[5].split(",")
    return table


def bytes_read_by_wrk(output):
    number, unit = re.search(r"requests in \S+, ([\d.]+)(\w+) read", output).groups()
    return float(number) * {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}[unit]
