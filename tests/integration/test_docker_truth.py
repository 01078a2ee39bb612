"""Loads of exactly known size in real containers, compared with the agent's metrics."""

import contextlib
import os
import pathlib
import time

import pytest

from support import bundle, truths
from support.agent import Agent, AgentClient
from support.disks import block_device_of, v1_accounting
from support.host import CGROUPS, run
from support.paths import agent_binary
from support.waiting import wait_for

MIB = truths.MIB


def only(container):
    """The container's own series, without those of cgroups that it may have made below."""
    return {"id": container.cgroup}


def kernel_file(container, controller, name):
    return (container.files(controller) / name).read_text()


def keyed(text):
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2}


def test_two_cpu_seconds(containers, agent):
    container = containers("burner", "await", "then", "burn", "2.0", "then", "stay")
    container.wait_for_line("awaiting")
    before = agent.fresh_scrape()
    container.go_on()
    assert float(container.wait_for_line("burnt").split()[1]) == pytest.approx(2.0, abs=0.001)
    after = agent.fresh_scrape()
    truths.check_burnt(before, after, only(container))
    # It sleeps now: the kernel's own figure stands still, and the agent's is the same to the last digit.
    if (CGROUPS / "cpuacct").is_dir():
        kernel = int(kernel_file(container, "cpuacct", "cpuacct.usage")) / 1e9
    else:
        kernel = keyed(kernel_file(container, "", "cpu.stat"))["usage_usec"] / 1e6
    assert after.one("container_cpu_usage_seconds_total", cpu="total", **only(container)) == kernel


def test_64_mib_touched(containers, agent):
    container = containers("toucher", "await", "then", "touch-memory", "64", "then", "stay")
    container.wait_for_line("awaiting")
    before = agent.fresh_scrape()
    container.go_on()
    container.wait_for_line(f"ready {64 * MIB}")
    truths.check_touched(before, agent.fresh_scrape(), only(container))


@pytest.fixture
def data_directory(docker):
    path = docker.directory / "writes"
    path.mkdir(exist_ok=True)
    return path


def test_64_mib_written_and_synced(containers, agent, data_directory):
    if not block_device_of(data_directory):
        pytest.skip(f"{data_directory} is not on a disk")
    _, device = block_device_of(data_directory)
    # Past the page cache: on v1 the kernel charges what the flusher writes to the root.
    container = containers(
        "writer",
        "await",
        "then",
        "write",
        "/data/file",
        "64",
        "direct",
        "then",
        "stay",
        options=["-v", f"{data_directory}:/data"],
    )
    container.wait_for_line("awaiting")
    with v1_accounting(container, data_directory) if (CGROUPS / "blkio").is_dir() else contextlib.nullcontext():
        before = agent.fresh_scrape()
        container.go_on()
        container.wait_for_line(f"wrote {64 * MIB}")
        truths.check_written(before, agent.fresh_scrape(), only(container), device)


def test_writes_that_v1_does_not_account_are_those_of_the_processes(containers, agent, data_directory):
    if not (CGROUPS / "blkio").is_dir():
        pytest.skip("cgroup v2 accounts every device")
    container = containers(
        "unaccounted", "write", "/data/other", "4", "direct", "then", "stay", options=["-v", f"{data_directory}:/data"]
    )
    container.wait_for_line("wrote")
    family = "container_fs_writes_bytes_total"
    wait_for(lambda: agent.scrape().all(family, **only(container)), 60, "what it has written")
    found = agent.fresh_scrape().all(family, **only(container))
    rows = kernel_file(container, "blkio", "blkio.throttle.io_service_bytes_recursive").splitlines()
    accounted = {row.split()[0] for row in rows if row.split()[0] != "Total"}
    # After a rule has been set on a device, the kernel accounts for it until the next boot.
    if not accounted:
        (whole,) = found
        assert whole.labels["device"] == "all" and whole.value == pytest.approx(4 * MIB, rel=0.02), found
        return
    assert len(found) == len(accounted), (found, rows)
    assert all(sample.value > 0 for sample in found), found


def connections(container):
    """States, as the kernel numbers them, of its TCP connections on which something may still be sent."""
    rows = pathlib.Path(f"/proc/{container.pid}/net/tcp").read_text().splitlines()[1:]
    listening, time_wait, closed = "0A", "06", "07"
    return [state for state in (row.split()[3] for row in rows) if state not in (listening, time_wait, closed)]


def test_10_mb_sent_over_a_bridge(docker, containers, agent):
    container = containers("sender", "await", "then", "receive", "9000", "10000000", "then", "stay")
    container.wait_for_line("awaiting")
    address = container.inspect()["NetworkSettings"]["IPAddress"]
    peer = containers("peer", "await", "then", "send", address, "9000", "10000000", "then", "stay")
    peer.wait_for_line("awaiting")
    before = agent.fresh_scrape()
    container.go_on()
    container.wait_for_line("listening")
    peer.go_on()
    container.wait_for_line("received 10000000")
    peer.wait_for_line("sent 10000000")
    for one in (container, peer):
        wait_for(lambda one=one: connections(one) == [], 60, f"the last acknowledgements of {one.name}")
    after = agent.fresh_scrape()
    truths.check_sent(before, after, only(peer), "transmit")
    truths.check_sent(before, after, only(container), "receive")
    for direction in ("transmit", "receive"):
        for problem in ("errors", "packets_dropped"):
            assert after.one(f"container_network_{direction}_{problem}_total", **only(peer)) == 0
    # The namespace's own file, now that nothing moves (a stray neighbour discovery is 90 bytes at most).
    row = next(line for line in pathlib.Path(f"/proc/{peer.pid}/net/dev").read_text().splitlines() if "eth0:" in line)
    transmitted = int(row.split(":")[1].split()[8])
    assert transmitted - after.one("container_network_transmit_bytes_total", **only(peer)) in range(0, 500)


def test_throttled_at_three_tenths_of_a_cpu(containers, agent):
    container = containers("throttled", "spin", options=["--cpus", "0.3"])
    wait_for(lambda: agent.scrape().all("container_cpu_cfs_periods_total", **only(container)), 60, "CFS series")
    before = agent.fresh_scrape()

    def throttled():
        return keyed(kernel_file(container, "cpu", "cpu.stat"))["nr_throttled"]

    enough = throttled() + truths.THROTTLED_PERIODS
    wait_for(lambda: throttled() >= enough, 300, "periods in which the quota was used up", 0.1)
    after = agent.fresh_scrape()
    truths.check_throttled(before, after, only(container))
    assert after.one("container_spec_cpu_quota", **only(container)) == 30000
    assert after.one("container_spec_cpu_period", **only(container)) == 100000


def test_throttling_figures_are_the_kernels(containers, agent):
    # 3 ms in each period of 100: so little that the kernel gives more than that at once, on a busy machine too.
    container = containers("throttled-once", "burn", "0.1", "then", "stay", options=["--cpus", "0.03"])
    container.wait_for_line("burnt")

    def kernels():
        kernel = keyed(kernel_file(container, "cpu", "cpu.stat"))
        seconds = kernel["throttled_time"] / 1e9 if "throttled_time" in kernel else kernel["throttled_usec"] / 1e6
        return [kernel["nr_periods"], kernel["nr_throttled"], pytest.approx(seconds, abs=1e-9)]

    def agents():
        scrape = agent.fresh_scrape()
        families = ("periods", "throttled_periods", "throttled_seconds")
        return [scrape.one(f"container_cpu_cfs_{family}_total", **only(container)) for family in families]

    # The timer of the periods runs on for a few of them.
    wait_for(lambda: agents() == kernels(), 60, "the kernel's figures")
    periods, throttled, _ = agents()
    # In each at most those 3 ms, and a tick of up to 4 more before the kernel sees it.
    assert periods >= 10 and throttled >= 1


def test_cfs_series_only_with_a_quota(containers, agent):
    container = containers("unthrottled", "stay")
    scrape = agent.fresh_scrape()
    assert scrape.one("container_cpu_usage_seconds_total", **only(container)) > 0
    for metric in (
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_cpu_cfs_throttled_seconds_total",
        "container_spec_cpu_quota",
    ):
        assert not scrape.all(metric, **only(container)), metric
    assert scrape.one("container_spec_memory_limit_bytes", **only(container)) == 0


def test_killed_at_the_memory_limit(containers, agent):
    container = containers(
        "killed",
        "await",
        "then",
        "child",
        "hog",
        "512",
        "then",
        "stay",
        options=["--memory", "64m", "--memory-swap", "65m"],
    )
    container.wait_for_line("awaiting")
    before = agent.fresh_scrape()
    container.go_on()
    container.wait_for_line("child killed by signal 9")
    assert container.running()
    after = agent.fresh_scrape()
    truths.check_killed(before, after, only(container), 64 * MIB)
    (event,) = agent.get(f"/api/v1/events?type=oom_killed&workload={container.id}")["events"]
    assert event["details"]["killed"] == 1
    if pathlib.Path("/dev/kmsg").exists():  # who it was, by the kernel's own log
        assert event["details"]["process"] == "truth"
        assert event["details"]["pid"] != container.pid, "the child was killed"
    if (CGROUPS / "memory").is_dir():
        failures = int(kernel_file(container, "memory", "memory.failcnt"))
        assert after.one("container_memory_failcnt", **only(container)) == failures
        assert after.one("container_spec_memory_swap_limit_bytes", **only(container)) == 1 * MIB


def test_threads_and_pids(containers, agent):
    container = containers("crowd", "crowd", "7", "then", "stay", options=["--pids-limit", "50"])
    container.wait_for_line("crowd 7")
    scrape = agent.fresh_scrape()
    assert scrape.one("container_threads", **only(container)) == 8
    assert scrape.one("container_threads_max", **only(container)) == 50


def test_pressure_from_the_unified_tree(containers, agent):
    """Four loops in a container that has less than one CPU wait for each other."""
    if not list(CGROUPS.glob("*/cpu.pressure")) and not (CGROUPS / "cpu.pressure").exists():
        pytest.skip("this kernel has no pressure accounting")
    container = containers("waiting", "await", "then", "spin", options=["--cpus", "0.2"])
    container.wait_for_line("awaiting")
    before = agent.fresh_scrape()
    container.go_on()
    time.sleep(3)
    after = agent.fresh_scrape()
    waited = truths.difference(before, after, "container_pressure_cpu_waiting_seconds_total", **only(container))
    elapsed = truths.difference(before, after, "container_last_seen", **only(container))
    # Its one process is throttled for 80 % of the time; pressure averages over 2 s and starts with the load.
    truths.within(waited, 0.3 * elapsed, elapsed, "seconds of CPU pressure")


def test_names_image_and_labels(containers, agent):
    began = time.time()
    container = containers(
        "named",
        "stay",
        options=[
            "--label",
            "com.docker.compose.project=shop",
            "--label",
            "com.docker.compose.service=web",
            "--label",
            "some.other=label",
            "--label",
            'odd.label=a"b\\c',
        ],
    )
    scrape = agent.fresh_scrape()
    labels = scrape.all("container_last_seen", **only(container))[0].labels
    assert labels == {
        "id": container.cgroup,
        "name": "named",
        "image": "tallyman/truth:1",
        "kind": "container",
        "workload": "named",
        "container_label_com_docker_compose_project": "shop",
        "container_label_com_docker_compose_service": "web",
    }
    assert {s.labels["kind"] for s in scrape.samples if "name" in s.labels or "image" in s.labels} == {"container"}
    assert scrape.one("container_cpu_usage_seconds_total", id="/", kind="host", name=None, image=None) > 0
    started = float(run("date", "-d", container.inspect()["State"]["StartedAt"], "+%s.%N"))
    assert began <= started <= time.time()
    # Docker writes it down some time after the process has begun; until then it is the cgroup's birth.
    assert began - 1 <= scrape.one("container_start_time_seconds", **only(container)) <= started + 1
    wait_for(
        lambda: (
            agent.scrape().one("container_start_time_seconds", **only(container)) == pytest.approx(started, abs=1e-6)
        ),
        60,
        "Docker's own start time",
    )


def test_every_label_when_asked_for(docker, containers):
    container = containers("labelled", "stay", options=["--label", "some.other=label", "--label", 'odd-label=a"b\\c'])
    with Agent(f"--docker.root={docker.data_root}", "--labels.container=.") as everything:
        labels = everything.fresh_scrape().all("container_last_seen", **only(container))[0].labels
    assert labels["container_label_some_other"] == "label"
    assert labels["container_label_odd_label"] == 'a"b\\c'


def test_a_restart_is_one_clean_reset(docker, containers, agent):
    container = containers("restarted", "burn", "0.5", "then", "stay")
    container.wait_for_line("burnt")
    first = agent.fresh_scrape()
    assert first.one("container_cpu_usage_seconds_total", **only(container)) >= 0.5
    docker.docker("stop", "-t", "5", container.id)
    docker.docker("start", container.id)
    wait_for(lambda: container.log().count("burnt") == 2, 30, "the second run")
    second = agent.fresh_scrape()
    truths.within(second.one("container_cpu_usage_seconds_total", **only(container)), 0.5, 0.75, "after the restart")
    assert second.one("container_start_time_seconds", **only(container)) > first.one(
        "container_start_time_seconds", **only(container)
    )


def test_the_host_as_a_whole(agent):
    scrape = agent.fresh_scrape()
    total = next(
        int(line.split()[1])
        for line in pathlib.Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    assert scrape.one("machine_memory_bytes") == total * 1024
    assert scrape.one("machine_cpu_cores") == os.cpu_count()
    host = agent.get("/api/v1/host")
    assert host, "an empty answer"


def test_the_agent_in_a_container_sees_the_host(docker, containers):
    """The host mounted read-only below /host and nothing else: no socket, no privilege."""
    docker.import_image("tallyman/agent:1", bundle.files_of(agent_binary(), "/tallyman"), 'ENTRYPOINT ["/tallyman"]')
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        root = next(line for line in table if line.split()[4] == "/")
    # As documented for users; without systemd / may be private, and Docker then refuses to be its slave.
    propagation = ",rslave" if "shared:" in root or "master:" in root else ""
    subject = containers("subject", "burn", "0.2", "then", "stay")
    subject.wait_for_line("burnt")
    inside = containers(
        "agent",
        "--path.rootfs=/host",
        f"--docker.root={docker.data_root}",
        "--web.listen-address=:8255",
        "--sampling.interval=200ms",
        image="tallyman/agent:1",
        options=["--read-only", "-v", "/:/host:ro" + propagation],
    )
    client = AgentClient(inside.inspect()["NetworkSettings"]["IPAddress"], 8255)
    with docker.network.entered():
        wait_for(client.ready, 60, "the agent in the container is ready")
        scrape = client.fresh_scrape()
    assert scrape.one("container_cpu_usage_seconds_total", name="subject") >= 0.2
    assert scrape.one("container_network_receive_bytes_total", name="subject", interface="eth0") > 0
    assert scrape.one("container_cpu_usage_seconds_total", name="agent") > 0
    # Of its own process ids the agent sees others than the host does: never the host's traffic instead.
    assert [s.labels["interface"] for s in scrape.all("container_network_receive_bytes_total", name="agent")] == [
        "eth0"
    ]
    docker.docker("stop", "-t", "60", inside.id)
    assert inside.inspect()["State"]["ExitCode"] == 0
