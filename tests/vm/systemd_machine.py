"""A virtual machine in which systemd is process 1, on cgroup v2.

Its root file system is made of this host's own Debian packages, file by file as dpkg
lists them: nothing is downloaded beyond the kernel, and nothing is configured but what is
written here."""

import pathlib
import re
import shutil
import subprocess
import sysconfig
import tempfile

import machine
from support import own, paths

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = [
    "mount",
    "libsystemd-shared",
    "systemd",
    "systemd-container",
    "dbus",
    "dbus-bin",
    "dbus-daemon",
    "dbus-system-bus-common",
    "dbus-session-bus-common",
    "dbus-user-session",
    "libpam-modules",
    "libpam-systemd",
    "podman",
    "crun",
    "conmon",
    "docker.io",
    "containerd",
    "runc",
    "golang-github-containers-common",
    "golang-github-containers-image",
]
LEFT_OUT = (
    "/usr/share/doc",
    "/usr/share/man",
    "/usr/share/locale",
    "/usr/share/bug",
    "/usr/share/lintian",
    "/usr/share/bash-completion",
    "/usr/share/zsh",
    "/usr/share/fish",
    "/usr/share/info",
    "/usr/lib/udev/hwdb.d",
    "/usr/share/perl5",
)
# Nothing here has devices to wait for, a network to set up or a clock to set.
MASKED = [
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-timesyncd.service",
    "systemd-resolved.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-update-utmp.service",
    "systemd-journal-flush.service",
    "systemd-sysusers.service",
    "systemd-hwdb-update.service",
    "getty.target",
    "systemd-binfmt.service",
    "systemd-modules-load.service",
    "podman.service",
    "podman.socket",
    "podman-restart.service",
    "podman-auto-update.timer",
    "systemd-homed.service",
    "systemd-portabled.service",
]
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/nonexistent:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nann:x:1000:1000::/home/ann:/bin/sh\n",
    "group": "root:x:0:\ntty:x:5:\ndisk:x:6:\nkmem:x:15:\ndialout:x:20:\naudio:x:29:\nutmp:x:43:\nvideo:x:44:\n"
    "systemd-journal:x:101:\nmessagebus:x:100:\nann:x:1000:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files systemd\ngroup: files systemd\nshadow: files\nhosts: files\n",
    "pam.d/systemd-user": "account required pam_permit.so\nsession required pam_permit.so\n"
    "session optional pam_systemd.so\n",
    "pam.d/other": "auth required pam_deny.so\naccount required pam_deny.so\nsession required pam_deny.so\n",
    "hostname": "guest\n",
    "os-release": "ID=guest\n",
    "fstab": "",
    "machine-id": "0123456789abcdef0123456789abcdef\n",
    "containers/policy.json": '{"default":[{"type":"insecureAcceptAnything"}]}\n',
}


def _files_of_packages():
    listing = machine.run_command("dpkg", "-L", *PACKAGES)
    for line in listing.splitlines():
        here = pathlib.Path(line)
        if line.startswith("/") and not line.startswith(LEFT_OUT) and (here.is_symlink() or here.is_file()):
            yield here


def _inside(root, path):
    """Debian's packages still name /bin and /lib, which are links into /usr."""
    parts = path.parts[1:]
    return (
        root / "usr" / pathlib.Path(*parts)
        if parts[0] in ("bin", "sbin", "lib", "lib64")
        else root / pathlib.Path(*parts)
    )


def _copy(here, there):
    if there.is_symlink() or there.exists():
        return
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(here, there, follow_symlinks=False)


def _is_program(path):
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def _needed(programs):
    """Names of the libraries they are linked with."""
    listing = subprocess.run(["readelf", "-d", *programs], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", listing))


def _copy_libraries(root):
    """What the programs need, and what that needs; all by its name in Debian's directory."""
    directory = pathlib.Path("/usr/lib") / sysconfig.get_config_var("MULTIARCH")
    # Loaded by name, not linked: users and groups of files.
    new = _needed([path for path in root.rglob("*") if _is_program(path)]) | {"libnss_files.so.2"}
    known = set()
    while new:
        known |= new
        found = [directory / name for name in new if (directory / name).exists()]
        for library in found:
            _copy(library.resolve(), _inside(root, library))
        new = _needed(found) - known
    loader = pathlib.Path("/lib64/ld-linux-x86-64.so.2")
    _copy(loader.resolve(), _inside(root, loader))


def write(root, path, text):
    """`text` that begins with "-> " is a link's target; a script may be run."""
    there = root / path
    there.parent.mkdir(parents=True, exist_ok=True)
    if text.startswith("-> "):
        there.symlink_to(text[3:])
        return
    there.write_text(text)
    there.chmod(0o755 if text.startswith("#!") else 0o644)


def _make_root(root, files):
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in (
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "root",
        "home/ann",
        "out",
        "var/lib",
        "var/log",
        "var/tmp",
        "etc/systemd/system",
    ):
        (root / name).mkdir(parents=True)
    for here in _files_of_packages():
        _copy(here, _inside(root, here))
    for name, here in (
        ("tallyman", paths.agent_binary()),
        ("truth", paths.truth_binary()),
        ("busybox", pathlib.Path("/bin/busybox").resolve()),
    ):
        _copy(here, root / "usr/bin" / name)
    _copy_libraries(root)
    for name in machine.run_command("/bin/busybox", "--list").split():
        if not (root / "usr/bin" / name).exists() and not (root / "usr/sbin" / name).exists():
            (root / "usr/bin" / name).symlink_to("busybox")
    for path, text in ETC.items():
        write(root, "etc/" + path, text)
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for path, text in files.items():
        write(root, path, text)


INIT = """#!/bin/sh
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /newroot
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t devtmpfs dev /dev
while read -r module; do
  [ ! -e "/modules/$module.ko" ] || insmod "/modules/$module.ko"
done </modules/order
mount -t ext4 /dev/vda /newroot
[ ! -d /files ] || cp -a /files/. /newroot/
umount /proc /sys
mount --move /dev /newroot/dev
exec switch_root /newroot /lib/systemd/systemd
"""


def make_initramfs(kernel_directory, directory, files=None):
    """It hands over to systemd in the first disk. `files`: {path: text, or the path of a file here}, written to that
    disk before."""
    root = directory / "initramfs"
    (root / "bin").mkdir(parents=True)
    (root / "modules").mkdir()
    shutil.copy(pathlib.Path("/bin/busybox").resolve(), root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    for module in kernel_directory.glob("*.ko"):
        shutil.copy(module, root / "modules" / module.name)
    (root / "modules/order").write_text("".join(f"{name}\n" for name in machine.MODULES))
    write(root, "init", INIT)
    for path, content in (files or {}).items():
        if isinstance(content, pathlib.Path):
            _copy(content, root / "files" / path)
        else:
            write(root / "files", path, content)
    image = directory / "initramfs.gz"
    with open(image, "wb") as out:
        subprocess.run(
            "find . | cpio --quiet -o -H newc -R 0:0 | gzip -1", shell=True, cwd=root, stdout=out, check=True
        )
    return image


def run(files, timeout_seconds=1740):
    """Boots with `files` ({path in the guest: text, or "-> TARGET" for a link}) in the root file system; gives the
    TemporaryDirectory whose `result` is what the guest has handed out, and the console."""
    kernel_directory = machine.kernel()
    result = tempfile.TemporaryDirectory(prefix=own.mark())
    directory = pathlib.Path(result.name)
    try:
        _make_root(directory / "root", files)
        for name, size in (("root.img", 1024), ("result.img", 64)):
            with open(directory / name, "wb") as disk:
                disk.truncate(size * machine.MIB)
        machine.run_command(
            "/sbin/mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", directory / "root", directory / "root.img"
        )
        initramfs = make_initramfs(kernel_directory, directory)
        shutil.rmtree(directory / "root")
        # No security modules: they have no policies here, and dockerd would want to load one.
        console = machine.boot(
            kernel_directory / "vmlinuz",
            initramfs,
            directory,
            timeout_seconds,
            disks=("root.img", "result.img"),
            clock=(),
            options="systemd.show_status=false apparmor=0 selinux=0",
        )
        machine.unpack_result(directory, console)
        return result, console
    except BaseException:
        result.cleanup()
        raise
