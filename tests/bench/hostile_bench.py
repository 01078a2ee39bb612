"""What a hostile tenant takes from everybody else: rows of the table of docs/performance.md.

  hostile_bench.py [--honest N] [--nested N]

One of the containers of a Docker daemon of its own is the tenant: it makes cgroups inside of itself,
many that stay, or others that come and go. TALLYMAN_BINARY names the agent."""

import argparse
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from agent_bench import MEBIBYTE, AgentInCgroup, real_containers, row
from support.waiting import wait_for

SECONDS = 20
CYCLES_A_SECOND = 1_300
UNREAD, SCRAPES = 400, 100
TREES, FILES, NESTED_AT_ONCE = 4, 100_000, 900
QUIET_SECONDS = 60

# The tenant's loop: so many mkdir and rmdir a second; prints how many, and their CPU time.
CYCLES = """
import json, os, resource, sys, time
path, rate, seconds = sys.argv[1] + "/comes", int(sys.argv[2]), int(sys.argv[3])
done, start = 0, time.monotonic()
while (now := time.monotonic() - start) < seconds:
    while done < now * rate:
        os.mkdir(path)
        os.rmdir(path)
        done += 1
    time.sleep(0.002)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cycles": done, "cpu": used.ru_utime + used.ru_stime}))
"""


def directory_of(container):
    """Where the tenant makes its cgroups: in the v2 tree, or in one of v1's."""
    try:
        return container.files("unified")
    except FileNotFoundError:
        return container.files("memory")


@contextlib.contextmanager
def nested(container, count):
    """Cgroups inside of it that stay."""
    made = [directory_of(container) / f"stays-{number}" for number in range(count)]
    try:
        for path in made:
            path.mkdir()
        yield
    finally:
        for path in made:
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()


def families(scrape, container):
    return {one.name for one in scrape.samples if one.labels.get("id") == container.cgroup}


def many_that_stay(agent, tenant, honest, count):
    scrape = agent.fresh_scrape()
    before = {one.id: families(scrape, one) for one in honest}
    with nested(tenant, count):
        time.sleep(10)
        samples, skipped = agent.metric("tallyman_samples_total"), agent.metric("tallyman_samples_skipped_total")
        start = time.monotonic()
        time.sleep(SECONDS)
        passed = time.monotonic() - start
        samples = agent.metric("tallyman_samples_total") - samples
        skipped = agent.metric("tallyman_samples_skipped_total") - skipped
        scrape = agent.fresh_scrape()
        body = len(agent.text())
        incomplete = [one.name for one in honest if not families(scrape, one) >= before[one.id]]
    reached = row(
        f"samples skipped beside a tenant with {count} cgroups",
        "none",
        skipped,
        "",
        f"{samples:.0f} samples in {passed:.1f} s, {len(honest)} honest containers",
        0,
    )
    reached &= row("body of a scrape then, not compressed", "at most 3 MB", body / MEBIBYTE, " MB", "default bounds", 3)
    return reached & row(
        "honest containers without one of their series then", "none", len(incomplete), "", f"of {len(honest)}", 0
    )


def cpu_of(agent, seconds):
    cpu = agent.cpu_seconds()
    time.sleep(seconds)
    return agent.cpu_seconds() - cpu


def many_that_come_and_go(agent, daemon, tenant):
    resident, idle = agent.resident_bytes(), cpu_of(agent, SECONDS)
    cpu = agent.cpu_seconds()
    words = [sys.executable, "-c", CYCLES, str(directory_of(tenant)), str(CYCLES_A_SECOND), str(SECONDS)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as loop:
        late = daemon.run("late", "sleep", "2", "then", "ignore", "x")
        took = json.loads(loop.stdout.read())
    cpu = agent.cpu_seconds() - cpu - idle
    reached = row(
        f"CPU of the agent beside {took['cycles'] / SECONDS:.0f} mkdir and rmdir of cgroups a second, against theirs",
        "at most 1.0x",
        cpu / took["cpu"],
        "x",
        f"{cpu:.2f} s more than at rest against {took['cpu']:.2f} s, in {SECONDS} s",
        1.0,
    )
    time.sleep(QUIET_SECONDS)
    types = {one["type"] for one in agent.get(f"/api/v1/events?workload={late.cgroup}")["events"]}
    reached &= row(
        "events of an honest container kept then", "2", len(types & {"started", "died"}), "", "its start and its end"
    )
    grown = agent.resident_bytes() / resident
    return reached & row(
        f"resident memory {QUIET_SECONDS} s later, against before",
        "at most 1.20x",
        grown,
        "x",
        f"{agent.resident_bytes() / MEBIBYTE:.1f} MB against {resident / MEBIBYTE:.1f} MB",
        1.2,
    )


@contextlib.contextmanager
def unread_queries(agent, honest):
    target = f"/api/v1/series?workload={honest.name}&metric=cpu_cores&metric=memory_usage_bytes"
    request = f"GET {target} HTTP/1.1\r\nHost: {agent.address}\r\n\r\n".encode()
    with contextlib.ExitStack() as connections:
        for _ in range(UNREAD):
            asking = connections.enter_context(socket.create_connection((agent.host, agent.port)))
            asking.sendall(request)
        yield


def time_of_a_scrape(agent):
    start = time.monotonic()
    status, _, _ = agent.request("/metrics", Accept_Encoding="gzip")
    if status != 200:
        raise RuntimeError(f"a scrape was answered with {status}")
    return time.monotonic() - start


def queries_that_nobody_reads(agent, honest):
    took, largest = [], 0
    with unread_queries(agent, honest):
        for _ in range(SCRAPES):
            took.append(time_of_a_scrape(agent))
            largest = max(largest, agent.resident_bytes())
            time.sleep(0.05)
    took.sort()
    reached = row(
        f"a scrape beside {UNREAD} queries of history that nobody reads, 99 of 100",
        "at most 250 ms",
        1e3 * took[SCRAPES * 99 // 100 - 1],
        " ms",
        f"wall time; median {1e3 * took[SCRAPES // 2]:.1f} ms",
        250,
    )
    return reached & row(
        "resident memory then", "at most 100 MB", largest / MEBIBYTE, " MB", f"largest of {SCRAPES} looks", 100
    )


def fill(directory):
    for number in range(FILES):
        if number % 1000 == 0:
            below = directory / f"files-{number}"
            below.mkdir()
        (below / str(number)).touch()


def wait_until(agent, begin, condition, most=300):
    """Seconds since `begin` when it holds, the longest scrape meanwhile, and the largest resident memory."""
    longest, largest = 0.0, 0
    while not condition():
        if time.monotonic() - begin > most:
            return float("inf"), longest, largest
        longest, largest = max(longest, time_of_a_scrape(agent)), max(largest, agent.resident_bytes())
        time.sleep(0.1)
    return time.monotonic() - begin, longest, largest


def all_at_once(agent, daemon, tenant, honest):
    for number in range(TREES):
        big = daemon.run(f"big-{number}", "stay")
        fill(pathlib.Path(big.inspect()["GraphDriver"]["Data"]["UpperDir"]))
    words = [sys.executable, "-c", CYCLES, str(directory_of(tenant)), str(CYCLES_A_SECOND), "90"]
    with (
        nested(tenant, NESTED_AT_ONCE),
        unread_queries(agent, honest),
        subprocess.Popen(words, stdout=subprocess.DEVNULL) as loop,
    ):
        newcomer = daemon.create("newcomer", "write", "/file", "4", "then", "sleep", "80")
        daemon.docker("start", newcomer.id)
        begin = time.monotonic()
        seen, longest, largest = wait_until(agent, begin, lambda: agent.find(newcomer.cgroup))
        layer = "container_fs_layer_bytes"
        measured, *more = wait_until(agent, begin, lambda: agent.scrape().all(layer, id=newcomer.cgroup))
        longest, largest = max(longest, more[0]), max(largest, more[1])
        loop.wait()
    time.sleep(QUIET_SECONDS)
    events = agent.get(f"/api/v1/events?workload={newcomer.cgroup}")["events"]
    what = (
        f"{TREES} layers of {FILES} files, {NESTED_AT_ONCE} cgroups, {CYCLES_A_SECOND} mkdir a second, {UNREAD} queries"
    )
    reached = row("a new container is seen beside all at once after", "at most 2 s", seen, " s", what, 2)
    reached &= row("its layer is measured after", "at most 60 s", measured, " s", "the same", 60)
    reached &= row("the longest scrape meanwhile", "at most 1,000 ms", 1e3 * longest, " ms", "wall time", 1000)
    reached &= row("resident memory then", "at most 100 MB", largest / MEBIBYTE, " MB", "largest seen", 100)
    died = sum(one["type"] == "died" for one in events)
    return reached & row(f"its end in the events {QUIET_SECONDS} s later", "1", died, "", "", 1) & (died == 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--honest", type=int, default=30)
    parser.add_argument("--nested", type=int, default=5_000)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        daemon, (tenant, *honest) = stack.enter_context(real_containers(arguments.honest + 1))
        agent = stack.enter_context(AgentInCgroup(f"--docker.root={daemon.data_root}"))
        wait_for(lambda: all(agent.find(one.cgroup) for one in honest), 60, "the agent sees all")
        time.sleep(SECONDS)
        reached = many_that_come_and_go(agent, daemon, tenant)
        reached &= many_that_stay(agent, tenant, honest, arguments.nested)
        reached &= queries_that_nobody_reads(agent, honest[0])
        reached &= all_at_once(agent, daemon, tenant, honest[0])
    return 0 if reached else 3


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
