"""A real Docker daemon of the tests' own: its directory, network namespace, bridge, socket and
containerd.

Nothing is shared with a daemon that may run on the host, and no firewall rule is made: the
containers talk to each other over the private bridge, and to what has entered its namespace."""

import contextlib
import io
import itertools
import json
import os
import shutil
import subprocess
import tarfile

from . import own, paths
from .host import CGROUPS, cgroup_directories, end_processes, processes_naming, remove_tree, run
from .network import HostNetwork, OwnNetwork
from .waiting import end, wait_for

IMAGE = "tallyman/truth:1"
PARENT = "docker"  # Docker's own default: what most hosts have


class Container:
    def __init__(self, daemon, identity, name):
        self.daemon, self.id, self.name = daemon, identity, name
        self.cgroup = f"/{PARENT}/{identity}"

    def inspect(self):
        return json.loads(self.daemon.docker("inspect", self.id))[0]

    @property
    def pid(self):
        return self.inspect()["State"]["Pid"]

    def running(self):
        return self.inspect()["State"]["Running"]

    def log(self):
        return self.daemon.docker("logs", self.id)

    def wait_for_line(self, beginning, timeout_seconds=600):
        """The first line of its output that begins so."""

        def found():
            return next((line for line in self.log().splitlines() if line.startswith(beginning)), None)

        return wait_for(found, timeout_seconds, f"'{beginning}' from {self.name}", 0.05)

    def go_on(self):
        """Wakes the truth program's `await`."""
        self.daemon.docker("kill", "-s", "USR1", self.id)

    def files(self, controller):
        """Directory of the container in this v1 hierarchy, or in the v2 tree."""
        for tree in (CGROUPS / controller, CGROUPS):
            path = tree / PARENT / self.id
            if path.is_dir():
                return path
        raise FileNotFoundError(f"{self.name} has no cgroup for {controller}")

    def remove(self):
        self.daemon.docker("rm", "-f", "-v", self.id)


class DockerDaemon:
    """`flags` are dockerd's; `data_root` may be on a file system that the test has made. With `on_host` its bridge is
    the host's and a container with the host's network really has that: for what is shown of the host's own network.
    Nothing may be forwarded there, since a firewall of the host's may forbid it."""

    _numbers = itertools.count()  # a test may have one beside the session's

    def __init__(self, *flags, data_root=None, on_host=False):
        self.directory = own.directory("docker")
        self.data_root = data_root or self.directory / "data"
        self._flags = flags
        self._socket = self.directory / "docker.sock"
        self._process = None
        self.bridge = f"tally{os.getpid()}-{next(DockerDaemon._numbers)}"
        self._cli = shutil.which("docker") or "/usr/bin/docker"
        self.network = HostNetwork()
        try:
            if not on_host:
                self.network = OwnNetwork(self.directory / "network")
            self._make_bridge()
            self._start()
            self.import_image(IMAGE, {"truth": paths.truth_binary()}, 'ENTRYPOINT ["/truth"]')
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def host(self):
        return f"unix://{self._socket}"

    def docker(self, *arguments, **options):
        return run(self._cli, "-H", self.host, *arguments, **options)

    def _make_bridge(self):
        def ip(*words):
            return run(*self.network.command("ip", *words))

        routes = ip("-4", "route")
        subnet = next(f"10.213.{n}" for n in range(1, 255) if f"10.213.{n}." not in routes)
        ip("link", "add", self.bridge, "type", "bridge")
        ip("address", "add", f"{subnet}.1/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")

    def _start(self):
        dockerd = shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not dockerd:
            raise FileNotFoundError("dockerd is not installed: scripts/packages-test has the packages")
        configuration = self.directory / "daemon.json"  # not the one in /etc
        configuration.write_text("{}")
        self._log = open(self.directory / "dockerd.log", "wb")
        self._process = subprocess.Popen(
            self.network.command(
                dockerd,
                "--data-root",
                self.data_root,
                "--exec-root",
                self.directory / "exec",
                "--pidfile",
                self.directory / "pid",
                "-H",
                f"unix://{self._socket}",
                "--config-file",
                configuration,
                "--bridge",
                self.bridge,
                "--iptables=false",
                "--ip6tables=false",
                "--ip-forward=false",
                "--ip-masq=false",
                "--userland-proxy=false",
                "--exec-opt",
                "native.cgroupdriver=cgroupfs",
                *self._flags,
            ),
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
        )
        wait_for(self._answers, 60, "dockerd answers", 0.1)

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError("dockerd ended:\n" + (self.directory / "dockerd.log").read_text()[-3000:])
        return self.docker("version", "--format", "{{.Server.Version}}", check=False)

    def import_image(self, name, files, *changes):
        """An image of {path inside: path here}."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for inside, here in files.items():
                tar.add(here, inside)
        options = [word for change in changes for word in ("--change", change)]
        self.docker("import", *options, "-", name, input=archive.getvalue())

    def create(self, name, *command, options=(), image=IMAGE):
        identity = self.docker("create", "--name", name, *options, image, *command)
        return Container(self, identity.splitlines()[-1], name)

    def run(self, name, *command, **how):
        """Starts a container, of the truth program where no image is given."""
        container = self.create(name, *command, **how)
        self.docker("start", container.id)
        return container

    def containerd_pids(self):
        return processes_naming(str(self.directory))

    def stop(self):
        """Ends all that this object began. Safe to call twice."""
        if self._process and self._process.poll() is None:
            names = self.docker("ps", "-aq", check=False).split()
            if names:
                self.docker("rm", "-f", "-v", *names, check=False)
            end(self._process, 30)
        end_processes(self.containerd_pids())
        run(*self.network.command("ip", "link", "del", self.bridge), check=False)
        self.network.remove()
        remove_tree(self.directory)
        if self._process:
            self._log.close()
        for path in cgroup_directories(PARENT):
            with contextlib.suppress(OSError):
                path.rmdir()  # only where it is empty: a daemon of the host's may use it
