"""`tallyman ls` beside a running agent: no Docker, no root."""

import json
import os
import subprocess

import pytest

from support import paths
from support.agent import Agent, free_port


@pytest.fixture(scope="module")
def agent():
    with Agent() as running:
        yield running


def ls(*flags, code=0):
    """(standard output, standard error)"""
    done = subprocess.run(
        [paths.agent_binary(), "ls", *flags], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_it_shows_what_the_agent_shows(agent):
    agent.fresh_scrape()
    out, err = ls("--json", f"--web.listen-address={agent.address}")
    # Containers of the host's own, whose files are elsewhere, have no names: it says so, and nothing else.
    assert all("for a name: " in line or "for names: " in line for line in err.splitlines()), err
    rows = {row["id"]: row for row in json.loads(out)}
    # Cgroups and groups of processes come and go.
    known = {one["id"] for one in agent.get("/api/v1/workloads")["workloads"]}
    assert len(rows.keys() & known) > 0.8 * len(known)
    # The memory of the host is not the same for long, but it has one, and a rate of CPU.
    assert rows["/"]["memory_working_set_bytes"] > 0 and rows["/"]["cpu_cores"] >= 0


def test_the_usage_of_the_api_is_that_of_ls(agent):
    usage = agent.get("/api/v1/usage")
    assert 0 < usage["measured_seconds"] < 60 and usage["interval_seconds"] == 0.2
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        assert usage["boot_id"] == file.read().strip()
    host = next(one for one in usage["workloads"] if one["id"] == "/")
    assert host["kind"] == "host" and 0 <= host["cpu_cores"] <= 1.1 * os.cpu_count()


def test_names_and_kinds_select(agent):
    address = f"--web.listen-address={agent.address}"
    rows = json.loads(ls("--json", "--kind=host", address)[0])
    assert [row["id"] for row in rows] == ["/"]
    assert "no workload is like that" in ls("no-such-workload", address, code=1)[1]


def test_without_an_agent_it_reads_the_host():
    nobody = f"--web.listen-address=127.0.0.1:{free_port()}"
    rows = json.loads(ls("--json", "--kind=host", nobody)[0])
    assert [row["id"] for row in rows] == ["/"]
    assert "Connection refused" in ls("--source=agent", nobody, code=1)[1]
