#!/usr/bin/python3
"""Recorded hosts through the real binary, against golden files.

golden_test.py BINARY HOST [--update]: unpacks tests/fixtures/hosts/HOST, runs
`BINARY --once --path.rootfs=...` and compares with tests/golden/HOST.prom.
Values that depend on the moment or on unpacking are replaced by a word; the
agent's own metrics are left out.
"""

import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
OWN = re.compile(r"^(# (HELP|TYPE|UNIT) )?(tallyman_|process_)")
OF_THE_MOMENT = re.compile(r"^(container_last_seen\{.*\}) \S+$")
OF_UNPACKING = re.compile(r"^(container_(?:start|creation)_time_seconds\{.*\}) (\S+)$")


def build_host(host, root):
    whole = TESTS / "fixtures/hosts" / host / "host.tar.gz"
    if whole.is_file():
        with tarfile.open(whole) as tar:
            tar.extractall(root)
        return
    archive = TESTS / "fixtures/hosts" / host / "cgroup.tar.gz"
    cgroup = root / "sys/fs/cgroup"
    cgroup.parent.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        top = tar.getmembers()[0].name.split("/")[0]
        tar.extractall(root)
    (root / top).rename(cgroup)
    (root / "proc").mkdir()
    overlay = TESTS / "fixtures/hosts" / host / "root"
    if overlay.is_dir():
        shutil.copytree(overlay, root, dirs_exist_ok=True)


def steady(line):
    line = OF_THE_MOMENT.sub(r"\1 NOW", line)
    match = OF_UNPACKING.match(line)
    # Recorded times stay; those of directories just unpacked do not.
    return f"{match[1]} UNPACKED" if match and not match[2].startswith("1795477738") and "image=" not in line else line


def exposition(binary, host):
    with tempfile.TemporaryDirectory(prefix="tallyman-golden-") as directory:
        build_host(host, pathlib.Path(directory))
        run = subprocess.run(
            [binary, "--once", f"--path.rootfs={directory}", "--log.level=error"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        if run.returncode != 0:
            sys.exit(f"{binary} ended with {run.returncode}: {run.stderr}")
        return [steady(line) for line in run.stdout.splitlines() if not OWN.match(line)]


def main():
    binary, host = sys.argv[1:3]
    golden = TESTS / "golden" / f"{host}.prom"
    got = exposition(binary, host)
    if "--update" in sys.argv:
        golden.write_text("\n".join(got) + "\n")
        return
    wanted = golden.read_text().splitlines()
    difference = list(difflib.unified_diff(wanted, got, str(golden), "the agent now", lineterm=""))
    if difference:
        print("\n".join(difference))
        sys.exit(f"differs; if it should: {sys.argv[0]} {binary} {host} --update")


if __name__ == "__main__":
    main()
