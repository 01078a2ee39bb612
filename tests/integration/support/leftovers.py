"""Removes what earlier sessions of tests left behind that were killed: what bears their names,
and nothing of a session that still runs. Each thing is named after its session's process
(own.py), and each of its processes has that in its environment."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from . import own, paths
from .host import CGROUPS, cgroup_directories, end_cgroup, end_processes, has_ended, remove_tree, run

# Below each hierarchy's root; {} is the session's process.
_CGROUP_NAMES = re.compile(
    r"(?:tallyman-(?:lifetimes|browser)-(\d+)"
    r"|lxc\.(?:payload|monitor)\.tallyman-lxc-(\d+)"
    r"|machine\.slice/systemd-nspawn@tally(\d+)\.service"
    r"|user\.slice/user-2(\d{9})\.slice)"
)
_LINKS = re.compile(r"tally(\d+)-\d+")
_PODMAN_NAMES = re.compile(r"(?:localhost/)?tallyman-(?:podman|overlay)-(\d+)(?::.*)?")


def _abandoned_processes():
    owners = {int(pid): own.owner_of_process(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    return [pid for pid, owner in owners.items() if owner and has_ended(owner)]


def _abandoned(names, pattern):
    for name in names:
        match = pattern.fullmatch(name)
        if match and has_ended(int(next(filter(None, match.groups())))):
            yield name


def _abandoned_directories():
    for path in own.temporary_directory().glob("tallyman-tests-*"):
        owner = own.owner_of_directory(path.name)
        if owner and has_ended(owner):
            yield path


def _undo_cleanup_logs(directory):
    """What a killed `tallyman overhead run` wrote down: a further run in its directory undoes that."""
    if not list(directory.glob("cleanup-*.log")):
        return
    flags = ["--mode=bare", "--workload=integer", "--rounds=5", "--duration=5ms"]
    command = [paths.agent_binary(), "overhead", "run", f"--output={directory}", *flags]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=120)


def _remove_directory(directory):
    _undo_cleanup_logs(directory)
    # Of Docker's containers the processes are children of nobody here, and know nothing of the session.
    for identity in [path.name for path in directory.rglob("data/containers/*")]:
        for cgroup in cgroup_directories(f"docker/{identity}"):
            end_cgroup(cgroup)
    remove_tree(directory)


def _remove_cgroups():
    for tree in [CGROUPS, *CGROUPS.iterdir()]:
        if tree.is_dir() and not tree.is_symlink():
            names = [str(path.relative_to(tree)) for pattern in ("*", "*.slice/*") for path in tree.glob(pattern)]
            for name in _abandoned(names, _CGROUP_NAMES):
                end_cgroup(tree / name)


def _remove_podmans():
    if not shutil.which("podman") or not pathlib.Path("/var/lib/containers/storage").is_dir():
        return  # asking would make its directories
    podman = ("podman", "--runtime", "runc", "--cgroup-manager=cgroupfs")
    for name in _abandoned(run(*podman, "ps", "-a", "--format", "{{.Names}}", check=False).split(), _PODMAN_NAMES):
        run(*podman, "rm", "-f", "-t", "0", name, check=False)
    images = run(*podman, "images", "--format", "{{.Repository}}", check=False).split()
    for name in _abandoned(images, _PODMAN_NAMES):
        run(*podman, "rmi", "-f", name, check=False)


def remove():
    """At the start of a session."""
    if os.geteuid() != 0:
        return
    end_processes(_abandoned_processes())
    for directory in list(_abandoned_directories()):
        _remove_directory(directory)
    _remove_cgroups()
    _remove_podmans()
    with contextlib.suppress(FileNotFoundError):
        for link in _abandoned(os.listdir("/sys/class/net"), _LINKS):
            run("ip", "link", "del", link, check=False)
