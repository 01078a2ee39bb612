#!/usr/bin/python3
"""The threads of a running agent have the names in the table of docs/architecture.md, and
every thread of that table is there.

    threads.py BINARY
"""

import contextlib
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_NAME_BYTES = 15  # the kernel cuts the rest
DEADLINE_SECONDS = 120
# Threads that an agent may rightly lack: final-stats needs the cgroup v2 tree. Of the threads that
# call disks, each is started by its first call, and a host may have nothing to walk through.
# Nobody but root may run containers.
OPTIONAL = {"final-stats", "fs-call-N", "user-files"}
NUMBERED = re.compile(r"^(fs-call|query)-[0-9]+$")


def documented():
    """The names in the table, as they are written: `fs-call-N`."""
    text = (ROOT / "docs/architecture.md").read_text()
    section = text.split("\n## Threads\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


def running(process):
    """One name for each thread."""
    names = []
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            names.append(NUMBERED.sub(r"\1-N", (task / "comm").read_text().rstrip("\n")))
    return names


def faults_of(names, table):
    # A thread without a name of its own has that of the main thread.
    repeated = {name for name in names if names.count(name) > 1} - {"fs-call-N", "query-N"}
    return [
        *(f"docs/architecture.md lists `{name}`, but no thread has that name" for name in table - OPTIONAL - {*names}),
        *(f"a thread is named `{name}`, which docs/architecture.md does not list" for name in {*names} - table),
        *(f"{names.count(name)} threads are named `{name}`" for name in repeated),
    ]


def main():
    table = documented()
    assert len(table) >= 10, "no table of threads in docs/architecture.md"
    faults = []
    collectors = ["--collector." + name for name in ("sockets", "interfaces", "filesystem", "process")]
    command = [sys.argv[1], "--web.listen-address=127.0.0.1:0", "--log.level=error", *collectors]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + DEADLINE_SECONDS
        while process.poll() is None:
            names = running(process)
            faults = faults_of(names, table)
            if not faults or time.monotonic() > end:  # a new thread may not have its name yet
                break
            time.sleep(0.05)
        process.terminate()
        if process.wait(timeout=60) != 0:
            faults.append(f"the agent ended with {process.returncode}")
    finally:
        process.kill()
    faults += [f"`{name}` is longer than {MAX_NAME_BYTES} bytes" for name in table if len(name) > MAX_NAME_BYTES]
    print("\n".join(sorted(faults)) or f"{len(names)} threads are named as documented: {', '.join(sorted(names))}")
    sys.exit(1 if faults else 0)


main()
