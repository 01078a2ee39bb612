"""A process on a file system that stops answering."""

import contextlib
import pathlib
import signal
import subprocess

from . import paths
from .waiting import end, wait_for


class HangingProgram:
    """In a mount namespace of its own: nothing else can touch that file system by accident."""

    def __init__(self, directory):
        program = [paths.hanging_fs_binary(), directory, paths.truth_binary()]
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", *program],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        self.pid = int(self._process.stdout.readline())

    def hang(self):
        self._process.send_signal(signal.SIGUSR1)

    def stop(self):
        self._process.kill()  # SIGTERM would wait for an answer
        end(self._process)
        self._process.stdout.close()


@contextlib.contextmanager
def hanging_directory(directory, pid):
    """Nobody who shares that process's mounts gets an answer from this directory meanwhile."""
    program = [paths.hanging_fs_binary(), directory, paths.truth_binary()]
    server = subprocess.Popen(
        ["nsenter", "--target", str(pid), "--mount", "--", *program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    try:
        program = server.stdout.readline().strip().decode()
        # Between its word and its exec it would hang itself.
        wait_for(lambda: pathlib.Path(f"/proc/{program}/comm").read_text() == "program\n", 60, "the program runs")
        server.send_signal(signal.SIGUSR1)
        yield server
    finally:
        server.kill()  # SIGTERM would wait for an answer
        end(server)
        server.stdout.close()
