#!/usr/bin/python3
"""Includes follow the plan: agent -> exporters -> collectors; inside collectors
`*.cc, discovery -> kernel` and sampling above all of them. And no path of the
host outside the rooms that may open files."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = {
    "events.h",
    "metric.h",
    "workload.h",
    "workload_groups.h",
    "snapshot.h",
    "collector.h",
    "self_metric_table.h",
    "history.h",
}
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
# /proc/self is the agent, not the host, and so is what it keeps of its own.
HOST_PATH = re.compile(r'"/?(?:proc(?!/self/)|sys|var/lib(?!/tallyman))/[^"]*"')


def room_of(path):
    parts = path.split("/")
    if parts[0] == "collectors":
        return parts[1] if parts[1] in ("kernel", "discovery", "sampling") else "collectors"
    return parts[0]


ALLOWED = {
    "kernel": {"kernel"},
    "discovery": {"kernel", "discovery", "collectors"},
    "collectors": {"kernel", "collectors"},
    "sampling": {"kernel", "discovery", "collectors", "sampling"},
    "exporters": {"exporters", "collectors"},
    "agent": {"agent", "exporters", "collectors", "kernel", "discovery", "sampling"},
}


def faults_of(path, text):
    room = room_of(path)
    for include in INCLUDE.findall(text):
        target = room_of(include)
        if target not in ALLOWED[room]:
            yield f"{path}: includes {include}: {room} must not know {target}"
        if room == "exporters" and target == "collectors" and pathlib.PurePath(include).name not in MODEL:
            yield f"{path}: includes {include}: exporters know of collectors the model alone"
        if room == "discovery" and target == "collectors" and not include.endswith("workload.h"):
            yield f"{path}: includes {include}: discovery knows workload.h alone"
    code = re.sub(r'"[^"\n]*"', '""', text)
    is_collector = room == "collectors" and path.endswith(".cc") and "extern const Collector" in text
    if is_collector and re.search(r"\b(open|fopen|ifstream|system_clock|steady_clock|std::thread|spdlog)\b", code):
        yield f"{path}: a collector has no file, clock, thread or log"
    if room in ("sampling", "exporters", "agent"):
        for literal in HOST_PATH.findall(text):
            yield f"{path}: {literal}: only collectors/kernel and collectors/discovery name files of the host"


def main():
    faults = []
    files = [
        f
        for room in ("agent", "collectors", "exporters")
        for f in (ROOT / room).rglob("*")
        if f.suffix in (".cc", ".h")
    ]
    for file in sorted(files):
        faults += faults_of(str(file.relative_to(ROOT)), file.read_text())
    print("\n".join(faults) or f"{len(files)} files keep the layers")
    sys.exit(1 if faults or not files else 0)


main()
