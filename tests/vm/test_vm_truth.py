"""The same truths as in test_docker_truth.py, under cgroup v2 and Debian's own kernel.

The guest's processors are emulated and slow, but its clocks, its accounting and its
files are the kernel's own."""

import json
import pathlib

import pytest

import containers
import machine
from support import prometheus_text, truths


def labels_of(name):
    return {"id": containers.cgroup(name)}


class Guest:
    """What the guest has handed out."""

    def __init__(self, directory, console):
        self.directory, self.console = directory, console

    def read(self, name):
        return (self.directory / name).read_text()

    def scrape(self, moment):
        errors = self.directory / f"{moment}.err"
        assert "exit" not in (errors.read_text() if errors.exists() else ""), errors.read_text()
        return prometheus_text.parse(self.read(f"{moment}.prom"))

    def number(self, moment, name, file):
        return int(self.read(f"{moment}/{name}/{file}"))

    def keyed(self, moment, name, file):
        return {line.split()[0]: int(line.split()[1]) for line in self.read(f"{moment}/{name}/{file}").splitlines()}


@pytest.fixture(scope="module")
def guest():
    result, console = machine.run(containers.guest_files())
    with result:
        guest = Guest(pathlib.Path(result.name) / "result", console)
        assert "guest: all done" in console, console[-4000:]
        guest.before, guest.after = guest.scrape("before"), guest.scrape("after")
        yield guest


def test_the_kernel_and_its_cgroups_are_what_this_is_about(guest):
    major, minor = (int(part) for part in guest.read("kernel").split(".")[:2])
    assert (major, minor) >= (6, 1)
    assert guest.keyed("after", "burner", "cpu.stat")["usage_usec"] > 0


def test_two_cpu_seconds(guest):
    assert float(guest.read("burner.log").split()[-1]) == pytest.approx(2.0, abs=0.01)
    truths.check_burnt(guest.before, guest.after, labels_of("burner"))


def test_cpu_time_is_the_kernels(guest):
    kernel = guest.keyed("after", "burner", "cpu.stat")
    for metric, key in (("usage", "usage_usec"), ("user", "user_usec"), ("system", "system_usec")):
        value = guest.after.one(f"container_cpu_{metric}_seconds_total", **labels_of("burner"))
        assert value == pytest.approx(kernel[key] / 1e6, abs=1e-9), metric


def test_64_mib_touched(guest):
    truths.check_touched(guest.before, guest.after, labels_of("toucher"))


def test_memory_is_the_kernels(guest):
    """It is idle, but folding of per-CPU batches may change a figure between the two readings."""
    labels, stat = labels_of("toucher"), guest.keyed("after", "toucher", "memory.stat")
    current = guest.number("after", "toucher", "memory.current")
    near = {"abs": truths.BATCH_BYTES}
    assert guest.after.one("container_memory_usage_bytes", **labels) == pytest.approx(current, **near)
    assert guest.after.one("container_memory_rss", **labels) == pytest.approx(stat["anon"], **near)
    assert guest.after.one("container_memory_cache", **labels) == pytest.approx(stat["file"], **near)
    assert guest.after.one("container_memory_working_set_bytes", **labels) == pytest.approx(
        current - stat["inactive_file"], **near
    )
    assert guest.after.one("container_memory_max_usage_bytes", **labels) == guest.number(
        "after", "toucher", "memory.peak"
    )
    assert guest.after.one("container_memory_swap", **labels) == 0


def test_64_mib_written_and_synced(guest):
    truths.check_written(guest.before, guest.after, labels_of("writer"), "/dev/vda")


def test_io_is_the_kernels(guest):
    rows = [line for line in guest.read("after/writer/io.stat").splitlines() if "wbytes=" in line]
    assert len(rows) == 1, rows
    kernel = dict(pair.split("=") for pair in rows[0].split()[1:])
    for metric, key in (("writes_bytes", "wbytes"), ("writes", "wios"), ("reads_bytes", "rbytes"), ("reads", "rios")):
        value = guest.after.one(f"container_fs_{metric}_total", device="/dev/vda", **labels_of("writer"))
        assert value == int(kernel[key]), metric


def test_a_container_that_wrote_nothing_has_no_io_series(guest):
    assert guest.read("after/crowd/io.stat").strip() == ""
    assert not guest.after.all("container_fs_writes_bytes_total", **labels_of("crowd"))


def test_10_mb_sent_over_a_bridge(guest):
    truths.check_sent(guest.before, guest.after, labels_of("sender"))
    row = next(line for line in guest.read("after/sender/net_dev").splitlines() if "eth0:" in line)
    kernel = int(row.split(":")[1].split()[8])
    # The files are read a moment after the agent: a neighbour discovery of 90 bytes may lie between.
    assert kernel - guest.after.one(
        "container_network_transmit_bytes_total", interface="eth0", **labels_of("sender")
    ) in range(0, 500)


def test_host_network_is_not_the_containers(guest):
    network = [s for s in guest.after.samples if s.name.startswith("container_network_") and "interface" in s.labels]
    assert network
    assert {s.labels["id"] for s in network} <= {"/", containers.cgroup("sender")}


def test_throttled_at_three_tenths_of_a_cpu(guest):
    before, after = guest.scrape("throttled-before"), guest.scrape("throttled-after")
    truths.check_throttled(before, after, labels_of("throttled"))
    assert after.one("container_spec_cpu_quota", **labels_of("throttled")) == 30000
    assert after.one("container_spec_cpu_period", **labels_of("throttled")) == 100000


def test_throttling_figures_are_the_kernels(guest):
    still, kernel = guest.scrape("throttled-still"), guest.keyed("throttled-still", "throttled", "cpu.stat")
    labels = labels_of("throttled")
    assert still.one("container_cpu_cfs_periods_total", **labels) == kernel["nr_periods"] >= 60
    assert still.one("container_cpu_cfs_throttled_periods_total", **labels) == kernel["nr_throttled"] >= 40
    assert still.one("container_cpu_cfs_throttled_seconds_total", **labels) == pytest.approx(
        kernel["throttled_usec"] / 1e6, abs=1e-9
    )


def test_cfs_series_only_with_a_quota(guest):
    for metric in (
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_seconds_total",
        "container_spec_cpu_quota",
    ):
        assert not guest.after.all(metric, **labels_of("burner")), metric


def test_killed_at_the_memory_limit(guest):
    assert guest.read("killed.log").splitlines()[-1] == "child killed by signal 9"
    truths.check_killed(guest.before, guest.after, labels_of("killed"), 64 * truths.MIB)
    events = guest.keyed("after", "killed", "memory.events")
    assert guest.after.one("container_oom_events_total", **labels_of("killed")) == events["oom_kill"]
    assert guest.after.one("container_memory_failcnt", **labels_of("killed")) == events["max"]
    assert guest.after.one("container_memory_events_max_total", **labels_of("killed")) == events["max"]


def test_threads_and_limits(guest):
    labels = labels_of("crowd")
    assert guest.after.one("container_threads", **labels) == 8
    assert guest.after.one("container_threads_max", **labels) == 50
    assert guest.after.one("container_spec_memory_reservation_limit_bytes", **labels) == 16 * truths.MIB
    assert guest.after.one("container_spec_memory_limit_bytes", **labels) == 0
    # Nobody says which shares were set: by the formula of current runtimes 305 of them are
    # ceil(10 ^ ((8.2527 ^ 2 + 125 * 8.2527) / 612 - 7 / 34)) = 39, with 8.2527 = log2(305).
    assert guest.after.one("container_spec_cpu_shares", **labels) == 305


def test_pressure_is_the_kernels(guest):
    still = guest.scrape("throttled-still")
    text = guest.read("throttled-still/throttled/cpu.pressure")
    some = int(text.splitlines()[0].split("total=")[1])
    waited = still.one("container_pressure_cpu_waiting_seconds_total", **labels_of("throttled"))
    assert some > 1_000_000
    assert waited == pytest.approx(some / 1e6, abs=0.1)


def test_names_image_and_labels(guest):
    labels = guest.after.all("container_last_seen", **labels_of("burner"))[0].labels
    assert labels == {
        "id": containers.cgroup("burner"),
        "name": "burner",
        "image": containers.IMAGE,
        "kind": "container",
        "workload": "burner",
        "container_label_com_docker_compose_project": "guest",
        "container_label_com_docker_compose_service": "burner",
    }
    started = guest.after.one("container_start_time_seconds", **labels_of("burner"))
    assert started == pytest.approx(containers.STARTED_SECONDS, abs=0.001)


def test_the_same_metrics_as_on_v1_but_for_what_v2_has_not(guest):
    """The metrics that dashboards use exist on v2 under the same names."""
    names = guest.after.names() | guest.scrape("throttled-after").names()
    needed = {
        "container_cpu_usage_seconds_total",
        "container_cpu_user_seconds_total",
        "container_cpu_system_seconds_total",
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_cpu_cfs_throttled_seconds_total",
        "container_memory_usage_bytes",
        "container_memory_working_set_bytes",
        "container_memory_rss",
        "container_memory_cache",
        "container_memory_swap",
        "container_memory_max_usage_bytes",
        "container_network_receive_bytes_total",
        "container_network_transmit_packets_dropped_total",
        "container_fs_reads_total",
        "container_fs_writes_bytes_total",
        "container_spec_cpu_quota",
        "container_spec_cpu_period",
        "container_spec_memory_limit_bytes",
        "container_spec_memory_reservation_limit_bytes",
        "container_last_seen",
        "container_start_time_seconds",
        "container_oom_events_total",
        "machine_cpu_cores",
        "machine_memory_bytes",
        "cadvisor_version_info",
    }
    assert not needed - names


def test_what_comes_and_goes_while_it_serves(guest):
    latecomer = containers.identity("latecomer")
    there = json.loads(guest.read("with-latecomer.json"))["workloads"]
    assert [w["name"] for w in there if w.get("container_id") == latecomer] == ["latecomer"]
    gone = json.loads(guest.read("without-latecomer.json"))["workloads"]
    assert not [w for w in gone if w.get("container_id") == latecomer]
    served = prometheus_text.parse(guest.read("served.prom"))
    assert served.all("container_last_seen", **labels_of("latecomer"))
    # It has ended: its counters stay for a while as they were at the end, its gauges do not.
    assert served.all("container_cpu_usage_seconds_total", **labels_of("latecomer"))
    assert not served.all("container_memory_usage_bytes", **labels_of("latecomer"))


def test_none_of_a_thousand_short_lived_cgroups_is_lost(guest):
    """tests/collectors/sampling/lifecycle/lifetimes_test.cc, under v2: each has start, end and final counter."""
    log = guest.read("lifetimes.log")
    print(log)
    assert guest.read("lifetimes.exit").strip() == "0", log
    assert "[  PASSED  ] 1 test" in log


def test_sigterm_ends_it_well(guest):
    assert guest.read("serve.exit").strip() == "0", guest.read("serve.err")
