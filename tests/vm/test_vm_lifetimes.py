"""tests/integration/test_lifetimes.py under cgroup v2 alone: real containers, by an OCI runtime."""

import json
import pathlib
import shutil

import pytest

import machine
from support import prometheus_text

CONTAINERS, EVERY_LONG = 200, 20
BURNT_SECONDS = CONTAINERS * 0.02 + CONTAINERS // EVERY_LONG * (0.3 - 0.02)
PAGE, MIB = 4096, 1024 * 1024
NAMESPACES = ("pid", "mount", "ipc", "uts", "network", "cgroup")


def bundle():
    """The runtime's configuration; a cgroup's path is what Docker's cgroupfs driver makes it."""
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/truth", "burn", "@SECONDS@"],
            "cwd": "/",
            "env": ["PATH=/"],
        },
        "root": {"path": "rootfs", "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"cgroupsPath": "/docker/@ID@", "namespaces": [{"type": name} for name in NAMESPACES]},
    }


@pytest.fixture(name="guest", scope="module")
def run_in_guest():
    runtime = shutil.which("crun")
    assert runtime, "crun is not installed: scripts/install test installs it"
    init = (machine.HERE / "guest" / "lifetimes").read_text()
    result, console = machine.run(
        {"init": init, "config.json": json.dumps(bundle()), "containers": str(CONTAINERS)}, programs={"/crun": runtime}
    )
    with result:
        assert "guest: all done" in console, console[-4000:]
        yield pathlib.Path(result.name) / "result"


def events(guest, kind):
    return [
        event
        for event in json.loads((guest / f"{kind}.json").read_text())["events"]
        if event["workload"]["id"].startswith("/docker/")
    ]


def test_each_has_its_start_and_its_end(guest):
    started, died = events(guest, "started"), events(guest, "died")
    ids = {f"/docker/{number:064x}" for number in range(CONTAINERS + 1)}
    assert len(started) == len(died) == CONTAINERS + 1
    assert {event["workload"]["id"] for event in started} == {event["workload"]["id"] for event in died} == ids
    assert {event["workload"]["kind"] for event in died} == {"container"}


def test_the_sum_closes(guest):
    whole = int((guest / "cpu.stat").read_text().split()[1]) / 1e6
    # crun removes a cgroup in the moment in which it empties: with the guest's one processor
    # the agent reads it before that at times only, and books the rest to the parent.
    known = [event["details"]["cpu_seconds"] for event in events(guest, "died") if "cpu_seconds" in event["details"]]
    final_seconds = sum(known)
    scrape = prometheus_text.parse((guest / "metrics").read_text())
    booked = sum(sample.value for sample in scrape.all("tallyman_unattributed_cpu_seconds_total", id="/docker"))
    print(
        f"of {whole:.3f} s: {final_seconds:.3f} s in {len(known)} final stats, {booked:.3f} s booked to the parent; "
        f"{BURNT_SECONDS:.3f} s were burnt by the programs"
    )
    assert final_seconds + booked == pytest.approx(whole, rel=0.005)
    assert whole >= BURNT_SECONDS


def test_nothing_of_them_stays(guest):
    later = (guest / "later").read_text()
    assert 'id="/docker"' in later and 'id="/docker/' not in later
    before, after = ((guest / f"{moment}.fd").read_text() for moment in ("before", "after"))
    assert "/docker/0" not in after
    assert len(after.splitlines()) <= len(before.splitlines()) + 5
    resident = [int((guest / f"{moment}.statm").read_text().split()[1]) * PAGE for moment in ("before", "after")]
    assert resident[1] <= resident[0] + 8 * MIB
    assert (guest / "serve.exit").read_text().strip() == "0"
