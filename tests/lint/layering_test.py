#!/usr/bin/python3
"""The layering test fails on what it is there for: each fault is planted in a copy of the tree."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(__file__).resolve().parent
ROOT = LINT.parents[1]
SOURCES = ("agent", "collectors", "exporters", "dashboards/web/src")


class PlantedFaults(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        for folder in SOURCES:
            shutil.copytree(ROOT / folder, self.root / folder)

    def plant(self, file, text, old=None):
        path = self.root / file
        before = path.read_text() if path.exists() else ""
        if old is not None:
            self.assertIn(old, before)
        path.write_text(before.replace(old, text, 1) if old else before + text)

    def faults(self):
        run = subprocess.run([sys.executable, LINT / "layering.py", self.root], capture_output=True, text=True)
        self.assertEqual(run.stderr, "")
        lines = run.stdout.splitlines()
        self.assertEqual(run.returncode, 1 if len(lines) > 2 else 0)
        return lines[:-2]  # the last two are the figures of both languages

    def test_the_tree_as_it_is_has_none(self):
        self.assertEqual(self.faults(), [])

    def test_an_include_that_leads_up(self):
        self.plant("collectors/kernel/system/error.h", '#include "collectors/sampling/sampler.h"\n')
        self.assertIn(
            "collectors/kernel/system/error.h: includes collectors/sampling/sampler.h: "
            "collectors/kernel/system may not know collectors/sampling",
            self.faults(),
        )

    def test_a_circle_of_rooms(self):
        self.plant("collectors/model/metric.h", '#include "exporters/gzip.h"\n')
        faults = self.faults()
        self.assertIn("a circle: collectors/model -> exporters -> collectors/model", faults)

    def test_a_circle_of_files_in_one_room(self):
        self.plant("exporters/gzip.h", '#include "exporters/gzip_levels.h"\n')
        self.plant("exporters/gzip_levels.h", '#pragma once\n#include "exporters/gzip.h"\n')
        self.assertEqual(self.faults(), ["a circle: exporters/gzip.h -> exporters/gzip_levels.h -> exporters/gzip.h"])

    def test_a_function_that_is_defined_in_another_file(self):
        self.plant("exporters/gzip.h", "namespace tallyman {\nint planted(const std::string& text);\n}\n")
        self.plant(
            "exporters/buffer_pool.cc", "namespace tallyman {\nint planted(const std::string&) { return 1; }\n}\n"
        )
        faults = self.faults()
        self.assertEqual(len(faults), 1)
        self.assertRegex(faults[0], r"^exporters/gzip\.h:\d+: planted\(\) is not defined in exporters/gzip\.cc$")

    def test_a_method_that_is_defined_in_another_file(self):
        self.plant(
            "exporters/gzip.h", "namespace tallyman {\nstruct Planted {\n  ~Planted();\n  int size() const;\n};\n}\n"
        )
        self.plant("exporters/gzip.cc", "namespace tallyman {\nPlanted::~Planted() = default;\n}\n")
        self.plant("exporters/buffer_pool.cc", "namespace tallyman {\nint Planted::size() const { return 1; }\n}\n")
        faults = self.faults()
        self.assertEqual(len(faults), 1)
        self.assertIn("Planted::size() is not defined in exporters/gzip.cc", faults[0])

    def test_one_name_for_two_files(self):
        self.plant("agent/log/gzip.cc", "\n")
        self.assertEqual(
            self.faults(), ["one name for two things: agent/log/gzip.cc, exporters/gzip.cc, exporters/gzip.h"]
        )

    def test_a_file_in_no_room(self):
        (self.root / "exporters/attic").mkdir()
        self.plant("exporters/attic/box.h", "\n")
        self.assertEqual(self.faults(), ["exporters/attic/box.h: in no room of layers.toml"])

    def test_a_room_without_files(self):
        shutil.rmtree(self.root / "agent/log")
        self.assertEqual(self.faults(), ["layers.toml: agent/log: no file is in this room"])

    def test_a_collector_with_a_clock(self):
        self.plant("collectors/oom.cc", "const auto kNow = std::chrono::system_clock::now();\n")
        self.assertEqual(self.faults(), ["collectors/oom.cc: a collector has no file, clock, thread or log"])

    def test_a_path_of_the_host(self):
        self.plant("exporters/gzip.cc", 'const char* kPlanted = "/proc/stat";\n')
        self.assertEqual(len(self.faults()), 1)

    def test_an_import_that_leads_up(self):
        self.plant("dashboards/web/src/model/format.ts", 'import { Live } from "../data/live";\n')
        faults = self.faults()
        self.assertIn("model/format.ts: includes data/live.ts: model may not know data", faults)
        self.assertTrue(any(fault.startswith("a circle: ") for fault in faults))

    def test_an_exception_that_excuses_nothing(self):
        shutil.copytree(LINT, self.root / "lint")
        table = self.root / "lint/layers.toml"
        text = table.read_text()
        self.assertIn("includes = [", text)
        table.write_text(text.replace("includes = [", 'includes = [\n  "exporters/gzip.h -> exporters/gzip.cc",', 1))
        run = subprocess.run([sys.executable, self.root / "lint/layering.py", ROOT], capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("an exception that excuses nothing: exporters/gzip.h -> exporters/gzip.cc", run.stdout)


if __name__ == "__main__":
    unittest.main()
