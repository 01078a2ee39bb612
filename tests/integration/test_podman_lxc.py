"""Podman and LXC for real: the truth program in a container of each, by name, with a known load."""

import os
import shutil
import signal

import pytest

from support import own, paths
from support.agent import Agent
from support.host import end_processes, processes_naming, remove_tree, run
from support.leaks import Inventory
from support.runtimes import traces_removed
from support.waiting import wait_for

# crun refuses hybrid cgroups; the limits are those that a container may always set.
PODMAN = ("podman", "--runtime", "runc", "--cgroup-manager=cgroupfs")
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")


@pytest.fixture
def directory():
    """A root file system with the truth program; anything left behind fails the test."""
    before = Inventory()
    path = own.directory("oci")
    for name in ("proc", "sys", "dev"):
        (path / "rootfs" / name).mkdir(parents=True)
    shutil.copy(paths.truth_binary(), path / "rootfs" / "truth")
    with traces_removed():
        yield path
        end_processes(processes_naming(str(path)))
        remove_tree(path)
    left = before.left()
    assert not left, f"left behind: {left}"


def check(agent, cgroup, name, runtime):
    workload = wait_for(lambda: agent.find(cgroup), 60, "the agent sees it")
    assert (workload["kind"], workload["runtime"], workload["name"]) == ("container", runtime, name)

    def used():
        return agent.fresh_scrape().one("container_cpu_usage_seconds_total", id=cgroup, cpu="total")

    wait_for(lambda: used() >= 1.0, 600, "the burner has burnt its second")
    # Beyond the second by its own clock: the runtime's set-up and exec, some 10 to 50 ms here.
    assert 1.0 <= used() < 1.2


def check_layer(agent, cgroup, layer):
    """Its layer is walked as soon as it is there, and within one block of what du says."""

    def reported():
        return agent.fresh_scrape().all("container_fs_layer_bytes", id=cgroup)

    samples = wait_for(reported, 600, f"the layer of {cgroup} is measured", 0.2)
    assert abs(samples[0].value - int(run("du", "-sx", "--block-size=1", layer).split()[0])) <= 4096


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("podman"), reason="needs root and podman")
def test_podman(directory):
    name = f"tallyman-podman-{os.getpid()}"
    with Agent() as agent:
        identity = run(
            *PODMAN,
            "run",
            "-d",
            "--name",
            name,
            *LIMITS,
            "--network=none",
            "--rootfs",
            directory / "rootfs",
            "/truth",
            "burn",
            "1.0",
            "then",
            "stay",
        )
        try:
            check(agent, f"/libpod_parent/libpod-{identity}", name, "podman")
            check_layer(agent, f"/libpod_parent/libpod-{identity}", directory / "rootfs")
            run(*PODMAN, "kill", name)
            ended = wait_for(
                lambda: agent.get("/api/v1/events?type=died&workload=" + name)["events"], 60, "it has ended"
            )
            assert ended[0]["details"]["exit_code"] == 128 + signal.SIGKILL
        finally:
            run(*PODMAN, "rm", "-f", "-t", "0", name, check=False)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("podman"), reason="needs root and podman")
def test_podmans_overlay(directory):
    """From an image, with the storage driver that Podman takes by itself."""
    name = f"tallyman-overlay-{os.getpid()}"
    run("tar", "-C", directory / "rootfs", "-cf", directory / "image.tar", ".")
    with Agent() as agent:
        image = run(*PODMAN, "import", directory / "image.tar", f"localhost/{name}").splitlines()[-1]
        try:
            identity = run(*PODMAN, "run", "-d", "--name", name, *LIMITS, "--network=none", image, "/truth", "stay")
            layer = run(*PODMAN, "inspect", "-f", "{{.GraphDriver.Data.UpperDir}}", name)
            assert layer.endswith("/diff")
            check_layer(agent, f"/libpod_parent/libpod-{identity}", layer)
        finally:
            run(*PODMAN, "rm", "-f", "-t", "0", name, check=False)
            run(*PODMAN, "rmi", "-f", image, check=False)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("lxc-start"), reason="needs root and lxc")
def test_lxc(directory):
    name = f"tallyman-lxc-{os.getpid()}"
    configuration = directory / "config"
    configuration.write_text(
        f"lxc.rootfs.path = dir:{directory / 'rootfs'}\nlxc.net.0.type = none\n"
        "lxc.init.cmd = /truth burn 1.0 then stay\n"
    )
    with Agent() as agent:
        run("lxc-start", "-n", name, "-f", configuration)
        try:
            check(agent, f"/lxc.payload.{name}", name, "lxc")
            check_layer(agent, f"/lxc.payload.{name}", directory / "rootfs")
            exact = agent.fresh_scrape().one("tallyman_process_times_exact") == 1
            run("lxc-stop", "-k", "-n", name)
            died = f"/api/v1/events?type=died&workload=/lxc.payload.{name}"
            (ended,) = wait_for(lambda: agent.get(died)["events"], 60, "it has ended")
            if exact:  # LXC writes no exit code: it is the kernel's, of the first process
                assert ended["details"]["exit_code"] == 128 + signal.SIGKILL
                assert ended["details"]["signal"] == signal.SIGKILL
        finally:
            run("lxc-stop", "-k", "-n", name, check=False)
