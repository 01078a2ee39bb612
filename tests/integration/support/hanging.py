"""A process on a file system that stops answering."""

import signal
import subprocess

from . import paths
from .waiting import end


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
