"""A virtual machine with the newest of everything that Debian has: the kernel, systemd and the
runtimes of sid, on cgroup v2.

Its root file system comes from Debian's mirror on first use and is cached then; to get newer
packages, remove the directory. No test writes to it."""

import hashlib
import pathlib
import shutil
import tempfile

import machine
import systemd_machine
from support import bundle, own, paths

SUITE = "sid"
PACKAGES = [
    "systemd-sysv",
    "systemd-container",
    "dbus",
    "libpam-systemd",
    "linux-image-cloud-amd64",
    "docker.io",
    "docker-cli",
    "podman",
    "crun",
    "runc",
    "lxc",
    "busybox-static",
    "iproute2",
    "kmod",
    "procps",
    "strace",
]
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
DISK_MIB = 3072
MEMORY_MIB = 1536
OUTSIDE = "opt/tallyman"  # this Debian's libraries, which that one does not have


def _suite(directory):
    """The packages, installed into `directory`."""
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    # A mirror that stands still is fine.
    options.append('--aptopt=Acquire::Check-Valid-Until "false"')
    include = "--include=" + ",".join(PACKAGES)
    machine.run_command(
        "mmdebstrap", "--quiet", "--variant=minbase", "--format=directory", include, *options, SUITE, directory
    )


def root():
    """Directory with root.img, vmlinuz and the modules that the initramfs needs."""
    key = hashlib.sha256(repr((SUITE, PACKAGES, LEFT_OUT, DISK_MIB)).encode()).hexdigest()[:12]
    wanted = machine.cache_directory() / f"newest-{key}"
    with machine.locked("newest"):
        if (wanted / "root.img").exists():
            return wanted
        with tempfile.TemporaryDirectory(dir=machine.cache_directory(), prefix="newest-") as scratch:
            scratch = pathlib.Path(scratch)
            _suite(scratch / "tree")
            machine.keep_what_is_needed(scratch / "tree", scratch / "made")
            disk = scratch / "made" / "root.img"
            with open(disk, "wb") as file:
                file.truncate(DISK_MIB * machine.MIB)
            machine.run_command("/sbin/mke2fs", "-q", "-t", "ext4", "-d", scratch / "tree", disk)
            shutil.rmtree(wanted, ignore_errors=True)
            (scratch / "made").rename(wanted)
    return wanted


def _programs():
    """The agent and the truth program, with the libraries and the loader of the Debian that built them."""
    files = {"usr/bin/truth": paths.truth_binary()}
    for inside, here in bundle.files_of(paths.agent_binary(), "tallyman").items():
        files[f"{OUTSIDE}/{pathlib.Path(inside).name}"] = here
    loader = next(name for name in files if "/ld-linux" in name)
    files["usr/bin/tallyman"] = f'#!/bin/sh\nexec /{loader} --library-path /{OUTSIDE} /{OUTSIDE}/tallyman "$@"\n'
    return files


def run(files, timeout_seconds=3000):
    """Boots with `files` ({path in the guest: text, or "-> TARGET" for a link}); gives the TemporaryDirectory whose
    `result` is what the guest has handed out, and the console."""
    kernel_and_root = root()
    result = tempfile.TemporaryDirectory(prefix=own.mark())
    directory = pathlib.Path(result.name)
    try:
        with open(directory / "result.img", "wb") as disk:
            disk.truncate(64 * machine.MIB)
        initramfs = systemd_machine.make_initramfs(kernel_and_root, directory, {**_programs(), **files})
        console = machine.boot(
            kernel_and_root / "vmlinuz",
            initramfs,
            directory,
            timeout_seconds,
            disks=(kernel_and_root / "root.img", "result.img"),
            options="systemd.show_status=false apparmor=0 selinux=0",
            memory_mib=MEMORY_MIB,
        )
        machine.unpack_result(directory, console)
        return result, console
    except BaseException:
        result.cleanup()
        raise
