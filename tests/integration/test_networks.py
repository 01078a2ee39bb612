"""Sockets of real containers compared with ss, and the owners of the host's interfaces."""

import collections
import contextlib
import os
import pathlib
import subprocess
import sys
import time

import pytest

from support.agent import Agent
from support.host import cgroup_directories, run
from support.leaks import tidy_daemon

WITH_IPV6 = ["--sysctl=net.ipv6.conf.all.disable_ipv6=0"]  # Docker's default is off, ::1 included
MAKER = pathlib.Path(__file__).parent / "support" / "socket_maker.py"
# ss's words for the states, and ours.
STATES = {
    "ESTAB": "established",
    "SYN-SENT": "synsent",
    "SYN-RECV": "synrecv",
    "FIN-WAIT-1": "finwait1",
    "FIN-WAIT-2": "finwait2",
    "TIME-WAIT": "timewait",
    "UNCONN": "close",
    "CLOSE-WAIT": "closewait",
    "LAST-ACK": "lastack",
    "LISTEN": "listen",
    "CLOSING": "closing",
}


@pytest.fixture(scope="module")
def docker():
    """On the host: what is shown of the host's own network is what some of these are about. Nothing is forwarded."""
    with tidy_daemon(on_host=True) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def agent(docker):
    flags = [
        "--collector.tcp",
        "--collector.udp",
        "--collector.advtcp",
        "--collector.network.ignored-interfaces=^$",
        f"--docker.root={docker.data_root}",
    ]
    with Agent(*flags) as running:
        yield running


@contextlib.contextmanager
def sockets(*counts, inside=(), cgroup=None):
    """The maker, run by the command `inside`, in `cgroup` of the v2 tree if there is one."""

    def enter():
        if cgroup:
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))

    maker = subprocess.Popen(
        [*inside, sys.executable, str(MAKER), *map(str, counts)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=enter,
    )
    try:
        assert maker.stdout.readline() == b"ready\n"
        yield maker
    finally:
        maker.stdin.close()
        maker.wait(60)


def by_ss(family, *inside):
    rows = run(*inside, "ss", "-H", "-n", "-t", "-a", f"-{family}").splitlines()
    return collections.Counter(STATES[row.split()[0]] for row in rows)


def by_agent(scrape, metric, cgroup):
    states = {series.labels["tcp_state"]: series.value for series in scrape.all(metric, id=cgroup)}
    return collections.Counter({state: count for state, count in states.items() if count}), len(states)


def settled(agent, check, seconds=60):
    """A slow thread publishes: the figures are there a few passes later."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check(agent.fresh_scrape())
        except (AssertionError, LookupError):  # a label that is not there yet
            if time.monotonic() > deadline:
                raise


def check_states(agent, cgroup, inside):
    def check(scrape):
        for family, metric in ((4, "container_network_tcp_usage_total"), (6, "container_network_tcp6_usage_total")):
            found, series = by_agent(scrape, metric, cgroup)
            assert series == 11
            assert found == by_ss(family, *inside)
        return scrape

    return settled(agent, check)


def test_states_are_those_of_ss(containers, agent):
    container = containers("web", "stay", options=WITH_IPV6)
    inside = ("nsenter", "-t", container.pid, "-n")
    with sockets(5, 3, 7, 2, inside=map(str, inside)):
        scrape = check_states(agent, container.cgroup, inside)
        expected = {"established": 10, "finwait2": 3, "closewait": 3, "timewait": 7, "listen": 1}
        assert by_ss(4, *inside) == expected, "what the maker made"
        assert scrape.one("container_network_sockets", id=container.cgroup, protocol="tcp") == 17
        assert scrape.one("container_network_sockets", id=container.cgroup, protocol="udp6") == 2
        assert scrape.one("container_network_tcp_time_wait_sockets", id=container.cgroup) == 14
        assert scrape.one("container_network_udp_usage_total", id=container.cgroup, udp_state="listen") == 2
        assert (
            scrape.one("container_network_tcp_opened_connections_total", id=container.cgroup, direction="active") == 30
        )
        snmp = run(*inside, "cat", "/proc/net/snmp").splitlines()
        names, figures = [row.split() for row in snmp if row.startswith("Tcp:")]
        kernel = dict(zip(names, figures, strict=True))
        assert scrape.one("container_network_advance_tcp_stats_total", id=container.cgroup, tcp_state="insegs") == int(
            kernel["InSegs"]
        )
        assert scrape.one("container_network_tcp_retransmitted_segments_total", id=container.cgroup) == int(
            kernel["RetransSegs"]
        )
    check_states(agent, container.cgroup, inside)  # all closed


def test_ten_thousand_sockets(containers, agent):
    container = containers("crowd", "stay", options=WITH_IPV6)
    inside = ("nsenter", "-t", container.pid, "-n")
    with sockets(2500, 0, 0, 0, inside=map(str, inside)):
        check_states(agent, container.cgroup, inside)
        assert by_ss(4, *inside)["established"] == 5000


def test_host_network_is_not_the_containers(docker, containers):
    container = containers("on-the-host", "stay", options=["--network", "host"])
    bridged = containers("bridged", "stay")
    with Agent(f"--docker.root={docker.data_root}") as agent:
        scrape = agent.fresh_scrape()
    # Of its sockets its own cgroup's are shown.
    network = [s for s in scrape.samples if s.name.startswith("container_network_") and "interface" in s.labels]
    assert not [s for s in network if s.labels["id"] == container.cgroup]
    assert [s for s in network if s.labels["id"] == bridged.cgroup]
    # The host's own interfaces are shown under the host's name, and there alone.
    interfaces = {s.labels["interface"] for s in network if s.labels["id"] == "/"}
    assert interfaces and "lo" not in interfaces
    assert not [s for s in network if s.labels.get("name") == "on-the-host"]


def test_sockets_of_a_host_network_container_are_its_cgroups(containers, agent):
    container = containers("hosted", "stay", options=["--network=host"])
    other = containers("bystander", "stay", options=["--network=host"])
    trees = [path for path in cgroup_directories(container.cgroup[1:]) if (path / "cgroup.events").is_file()]
    assert trees, "no v2 tree"
    with sockets(4, 0, 0, 3, cgroup=trees[0]):

        def check(scrape):
            assert scrape.one("container_network_sockets", id=container.cgroup, protocol="tcp") == 9
            assert scrape.one("container_network_sockets", id=container.cgroup, protocol="udp6") == 3
            assert scrape.one("container_network_tcp_usage_total", id=container.cgroup, tcp_state="established") == 8
            assert scrape.one("container_network_sockets", id=other.cgroup, protocol="tcp") == 0
            assert scrape.one("container_network_sockets", id="/", protocol="tcp") >= 9
            assert not scrape.all("container_network_receive_bytes_total", id=container.cgroup)

        settled(agent, check)


def test_a_namespace_that_ends_takes_its_series_along(containers, agent):
    container = containers("short", "stay")
    settled(agent, lambda scrape: scrape.one("container_network_sockets", id=container.cgroup, protocol="tcp"))
    errors = agent.scrape()
    container.remove()

    def check(scrape):
        assert not scrape.all("container_network_sockets", id=container.cgroup)

    settled(agent, check)
    for kind in ("denied", "io", "malformed"):
        assert agent.scrape().one("tallyman_collector_errors_total", collector="sockets", kind=kind) == errors.one(
            "tallyman_collector_errors_total", collector="sockets", kind=kind
        )


def test_each_veth_has_its_owner(docker, containers, agent):
    pair = [containers(name, "stay") for name in ("left", "right")]
    links = {
        pathlib.Path(f"/sys/class/net/{name}/ifindex").read_text().strip(): name
        for name in os.listdir("/sys/class/net")
        if os.path.isdir(f"/sys/class/net/{name}")
    }

    def inner_index(container):
        text = run("nsenter", "-t", container.pid, "-n", "ip", "-o", "link", "show", "eth0")
        return text.split("eth0@if")[1].split(":")[0]

    def check(scrape):
        infos = {s.labels["interface"]: s.labels for s in scrape.all("tallyman_network_interface_info")}
        assert infos[docker.bridge]["interface_kind"] == "bridge"
        for container in pair:
            veth = infos[links[inner_index(container)]]
            assert veth["interface_kind"] == "veth"
            assert veth["owner_id"] == container.cgroup
            assert veth["owner"] == container.name
            assert veth["master"] == docker.bridge

    settled(agent, check)
    reported = {one["interface"]: one for one in agent.get("/api/v1/host")["interfaces"]}
    assert reported[docker.bridge]["interface_kind"] == "bridge"
    assert reported["lo"]["interface_kind"] == "loopback"
    for container in pair:
        assert reported[links[inner_index(container)]]["owner_id"] == container.cgroup
