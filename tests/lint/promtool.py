#!/usr/bin/python3
"""`promtool check metrics` is silent on a real scrape, but for four names that
dashboards made for cAdvisor ask for and that it would spell otherwise."""

import subprocess
import sys

INHERITED = {
    'container_fs_inodes_total non-counter metrics should not have "_total" suffix',
    'container_memory_failcnt counter metrics should have "_total" suffix',
    'container_hugetlb_failcnt counter metrics should have "_total" suffix',
    "cadvisor_version_info label names should be written in 'snake_case' not 'camelCase'",
}


def main():
    scrape = subprocess.run(
        [sys.argv[1], "--once", "--log.level=error", "--collector.numa"], capture_output=True, check=True
    ).stdout
    assert scrape.count(b"\n") > 100, "no scrape worth checking"
    check = subprocess.run(["promtool", "check", "metrics"], input=scrape, capture_output=True)
    lines = set((check.stdout + check.stderr).decode().splitlines())
    print("\n".join(sorted(lines)))
    sys.exit(1 if lines - INHERITED else 0)


main()
