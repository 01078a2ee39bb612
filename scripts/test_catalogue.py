"""What tests there are, and what a name given to ./test means.

ctest knows the tests and their labels; the programs of GoogleTest cases are looked
through as text, so that a name is found before anything is built."""

import difflib
import pathlib
import re
import subprocess
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "test"

STAGES = {1: "format, lint and types", 2: "unit tests", 3: "everything else"}
SANITIZERS = ("asan", "tsan")

ADD_TEST = re.compile(r"^\s*add_test\(\[=*\[(.+?)\]=*\] (.*)\)$", re.M)
PROPERTIES = re.compile(r"^\s*set_tests_properties\(\[=*\[(.+?)\]=*\] PROPERTIES (.*)\)$", re.M)
LABELS = re.compile(r' LABELS "([^"]*)"')
CASE = re.compile(r"^(TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*(\w+),\s*(\w+)\)", re.M)


@dataclass
class Test:
    """A test of ctest; `needs` are the targets of the build that it runs or hands on."""

    name: str
    labels: list[str]
    needs: set[str]

    @property
    def stage(self):
        return 1 if "stage1" in self.labels else 2 if "stage2" in self.labels else 3

    @property
    def shown_labels(self):
        return [label for label in self.labels if not label.startswith("stage")]


@dataclass
class Case:
    """A case of GoogleTest: where it is written, and the program it becomes a part of."""

    program: str
    file: str
    suite: str
    name: str

    @property
    def patterns(self):
        """For GoogleTest's filter: plain, and with what it adds for parameters and types."""
        full = f"{self.suite}.{self.name}"
        return (full, f"*/{full}/*", f"{self.suite}/*.{self.name}", f"*/{self.suite}/*.{self.name}/*")


@dataclass
class Selection:
    """What is to run: tests of ctest, some cases of programs, whole presets with sanitizers."""

    tests: list[Test] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    presets: list[str] = field(default_factory=list)


class UnknownName(Exception):
    pass


def targets_in(text, outputs):
    """The targets of the build that a command line or an environment names."""
    paths = re.findall(re.escape(str(BUILD)) + r'/([^"; ]+)', text)
    return {path for path in paths if path in outputs}


def ctest_tests():
    """All tests of preset test except the single cases, in ctest's order. Needs a configured build."""
    listed = subprocess.run(
        ["ninja", "-C", BUILD, "-t", "targets", "all"], capture_output=True, text=True, check=True
    ).stdout
    outputs = {line.rpartition(": ")[0] for line in listed.splitlines()}
    tests = {}
    for file in sorted(BUILD.rglob("CTestTestfile.cmake")):
        text = file.read_text()
        for name, rest in ADD_TEST.findall(text):
            tests[name] = Test(name, [], targets_in(rest, outputs))
        for name, rest in PROPERTIES.findall(text):
            labels = LABELS.search(rest)
            tests[name].labels += labels[1].split(";") if labels else []
            tests[name].needs |= targets_in(rest.partition("_BACKTRACE_TRIPLES")[0], outputs)
    return list(tests.values())


def gtest_cases():
    """The cases of all programs; the build writes the sources of each into tests/PROGRAM.sources."""
    cases = []
    for sources in sorted((BUILD / "tests").glob("*_test.sources")):
        for source in sources.read_text().split():
            path = ROOT / "tests" / source
            if path.exists():
                found = CASE.findall(path.read_text())
                cases += [Case(sources.stem, source, suite, name) for _, suite, name in found]
    return cases


def same_file(name, source):
    """cpu_test, cpu_test.cc, collectors/cpu_test.cc and tests/collectors/cpu_test.cc mean one file."""
    wanted = name.removeprefix("./").removeprefix("tests/").removesuffix(".cc")
    return ("/" + source.removesuffix(".cc")).endswith("/" + wanted)


def find(name, tests, cases):
    """What a name means: the exact meanings first, then as a regular expression."""
    if name in SANITIZERS:
        return Selection(presets=[name])
    exact = [test for test in tests if name == test.name or name in test.shown_labels]
    written = [
        case for case in cases if same_file(name, case.file) or name in (case.suite, f"{case.suite}.{case.name}")
    ]
    if exact or written:
        return Selection(tests=exact, cases=written)
    try:
        wanted = re.compile(name)
    except re.error as error:
        raise UnknownName(f"'{name}' is neither a name nor a regular expression: {error}") from error
    found = Selection(
        tests=[test for test in tests if wanted.search(test.name)],
        cases=[case for case in cases if wanted.search(f"{case.suite}.{case.name}")],
    )
    if not found.tests and not found.cases:
        known = {test.name for test in tests} | {case.suite for case in cases}
        known |= {pathlib.Path(case.file).stem for case in cases} | {label for test in tests for label in test.labels}
        near = difflib.get_close_matches(name, sorted(known), 3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UnknownName(f"no test is called '{name}'; {hint}./test --list has all names")
    return found


def select(names, tests, cases):
    """The sum of what the names mean, each test once; a program as a whole takes its cases along."""
    chosen = Selection()
    for name in names:
        found = find(name, tests, cases)
        chosen.tests += [test for test in found.tests if test not in chosen.tests]
        chosen.cases += [case for case in found.cases if case not in chosen.cases]
        chosen.presets += [preset for preset in found.presets if preset not in chosen.presets]
    whole = {test.name for test in chosen.tests}
    chosen.cases = [case for case in chosen.cases if case.program not in whole]
    return chosen


def listing(tests, cases):
    """The lines of ./test --list."""
    for stage, title in STAGES.items():
        yield f"Stage {stage}: {title}"
        for test in tests:
            if test.stage == stage:
                labels = ", ".join(label for label in test.shown_labels if label != test.name)
                yield f"  {test.name}" + (f"  [{labels}]" if labels else "")
                yield from program_listing([case for case in cases if case.program == test.name])
        if stage == 3:
            yield from (f"  {preset}  [unit tests and recorded hosts with sanitizers]" for preset in SANITIZERS)


def program_listing(cases):
    """A line a file of a program: its suites, and how many cases each has."""
    for source in dict.fromkeys(case.file for case in cases):
        suites = [case.suite for case in cases if case.file == source]
        counted = ", ".join(f"{suite} ({suites.count(suite)})" for suite in dict.fromkeys(suites))
        yield f"    {pathlib.Path(source).stem}: {counted}"
