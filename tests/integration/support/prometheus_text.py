"""A strict parser of the Prometheus text format 0.0.4 and of OpenMetrics 1.0.

Stricter than Prometheus itself: a family in two places, a sample before its TYPE, the
same series twice, an empty label, a timestamp: each is an error."""

import re

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset"}
_SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_info", "_created")
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class FormatError(ValueError):
    def __init__(self, number, why, line):
        super().__init__(f"line {number}: {why}: {line[:200]!r}")


class Sample:
    __slots__ = ("labels", "name", "value")

    def __init__(self, name, labels, value):
        self.name, self.labels, self.value = name, labels, value

    def __repr__(self):
        return f"{self.name}{self.labels} {self.value}"


class Exposition:
    """The series of one scrape."""

    def __init__(self, samples, families):
        self.samples = samples
        self.families = families  # name -> type
        self._by_name = {}
        for sample in samples:
            self._by_name.setdefault(sample.name, []).append(sample)

    def all(self, metric, **labels):
        """Samples whose labels include these; a value of None means: has no such label."""
        return [
            s for s in self._by_name.get(metric, ()) if all(s.labels.get(key) == value for key, value in labels.items())
        ]

    def one(self, metric, **labels):
        found = self.all(metric, **labels)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} series instead of one: {metric}{labels}: {found[:5]}")
        return found[0].value

    def sum(self, metric, **labels):
        found = self.all(metric, **labels)
        if not found:
            raise AssertionError(f"no series {metric}{labels}")
        return sum(s.value for s in found)

    def names(self):
        return set(self._by_name)


def parse(text):
    """Raises FormatError. Ends with "# EOF" only where that is the last line."""
    if text and not text.endswith("\n"):
        raise FormatError(text.count("\n") + 1, "no newline at the end", text[-80:])
    lines = text.split("\n")[:-1]
    parser = _Parser()
    for number, line in enumerate(lines, 1):
        if line == "# EOF" and number != len(lines):
            raise FormatError(number, "text after # EOF", line)
        parser.take(number, line)
    return Exposition(parser.samples, parser.types)


class _Parser:
    def __init__(self):
        self.samples = []
        self.types = {}
        self.helps = set()
        self._series = set()
        self._closed = set()
        self._family = None

    def take(self, number, line):
        if line.startswith("#"):
            self._comment(number, line)
        elif line:
            self._sample(number, line)
        else:
            raise FormatError(number, "an empty line", line)

    def _enter(self, number, family, line):
        if family == self._family:
            return
        if family in self._closed:
            raise FormatError(number, f"family {family} is in two places", line)
        if self._family is not None:
            self._closed.add(self._family)
        self._family = family

    def _comment(self, number, line):
        if line == "# EOF":
            return
        words = line.split(" ", 3)
        if len(words) < 3 or words[0] != "#" or words[1] not in ("HELP", "TYPE", "UNIT"):
            raise FormatError(number, "neither HELP, TYPE nor UNIT", line)
        name, rest = words[2], words[3] if len(words) == 4 else ""
        if not _NAME.fullmatch(name):
            raise FormatError(number, "not a metric's name", line)
        self._enter(number, name, line)
        if words[1] == "TYPE":
            if rest not in _TYPES or name in self.types:
                raise FormatError(number, "an unknown or second TYPE", line)
            self.types[name] = rest
        elif words[1] == "HELP":
            if name in self.helps:
                raise FormatError(number, "a second HELP", line)
            self.helps.add(name)

    def _sample(self, number, line):
        match = _NAME.match(line)
        if not match:
            raise FormatError(number, "no metric name", line)
        name, position = match.group(), match.end()
        labels, position = self._labels(number, line, position)
        if line[position : position + 1] != " ":
            raise FormatError(number, "no space before the value", line)
        text = line[position + 1 :]
        if " " in text:
            raise FormatError(number, "a timestamp, or rubbish after the value", line)
        try:
            value = float(text)
        except ValueError:
            raise FormatError(number, "not a number", line) from None
        family = self._family_of(name)
        if family is None:
            raise FormatError(number, "a sample without a TYPE before it", line)
        self._enter(number, family, line)
        key = (name, tuple(sorted(labels.items())))
        if key in self._series:
            raise FormatError(number, "the same series twice", line)
        self._series.add(key)
        self.samples.append(Sample(name, labels, value))

    def _family_of(self, name):
        if name in self.types:
            return name
        for suffix in _SUFFIXES:
            if name.endswith(suffix) and name[: -len(suffix)] in self.types:
                return name[: -len(suffix)]
        return None

    @staticmethod
    def _labels(number, line, position):
        labels = {}
        if line[position : position + 1] != "{":
            return labels, position
        position += 1
        while line[position : position + 1] != "}":
            match = _LABEL.match(line, position)
            if not match:
                raise FormatError(number, "a malformed label", line)
            key, value = match.groups()
            if key in labels:
                raise FormatError(number, f"label {key} twice", line)
            if not value:
                raise FormatError(number, f"label {key} is empty", line)
            labels[key] = re.sub(r'\\[\\"n]', lambda m: _UNESCAPED[m.group()], value)
            position = match.end()
            if line[position : position + 1] == ",":
                position += 1
                if line[position : position + 1] == "}":
                    raise FormatError(number, "a comma before }", line)
            elif line[position : position + 1] != "}":
                raise FormatError(number, "neither , nor } after a label", line)
        return labels, position + 1
