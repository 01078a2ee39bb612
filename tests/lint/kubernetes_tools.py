#!/usr/bin/python3
"""deploy/kubernetes by the tools that people use: kustomize and Helm render each variant to the same objects, which
are those in tests/lint/kubernetes_rendered, and kubeconform finds them valid for Kubernetes and for the Prometheus
operator.

  kubernetes_tools.py            compares
  kubernetes_tools.py --update   writes tests/lint/kubernetes_rendered

The tools are built from the Go module proxy, and the schemas made of what it has of Kubernetes' own, into
${XDG_CACHE_HOME:-~/.cache}/tallyman/kubernetes-tools; some minutes on first use."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import kubernetes_objects as k8s
import yaml

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tallyman/kubernetes-tools"
BIN = CACHE / "bin"
GO = {
    "GOPATH": str(CACHE / "go"),
    "GOCACHE": str(CACHE / "build"),
    "GOFLAGS": "-modcacherw",
    "CGO_ENABLED": "0",
}
TOOLS = {
    "helm": "helm.sh/helm/v3/cmd/helm@v3.22.0",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.8.2",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
}
KUBERNETES = "k8s.io/kubernetes@v1.37.2"
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"

# A Helm that `go install` builds takes every server for an old one.
SERVER = f"--kube-version={KUBERNETES.rpartition('@')[2]}"

# Beside the variants: values that no variant has, and that must give valid objects too.
MORE_VALUES = (
    ("runtime=k0s",),
    ("podOwners=false",),
    ("containerdState=/srv/containerd/", "machineId=false"),
    ("fullnameOverride=other", "serviceAccount.create=false", "networkPolicy.enabled=false"),
    (
        "image.tag=v1",
        "priorityClassName=system-node-critical",
        "seLinuxOptions.type=spc_t",
        "extraArgs={--sampling.interval=5s}",
        "extraVolumes[0].name=more",
        "extraVolumes[0].emptyDir.medium=Memory",
        "extraVolumeMounts[0].name=more",
        "extraVolumeMounts[0].mountPath=/more",
        "imagePullSecrets[0].name=registry",
        "podAnnotations.a=b",
    ),
)
# What Helm must refuse, by the schema.
REFUSED = (
    "runtime=docker",
    "containerdState=run/containerd",
    "runtime=crio,containerdState=/run/containerd",
    "monitor.kind=Probe",
    "monitor.intervall=15s",
    "extraArgs={sampling.interval}",
    "networkPolicy.from=",
)


def go(*command):
    nice = ["nice", "-n", "19"]
    return subprocess.run([*nice, "go", *command], env={**os.environ, **GO}, capture_output=True, text=True)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def install():
    if not shutil.which("go"):
        skip("there is no Go to build Helm and kustomize with")
    BIN.mkdir(parents=True, exist_ok=True)
    for name, module in TOOLS.items():
        target = BIN / f"{name}-{module.rpartition('@')[2]}"
        if target.exists():
            continue
        GO["GOBIN"] = str(CACHE / "new")
        done = go("install", module)
        if done.returncode != 0:
            skip(f"{module} cannot be built: {done.stderr.strip().splitlines()[-1]}")
        (CACHE / "new" / name).rename(target)
        shutil.rmtree(CACHE / "build", ignore_errors=True)


def source(module):
    """The directory of a Go module."""
    done = go("mod", "download", "-json", module)
    if done.returncode != 0:
        skip(f"{module} cannot be fetched: {done.stdout.strip() or done.stderr.strip()}")
    return pathlib.Path(json.loads(done.stdout)["Dir"])


def strict(schema):
    """As the API server sees it: unknown fields are faults, and some fields take a number or a text."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    made = {key: strict(value) for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    return made


def with_used(definitions, name):
    """The schema of this name, and those that it refers to."""
    used, waiting = {}, [name]
    while waiting:
        one = waiting.pop()
        if one not in used:
            used[one] = definitions[one]
            waiting += re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[one]))
    return {**used.pop(name), "definitions": used}


def schemas():
    """{"kind": file} of the kinds that are used, as kubeconform wants them."""
    directory = CACHE / ("schemas-" + re.sub(r"\W", "-", f"{KUBERNETES}-{OPERATOR}".split("/", 1)[1]))
    if directory.exists():
        return directory
    made = pathlib.Path(tempfile.mkdtemp(dir=CACHE))
    swagger = json.loads((source(KUBERNETES) / "api/openapi-spec/swagger.json").read_text())
    definitions = strict(swagger["definitions"])
    quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    definitions[quantity] = {"oneOf": [{"type": "string"}, {"type": "number"}]}
    for name, definition in swagger["definitions"].items():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            if kind["kind"] in ("DaemonSet", "Namespace", "NetworkPolicy", "Service", "ServiceAccount"):
                file = made / f"{kind['kind']}-{kind['version']}.json".lower()
                file.write_text(json.dumps(with_used(definitions, name)))
    for kinds in ("servicemonitors", "podmonitors", "prometheusrules"):
        file = source(OPERATOR) / f"example/prometheus-operator-crd/monitoring.coreos.com_{kinds}.yaml"
        crd = yaml.safe_load(file.read_text())["spec"]
        for version in crd["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            name = f"{crd['names']['kind']}-{version['name']}.json".lower()
            (made / name).write_text(json.dumps(schema))
    made.rename(directory)
    return directory


def tool(name, *arguments, stdin=None):
    command = [BIN / f"{name}-{TOOLS[name].rpartition('@')[2]}", *arguments]
    environment = {**os.environ, "HELM_CACHE_HOME": str(CACHE / "helm"), "HELM_CONFIG_HOME": str(CACHE / "helm")}
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True)


def output(name, *arguments):
    done = tool(name, *arguments)
    if done.returncode != 0:
        raise RuntimeError(f"{name} {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def overlay(variant):
    """The directory that kustomize builds: the project's own, or one of the base and the components."""
    if variant.overlay:
        yield variant.overlay
        return
    with tempfile.TemporaryDirectory(prefix="tallyman-overlay-") as name:
        paths = {
            "resources": [os.path.relpath(k8s.BASE, name)],
            "components": [os.path.relpath(k8s.KUBERNETES / "components" / one, name) for one in variant.components],
        }
        head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
        (pathlib.Path(name) / "kustomization.yaml").write_text(yaml.safe_dump({**head, **paths}))
        yield pathlib.Path(name)


def template(*values):
    sets = [word for value in values for word in ("--set", value)]
    return output("helm", "template", "tallyman", k8s.CHART, "--namespace=tallyman", SERVER, *sets)


def invalid(what, text, directory):
    """What kubeconform objects to."""
    location = f"{directory}/{{{{.ResourceKind}}}}-{{{{.ResourceAPIVersion}}}}.json"
    done = tool("kubeconform", "-strict", "-output=json", f"-schema-location={location}", "-", stdin=text)
    found = json.loads(done.stdout or "{}").get("resources", [])
    yield from (f"{what}: {one['kind']}/{one['name']}: {one['msg']}" for one in found)
    if done.returncode != 0 and not found:
        yield f"{what}: kubeconform: {done.stderr.strip()}"


def compare(variant, directory):
    """The objects, and what is wrong with them."""
    with overlay(variant) as path:
        by_kustomize = output("kustomize", "build", path)
    by_helm = template(*variant.values)
    faults = [*invalid(f"{variant.name} by kustomize", by_kustomize, directory)]
    faults += invalid(f"{variant.name} by Helm", by_helm, directory)
    one, other = (k8s.meaning(k8s.load(text), with_rules=True) for text in (by_kustomize, by_helm))
    for name in sorted(set(one) | set(other)):
        if one.get(name) != other.get(name):
            texts = [yaml.safe_dump(objects.get(name)) for objects in (one, other)]
            faults.append(f"{variant.name}: {name} differs; kustomize:\n{texts[0]}\nHelm:\n{texts[1]}")
    return k8s.meaning(k8s.load(by_kustomize)), faults


def wrong_values(directory):
    for values in MORE_VALUES:
        yield from invalid(", ".join(values), template(*values), directory)
    for value in REFUSED:
        done = tool("helm", "template", "tallyman", k8s.CHART, SERVER, "--set", value)
        if done.returncode == 0 or "values.schema.json" not in done.stderr and "schema" not in done.stderr:
            yield f"Helm takes {value}: {done.stderr.strip()}"


def planted(directory):
    """kubeconform does find faults, or its silence would say nothing."""
    with overlay(k8s.VARIANTS[0]) as path:
        text = output("kustomize", "build", path)
    for good, bad in (("hostPath:", "hostPaths:"), ("clusterIP: None", "clusterIP: [None]")):
        assert good in text
        if not list(invalid("", text.replace(good, bad), directory)):
            yield f"kubeconform does not object to {bad}"


def main():
    install()
    directory = schemas()
    faults, objects = [], {}
    linted = tool("helm", "lint", "--strict", SERVER, k8s.CHART)
    if linted.returncode != 0:
        faults.append(f"helm lint: {linted.stdout}{linted.stderr}")
    for variant in k8s.VARIANTS:
        objects[variant.name], found = compare(variant, directory)
        faults += found
    faults += [*wrong_values(directory), *planted(directory)]
    base = objects["base"]
    for name, made in objects.items():
        shown = {key: one for key, one in made.items() if name == "base" or base.get(key) != one}
        text = yaml.safe_dump_all(shown.values(), sort_keys=True)
        file = k8s.RENDERED / f"{name}.yaml"
        if "--update" in sys.argv and not faults:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            faults.append(f"{file.relative_to(k8s.ROOT)} is stale: run tests/lint/kubernetes_tools.py --update")
    if "--update" in sys.argv and not faults:
        (k8s.RENDERED / "digest").write_text(k8s.digest() + "\n")
    print("\n".join(faults) or f"{len(objects)} variants by {', '.join(TOOLS.values())}; {KUBERNETES}, {OPERATOR}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
