"""What a container's runtime uses itself, with a real Docker: held to /proc/PID/stat of its processes."""

import os
import pathlib

import pytest

from support.agent import Agent
from support.docker import DockerDaemon
from support.host import processes_naming
from support.waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="dockerd needs root")

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CPU, RSS, PROCESSES = (
    f"container_runtime_{family}" for family in ("cpu_seconds_total", "memory_rss_bytes", "processes")
)


@pytest.fixture(scope="module")
def docker():
    """One with docker-proxy, which the other tests' daemon has not."""
    with DockerDaemon("--userland-proxy=true") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def agent(docker):
    with Agent(f"--docker.root={docker.data_root}") as running:
        yield running


def stat(pid):
    """(CPU seconds, resident bytes) as the kernel reports them. The resident set of stat leaves out what each CPU
    has not handed in yet, that of statm does not."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    resident = int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return (int(fields[11]) + int(fields[12])) / TICKS, resident * PAGE


def pids(program, text):
    """Processes of this program that name this text in their arguments."""
    return [pid for pid in processes_naming(text) if program_of(pid).startswith(program)]


def program_of(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:  # a kernel thread, or ended
        return ""


def test_a_shim_is_booked_on_its_container(docker, agent):
    web = docker.run("runtime-shim", "stay")
    other = docker.run("runtime-other", "stay")
    try:
        (shim,) = pids("containerd-shim", web.id)
        series = {"id": web.cgroup, "component": "containerd-shim"}
        wait_for(lambda: agent.scrape().all(CPU, **series), 30, "the shim's series")
        # Includes the shim's starter, a short-lived process of the same name.
        reported_before, used_before = agent.fresh_scrape().one(CPU, **series), stat(shim)[0]
        assert used_before - 0.02 <= reported_before < used_before + 1
        while stat(shim)[0] < used_before + 0.2:
            docker.docker("exec", web.id, "/truth", "burn", "0.001")

        def grown_alike():
            reported, used = agent.fresh_scrape().one(CPU, **series) - reported_before, stat(shim)[0] - used_before
            return used >= 0.2 and abs(reported - used) <= 0.02  # two ticks: one at each end

        wait_for(grown_alike, 30, "the shim's CPU time as /proc has it")
        wait_for(lambda: agent.scrape().one(RSS, **series) == pytest.approx(stat(shim)[1], rel=0.05), 30, "its memory")
        assert agent.scrape().one(PROCESSES, **series) == 1
        labels = agent.scrape().all(CPU, **series)[0].labels
        assert labels["name"] == web.name and labels["kind"] == "container"
        # The other one's did not have to do with it.
        idle = agent.scrape().one(CPU, id=other.cgroup, component="containerd-shim")
        assert idle < stat(pids("containerd-shim", other.id)[0])[0] + 1
        # Not in the container's own figures: those are the cgroup's, and the truth program idles there.
        wait_for(lambda: agent.scrape().one("container_processes", id=web.cgroup) == 1, 10, "the last exec has ended")
    finally:
        web.remove()
        other.remove()
    wait_for(lambda: not [s for s in agent.scrape().all(PROCESSES, id=web.cgroup) if s.value], 30, "its end")


def test_a_published_port_costs_a_process(docker, agent):
    web = docker.run("runtime-proxy", "stay", options=["-p", "127.0.0.1::80"])
    try:
        proxies = pids(
            "docker-proxy", f"-container-ip {web.inspect()['NetworkSettings']['IPAddress']} ".replace(" ", "\0")
        )
        assert len(proxies) == 1
        series = {"id": web.cgroup, "component": "docker-proxy"}
        wait_for(lambda: agent.scrape().all(PROCESSES, **series), 30, "the proxy's series")
        assert agent.fresh_scrape().one(PROCESSES, **series) == 1
        wait_for(
            lambda: agent.scrape().one(RSS, **series) == pytest.approx(stat(proxies[0])[1], rel=0.05), 30, "its memory"
        )
    finally:
        web.remove()


def test_daemons_are_booked_on_the_host(docker, agent):
    """All there are: another test's or the host's own may run beside this one's."""
    for component in ("dockerd", "containerd"):

        def as_many(name=component):
            running = sum(program_of(entry) == name for entry in os.listdir("/proc") if entry.isdigit())
            return running >= 1 and agent.fresh_scrape().one(PROCESSES, id="/", component=name) == running

        wait_for(as_many, 30, component)
        assert agent.scrape().one(CPU, id="/", component=component) > 0
