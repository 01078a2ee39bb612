"""What all the other tests rely on: the parser refuses what it must, and what killed sessions left is removed."""

import os
import pathlib
import subprocess
import sys

import pytest

from support import leftovers, own
from support.host import CGROUPS, processes_naming
from support.prometheus_text import FormatError, parse

GOOD = '# HELP a_total Help with \\n and \\\\.\n# TYPE a_total counter\na_total{b="c\\"\\n\\\\"} 1\na_total 2.5e-3\n'


def test_values_and_escapes_come_through():
    exposition = parse(GOOD)
    assert exposition.one("a_total", b='c"\n\\') == 1
    assert exposition.one("a_total", b=None) == 0.0025
    assert exposition.families == {"a_total": "counter"}


def test_openmetrics_names_the_family_without_total():
    exposition = parse("# TYPE a counter\na_total 3\n# EOF\n")
    assert exposition.one("a_total") == 3


@pytest.mark.parametrize(
    "why, text",
    [
        ("no newline at the end", GOOD + "a_total"),
        ("the same series twice", GOOD + "a_total 3\n"),
        ("is in two places", GOOD + '# TYPE b gauge\nb 1\na_total{x="y"} 1\n'),
        ("without a TYPE", "a 1\n"),
        ("second TYPE", GOOD + "# TYPE a_total counter\n"),
        ("a timestamp", "# TYPE a gauge\na 1 1700000000\n"),
        ("not a number", "# TYPE a gauge\na one\n"),
        ("a malformed label", '# TYPE a gauge\na{b="c\\q"} 1\n'),
        ("a malformed label", "# TYPE a gauge\na{b=c} 1\n"),
        ("is empty", '# TYPE a gauge\na{b=""} 1\n'),
        ("twice", '# TYPE a gauge\na{b="1",b="2"} 1\n'),
        ("a comma before }", '# TYPE a gauge\na{b="1",} 1\n'),
        ("an empty line", "\n"),
        ("text after # EOF", "# EOF\n# EOF\n"),
    ],
)
def test_malformed_text_is_refused(why, text):
    with pytest.raises(FormatError, match=why):
        parse(text)


SESSION = """
import pathlib, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from support import network, own
own.begin()
directory = own.directory("test")
network.OwnNetwork(directory / "network")
subprocess.Popen(["sleep", "1000"])
cgroup = pathlib.Path(sys.argv[2]) / f"tallyman-lifetimes-{own.os.getpid()}"
(cgroup / "inside").mkdir(parents=True)
print(directory, cgroup, flush=True)
time.sleep(1000)
"""


class Session:
    """Of tests, which has made some of what sessions make."""

    def __init__(self):
        tree = next(path for path in (CGROUPS / "pids", CGROUPS) if (path / "cgroup.procs").exists())
        command = [sys.executable, "-c", SESSION, os.path.dirname(__file__), tree]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.directory, self.cgroup = map(pathlib.Path, self._process.stdout.readline().split())

    def left(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as table:
            mounted = str(self.directory) in table.read()
        sleeping = [pid for pid in processes_naming("sleep\x001000") if own.owner_of_process(pid) == self._process.pid]
        return [self.directory.exists(), self.cgroup.exists(), mounted, bool(sleeping)]

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and cgroups need root")
def test_what_a_killed_session_left_is_removed_and_nothing_else():
    killed, running = Session(), Session()
    try:
        killed.kill()
        assert killed.left() == [True] * 4
        leftovers.remove()
        assert killed.left() == [False] * 4
        assert running.left() == [True] * 4
    finally:
        running.kill()
        leftovers.remove()
    assert running.left() == [False] * 4
