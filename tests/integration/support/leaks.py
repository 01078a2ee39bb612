"""What a test run could leave behind on the host."""
import os
import pathlib
import subprocess

from .docker import CGROUPS, processes_naming

MARKS = ("tallyman-docker-", "tallyman-prometheus-", "tallyman-vm-", "tallyman-containerd-", "tallyman-oci-",
         "tallyman-podman-", "tallyman-lxc-")


def _links():
    return {name for name in os.listdir("/sys/class/net") if name.startswith("tally")}


def _mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return {line.split()[4] for line in table if any(mark in line for mark in MARKS)}


def _processes():
    return {pid for mark in MARKS for pid in processes_naming(mark)}


def _directories():
    found = set()
    for mark in MARKS:
        found |= {str(p) for p in pathlib.Path(os.environ.get("TMPDIR", "/tmp")).glob(mark + "*")}
    return found


def _firewall():
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False)
    return {line for line in done.stdout.splitlines() if "tally" in line or "10.213." in line}


def _namespaces():
    base = pathlib.Path("/var/run/netns")
    return {p.name for p in base.glob("tally*")} if base.is_dir() else set()


def _cgroups(identities):
    """Cgroups of these containers: found by id, since others' come and go meanwhile."""
    return {str(path) for tree in [CGROUPS, *CGROUPS.iterdir()] if tree.is_dir()
            for path in tree.glob("docker/*") if path.name in identities}


class Inventory:
    """Only what bears a mark of the tests: other things on the host change by themselves."""

    def __init__(self, identities=()):
        self.found = {
            "links": _links(), "mounts": _mounts(), "processes": _processes(), "directories": _directories(),
            "firewall rules": _firewall(), "network namespaces": _namespaces(), "cgroups": _cgroups(set(identities)),
        }

    def more_than(self, before):
        return {kind: sorted(map(str, things - before.found[kind]))
                for kind, things in self.found.items() if things - before.found[kind]}
