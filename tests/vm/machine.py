"""A virtual machine with Debian's own kernel and cgroup v2, for tests: QEMU without KVM.

What it runs is an initramfs of busybox, the agent, the truth program and a script; what
comes back is a tar that the script writes to a disk of its own."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import tempfile

from support import bundle, own, paths

HERE = pathlib.Path(__file__).resolve().parent
KERNEL = os.environ.get("TALLYMAN_VM_KERNEL", "linux-image-cloud-amd64")
# In the order in which they need each other; ext4 is built into this kernel.
MODULES = [
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_blk",
    "llc",
    "stp",
    "bridge",
    "veth",
]
MIB = 1024 * 1024


def run_command(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout.decode(errors='replace')[-2000:]}")
    return done.stdout.decode(errors="replace")


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "tallyman"


def _package():
    """The package that holds the kernel itself, of the one that only names the newest."""
    listing = run_command("apt-cache", "depends", KERNEL)
    found = [line.split()[1] for line in listing.splitlines() if "Depends: linux-image-" in line]
    return found[0] if found else KERNEL


def _download(package, directory):
    # apt drops its rights to _apt for a download, and warns where that may not write.
    run_command("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, cwd=directory)


@contextlib.contextmanager
def locked(name):
    """Two tests may want the same thing at once."""
    cache_directory().mkdir(parents=True, exist_ok=True)
    with open(cache_directory() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kernel():
    """Directory with vmlinuz and the modules; taken from Debian's mirror on first use, then cached."""
    with locked("kernel"):
        return _cached_kernel()


def _cached_kernel():
    try:
        package = _package()
    except RuntimeError:
        run_command("apt-get", "-q", "update")
        package = _package()
    wanted = cache_directory() / package
    if (wanted / "vmlinuz").exists():
        return wanted
    with tempfile.TemporaryDirectory(dir=cache_directory(), prefix="download-") as scratch:
        scratch = pathlib.Path(scratch)
        try:
            _download(package, scratch)
        except RuntimeError:
            run_command("apt-get", "-q", "update")
            _download(package, scratch)
        run_command("dpkg-deb", "-x", next(scratch.glob("*.deb")), scratch / "tree")
        keep_what_is_needed(scratch / "tree", scratch / "kernel")
        shutil.rmtree(wanted, ignore_errors=True)
        (scratch / "kernel").rename(wanted)
    return wanted


def keep_what_is_needed(tree, target):
    """Of an unpacked kernel: vmlinuz and the modules, in the new directory `target`."""
    target.mkdir()
    shutil.copy(next((tree / "boot").glob("vmlinuz-*")), target / "vmlinuz")
    modules = {path.name.split(".")[0]: path for path in (tree / "lib/modules").rglob("*.ko*")}
    for name in MODULES:
        if name not in modules:  # built in
            continue
        packed = modules[name]
        if packed.suffix == ".xz":
            with open(target / f"{name}.ko", "wb") as out:
                subprocess.run(["xz", "-dc", packed], stdout=out, check=True)
        else:
            shutil.copy(packed, target / packed.name)


def _initramfs_files(kernel_directory):
    busybox = pathlib.Path("/bin/busybox").resolve()
    files = {
        "bin/busybox": busybox,
        "init": HERE / "guest" / "init",
        "truth": paths.truth_binary(),
        "record_host.sh": HERE.parent / "integration" / "record_host.sh",
    }
    files.update(bundle.files_of(paths.agent_binary(), "/tallyman"))
    files.update(bundle.files_of(paths.collectors_test(), "/collectors_test"))
    files.update(bundle.files_of(shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin"), "/sbin/ip"))
    for name in MODULES:
        if (kernel_directory / f"{name}.ko").exists():
            files[f"modules/{name}.ko"] = kernel_directory / f"{name}.ko"
    return files


def _build_initramfs(kernel_directory, extra, programs, directory):
    root = directory / "root"
    files = _initramfs_files(kernel_directory)
    for inside, here in programs.items():
        files.update(bundle.files_of(here, inside))
    for inside, here in files.items():
        (root / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(here, root / inside)
    for inside, text in extra.items():
        (root / inside).parent.mkdir(parents=True, exist_ok=True)
        (root / inside).write_text(text)
    (root / "init").chmod(0o755)
    (root / "modules" / "order").write_text("".join(f"{name}\n" for name in MODULES))
    os.symlink("busybox", root / "bin" / "sh")
    image = directory / "initramfs.gz"
    with open(image, "wb") as out:
        # 1: this is read back once, by an emulated processor
        subprocess.run(
            "find . | cpio --quiet -o -H newc -R 0:0 | gzip -1", shell=True, cwd=root, stdout=out, check=True
        )
    shutil.rmtree(root)
    return image


def run(files=None, programs=None, timeout_seconds=1740):
    """Boots, runs the guest's script, and gives the directory with what it has handed out:
    a TemporaryDirectory, and the console's text. `files`: {path in the guest: text};
    `programs`: {path in the guest: path here}."""
    kernel_directory = kernel()
    result = tempfile.TemporaryDirectory(prefix=own.mark())
    directory = pathlib.Path(result.name)
    try:
        initramfs = _build_initramfs(kernel_directory, files or {}, programs or {}, directory)
        for name, size in (("data.img", 256 * MIB), ("result.img", 64 * MIB)):
            with open(directory / name, "wb") as disk:
                disk.truncate(size)
        run_command(
            "/sbin/mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", directory / "data.img"
        )
        console = boot(kernel_directory / "vmlinuz", initramfs, directory, timeout_seconds)
        unpack_result(directory, console)
        return result, console
    except BaseException:
        result.cleanup()
        raise


def unpack_result(directory, console):
    """What the guest wrote to its second disk, into directory/result."""
    try:
        with tarfile.open(directory / "result.img") as tar:
            tar.extractall(directory / "result")
    except tarfile.TarError:
        pass
    if not (directory / "result").is_dir():
        raise RuntimeError(f"the guest handed out nothing; its console:\n{console[-4000:]}")


def boot(
    vmlinuz,
    initramfs,
    directory,
    timeout_seconds,
    disks=("data.img", "result.img"),
    options="",
    clock=("-icount", "shift=3,sleep=off"),
    memory_mib=768,
):
    """Runs the machine until it powers itself off; the console's text. A disk with an absolute path is not changed:
    what the guest writes to it is gone at the end."""
    console = directory / "console"
    drives = []
    for name in disks:
        snapshot = ",snapshot=on" if os.path.isabs(name) else ""
        drives += ["-drive", f"file={directory / name},if=virtio,format=raw,cache=unsafe{snapshot}"]
    # no_timer_check: on a busy machine the emulated timer is late for the kernel's test of it.
    with open(console, "wb") as out:
        machine = subprocess.Popen(
            [
                "qemu-system-x86_64",
                "-accel",
                "tcg",
                *clock,
                "-cpu",
                "max",
                "-smp",
                "1",
                "-m",
                str(memory_mib),
                "-display",
                "none",
                "-no-reboot",
                "-nodefaults",
                "-serial",
                "stdio",
                *drives,
                "-kernel",
                vmlinuz,
                "-initrd",
                initramfs,
                "-append",
                "console=ttyS0 quiet panic=-1 psi=1 mitigations=off no_timer_check " + options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            machine.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(
                f"the guest did not end within {timeout_seconds} s; its console:\n"
                + console.read_text(errors="replace")[-4000:]
            ) from None
        finally:
            if machine.poll() is None:
                machine.send_signal(signal.SIGKILL)
                machine.wait()
    return console.read_text(errors="replace")
