"""Makes sockets in known states and stays: socket_maker.py ESTABLISHED HALF_CLOSED TIME_WAIT UDP.

Of each that many, over IPv4 and over IPv6, all to a listener of its own. Prints
"ready" and ends when its input does."""

import resource
import socket
import sys


def listener_and_address(family):
    listener = socket.socket(family)
    listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
    listener.listen(1024)
    return listener, listener.getsockname()


def pair(listener, address, family):
    active = socket.socket(family)
    active.connect(address)
    return active, listener.accept()[0]


def main():
    established, half_closed, time_wait, udp = map(int, sys.argv[1:])
    files = 4 * (established + half_closed + udp) + 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    kept = []
    for family in (socket.AF_INET, socket.AF_INET6):
        listener, address = listener_and_address(family)
        kept.append(listener)
        for _ in range(established):
            kept += pair(listener, address, family)
        for _ in range(half_closed):
            active, passive = pair(listener, address, family)
            active.shutdown(socket.SHUT_WR)
            kept += [active, passive]
        for _ in range(time_wait):
            active, passive = pair(listener, address, family)
            active.close()
            passive.close()
        for _ in range(udp):
            kept.append(socket.socket(family, socket.SOCK_DGRAM))
            kept[-1].bind((address[0], 0))
    print("ready", flush=True)
    sys.stdin.read()


main()
