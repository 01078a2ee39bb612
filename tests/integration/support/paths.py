"""Where the programs are. TALLYMAN_BINARY, TALLYMAN_TRUTH and others below say otherwise."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def _program(variable, default):
    path = pathlib.Path(os.environ.get(variable, REPOSITORY / "build" / "test" / default))
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not a program; build it, or set {variable}")
    return path


def agent_binary():
    return _program("TALLYMAN_BINARY", "tallyman")


def truth_binary():
    return _program("TALLYMAN_TRUTH", "tests/truth/truth")


def hanging_fs_binary():
    return _program("TALLYMAN_HANGING_FS", "tests/truth/hanging_fs")


def collectors_test():
    return _program("TALLYMAN_COLLECTORS_TEST", "tests/collectors_test")
