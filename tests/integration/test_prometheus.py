"""A real Prometheus scrapes the agent for a minute, next to containers that work."""
import contextlib
import math
import pathlib
import subprocess
import time

import pytest
import yaml

from support import prometheus_text
from support.agent import Agent
from support.disks import v1_accounting
from support.docker import CGROUPS
from support.prometheus import Prometheus, RecordingProxy

SCRAPE_SECONDS = 60
QUERIES = [(entry["dashboard"], query)
           for entry in yaml.safe_load((pathlib.Path(__file__).parent / "dashboard_queries.yaml").read_text())
           for query in entry["queries"]]


def cpu_seconds(container):
    """The kernel's own figure, and the moment."""
    now = time.monotonic()
    if (CGROUPS / "cpuacct").is_dir():
        return int((container.files("cpuacct") / "cpuacct.usage").read_text()) / 1e9, now
    text = (container.files("") / "cpu.stat").read_text()
    return int(text.split()[1]) / 1e6, now


class World:
    """Containers at work, the agent at its default interval, and a Prometheus that has watched for a minute."""

    def __init__(self, docker, endings):
        self._docker, self._endings = docker, endings
        self._start_containers()
        self.agent = endings.enter_context(Agent(f"--docker.root={docker.data_root}", "--no-processes.bare", interval="1s"))
        self.proxy = RecordingProxy(self.agent.port)
        endings.callback(self.proxy.stop)
        self.prometheus = Prometheus({"cadvisor": f"127.0.0.1:{self.proxy.port}"})
        endings.callback(self.prometheus.stop)
        time.sleep(SCRAPE_SECONDS / 2)
        self.burnt_from = cpu_seconds(self.burner)
        time.sleep(SCRAPE_SECONDS / 2)
        self.burnt_to = cpu_seconds(self.burner)
        self.rate = self.prometheus.value(
            f'rate(container_cpu_usage_seconds_total{{name="burner"}}[{SCRAPE_SECONDS // 2}s])')

    def _run(self, name, *command, **how):
        container = self._docker.run(name, *command, **how)
        self._endings.callback(container.remove)
        return container

    def _start_containers(self):
        self.burner = self._run("burner", "spin")
        self._run("web", "spin", options=[
            "--cpus", "0.1", "--memory", "128m", "--memory-reservation", "64m",
            "--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=web",
            "--label", "com.docker.compose.project.working_dir=/srv/shop", "--label", "org.label-schema.group=shop"])
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
    assert scrapes >= SCRAPE_SECONDS - 5


def test_openmetrics_and_gzip(world):
    exchanges = list(world.proxy.exchanges)
    assert len(exchanges) >= SCRAPE_SECONDS - 5
    for asked, status, answered in exchanges:
        assert status == 200
        assert asked["Accept"].startswith("application/openmetrics-text")
        assert answered["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), answered
        assert answered["Content-Encoding"] == "gzip", answered


def test_no_duplicate_and_none_out_of_order(world):
    complaints = [line for line in world.prometheus.log().splitlines()
                  if "component=\"scrape manager\"" in line and "level=warn" in line
                  or any(word in line.lower() for word in ("duplicate", "out of order", "out-of-order", "append failed"))]
    assert not complaints, complaints[:5]
    # Samples that it dropped would make these two differ.
    assert world.prometheus.query("scrape_samples_scraped == scrape_samples_post_metric_relabeling")
    assert world.prometheus.value("scrape_samples_scraped") > 300


def test_the_set_of_series_stands_still(world):
    """Nothing comes or goes, so no label may change either."""
    added = world.prometheus.value("sum_over_time(scrape_series_added[20s])")
    assert added <= 0.02 * world.prometheus.value("scrape_samples_scraped"), added


def test_rate_of_the_burning_container(world):
    kernel = (world.burnt_to[0] - world.burnt_from[0]) / (world.burnt_to[1] - world.burnt_from[1])
    print(f"rate {world.rate:.4f}, the kernel's own {kernel:.4f}")
    # The samples lie up to a second off the two moments, and rate() extrapolates to the window.
    assert world.rate == pytest.approx(kernel, rel=0.04)
    # One loop is one CPU, unless the machine had none left for it; the kernel's figure decides.
    assert world.rate <= 1.03
    assert world.rate >= 0.93 or kernel < 0.95


def test_counters_only_grow(world):
    for metric in ("container_cpu_usage_seconds_total", "container_network_receive_bytes_total",
                   "container_memory_failures_total", "container_pressure_cpu_waiting_seconds_total"):
        rows = world.prometheus.query(f"sum(resets({metric}[{SCRAPE_SECONDS}s]))")
        assert rows and rows[0][1] == 0, metric


@pytest.mark.parametrize("dashboard, query", QUERIES)
def test_dashboard_query_returns_data(world, dashboard, query):
    rows = world.prometheus.query(query)
    assert rows, f"{dashboard}: no data for {query}"
    assert all(not math.isnan(value) for _, value in rows), f"{dashboard}: {rows[:5]}"


# cAdvisor's own names, kept for its dashboards: docs/migrating-from-cadvisor.md.
INHERITED = {"container_fs_inodes_total", "container_memory_failcnt", "container_hugetlb_failcnt", "cadvisor_version_info"}


def test_promtool_has_nothing_to_say_but_of_inherited_names(world):
    done = subprocess.run(["promtool", "check", "metrics"], input=world.agent.text(), text=True,
                          capture_output=True, check=False)
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if line.split()[0] not in INHERITED]
    assert not complaints
    assert done.returncode in (0, 3)  # 3: it complained; anything else, it could not read the text


def test_the_other_formats_say_the_same(world):
    """Text and OpenMetrics hold the same series; one sample apart only the values may differ."""
    plain = world.agent.scrape()
    status, headers, body = world.agent.request("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    open_metrics = prometheus_text.parse(body.decode())

    def series(exposition):
        return {(s.name, tuple(sorted(s.labels.items()))) for s in exposition.samples
                if not s.name.startswith(("tallyman_", "process_"))}

    assert series(plain) == series(open_metrics)
