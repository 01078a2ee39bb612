"""Debian's nginx, without installing it: that would start one. Taken from the package mirror
on first use, then cached; runs bare from a directory, and in a container with its libraries."""

import contextlib
import http.client
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.request

from . import own
from .agent import free_port
from .host import run
from .waiting import end, wait_for

PACKAGE = "nginx"


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "tallyman"


def program():
    """The unpacked /usr/sbin/nginx."""
    wanted = cache_directory() / PACKAGE
    binary = wanted / "usr/sbin/nginx"
    if binary.exists():
        return binary
    cache_directory().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_directory(), prefix="download-") as scratch:
        if not run("apt-cache", "show", PACKAGE, check=False):
            run("apt-get", "-q", "update")
        run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", PACKAGE, cwd=scratch)
        package = next(pathlib.Path(scratch).glob("*.deb"))
        run("dpkg", "-x", package, pathlib.Path(scratch) / "unpacked")
        os.rename(pathlib.Path(scratch) / "unpacked", wanted)
    return binary


def libraries(binary):
    """The shared libraries that it needs, and the loader: {path inside: path here}."""
    listing = run("ldd", binary)
    assert "not found" not in listing, listing
    # The files themselves: what a link points to would not be in the image.
    return {path.lstrip("/"): os.path.realpath(path) for path in re.findall(r"(/\S+) \(0x", listing)}


def configuration(directory, port):
    """One worker; each request is logged, so that bytes are written too."""
    return f"""
worker_processes 1;
daemon off;
user root;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log {directory}/access.log;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  keepalive_requests 1000000;
  server {{
    listen {port};
    location / {{ return 200 '{"x" * 1000}'; }}
  }}
}}
"""


class BareNginx:
    def __init__(self, directory, **how):
        self.port = free_port()
        path = pathlib.Path(directory) / "nginx.conf"
        path.write_text(configuration(directory, self.port))
        self._process = subprocess.Popen(
            [program(), "-p", directory, "-c", path, "-e", f"{directory}/start.log"], stdin=subprocess.DEVNULL, **how
        )
        self.address = f"127.0.0.1:{self.port}"
        wait_for(lambda: answers(self.address), 60, "nginx answers")

    def stop(self):
        end(self._process)


def import_image(docker, name):
    """An image of nginx with its configuration, listening on port 80."""
    with tempfile.TemporaryDirectory(prefix=own.mark()) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "nginx.conf").write_text(configuration("/var/nginx", 80))
        (scratch / "passwd").write_text("root:x:0:0:root:/:/bin/false\n")
        (scratch / "group").write_text("root:x:0:\n")
        (scratch / "var").mkdir()
        binary = program()
        docker.import_image(
            name,
            {
                **libraries(binary),
                "usr/sbin/nginx": binary,
                "etc/passwd": scratch / "passwd",
                "etc/group": scratch / "group",
                "nginx.conf": scratch / "nginx.conf",
                "var/nginx": scratch / "var",
            },
            'ENTRYPOINT ["/usr/sbin/nginx", "-p", "/var/nginx", "-c", "/nginx.conf", "-e", "/var/nginx/start.log"]',
        )


def answers(address):
    try:
        with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def ask(address, count):
    """So many requests, one after the other on one connection."""
    host, port = address.split(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        for _ in range(count):
            connection.request("GET", "/")
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200 and len(body) == 1000, (answer.status, body[:100])
