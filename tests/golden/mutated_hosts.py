#!/usr/bin/python3
"""Changed copies of a recorded host through the real binary.

mutated_hosts.py BINARY HOST COUNT [FIRST]: COUNT copies, each with one to thirty files changed by the seed
of its number. The agent must end by itself with 0 or 1, and what it prints must be a valid exposition in
which no series is there twice and no value is impossible (negative, not a number, a gauge of 2^63). A
failure names the seed: FIRST repeats it.
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

from golden_test import build_host

SECONDS = 60  # of a run: a hang, not the machine's speed
OFF_BY_DEFAULT = ["tcp", "udp", "advtcp", "sched", "cpuload", "executables", "namespaces", "numa"]
EVERYTHING = [f"--collector.{name}" for name in OFF_BY_DEFAULT]
NUMBERS = [b"-1", b"0", b"", b" ", b"nan", b"inf", b"1e308", b"0x41", b"+5", b"max", b"\x00", b"\xff\xfe"] + [
    str(number).encode() for power in (31, 32, 63, 64, 100) for number in (2**power - 1, 2**power, -(2**power))
]
NUMBER = re.compile(rb"-?\d+")
SERIES = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


def flip_bits(data, choose):
    changed = bytearray(data)
    for _ in range(choose.randrange(1, 8) if data else 0):
        changed[choose.randrange(len(changed))] ^= 1 << choose.randrange(8)
    return bytes(changed)


def shuffle_lines(data, choose):
    lines = data.split(b"\n")
    choose.shuffle(lines)
    return b"\n".join(lines)


def replace_numbers(part):
    return lambda data, choose: NUMBER.sub(
        lambda number: choose.choice(NUMBERS) if choose.random() < part else number[0], data
    )


CHANGES = [
    flip_bits,
    shuffle_lines,
    replace_numbers(0.05),
    replace_numbers(0.5),
    lambda data, choose: data[: choose.randrange(len(data) + 1)],
    lambda data, choose: b"",
    lambda data, choose: data * choose.choice([2, 50]),
    lambda data, choose: choose.randbytes(choose.randrange(1, 5000)),
    lambda data, choose: data.replace(b" ", choose.choice([b"\t", b"", b"  ", b"\x00"])),
    lambda data, choose: data.replace(b"\n", choose.choice([b"", b"\r\n", b"\n\n", b" "])),
]


def faults_of(run):
    if run.returncode not in (0, 1):
        return [f"ended with {run.returncode}: {run.stderr[-500:]!r}"]
    try:
        lines = run.stdout.decode().split("\n")
    except UnicodeDecodeError as error:
        return [str(error)]
    faults, seen, gauges = [], set(), set()
    for line in lines:
        if line.startswith("# TYPE ") and line.endswith(" gauge"):
            gauges.add(line.split(" ")[2])
        if not line or line.startswith("#"):
            continue
        match = SERIES.fullmatch(line)
        if not match:
            faults.append(f"no series: {line[:200]}")
            continue
        series = line.rpartition(" ")[0]
        value = int(match[3]) if match[3].isdigit() else float(match[3])
        if series in seen:
            faults.append(f"twice: {series[:200]}")
        if not 0 <= value < (2**63 if match[1] in gauges else 2**64):
            faults.append(f"impossible: {line[:200]}")
        seen.add(series)
    return faults


def main():
    binary, host, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tallyman-mutated-") as directory:
        root = pathlib.Path(directory) / "host"
        root.mkdir()
        build_host(host, root)
        files = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
        for seed in range(first, first + count):
            choose = random.Random(f"{host} {seed}")
            picked = choose.sample(files, min(len(files), choose.choice([1, 1, 2, 5, 30])))
            originals = {path: path.read_bytes() for path in picked}
            for path, data in originals.items():
                os.chmod(path, 0o644)
                path.write_bytes(choose.choice(CHANGES)(data, choose))
            command = [binary, "--once", f"--path.rootfs={root}", "--log.level=error", *EVERYTHING]
            try:
                faults = faults_of(subprocess.run(command, capture_output=True, timeout=SECONDS))
            except subprocess.TimeoutExpired:
                faults = [f"still running after {SECONDS} s"]
            if faults:
                failed += 1
                print(f"seed {seed}: {', '.join(str(path.relative_to(root)) for path in picked[:5])}")
                print("\n".join("    " + fault for fault in faults[:5]))
            for path, data in originals.items():
                path.write_bytes(data)
        shutil.rmtree(root)
    print(f"{count} changed copies of {host}, {failed} with faults")
    sys.exit(failed != 0)


main()
