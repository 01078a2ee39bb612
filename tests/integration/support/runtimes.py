"""Podman and LXC keep directories and cgroups of their own; on a machine that has not run them
before they are taken away again."""

import contextlib
import pathlib

from .host import cgroup_directories, remove_tree
from .waiting import wait_for

_STATE = [pathlib.Path(path) for path in ("/run/libpod", "/run/containers", "/run/runc", "/var/lib/containers")]
_CGROUPS = ("libpod_parent/conmon", "libpod_parent", "lxc.pivot")


def _removed(cgroup):
    """LXC's monitor is still on its way out when lxc-stop returns."""
    try:
        cgroup.rmdir()
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


@contextlib.contextmanager
def traces_removed():
    states = {one for one in _STATE if one.exists()}
    cgroups = {one for name in _CGROUPS for one in cgroup_directories(name)}
    try:
        yield
    finally:
        for state in set(_STATE) - states:
            remove_tree(state)
        for name in _CGROUPS:
            for cgroup in set(cgroup_directories(name)) - cgroups:
                wait_for(lambda cgroup=cgroup: _removed(cgroup), 10, f"{cgroup} is empty", 0.05)
