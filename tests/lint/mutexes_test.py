#!/usr/bin/python3
"""mutexes.py fails on what it is there for: each fault is planted in a copy of the tree."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(__file__).resolve().parent
ROOT = LINT.parents[1]
HEADER = "exporters/buffer_pool.h"


class PlantedFaults(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        for folder in ("agent", "collectors", "exporters"):
            shutil.copytree(ROOT / folder, self.root / folder)

    def plant(self, text, old=""):
        path = self.root / HEADER
        before = path.read_text()
        self.assertIn(old, before)
        path.write_text(before.replace(old, text) if old else before + text)

    def faults(self):
        run = subprocess.run([sys.executable, LINT / "mutexes.py", self.root], capture_output=True, text=True)
        self.assertEqual(run.stderr, "")
        lines = run.stdout.splitlines()
        self.assertEqual(run.returncode, 1 if len(lines) > 1 else 0)
        return lines[:-1]  # the last one counts the files

    def fault(self):
        found = self.faults()
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith(f"{HEADER}:"), found[0])
        return found[0]

    def test_the_tree_as_it_is_has_none(self):
        self.assertEqual(self.faults(), [])

    def test_a_mutex_of_the_standard_library(self):
        for name in ("mutex", "shared_mutex", "recursive_mutex", "timed_mutex"):
            with self.subTest(name):
                self.setUp()
                self.plant(f"struct Planted {{\n  mutable std::{name} planted_;\n}};\n")
                self.assertIn(f": std::{name}: use Mutex", self.fault())

    def test_a_mutex_of_the_c_library(self):
        self.plant("struct Planted {\n  pthread_mutex_t planted_;\n};\n")
        self.assertIn(": pthread_mutex_t: use Mutex", self.fault())

    def test_a_lock_and_a_condition_that_the_analysis_does_not_see(self):
        self.plant("inline void planted(Mutex& mutex) { const std::lock_guard lock(mutex); }\n")
        self.assertIn(": std::lock_guard: use Mutex", self.fault())
        self.setUp()
        self.plant("struct Planted {\n  std::condition_variable planted_;\n};\n")
        self.assertIn(": std::condition_variable: use Mutex", self.fault())

    def test_a_mutex_that_guards_nothing(self):
        self.plant("struct Planted {\n  Mutex planted_;\n  int unguarded_;\n};\n")
        self.assertIn(": planted_: no field has GUARDED_BY(planted_)", self.fault())

    def test_what_is_no_fault(self):
        self.plant("// A std::mutex would do.\nclass Planted : public spdlog::sinks::base_sink<std::mutex> {};\n")
        self.plant("struct Planted {\n  Mutex planted_;\n  int guarded_ GUARDED_BY(planted_);\n};\n")
        self.assertEqual(self.faults(), [])


if __name__ == "__main__":
    unittest.main()
