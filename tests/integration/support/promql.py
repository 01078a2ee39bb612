"""Which metrics a PromQL expression selects."""

import re

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_LABELS = re.compile(r"\{[^{}]*\}")
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NAMES = re.compile(r'__name__\s*=\s*"([^"]*)"')
_OPERATORS = {
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "inf",
    "nan",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
}


def metrics(expression):
    """Names of metrics, recorded ones too. What __name__ matches other than by "=" is not seen."""
    found = set(_NAMES.findall(expression))
    rest = _STRING.sub('""', expression)
    for noise in (_LABELS, _RANGE, _GROUPING):
        rest = noise.sub(" ", rest)
    for word in _WORD.finditer(rest):
        before = rest[: word.start()][-1:]
        called = rest[word.end() :].lstrip().startswith("(")
        if word.group().lower() not in _OPERATORS and not called and not before.isdigit():
            found.add(word.group())
    return found
