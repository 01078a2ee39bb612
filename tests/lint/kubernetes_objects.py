"""deploy/kubernetes as objects: what the base says, what each variant was rendered to, and when two are equal."""

import hashlib
import json
import pathlib
from dataclasses import dataclass

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
BASE = KUBERNETES / "base"
CHART = KUBERNETES / "chart/tallyman"
RENDERED = pathlib.Path(__file__).resolve().parent / "kubernetes_rendered"
HOST = "/host"  # where --in-container looks for the node

# Made by deploy/kubernetes/make-rules, which has a check of its own.
GENERATED = {KUBERNETES / "components/rules/prometheusrule.yaml", CHART / "files/rules.yaml"}
# Labels that Helm's charts have by convention and that mean nothing to Kubernetes.
HELMS_LABELS = {"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"}


@dataclass
class Variant:
    """The same by kustomize and by Helm: the components beside the base, and what `helm template` is given."""

    name: str
    components: tuple = ()
    values: tuple = ()

    @property
    def overlay(self):
        directory = KUBERNETES / "overlays" / self.name
        return directory if directory.is_dir() else None


OPERATOR = ("monitor.enabled=true", "rules.enabled=true")
VARIANTS = (
    Variant("base"),
    Variant("crio", ("crio",), ("runtime=crio",)),
    Variant("k3s", ("k3s",), ("runtime=k3s",)),
    Variant("rke2", ("rke2",), ("runtime=rke2",)),
    Variant("microk8s", ("microk8s",), ("runtime=microk8s",)),
    Variant("exact-times", ("exact-times",), ("exactTimes=true",)),
    Variant("prometheus-operator", ("service-monitor", "rules"), OPERATOR),
    Variant("kubelet-names", ("kubelet-service-monitor", "rules"), (*OPERATOR, "monitor.kubeletNames=true")),
    Variant("pod-monitor", ("pod-monitor",), ("monitor.enabled=true", "monitor.kind=PodMonitor")),
    Variant(
        "kubelet-pod-monitor",
        ("kubelet-pod-monitor",),
        ("monitor.enabled=true", "monitor.kind=PodMonitor", "monitor.kubeletNames=true"),
    ),
)


def load(text):
    return [one for one in yaml.safe_load_all(text) if one is not None]


def base():
    """The base makes no changes to its resources: it is what its files say."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert set(kustomization) == {"apiVersion", "kind", "resources"}, "tests read the base's resources as they are"
    return [one for name in kustomization["resources"] for one in load((BASE / name).read_text())]


def rendered(name):
    """As `kubernetes_tools.py --update` left it; of a variant only what differs from the base."""
    objects = meaning(load((RENDERED / "base.yaml").read_text()))
    if name != "base":
        objects.update(meaning(load((RENDERED / f"{name}.yaml").read_text())))
    return objects


def only(objects, kind):
    found = [one for one in objects if one["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of kind {kind}"
    return found[0]


def pod_spec(objects):
    return only(objects, "DaemonSet")["spec"]["template"]["spec"]


def container(objects):
    (one,) = pod_spec(objects)["containers"]
    return one


def flags(objects):
    return container(objects).get("args", [])


def host_paths(objects):
    """Path on the node -> (the volume, how it is mounted)."""
    mounts = {one["name"]: one for one in container(objects)["volumeMounts"]}
    return {one["hostPath"]["path"]: (one, mounts[one["name"]]) for one in pod_spec(objects)["volumes"]}


def meaning(objects, with_rules=False):
    """{"kind/name": object} without what makes no difference: the order of named things, Helm's labels, and the
    namespace, which Helm makes by itself. The rules are compared elsewhere."""
    kept = {}
    for one in objects:
        if one["kind"] == "Namespace":
            continue
        one = json.loads(json.dumps(one))
        for label in HELMS_LABELS:
            one["metadata"]["labels"].pop(label, None)
        if one["kind"] == "DaemonSet":
            spec = one["spec"]["template"]["spec"]
            spec["volumes"].sort(key=lambda volume: volume["name"])
            for each in spec["containers"]:
                each["volumeMounts"].sort(key=lambda mount: mount["name"])
        if one["kind"] == "PrometheusRule" and not with_rules:
            one.pop("spec", None)
        kept[f"{one['kind']}/{one['metadata']['name']}"] = one
    return kept


def sources():
    """What the variants are rendered from."""
    for file in sorted(KUBERNETES.rglob("*")):
        if file.is_file() and file not in GENERATED and file.name != "make-rules":
            yield file


def digest():
    """Changes if the variants may be rendered differently; not with a comment in YAML."""
    hashed = hashlib.sha256()
    for file in sources():
        is_yaml = file.suffix == ".yaml" and "templates" not in file.parts
        text = json.dumps(load(file.read_text()), sort_keys=True) if is_yaml else file.read_text()
        hashed.update(f"{file.relative_to(KUBERNETES)}\n{text}\n".encode())
    return hashed.hexdigest()
