"""`tallyman overhead` with a real Docker, for loads with known results."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import stat
import statistics
import subprocess
import tempfile
import threading
import time

import pytest

from support import own, paths
from support.agent import Agent
from support.docker import DockerDaemon
from support.host import CGROUPS, run
from support.runtimes import traces_removed
from support.waiting import end, wait_for

SYSTEM_PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="cgroups, namespaces and dockerd need root")


@pytest.fixture
def state():
    with tempfile.TemporaryDirectory(prefix=own.mark() + "overhead-") as directory:
        yield pathlib.Path(directory)


def command(state, *flags, docker=None):
    """With Docker in its daemon's network, where its containers and its published ports are to be reached."""
    words = [str(paths.agent_binary()), "overhead", "run", f"--output={state}", *flags]
    return docker.network.command(*words, f"--docker.host={docker.host}") if docker else words


def overhead(state, *flags, docker=None, code=0, env=None):
    """(report, its messages) of one run."""
    done = subprocess.run(
        command(state, "--json", *flags, docker=docker),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env=env,
    )
    assert done.returncode == code, done.stderr
    return (json.loads(done.stdout) if code == 0 else None), done.stderr


def result(report, workload, label):
    return next(r for r in report["results"] if r["workload"] == workload and r["label"] == label)


def samples(report, workload, label):
    return next(c["samples"] for c in report["cells"] if c["workload"] == workload and c["label"] == label)


def median_ns(report, workload, label):
    return statistics.median(sample["wall_ns"] for sample in samples(report, workload, label))


@contextlib.contextmanager
def busy_cpus(loops):
    """In this process's own cgroup and session."""
    running = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
            loop.wait()


def left_behind(docker, state, run_name):
    """What bears the laboratory's mark: with the daemon and in the directory of the test's own that of any run, else
    that of this one, since somebody may measure beside."""
    found = docker.docker("ps", "-aq", "--filter", "label=tallyman.overhead").split()
    found += docker.docker("volume", "ls", "-q", "--filter", "label=tallyman.overhead").split()
    found += [name for name in docker.docker("images", "--format", "{{.Repository}}").split() if "overhead" in name]
    found += [
        str(p)
        for tree in (CGROUPS, *CGROUPS.iterdir())
        if tree.is_dir()
        for p in tree.glob(f"tallyman-overhead-{run_name}*")
        if p.is_dir()
    ]
    found += [str(p) for p in state.iterdir() if p.name.startswith(("work-", "cleanup-"))]
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        found += [line for line in table if str(state) in line]
    return found


DOCKER_MODES = "docker,docker-unconfined,docker-host,docker-volume"


def test_every_mode_is_measured_reported_and_cleaned_up(docker, state):
    flags = ("--rounds=5", "--duration=5ms", f"--mode=cgroup,namespaces,contained,overlay,{DOCKER_MODES}")
    report, output = overhead(state, *flags, docker=docker)
    assert "round 5 of 5" in output
    measured = {(c["workload"], c["label"]) for c in report["cells"] if len(c["samples"]) == 5}
    for cell in [
        ("integer", "docker-unconfined"),
        ("system-calls", "contained"),
        ("start", "docker-volume"),
        ("write-fsync", "docker-volume: volume"),
        ("small-files", "overlay"),
        ("copy-up-1m", "docker"),
        ("tcp-latency", "docker"),
        ("loopback-connect", "namespaces"),
        ("fork-exec", "docker-host"),
    ]:
        assert cell in measured, (cell, output)
    assert report["facts"]["docker storage driver"] in docker.docker("info")
    # Much larger: a start by Docker, and copying up. Whether five rounds show it depends on the noise of the machine.
    for workload in ("start", "copy-up-16m"):
        assert median_ns(report, workload, "docker") > 3 * median_ns(report, workload, "bare"), workload
        compared = result(report, workload, "docker")["wall"]
        assert not compared["differs"] or compared["ratio"] > 3
    directory = state / report["run"]
    assert {p.name for p in directory.iterdir()} >= {"report.json", "report.md", "report.txt", "files.svg"}
    assert all(len(line) <= 80 for line in (directory / "report.txt").read_text().splitlines())
    assert left_behind(docker, state, report["run"]) == []


def test_other_runtimes_and_a_published_port_are_measured_and_cleaned_up(state):
    """All that is installed here: test_podman_lxc.py and test_nspawn.py have their packages."""
    modes = ("docker-published", "podman", "lxc", "nspawn")
    with traces_removed(), DockerDaemon("--userland-proxy=true") as daemon:
        network, slowest, _ = slow_down(daemon)
        report, output = overhead(
            state,
            "--rounds=5",
            "--duration=5ms",
            f"--mode={','.join(modes)}",
            f"--workload=integer,start,write,{network}",
            docker=daemon,
        )
        assert left_behind(daemon, state, report["run"]) == []
        assert report["run"] not in run("podman", "images", "--format", "{{.Repository}}")
        assert report["run"] not in run("podman", "ps", "-a", "--format", "{{.Names}}")
    assert {m["name"]: m["reason"] for m in report["modes"] if m["reason"]} == {}, output
    for workload, mode in [
        ("start", "docker-published"),
        (network, "docker-published"),
        ("write", "podman"),
        ("integer", "podman"),
        ("integer", "lxc"),
        ("integer", "nspawn"),
    ]:
        assert len(samples(report, workload, mode)) == 5, (workload, mode, output)
    for mode in modes:
        assert median_ns(report, "start", mode) > 3 * median_ns(report, "start", "bare")
    # Each byte passes the bridge; the first half of 64 KiB is what may come at once.
    assert all(sample["wall_ns"] >= slowest / 2 for sample in samples(report, network, "docker-published"))


def test_real_applications_answer_bare_and_contained(docker, state):
    missing = [name for name in ("nginx", "wrk", "pgbench") if not shutil.which(name, path=SYSTEM_PATH)]
    if missing:
        pytest.skip(f"not installed, as Debian starts them as services: {missing}; scripts/install overhead has them")
    state.chmod(0o755)  # PostgreSQL's user has to get there
    report, output = overhead(
        state, "--rounds=5", "--duration=5ms", "--mode=docker", "--workload=nginx,postgresql", docker=docker
    )
    for workload in ("nginx", "postgresql"):
        for label in ("bare", "docker"):
            times = [sample["wall_ns"] for sample in samples(report, workload, label)]
            # Between a million operations a second and one: they were answered, and not all at once.
            assert len(times) == 5 and all(1e3 < time < 1e9 for time in times), (workload, label, output)
    assert left_behind(docker, state, report["run"]) == []


def test_a_report_compared_with_itself_has_not_changed(state):
    report, _ = overhead(state, "--rounds=5", "--duration=5ms", "--mode=cgroup", "--workload=integer,start")
    path = str(state / report["run"])
    done = subprocess.run(
        [paths.agent_binary(), "overhead", "compare", path, path + "/report.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no measurable difference") == 2


@pytest.mark.parametrize("loops_per_cpu", [0, 1])
def test_a_quota_is_found_with_its_size_and_sign(docker, state, loops_per_cpu):
    """A tenth of a CPU: an operation takes ten times its CPU time, and longer where others leave less than that. On a
    busy machine too: this wait is not for others."""
    with busy_cpus(loops_per_cpu * os.cpu_count()):
        report, _ = overhead(
            state,
            "--rounds=5",
            "--duration=1s",
            "--mode=docker-options",
            "--workload=integer",
            "--docker.options=--cpus 0.1",
            docker=docker,
        )
    found = result(report, "integer", "docker-options")
    times = [s["wall_ns"] / s["cpu_ns"] for s in samples(report, "integer", "docker-options")]
    # 1 s is ten periods of 100 ms, and one of them may be cut. Where others take from what has no quota, they take
    # from this as well.
    without = [*samples(report, "integer", "bare"), *samples(report, "integer", "control")]
    others = max(s["wall_ns"] / s["cpu_ns"] for s in without)
    assert 8 <= min(times) <= 12 * max(1, others), (times, others)
    if others < 2.5:  # else the report may say that the noise is as large
        assert found["wall"]["differs"] and found["wall"]["ratio"] > 2, (found["wall"], times, others)
    assert not found["cpu"]["differs"] or found["cpu"]["ratio"] < 1.5  # cold caches alone


def test_waiting_for_a_cpu_is_no_cost(state):
    """The bare process shares its cgroup with those that take all CPUs, the other one has a cgroup of its own: they
    wait differently and do the same."""
    with busy_cpus(3 * os.cpu_count()):
        report, _ = overhead(state, "--rounds=6", "--duration=100ms", "--mode=cgroup", "--workload=integer,page-faults")
    assert report["used_by_others"] > 0.25
    assert any("The machine was busy" in remark for remark in report["remarks"])
    for workload in ("integer", "page-faults"):
        wall = result(report, workload, "cgroup")["wall"]
        assert not wall["differs"] and "ratio" not in wall, (workload, wall)
        assert f"{workload} takes" not in " ".join(report["summary"])


def slow_down(docker):
    """Its bridge, by a delay where the kernel has one, else by a rate. (what, lowest and highest expected
    nanoseconds)"""
    qdisc = docker.network.command("tc", "qdisc", "add", "dev", docker.bridge, "root")
    if subprocess.run([*qdisc, "netem", "delay", "2ms"], capture_output=True, check=False).returncode == 0:
        return "tcp-latency", 2.0e6, 4.0e6
    # 65,536 bytes in frames of 1,514 for 1,448 of payload, at 12.5 MB/s.
    run(*qdisc, "tbf", "rate", "100mbit", "burst", "32kb", "latency", "50ms")
    return "tcp-throughput", 5.2e6, 7.5e6


def test_a_slow_network_is_found_with_its_size_and_sign(docker, state):
    workload, low, high = slow_down(docker)
    try:
        report, _ = overhead(
            state, "--rounds=5", "--duration=200ms", "--mode=docker", f"--workload={workload}", docker=docker
        )
    finally:
        run(*docker.network.command("tc", "qdisc", "del", "dev", docker.bridge, "root"))
    wall = result(report, workload, "docker")["wall"]
    assert wall["interval"][0] > 2, wall
    # Whoever waits for the network may wait for a CPU beside it: a busy machine cannot tell which of the two it was.
    assert wall["differs"] or (wall.get("unclear") and report["used_by_others"] > 0.25), (
        wall,
        report["used_by_others"],
    )
    times = [sample["wall_ns"] for sample in samples(report, workload, "docker")]
    # On a busy machine some take longer: the processes wait for a CPU as well.
    assert low <= min(times) <= high, times


def test_a_mode_that_differs_in_nothing_is_found_to(docker, state):
    """Each run finds something by chance once in 20 times at most, by Holm's correction: never the same again."""

    def found():
        return {
            (row["workload"], of, row[of]["ratio"] > 1)
            for row in differing_in_nothing(docker, state)
            for of in ("wall", "cpu")
            if row[of]["differs"]
        }

    first = found()
    assert not first or not first & found()


def differing_in_nothing(docker, state):
    report, _ = overhead(
        state,
        "--baseline=docker",
        "--mode=docker-options",
        "--docker.options=--label=nothing=1",
        "--workload=integer,system-calls,page-faults,read",
        "--rounds=6",
        "--duration=20ms",
        docker=docker,
    )
    rows = [r for r in report["results"] if r["label"] == "docker-options"]
    assert len(rows) == 4
    return rows


def test_the_control_finds_nothing(state):
    """10 workloads in 5 runs of 10 rounds, whose intervals miss the truth in 2.1 % by chance (the sign test's, whatever
    the machine does meanwhile): 8 of 50 or more come once in 60,000 times by chance, and 9 times of 10 were
    one in four of them wrong."""
    workloads = (
        "integer,floating-point,system-calls,context-switches,page-faults,fork-exec,write,read,"
        "loopback-throughput,loopback-latency"
    )
    good = total = 0
    for _ in range(5):
        report, _ = overhead(state, "--mode=bare", f"--workload={workloads}", "--duration=20ms")
        for row in report["results"]:
            low, high = row["wall"]["interval"]
            total += 1
            good += low <= 1 <= high
    print(f"intervals of the control with 1 in them: {good} of {total}")
    assert total == 50 and good > 42


USAGE, SEEN = "container_cpu_usage_seconds_total", "container_last_seen"


def scraped(agent, stop, seen):
    """[(when it was answered, {cgroup: (CPU seconds, when that was sampled)})], in nanoseconds since the epoch."""
    while not stop.is_set():
        figures = {USAGE: {}, SEEN: {}}
        for line in agent.text().splitlines():
            name = line.partition("{")[0]
            if name in figures:
                cgroup = line.split('id="', 1)[1].split('"', 1)[0]
                figures[name][cgroup] = float(line.rsplit(" ", 1)[1])
        both = figures[USAGE].keys() & figures[SEEN].keys()
        seen.append((time.time_ns(), {one: (figures[USAGE][one], figures[SEEN][one] * 1e9) for one in both}))
        time.sleep(0.02)


AGREEING = ("integer", "floating-point", "system-calls", "page-faults")


def used_between(figures, earlier, later):
    """CPU seconds in the samples that lie between two orders."""
    return [
        used for answered, used, sampled in figures if sampled > earlier["ended_ns"] and answered < later["began_ns"]
    ]


def checked_against_the_agent(docker, state):
    """How many measurements of a run had a sample of the agent on both sides, and agreed with it."""
    seen, stop = [], threading.Event()
    with Agent(f"--docker.root={docker.data_root}", interval="100ms") as agent:
        thread = threading.Thread(target=scraped, args=(agent, stop, seen))
        thread.start()
        try:
            flags = ("--rounds=5", "--duration=300ms", "--mode=docker,cgroup", f"--workload={','.join(AGREEING)}")
            report, _ = overhead(state, *flags, docker=docker)
        finally:
            stop.set()
            thread.join()
    checked = 0
    for mode in ("docker", "cgroup"):
        cgroups = next(m["cgroups"] for m in report["modes"] if m["name"] == mode)
        for number, cgroup in enumerate(cgroups, 1):
            figures_of = [(answered, *figures[cgroup]) for answered, figures in seen if cgroup in figures]
            orders = [one for name in AGREEING for one in samples(report, name, mode) if one["round"] == number]
            orders.sort(key=lambda one: one["began_ns"])
            # Between two orders it is idle; before the first and after the last it starts and ends.
            for earlier, one, later in zip(orders, orders[1:], orders[2:], strict=False):
                before = used_between(figures_of, earlier, one)
                after = used_between(figures_of, one, later)
                if before and after:
                    checked += 1
                    by_agent = after[0] - before[-1]
                    assert by_agent == pytest.approx(one["own_cpu_ns"] / 1e9, rel=0.05, abs=0.005), (mode, one)
    return checked


def test_cpu_time_agrees_with_the_agents_metrics(docker, state):
    checked = 0
    for _ in range(10):  # on a busy machine few have such samples
        checked += checked_against_the_agent(docker, state)
        print(f"{checked} measurements had a sample on both sides, and agreed")
        if checked >= 3:
            return
    raise AssertionError(f"only {checked} measurements of ten runs had a sample on both sides")


def interrupted(docker, state, number):
    """(exit code, name) of a run that got this signal in the middle."""
    process = subprocess.Popen(
        command(state, "--mode=cgroup,docker,docker-volume", "--rounds=1000", docker=docker),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(
            lambda: docker.docker("ps", "-q", "--filter", "label=tallyman.overhead"), 600, "a container of the run"
        )
        (log,) = state.glob("cleanup-*.log")
        process.send_signal(number)
        process.communicate(timeout=600)
        return process.returncode, log.name.removeprefix("cleanup-").removesuffix(".log")
    finally:
        if process.poll() is None:
            end(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(docker, state, number):
    code, run_name = interrupted(docker, state, number)
    assert code == 128 + number
    assert left_behind(docker, state, run_name) == []


def test_killed_the_next_run_removes_what_is_left_and_only_that(docker, containers, state):
    bystander = containers("bystander", "stay", options=["--label", "tallyman=no"])
    (state / "work-of-mine").mkdir()
    code, run_name = interrupted(docker, state, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert (state / f"cleanup-{run_name}.log").exists()
    _, output = overhead(state, "--rounds=5", "--duration=5ms", "--mode=bare", "--workload=integer")
    assert "had left behind" in output
    assert left_behind(docker, state, run_name) == [str(state / "work-of-mine")]
    assert bystander.running()


def test_without_docker_the_reason_is_listed(state):
    report, output = overhead(
        state,
        "--rounds=5",
        "--duration=5ms",
        "--mode=docker,cgroup",
        "--workload=integer",
        "--docker.host=unix:///nonexistent.sock",
    )
    assert "docker: left out:" in output and "nonexistent.sock" in output
    mode = next(m for m in report["modes"] if m["name"] == "docker")
    assert "nonexistent.sock" in mode["reason"]
    assert len(samples(report, "integer", "cgroup")) == 5


def test_a_runtime_that_hangs_is_given_up(state):
    hung = state / "docker"
    hung.write_text("#!/bin/sh\nexec sleep 1000\n")
    hung.chmod(hung.stat().st_mode | stat.S_IXUSR)
    _, output = overhead(
        state,
        "--rounds=5",
        "--duration=5ms",
        "--mode=docker",
        "--workload=integer",
        "--time-limit=3s",
        env={**os.environ, "PATH": f"{state}:{os.environ['PATH']}"},
    )
    assert "docker: left out: docker info did not end within 3 s" in output


def test_without_root_what_can_run_runs(state):
    os.chown(state, 65534, 65534)
    done = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            *command(state, "--rounds=5", "--duration=5ms", "--mode=cgroup,namespaces", "--workload=integer"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "cgroup: left out: cannot make the cgroup" in done.stderr
    assert "namespaces: left out: cannot make namespaces: Operation not permitted" in done.stderr


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_made(state):
    run("mount", "-t", "tmpfs", "-o", "size=50m,mode=700", "tmpfs", state)
    try:
        _, output = overhead(state, code=1)
        assert "MiB free" in output and "free some space" in output
        assert [p.name for p in state.iterdir()] == ["lock"]
    finally:
        run("umount", state)


def test_wrong_words_are_named(state):
    _, output = overhead(state, "--workload=intger", code=2)
    assert "did you mean integer?" in output
    done = subprocess.run(
        [paths.agent_binary(), "overhead", "compare", "/nonexistent", "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "/nonexistent: No such file or directory" in done.stderr


def test_two_runs_at_once_are_refused(state):
    first = subprocess.Popen(
        command(state, "--mode=bare", "--workload=integer", "--rounds=1000"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: list(state.glob("cleanup-*.log")), 600, "the first run")
        _, output = overhead(state, "--mode=bare", code=1)
        assert "another run is under way" in output
    finally:
        end(first)
    assert not list(state.glob("cleanup-*.log"))
