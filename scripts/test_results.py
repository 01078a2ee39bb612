"""Counts what the tests' own result files say: ctest's JUnit file, and GoogleTest's of each program."""

import xml.etree.ElementTree
from dataclasses import dataclass, replace


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    cases: int = 0  # of all these, how many are cases of GoogleTest

    def __add__(self, other):
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.cases + other.cases,
        )

    def __sub__(self, other):
        return self + Counts(-other.passed, -other.failed, -other.skipped, -other.cases)

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"

    def copy(self):
        return replace(self)


def test_cases(path):
    return xml.etree.ElementTree.parse(path).getroot().iter("testcase")


def counted(results, programs):
    """What ctest had to skip is skipped. What it could not start has failed, like a run
    that left no results. Of whole programs of cases each case counts as well."""
    try:
        sums = sum((of_ctest(case) for case in test_cases(results)), Counts())
        for program in programs:
            sums = sum((of_gtest(case) for case in test_cases(program)), sums)
    except (OSError, xml.etree.ElementTree.ParseError):
        return Counts(failed=1)
    return sums


def of_ctest(case):
    if case.get("status") == "run":
        return Counts(passed=1)
    skipped = case.find("skipped")
    if case.get("status") == "disabled" or (skipped is not None and (skipped.get("message") or "").startswith("SKIP_")):
        return Counts(skipped=1)
    return Counts(failed=1)


def of_gtest(case):
    if case.get("status") == "notrun":  # disabled, or not let through by the filter
        return Counts(skipped=1, cases=1)
    if case.get("result") == "skipped" and case.find("failure") is None:
        return Counts(skipped=1, cases=1)
    if case.get("result") == "completed" and case.find("failure") is None:
        return Counts(passed=1, cases=1)
    return Counts(failed=1, cases=1)
