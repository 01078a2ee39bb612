"""200 real short-lived containers, most with 20 ms of work: none is missed, the sums agree,
and none of their files stays open.

The kernel reports an emptied cgroup from a worker thread of ordinary priority. On a busy
machine the runtime may remove the cgroup first; the agent then says that it does not know
the container's own share, and books it to the parent. How many these are depends on the
machine, so this test asks only that most are read.
tests/collectors/sampling/lifecycle/lifetimes_test.cc does it with 1,000 bare cgroups."""

import concurrent.futures
import os
import pathlib

import pytest

from support.agent import Agent
from support.docker import IMAGE
from support.host import CGROUPS, cgroup_directories, descriptors_naming, own_descriptors
from support.waiting import wait_for

CONTAINERS, AT_A_TIME, EVERY_LONG = 200, 4, 20
BURN_SECONDS, LONG_BURN_SECONDS = 0.02, 0.3
GRACE_SECONDS = 5
MIB = 1024 * 1024


@pytest.fixture(name="parent")
def parent_cgroup():
    name = f"tallyman-lifetimes-{os.getpid()}"
    yield name
    for path in cgroup_directories(name):
        path.rmdir()


@pytest.fixture(name="watching")
def watching_agent(docker):
    with Agent(f"--docker.root={docker.data_root}", f"--ended.grace={GRACE_SECONDS}s", "--events.max=20000") as agent:
        yield agent


def kernel_cpu_seconds(name):
    v1 = CGROUPS / "cpuacct" / name / "cpuacct.usage"
    if v1.exists():
        return int(v1.read_text()) / 1e9
    return int((CGROUPS / name / "cpu.stat").read_text().split()[1]) / 1e6


def resident_bytes(agent):
    return int(pathlib.Path(f"/proc/{agent.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def live(docker, parent, number):
    seconds = LONG_BURN_SECONDS if number % EVERY_LONG == 0 else BURN_SECONDS
    docker.docker(
        "run",
        "--rm",
        "--network=none",
        "--name",
        f"life-{number}",
        f"--cgroup-parent=/{parent}",
        IMAGE,
        "burn",
        str(seconds),
    )
    return f"life-{number}", seconds


def test_none_of_200_containers_is_lost_and_the_sum_closes(docker, parent, watching):
    docker.run("first", "burn", "0.01", options=["--rm", f"--cgroup-parent=/{parent}"])
    wait_for(lambda: not docker.docker("ps", "-q"), 30, "the first has ended")
    watching.fresh_scrape()
    before, resident = len(own_descriptors(watching.pid)), resident_bytes(watching)

    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        burnt = dict(pool.map(lambda number: live(docker, parent, number), range(CONTAINERS)))

    def events(kind):
        return [
            event
            for event in watching.get(f"/api/v1/events?limit=20000&type={kind}")["events"]
            if event["workload"]["id"].startswith(f"/{parent}/")
        ]

    wait_for(lambda: len(events("died")) > CONTAINERS, 60, "the last has its end")
    for _ in range(3):  # what is booked to the parent is known after three samples
        scrape = watching.fresh_scrape()

    started, died = events("started"), events("died")
    ids = {event["workload"]["id"] for event in died}
    assert len(ids) == len(died) == len(started) == CONTAINERS + 1
    assert {event["workload"]["id"] for event in started} == ids
    # Where the machine is so busy that Docker has removed its files before they are read, one has no name.
    names = [event["workload"]["name"] for event in died if "name" in event["workload"]]
    assert set(names) <= {*burnt, "first"} and len(names) == len(set(names)) > CONTAINERS / 2

    unread = [event for event in died if event["details"]["stats_source"] == "unknown"]
    assert len(unread) <= sum(sample.value for sample in scrape.all("tallyman_final_stats_total", source="unknown"))
    assert not any("cpu_seconds" in event["details"] for event in unread)  # absent, not 0
    assert len(unread) < CONTAINERS / 2
    final_seconds = {event["workload"]["id"]: event["details"]["cpu_seconds"] for event in died if event not in unread}
    booked = sum(sample.value for sample in scrape.all("tallyman_unattributed_cpu_seconds_total", id=f"/{parent}"))
    whole = kernel_cpu_seconds(parent)
    print(
        f"of {whole:.3f} s: {sum(final_seconds.values()):.3f} s in final stats, {booked:.3f} s booked to the parent; "
        f"{sum(burnt.values()):.3f} s were burnt by the programs; {len(unread)} were removed before they were read"
    )
    assert sum(final_seconds.values()) + booked == pytest.approx(whole, rel=0.005)
    assert whole >= sum(burnt.values())  # a final may be of the last sample, and so less than its own

    wait_for(lambda: not scrape_has(watching, parent), 20 * GRACE_SECONDS, "the ended are no longer shown")
    assert not descriptors_naming(watching.pid, ids)
    assert len(own_descriptors(watching.pid)) <= before + 5  # connections of this test
    assert resident_bytes(watching) <= resident + 8 * MIB


def scrape_has(agent, parent):
    return any(sample.labels.get("id", "").startswith(f"/{parent}/") for sample in agent.scrape().samples)
