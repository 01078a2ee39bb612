"""systemd-nspawn for real, in the cgroup in which systemd would start it: machined does not run
here, so that the path alone names it. Registered ones are in tests/vm."""

import os
import shutil
import subprocess

import pytest

from support import own, paths
from support.agent import Agent
from support.host import cgroup_directories, end_processes, enter_cgroup, make_cgroup, processes_naming, remove_tree
from support.leaks import Inventory
from support.waiting import end, wait_for

SLICE = "machine.slice"


@pytest.fixture
def box():
    """A root file system with the truth program, and a unit's cgroup; nothing may be left of either."""
    before, slice_before = Inventory(), set(cgroup_directories(SLICE))
    name = f"tally{os.getpid()}"
    tree = own.directory("oci")
    for directory in ("usr/bin", "etc"):
        (tree / directory).mkdir(parents=True)
    shutil.copy(paths.truth_binary(), tree / "usr/bin/truth")
    (tree / "etc/os-release").write_text("ID=truth\n")
    cgroups = make_cgroup(f"{SLICE}/systemd-nspawn@{name}.service")
    yield name, tree, cgroups
    end_processes(processes_naming(str(tree)))
    remove_tree(tree)
    # nspawn itself makes the same cgroup in the hierarchies in which it was not yet, and some inside.
    for cgroup in cgroup_directories(f"{SLICE}/systemd-nspawn@{name}.service"):
        wait_for(lambda cgroup=cgroup: removed(cgroup), 10, f"{cgroup} is empty", 0.05)
    for directory in set(cgroup_directories(SLICE)) - slice_before:
        directory.rmdir()
    left = before.left()
    assert not left, f"left behind: {left}"


def removed(cgroup):
    """With what is inside; false as long as something runs in there."""
    for directory, _, _ in os.walk(cgroup, topdown=False):
        try:
            os.rmdir(directory)
        except FileNotFoundError:
            pass
        except OSError:
            return False
    return True


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("systemd-nspawn"), reason="needs root and systemd-nspawn")
def test_nspawns_unit_is_a_container_by_its_path(box):
    name, tree, cgroups = box
    cgroup = f"/{SLICE}/systemd-nspawn@{name}.service"
    with Agent() as agent:
        nspawn = subprocess.Popen(
            [
                "systemd-nspawn",
                "--quiet",
                "--register=no",
                "--keep-unit",
                "--link-journal=no",
                "--directory",
                tree,
                "--machine",
                name,
                "/usr/bin/truth",
                "burn",
                "1.0",
                "then",
                "stay",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: enter_cgroup(cgroups),
        )
        try:
            workload = wait_for(lambda: agent.find(cgroup), 60, "the agent sees it")
            assert (workload["kind"], workload["runtime"], workload["name"]) == ("container", "machined", name)
            assert workload["slice"] == SLICE

            def used():
                assert nspawn.poll() is None, nspawn.stdout.read().decode()
                return agent.fresh_scrape().one("container_cpu_usage_seconds_total", id=cgroup, cpu="total", name=name)

            wait_for(lambda: used() >= 1.0, 600, "the burner has burnt its second")
            # Beyond the second by its own clock: nspawn's set-up, some tens of milliseconds here.
            assert 1.0 <= used() < 1.3
        finally:
            end(nspawn)
