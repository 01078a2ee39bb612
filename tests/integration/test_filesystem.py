"""The agent's metrics of layers, volumes and disks, compared with du, statvfs and dockerd."""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pytest

from support import loop, own
from support.agent import Agent
from support.docker import DockerDaemon
from support.host import run
from support.leaks import Inventory
from support.waiting import wait_for

MIB = 1024 * 1024
BLOCK = 4096
BOX = "tallyman/box:1"
FAST = ("--collector.filesystem.walk-interval=1s", "--collector.filesystem.entries-per-second=100000")
# Everything that makes adding up go wrong: hard links (one to the outside is not possible in a
# layer), holes, depth, loops, names.
SCRIPT = r"""
mkdir -p /t/d && cd /t
dd if=/dev/urandom of=a bs=1k count=300 2>/dev/null && ln a b && ln a d/c
truncate -s 1G sparse
ln -s . loop && ln -s / root && ln -s nowhere dangling
mkdir "new
line" && echo x > "new
line/ f " && echo y > ./-rf
p=deep; i=0; while [ $i -lt 60 ]; do mkdir $p; echo $i > $p/f; p=$p/deep; i=$((i+1)); done
mkfifo pipe; i=0; while [ $i -lt 500 ]; do echo $i > d/$i; i=$((i+1)); done
sync; echo made; exec sleep 1000
"""


def du(path, *options):
    os.sync()
    return int(run("du", "-sx", *options, "--", path).split()[0])


def import_box(daemon):
    daemon.import_image(BOX, {"bin/busybox": "/bin/busybox"}, 'ENTRYPOINT ["/bin/busybox"]')


@pytest.fixture(scope="module")
def box(docker):
    import_box(docker)
    return docker


@pytest.fixture(scope="module")
def watcher(docker):
    with Agent(f"--docker.root={docker.data_root}", *FAST) as running:
        yield running


def measured_after(agent, cgroup, moment, name="container_fs_layer_measured_timestamp_seconds"):
    """A scrape after the current content of the disk has been measured."""

    def found():
        scrape = agent.fresh_scrape()
        times = [sample.value for sample in scrape.all(name, id=cgroup)]
        return scrape if times and max(times) > moment else None

    return wait_for(found, 600, f"{cgroup} is measured", 0.1)


def now_on_disk():
    os.sync()
    return time.time()


def layer_of(daemon, container):
    """Where its driver keeps it, according to dockerd or its files."""
    driver = container.inspect()["GraphDriver"]
    if driver["Data"] and "UpperDir" in driver["Data"]:
        return driver["Data"]["UpperDir"]
    name = (
        pathlib.Path(daemon.data_root) / "image" / driver["Name"] / "layerdb/mounts" / container.id / "mount-id"
    ).read_text()
    return pathlib.Path(daemon.data_root) / {"vfs": "vfs/dir", "btrfs": "btrfs/subvolumes"}[driver["Name"]] / name


def check_against_du(agent, daemon, container):
    scrape = measured_after(agent, container.cgroup, now_on_disk())
    layer = layer_of(daemon, container)
    assert abs(scrape.one("container_fs_layer_bytes", id=container.cgroup) - du(layer, "--block-size=1")) <= BLOCK
    assert scrape.one("container_fs_layer_inodes", id=container.cgroup) == du(layer, "--inodes")
    assert scrape.one("container_fs_usage_bytes", id=container.cgroup) == scrape.one(
        "container_fs_layer_bytes", id=container.cgroup
    )
    return scrape


def made(container):
    container.wait_for_line("made")
    return container


def test_a_layer_is_what_du_says(box, containers, watcher):
    container = made(containers("tricky", "sh", "-c", SCRIPT, image=BOX))
    scrape = check_against_du(watcher, box, container)
    assert scrape.one("container_fs_limit_bytes", id=container.cgroup) == pytest.approx(
        os.statvfs(box.data_root).f_blocks * os.statvfs(box.data_root).f_frsize
    )
    assert not scrape.all("container_fs_layer_limit_bytes", id=container.cgroup)
    assert not scrape.all("container_fs_inodes_total", id=container.cgroup)


def in_container(daemon, container, script):
    daemon.docker("exec", container.id, "/bin/busybox", "sh", "-c", script)
    return now_on_disk()


def test_64_mib_in_a_layer_come_and_go(box, containers, watcher):
    container = containers("writer", "sleep", "1000", image=BOX)

    def layer(moment):
        scrape = measured_after(watcher, container.cgroup, moment)
        return scrape.one("container_fs_layer_bytes", id=container.cgroup)

    before = layer(now_on_disk())
    written = in_container(box, container, "dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null")
    assert abs(layer(written) - before - 64 * MIB) <= 2 * BLOCK  # the second: its index, where it is in many pieces
    removed = in_container(box, container, "rm /big")
    assert abs(layer(removed) - before) <= BLOCK


def test_a_shared_volume_counts_once(box, containers, watcher):
    first = containers("first", "sleep", "1000", image=BOX, options=("-v", "tallyshared:/data"))
    second = containers("second", "sleep", "1000", image=BOX, options=("-v", "tallyshared:/data"))
    written = in_container(box, second, "dd if=/dev/zero of=/data/big bs=1M count=64 2>/dev/null")
    pair = (first, second)

    def reported():
        scrape = watcher.fresh_scrape()
        times = [
            sample.value
            for one in pair
            for sample in scrape.all("container_fs_volume_measured_timestamp_seconds", id=one.cgroup)
        ]
        return scrape if times and max(times) > written else None

    scrape = wait_for(reported, 600, "the volume is measured", 0.1)
    usages = [
        sample.value
        for one in pair
        for sample in scrape.all("container_fs_volume_usage_bytes", id=one.cgroup, volume="tallyshared")
    ]
    assert len(usages) == 1, "given once"
    source = box.docker("volume", "inspect", "-f", "{{.Mountpoint}}", "tallyshared")
    assert abs(usages[0] - du(source, "--block-size=1")) <= BLOCK
    for one in pair:
        assert scrape.one("container_fs_volume_users", id=one.cgroup, volume="tallyshared") == 2
    total = sum(scrape.one("container_fs_usage_bytes", id=one.cgroup) for one in pair)
    layers = sum(scrape.one("container_fs_layer_bytes", id=one.cgroup) for one in pair)
    assert total == layers + usages[0]
    box.docker("rm", "-f", first.id)
    wait_for(
        lambda: watcher.fresh_scrape().all("container_fs_volume_usage_bytes", id=second.cgroup),
        30,
        "the one that is left has it",
        0.1,
    )
    box.docker("rm", "-f", second.id)
    box.docker("volume", "rm", "tallyshared")
    containers("first-again", "sleep", "1000", image=BOX)


def test_the_hosts_disks_are_what_statvfs_says(watcher):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        device = next(line.split(" - ")[1].split()[1] for line in table if line.split()[4] == "/")
    disk = {"id": "/", "device": device}

    def used():
        status = os.statvfs("/")
        return (status.f_blocks - status.f_bfree) * status.f_frsize

    def as_statvfs_says():
        """Others write meanwhile: between what it was before and after, and once more where it was not."""
        before = used()
        figure = watcher.fresh_scrape().one("container_fs_usage_bytes", **disk)
        low, high = sorted((before, used()))
        return low - MIB <= figure <= high + MIB

    wait_for(as_statvfs_says, 120, "the used space of /")
    scrape, status = watcher.fresh_scrape(), os.statvfs("/")
    assert scrape.one("container_fs_limit_bytes", **disk) == status.f_blocks * status.f_frsize
    assert scrape.one("container_fs_inodes_total", **disk) == status.f_files
    assert scrape.one("container_fs_available_bytes", **disk) <= scrape.one("container_fs_limit_bytes", **disk)


@contextlib.contextmanager
def daemon_on(kind, size, *flags, mkfs_flags=(), options=""):
    """A dockerd with its data on a separate file system; anything left behind fails the test."""
    if not loop.made_by(f"mkfs.{kind}"):
        pytest.skip(f"mkfs.{kind} is not installed: scripts/packages-test has the packages")
    before = Inventory()
    directory = own.directory("disk")
    try:
        with (
            loop.filesystem(directory, kind, size, mkfs_flags, options) as point,
            DockerDaemon(*flags, data_root=point / "docker") as daemon,
        ):
            import_box(daemon)
            yield daemon
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    left = before.left()
    assert not left, f"left behind: {left}"


def test_vfs(box):
    with DockerDaemon("--storage-driver=vfs") as daemon, Agent(f"--docker.root={daemon.data_root}", *FAST) as agent:
        import_box(daemon)
        container = made(daemon.run("copied", "sh", "-c", SCRIPT, image=BOX))
        check_against_du(agent, daemon, container)


def test_btrfs():
    with (
        daemon_on("btrfs", 512 * MIB, "--storage-driver=btrfs") as daemon,
        Agent(f"--docker.root={daemon.data_root}", *FAST) as agent,
    ):
        container = made(daemon.run("subvolume", "sh", "-c", SCRIPT, image=BOX))
        scrape = check_against_du(agent, daemon, container)
        point = pathlib.Path(daemon.data_root).parent
        device = run("findmnt", "-n", "-o", "SOURCE", "--target", point)
        assert scrape.one("container_fs_limit_bytes", id="/", device=device) == 512 * MIB
        assert not scrape.all("container_fs_inodes_total", id="/", device=device), "btrfs makes them as needed"


def test_a_project_quota_is_asked_and_its_limit_reported():
    with (
        daemon_on("xfs", 1024 * MIB, "--storage-driver=overlay2", options="pquota") as daemon,
        Agent(f"--docker.root={daemon.data_root}", *FAST) as agent,
    ):
        limited = daemon.run("limited", "sleep", "1000", image=BOX, options=("--storage-opt", "size=200m"))
        scrape = measured_after(agent, limited.cgroup, now_on_disk())
        before = scrape.one("container_fs_layer_bytes", id=limited.cgroup, source="quota")
        assert scrape.one("container_fs_layer_limit_bytes", id=limited.cgroup) == 200 * MIB
        assert scrape.one("container_fs_limit_bytes", id=limited.cgroup) == 200 * MIB
        written = in_container(daemon, limited, "dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null")
        scrape = measured_after(agent, limited.cgroup, written)
        assert abs(scrape.one("container_fs_layer_bytes", id=limited.cgroup) - before - 64 * MIB) <= BLOCK


@contextlib.contextmanager
def a_mount_that_never_answers():
    """FUSE without a server: every access hangs until it is unmounted."""
    libc = ctypes.CDLL(None, use_errno=True)
    point = str(own.directory("hangs"))
    channel = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={channel},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"nobody", point.encode(), b"fuse", 0, options) != 0:
        os.close(channel)
        os.rmdir(point)
        pytest.skip("FUSE cannot be mounted here")
    try:
        yield point
    finally:
        libc.umount2(point.encode(), 2)  # MNT_DETACH
        os.close(channel)
        os.rmdir(point)


def test_a_mount_that_never_answers_is_never_asked(box, containers):
    with a_mount_that_never_answers() as point, Agent(f"--docker.root={box.data_root}", *FAST) as agent:
        container = containers("beside", "sleep", "1000", image=BOX)
        scrape = measured_after(agent, container.cgroup, now_on_disk())
        assert scrape.all("container_fs_usage_bytes", id="/")
        assert scrape.one("tallyman_filesystem_hanging_calls") == 0
        assert point not in agent.log()


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: scripts/packages-test has it")
def test_walks_keep_to_their_budget(box, containers):
    """By strace's count, with the default flags: 5,000 entries a second at most, and 1 % of a CPU."""
    container = containers(
        "many",
        "sh",
        "-c",
        "mkdir /t; cd /t; i=0; while [ $i -lt 6000 ]; do : > $i; i=$((i+1)); done; echo made; exec sleep 1000",
        image=BOX,
    )
    container.wait_for_line("made")
    with Agent(f"--docker.root={box.data_root}") as agent:
        seconds = 6
        with tempfile.NamedTemporaryFile() as out:
            tracer = subprocess.Popen(
                ["strace", "-f", "-qq", "-e", "trace=statx", "-o", out.name, "-p", str(agent.pid)]
            )
            time.sleep(seconds)
            tracer.terminate()
            tracer.wait()
            calls = len(re.findall(rb"statx\(", pathlib.Path(out.name).read_bytes()))
        assert 0 < calls <= 5000 * (seconds + 1)
        wait_for(lambda: agent.scrape().all("container_fs_layer_inodes", id=container.cgroup), 600, "it is walked", 0.5)
        first = agent.scrape()
        assert first.one("container_fs_layer_inodes", id=container.cgroup) == 6_000 + 2
        cpu = first.one("tallyman_filesystem_walk_cpu_seconds_total")
        assert cpu <= 0.02 * (time.time() - first.one("process_start_time_seconds"))


def test_a_container_of_the_hosts_files_sees_the_same(box, containers, watcher):
    """As the agent's own container has the host: below a directory, by bind mounts."""
    container = made(containers("seen-twice", "sh", "-c", SCRIPT, image=BOX))
    here = check_against_du(watcher, box, container)
    host = own.directory("host")
    run("mount", "--rbind", "/", host)
    try:
        run("mount", "--make-rslave", host)
        with Agent(f"--path.rootfs={host}", f"--docker.root={box.data_root}", *FAST) as agent:
            there = measured_after(agent, container.cgroup, now_on_disk())
            for name in ("container_fs_layer_bytes", "container_fs_layer_inodes", "container_fs_limit_bytes"):
                assert there.one(name, id=container.cgroup) == here.one(name, id=container.cgroup)
            assert {sample.labels["device"] for sample in there.all("container_fs_limit_bytes", id="/")} == {
                sample.labels["device"] for sample in here.all("container_fs_limit_bytes", id="/")
            }
    finally:
        run("umount", "-R", "-l", host)
        os.rmdir(host)
