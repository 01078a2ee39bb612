"""systemd as process 1, on cgroup v2: its units and machines, and Podman with its driver,
as the agent names them, against what systemd says of itself."""

import datetime
import json
import pathlib
import re

import pytest

import systemd_guest
import systemd_machine
from support import prometheus_text


class Guest:
    """What the guest has handed out."""

    def __init__(self, directory):
        self.directory = directory
        self.workloads = self.by_id("workloads.json")

    def read(self, name):
        return (self.directory / name).read_text()

    def by_id(self, name):
        return {one["id"]: one for one in json.loads(self.read(name))["workloads"]}

    def shown(self, unit):
        """systemctl show: {property: value}"""
        return dict(line.split("=", 1) for line in self.read(f"show/{unit}").splitlines() if "=" in line)

    def unit(self, unit):
        return self.workloads[self.shown(unit)["ControlGroup"]]


@pytest.fixture(scope="module")
def guest():
    result, console = systemd_machine.run(systemd_guest.files())
    with result:
        assert "guest: all done" in console, console[-4000:]
        yield Guest(pathlib.Path(result.name) / "result")


@pytest.mark.parametrize(
    "unit, kind, started_by",
    [
        ("plain.service", "service", "systemd"),
        ("tallyman.service", "service", "systemd"),
        ("user@1000.service", "service", "systemd"),
        ("hello.service", "service", "fleet"),
        ("by-hand.service", "service", "transient"),
        ("scoped.scope", "scope", "transient"),
        ("system.slice", "slice", "systemd"),
        ("farm.slice", "slice", "systemd"),
    ],
)
def test_units_are_of_their_kind_and_say_who_started_them(guest, unit, kind, started_by):
    workload = guest.unit(unit)
    assert (workload["kind"], workload["workload"], workload["runtime"]) == (kind, unit, "systemd")
    assert workload["started_by"] == started_by
    assert (guest.shown(unit)["Transient"] == "yes") == (started_by == "transient"), "systemd says so too"


@pytest.mark.parametrize("unit", ["plain.service", "hello.service", "by-hand.service", "scoped.scope"])
def test_units_have_the_start_that_systemd_says(guest, unit):
    expected = datetime.datetime.strptime(
        guest.shown(unit)["InactiveExitTimestamp"] + "+0000", "%a %Y-%m-%d %H:%M:%S.%f UTC%z"
    )
    scrape = prometheus_text.parse(guest.read("metrics.prom"))
    started = scrape.one("container_start_time_seconds", id=guest.shown(unit)["ControlGroup"])
    assert started == pytest.approx(expected.timestamp(), abs=0.5)


def test_a_slice_has_no_start(guest):
    assert "started" not in guest.unit("farm.slice"), "systemd writes none down"


def test_a_units_slice_is_its_group(guest):
    assert guest.unit("by-hand.service")["slice"] == "farm.slice"
    groups = {one["slice"]: one["members"] for one in json.loads(guest.read("slices.json"))}
    assert set(groups["farm.slice"]) == {guest.shown(u)["ControlGroup"] for u in ("by-hand.service", "hello.service")}
    assert guest.shown("plain.service")["ControlGroup"] in groups["system.slice"]


def test_a_users_units_are_the_users(guest):
    mine = next(one for one in guest.workloads.values() if one["workload"] == "user@1000/mine.service")
    assert mine["id"].startswith("/user.slice/user-1000.slice/user@1000.service/")
    assert (mine["kind"], mine["started_by"], mine["user"]) == ("service", "user@1000.service", 1000)
    assert mine["slice"] == "user@1000.service/app.slice"


@pytest.mark.parametrize(
    "unit, name",
    [
        ("systemd-nspawn@the-box.service", "the-box"),
        ("own.service", "own.box"),
        ("machine-scope\\x2dbox.scope", "scope-box"),
    ],
)
def test_nspawns_containers_are_named_by_machined(guest, unit, name):
    workload = guest.unit(unit)
    assert (workload["kind"], workload["runtime"], workload["name"]) == ("container", "machined", name)
    assert name in guest.read("machinectl")
    state = dict(line.split("=", 1) for line in guest.read(f"machines/{name}").splitlines() if "=" in line)
    assert workload["init_pid"] == int(state["LEADER"])
    assert workload["mounts"][0]["source"] == state["ROOT"] == "/var/lib/machines/" + name


def test_podman_with_systemds_driver_is_named(guest):
    # The agent without rights cannot see root's storage; the one of root's can.
    cgroup = "/machine.slice/libpod-" + guest.read("podman").strip() + ".scope"
    rows = {one["id"]: one for one in json.loads(guest.read("as-root.json"))}
    assert (rows[cgroup]["kind"], rows[cgroup]["runtime"], rows[cgroup]["workload"]) == (
        "container",
        "podman",
        "in-podman",
    )
    burnt = prometheus_text.parse(guest.read("once.prom")).one(
        "container_cpu_usage_seconds_total", id=cgroup, cpu="total"
    )
    assert burnt >= 1.0
    assert guest.workloads[cgroup]["kind"] == "container", "recognised all the same"


def test_the_agent_runs_as_a_unit_without_rights(guest):
    shown = guest.shown("tallyman.service")
    assert shown["NoNewPrivileges"] == "yes" and re.search("ready|sampl|serv", shown["StatusText"], re.I), shown
    assert guest.shown("stopped") == {"Result": "success", "ExecMainStatus": "0"}


def test_a_restarted_service_has_a_new_start(guest):
    cgroup = guest.shown("plain.service")["ControlGroup"]
    before, after = guest.workloads[cgroup], guest.by_id("restarted.json")[cgroup]
    assert after["started"] > before["started"]


def test_docker_with_systemds_driver_is_named(guest):
    cgroup = "/system.slice/docker-" + guest.read("docker").split()[-1] + ".scope"
    rows = {one["id"]: one for one in json.loads(guest.read("as-root.json"))}
    assert (rows[cgroup]["kind"], rows[cgroup]["runtime"], rows[cgroup]["workload"]) == (
        "container",
        "docker",
        "in-docker",
    )
    burnt = prometheus_text.parse(guest.read("once.prom")).one(
        "container_cpu_usage_seconds_total", id=cgroup, cpu="total", name="in-docker", image="tallyman/truth:1"
    )
    assert burnt >= 1.0
