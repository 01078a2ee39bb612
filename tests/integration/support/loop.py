"""A file system of the tests' own, in a file."""

import contextlib
import pathlib
import shutil

import pytest

from .host import run


def made_by(program):
    """Where mkfs.TYPE is, which may be outside of a user's PATH."""
    return shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")


@contextlib.contextmanager
def filesystem(directory, kind, size, mkfs_flags=(), options=""):
    """Mounts a new one of `size` bytes; yields where."""
    image, point = pathlib.Path(directory) / f"{kind}.img", pathlib.Path(directory) / kind
    with open(image, "wb") as file:
        file.truncate(size)
    point.mkdir()
    run(made_by(f"mkfs.{kind}"), "-q", *mkfs_flags, image)
    try:
        run("mount", "-o", ",".join(filter(None, ("loop", options))), image, point)
    except RuntimeError as refused:
        pytest.skip(f"this kernel does not mount {kind} with '{options}': {refused}")
    try:
        yield point
    finally:
        run("umount", point)
        image.unlink()
