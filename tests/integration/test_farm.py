"""The farm from up to down: a web server, a database, the monitor in its container without
any capability, Prometheus; compared with an agent on the bare host."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from support import grafana, paths, promql
from support.agent import Agent
from support.docker import DockerDaemon
from support.farm import SCRIPT, SERVICES, Farm, bytes_read_by_wrk, farm_root, mounts_of
from support.host import processes_naming
from support.waiting import wait_for

if os.geteuid() != 0:
    pytest.skip("dockerd needs root", allow_module_level=True)

LOAD_SECONDS = 10
COMPOSE = "container_label_com_docker_compose_"


@pytest.fixture(scope="module")
def daemon():
    farm_root()  # which may have to download, and is then kept
    # The farm's ports are published by docker-proxy, since the tests make no firewall rules: on the loopback interface
    # of the daemon's network, where these tests are from here on, and so the farm and the agent that they start.
    with DockerDaemon("--userland-proxy=true") as running, running.network.entered():
        yield running
    # Of this daemon alone: others may come and go meanwhile.
    assert not running.directory.exists()
    assert not processes_naming(str(running.directory))
    assert str(running.directory) not in pathlib.Path("/proc/self/mountinfo").read_text()


@pytest.fixture(scope="module")
def farm(daemon):
    """Up and, after the last test, down: then nothing may be left."""
    farm = Farm(daemon)
    before = farm.left()
    code, output, errors = farm.command("up", "--packages")
    try:
        assert code == 0, errors
        assert f"http://127.0.0.1:{farm.ports['MONITOR']}/" in output
        yield farm
    finally:
        code, _, errors = farm.command("down")
    assert code == 0, errors
    assert farm.left() == before


@pytest.fixture(scope="module")
def loaded(farm):
    """(scrape before the load, output of ./farm load, scrape after it)"""
    before = farm.monitor.fresh_scrape()
    code, output, errors = farm.command("load", str(LOAD_SECONDS))
    assert code == 0, errors
    return before, output, farm.monitor.fresh_scrape()


def test_prometheus_has_all_four_with_project_and_service(farm):
    def found():
        rows = farm.prometheus.query('container_cpu_usage_seconds_total{kind="container"}')
        names = {
            labels.get(COMPOSE + "service"): labels for labels, _ in rows if labels.get(COMPOSE + "project") == "farm"
        }
        return names if set(names) >= SERVICES else None

    series = wait_for(found, 120, "Prometheus has all four containers", 0.5)
    for service in SERVICES:
        assert series[service]["name"] == series[service]["workload"]
        assert re.fullmatch(f"farm[_-]{service}[_-]1", series[service]["name"]), series[service]
        assert series[service]["job"] == "tallyman"
    rules = [rule for group in farm.prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 10
    assert not [rule for rule in rules if rule.get("lastError")], rules


def test_the_api_has_names_project_and_service(farm):
    shown = {
        workload["compose"]["service"]: workload
        for workload in farm.monitor.get("/api/v1/workloads")["workloads"]
        if workload.get("compose", {}).get("project") == "farm"
    }
    for service, facts in farm.containers().items():
        assert shown[service]["name"] == facts["Name"].lstrip("/")
        assert shown[service]["container_id"] == facts["Id"]
        assert shown[service]["image"] == facts["Config"]["Image"]
    assert set(shown) == SERVICES


def test_the_monitor_is_unprivileged(farm):
    facts = farm.containers()["monitor"]
    pid = facts["State"]["Pid"]
    status = dict(
        line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, f"{kind} {status[kind]}"
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    host = facts["HostConfig"]
    assert not host["Privileged"] and host["PidMode"] == "" and host["NetworkMode"] != "host"

    mounts = mounts_of(pid)
    assert "ro" in mounts["/"]
    of_host = {point: options for point, options in mounts.items() if point.startswith("/host/")}
    assert len(of_host) >= 5
    writable = [point for point, options in of_host.items() if "ro" not in options]
    assert not writable, writable
    assert not [mount for mount in facts["Mounts"] if "docker.sock" in mount["Source"]]


def test_what_it_is_given_opens_nothing_else(farm):
    """The same mounts and rights, with a shell in place of the agent: it tries what a captured agent would."""
    script = """
      for file in /host/sys/fs/cgroup/docker/cgroup.procs /host/sys/fs/cgroup/*/docker/cgroup.procs; do
        [ ! -e $file ] || { tried=1; echo 0 >$file && echo "wrote $file"; }
      done
      ls /host/proc/$1/root/ && echo "read the host's root"
      echo tried $tried
    """
    output = farm.docker.docker(
        "run",
        "--rm",
        "--network",
        "none",
        "--volumes-from",
        farm.containers()["monitor"]["Id"],
        "--user",
        "0",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "--read-only",
        "--entrypoint",
        "/bin/sh",
        "tallyman-farm/web",
        "-c",
        script,
        "sh",
        os.getpid(),
    )
    assert output == "tried 1"


def test_the_monitors_mounts_are_those_of_the_docs(farm):
    text = (paths.REPOSITORY / "docs/farm.md").read_text()
    documented = set(re.findall(r"^\| `(/[^`]+|DOCKER-ROOT[^`]*)` \|", text, re.M))
    root = str(farm.docker.data_root)
    mounted = {mount["Source"].replace(root, "DOCKER-ROOT") for mount in farm.containers()["monitor"]["Mounts"]}
    mounted = {re.sub("^/sys/fs/cgroup/.+", "/sys/fs/cgroup/*", source) for source in mounted}
    assert mounted | {"/sys/fs/cgroup/*"} == documented


def test_health_is_from_the_agent_itself(farm):
    # Docker asks for the first time after the image's interval of 10 s; up does not wait for it.
    wait_for(
        lambda: farm.containers()["monitor"]["State"]["Health"]["Status"] == "healthy",
        120,
        "the monitor is healthy",
        0.5,
    )
    labels = {COMPOSE + "service": "database"}
    wait_for(lambda: farm.monitor.scrape().one("container_health_state", **labels) == 1, 120, "the database is healthy")


def test_load_shows(farm, loaded):
    before, output, after = loaded

    def growth(metric, service, **labels):
        labels[COMPOSE + "service"] = service
        return after.sum(metric, **labels) - before.sum(metric, **labels)

    transactions = int(re.search(r"actually processed: (\d+)", output).group(1))
    assert transactions > 10
    assert growth("container_cpu_usage_seconds_total", "database") > 0.1
    # What wrk has read, without the headers of TCP, IP and Ethernet: some 70 bytes to answers of 270.
    read = bytes_read_by_wrk(output)
    sent = growth("container_network_transmit_bytes_total", "web")
    print(f"{transactions} transactions, wrk read {read:.0f} bytes, the web server sent {sent:.0f}")
    assert read <= sent < 1.6 * read
    assert growth("container_cpu_usage_seconds_total", "web") > 0.1


def test_load_is_in_prometheus(farm, loaded):
    def rates():
        rows = farm.prometheus.query(
            f'sum by ({COMPOSE}service) (rate(container_cpu_usage_seconds_total{{{COMPOSE}project="farm"}}[1m]))'
        )
        return {labels[COMPOSE + "service"]: value for labels, value in rows}

    wait_for(lambda: rates().get("database", 0) > 0 and rates().get("web", 0) > 0, 120, "rates of both", 0.5)


def test_status_names_them(farm):
    code, output, errors = farm.command("status")
    assert code == 0, errors
    for service in SERVICES:
        assert re.search(f"^farm[_-]{service}[_-]1 +container ", output, re.M), output


def documented_differences():
    """Families in the table of docs/farm.md."""
    text = (paths.REPOSITORY / "docs/farm.md").read_text()
    table = text.split("## What the monitor does not show", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"`(container_[a-z_]+)`", table))


class Comparison:
    """A scrape of the monitor between two of an agent on the bare host, of the farm's containers alone."""

    def __init__(self, farm, bare):
        self._ids = {"/docker/" + facts["Id"] for facts in farm.containers().values()}
        measured = [(service, COMPOSE + "service") for service in SERVICES]
        wait_for(
            lambda: all(
                bare.scrape().all("container_fs_usage_bytes", **{label: service}) for service, label in measured
            ),
            60,
            "the bare agent has walked through all layers",
            0.5,
        )
        first = bare.fresh_scrape()
        # The monitor reads some things every 10 s: what it shows must be younger than the first scrape.
        begun = farm.monitor.get("/api/v1/workloads")["sequence"]
        wait_for(lambda: farm.monitor.get("/api/v1/workloads")["sequence"] > begun + 12, 30, "a slow sample", 0.5)
        between = farm.monitor.scrape()
        last = bare.fresh_scrape()
        self.first, self.between, self.last = map(self._series, (first, between, last))
        self.types = between.families

    def _series(self, exposition):
        return {
            (s.name, tuple(sorted(s.labels.items()))): s.value
            for s in exposition.samples
            if s.labels.get("id") in self._ids
        }


@pytest.fixture(scope="module")
def comparison(farm, loaded):
    with Agent(f"--docker.root={farm.docker.data_root}", interval="1s") as bare:
        return Comparison(farm, bare)


def test_the_monitor_shows_what_a_bare_agent_shows(comparison):
    missing = {name for name, _ in set(comparison.first) - set(comparison.between)}
    more = sorted(set(comparison.between) - set(comparison.last))
    print(f"{len(comparison.between)} series of {len(comparison.first)}")
    assert not more, more[:5]
    # Whether the kernel has counted any I/O of a container on v1 depends on what was in the page cache.
    assert missing | {"container_fs_reads_bytes_total", "container_fs_writes_bytes_total"} == documented_differences()
    assert len(comparison.between) > 200


def test_its_counters_lie_between_those_of_the_bare_agent(comparison):
    counters = [key for key in comparison.between if comparison.types.get(key[0]) == "counter"]
    assert len(counters) > 100
    # The kernel itself rounds user and system time to steps of 10 ms, and takes from one what it adds to the other.
    # Of processes outside of the containers the monitor, without CAP_NET_ADMIN, has such steps too: one for each of
    # the two.
    slack = {
        "container_cpu_user_seconds_total": 0.011,
        "container_cpu_system_seconds_total": 0.011,
        "container_runtime_cpu_seconds_total": 0.021,
    }
    off = [
        (key, comparison.first[key], comparison.between[key], comparison.last[key])
        for key in counters
        if not comparison.first[key] - slack.get(key[0], 0)
        <= comparison.between[key]
        <= comparison.last[key] + slack.get(key[0], 0)
    ]
    assert not off, off[:5]
    assert sum(comparison.last[key] > comparison.first[key] for key in counters) > 10, "nothing grew"


def test_its_limits_are_those_of_the_bare_agent(comparison):
    fixed = [
        key
        for key in comparison.between
        if key[0].startswith("container_spec_")
        or key[0]
        in (
            "container_start_time_seconds",
            "container_threads_max",
            "container_cpuset_effective_cpus",
            "container_ulimits_soft",
        )
    ]
    assert len(fixed) > 20
    assert {key: comparison.between[key] for key in fixed} == {key: comparison.first[key] for key in fixed}


def values_of(farm, dashboard, chosen):
    """Grafana's variables, each by its own query; one of the chosen values where there are several."""
    values = {"datasource": "unused"}
    for name, (selector, label) in grafana.variables(dashboard).items():
        rows = farm.prometheus.query(f"group by ({label}) ({grafana.fill_in(selector, values)})")
        found = sorted(labels[label] for labels, _ in rows if label in labels)
        assert found, f"no value for ${name}"
        values[name] = next((value for value in found if value == chosen.get(name)), found[0])
    return values


def not_reported_here(query, values):
    """What a monitor without capabilities does not show: docs/farm.md."""
    names = promql.metrics(grafana.fill_in(query, values))
    io_of_bare_processes = {f"container_fs_{word}_bytes_total" for word in ("reads", "writes")}
    return (
        names <= documented_differences()
        or "$bare" in query
        and names <= io_of_bare_processes | {"machine_block_device_info"}
    )


@pytest.mark.parametrize("name", grafana.dashboards())
def test_every_query_of_a_dashboard_gives_data(farm, loaded, name):
    dashboard = grafana.dashboards()[name]
    # What is of one workload has data of one of the four at least: only one has a quota.
    containers = [facts["Name"].lstrip("/") for facts in farm.containers().values()]
    views = [
        values_of(
            farm, dashboard, {"workload": container, "container": container, "bare": "dockerd", "kind": "container"}
        )
        for container in containers
    ]
    empty = []
    for title, query in grafana.queries(dashboard):
        answers = [farm.prometheus.query(grafana.fill_in(query, values)) for values in views]
        if not any(answers) and not not_reported_here(query, views[0]):
            empty.append((title, query))
    assert not empty


def test_a_port_in_use_is_named(daemon):
    other = Farm(daemon)
    with contextlib.closing(socket.create_server(("127.0.0.1", other.ports["PROMETHEUS"]))):
        code, _, errors = other.command("up", FARM_PROJECT="other")
    assert code == 1
    assert (
        f"port {other.ports['PROMETHEUS']} is in use; choose another one: FARM_PROMETHEUS_PORT=PORT farm up" in errors
    )


def test_without_docker_it_says_what_to_install(daemon, tmp_path):
    for program in ("bash", "dirname", "readlink"):
        (tmp_path / program).symlink_to(shutil.which(program))
    code, _, errors = Farm(daemon).command("up", PATH=str(tmp_path))
    assert (code, errors) == (1, "farm: there is no docker here. On Debian: apt-get install docker.io docker-compose\n")


def test_without_a_daemon_it_says_so(daemon):
    code, _, errors = Farm(daemon).command("status", DOCKER_HOST="unix:///nonexistent.sock")
    assert code == 1
    assert errors.startswith("farm: the Docker daemon does not answer: ")


def test_without_root_it_says_so(daemon):
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", SCRIPT, "up", "--packages"],
        env=Farm(daemon).environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run this as root, or as one of the group docker" in done.stderr


def test_what_does_not_run_has_no_status_and_no_load(daemon):
    for command in ("status", "load"):
        code, _, errors = Farm(daemon).command(command, FARM_PROJECT="other")
        assert code == 1 and "it does not run" in errors
    code, _, errors = Farm(daemon).command("load", "soon")
    assert code == 1 and "'soon' is no number" in errors
