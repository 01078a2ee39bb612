#!/usr/bin/python3
"""kubernetes_needed.py BINARY: every mount, right and flag of deploy/kubernetes is needed. The agent reads a recorded
node with a real kubelet as it would in the pod, where only what is mounted is there. Then one mount after the other
is left out, one right or flag is taken away, and a named series must be gone."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

import bolt_writer
import kubernetes_objects as k8s

HOST = k8s.ROOT / "tests/fixtures/kubelet-1.36/host.tar.gz"
TASKS = "/run/containerd/io.containerd.runtime.v2.task"
DATABASE = "/var/lib/containerd/io.containerd.metadata.v1.bolt"
NGINX = "6b7f224bca073598e435735d4811592d229e711c07409369d8cf923acc041f9e"
CRIO = "/run/containers/storage/overlay-containers"
EXITS = "/run/crio/exits"
SIDECAR = "e68ffbed12b32fc16d5877e63da076f7b1f304f19855d1ebc199d28ff41e6c71"
NOBODY = 65534
# What a pod of a Job has. The other pods were made by hand.
JOB = {"batch-vm": {"batch.kubernetes.io/job-name": "batch"}}
OWNER = 'container_pod_owner{.*pod="batch-vm".*owner_kind="Job",owner_name="batch"'

# What is there with all mounts, and not without this one. The patterns are searched for in the lines of a scrape.
MISSING = {
    "/sys/fs/cgroup": [
        'container_cpu_usage_seconds_total{.*container="nginx"',
        'container_memory_working_set_bytes{.*container="nginx"',
        'container_pressure_cpu_waiting_seconds_total{.*container="nginx"',
        'container_spec_cpu_quota{.*container="nginx"',
    ],
    "/proc": [
        'container_network_receive_bytes_total{.*pod="web-vm".*interface="eth0"',
        'container_processes{.*container="nginx"',
        'container_network_receive_bytes_total{id="/"',
        'container_fs_reads_bytes_total{id="/"',
        "machine_memory_bytes{",
    ],
    TASKS: ['pod="web-vm"', 'namespace="shop"', 'container="nginx"', 'image="docker.io/example/base:1"'],
    DATABASE: [OWNER],
    "/etc/os-release": ['cadvisor_version_info{.*osVersion="Debian'],
    "/etc/machine-id": ['machine_cpu_sockets{machine_id="'],
    CRIO: ['pod="web-vm"', 'namespace="shop"', 'container="nginx"', 'image="docker.io/example/base:1"', OWNER],
}
# The families that the CRI of the newest containerd lacks: the table of docs/after-the-kubelet.md.
LACKING = re.compile(r"^\| `(container_\w+)` \| .* \|$", re.M)

BINARY = sys.argv[1]


def scrape(root, *flags, before=()):
    """The lines of series of one scrape; none if the agent does not start."""
    command = [*before, BINARY, "--once", "--log.level=error", f"--path.rootfs={root}", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]


def has(lines, pattern):
    return any(re.search(pattern, line) for line in lines)


def names(lines):
    """Series of containers without their values and without those of the agent itself."""
    return {line.rpartition(" ")[0] for line in lines if line.startswith("container_")}


def unpack(directory):
    """The recorded node, with the rights that containerd gives its directories, and the labels of its sandboxes."""
    with tarfile.open(HOST) as tar:
        tar.extractall(directory)
    host = directory / "rec"
    tasks = host / TASKS[1:]
    tasks.chmod(0o711)
    for bundle in (tasks / "k8s.io").iterdir():
        bundle.chmod(0o700)
    (host / DATABASE[1:]).mkdir(parents=True, mode=0o700)
    containers = {bundle.name: {"labels": labels(bundle)} for bundle in (tasks / "k8s.io").iterdir()}
    database = bolt_writer.file({"v1": {"k8s.io": {"containers": containers}}})
    (host / DATABASE[1:] / "meta.db").write_bytes(database)
    return host


def annotations(bundle):
    """Those of the CRI, without their prefix."""
    found = json.loads((bundle / "config.json").read_text())["annotations"]
    return {key.removeprefix("io.kubernetes.cri."): value for key, value in found.items()}


def labels(bundle):
    """As containerd's CRI writes them: those of the pod are its sandbox's."""
    cri = annotations(bundle)
    pods = JOB.get(cri["sandbox-name"], {}) if cri["container-type"] == "sandbox" else {}
    return {"io.cri-containerd.kind": cri["container-type"], "io.kubernetes.pod.name": cri["sandbox-name"], **pods}


@contextlib.contextmanager
def mounted(host, paths):
    """What a pod sees at /host: the node's own files as they are mounted, and nothing else."""
    with tempfile.TemporaryDirectory(prefix="pod-", dir=host.parent) as directory:
        root = pathlib.Path(directory)
        root.chmod(0o755)
        for path, seen_at in paths.items():
            (root / seen_at[1:]).parent.mkdir(parents=True, exist_ok=True)
            (host / path[1:]).rename(root / seen_at[1:])
        yield root
        for path, seen_at in paths.items():
            (root / seen_at[1:]).rename(host / path[1:])


def mounts(objects):
    """Path on the node -> the path where the agent sees it."""
    return {path: mount["mountPath"].removeprefix(k8s.HOST) for path, (_, mount) in k8s.host_paths(objects).items()}


def same_kind(path, other):
    """Of two runtimes' paths to the same files."""
    return pathlib.PurePath(path).name == pathlib.PurePath(other).name


@contextlib.contextmanager
def moved(host, paths):
    """The same node with containerd's state and database where a variant has them."""
    places = {usual: path for usual in (TASKS, DATABASE) for path in paths if same_kind(path, usual)}
    for usual, path in places.items():
        (host / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (host / usual[1:]).rename(host / path[1:])
    yield
    for usual, path in places.items():
        (host / path[1:]).rename(host / usual[1:])


def make_crio(host):
    """The same node as CRI-O 1.28 would have left it (pkg/annotations): its files, and its names of cgroups."""
    bundles = list((host / TASKS[1:] / "k8s.io").iterdir())
    for bundle in bundles:
        spec = json.loads((bundle / "config.json").read_text())
        cri = annotations(bundle)
        spec["annotations"] = {
            "io.kubernetes.container.name": cri.get("container-name", "POD"),
            "io.kubernetes.pod.name": cri["sandbox-name"],
            "io.kubernetes.pod.namespace": cri["sandbox-namespace"],
            "io.kubernetes.cri-o.ContainerType": cri["container-type"],
            "io.kubernetes.cri-o.ImageName": "docker.io/" + cri.get("image-name", "pause:3"),
            "io.kubernetes.cri-o.SandboxID": cri["sandbox-id"],
            "io.kubernetes.cri-o.Labels": json.dumps(labels(bundle)),
        }
        userdata = host / CRIO[1:] / bundle.name / "userdata"
        userdata.mkdir(parents=True)
        (userdata / "config.json").write_text(json.dumps(spec))
        (userdata / "pidfile").write_text((bundle / "init.pid").read_text())
    (host / EXITS[1:]).mkdir(parents=True)
    shutil.rmtree(host / "run/containerd")
    shutil.rmtree(host / "var/lib/containerd")
    ids = {bundle.name for bundle in bundles}
    for cgroup in [one for one in (host / "sys/fs/cgroup").rglob("*") if one.name in ids]:
        cgroup.rename(cgroup.with_name(f"crio-{cgroup.name}"))
    for file in (host / "proc").glob("*/cgroup"):
        file.write_text(re.sub(r"/([0-9a-f]{64})", r"/crio-\1", file.read_text()))


def try_mounts(variant, host):
    """Leaves out one mount after the other."""
    objects = k8s.rendered(variant).values()
    paths, flags = mounts(objects), k8s.flags(objects)
    with mounted(host, paths) as root:
        whole = scrape(root, *flags)
    for path in paths:
        patterns = next((found for known, found in MISSING.items() if same_kind(path, known)), None)
        if path == EXITS:
            continue  # an exit code is in no scrape: try_exit_codes
        if not patterns:
            yield f"{variant}: nothing says what is missing without {path}"
            continue
        with mounted(host, {one: seen_at for one, seen_at in paths.items() if one != path}) as root:
            less = scrape(root, *flags)
        for pattern in patterns:
            if not has(whole, pattern):
                yield f"{variant}: with all mounts there is no {pattern}"
            if has(less, pattern):
                yield f"{variant}: without {path} there still is {pattern}"
    yield from (
        f"{variant}: mounts alone do not show {one}" for one in sorted(names(scrape(host, *flags)) - names(whole))
    )


def try_exit_codes(host):
    """Of two containers that end, one without the mount. CRI-O writes a file when one ends, containerd writes none."""
    objects = k8s.rendered("crio").values()
    paths = mounts(objects)
    codes = {}
    for name, shown in ((NGINX, paths), (SIDECAR, {path: path for path in paths if path != EXITS})):
        (host / CRIO[1:] / name / "userdata/pidfile").touch()  # it has just been started, like its unpacked cgroup
        (host / EXITS[1:] / name).write_text("7")
        with mounted(host, shown) as root, served(root, *k8s.flags(objects)) as (address, _):
            wait_for(lambda address=address: ready(address))
            for cgroup in list((root / "sys/fs/cgroup").rglob(f"crio-{name}")):
                shutil.rmtree(cgroup)
            codes[name] = exit_code(address, name)
    if codes != {NGINX: 7, SIDECAR: None}:
        yield f"crio: exit codes with and without {EXITS}: {list(codes.values())}"


@contextlib.contextmanager
def served(root, *flags, before=()):
    with tempfile.TemporaryFile("w+") as log:
        command = [*before, BINARY, f"--path.rootfs={root}", "--web.listen-address=127.0.0.1:0", *flags]
        agent = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield wait_for(lambda: address_in(log)), agent.pid
        finally:
            agent.terminate()
            agent.wait(30)


def address_in(log):
    log.seek(0)
    found = re.search(r"metrics: (http://127\.0\.0\.1:\d+)/", log.read())
    return found and found[1]


def wait_for(condition):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.2)
    raise TimeoutError(condition)


def answer(address, path):
    with urllib.request.urlopen(address + path, timeout=30) as response:
        return response.read().decode()


def ready(address):
    """Before the first sample it answers 503."""
    try:
        return bool(answer(address, "/-/ready"))
    except urllib.error.HTTPError:
        return False


def exit_code(address, name):
    def died():
        events = json.loads(answer(address, "/api/v1/events"))["events"]
        return [one for one in events if one["type"] == "died" and name in one["workload"]["id"]]

    return wait_for(died)[0].get("details", {}).get("exit_code")


def try_paths(host):
    """Both paths that the monitors ask serve the same series."""
    objects = k8s.base()
    with mounted(host, mounts(objects)) as root, served(root, *k8s.flags(objects)) as (address, _):
        wait_for(lambda: ready(address))
        both = [names(answer(address, path).splitlines()) for path in ("/metrics", "/metrics/cadvisor")]
    if both[0] != both[1] or len(both[0]) < 500:
        yield f"/metrics and /metrics/cadvisor differ: {len(both[0])} and {len(both[1])} series"


def try_user(host):
    """User 0 without any capability reads what root with all of them reads; another user reads no names."""
    objects = k8s.base()
    flags = k8s.flags(objects)
    without = ["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
    with mounted(host, mounts(objects)) as root:
        whole = names(scrape(root, *flags))
        root_alone, nobody = (
            names(scrape(root, *flags, before=["setpriv", f"--reuid={user}", f"--regid={user}", *without]))
            for user in (0, NOBODY)
        )
    if root_alone != whole:
        yield f"user 0 without capabilities lacks {sorted(whole - root_alone)}"
    if not any('pod="web-vm"' in one for one in whole) or any('pod="' in one for one in nobody):
        yield "another user than 0 has the names of pods too"


def try_interfaces():
    """In a network namespace of its own, as in a pod, the agent would show that one's interface as the host's."""
    made = "ip link add eth0 type veth peer name peer0 && exec"
    found = {
        flag: subprocess.run(
            ["unshare", "--net", "sh", "-c", f'{made} "$@"', "sh", BINARY, "--once", "--log.level=error", *flag],
            capture_output=True,
            text=True,
        ).stdout
        for flag in [(), ("--no-collector.interfaces",)]
    }
    shown = [has(found[flag].splitlines(), r"^tallyman_network_interface_info\{interface=\"eth0\"") for flag in found]
    if shown != [True, False]:
        yield f"--no-collector.interfaces: eth0 of the own namespace is shown without it and with it: {shown}"


def try_exact_times():
    """Needs the host's processes, its network and CAP_NET_ADMIN, each of them. This host is read, not the recorded."""
    net_admin = ["setpriv", "--inh-caps=-all,+net_admin", "--bounding-set=-all,+net_admin"]
    nothing = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    cases = {
        "all": net_admin,
        "no capability": nothing,
        "no hostPID": ["unshare", "--pid", "--fork", *net_admin],
        "no hostNetwork": ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *net_admin],
    }
    found = {
        name: (exact_in_once(before), name != "no hostPID" and sees_exits(before)) for name, before in cases.items()
    }
    expected = {
        "all": (True, True),
        "no capability": (False, False),
        "no hostPID": (False, False),
        "no hostNetwork": (True, False),
    }
    if not found["all"][0]:
        print("exact times were not tried: this kernel, or this container, does not give them")
    elif found != expected:
        yield f"exact times, and exits: {found}"


def exact_in_once(before):
    return has(scrape("/", before=before), r"^tallyman_process_times_exact 1$")


def sees_exits(before):
    """Whether the kernel has told an agent of processes that have ended."""
    with served("/", before=before) as (address, pid):
        ask = f"import urllib.request as r; print(r.urlopen('{address}/metrics?collect[]=self').read().decode())"

        def figure(name):
            inside = ["nsenter", f"--target={pid}", "--net", sys.executable, "-c", ask]
            text = subprocess.run(inside, capture_output=True, text=True).stdout
            found = re.search(rf"^{name} (\S+)$", text, re.M)
            return float(found[1]) if found else 0

        # The commands that ask are processes that end, and a sample after each has had the time to count it.
        begin = wait_for(lambda: figure("tallyman_samples_total"))
        wait_for(lambda: figure("tallyman_samples_total") > begin + 2)
        return figure("tallyman_process_exits_total") > 0


def try_lacking_families(host):
    """Each family of the table of docs/after-the-kubelet.md, of the container nginx. Of huge pages and ulimits nothing
    was recorded: their files are written here as the kernel writes them."""
    page = (k8s.ROOT / "docs/after-the-kubelet.md").read_text()
    families = set(LACKING.findall(page.split("\n## The eleven families\n")[1].split("\n## ")[0]))
    if len(families) != 11:
        yield f"docs/after-the-kubelet.md has {len(families)} families"
    (host / "sys/kernel/mm/hugepages/hugepages-2048kB").mkdir(parents=True)
    (host / "sys/fs/cgroup/unified/cgroup.controllers").write_text("\n")
    mounts = host / "proc/1/mountinfo"
    mounts.write_text(mounts.read_text() + "50 31 0:50 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n")
    (cgroup,) = (host / "sys/fs/cgroup/pids").rglob(NGINX)
    cgroup = host / "sys/fs/cgroup/hugetlb" / cgroup.relative_to(host / "sys/fs/cgroup/pids")
    cgroup.mkdir(parents=True)
    for name, value in {"usage_in_bytes": 4 << 20, "max_usage_in_bytes": 6 << 20, "failcnt": 0}.items():
        (cgroup / f"hugetlb.2MB.{name}").write_text(f"{value}\n")
    pid = (host / TASKS[1:] / "k8s.io" / NGINX / "init.pid").read_text().strip()
    shutil.copy("/proc/self/limits", host / "proc" / pid / "limits")
    lines = scrape(host)
    for family in sorted(families):
        if not has(lines, rf'^{family}\{{.*container="nginx",namespace="shop",pod="web-vm"'):
            yield f"{family} is not served"
    shutil.rmtree(host / "sys/kernel/mm")


def main():
    with tempfile.TemporaryDirectory(prefix="tallyman-node-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        host = unpack(directory)
        faults = [*try_mounts("base", host), *try_paths(host)]
        if os.geteuid() == 0:
            faults += [*try_user(host), *try_interfaces(), *try_exact_times()]
        faults += try_lacking_families(host)
        for variant in ("k3s", "rke2", "microk8s"):
            with moved(host, mounts(k8s.rendered(variant).values())):
                faults += try_mounts(variant, host)
        make_crio(host)
        faults += [*try_mounts("crio", host), *try_exit_codes(host)]
    print("\n".join(faults) or "each is needed")
    if not faults and os.geteuid() != 0:
        print("skipped: only root can take rights away")
        sys.exit(77)
    sys.exit(1 if faults else 0)


main()
