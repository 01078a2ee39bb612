"""A real Prometheus scrapes the agent for a minute, next to containers that work."""

import contextlib
import json
import math
import pathlib
import subprocess
import threading
import time

import pytest
import yaml

from support import paths, prometheus_text
from support.agent import Agent
from support.disks import v1_accounting
from support.host import CGROUPS
from support.prometheus import Prometheus, RecordingProxy
from support.waiting import wait_for

SCRAPE_SECONDS, LEAST_SCRAPES = 60, 30  # one a second, and some later where the machine is busy
CONTAINERS = "burner|web|writer"
# As Docker Swarm sets them, and one that home dashboards group by.
SWARM = [
    "com.docker.stack.namespace=shop",
    "com.docker.swarm.node.id=node1",
    "com.docker.swarm.service.id=service1",
    "com.docker.swarm.service.name=shop_web",
    "com.docker.swarm.task.id=task1",
    "com.docker.swarm.task.name=shop_web.1.task1",
    "container.group=front",
]
QUERIES = [
    (entry["dashboard"], query)
    for entry in yaml.safe_load((pathlib.Path(__file__).parent / "dashboard_queries.yaml").read_text())
    for query in entry["queries"]
]


class KernelClock:
    """The kernel's own figure of a container's CPU seconds, again and again: (moment before, figure, moment after)."""

    def __init__(self, container):
        self._container = container
        self._readings = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        while not self._stopped.wait(0.05):
            before = time.time()
            figure = self._cpu_seconds()
            self._readings.append((before, figure, time.time()))

    def _cpu_seconds(self):
        if (CGROUPS / "cpuacct").is_dir():
            return int((self._container.files("cpuacct") / "cpuacct.usage").read_text()) / 1e9
        return int((self._container.files("") / "cpu.stat").read_text().split()[1]) / 1e6

    def at_least(self, moment):
        return max((figure for _, figure, after in self._readings if after <= moment), default=0)

    def at_most(self, moment):
        return min((figure for before, figure, _ in self._readings if before >= moment), default=math.inf)

    def stop(self):
        self._stopped.set()
        self._thread.join()


class World:
    """Containers at work, the agent at its default interval, and a Prometheus that has watched for a minute."""

    def __init__(self, docker, endings):
        self._docker, self._endings = docker, endings
        self._start_containers()
        self.agent = endings.enter_context(
            Agent(f"--docker.root={docker.data_root}", "--no-processes.bare", interval="1s")
        )
        self.proxy = RecordingProxy(self.agent.port)
        endings.callback(self.proxy.stop)
        self.prometheus = Prometheus({"cadvisor": f"127.0.0.1:{self.proxy.port}"})
        endings.callback(self.prometheus.stop)
        self.kernel = KernelClock(self.burner)
        endings.callback(self.kernel.stop)
        time.sleep(SCRAPE_SECONDS)
        self.watched_to = time.time()
        time.sleep(2)  # for what the kernel says after the last scrape

    def _run(self, name, *command, **how):
        container = self._docker.run(name, *command, **how)
        self._endings.callback(container.remove)
        return container

    def _start_containers(self):
        self.burner = self._run("burner", "spin")
        self._run(
            "web",
            "spin",
            options=[
                "--cpus",
                "0.05",
                "--memory",
                "128m",
                "--memory-reservation",
                "64m",
                "--label",
                "com.docker.compose.project=shop",
                "--label",
                "com.docker.compose.service=web",
                "--label",
                "com.docker.compose.project.working_dir=/srv/shop",
                "--label",
                "org.label-schema.group=shop",
                *[word for label in SWARM for word in ("--label", label)],
            ],
        )
        data = self._docker.directory / "prometheus-writes"
        data.mkdir(exist_ok=True)
        # Writes 4 MiB twice a second for longer than the test takes.
        steps = ["await", "then"] + ["write", "/data/file", "4", "direct", "then", "sleep", "0.5", "then"] * 400
        writer = self._run("writer", *steps, "stay", options=["-v", f"{data}:/data"])
        writer.wait_for_line("awaiting")
        if (CGROUPS / "blkio").is_dir():
            self._endings.enter_context(v1_accounting(writer, data))
        writer.go_on()


@pytest.fixture(scope="module")
def world(docker):
    with contextlib.ExitStack() as endings:
        yield World(docker, endings)


def test_up_throughout(world):
    assert world.prometheus.value(f'min_over_time(up{{job="cadvisor"}}[{SCRAPE_SECONDS}s])') == 1
    scrapes = world.prometheus.value(f'count_over_time(up{{job="cadvisor"}}[{SCRAPE_SECONDS}s])')
    assert scrapes >= LEAST_SCRAPES


def test_openmetrics_and_gzip(world):
    exchanges = list(world.proxy.exchanges)
    assert len(exchanges) >= LEAST_SCRAPES
    for asked, status, answered in exchanges:
        assert status == 200
        assert asked["Accept"].startswith("application/openmetrics-text")
        assert answered["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), answered
        assert answered["Content-Encoding"] == "gzip", answered


def test_no_duplicate_and_none_out_of_order(world):
    complaints = [
        line
        for line in world.prometheus.log().splitlines()
        if 'component="scrape manager"' in line
        and "level=warn" in line
        or any(word in line.lower() for word in ("duplicate", "out of order", "out-of-order", "append failed"))
    ]
    assert not complaints, complaints[:5]
    # Samples that it dropped would make these two differ.
    assert world.prometheus.query("scrape_samples_scraped == scrape_samples_post_metric_relabeling")
    assert world.prometheus.value("scrape_samples_scraped") > 300


def test_the_set_of_series_stands_still(world):
    """Nothing comes or goes, so no label may change either. Of others' containers on this machine some may."""

    def series(**span):
        found = world.prometheus.get("series", **{"match[]": f'{{name=~"{CONTAINERS}"}}'}, **span)
        return {tuple(sorted(labels.items())) for labels in found}

    end = world.watched_to
    assert series(start=end - 20, end=end) == series(start=end - 2, end=end) != set()


def test_rate_of_the_burning_container(world):
    def samples(metric):
        at = {"query": f'{metric}{{name="burner"}}[{SCRAPE_SECONDS // 2}s]', "time": world.watched_to}
        (row,) = world.prometheus.get("query", **at)["result"]
        return [(float(moment), float(value)) for moment, value in row["values"]]

    used, seen = samples("container_cpu_usage_seconds_total"), samples("container_last_seen")
    assert [moment for moment, _ in used] == [moment for moment, _ in seen] and len(used) >= LEAST_SCRAPES // 2
    for (scraped, value), (_, sampled) in zip(used, seen, strict=True):
        # Read after the sample began and before the scrape's second was over.
        assert world.kernel.at_least(sampled) <= value <= world.kernel.at_most(scraped + 1), (sampled, scraped)
    of_samples = (used[-1][1] - used[0][1]) / (used[-1][0] - used[0][0])
    rate = world.prometheus.value(
        f'rate(container_cpu_usage_seconds_total{{name="burner"}}[{SCRAPE_SECONDS // 2}s])', time=world.watched_to
    )
    print(f"rate {rate:.4f}, of the samples {of_samples:.4f}")
    # rate() extrapolates to the window where a scrape was late.
    assert rate == pytest.approx(of_samples, rel=0.04)
    assert rate <= 1.03  # one loop is one CPU at most


def test_counters_only_grow(world):
    for metric in (
        "container_cpu_usage_seconds_total",
        "container_network_receive_bytes_total",
        "container_memory_failures_total",
        "container_pressure_cpu_waiting_seconds_total",
    ):
        rows = world.prometheus.query(f'sum(resets({metric}{{name=~"{CONTAINERS}"}}[{SCRAPE_SECONDS}s]))')
        assert rows and rows[0][1] == 0, metric


@pytest.mark.parametrize("dashboard, query", QUERIES)
def test_dashboard_query_returns_data(world, dashboard, query):
    # Some ask for a share of a limit that is reached only while others leave the container that much.
    rows = wait_for(lambda: world.prometheus.query(query), 60, f"data of {dashboard} for {query}", 1)
    assert all(not math.isnan(value) for _, value in rows), f"{dashboard}: {rows[:5]}"


# cAdvisor's own names, kept for its dashboards: docs/migrating-from-cadvisor.md.
INHERITED = {
    "container_fs_inodes_total",
    "container_memory_failcnt",
    "container_hugetlb_failcnt",
    "cadvisor_version_info",
}


def test_promtool_has_nothing_to_say_but_of_inherited_names(world):
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=world.agent.text(), text=True, capture_output=True, check=False
    )
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if line.split()[0] not in INHERITED]
    assert not complaints
    assert done.returncode in (0, 3)  # 3: it complained; anything else, it could not read the text


def test_every_declared_self_metric_is_served(world):
    """A value that nobody fetches from the part that counts it would be missing."""
    catalogue = subprocess.run([paths.agent_binary(), "metrics", "--format=json"], capture_output=True, check=True)
    declared = {metric["name"] for metric in json.loads(catalogue.stdout) if metric["collector"] == "self"}
    of_a_report = {name for name in declared if name.startswith("tallyman_overhead_")}  # there is none here
    assert len(declared) > len(of_a_report) > 0
    assert declared - of_a_report <= set(world.agent.scrape().families)


def test_the_other_formats_say_the_same(world):
    """Text and OpenMetrics hold the same series; one sample apart only the values may differ."""
    plain = world.agent.scrape()
    status, headers, body = world.agent.request("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    open_metrics = prometheus_text.parse(body.decode())

    def series(exposition):
        return {
            (s.name, tuple(sorted(s.labels.items())))
            for s in exposition.samples
            if not s.name.startswith(("tallyman_", "process_"))
        }

    assert series(plain) == series(open_metrics)
