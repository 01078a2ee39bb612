"""Users who run containers without root: what a user writes into the own home describes that user's own, and a
home that hangs stops nobody."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from support import own, paths
from support.agent import Agent
from support.hanging import hanging_directory
from support.host import cgroup_directories, end_cgroup, enter_cgroup, has_ended, make_cgroup, remove_tree
from support.waiting import end, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")

UID = 2_000_000_000 + os.getpid()  # what a killed session leaves behind has its number
SLICE = f"user.slice/user-{UID}.slice"
MIB = 1 << 20
# As in a login: the home by passwd, and /run/user/UID; for the agent alone.
SETTING = 'mount --bind "$0/run" /run/user && mount --bind "$0/passwd" /etc/passwd && exec "$@"'


class User:
    def __init__(self, directory):
        self.directory, self.home = directory, directory / "home"
        self._processes = []
        directory.chmod(0o755)
        shutil.copy(paths.truth_binary(), directory / "truth")
        for path in (self.home, directory / "run" / str(UID)):
            path.mkdir(parents=True)
            os.chown(path, UID, UID)
        (directory / "passwd").write_text(f"root:x:0:0::/root:/bin/sh\nmallory:x:{UID}:{UID}::{self.home}:/bin/sh\n")

    def prefix(self):
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", SETTING, self.directory]

    def owned(self, path):
        """The path, and what is missing above it, as the user's."""
        path = self.home / path
        path.mkdir(parents=True)
        for one in (path, *path.parents):
            if one == self.home:
                break
            os.chown(one, UID, UID)
        return path

    def start(self, identity):
        """A container of the user's; its cgroup."""
        path = f"{SLICE}/user@{UID}.service/libpod-{identity}.scope"
        directories = make_cgroup(path)
        as_user = ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", "--"]
        process = subprocess.Popen(
            [*as_user, self.directory / "truth", "stay"], preexec_fn=lambda: enter_cgroup(directories)
        )
        self._processes.append(process)
        return "/" + path

    def stop(self):
        for process in self._processes:
            end(process)
        for directory in cgroup_directories(SLICE):
            assert end_cgroup(directory)
        remove_tree(self.directory)


@pytest.fixture
def user():
    os.makedirs("/run/user", exist_ok=True)
    one = User(own.directory("user"))
    yield one
    one.stop()


def podman_files(user, identity, root, volumes):
    """What Podman writes of a container in a pod: its root file system, its name, its image and its volumes, or what
    a user would like the agent to believe."""
    store = user.owned(".local/share/containers/storage/overlay-containers")
    userdata = user.owned(f".local/share/containers/storage/overlay-containers/{identity}/userdata")
    pod = {"name": "payments-0", "namespace": "prod"}
    configuration = {
        "root": {"path": str(root)},
        "annotations": {f"io.kubernetes.pod.{key}": value for key, value in pod.items()},
        "mounts": [{"destination": f"/{path.parent.name}", "type": "bind", "source": str(path)} for path in volumes],
        "linux": {"namespaces": [{"type": "network"}]},
    }
    metadata = json.dumps({"image-name": "registry/mine:latest", "name": "mine"})
    container = {"id": identity, "names": ["mine"], "image": "x", "layer": "bbbb", "metadata": metadata}
    for file, content in ((userdata / "config.json", configuration), (store / "containers.json", [container])):
        file.write_text(json.dumps(content))
        os.chown(file, UID, UID)


def test_a_users_files_describe_and_measure_what_is_the_users(user):
    identity = "a" * 64
    secret = user.directory / "secret"
    secret.mkdir(mode=0o700)
    (secret / "key").write_bytes(b"x" * 5 * MIB)
    mine, leak = user.owned("volumes/mine/_data"), user.owned("volumes/leak") / "_data"
    (mine / "file").write_bytes(b"x" * 3 * MIB)
    os.chown(mine / "file", UID, UID)
    leak.symlink_to(secret)
    podman_files(user, identity, secret, [mine, leak])
    cgroup = user.start(identity)
    with Agent(prefix=user.prefix()) as agent:
        workload = wait_for(lambda: agent.find(cgroup), 60, "the user's container")
        assert (workload["kind"], workload["runtime"], workload["name"]) == ("container", "podman", "mine")
        assert workload["user"] == UID

        def measured():
            return agent.scrape().all("container_fs_volume_usage_bytes", id=cgroup)

        volumes = wait_for(measured, 60, "the user's own volume is measured")
        assert [one.labels["volume"] for one in volumes] == ["mine"]
        assert 3 * MIB <= volumes[0].value < 4 * MIB
        scrape = agent.fresh_scrape()
        assert not scrape.all("container_fs_layer_bytes", id=cgroup), "its root is root's directory"
        series = [one for one in scrape.samples if one.labels.get("id") == cgroup]
        assert not [
            one for one in series if {"pod", "namespace", "container"} & {k for k, v in one.labels.items() if v}
        ]
        others = [one for one in scrape.samples if one.labels.get("name") == "mine" and one.labels.get("id") != cgroup]
        assert not others, "no other cgroup has the user's name"


def test_a_home_that_hangs_stops_nobody(user, docker, containers):
    flags = f"--docker.root={docker.data_root}"
    with Agent(flags, prefix=user.prefix()) as agent:
        first = user.start("b" * 64)
        wait_for(lambda: agent.find(first), 60, "the user's first container")
        with hanging_directory(user.home, agent.pid) as server:
            second = user.start("c" * 64)
            late = containers("late", "stay")
            found = wait_for(lambda: agent.find(late.cgroup), 60, "a container of root's, while a home hangs")
            assert found["name"] == "late"
            wait_for(lambda: agent.find(second), 60, "the user's second container, without its name")
            before = agent.scrape().one("tallyman_samples_total")
            wait_for(lambda: agent.scrape().one("tallyman_samples_total") > before + 2, 60, "samples go on")
            os.kill(agent.pid, signal.SIGTERM)
            # What FUSE has not answered keeps its thread, and the kernel such a process, but nothing of it runs.
            wait_for(lambda: has_ended(agent.pid), 10, "the agent's end")
            beside = ["nsenter", "--target", str(server.pid), "--mount", "--"]
            with Agent(flags, prefix=beside, port=agent.port) as another:
                wait_for(lambda: another.find(late.cgroup), 60, "a new agent's first containers")
                third = user.start("d" * 64)
                wait_for(lambda: another.find(third), 60, "the user's third container")
                os.kill(another.pid, signal.SIGTERM)
                wait_for(lambda: has_ended(another.pid), 10, "the new agent's end")
                server.kill()
