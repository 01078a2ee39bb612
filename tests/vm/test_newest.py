"""The newest kernel, systemd and runtimes of Debian: every container by its name, with what it is known
to use, and what is inside a system container as its own."""

import json
import pathlib
import re

import pytest

import newest_guest
import newest_machine
from support import prometheus_text


class Guest:
    """What the guest has handed out."""

    def __init__(self, directory):
        self.directory = directory
        self.scrape = prometheus_text.parse(self.read("metrics.prom"))
        self.workloads = json.loads(self.read("workloads.json"))["workloads"]
        self.events = json.loads(self.read("events.json"))["events"]

    def read(self, name):
        return (self.directory / name).read_text()

    def container(self, name):
        found = [one for one in self.workloads if one["kind"] == "container" and one.get("name") == name]
        assert len(found) == 1, [(one["kind"], one["workload"], one["id"]) for one in self.workloads]
        return found[0]

    def version(self, file):
        return tuple(int(part) for part in re.search(r"(\d+)\.(\d+)", self.read(file)).groups())


@pytest.fixture(scope="module")
def guest():
    result, console = newest_machine.run(newest_guest.files())
    with result:
        assert "guest: all done" in console, console[-4000:]
        yield Guest(pathlib.Path(result.name) / "result")


def test_all_is_as_new_as_this_is_about(guest):
    assert guest.version("kernel") >= (7, 0)
    assert int(guest.read("systemd").split()[1]) >= 257
    for program, least in (("docker", (28, 5)), ("podman", (5, 8)), ("crun", (1, 28)), ("runc", (1, 3))):
        assert guest.version(f"version-{program}") >= least, program
    assert "overlay2" in guest.read("info-graph")
    assert "io.containerd.snapshotter.v1" in guest.read("info-store")


@pytest.mark.parametrize("name, runtime", [("in-graph", "docker"), ("in-store", "docker"), ("quad", "podman")])
def test_a_container_has_its_name_and_image(guest, name, runtime):
    workload = guest.container(name)
    inspected = json.loads(guest.read("inspect/" + name.removeprefix("in-")))[0]
    assert (workload["runtime"], inspected["Id"] in workload["id"]) == (runtime, True)
    sample = guest.scrape.all("container_cpu_usage_seconds_total", id=workload["id"], cpu="total")[0]
    assert sample.labels["name"] == name
    assert sample.labels["image"].removeprefix("localhost/") == "tallyman/truth:1"
    assert workload["init_pid"] == inspected["State"]["Pid"]


@pytest.mark.parametrize("name", ["in-graph", "in-store", "quad", "box"])
def test_a_container_has_burnt_its_second(guest, name):
    used = guest.scrape.one("container_cpu_usage_seconds_total", id=guest.container(name)["id"], cpu="total")
    assert used >= 1.0
    if name != "box":  # systemd's own start takes seconds here
        assert used < 2.5


@pytest.mark.parametrize("name", ["in-graph", "in-store", "quad"])
def test_a_containers_layer_is_measured(guest, name):
    written = newest_guest.LAYER_MIB << 20
    measured = guest.scrape.one("container_fs_layer_bytes", id=guest.container(name)["id"])
    assert written <= measured < written + (1 << 20)


@pytest.mark.parametrize("name", ["graph", "store"])
def test_a_failure_has_its_exit_code(guest, name):
    assert int(guest.read(f"code-{name}")) == newest_guest.EXIT_CODE
    died = [one for one in guest.events if (one["type"], one["workload"]["workload"]) == ("died", f"fails-{name}")]
    assert [one["details"]["exit_code"] for one in died] == [newest_guest.EXIT_CODE]


@pytest.mark.parametrize("name", ["graph", "store"])
def test_dockers_shares_are_those_that_the_user_set(guest, name):
    assert guest.scrape.one("container_spec_cpu_shares", id=guest.container(f"in-{name}")["id"]) == 512


def test_a_system_container_has_the_network_of_what_is_inside(guest):
    box = guest.container("box")
    assert box["runtime"] == "lxc"
    sent = guest.scrape.one("container_network_transmit_bytes_total", id=box["id"], interface="eth0")
    assert newest_guest.BYTES_SENT <= sent < newest_guest.BYTES_SENT * 1.1


def test_what_systemd_runs_inside_is_in_its_container(guest):
    box = guest.container("box")
    inside = [one for one in guest.workloads if one["id"].startswith(box["id"] + "/")]
    service = next(one for one in inside if one["id"].endswith("/in-box.service"))
    assert service["kind"] != "container"
    assert not [one for one in guest.workloads if one["workload"] == "in-box.service" and one not in inside]


def test_the_agent_had_nothing_to_complain_of(guest):
    assert guest.read("agent-warnings") == ""
    assert guest.read("stop") == ""
