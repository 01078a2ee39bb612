"""The monitors of deploy/kubernetes in a real Prometheus, which gets their relabelings as the operator passes them on.
The agent reads a recorded node with a real kubelet."""

import re
import shutil
import sys
import tarfile

import pytest

from support import own, paths
from support.agent import Agent
from support.prometheus import Prometheus
from support.waiting import wait_for

sys.path.insert(0, str(paths.REPOSITORY / "tests/lint"))

import kubernetes_objects as k8s

KUBELET = 'job="kubelet", metrics_path="/metrics/cadvisor"'
OF_WEB = 'namespace="shop", pod="web-vm"'
# What kubernetes-mixin's rules and dashboards take from the kubelet, each with what must be there.
MIXIN = [
    f'container_memory_working_set_bytes{{{KUBELET}, image!="", container="nginx", {OF_WEB}}}',
    f'container_memory_rss{{{KUBELET}, image!="", container="nginx", {OF_WEB}}}',
    f'container_memory_cache{{{KUBELET}, image!="", container="nginx", {OF_WEB}}}',
    f'container_memory_swap{{{KUBELET}, image!="", container="nginx", {OF_WEB}}}',
    f'sum by (namespace, pod, container) (container_cpu_usage_seconds_total{{{KUBELET}, image!="", {OF_WEB}}})',
    f'sum by (namespace, pod) (container_network_receive_bytes_total{{{KUBELET}, namespace=~".+", {OF_WEB}}})',
    f'sum by (pod) (container_cpu_cfs_periods_total{{{KUBELET}, container!="", {OF_WEB}}})',
    f"sum by (namespace, pod) (container_spec_cpu_quota{{{KUBELET}, {OF_WEB}}})",
    f'sum by (instance) (machine_memory_bytes{{{KUBELET}, node="node-1"}})',
    # One row a container, and one node a pod: the mixin joins them so, with kube_pod_info on the right.
    f'container_memory_working_set_bytes{{{KUBELET}, image!=""}} * on (namespace, pod) group_left(node) '
    f'max by (namespace, pod, node) (container_last_seen{{{KUBELET}, pod!=""}} > bool 0)',
]
# Labels that the operator gives a target before the monitor's own relabelings.
TARGET = {
    "__meta_kubernetes_pod_node_name": "node-1",
    "pod": "tallyman-x7k2p",
    "namespace": "tallyman",
    "container": "tallyman",
    "endpoint": "metrics",
    "service": "tallyman",
    "job": "tallyman",
}


@pytest.fixture(scope="module")
def agent():
    directory = own.directory("kubelet")
    with tarfile.open(paths.REPOSITORY / "tests/fixtures/kubelet-1.36/host.tar.gz") as tar:
        tar.extractall(directory)
    try:
        with Agent(f"--path.rootfs={directory / 'rec'}", *k8s.flags(k8s.base())) as running:
            yield running
    finally:
        shutil.rmtree(directory)


def of_prometheus(relabelings):
    """Fields of the operator's objects have capitals where Prometheus' have underscores."""
    return [
        {re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key): value for key, value in one.items()}
        for one in relabelings
    ]


def scrape_configs(variant, target):
    objects = k8s.rendered(variant).values()
    monitor = next(one for one in objects if one["kind"] in ("ServiceMonitor", "PodMonitor"))
    spec = monitor["spec"]
    for number, endpoint in enumerate(spec.get("endpoints") or spec["podMetricsEndpoints"]):
        yield {
            "job_name": f"{monitor['kind']}/{number}",
            "metrics_path": endpoint["path"],
            "honor_labels": endpoint["honorLabels"],
            "static_configs": [{"targets": [target], "labels": TARGET}],
            "relabel_configs": of_prometheus(endpoint["relabelings"]),
            "metric_relabel_configs": of_prometheus(endpoint.get("metricRelabelings", ())),
        }


@pytest.fixture(scope="module", params=["kubelet-names", "kubelet-pod-monitor", "prometheus-operator", "pod-monitor"])
def scraped(request, agent):
    (rule,) = k8s.load((k8s.KUBERNETES / "components/rules/prometheusrule.yaml").read_text())
    configs = list(scrape_configs(request.param, agent.address))
    running = Prometheus({}, scrape_configs=configs, rules=rule["spec"])
    try:
        wait_for(lambda: len(running.query("up == 1")) == len(configs), 60, "each endpoint was scraped")
        yield request.param, running
    finally:
        running.stop()


def names(prometheus, selector):
    return {labels["__name__"] for labels, _ in prometheus.query(selector)}


def test_labels_are_those_that_queries_select(scraped):
    variant, prometheus = scraped
    jobs = {labels["job"]: labels for labels, _ in prometheus.query("up")}
    node = {"instance": "node-1", "node": "node-1"}
    own_job = {"__name__": "up", "job": "tallyman", **node}
    kubelet = {"__name__": "up", "job": "kubelet", "metrics_path": "/metrics/cadvisor", **node}
    in_its_place = variant.startswith("kubelet")
    assert jobs == ({"kubelet": kubelet} if in_its_place else {}) | {"tallyman": own_job}

    assert names(prometheus, '{namespace="tallyman"}') == set(), "series of the node in the agent's namespace"
    assert names(prometheus, '{pod=~"tallyman.*"}') == set()
    assert prometheus.query(f'container_last_seen{{{OF_WEB}, container="nginx", node="node-1"}}')

    measured = names(prometheus, '{__name__=~"container_.+|machine_.+|cadvisor_.+", job!="kubelet"}')
    if in_its_place:
        assert measured == set(), "the same series in two jobs"
        assert names(prometheus, '{job="kubelet", __name__=~"tallyman_.+|process_.+"}') == set()
        for query in MIXIN:
            assert prometheus.query(query), query
    else:
        assert measured and not names(prometheus, '{job="kubelet"}')
    assert "tallyman_samples_total" in names(prometheus, '{job="tallyman"}')


def test_rules_are_evaluated(scraped):
    _, prometheus = scraped

    def rules():
        return [one for group in prometheus.get("rules")["groups"] for one in group["rules"]]

    wait_for(lambda: {one["health"] for one in rules()} == {"ok"}, 60, "all rules were evaluated")
    recorded = 'workload:container_cpu_usage_cores:rate5m{container="nginx", pod="web-vm"}'
    wait_for(lambda: prometheus.query(recorded), 60, "a rule has recorded a container")

    def quiet():
        """Before the first scrape there was no agent; afterwards neither alert may wait to be raised."""
        alerts = {one["name"]: one["state"] for one in rules() if one["type"] == "alerting"}
        return {alerts["TallymanDown"], alerts["TallymanAbsent"]} == {"inactive"}

    wait_for(quiet, 60, "the alerts on the agent see it")
