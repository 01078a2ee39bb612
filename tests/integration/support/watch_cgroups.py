"""Prints "MONOTONIC_NS NAME" for each directory made in one of the given directories.

A process of its own, so that no other thread delays the clock reading.
usage: watch_cgroups.py DIRECTORY..."""

import ctypes
import os
import struct
import sys
import time

IN_CREATE = 0x100


def main(directories):
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC)
    for directory in directories:
        if libc.inotify_add_watch(watch, directory.encode(), IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), directory)
    print("watching", flush=True)
    while True:
        events = os.read(watch, 65536)
        now = time.monotonic_ns()
        while events:
            _, _, _, size = struct.unpack_from("iIII", events)
            name = events[16 : 16 + size].rstrip(b"\0").decode()
            events = events[16 + size :]
            print(now, name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
