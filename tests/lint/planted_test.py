#!/usr/bin/python3
"""The checks of stage 1 fail on what they are there for: a fault is planted in a small copy of the tree, and
the scripts of that copy run as ./test runs them. The same copy without the fault passes."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Copy:
    """A directory with a git repository of some of the project's files."""

    def __init__(self, *files):
        self._scratch = tempfile.TemporaryDirectory(prefix="tallyman-planted-")
        self.root = pathlib.Path(self._scratch.name) / "copy"
        for file in ("scripts", ".gitignore", *files):
            to = self.root / file
            to.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / file).is_dir():
                shutil.copytree(ROOT / file, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / file, to)
        # A hook of git's sets GIT_DIR and more: the copy is a repository of its own. Nothing found clean is remembered.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment["XDG_CACHE_HOME"] = str(self.root.parent / "cache")
        for words in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *words], cwd=self.root, env=self._environment, check=True)

    def remove(self):
        self._scratch.cleanup()

    def write(self, file, text):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, script):
        """(whether it passed, all that it said)"""
        command = [self.root / "scripts" / script]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr


class Planted(unittest.TestCase):
    def copy(self, *files):
        copy = Copy(*files)
        self.addCleanup(copy.remove)
        return copy

    def assert_passes(self, copy, script):
        passed, said = copy.run(script)
        self.assertTrue(passed, said)
        return said

    def assert_fails(self, copy, script, *words):
        passed, said = copy.run(script)
        self.assertFalse(passed, said)
        for word in words:
            self.assertIn(word, said)


class FaultsInText(Planted):
    def test_a_file_that_is_laid_out_otherwise(self):
        copy = self.copy(".clang-format")
        copy.write("collectors/planted.cc", "int planted() { return 1; }\n")
        self.assert_passes(copy, "lint-format")
        copy.write("collectors/planted.cc", "int planted( ) {return 1;}\n")
        self.assert_fails(copy, "lint-format", "collectors/planted.cc:1:", "[-Wclang-format-violations]")

    def test_a_word_that_the_shell_would_split(self):
        copy = self.copy()
        copy.write("scripts/planted", '#!/bin/bash\nls "$1"\n')
        self.assert_passes(copy, "lint-shell")
        copy.write("scripts/planted", "#!/bin/bash\nls $1\n")
        self.assert_fails(copy, "lint-shell", "scripts/planted line 2", "SC2086")

    def test_python_that_is_wrong_or_laid_out_otherwise(self):
        copy = self.copy(".ruff.toml")
        # The pinned ruff, which is installed once for both.
        (ROOT / "build/tools").mkdir(parents=True, exist_ok=True)
        (copy.root / "build").mkdir()
        (copy.root / "build/tools").symlink_to(ROOT / "build/tools")
        copy.write("scripts/planted", "#!/usr/bin/python3\nprint(1)\n")
        self.assert_passes(copy, "lint-python")
        copy.write("scripts/planted", "#!/usr/bin/python3\nimport os\n\nprint(1)\n")
        self.assert_fails(copy, "lint-python", "scripts/planted:2:", "F401")
        copy.write("scripts/planted", "#!/usr/bin/python3\nprint( 1 )\n")
        self.assert_fails(copy, "lint-python", "scripts/planted", "-print( 1 )\n+print(1)\n")

    def test_a_dockerfile_that_copies_or_starts_what_is_not_there(self):
        def said_with(old, text):
            self.assertIn(old, good)
            copy.write("deploy/Dockerfile", good.replace(old, text))
            check = ROOT / "tests/lint/dockerfile.py"
            done = subprocess.run([check, copy.root], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1 if done.stdout else 0, done.stderr)
            return done.stdout

        copy = self.copy("deploy", ".dockerignore")
        good = (ROOT / "deploy/Dockerfile").read_text()
        self.assertEqual(said_with("", ""), "")
        self.assertIn("scripts/moved is not in the checkout", said_with("COPY scripts ", "COPY scripts/moved "))
        self.assertIn("scripts/install is not copied before", said_with("COPY scripts scripts\n", ""))
        self.assertIn("deploy/moved is not a program", said_with("deploy/bundle ", "deploy/moved "))


class FaultsInCpp(Planted):
    """In the agent as preset thread-safety configures it. A small file in place of one of its own keeps this quick."""

    FILE = "collectors/kernel/system/file_descriptor.cc"
    GOOD = """#include "collectors/kernel/system/thread_annotations.h"

namespace tallyman {

class Planted {
 public:
  int next(double step) {
    const MutexLock lock(mutex_);
    sum_ += static_cast<int>(step);
    return sum_;
  }

 private:
  Mutex mutex_;
  int sum_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tallyman
"""

    @classmethod
    def setUpClass(cls):
        sources = ("agent", "collectors", "exporters", "tests/collectors")  # each collector must have its test
        cls.tree = Copy("CMakeLists.txt", "CMakePresets.json", ".clang-tidy", "cmake", *sources)
        cls.addClassCleanup(cls.tree.remove)

    def plant(self, text, old):
        self.assertIn(old, self.GOOD)
        self.tree.write(self.FILE, self.GOOD.replace(old, text))

    def test_none(self):
        self.tree.write(self.FILE, self.GOOD)
        self.assertIn("1 files, 1 of them not known to be clean", self.assert_passes(self.tree, "lint-cpp"))

    def test_a_conversion_that_narrows(self):
        self.plant("sum_ += step;", "sum_ += static_cast<int>(step);")
        self.assert_fails(self.tree, "lint-cpp", f"{self.FILE}:9:", "[cppcoreguidelines-narrowing-conversions,")

    def test_a_guarded_field_that_is_read_without_its_mutex(self):
        self.plant("", "    const MutexLock lock(mutex_);\n")
        self.assert_fails(self.tree, "lint-cpp", f"{self.FILE}:9:", "[clang-diagnostic-thread-safety-analysis]")


if __name__ == "__main__":
    unittest.main()
