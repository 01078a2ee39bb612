"""Bare processes for real: loads of known size, and one nginx bare beside one in a container."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from support import nginx, own, paths, truths
from support.agent import Agent
from support.host import CGROUPS
from support.prometheus import Prometheus
from support.waiting import end, wait_for

MIB = 1024 * 1024
CHILDREN, CHILD_SECONDS = 200, 0.010
REQUESTS = 4000
USAGE = "container_cpu_usage_seconds_total"


def leave_cgroups():
    """Moves to the root of every hierarchy, because the tests may run in a container or a service."""
    for tree in [CGROUPS, *CGROUPS.iterdir()]:
        with contextlib.suppress(OSError):
            (tree / "cgroup.procs").write_text(str(os.getpid()))


class Bare:
    """The truth program in no container, under a name of its own: its group has no other process."""

    def __init__(self, directory, name, *command):
        self.group = f"{name}-{os.getpid()}"[:15]
        program = pathlib.Path(directory) / self.group
        shutil.copy(paths.truth_binary(), program)
        self._output = open(pathlib.Path(directory) / f"{self.group}.out", "w+b")
        self._process = subprocess.Popen(
            [program, *command], stdout=self._output, stdin=subprocess.DEVNULL, preexec_fn=leave_cgroups
        )
        self.labels = {"workload": self.group, "kind": "process"}

    def wait_for_line(self, beginning):
        def found():
            text = os.pread(self._output.fileno(), 1 << 16, 0).decode()
            return next((line for line in text.splitlines() if line.startswith(beginning)), None)

        return wait_for(found, 600, f"'{beginning}' from {self.group}", 0.05)

    def go_on(self):
        self._process.send_signal(signal.SIGUSR1)

    def stop(self):
        end(self._process)
        self._output.close()


@pytest.fixture(scope="module")
def agent():
    with Agent("--collector.sched", "--collector.executables", "--collector.namespaces") as running:
        yield running


@pytest.fixture
def bare():
    """start(name, *command): truth programs that end with the test."""
    started = []
    with tempfile.TemporaryDirectory(prefix=own.mark()) as directory:

        def start(name, *command):
            started.append(Bare(directory, name, *command))
            return started[-1]

        start.directory = directory
        yield start
        for one in started:
            one.stop()


def scrape(agent):
    """Of a scan of processes that began after this call."""

    def scans():
        return agent.scrape().one("tallyman_process_scans_total")

    seen = scans()
    wait_for(lambda: scans() >= seen + 2, 60, "two more scans of processes", 0.05)
    return agent.fresh_scrape()


def difference(before, after, metric, **labels):
    return after.sum(metric, **labels) - before.sum(metric, **labels)


def test_the_kernel_reports_exits_here(agent):
    """Else the tests below would only show the coarser way."""
    assert agent.scrape().one("tallyman_process_times_exact") == 1


def test_cpu_seconds(agent, bare):
    process = bare("burn", "await", "then", "burn", str(truths.BURN_SECONDS), "then", "stay")
    process.wait_for_line("awaiting")
    before = scrape(agent)
    process.go_on()
    process.wait_for_line("burnt")
    truths.check_burnt(before, scrape(agent), process.labels)


def test_of_a_process_that_has_ended(agent, bare):
    process = bare("ended", "await", "then", "burn", str(truths.BURN_SECONDS))
    process.wait_for_line("awaiting")
    before = scrape(agent)
    process.go_on()
    process.wait_for_line("burnt")
    process.stop()
    after = scrape(agent)
    truths.check_burnt(before, after, process.labels)
    assert after.one("container_processes", **process.labels) == 0


def test_short_lived_children(agent, bare):
    process = bare("kids", "await", "then", "children", str(CHILDREN), str(CHILD_SECONDS), "then", "stay")
    process.wait_for_line("awaiting")
    before = scrape(agent)
    process.go_on()
    kernel = float(process.wait_for_line("children").split()[1])
    after = scrape(agent)
    used = difference(before, after, "container_cpu_usage_seconds_total", **process.labels)
    print(f"{CHILDREN} children: {used:.3f} s counted, {kernel:.3f} s by the kernel's own sum")
    # Each burns its 10 ms by the same clock, and may burn a little more; the parent forks.
    truths.within(used, CHILDREN * CHILD_SECONDS, kernel + 0.5, "CPU seconds of children")
    # The kernel's sum is of run time as this is, but for what is used between exit() and the parent's wait.
    truths.within(used, 0.97 * kernel, 1.03 * kernel + 0.5, "CPU seconds of children against the kernel's sum")


def test_bytes_written(agent, bare):
    process = bare("writer", "await", "then", "write", f"{bare.directory}/file", "64", "then", "stay")
    process.wait_for_line("awaiting")
    before = scrape(agent)
    process.go_on()
    process.wait_for_line("wrote")
    after = scrape(agent)
    written = difference(before, after, "container_fs_writes_bytes_total", **process.labels)
    # The process is charged for each page it makes dirty, once; its output's line is one more.
    truths.within(written, 64 * MIB, 64 * MIB + MIB, "bytes written")


def test_memory(agent, bare):
    process = bare("memory", "await", "then", "touch-memory", "64", "then", "stay")
    process.wait_for_line("awaiting")
    before = scrape(agent)
    process.go_on()
    process.wait_for_line("ready")
    after = scrape(agent)
    for metric in ("container_memory_rss", "container_memory_usage_bytes", "container_memory_working_set_bytes"):
        # The kernel counts a thread's pages in batches of up to 63 a CPU.
        truths.within(difference(before, after, metric, **process.labels), 64 * MIB - MIB, 64 * MIB + MIB, metric)


def sum_of_kinds(agent):
    """(CPU seconds of all groups, containers and services, those that have ended included; the least and the most that
    the root of all cgroups can have had when these were read). Groups are read by a scan, the root by each sample: on
    a busy machine that is seconds apart, and a scan has begun after the one before it was shown."""

    def read():
        seen = agent.scrape()
        return seen.one("tallyman_process_scans_total"), seen

    first, least = read()
    scans, seen = first, least
    while scans < first + 2:
        time.sleep(0.05)
        scans, seen = read()
        if scans == first:
            least = seen
    cgroups = ("container", "service", "machine", "pod")
    used = [one for one in seen.all(USAGE) if one.labels["kind"] in ("process", *cgroups)]
    used += [one for one in seen.all("tallyman_ended_cpu_seconds_total") if one.labels["kind"] in cgroups]
    used += seen.all("tallyman_unattributed_cpu_seconds_total")
    leaves = sum(one.value for one in used)
    return leaves, least.one(USAGE, id="/"), agent.fresh_scrape().one(USAGE, id="/")


def test_all_of_the_cpu_time_is_somebodys(agent, bare):
    """Groups, containers and services together have what the root of all cgroups has."""
    burning = [bare(name, "await", "then", "burn", "30", "then", "stay") for name in ("one", "two")]
    for process in burning:
        process.wait_for_line("awaiting")
    before, least_before, most_before = sum_of_kinds(agent)
    for process in burning:
        process.go_on()
    for process in burning:
        process.wait_for_line("burnt")
    after, least_after, most_after = sum_of_kinds(agent)
    leaves, least, most = after - before, least_after - most_before, most_after - least_before
    print(f"leaves {leaves:.3f} s, root {least:.3f} to {most:.3f} s")
    truths.within(leaves, max(60, 0.95 * least), 1.05 * most, "CPU seconds of all groups, containers and services")


# In a container the truth is a cgroup's, bare it is the processes' own: where the two mean not
# quite the same, docs/processes.md says so.
FAMILIES = [
    "container_cpu_usage_seconds_total",
    "container_cpu_user_seconds_total",
    "container_cpu_system_seconds_total",
    "container_cpu_schedstat_run_seconds_total",
    "container_cpu_schedstat_runqueue_seconds_total",
    "container_cpu_schedstat_run_periods_total",
    "container_context_switches_total",
    "container_memory_usage_bytes",
    "container_memory_working_set_bytes",
    "container_memory_rss",
    "container_memory_failures_total",
    "container_threads",
    "container_processes",
    "container_file_descriptors",
    "container_sockets",
    "container_ulimits_soft",
    "container_start_time_seconds",
    "container_last_seen",
    "container_process_count",
    "container_process_cpu_seconds_total",
    "container_process_rss_bytes",
    "container_namespace_info",
]


def test_one_nginx_bare_and_one_in_a_container(docker, containers):
    nginx.import_image(docker, "tallyman/nginx:1")
    contained = containers("nginx-contained", image="tallyman/nginx:1")
    address = contained.inspect()["NetworkSettings"]["IPAddress"] + ":80"
    with tempfile.TemporaryDirectory(prefix=own.mark()) as directory:
        # Of the worker's command line nginx leaves nothing: the executable alone identifies it.
        rules = '[{"name": "nginx-bare", "executable": "^nginx$"}]'
        bare = nginx.BareNginx(directory, preexec_fn=leave_cgroups)
        try:
            with docker.network.entered():
                wait_for(lambda: nginx.answers(address), 60, "nginx in the container answers")
            with Agent(
                f"--docker.root={docker.data_root}",
                f"--processes.groups={rules}",
                "--collector.sched",
                "--collector.executables",
                "--collector.namespaces",
                interval="500ms",
            ) as agent:
                prometheus = Prometheus({"cadvisor": f"127.0.0.1:{agent.port}"})
                try:
                    side_by_side(agent, prometheus, bare.address, address, docker.network)
                finally:
                    prometheus.stop()
        finally:
            bare.stop()


def side_by_side(agent, prometheus, bare, contained, network):
    names = "nginx-bare|nginx-contained"

    def both():
        query = f'container_processes{{workload=~"{names}"}}'
        return len(prometheus.query(query)) == 2

    def cpu_seconds():
        rows = prometheus.query(f'sum by (workload) (container_cpu_usage_seconds_total{{workload=~"{names}"}})')
        return {labels["workload"]: value for labels, value in rows}

    wait_for(both, 60, "both in Prometheus", 0.2)
    before = cpu_seconds()
    for _ in range(4):  # turn by turn, so that both meet the same machine
        nginx.ask(bare, REQUESTS // 4)
        with network.entered():
            nginx.ask(contained, REQUESTS // 4)
    asked = time.time()
    sampled = f'min(container_last_seen{{workload=~"{names}"}}) > {asked}'
    wait_for(lambda: prometheus.query(sampled), 60, "samples after the last request", 0.2)
    after = cpu_seconds()
    for family in FAMILIES:
        rows = prometheus.query(f'sum by (workload, kind) ({family}{{workload=~"{names}"}})')
        kinds = {labels["workload"]: labels["kind"] for labels, _ in rows}
        assert kinds == {"nginx-bare": "process", "nginx-contained": "container"}, f"{family}: {rows}"
    # One expression, one row each: here what a request costs in each.
    cost = {name: (after[name] - before[name]) / REQUESTS * 1e6 for name in after}
    print(f"CPU a request: bare {cost['nginx-bare']:.1f} us, in a container {cost['nginx-contained']:.1f} us")
    assert 0.4 < cost["nginx-contained"] / cost["nginx-bare"] < 2.5, cost
    counts = dict(
        (labels["workload"], value)
        for labels, value in prometheus.query(
            f'sum by (workload) (container_process_count{{executable="nginx",workload=~"{names}"}})'
        )
    )
    assert counts == {"nginx-bare": 2, "nginx-contained": 2}, counts  # the master and its worker
    check_api(agent)


def check_api(agent):
    contained, bare = agent.workload("nginx-contained"), agent.workload("process:nginx-bare")
    for one in (contained, bare):
        program = next(p for p in one["processes"] if p["executable"] == "nginx")
        assert program["processes"] == 2 and program["cpu_seconds"] > 0, program
    sharing = {n["type"]: n["sharing"] for n in contained["namespaces"]}
    for kind in ("mnt", "net", "pid", "ipc", "uts"):
        assert sharing[kind] == "own", sharing
    assert sharing["user"] == "host", sharing
    assert {n["sharing"] for n in bare["namespaces"]} == {"host"}, bare["namespaces"]
