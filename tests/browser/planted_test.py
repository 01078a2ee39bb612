#!/usr/bin/python3
"""What site.py lint runs fails on what it is there for: planted_test.py SITE, where site.py has installed the packages.
The fault is planted in one component under the project's own configuration."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "web"
GOOD = """import { useEffect, useState } from "preact/hooks";

export function Planted({ count }: { count: number }) {
  const [shown, setShown] = useState(0);
  useEffect(() => setShown(count), [count]);
  return <p>{shown}</p>;
}
"""


class PlantedFaults(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="tallyman-planted-")
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        for file in SOURCES.iterdir():
            if file.is_file():
                shutil.copy(file, self.root)
        (self.root / "node_modules").symlink_to(SITE / "node_modules")
        (self.root / "src").mkdir()
        self.plant("", "")

    def plant(self, old, text):
        self.assertIn(old, GOOD)
        (self.root / "src/planted.tsx").write_text(GOOD.replace(old, text))

    def run_script(self, name):
        """(whether it passed, all that it said)"""
        done = subprocess.run(["npm", "run", name], cwd=self.root, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def assert_caught(self, script, old, text, *words):
        self.plant(old, text)
        passed, said = self.run_script(script)
        self.assertFalse(passed, said)
        for word in ("planted.tsx", *words):
            self.assertIn(word, said)

    def test_none(self):
        passed, said = self.run_script("lint")
        self.assertTrue(passed, said)

    def test_a_dependency_that_a_hook_lacks(self):
        self.assert_caught("lint", "[count]", "[]", "react-hooks/exhaustive-deps", "missing dependency: 'count'")

    def test_a_wrong_type(self):
        self.assert_caught("check", "useState(0)", 'useState("")', "TS2345")

    def test_a_layout_of_its_own(self):
        self.assert_caught("format:check", "[count]", "[ count ]")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    SITE = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
