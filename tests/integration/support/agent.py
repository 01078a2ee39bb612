"""The agent under test, as a process."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from . import paths, prometheus_text
from .waiting import wait_for


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def seconds_of_a_process():
    """What starting and ending a process takes now: 1 ms to 3 ms, and more where others have the CPUs."""
    started = time.monotonic()
    subprocess.run(["true"], check=True)
    return time.monotonic() - started


class AgentClient:
    """The HTTP side of an agent that somebody else has started."""

    def __init__(self, host, port):
        self.host, self.port = host, port

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def ready(self):
        try:
            return self.request("/-/ready")[0] == 200
        except OSError:
            return False

    def request(self, path, **headers):
        """(status, headers, body) of a GET."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def get(self, path):
        status, headers, body = self.request(path)
        assert status == 200, f"{status} for {path}: {body[:300]!r}"
        assert headers["Content-Type"].startswith("application/json"), headers
        return json.loads(body)

    def workload(self, key):
        return self.get("/api/v1/workloads/" + urllib.parse.quote(key, safe=""))

    def find(self, key):
        """As workload(), or None where the agent does not know it, or not yet."""
        status, _, body = self.request("/api/v1/workloads/" + urllib.parse.quote(key, safe=""))
        assert status in (200, 404), f"{status}: {body[:300]!r}"
        return json.loads(body) if status == 200 else None

    def text(self):
        status, _, body = self.request("/metrics")
        assert status == 200, f"{status}: {body[:300]!r}"
        return body.decode()

    def scrape(self):
        return prometheus_text.parse(self.text())

    def fresh_scrape(self):
        """A scrape of a sample that began after this call: the second next at the latest."""
        seen = self.get("/api/v1/workloads")["sequence"]
        wait_for(lambda: self.get("/api/v1/workloads")["sequence"] >= seen + 2, 60, "two more samples")
        return self.scrape()


class Agent(AgentClient):
    """`tallyman serve` on a port of 127.0.0.1, a free one unless given. stop() expects a clean end within a second,
    and what a busy machine needs beside that. `prefix`: what runs it, and becomes it by exec."""

    def __init__(self, *flags, interval="200ms", port=None, prefix=()):
        super().__init__("127.0.0.1", port or free_port())
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [
                *prefix,
                paths.agent_binary(),
                f"--web.listen-address=127.0.0.1:{self.port}",
                f"--sampling.interval={interval}",
                f"--sampling.slow-interval={interval}",
                *flags,
            ],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_for(self._ready, 60, "the agent is ready")
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self._process.kill()
            self._process.wait()
            print("the agent's log:\n" + self.log())

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def stop(self, within=1.0):
        """`within`: seconds it may take, for tests that are not about it and run on a busy machine."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError("SIGTERM did not end the agent within 60 s\n" + self.log()) from None
        took = time.monotonic() - started
        assert code == 0, f"exit code {code} after SIGTERM\n{self.log()}"
        assert took < within or took < within + 20 * seconds_of_a_process(), f"SIGTERM took {took:.2f} s"

    def _ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"the agent ended with {self._process.returncode}\n{self.log()}")
        return self.ready()
