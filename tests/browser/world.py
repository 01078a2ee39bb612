#!/usr/bin/env python3
"""What the browser looks at: a real agent, a real Docker daemon with its containers, and
cgroups. Takes one JSON object a line, {"do": NAME, ...}, and answers with one: {"ok": ...}
or {"error": ...}. Ends, and leaves nothing behind, when its input ends."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from support import leftovers, own, paths
from support.agent import Agent, free_port
from support.docker import IMAGE, DockerDaemon
from support.host import CGROUPS
from support.leaks import Inventory
from support.waiting import end

# A report of `tallyman overhead run`, as a machine gave it.
REPORT = paths.REPOSITORY / "dashboards" / "web" / "mock" / "overhead_sample.json"


def hierarchies():
    """Where a cgroup is made, so that it has CPU, memory and tasks."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    trees = {(CGROUPS / name).resolve() for name in ("cpuacct", "memory", "pids") if (CGROUPS / name).is_dir()}
    return sorted(trees)


class World:
    def __init__(self):
        self.before = Inventory()
        self.docker = DockerDaemon()
        self.containers = {}
        self.identities = []
        self.bare = []
        self.cgroups = f"tallyman-browser-{os.getpid()}"
        self.port = free_port()
        self.reports = own.directory("reports")
        self.agent = None
        self.start_agent()

    def start_agent(self):
        if self.agent:
            return {"port": self.port}
        self.agent = Agent(
            f"--docker.root={self.docker.data_root}",
            f"--overhead.reports={self.reports}",
            interval="1s",
            port=self.port,
        )
        return {"port": self.port}

    def stop_agent(self):
        agent, self.agent = self.agent, None
        agent.stop(within=10)

    def freeze_agent(self):
        os.kill(self.agent.pid, signal.SIGSTOP)

    def thaw_agent(self):
        os.kill(self.agent.pid, signal.SIGCONT)

    def run(self, name, steps, options=(), image=IMAGE):
        """`image` is another name of the truth program's: what is shown beside the container's."""
        if image != IMAGE:
            self.docker.docker("tag", IMAGE, image)
        container = self.docker.run(name, *steps, options=options, image=image)
        self.containers[name] = container
        self.identities.append(container.id)
        return {
            "id": container.cgroup,
            "container_id": container.id,
            "address": container.inspect()["NetworkSettings"]["IPAddress"],
        }

    def go_on(self, name):
        self.containers[name].go_on()

    def limit_cpu(self, name, quota, period):
        """Microseconds of CPU time in each period, from now on: at its start a container needs more."""
        self.docker.docker("update", f"--cpu-period={period}", f"--cpu-quota={quota}", name)

    def cpu_seconds(self, name):
        """What the kernel has accounted to the container."""
        for controller, file, of in (
            ("cpuacct", "cpuacct.usage", lambda text: int(text) / 1e9),
            ("cpu", "cpu.stat", lambda text: int(text.split()[1]) / 1e6),
        ):
            path = self.containers[name].files(controller) / file
            if path.exists():
                return {"seconds": of(path.read_text()), "time": time.time()}
        raise FileNotFoundError("neither cpuacct.usage nor cpu.stat")

    def remove(self, name):
        self.containers.pop(name).remove()

    def burn_bare(self, name):
        """A bare process, in a cgroup of its own so that its figures are nobody else's."""
        # Before others, so that a busy machine too gives it more than the containers' quotas.
        self.bare.append(
            subprocess.Popen(
                ["nice", "-n", "-15", paths.truth_binary(), "spin"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        )
        for tree in hierarchies():
            directory = tree / self.cgroups / name
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "cgroup.procs").write_text(str(self.bare[-1].pid))
            for parent in (directory.parent, directory):
                for file, most in (("cpu.weight", "10000"), ("cpu.shares", "262144")):
                    if (parent / file).exists():
                        (parent / file).write_text(most)
        return {"id": f"/{self.cgroups}/{name}"}

    def make_cgroups(self, names):
        for tree in hierarchies():
            for name in names:
                (tree / self.cgroups / name).mkdir(parents=True, exist_ok=True)
        return {"parent": f"/{self.cgroups}"}

    def keep_reports(self):
        """Two reports of the overhead, as if it had been measured twice; newest first."""
        newest = json.loads(REPORT.read_text())
        older = {**newest, "run": "20261118-090210-11aa", "began": "2026-11-18T09:02:10Z", "remarks": []}
        for report in (newest, older):
            directory = self.reports / report["run"]
            directory.mkdir(exist_ok=True)
            (directory / "report.json").write_text(json.dumps(report) + "\n")
        return {"runs": [newest["run"], older["run"]]}

    def forget_reports(self):
        for directory in self.reports.iterdir():
            shutil.rmtree(directory)

    def end_bare(self):
        for process in self.bare:
            end(process)
        self.bare.clear()

    def remove_cgroups(self):
        self.end_bare()
        for tree in hierarchies():
            below = tree / self.cgroups
            for directory in sorted(below.rglob("*"), reverse=True):
                if directory.is_dir():
                    directory.rmdir()
            with contextlib.suppress(FileNotFoundError):
                below.rmdir()

    def close(self):
        try:
            if self.agent:
                self.agent.stop(within=10)
        finally:
            self.remove_cgroups()
            shutil.rmtree(self.reports)
            self.docker.stop()
        left = self.before.left(self.identities)
        assert not left, f"left behind: {left}"


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what else is printed is no answer
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # and cleans up first
    own.begin()
    leftovers.remove()
    world = World()
    try:
        answers.write(json.dumps({"ok": {"port": world.port}}) + "\n")
        for line in sys.stdin:
            request = json.loads(line)
            try:
                done = getattr(world, request.pop("do"))(**request)
                answers.write(json.dumps({"ok": done or {}}) + "\n")
            except Exception:  # the test that asked gets it
                answers.write(json.dumps({"error": traceback.format_exc()}) + "\n")
    finally:
        world.close()


if __name__ == "__main__":
    main()
