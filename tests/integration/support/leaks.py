"""What this session of tests could leave behind on the host."""

import contextlib
import os
import subprocess
import time

from . import own
from .docker import DockerDaemon
from .host import CGROUPS, processes_naming


def _links(prefix):
    return {name for name in os.listdir("/sys/class/net") if name.startswith(prefix)}


def _mounts(mark):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return {line.split()[4] for line in table if mark in line}


def _directories(mark):
    return {str(path) for path in own.temporary_directory().glob(mark + "*")}


def _firewall(prefix):
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False)
    return {line for line in done.stdout.splitlines() if prefix in line}


def _cgroups(identities):
    """Cgroups of these containers: found by id, since others' come and go meanwhile."""
    return {
        str(path)
        for tree in [CGROUPS, *CGROUPS.iterdir()]
        if tree.is_dir()
        for path in tree.glob("docker/*")
        if path.name in identities
    }


class Inventory:
    """Only what bears this session's marks: other things on the host change by themselves, and other
    sessions' too."""

    def __init__(self, identities=()):
        mark = own.mark()
        links = f"tally{os.getpid()}-"
        self.found = {
            "links": _links(links),
            "mounts": _mounts(mark),
            "processes": set(processes_naming(mark)),
            "directories": _directories(mark),
            "firewall rules": _firewall(links),
            "cgroups": _cgroups(set(identities)),
        }

    def left(self, identities=(), timeout_seconds=10):
        """What there is more than in this inventory. What is just ending is waited for."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            left = Inventory(identities).more_than(self)
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.2)

    def more_than(self, before):
        return {
            kind: sorted(map(str, things - before.found[kind]))
            for kind, things in self.found.items()
            if things - before.found[kind]
        }


@contextlib.contextmanager
def tidy_daemon(**how):
    """A Docker daemon; whatever it leaves behind fails the session."""
    before = Inventory()
    identities = []
    daemon = DockerDaemon(**how)
    create = daemon.create

    def remember(*arguments, **options):
        container = create(*arguments, **options)
        identities.append(container.id)
        return container

    daemon.create = remember
    try:
        yield daemon
    finally:
        daemon.stop()
    left = before.left(identities)
    assert not left, f"left behind: {left}"
