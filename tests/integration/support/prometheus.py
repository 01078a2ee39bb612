"""A real Prometheus with a directory of its own, and a proxy that notes what it asks for."""

import contextlib
import http.client
import http.server
import json
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request

from . import own
from .agent import free_port
from .waiting import end, wait_for

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class RecordingProxy:
    """Passes requests on unchanged; `exchanges` has (request headers, status, answer's headers)."""

    def __init__(self, port):
        exchanges = self.exchanges = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as upstream:
                    upstream.request("GET", self.path, headers=dict(self.headers))
                    answer = upstream.getresponse()
                    body = answer.read()
                exchanges.append((dict(self.headers), answer.status, dict(answer.getheaders())))
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class PrometheusClient:
    """One that somebody else has started, on a port of 127.0.0.1."""

    def __init__(self, port):
        self.port = port

    def get(self, path, **parameters):
        """`data` of an answer of its API."""
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                data = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.read().decode()}") from None
        assert data["status"] == "success", data
        return data["data"]

    def query(self, expression, **parameters):
        """[(labels, value)] of an instant query."""
        data = self.get("query", query=expression, **parameters)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def value(self, expression, **parameters):
        rows = self.query(expression, **parameters)
        assert len(rows) == 1, f"{len(rows)} rows for {expression}: {rows[:5]}"
        return rows[0][1]


class Prometheus(PrometheusClient):
    def __init__(self, targets, interval="1s", scrape_configs=(), rules=None):
        """targets: {job: "HOST:PORT"}; further jobs as in prometheus.yml; the groups of a rule file."""
        super().__init__(free_port())
        self.directory = own.directory("prometheus")
        configuration = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "scrape_configs": [
                *({"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()),
                *scrape_configs,
            ],
        }
        if rules is not None:
            (self.directory / "rules.yml").write_text(json.dumps(rules))
            configuration["rule_files"] = ["rules.yml"]
        path = self.directory / "prometheus.yml"
        path.write_text(json.dumps(configuration))  # JSON is YAML
        program = shutil.which("prometheus")
        if not program:
            shutil.rmtree(self.directory)
            raise FileNotFoundError("prometheus is not installed: scripts/packages-test has the packages")
        self._log = open(self.directory / "log", "wb")
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={path}",
                f"--storage.tsdb.path={self.directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=debug",
            ],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_for(self._ready, 30, "Prometheus is ready")
        except BaseException:
            print(self.log()[-3000:])
            self.stop()
            raise

    def _ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def stop(self):
        end(self._process)
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)
