"""In cAdvisor's place: the image of the target `cadvisor` of deploy/Dockerfile, started as cAdvisor's README and five
public Compose files start cAdvisor, with nothing but the image changed. Their volumes, privileges and flags were read
in those files in November 2026."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from support import own, paths
from support.agent import AgentClient, free_port
from support.docker import DockerDaemon
from support.host import remove_tree
from support.waiting import wait_for

if os.geteuid() != 0:
    pytest.skip("dockerd needs root", allow_module_level=True)

IMAGE = "tallyman:cadvisor"
ROOTFS, SYS, DISK = "/:/rootfs:ro", "/sys:/sys:ro", "/dev/disk/:/dev/disk:ro"
RUN, DOCKER = "/var/run:/var/run:ro", "/var/lib/docker/:/var/lib/docker:ro"
NAMED = "com.docker.compose.service,com.docker.compose.project"

ALL_CAPABILITIES = 0x1FFFFFFFFFF  # up to CAP_CHECKPOINT_RESTORE, Linux 5.9


def privileged():
    """runc gives a privileged container every capability, which fails where this machine has not all of them."""
    status = pathlib.Path("/proc/self/status").read_text()
    have = int(re.search(r"^CapBnd:\t(\w+)$", status, re.M).group(1), 16)
    if have & ALL_CAPABILITIES == ALL_CAPABILITIES:
        return ["--privileged"]
    return ["--security-opt=seccomp=unconfined", "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE"]


# (options of `docker run`, volumes, arguments)
STARTS = {
    "readme": ([*privileged(), "--device=/dev/kmsg"], [ROOTFS, RUN, SYS, DOCKER, DISK], []),
    "unprivileged": ([], [ROOTFS, "/var/run:/var/run:rw", SYS, DOCKER], []),
    "wsl-lab": (
        [*privileged(), "--device=/dev/kmsg:/dev/kmsg"],
        [ROOTFS, RUN, SYS, DOCKER, DISK, "/etc/machine-id:/etc/machine-id:ro"],
        [],
    ),
    "production": (
        [*privileged(), "--device=/dev/kmsg"],
        [ROOTFS, RUN, SYS, DOCKER, DISK],
        [
            "/usr/bin/cadvisor",
            "--logtostderr",
            "--v=0",
            "--housekeeping_interval=1s",
            "--max_housekeeping_interval=35s",
            "--event_storage_event_limit=default=0",
            "--event_storage_age_limit=default=0",
            "--disable_metrics=percpu,sched,tcp,udp,disk",
            "--docker_only=true",
            "--store_container_labels=false",
            f"--whitelisted_container_labels={NAMED}",
        ],
    ),
    "small": (
        privileged(),
        [ROOTFS, RUN, SYS, "/sys/fs/cgroup:/sys/fs/cgroup:ro"],
        [
            "--docker_only=true",
            "--store_container_labels=false",
            f"--whitelisted_container_labels={NAMED}",
            "--housekeeping_interval=1s",
            "--disable_metrics=disk,network,tcp,udp,percpu,sched,process,referenced_memory,cpu_topology,resctrl,"
            "accelerator",
        ],
    ),
    "swarm": (
        [],
        [ROOTFS, "/var/run:/var/run", SYS, DOCKER, DISK],
        [
            "--docker=unix:///var/run/docker.sock",
            "-docker_only",
            "-store_container_labels=false",
            "-whitelisted_container_labels",
            f"com.docker.swarm.service.name,{NAMED}",
        ],
    ),
}


def stage(name):
    """The instructions of one stage of the Dockerfile."""
    text = (paths.REPOSITORY / "deploy/Dockerfile").read_text()
    return re.search(rf"^FROM .* AS {name}$\n(.*?)(?=^FROM |\Z)", text, re.M | re.S).group(1)


@pytest.fixture(scope="module")
def daemon():
    """On the host's network; a port is published by docker-proxy, without a firewall rule."""
    with DockerDaemon("--userland-proxy=true", on_host=True) as running:
        directory = own.directory("cadvisor-image")
        try:
            root = directory / "root"
            subprocess.run([paths.REPOSITORY / "deploy/bundle", paths.agent_binary(), root], check=True)
            files = {
                str(path.relative_to(root)): path for path in root.rglob("*") if not path.is_dir() or path.is_symlink()
            }
            assert "COPY --from=build /bin/busybox /bin/sh" in stage("cadvisor")
            files["bin/sh"] = shutil.which("busybox")
            changes = re.findall(r"^(?:USER|EXPOSE|HEALTHCHECK|ENTRYPOINT) .*$", stage("cadvisor"), re.M)
            running.import_image(IMAGE, files, *changes)
        finally:
            remove_tree(directory)
        yield running


@pytest.fixture(scope="module")
def web(daemon):
    labels = {"com.docker.compose.service": "web", "com.docker.compose.project": "shop", "password": "x"}
    options = [f"--label={key}={value}" for key, value in labels.items()]
    container = daemon.run("web", "stay", options=[*options, "--cpu-shares=512", "--memory=64m"])
    yield container
    container.remove()


@pytest.fixture(params=list(STARTS))
def start(request, daemon, web):
    """(name, client, the container's id) of an agent that was started so."""
    options, volumes, arguments = STARTS[request.param]
    port = free_port()
    words = ["run", "--detach", f"--publish=127.0.0.1:{port}:8080", *options]
    words += [f"--volume={volume}" for volume in volumes]
    identity = daemon.docker(*words, IMAGE, *arguments).splitlines()[-1]
    client = AgentClient("127.0.0.1", port)
    try:
        wait_for(lambda: answers(daemon, client, identity), 60, "/healthz")
        yield request.param, client, identity
    finally:
        daemon.docker("rm", "-f", "-v", identity)


def answers(daemon, client, identity):
    assert daemon.docker("inspect", "--format={{.State.Running}}", identity) == "true", daemon.docker("logs", identity)
    try:
        return client.request("/healthz")[2] == b"ok" and client.ready()
    except OSError:
        return False


def test_names_labels_cores_disks_and_networks_are_there(web, start):
    name, client, _ = start
    flags = STARTS[name][2]
    wait_for(lambda: client.find(web.cgroup), 60, "the container")
    scrape = client.fresh_scrape()

    (memory,) = scrape.all("container_memory_usage_bytes", id=web.cgroup)
    assert memory.value > 0
    assert (memory.labels["name"], memory.labels["image"]) == ("web", "tallyman/truth:1")
    assert memory.labels["container_label_com_docker_compose_service"] == "web"
    assert ("container_label_password" in memory.labels) == (not flags)
    assert scrape.one("container_spec_cpu_shares", id=web.cgroup) == 512
    assert scrape.one("container_spec_memory_limit_bytes", id=web.cgroup) == 64 << 20

    assert scrape.one("machine_cpu_cores") == os.cpu_count()
    disabled = ",".join(flag for flag in flags if flag.startswith("--disable_metrics="))
    assert bool(scrape.all("container_fs_usage_bytes", id="/")) == ("disk" not in disabled)
    assert bool(scrape.all("container_network_receive_bytes_total", id=web.cgroup)) == ("network" not in disabled)
    assert not scrape.all("container_memory_usage_bytes", kind="process")
    kinds = {sample.labels["kind"] for sample in scrape.all("container_memory_usage_bytes")}
    if any("docker_only" in flag for flag in flags):
        assert kinds == {"host", "container"}
    else:
        assert kinds > {"host", "container"}


def test_the_log_says_what_the_flags_mean(daemon, start):
    name, _, identity = start
    log = subprocess.run(
        [shutil.which("docker"), "-H", daemon.host, "logs", identity], capture_output=True, text=True, check=True
    )
    lines = (log.stdout + log.stderr).splitlines()
    assert sum("in Tallyman's own flags: tallyman --web.listen-address=:8080" in line for line in lines) == 1, lines
    assert not [line for line in lines if "rootfs: the host" in line]
    if name == "swarm":
        assert sum("--docker=unix:///var/run/docker.sock: not needed" in line for line in lines) == 1, lines


def cpu_nanoseconds(container):
    usage = container.files("cpuacct") / "cpuacct.usage"
    if usage.exists():
        return int(usage.read_text())
    stat = dict(line.split() for line in (container.files("cpu") / "cpu.stat").read_text().splitlines())
    return int(stat["usage_usec"]) * 1000 + 999


def test_its_rest_api_answers_as_cadvisors_clients_ask(web, start):
    _, client, _ = start
    wait_for(lambda: client.find(web.cgroup), 60, "the container")
    client.fresh_scrape()
    for name in ("web", web.id, web.id[:12]):
        connection = http.client.HTTPConnection(client.host, client.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(
                "POST", f"/api/v1.3/docker/{name}", '{"num_stats":1}', {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            body = json.loads(answer.read())
        assert (answer.status, list(body)) == (200, [web.cgroup])
        (info,) = body.values()
        assert info["aliases"] == ["web", web.id]
        assert (info["spec"]["cpu"]["limit"], info["spec"]["memory"]["limit"]) == (512, 64 << 20)
        (stats,) = info["stats"]
        assert stats["memory"]["usage"] > 0
    counted = client.get(f"/api/v2.1/stats{web.cgroup}?count=2")[web.cgroup]["stats"][-1]["cpu"]["usage"]["total"]
    assert 0 < counted <= cpu_nanoseconds(web), "what the kernel says later is no less"


def test_its_health_check_passes_and_a_shell_can_ask(daemon, start):
    _, _, identity = start
    assert "Tallyman is ready." in daemon.docker("exec", identity, "/usr/bin/tallyman", "health")
    asked = daemon.docker("exec", identity, "/bin/sh", "-c", "wget -q -O - http://localhost:8080/healthz || exit 1")
    assert asked == "ok"


def test_without_the_hosts_files_it_says_so_once_and_serves_the_rest(daemon, web):
    port = free_port()
    words = ["run", "--detach", f"--publish=127.0.0.1:{port}:8080", f"--volume={SYS}"]
    identity = daemon.docker(*words, IMAGE).splitlines()[-1]
    client = AgentClient("127.0.0.1", port)
    try:
        wait_for(lambda: answers(daemon, client, identity), 60, "/healthz")
        assert client.fresh_scrape().one("container_memory_usage_bytes", id=web.cgroup) > 0
        log = subprocess.run(
            [shutil.which("docker"), "-H", daemon.host, "logs", identity], capture_output=True, text=True, check=True
        )
        assert (log.stdout + log.stderr).count("nothing is mounted at /rootfs") == 1
    finally:
        daemon.docker("rm", "-f", "-v", identity)
