"""What a session of tests makes is named after its process: nothing of another session's is
taken for it, and what a killed session left behind can be found."""

import os
import pathlib
import re
import tempfile

OWNER = "TALLYMAN_TESTS_OWNER"  # in the environment of each process that a session starts
_DIRECTORY = re.compile(r"tallyman-tests-(\d+)-")


def mark():
    """What the names of this session's directories begin with."""
    return f"tallyman-tests-{os.getpid()}-"


def temporary_directory():
    return pathlib.Path(tempfile.gettempdir())


def directory(kind):
    """A new directory; whoever asks for it removes it."""
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{mark()}{kind}-"))


def owner_of_directory(name):
    """The process after which this directory is named, or None."""
    found = _DIRECTORY.match(name)
    return int(found.group(1)) if found else None


def owner_of_process(pid):
    """The process of the session that has started this one, or None."""
    try:
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    found = re.search(rb"(?:^|\0)" + OWNER.encode() + rb"=(\d+)(?:\0|$)", environment)
    return int(found.group(1)) if found else None


def begin():
    """What this process starts from now on is its own."""
    os.environ[OWNER] = str(os.getpid())
