#!/usr/bin/env python3
"""What deploy/Dockerfile copies is in the checkout, and what it runs of it was copied before: dockerfile.py [ROOT].
Building it takes minutes; this finds at once that a file has moved."""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
FILE = "deploy/Dockerfile"


def instructions():
    """(line number, instruction, the rest) of the stages, continued lines joined."""
    text = re.sub(r"\\\n", " ", (ROOT / FILE).read_text())
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            instruction, _, rest = line.partition(" ")
            yield number, instruction, rest.split()


def faults():
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    copied = []
    for number, instruction, words in instructions():
        if instruction == "FROM":
            copied = []
        elif instruction == "COPY" and not words[0].startswith("--from"):
            for source in words[:-1]:
                if not (ROOT / source).exists() or is_below(source, ignored):
                    yield f"{FILE}:{number}: {source} is not in the checkout"
                copied.append(source)
        elif instruction == "RUN":
            for command in re.split(r"&&|;|\|", " ".join(words)):
                program = command.split()[0]
                if "/" not in program or program.startswith("/"):
                    continue  # the image's own
                if not is_below(program, copied) or is_below(program, ignored):
                    yield f"{FILE}:{number}: {program} is not copied before it runs"
                elif not os.access(ROOT / program, os.X_OK):
                    yield f"{FILE}:{number}: {program} is not a program"


def is_below(path, directories):
    return any(one == "." or pathlib.PurePath(path).is_relative_to(one) for one in directories)


def main():
    found = list(faults())
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
