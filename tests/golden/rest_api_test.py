#!/usr/bin/python3
"""What the agent answers to cAdvisor's REST API about a recorded host, against what a cAdvisor answered there.

rest_api_test.py BINARY: each number and text of cAdvisor's must be there, and be the same, but for the
rows of LEFT_OUT and DIFFERENT. A row that nothing needs is a failure too."""

import contextlib
import gzip
import json
import os
import pathlib
import re
import sys
import tarfile
import tempfile
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parent.parent
FIXTURE = TESTS / "fixtures" / "cadvisor-2026-07"
FLAGS = (
    "--web.cadvisor-api",
    "--labels.container=.",
    "--labels.environment=^TEST_VAR",
    "--collector.cpu.percpu",
)
NOT_SET = 9223372036854771712  # how cgroup v1 says that there is no limit

# A regular expression over "VERSION /member[element]/member", and why the agent does not have it.
LEFT_OUT = {
    r"/spec/cpu/max_limit|v2.0 .*/cpu/max_limit": "cAdvisor's is always 0",
    r"/processes\{\}": "empty in cAdvisor",
    r"/resctrl\{\}|/numa_stats\{\}": "empty in cAdvisor",
    r"/health/status": "there is no health check",
    r"/cpu/load(_d)?_average": "cAdvisor's is 0 without --enable_load_reader",
    r"/cpu/schedstat/": "cAdvisor's is 0 without the metric set sched",
    r"/psi/(full|some)/avg": "averages of pressure: the totals are there",
    r"/cpu/cfs/": "containers without a quota have no periods; bursts are not counted",
    r"/memory/(pgscan|pgsteal|events/high)": "cgroup v1 does not count it",
    r"/network/(tcp|udp)": "cAdvisor's is 0 without its metric sets",
    r"/network/(name|[rt]x_)": "the container has no network",
    r"/task_stats/nr_io_wait": "cAdvisor's is always 0",
    r"/io_serviced\[.*/stats/(Async|Discard|Sync|Total)": "operations are counted by reads and writes",
}


def is_unread(theirs, _):
    """cAdvisor did not read it."""
    return theirs == 0


def is_unlimited(theirs, ours):
    return theirs == NOT_SET and ours in (0, 2**64 - 1)


# The same, and what the two values must be.
DIFFERENT = {
    r"/creation_time": (
        lambda theirs, ours: theirs.rstrip("Z").rstrip("0") == ours.rstrip("Z").rstrip("0"),
        "Go leaves out zeros at the end",
    ),
    r"/timestamp": (lambda theirs, ours: theirs < ours, "the moment"),
    r"/has_filesystem": (lambda theirs, ours: theirs and not ours, "no layer is recorded"),
    r"/has_network": (lambda theirs, ours: theirs and not ours, "the container has no network"),
    r"/has_processes": (lambda theirs, ours: ours and not theirs, "cAdvisor counts no processes by default"),
    r"/memory/(limit|reservation)": (is_unlimited, "no limit, in the words of cgroup v2"),
    r"/memory/swap_limit": (
        lambda theirs, ours: is_unlimited(theirs, ours) or theirs == 2 * ours,
        "swap alone, not with memory: Docker allows as much swap as memory",
    ),
    r"/psi/(full|some)/total": (is_unread, "cAdvisor reads pressure on pure v2 alone"),
    r"/task_stats/nr_sleeping": (is_unread, "cAdvisor counts tasks with --enable_load_reader alone"),
}


def leaves(value, path=""):
    if isinstance(value, dict):
        if not value:
            yield path + "{}", None
        for key, one in value.items():
            yield from leaves(one, f"{path}/{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            names = [one[key] for key in ("device", "name") if key in one] if isinstance(one, dict) else []
            yield from leaves(one, f"{path}[{(names + [number])[0]}]")
    else:
        yield path, value


class Rows:
    """One of the tables, and which of its rows were needed."""

    def __init__(self, table):
        self._table, self._needed = table, set()

    def row(self, path):
        found = next((row for row in self._table if re.search(row, path)), None)
        self._needed.add(found)
        return self._table.get(found)

    def needless(self):
        return sorted(set(self._table) - self._needed)


def ask(address, request):
    body = b'{"num_stats":1}' if request.startswith("/api/v1") else None
    with urllib.request.urlopen(urllib.request.Request(f"http://{address}{request}", data=body)) as answer:
        return json.load(answer)


def compare(ours, theirs, version, left_out, different):
    """(equal values, faults)"""
    ours, equal, faults = dict(leaves(ours)), 0, []
    for path, value in leaves(theirs):
        what = f"{version} {path}"
        if path not in ours:
            if left_out.row(what) is None:
                faults.append(f"{what}: is not there; cAdvisor has {value}")
        elif ours[path] == value:
            equal += 1
        else:
            fits, _ = different.row(what) or (None, None)
            if fits is None or not fits(value, ours[path]):
                faults.append(f"{what}: {ours[path]}; cAdvisor has {value}")
    return equal, faults


def main(binary):
    os.environ["TALLYMAN_BINARY"] = str(pathlib.Path(binary).resolve())
    sys.path.insert(0, str(TESTS / "integration"))
    from support.agent import Agent

    answers = json.loads(gzip.decompress((FIXTURE / "answers.json.gz").read_bytes()))
    left_out, different, equal, faults = Rows(LEFT_OUT), Rows(DIFFERENT), 0, []
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(tempfile.TemporaryDirectory())
        with tarfile.open(FIXTURE / "host.tar.gz") as recorded:
            recorded.extractall(host)
        agent = stack.enter_context(Agent(f"--path.rootfs={host}", *FLAGS))
        agent.fresh_scrape()
        for request, theirs in answers.items():
            more, found = compare(ask(agent.address, request), theirs, request.split("/")[2], left_out, different)
            equal += more
            faults += [f"{request}: {one}" for one in found]
    faults += [f"no row is needed for {row}" for row in left_out.needless() + different.needless()]
    print("\n".join(faults + [f"{equal} values of cAdvisor's are the same"]))
    return 1 if faults or equal < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
