#!/usr/bin/python3
"""Puts the results of one run of `tallyman overhead run` into docs/overhead.md, and its
pictures next to it, and compares them with what others have published:

    tests/bench/overhead_results.py REPORT-DIRECTORY

No number of the page is written by hand."""

import json
import pathlib
import re
import shutil
import sys

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "overhead.md"
PICTURES = DOCS / "overhead"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"

# (source, what it says, workload, cell, lowest and highest ratio that would agree)
PUBLISHED = [
    ("Felter 2014", "Linpack in Docker: +0.01 %", "floating-point", "docker", 0.98, 1.02),
    ("Felter 2014", "random reads from a volume: +0.06 %", "random-read", "docker-volume: volume", 0.95, 1.05),
    ("Felter 2014", "random writes to a volume: +0.01 %", "random-write", "docker-volume: volume", 0.95, 1.05),
    ("Felter 2014", "latency through bridge and NAT: about twice", "tcp-latency", "docker", 1.5, 3.0),
    ("Felter 2014", "throughput through the bridge, 10 GbE: -0.2 %", "tcp-throughput", "docker", 0.95, 1.05),
    ("techplained", "host network: -1 to -4 %", "tcp-latency", "docker-host", 0.96, 1.05),
    ("moby#11911", "published port on loopback: 2.2 times", "tcp-latency", "docker-published", 1.5, 4.0),
    ("chriskuehl 2016", "overlay2 on ext4, reading small files: about the same", "read", "docker", 0.95, 1.05),
    ("techplained", "overlay2, random 4 KiB: 12 to 13.5 % fewer", "random-read", "docker", 1.05, 1.20),
    ("techplained", "bind mount or volume: -1 to -2 %", "random-read", "docker-volume: bind mount", 0.95, 1.05),
    ("moby#41389", "seccomp with mitigations: up to 20 % slower programs", "system-calls", "docker", 1.05, 5.0),
    ("van Rijn 2021", "a start by Docker: about 350 ms more than none", "start", "docker", None, None),
]
START_AGREES_NS = (150e6, 700e6)
TOO_NOISY = 1.05  # a noise floor above which "no measurable difference" confirms nothing


def time_text(nanoseconds):
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")):
        if nanoseconds >= size or size == 1:
            return f"{nanoseconds / size:.3g} {unit}"
    return ""


def change_text(ratio):
    return f"{(ratio - 1) * 100:+.1f} %" if 0.5 <= ratio < 2 else f"x {ratio:.3g}"


def verdict(side):
    if side is None:
        return "-"
    if side.get("unclear"):
        return "cannot tell: the machine was busy"
    if not side["differs"]:
        return "no measurable difference"
    low, high = side["interval"]
    return f"{change_text(side['ratio'])} ({change_text(low)} to {change_text(high)})"


def rows_of(report):
    yield "| workload | where | time | against bare | CPU time |"
    yield "|---|---|---|---|---|"
    last = None
    for row in report["results"]:
        if row["label"] == "control":
            continue
        if row["workload"] != last:
            last = row["workload"]
            noise = (row["wall"] or {}).get("noise_floor")
            noise = f"noise {(noise - 1) * 100:.1f} %" if noise else ""
            yield f"| **{last}**, {row['operation']} | bare | {time_text(row['baseline_wall_ns'])} | {noise} | |"
        numbered = row["wall"] and not row["wall"].get("unclear")
        time = time_text(row["wall_ns"]) if numbered else "" if row["wall"] else "not measured"
        yield f"| | {row['label']} | {time} | {verdict(row['wall'])} | {verdict(row['cpu'])} |"


def published_rows(report):
    yield "| published | here | |"
    yield "|---|---|---|"
    for source, claim, workload, label, low, high in PUBLISHED:
        row = next((r for r in report["results"] if r["workload"] == workload and r["label"] == label), None)
        if row is None or row["wall"] is None:
            yield f"| {source}: {claim} | not measured | |"
            continue
        if low is None:
            here = row["wall_ns"] - row["baseline_wall_ns"]
            agrees, text = START_AGREES_NS[0] <= here <= START_AGREES_NS[1], f"{time_text(here)} more"
        else:
            agrees = low <= row["wall"].get("ratio", 1) <= high
            text = verdict(row["wall"])
        answer = "agrees" if agrees else "does not agree"
        if not row["wall"]["differs"] and row["wall"].get("noise_floor", 99) > TOO_NOISY:
            answer = "no result: too much noise"
        if row["wall"].get("unclear"):
            answer = "no result: the machine was busy"
        yield f"| {source}: {claim} | {workload}, {label}: {text} | {answer} |"


def section(report, pictures):
    facts = report["facts"]
    where = (
        ", ".join(facts[name] for name in ("cpu", "kernel", "cgroups") if name in facts)
        + f" cgroups, {facts.get('cpus', '?')} CPUs"
    )
    docker = ", ".join(f"{name} {facts[name]}" for name in ("docker", "docker storage driver") if name in facts)
    for sentence in report.get("summary", []):
        yield f"{sentence}\n"
    run = f"`tallyman overhead run`, {report['extent']}, {report['began']}"
    yield f"{run}; {report['rounds']} rounds, seed {report['seed']}."
    yield (
        f"{where}; {docker}; {facts.get('filesystem of the host directory', '')}; "
        f"load {facts.get('load at the start', '?')} at the start."
    )
    for remark in report["remarks"]:
        yield f"\n**{remark}**"
    yield ""
    for picture in pictures:
        yield f"![{picture.stem}](overhead/{picture.name})\n"
    yield from rows_of(report)
    clocks = ", ".join(f"{mode} {ratio:.4f}" for mode, ratio in report["cgroup_cpu_over_own"].items())
    yield f"\nCPU time by the cgroup, read as the agent reads it, over that by the processes' own clocks: {clocks}."
    left_out = [f"{mode['name']} ({mode['reason']})" for mode in report["modes"] if mode["reason"]]
    if left_out:
        yield f"\nLeft out: {'; '.join(left_out)}."
    yield "\n### Comparison with published results\n"
    yield from published_rows(report)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    pictures = sorted(directory.glob("*.svg"))
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    for picture in pictures:
        shutil.copy(picture, PICTURES)
    text = "\n".join(section(report, pictures)) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: BEGIN + text + END, page, flags=re.S), encoding="utf-8")


main()
