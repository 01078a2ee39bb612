#!/usr/bin/env python3
"""Builds and runs the tests, in stages that stop early: what ./test does after installing.

    ./test                       stage 1: format, lint and types; 2: unit tests; 3: the rest, then under
                                 the sanitizers. Stops at the first stage that fails
    ./test NAME...               only these, and builds only what they need. NAME: a test, a label,
                                 a file (cpu_test), a suite, a case, or a regular expression
    ./test --list                all names, by stage
    ./test --stage N             that stage alone
    ./test --repeat N NAME...    N times in a row; stops at the first run that fails
    ./test --all                 all stages, also after one that failed, and what takes too long
                                 for every run (label "long")

The last line is "N passed, N failed[, N skipped]". Exit code 0: nothing failed; 1: a test or a
build failed; 2: the arguments are wrong."""

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from test_catalogue import ROOT, SANITIZERS, STAGES, UnknownName, ctest_tests, gtest_cases, listing, select
from test_results import Counts, counted


@dataclass
class Timed:
    title: str
    counts: Counts
    seconds: float


class Run:
    """Sums up what was run; `results` are the files that show what failed."""

    def __init__(self):
        self.counts = Counts()
        self.results = []

    def fail(self, result):
        self.counts.failed += 1
        if result not in self.results:
            self.results.append(result)

    def build(self, preset, *targets):
        """False, and one failure, if the build fails."""
        done = subprocess.run([ROOT / "scripts" / "build", preset, *targets], cwd=ROOT, check=False)
        if done.returncode != 0:
            self.fail(f"build/{preset}/build.log")
        return done.returncode == 0

    def ctest(self, preset, results, *arguments, environment=None):
        """Runs ctest and adds what it and the programs of cases counted."""
        build = ROOT / "build" / preset
        output = build / results
        for old in [output, *(build / "tests").glob("*_test.xml")]:
            old.unlink(missing_ok=True)
        command = ["ctest", "--test-dir", build, "--output-on-failure", "-j2", "--no-tests=error"]
        command += ["--output-junit", output, "-C", "programs", *arguments]
        done = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, **(environment or {})})
        found = counted(output, sorted((build / "tests").glob("*_test.xml")))
        # Failed without a failed test: nothing was selected, or ctest itself could not go on.
        if done.returncode != 0 and found.failed == 0:
            found.failed += 1
        self.counts += found
        name = str(output.relative_to(ROOT))
        if found.failed and name not in self.results:
            self.results.append(name)
        return found

    def build_for(self, tests):
        """Builds what they need."""
        needs = sorted(set().union(*(test.needs for test in tests)))
        return not needs or self.build("test", *needs)

    def tests(self, tests):
        if tests and self.build_for(tests):
            self.run_built(tests)

    def run_built(self, tests):
        names = "|".join(re.escape(test.name) for test in tests)
        self.ctest("test", "results.xml", "-R", f"^({names})$")

    def cases(self, cases):
        """Some cases of programs: what GoogleTest's filter lets through."""
        if not cases:
            return
        programs = sorted({case.program for case in cases})
        if not self.build("test", *(f"tests/{program}" for program in programs)):
            return
        patterns = ":".join(dict.fromkeys(pattern for case in cases for pattern in case.patterns))
        before = self.counts.cases
        self.ctest("test", "cases.xml", "-R", f"^({'|'.join(programs)})$", environment={"GTEST_FILTER": patterns})
        if self.counts.cases == before:
            print(f"test: the programs have no case like {patterns}", file=sys.stderr)
            self.fail("build/test/cases.xml")

    def preset(self, preset, long_too=False):
        """All that runs with a sanitizer; each program in one process."""
        if self.build(preset):
            self.ctest(preset, "results.xml", "-LE", "case" if long_too else "^(case|long)$")

    def selection(self, chosen):
        self.tests(chosen.tests)
        self.cases(chosen.cases)
        for preset in chosen.presets:
            self.preset(preset)

    def stage(self, number, tests, long_too):
        of_stage = [test for test in tests if test.stage == number and (long_too or "long" not in test.labels)]
        if number != 3:
            self.tests(of_stage)
            return
        if self.build_for(of_stage):
            with building_beside(SANITIZERS):
                self.run_built(of_stage)
        for preset in SANITIZERS:
            self.preset(preset, long_too)


@contextlib.contextmanager
def building_beside(presets):
    """Builds the presets with the processor time that the tests leave: most of stage 3 waits for a
    machine, a daemon or the next second. What fails here fails, and says so, when it is built again."""
    script = 'for preset; do nice -n 19 scripts/build "$preset"; done'
    command = ["bash", "-c", script, "building_beside", *presets]
    # A group of its own: ninja and the compilers end with it.
    null = subprocess.DEVNULL
    builds = subprocess.Popen(command, cwd=ROOT, stdin=null, stdout=null, stderr=null, start_new_session=True)
    try:
        yield
        if builds.poll() is None:
            print(f"Waiting for the build of {' and '.join(presets)}", flush=True)
        builds.wait()
    except BaseException:
        os.killpg(builds.pid, signal.SIGTERM)
        builds.wait()
        raise


def run_stages(run, numbers, tests, everything):
    """Each stage's name and seconds, and whether the next one still runs."""
    timed = []
    for number in numbers:
        title = f"Stage {number}: {STAGES[number]}"
        if run.counts.failed and not everything:
            print(f"\n== {title}: not run, since a stage before it failed", flush=True)
            continue
        print(f"\n== {title}", flush=True)
        before, start = run.counts.copy(), time.monotonic()
        run.stage(number, tests, everything)
        timed.append(Timed(title, run.counts - before, time.monotonic() - start))
        print(f"== {title}: {timed[-1].counts}, {timed[-1].seconds:.0f} s", flush=True)
    return timed


def summary(run, timed):
    """Which failed, and the last each of them printed; the stages' times; the sum as the last line."""
    if run.counts.failed:
        sys.stdout.flush()
        subprocess.run([ROOT / "scripts" / "failures", *run.results], cwd=ROOT, check=False)
    for stage in timed:
        print(f"{stage.title}: {stage.counts}, {stage.seconds:.0f} s")
    print(run.counts, flush=True)
    return 0 if run.counts.failed == 0 else 1


def count_of(text):
    if not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 999999")
    return int(text)


def arguments_of(command_line):
    parser = argparse.ArgumentParser(prog="./test", usage=__doc__, add_help=False, allow_abbrev=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--stage", type=int, choices=sorted(STAGES))
    parser.add_argument("--repeat", type=count_of)
    parser.add_argument("--help", "-h", action="store_true")
    parser.error = wrong_arguments
    arguments = parser.parse_args(command_line)
    if arguments.help:
        print(__doc__)
        sys.exit(0)
    modes = [arguments.list, arguments.all, arguments.stage is not None, bool(arguments.names)]
    if sum(modes) > 1:
        wrong_arguments("--list, --all, --stage N and names exclude each other")
    if arguments.repeat and arguments.list:
        wrong_arguments("--list cannot be repeated")
    return arguments


def wrong_arguments(message):
    print(f"test: {message}\n\n{__doc__}", file=sys.stderr)
    sys.exit(2)


def main():
    arguments = arguments_of(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends what it started, too
    run = Run()
    # Configured, or configured again after a CMakeLists.txt has changed.
    if not run.build("test", "build.ninja"):
        return summary(run, [])
    tests, cases = ctest_tests(), gtest_cases()
    if arguments.list:
        print("\n".join(listing(tests, cases)))
        return 0
    try:
        chosen = select(arguments.names, tests, cases)
    except UnknownName as error:
        print(f"test: {error}", file=sys.stderr)
        return 2
    timed = []
    repeat = arguments.repeat or 1
    for number in range(1, repeat + 1):
        if repeat > 1:
            print(f"\n== Run {number} of {repeat}", flush=True)
        if arguments.names:
            run.selection(chosen)
        else:
            numbers = [arguments.stage] if arguments.stage else sorted(STAGES)
            timed += run_stages(run, numbers, tests, arguments.all)
        if run.counts.failed:
            break
    return summary(run, timed)


if __name__ == "__main__":
    sys.exit(main())
