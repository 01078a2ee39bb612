#!/usr/bin/env python3
"""The dashboard's sources in a directory of their own, with the packages of package-lock.json:
site.py install DIR    copies the sources to DIR and runs npm ci there, unless DIR is up to date
site.py lint DIR       types, eslint and prettier; installs first where DIR is not up to date
site.py units DIR      its unit tests
site.py dist DIR       builds it there and compares it with dashboards/web/dist, byte for byte"""

import filecmp
import gzip
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "dashboards" / "web"
# The browser's tests lie beside the sources in DIR, so that the same rules and layout hold for them.
TESTS = "browser_tests"
FIRST_PAINT_BYTES = 150_000  # compressed: what a browser fetches before it shows something


def npm(directory, *arguments):
    program = shutil.which("npm")
    if not program:
        sys.exit("npm is not installed: scripts/install test installs it")
    done = subprocess.run([program, *arguments], cwd=directory, check=False)
    if done.returncode != 0:
        sys.exit(f"npm {' '.join(arguments)} failed in {directory}")


def sources():
    """What DIR has of the repository: where it is there, and the file itself."""
    files = [path for path in SOURCES.rglob("*") if path.is_file()]
    files = [path for path in files if path.relative_to(SOURCES).parts[0] not in ("node_modules", "dist")]
    return {
        **{path.relative_to(SOURCES): path for path in files},
        **{pathlib.Path(TESTS, path.name): path for path in HERE.glob("*.mjs")},
    }


def is_up_to_date(directory):
    here = sources()
    if not all(
        (directory / to).is_file() and filecmp.cmp(path, directory / to, shallow=False) for to, path in here.items()
    ):
        return False
    others = {path.relative_to(directory) for path in directory.rglob("*") if path.is_file()} - here.keys()
    return (directory / "node_modules" / ".package-lock.json").is_file() and all(
        path.parts[0] in ("node_modules", "dist") for path in others
    )


def install(directory):
    if is_up_to_date(directory):
        return  # each stage of ./test asks again
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        if old.name != "node_modules":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for to, path in sources().items():
        (directory / to).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, directory / to)
    lock = (SOURCES / "package-lock.json").read_text()
    if re.search(r'"resolved"|https?://[^"]*registry', lock):
        sys.exit("package-lock.json names a registry; .npmrc keeps it out: run npm install in dashboards/web again")
    npm(directory, "ci", "--prefer-offline")


def files_of(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def lint(directory):
    install(directory)
    npm(directory, "run", "check")
    npm(directory, "run", "lint")
    npm(directory, "run", "format:check")


def dist(directory):
    npm(directory, "run", "build")
    built, committed = files_of(directory / "dist"), files_of(SOURCES / "dist")
    differing = sorted(name for name in built.keys() | committed.keys() if built.get(name) != committed.get(name))
    if differing:
        sys.exit(
            f"dashboards/web/dist is not what the sources build: {', '.join(differing)}\n"
            "Run npm ci and npm run build in dashboards/web, and commit dist."
        )
    page = built["index.html"].decode()
    needed = ["index.html", *re.findall(r'(?:src|href)="\./([^"]+)"', page)]
    size = sum(len(gzip.compress(built[name], 9)) for name in needed)
    print(f"first paint: {size} bytes compressed, of {', '.join(needed)}")
    if size > FIRST_PAINT_BYTES:
        sys.exit(f"first paint is more than {FIRST_PAINT_BYTES} bytes")
    check_policy(page)


def check_policy(page):
    """What the Content-Security-Policy would not let run, and what a path prefix would break."""
    if re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page):
        sys.exit("index.html has inline styles or scripts")
    absolute = re.findall(r'(?:src|href)="(?!\./|#)[^"]*"', page)
    if absolute:
        sys.exit(f"index.html has addresses that are not relative: {absolute}")


def main():
    commands = {"install": install, "lint": lint, "units": lambda directory: npm(directory, "test"), "dist": dist}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
