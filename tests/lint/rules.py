#!/usr/bin/python3
"""Prometheus' rules: promtool reads them and passes their unit tests, each alert has
one, and they name only declared families and what they record themselves."""

import json
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "dashboards/prometheus"
sys.path.insert(0, str(ROOT / "tests/integration"))

from support import promql


def main():
    files = sorted(map(str, RULES.glob("*.rules.yml")))
    subprocess.run(["promtool", "check", "rules", *files], check=True)
    subprocess.run(["promtool", "test", "rules", RULES / "rules.test.yml"], check=True)

    rules = [
        rule
        for file in files
        for group in yaml.safe_load(pathlib.Path(file).read_text())["groups"]
        for rule in group["rules"]
    ]
    catalogue = subprocess.run([sys.argv[1], "metrics", "--format=json"], capture_output=True, check=True).stdout
    declared = {metric["name"] for metric in json.loads(catalogue)}
    declared |= {"up"} | {rule["record"] for rule in rules if "record" in rule}
    faults = [
        f"{rule.get('alert') or rule['record']}: nothing declares {name}"
        for rule in rules
        for name in sorted(promql.metrics(rule["expr"]) - declared)
    ]
    faults += [f"{rule}: selects no metric" for rule in rules if not promql.metrics(rule["expr"])]

    tests = yaml.safe_load((RULES / "rules.test.yml").read_text())["tests"]
    raised = {case["alertname"] for test in tests for case in test.get("alert_rule_test", ()) if case["exp_alerts"]}
    faults += [
        f"{alert}: no unit test raises it" for alert in sorted({r["alert"] for r in rules if "alert" in r} - raised)
    ]
    print("\n".join(faults) or f"{len(rules)} rules, {len(tests)} unit tests")
    sys.exit(1 if faults else 0)


main()
