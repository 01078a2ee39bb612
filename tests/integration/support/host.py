"""What the tests do on the host itself: commands, processes, mounts, cgroups."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

CGROUPS = pathlib.Path("/sys/fs/cgroup")


def run(*command, check=True, **options):
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, check=False, **options)
    if check and done.returncode != 0:
        error = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}: {error}")
    return done.stdout.decode(errors="replace").strip()


def cgroup_directories(name):
    """The cgroup of this path in every hierarchy that has it."""
    candidates = [CGROUPS / name] + [tree / name for tree in CGROUPS.iterdir() if tree.is_dir()]
    return [path for path in candidates if path.is_dir()]


# Enough to be counted: CPU and memory by v1 or v2, pressure by v2.
_TREES = ("", "unified", "cpu", "cpu,cpuacct", "cpuacct", "memory", "pids")


def make_cgroup(name):
    """Its directories, in each hierarchy that is mounted here: the v2 root included where that is all there is."""
    made = []
    for tree in _TREES:
        base = CGROUPS / tree
        # The root itself is a hierarchy where all is v2.
        own_file = "cgroup.procs" if tree else "cgroup.controllers"
        if (base / own_file).exists() and not base.is_symlink():
            (base / name).mkdir(parents=True)
            made.append(base / name)
    return made


def enter_cgroup(directories):
    for directory in directories:
        (directory / "cgroup.procs").write_text("0")


def has_ended(pid):
    """Gone, or a zombie. Another program that has got its number since counts as it."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def processes_naming(text):
    """Processes with this text in their command line, other than this one."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def descriptors(pid):
    """What each descriptor of the process is open on."""
    found = []
    for path in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(path))
    return found


def descriptors_naming(pid, names):
    return [link for link in descriptors(pid) if any(name in link for name in names)]


def own_descriptors(pid):
    """But for those on cgroups and processes, others' on this machine included."""
    return [link for link in descriptors(pid) if not link.startswith(("/sys/fs/cgroup/", "/proc/"))]


def end_processes(pids):
    for number, grace_seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + grace_seconds
        while pids and time.monotonic() < deadline:
            pids = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
            time.sleep(0.02)


def unmount_below(directory):
    """And the directory itself."""
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        points = [line.split()[4] for line in table]
    for point in sorted((p for p in points if f"{p}/".startswith(f"{directory}/")), reverse=True):
        run("umount", "-l", point, check=False)


def remove_tree(directory, timeout_seconds=20):
    """Removes a directory with all that is mounted below it. It is tried again until it is gone: read while others
    mount and unmount, the table of mounts can lack an entry. False: it is still there."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        unmount_below(directory)
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.lexists(directory):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)


def end_cgroup(directory, timeout_seconds=10):
    """Kills what runs in it and below, and removes it. False: it is still there."""
    deadline = time.monotonic() + timeout_seconds
    while directory.is_dir():
        for inside in sorted(directory.rglob("cgroup.procs"), reverse=True):
            with contextlib.suppress(OSError):
                for pid in inside.read_text().split():
                    if int(pid) > 1 and int(pid) != os.getpid():
                        os.kill(int(pid), signal.SIGKILL)
        for path, _, _ in os.walk(directory, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
