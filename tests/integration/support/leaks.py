"""What a test run could leave behind on the host."""

import os
import pathlib
import subprocess
import time

from .docker import CGROUPS, processes_naming

MARKS = (
    "tallyman-docker-",
    "tallyman-prometheus-",
    "tallyman-vm-",
    "tallyman-systemd-",
    "tallyman-containerd-",
    "tallyman-oci-",
    "tallyman-podman-",
    "tallyman-lxc-",
)


def _links(prefix):
    return {name for name in os.listdir("/sys/class/net") if name.startswith(prefix)}


def _mounts(marks):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return {line.split()[4] for line in table if any(mark in line for mark in marks)}


def _processes(marks):
    return {pid for mark in marks for pid in processes_naming(mark)}


def _directories(marks):
    found = set()
    for mark in marks:
        found |= {str(p) for p in pathlib.Path(os.environ.get("TMPDIR", "/tmp")).glob(mark + "*")}
    return found


def _firewall(prefix):
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False)
    return {line for line in done.stdout.splitlines() if prefix in line or "10.213." in line}


def _namespaces():
    base = pathlib.Path("/var/run/netns")
    return {p.name for p in base.glob("tally*")} if base.is_dir() else set()


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
    """Only what bears a mark of the tests: other things on the host change by themselves.
    `marks` and `links` narrow it to those of one daemon, where other tests may run beside."""

    def __init__(self, identities=(), marks=MARKS, links="tally"):
        self.found = {
            "links": _links(links),
            "mounts": _mounts(marks),
            "processes": _processes(marks),
            "directories": _directories(marks),
            "firewall rules": _firewall(links),
            "network namespaces": _namespaces(),
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
