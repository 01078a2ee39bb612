#!/usr/bin/python3
"""Docs, dashboards' queries and golden files name only declared metrics; and
every family of a golden file has the type and help of the catalogue."""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = re.compile(r"(?<![-\w])((?:container|machine|tallyman|process|cadvisor)_[a-z0-9_]+)\b")
MIGRATING = ROOT / "docs/migrating-from-cadvisor.md"
CADVISORS = ROOT / "tests/lint/cadvisor_families.txt"
# Named in order to say that they are not served, or parts of names.
NOT_METRICS = re.compile(
    r"^(container_label|container_fs_(usage_bytes|limit_bytes|inodes.*)|container_id|container_name|container_port"
    r"|machine_id|machine_nvm.*|machine_cpu_books|container_label_.*|container_env_.*|container_blkio_device_usage"
    r"|container_(fs|memory|cpu|network|pressure|hugetlb|spec)(_[a-z_]*)?_?)$"
)


def main():
    catalogue = json.loads(
        subprocess.run([sys.argv[1], "metrics", "--format=json"], capture_output=True, check=True).stdout
    )
    declared = {metric["name"]: metric for metric in catalogue}
    faults, seen = [], 0
    not_served = set(CADVISORS.read_text().split())
    files = [
        *ROOT.glob("docs/*.md"),
        ROOT / "README.md",
        *ROOT.glob("dashboards/**/*.json"),
        *ROOT.glob("dashboards/**/*.y*ml"),
        ROOT / "tests/integration/dashboard_queries.yaml",
    ]
    for file in files:
        for name in set(NAME.findall(file.read_text())):
            seen += 1
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            if name in declared or base in declared or any(d.startswith(name.rstrip("_") + "_") for d in declared):
                continue
            if not NOT_METRICS.match(name) and not (file == MIGRATING and name in not_served):
                faults.append(f"{file.relative_to(ROOT)}: {name} is not declared by any collector")
    for golden in ROOT.glob("tests/golden/*.prom"):
        for line in golden.read_text().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                seen += 1
                if name not in declared or declared[name]["type"] != kind:
                    faults.append(f"{golden.name}: {line}: not as declared")
    missing = MIGRATING.read_text().split("## What is not there")[1]
    for name in CADVISORS.read_text().splitlines():
        if not name.startswith("#") and name not in declared and f"`{name}`" not in missing:
            faults.append(f"{MIGRATING.name}: nothing says that cAdvisor's {name} is not there")
    print("\n".join(faults) or f"{seen} names are declared")
    sys.exit(1 if faults or seen < 100 else 0)


main()
