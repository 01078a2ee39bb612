"""Grafana's dashboards as Prometheus sees them: their queries, with variables filled in."""

import json
import re

from . import paths

DIRECTORY = paths.REPOSITORY / "dashboards/grafana"
RATE_INTERVAL = "1m"
_LABEL_VALUES = re.compile(r"label_values\((.*), *([a-zA-Z_]\w*)\)")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def dashboards():
    """{file name without .json: dashboard}"""
    return {path.stem: json.loads(path.read_text()) for path in sorted(DIRECTORY.glob("*.json"))}


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries(dashboard):
    """[(panel's title, expression)]"""
    return [(panel["title"], target["expr"]) for panel in panels(dashboard) for target in panel.get("targets", ())]


def fill_in(expression, values):
    """The expression as Grafana would send it. A variable that is not in `values` is a KeyError."""
    return _VARIABLE.sub(lambda match: {"__rate_interval": RATE_INTERVAL, **values}[match.group(1)], expression)


def variables(dashboard):
    """{name: (selector, label)} of those that Prometheus is asked for, in their order."""
    return {
        one["name"]: _LABEL_VALUES.fullmatch(one["definition"]).groups()
        for one in dashboard["templating"]["list"]
        if one["type"] == "query"
    }
