#!/usr/bin/python3
"""kubernetes.py BINARY: deploy/kubernetes is whole. Its files parse, the chart makes what kustomize makes, the agent
knows each flag, ports and versions are the agent's, docs/kubernetes.md has a reason for each mount, right and flag,
and nothing mounts the socket of a runtime. That each is needed: kubernetes_needed.py."""

import json
import re
import subprocess
import sys
import tempfile

import kubernetes_objects as k8s
import yaml

PAGE = k8s.ROOT / "docs/kubernetes.md"
# A container with one of these is root on its node.
SOCKETS = (
    "/run/containerd/containerd.sock",
    "/run/containerd/s",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/systemd/private",
    "/run/dbus/system_bus_socket",
)
# RKE2 has k3s' state directory with a root of its own, and the agent looks in the one that k3s has.
SEEN_AT = {
    "/var/lib/rancher/rke2/agent/containerd/io.containerd.metadata.v1.bolt": (
        "/var/lib/rancher/k3s/agent/containerd/io.containerd.metadata.v1.bolt"
    ),
}
# Capabilities that Pod Security "baseline" allows to add.
ALLOWED_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def broken_files():
    for file in k8s.sources():
        try:
            if file.suffix == ".yaml" and "templates" not in file.parts:
                k8s.load(file.read_text())
            elif file.suffix == ".json":
                json.loads(file.read_text())
        except ValueError as error:
            yield f"{file.relative_to(k8s.ROOT)}: {error}"
    made = subprocess.run([k8s.KUBERNETES / "make-rules", "--check"], capture_output=True, text=True)
    if made.returncode != 0:
        yield made.stdout + made.stderr
    for directory in (k8s.KUBERNETES / "overlays").iterdir():
        if directory.name not in {variant.name for variant in k8s.VARIANTS}:
            yield f"{directory.relative_to(k8s.ROOT)}: no variant in tests/lint/kubernetes_objects.py"
    used = {name for variant in k8s.VARIANTS for name in variant.components}
    for directory in (k8s.KUBERNETES / "components").iterdir():
        if directory.name not in used:
            yield f"{directory.relative_to(k8s.ROOT)}: in no variant of tests/lint/kubernetes_objects.py"


def stale_renderings():
    """Kustomize and Helm are not in Debian 12: lint.kubernetes_tools runs them, and what they made is kept here."""
    if (k8s.RENDERED / "digest").read_text().strip() != k8s.digest():
        yield "deploy/kubernetes has changed since it was rendered: run tests/lint/kubernetes_tools.py --update"
    elif k8s.rendered("base") != k8s.meaning(k8s.base()):
        yield "the base is not what was rendered"


def wrong_flags(binary):
    """Of each variant together, and of every line that says how to set one."""
    known = set(re.findall(r"^\| `(?:--)?([a-z][\w.-]*)", output(binary, "--help=markdown"), re.M))
    for variant in k8s.VARIANTS:
        flags = k8s.flags(k8s.rendered(variant.name).values())
        done = subprocess.run([binary, "--check-config", *flags], capture_output=True, text=True)
        if done.returncode != 0:
            yield f"{variant.name}: {done.stderr.strip()}"
    for file in [*k8s.sources(), PAGE, k8s.ROOT / "docs/after-the-kubelet.md"]:
        for name in re.findall(r"(?<![\w-])--((?:no-)?[a-z]+\.[a-z.-]+[a-z])", file.read_text()):
            if name not in known and name.removeprefix("no-") not in known:
                yield f"{file.relative_to(k8s.ROOT)}: the agent has no --{name}"


def wrong_constants(binary):
    version = output(binary, "--version").split()[-1]
    chart = yaml.safe_load((k8s.CHART / "Chart.yaml").read_text())
    values = yaml.safe_load((k8s.CHART / "values.yaml").read_text())
    image = k8s.container(k8s.base())["image"]
    if chart["appVersion"] != version or image != f"{values['image']['repository']}:{version}":
        yield f"the agent is {version}, the chart's {chart['appVersion']}, the base's image {image}"
    named = [file for file in k8s.sources() if re.search(r"^\s*-?\s*image: \S", file.read_text(), re.M)]
    if len(named) != 2:  # the base, and the chart's template, which takes it from its values
        yield f"an image is named in {', '.join(str(file.relative_to(k8s.ROOT)) for file in named)}"
    help_text = output(binary, "--help=markdown")
    port = int(re.search(r"`--in-container`.*`:(\d+)`", help_text)[1])
    exposed = set(re.findall(r"^EXPOSE (\d+)$", (k8s.ROOT / "deploy/Dockerfile").read_text(), re.M))
    base = k8s.base()
    for name, used in (
        ("containerPort", k8s.container(base)["ports"][0]["containerPort"]),
        ("the service's port", k8s.only(base, "Service")["spec"]["ports"][0]["port"]),
    ):
        if used != port or str(used) not in exposed:
            yield f"{name} is {used}, the agent listens on {port}"
    routes = output(binary, "--help=api")
    for name in ("livenessProbe", "readinessProbe"):
        path = k8s.container(base)[name]["httpGet"]["path"]
        if f"`{path}`" not in routes:
            yield f"{name}: the agent has no {path}"
    for variant in k8s.VARIANTS:
        for one in endpoints(variant):
            if f"`{one['path']}`" not in routes:
                yield f"{variant.name}: the agent has no {one['path']}"


def endpoints(variant):
    for one in k8s.rendered(variant.name).values():
        yield from one["spec"].get("endpoints", ()) if one["kind"] == "ServiceMonitor" else ()
        yield from one["spec"].get("podMetricsEndpoints", ()) if one["kind"] == "PodMonitor" else ()


def labels_of(endpoint):
    """What the relabelings set, and which labels they take away."""
    set_labels, dropped = {}, ""
    for one in endpoint["relabelings"]:
        if one["action"] == "replace":
            set_labels[one["targetLabel"]] = one.get("replacement") or one["sourceLabels"][0]
        else:
            dropped = one["regex"]
    return set_labels, dropped


def wrong_monitors():
    """kubernetes-mixin selects job="kubelet" and metrics_path="/metrics/cadvisor"; the alerts on the agent, their
    own job. pod, namespace and container must be the measured container's."""
    alerts = (k8s.ROOT / "dashboards/prometheus/alerts.rules.yml").read_text()
    selected = set(re.findall(r'job="(\w+)"', alerts))
    for variant in k8s.VARIANTS:
        found = list(endpoints(variant))
        if not found:
            continue
        jobs = {}
        for one in found:
            labels, dropped = labels_of(one)
            jobs[labels["job"]] = (one["path"], labels.get("metrics_path"))
            if not one["honorLabels"] or not {"pod", "namespace", "container"} <= set(dropped.split("|")):
                yield f"{variant.name}: labels of the agent's own pod are kept"
            if {labels["node"], labels["instance"]} != {"__meta_kubernetes_pod_node_name"}:
                yield f"{variant.name}: node or instance is not the node's name"
        if selected - set(jobs):
            yield f"{variant.name}: no target has the job that alerts select: {selected - set(jobs)}"
        kubelet = jobs.get("kubelet")
        if "kubelet" in variant.name and kubelet != ("/metrics/cadvisor", "__metrics_path__"):
            yield f"{variant.name}: not where kubernetes-mixin looks: {kubelet}"
        if "kubelet" not in variant.name and kubelet:
            yield f"{variant.name}: the kubelet's job, although the kubelet may have it too"


def wrong_mounts():
    for variant in k8s.VARIANTS:
        for path, (volume, mount) in k8s.host_paths(k8s.rendered(variant.name).values()).items():
            where = f"{variant.name}: {path}"
            kind = volume["hostPath"].get("type")
            if kind not in ("File", "Directory"):
                yield f"{where}: type {kind!r} makes a directory on nodes that have none"
            if not mount.get("readOnly") or (kind == "Directory" and mount.get("recursiveReadOnly") != "IfPossible"):
                yield f"{where}: not read-only with all that is mounted below it"
            if mount["mountPath"] != k8s.HOST + SEEN_AT.get(path, path):
                yield f"{where}: mounted at {mount['mountPath']}, where the agent does not look"
            yield from (f"{where}: has {one} in it" for one in SOCKETS if f"{one}/".startswith(f"{path}/"))


def security_faults(spec):
    """What the profile "baseline" forbids, then what only "restricted" does: kubernetes.io, Pod Security Standards."""
    (one,) = spec["containers"]
    context = {**spec.get("securityContext", {}), **one["securityContext"]}
    capabilities = context.get("capabilities", {})
    baseline = {field for field in ("hostPID", "hostIPC", "hostNetwork") if spec.get(field)}
    baseline |= {"hostPath" for volume in spec["volumes"] if "hostPath" in volume}
    baseline |= {f"capability {name}" for name in set(capabilities.get("add", ())) - ALLOWED_CAPABILITIES}
    baseline |= {"privileged"} if context.get("privileged") else set()
    baseline |= {"hostPort" for port in one.get("ports", ()) if port.get("hostPort")}
    if context.get("seccompProfile", {}).get("type") not in (None, "RuntimeDefault", "Localhost"):
        baseline.add("seccompProfile")
    baseline |= {field for field in ("procMount", "seLinuxOptions", "appArmorProfile", "sysctls") if context.get(field)}
    restricted = set()
    if context.get("runAsUser") == 0 or context.get("runAsNonRoot") is not True:
        restricted.add("user 0")
    if context.get("allowPrivilegeEscalation") is not False:
        restricted.add("allowPrivilegeEscalation")
    if "ALL" not in capabilities.get("drop", ()):
        restricted.add("capabilities are kept")
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        restricted.add("seccompProfile")
    return baseline, restricted


def wrong_rights():
    for variant in k8s.VARIANTS:
        objects = k8s.rendered(variant.name).values()
        spec = k8s.pod_spec(objects)
        found = security_faults(spec)
        more = {"hostPID", "hostNetwork", "capability NET_ADMIN"} if variant.name == "exact-times" else set()
        if found != ({"hostPath"} | more, {"user 0"}):
            yield f"{variant.name}: against Pod Security: {found}"
        if not k8s.container(objects)["securityContext"].get("readOnlyRootFilesystem"):
            yield f"{variant.name}: its own files are writable"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{variant.name}: the pod has a token for the API server"
        yield from (f"{variant.name}: has a {one['kind']}" for one in objects if "Role" in one["kind"])


def reasons():
    """The first column of the tables of docs/kubernetes.md under the heading of mounts, rights and flags."""
    section = PAGE.read_text().split("\n## What it may do, and why\n")[1].split("\n## ")[0]
    return {row for cell in re.findall(r"^\| (`[^|]*) \|", section, re.M) for row in re.findall(r"`([^`]+)`", cell)}


def missing_reasons():
    wanted = set()
    for variant in k8s.VARIANTS:
        objects = k8s.rendered(variant.name).values()
        wanted |= set(k8s.host_paths(objects))
        wanted |= set(k8s.flags(objects))
        context = k8s.container(objects)["securityContext"]
        wanted |= {f"runAsUser: {context['runAsUser']}"} | set(context["capabilities"].get("add", ()))
        wanted |= {one for one in ("hostPID", "hostNetwork") if k8s.pod_spec(objects).get(one)}
    given = reasons()
    yield from (f"docs/kubernetes.md: no reason for {one}" for one in sorted(wanted - given))
    yield from (f"docs/kubernetes.md: nothing has {one}" for one in sorted(given - wanted))


def wrong_figures():
    """Requests and limits are sums of figures of docs/performance.md, in the table of docs/kubernetes.md."""
    section = PAGE.read_text().split("\n## What it uses\n")[1].split("\n## ")[0]
    measured = (k8s.ROOT / "docs/performance.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| ([\d.]+ (?:MB|%)) \|", section, re.M)
    if len(rows) < 5:
        yield "docs/kubernetes.md: no table of figures"
    yield from (f"docs/kubernetes.md: docs/performance.md has no {one}" for one in rows if one not in measured)
    resources = k8s.container(k8s.base())["resources"]
    for one in (*resources["requests"].values(), *resources["limits"].values()):
        if f"`{one}`" not in section:
            yield f"docs/kubernetes.md: says nothing of {one}"


def wrong_scrape_job():
    """The job of docs/kubernetes.md for a Prometheus without the operator, which is for people to copy."""
    job = re.search(r"^```yaml\n(scrape_configs:\n.*?)^```$", PAGE.read_text(), re.M | re.S)
    if not job:
        yield "docs/kubernetes.md: no scrape_configs"
        return
    configuration = yaml.safe_load(job[1])
    for one in configuration["scrape_configs"]:
        del one["kubernetes_sd_configs"]  # which Debian's Prometheus is built without
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(configuration, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "config", file.name], capture_output=True, text=True)
    if done.returncode != 0:
        yield f"docs/kubernetes.md: {done.stdout}{done.stderr}"


def main():
    binary = sys.argv[1]
    faults = [*broken_files(), *stale_renderings()]
    if not faults:
        faults = [*wrong_flags(binary), *wrong_constants(binary), *wrong_monitors(), *wrong_mounts()]
        faults += [*wrong_rights(), *missing_reasons(), *wrong_figures(), *wrong_scrape_job()]
    print("\n".join(faults) or f"{len(k8s.VARIANTS)} variants")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
