"""A real containerd of the tests' own, without Docker: its directories, socket and namespace."""

import contextlib
import shutil
import subprocess

from . import own, paths
from .host import cgroup_directories, end_processes, processes_naming, remove_tree, run
from .waiting import end, wait_for

NAMESPACE = "k8s.io"


class Containerd:
    def __init__(self):
        self.directory = own.directory("containerd")
        self.state = self.directory / "state"
        self._socket = self.directory / "containerd.sock"
        self._rootfs = self.directory / "rootfs"
        self._rootfs.mkdir()
        shutil.copy(paths.truth_binary(), self._rootfs / "truth")
        configuration = self.directory / "config.toml"
        configuration.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        self._log = open(self.directory / "log", "wb")
        self._process = subprocess.Popen(
            [
                shutil.which("containerd") or "/usr/bin/containerd",
                "--config",
                configuration,
                "--root",
                self.directory / "root",
                "--state",
                self.state,
                "--address",
                self._socket,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        wait_for(lambda: self.ctr("version", check=False), 60, "containerd answers", 0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def ctr(self, *arguments, **options):
        return run("ctr", "--address", self._socket, "--namespace", NAMESPACE, *arguments, **options)

    def run(self, name, *steps, annotations=None, labels=None, cgroup=None):
        """A container of the truth program; its cgroup is /k8s.io/NAME, or `cgroup`."""
        words = [word for key, value in (annotations or {}).items() for word in ("--annotation", f"{key}={value}")]
        words += [word for key, value in (labels or {}).items() for word in ("--label", f"{key}={value}")]
        words += ["--cgroup", cgroup] if cgroup else []
        self.ctr("run", "-d", "--rootfs", *words, str(self._rootfs), name, "/truth", *steps)
        return cgroup or f"/{NAMESPACE}/{name}"

    def remove(self, name):
        self.ctr("task", "kill", "--signal", "KILL", name, check=False)
        wait_for(
            lambda: name not in self.ctr("task", "ls").split() or "STOPPED" in self.ctr("task", "ls"),
            20,
            f"{name} ends",
            0.05,
        )
        self.ctr("task", "rm", "--force", name, check=False)
        self.ctr("container", "rm", name, check=False)

    def stop(self):
        for name in self.ctr("container", "ls", "-q", check=False).split():
            self.remove(name)
        end(self._process)
        end_processes(processes_naming(str(self.directory)))
        remove_tree(self.directory)
        self._log.close()
        for path in cgroup_directories(NAMESPACE):
            with contextlib.suppress(OSError):
                path.rmdir()
