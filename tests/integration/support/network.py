"""In which network namespace something runs: the host's, or one of the tests' own.

In one of its own no firewall rule of the host's is met (Docker's leave the FORWARD policy at
DROP, for bridges too), no address and no port is taken, and nothing stays behind."""

import contextlib
import ctypes
import os

from .host import run

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(descriptor):
    """The calling thread; os.setns() is there from Python 3.12 on."""
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class HostNetwork:
    def command(self, *words):
        return [str(word) for word in words]

    def entered(self):
        return contextlib.nullcontext()

    def remove(self):
        pass


class OwnNetwork:
    """`path`: a file that the namespace is mounted on, as long as it is there."""

    def __init__(self, path):
        self._path = path
        path.touch()
        run("unshare", f"--net={path}", "ip", "link", "set", "lo", "up")

    def command(self, *words):
        """The command that runs this one inside, as the same process."""
        return ["nsenter", f"--net={self._path}", *(str(word) for word in words)]

    @contextlib.contextmanager
    def entered(self):
        """The calling thread inside: sockets and processes that it makes are, too."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self._path, os.O_RDONLY)
        try:
            _enter(there)
            try:
                yield
            finally:
                _enter(here)
        finally:
            os.close(here)
            os.close(there)

    def remove(self):
        run("umount", "-l", self._path, check=False)
