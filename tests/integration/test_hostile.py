"""Neighbours that lie, hang and flood, and an impatient operator: everybody else's figures stay right."""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import threading
import time

import pytest

from support import own, paths
from support.agent import Agent
from support.hanging import HangingProgram
from support.waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

SCANS = "tallyman_process_scans_total"
RUNTIME = "container_runtime_cpu_seconds_total"
NESTED, CYCLES, QUERIES = 900, 10_000, 400


@pytest.fixture
def directory():
    path = own.directory("hostile")
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("gap", [0.002, 0.01, 0.03, 0.1, 0.2, 0.4])
def test_two_hangups_are_two_reloads(gap):
    with Agent() as agent:
        os.kill(agent.pid, signal.SIGHUP)
        time.sleep(gap)
        os.kill(agent.pid, signal.SIGHUP)
        wait_for(lambda: "configuration read again" in agent.log(), 60, "a reload in the log")
        before = wait_for(lambda: samples(agent), 60, "a sample of the new configuration")
        wait_for(lambda: samples(agent) > before, 60, "samples go on")


def samples(agent):
    """Since the last start or reload; 0 before the first."""
    return agent.get("/api/v1/workloads").get("sequence", 0)


def test_a_program_on_a_hanging_file_system_stops_nobody(directory):
    mount = directory / "mount"
    mount.mkdir()
    program = HangingProgram(mount)
    try:
        with Agent() as agent:
            wait_for(lambda: agent.find("process:program"), 60, "the program's group")
            program.hang()
            wait_for(lambda: not answers(program), 60, "the file system hangs")
            scans = agent.scrape().one(SCANS)
            wait_for(lambda: agent.scrape().one(SCANS) >= scans + 10, 60, "ten more scans")
            os.kill(agent.pid, signal.SIGHUP)
            wait_for(lambda: "configuration read again" in agent.log() and samples(agent), 60, "a reload")
            scans = agent.scrape().one(SCANS)
            wait_for(lambda: agent.scrape().one(SCANS) >= scans + 3, 60, "scans after the reload")
            with Agent() as another:
                wait_for(lambda: another.scrape().all("container_processes", id="/"), 60, "a new agent's first scan")
                another.stop(within=10)
            agent.stop(within=10)
        assert not answers(program), "it hung all the time"
    finally:
        program.stop()


def ask(path):
    with contextlib.suppress(OSError):  # the file system ended
        os.stat(path)


def answers(program):
    """Whether somebody who asks for the program's file gets an answer within a second."""
    asked = threading.Thread(target=ask, args=[f"/proc/{program.pid}/exe"], daemon=True)
    asked.start()
    asked.join(1)
    return not asked.is_alive()


def test_a_program_named_like_a_shim_is_booked_on_nobody(docker, agent, containers):
    victim = containers("victim", "stay")
    series = {"id": victim.cgroup, "component": "containerd-shim"}
    wait_for(lambda: agent.scrape().all(RUNTIME, **series), 60, "the victim's shim")
    liar = containers("liar", "stay")
    for name in ("containerd-shim-evil", "dockerd"):
        docker.docker("cp", paths.truth_binary(), f"{liar.id}:/{name}")
        docker.docker("exec", "-d", liar.id, f"/{name}", "ignore", "-id", victim.id, "then", "spin")
    used = "container_cpu_usage_seconds_total"
    before = agent.fresh_scrape()
    wait_for(
        lambda: agent.scrape().one(used, id=liar.cgroup) > before.one(used, id=liar.cgroup) + 1,
        600,
        "a second is burnt",
    )
    after = agent.fresh_scrape()
    assert after.one(RUNTIME, **series) == pytest.approx(before.one(RUNTIME, **series), abs=0.05)
    assert after.one("container_runtime_processes", **series) == 1
    daemons = {"id": "/", "component": "dockerd"}
    # Others on this host begin and end: until both were counted at one moment.
    wait_for(
        lambda: (
            [one.value for one in agent.scrape().all("container_runtime_processes", **daemons)]
            == [processes_of_the_host("dockerd")]
        ),
        60,
        "as many daemons as there are outside of containers",
    )


def processes_of_the_host(name):
    """Not those in a namespace of processes of their own."""
    found = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            rows = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
            found += rows["Name"] == name and "\t" not in rows["NSpid"]
    return found


HIDDEN = """mount -t proc -o hidepid=2 proc "$0" && exec setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@" """


def test_what_hidepid_hides_is_absent_and_not_zero(docker, containers, directory):
    container = containers("hidden", "crowd", "3", "then", "stay")
    processes = directory / "proc"
    processes.mkdir()
    directory.chmod(0o755)
    program = directory / "tallyman"
    shutil.copy(paths.agent_binary(), program)
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", HIDDEN, processes]
    wrapper = directory / "agent"
    wrapper.write_text(f'#!/bin/sh\nshift\nexec {program} "$@"\n')
    wrapper.chmod(0o755)
    with Agent(f"--path.procfs={processes}", prefix=[*prefix, wrapper]) as agent:
        scrape = wait_for(lambda: with_container(agent, container), 60, "the container")
        assert scrape.one("container_threads", id=container.cgroup) == threads(container)
        empty = {one.labels["id"] for one in scrape.all("container_threads") if one.value == 0}
        for family in ("container_processes", "container_file_descriptors", "container_sockets"):
            assert not [one for one in scrape.all(family) if one.labels["id"] not in empty], family
        assert not [one for one in scrape.all("container_last_seen") if one.labels["kind"] == "process"]
        agent.stop(within=10)


def with_container(agent, container):
    scrape = agent.scrape()
    return scrape if scrape.all("container_threads", id=container.cgroup) else None


def types_of_events(agent, container):
    return [event["type"] for event in agent.get(f"/api/v1/events?workload={container.cgroup}")["events"]]


def families(scrape, container):
    return {one.name for one in scrape.samples if one.labels.get("id") == container.cgroup}


def threads(container):
    return int((container.files("pids") / "pids.current").read_text())


class Flood:
    """Below one container: cgroups that stay, and others that come and go as fast as they can."""

    def __init__(self, container):
        self._top = container.files("unified")
        self._made = [self._top / f"stays-{number}" for number in range(NESTED)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.cycles = 0

    def __enter__(self):
        for path in self._made:
            path.mkdir()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()
        for path in self._made:
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()

    def _run(self):
        while self.cycles < CYCLES and not self._stopping.is_set():
            path = self._top / f"comes-{self.cycles}"
            path.mkdir()
            path.rmdir()
            self.cycles += 1

    def is_over(self):
        return not self._thread.is_alive()


def test_a_flood_takes_nothing_from_others(docker, agent, containers):
    tenant, honest = containers("tenant", "stay"), containers("honest", "stay")
    wait_for(lambda: with_container(agent, honest), 60, "the honest one")
    complete = families(agent.fresh_scrape(), honest)
    queries = [f"/api/v1/series?workload={honest.name}&metric=cpu_cores"] * QUERIES
    with Flood(tenant) as flood, concurrent.futures.ThreadPoolExecutor(64) as askers:
        asked = [askers.submit(agent.request, query) for query in queries]
        late = containers("late", "sleep", "2", "then", "ignore", "x")
        wait_for(lambda: with_container(agent, late), 60, "a container that starts in the flood")
        wait_for(flood.is_over, 600, "the flood")
        assert flood.cycles == CYCLES
        scrape = agent.fresh_scrape()
        assert families(scrape, honest) >= complete, "the honest one's series are complete"
        inside = {one.labels["id"] for one in scrape.all("container_last_seen")}
        assert len([path for path in inside if path.startswith(tenant.cgroup + "/")]) <= 200, (
            "what is inside of one container is bounded"
        )
        assert scrape.one("tallyman_containers_quieted_total") >= 1, "it is not listened to any more"
        statuses = [one.result()[0] for one in asked]
        assert set(statuses) <= {200, 429} and 200 in statuses, set(statuses)
    wait_for(lambda: "died" in types_of_events(agent, late), 60, "the event of its end: honest events are kept")
    resident = int(pathlib.Path(f"/proc/{agent.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert resident < 100 << 20
