"""What the agent as a process takes: resident memory, the kernel's memory behind its open
files, descriptors. Prints rows of the table of docs/performance.md.

  agent_bench.py [--containers] [--seconds N] [--count N]

Without --containers: cgroups with a sleeping process each, made by the program cgroup_farm.
With it: real containers of a Docker daemon of its own. TALLYMAN_BINARY names the agent."""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "integration"))

from support.agent import AgentClient, free_port
from support.waiting import wait_for

MEBIBYTE = 1 << 20
SCRAPE_SECONDS = 5
BRIDGE_ADDRESSES = 240  # of the daemon's /24; further containers have a network namespace without a bridge
TABS, TAB_ROUNDS, TAB_SECONDS = 20, 4, 6
RECLAIM_ROUNDS = 3
REST_SECONDS = 60
DECIMALS = {"": 0, "x": 2}
FILES_PER_CGROUP, OWN_DESCRIPTORS, CONNECTIONS = 14, 128, 512


def cpu_seconds_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class AgentInCgroup(AgentClient):
    """The agent with its defaults, in a memory cgroup of its own, so that what it makes the kernel keep is known."""

    def __init__(self, *flags, max_files=None):
        super().__init__("127.0.0.1", free_port())
        self._memory = memory_tree() / f"tallyman-bench-agent-{os.getpid()}-{self.port}"
        self._memory.mkdir()
        self._log = pathlib.Path(f"/tmp/tallyman-bench-{os.getpid()}-{self.port}.log")

        def prepare():
            (self._memory / "cgroup.procs").write_text(str(os.getpid()))
            if max_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))

        try:
            with open(self._log, "wb") as log:
                self._process = subprocess.Popen(
                    [os.environ["TALLYMAN_BINARY"], f"--web.listen-address={self.address}", *flags],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    preexec_fn=prepare,
                )
        except BaseException:
            self._memory.rmdir()
            raise

    def __enter__(self):
        try:
            wait_for(self._ready, 60, "the agent is ready", 0.1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.unlink()
        wait_for(self._removed, 10, f"{self._memory} is empty")

    def _ready(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"the agent ended with {self._process.returncode}\n{self.log()}")
        return self.ready()

    def _removed(self):
        try:
            self._memory.rmdir()
        except OSError:
            return False
        return True

    def pid(self):
        return self._process.pid

    def log(self):
        return self._log.read_text(errors="replace")

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def kernel_bytes(self):
        v1 = self._memory / "memory.kmem.usage_in_bytes"
        if v1.exists():
            return int(v1.read_text())
        return int(re.search(r"^kernel (\d+)", (self._memory / "memory.stat").read_text(), re.M)[1])

    def pinned_kernel_bytes(self):
        """Of the kernel's memory what stays when the kernel wants it back: not the inodes and directory entries
        of files that are closed, which it keeps in case they are opened again."""
        force, reclaim = self._memory / "memory.force_empty", self._memory / "memory.reclaim"
        for _ in range(RECLAIM_ROUNDS):
            with contextlib.suppress(BlockingIOError):  # v2: less was there than asked for
                if force.exists():
                    force.write_text("0")
                else:
                    reclaim.write_text("1G")
            time.sleep(0.5)
        return self.kernel_bytes()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def cpu_seconds(self):
        return cpu_seconds_of(self._process.pid)

    def metric(self, name):
        found = re.search(rf"^{name}(?:\{{[^\n]*\}})? (\S+)$", self.text(), re.M)
        return float(found[1]) if found else None


def memory_tree():
    v1 = pathlib.Path("/sys/fs/cgroup/memory")
    return v1 if v1.is_dir() else pathlib.Path("/sys/fs/cgroup")


def row(what, target, measured, unit, detail, limit=None):
    reached = limit is None or measured <= limit
    figure = f"{measured:.{DECIMALS.get(unit, 1)}f}"
    print(f"| {what} | {target} | {figure}{unit}{'' if reached else ' **missed**'} | {detail} |", flush=True)
    return reached


@contextlib.contextmanager
def farm(count):
    """Cgroups with a sleeping process each; removed with the program's end."""
    program = pathlib.Path(os.environ["TALLYMAN_BENCH"]) / "cgroup_farm"
    process = subprocess.Popen([program, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if not process.stdout.readline():
            raise RuntimeError("cgroup_farm could not make its cgroups")
        yield
    finally:
        process.stdin.close()
        process.wait()


@contextlib.contextmanager
def real_containers(count):
    from support import own
    from support.docker import DockerDaemon

    own.begin()

    with DockerDaemon() as daemon:

        def start(number):
            return daemon.run(
                f"bench-{number:03}",
                "sleep",
                "1000000",
                options=(
                    "--network",
                    "bridge" if number < BRIDGE_ADDRESSES else "none",
                    "--label",
                    "com.docker.compose.project=bench",
                    "--label",
                    "com.docker.compose.service=sleeper",
                ),
            )

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = []
            for container in pool.map(start, range(count)):
                running.append(container)
                if len(running) % 50 == 0:
                    print(f"{len(running)} of {count} containers", file=sys.stderr)
        yield daemon, running


def scrape_for(agent, seconds):
    """As Prometheus does; the largest resident memory that was seen."""
    largest = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status, _, _ = agent.request("/metrics", Accept="application/openmetrics-text", Accept_Encoding="gzip")
        if status != 200:
            raise RuntimeError(f"a scrape was answered with {status}")
        largest = max(largest, agent.resident_bytes())
        time.sleep(SCRAPE_SECONDS)
    return largest


def at_rest(flags, count, what):
    """CPU time of the whole agent with its defaults, when nobody asks it anything."""
    with AgentInCgroup(*flags) as agent:
        time.sleep(2 * SCRAPE_SECONDS)
        cpu, start = agent.cpu_seconds(), time.monotonic()
        time.sleep(REST_SECONDS)
        used = (agent.cpu_seconds() - cpu) / (time.monotonic() - start)
    most = 190 if what == "containers" else 130
    return row(
        f"CPU of the whole agent for one of {count} {what} and second, not scraped",
        f"at most {most} µs",
        1e6 * used / count,
        " µs",
        f"{100 * used:.2f} % of a CPU, over {REST_SECONDS} s",
        most,
    )


def of_many(flags, count, seconds, what):
    """Memory and descriptors with many workloads. What the kernel keeps is compared with an agent that may
    keep no file open; it comes second, so that the inodes of the files kept open count for the first."""
    with AgentInCgroup(*flags) as agent:
        cpu, start = agent.cpu_seconds(), time.monotonic()
        largest = scrape_for(agent, seconds)
        cpu_percent = 100 * (agent.cpu_seconds() - cpu) / (time.monotonic() - start)
        all_kernel, kernel = agent.kernel_bytes(), agent.pinned_kernel_bytes()
        open_files = int(agent.metric("tallyman_open_files"))
        descriptors = agent.descriptors()
        workloads = len(agent.get("/api/v1/workloads")["workloads"])
    with AgentInCgroup(*flags, max_files=OWN_DESCRIPTORS + 64) as bare:
        scrape_for(bare, 2 * SCRAPE_SECONDS)
        kernel_without = bare.pinned_kernel_bytes()
    formula = (FILES_PER_CGROUP + 1) * workloads + OWN_DESCRIPTORS + CONNECTIONS
    after = f"after {seconds / 60:.0f} minutes" if seconds >= 60 else f"after {seconds} s"
    reached = row(
        f"resident memory with {count} {what}, {after}",
        "at most 25 MB",
        largest / MEBIBYTE,
        " MB",
        f"largest seen; scraped every {SCRAPE_SECONDS} s with OpenMetrics and gzip; {cpu_percent:.1f} % of a CPU",
        25,
    )
    reached &= row(
        f"kernel memory behind kept-open files, {count} {what}",
        "at most 20 MB",
        (kernel - kernel_without) / MEBIBYTE,
        " MB",
        f"{open_files} files; {all_kernel / MEBIBYTE:.1f} MB with what the kernel gives up under pressure",
        20,
    )
    reached &= row(
        f"descriptors with {count} {what}",
        f"at most {formula} by the formula",
        descriptors,
        "",
        f"{workloads} workloads, {descriptors / workloads:.1f} each",
        formula,
    )
    return reached


@contextlib.contextmanager
def open_tabs(agent, count):
    """As browsers do: streams that are read as they come."""
    clients = [
        subprocess.Popen(["curl", "-sN", f"http://{agent.address}/api/v1/stream"], stdout=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        if count:
            wait_for(lambda: agent.metric("tallyman_http_streams") == count, 20, f"{count} streams are open")
        yield
    finally:
        for client in clients:
            client.kill()
        for client in clients:
            client.wait()
        wait_for(lambda: agent.metric("tallyman_http_streams") == 0, 20, "the streams are closed")


def with_tabs(flags, count):
    """What 20 open dashboards take from sampling and scraping: turn by turn with none, in one run."""
    taken = {0: ([], [], []), TABS: ([], [], [])}
    with AgentInCgroup(*flags) as agent:
        time.sleep(SCRAPE_SECONDS)
        for tabs in [0, TABS] * TAB_ROUNDS:
            scrapes, passes, cpus = taken[tabs]
            with open_tabs(agent, tabs):
                time.sleep(2)  # the first sample is a whole list
                cpu, start = agent.cpu_seconds(), time.monotonic()
                for _ in range(TAB_SECONDS):
                    time.sleep(1)
                    begin = time.monotonic()
                    agent.request("/metrics", Accept_Encoding="gzip")
                    scrapes.append(time.monotonic() - begin)
                    passes.append(agent.metric("tallyman_sampling_duration_seconds"))
                cpus.append((agent.cpu_seconds() - cpu) / (time.monotonic() - start))
        skipped = agent.metric("tallyman_history_samples_skipped_total")
    middle = {tabs: [statistics.median(figures) for figures in all_of] for tabs, all_of in taken.items()}
    reached = True
    for index, what in ((1, "sampling"), (0, "a scrape")):
        ratio = middle[TABS][index] / middle[0][index]
        reached &= row(
            f"{what} of {count} cgroups with the dashboard open {TABS} times, against none",
            "at most 1.25x",
            ratio,
            "x",
            f"{middle[TABS][index] * 1e3:.1f} ms against {middle[0][index] * 1e3:.1f} ms, wall time, turn by turn",
            1.25,
        )
    row(
        f"CPU of {TABS} open dashboards, {count} cgroups",
        "-",
        100 * (middle[TABS][2] - middle[0][2]),
        " %",
        f"of a CPU, all {TABS} together: {100 * middle[TABS][2]:.1f} against {100 * middle[0][2]:.1f} %; "
        f"{skipped:.0f} samples missed by the history",
    )
    return reached


def past_the_limit(flags, count):
    """`ulimit -n 256`: works, logs it once, shows it."""
    with AgentInCgroup(*flags, max_files=256) as agent:
        first = agent.metric("tallyman_samples_total")
        scrape_for(agent, SCRAPE_SECONDS)
        if agent.metric("tallyman_samples_total") <= first:
            raise RuntimeError("no further samples\n" + agent.log())
        workloads = len(agent.get("/api/v1/workloads")["workloads"])
        cpu_series = len(re.findall(r"^container_cpu_usage_seconds_total\{", agent.text(), re.M))
        lines = sum("open" in line and "file" in line for line in agent.log().splitlines())
        shown = agent.metric("tallyman_files_reopened")
        held = agent.descriptors()
    worked = workloads >= count and cpu_series >= count and shown == 1 and lines == 1 and held <= 256
    row(
        "descriptors with ulimit -n 256",
        "works, logs it once",
        held,
        "" if worked else " **missed**",
        f"{workloads} workloads, {cpu_series} with CPU series, logged {lines} time, "
        f"tallyman_files_reopened {shown:.0f}",
    )
    return worked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--containers", action="store_true")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--count", type=int, default=300)
    arguments = parser.parse_args()
    if arguments.containers:
        with real_containers(arguments.count) as (daemon, _):
            flags = (f"--docker.root={daemon.data_root}",)
            reached = at_rest(flags, arguments.count, "containers")
            reached &= of_many(flags, arguments.count, arguments.seconds, "containers")
            reached &= past_the_limit(flags, arguments.count)
    else:
        with farm(arguments.count):
            reached = at_rest((), arguments.count, "cgroups")
            reached &= of_many((), arguments.count, arguments.seconds, "cgroups")
            reached &= past_the_limit((), arguments.count)
            reached &= with_tabs((), arguments.count)
    return 0 if reached else 3


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
