"""Which disk a file system is on, and what cgroup v1 needs to account it."""

import contextlib
import os
import pathlib


def block_device_of(path):
    """("254:0", "/dev/vda") of the whole disk below this path's file system, or None."""
    number = os.stat(path).st_dev
    node = pathlib.Path("/sys/dev/block") / f"{os.major(number)}:{os.minor(number)}"
    if not node.exists():
        return None
    node = node.resolve()
    if (node / "partition").exists():  # accounted by disk
        node = node.parent
    return (node / "dev").read_text().strip(), "/dev/" + node.name


@contextlib.contextmanager
def v1_accounting(container, path):
    """Recent kernels account a device on v1 only once it has a throttle rule: this one limits nothing."""
    rule = container.files("blkio") / "blkio.throttle.write_bps_device"
    numbers, _ = block_device_of(path)
    rule.write_text(f"{numbers} 1000000000000")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the container is gone, and its rule with it
            rule.write_text(f"{numbers} 0")
