#!/usr/bin/env python3
"""The pages in Chromium: run.py DIR [arguments of node --test], DIR as site.py install made it."""

import os
import pathlib
import shutil
import subprocess
import sys

if os.geteuid() != 0:
    print("skipped: dockerd needs root")
    sys.exit(77)
node = shutil.which("node")
if not node:
    sys.exit("node is not installed: scripts/install test installs it")
environment = {**os.environ, "TALLYMAN_SITE": sys.argv[1]}
sys.exit(
    subprocess.run(
        [node, *sys.argv[2:], "--test", pathlib.Path(__file__).with_name("suite.mjs")], env=environment, check=False
    ).returncode
)
