#!/usr/bin/python3
"""Grafana's dashboards: ids are unique, panels do not overlap, what they name is declared:
data source, variables, other dashboards and families."""

import itertools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from support import grafana, promql


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def faults_of(dashboard, uids, declared):
    panels = list(grafana.panels(dashboard))
    ids = [panel["id"] for panel in panels]
    if len(ids) != len(set(ids)):
        yield "an id of a panel comes twice"
    for one, other in itertools.combinations(panels, 2):
        if overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} and {other['title']} overlap"
    for panel in panels:
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            yield f"{panel['title']} is wider than the page"
        if panel["type"] != "row" and panel["datasource"]["uid"] != "${datasource}":
            yield f"{panel['title']} has a data source of its own"
    known = dict.fromkeys([one["name"] for one in dashboard["templating"]["list"]], "x")
    expressions = grafana.queries(dashboard) + [
        (name, selector) for name, (selector, _) in grafana.variables(dashboard).items()
    ]
    for title, expression in expressions:
        try:
            names = promql.metrics(grafana.fill_in(expression, known))
        except KeyError as unknown:
            yield f"{title}: no variable {unknown}"
            continue
        for name in names or {"no metric at all"}:
            if re.sub("_bucket$", "", name) not in declared:
                yield f"{title}: nothing declares {name}"
    for target in re.findall(r'"/d/([^?"]+)', json.dumps(dashboard)):
        if target not in uids:
            yield f"a link to {target}, which is no dashboard"


def main():
    catalogue = subprocess.run([sys.argv[1], "metrics", "--format=json"], capture_output=True, check=True).stdout
    declared = {metric["name"] for metric in json.loads(catalogue)}
    dashboards = grafana.dashboards()
    uids = [dashboard["uid"] for dashboard in dashboards.values()]
    faults = [] if len(set(uids)) == len(uids) else [f"an uid comes twice: {uids}"]
    for name, dashboard in dashboards.items():
        faults += [f"{name}: {fault}" for fault in faults_of(dashboard, uids, declared)]
    count = sum(len(grafana.queries(dashboard)) for dashboard in dashboards.values())
    print("\n".join(faults) or f"{len(dashboards)} dashboards, {count} queries")
    sys.exit(1 if faults or count < 50 else 0)


main()
