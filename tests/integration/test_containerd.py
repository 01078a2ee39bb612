"""A real containerd without Docker, as Kubernetes' nodes have it: names from the bundle, a known load."""

import pytest

from support import own
from support.agent import Agent
from support.containerd import Containerd
from support.host import cgroup_directories, end_cgroup
from support.leaks import Inventory
from support.waiting import wait_for

POD = {
    "io.kubernetes.cri.sandbox-name": "web-7d4b9",
    "io.kubernetes.cri.sandbox-namespace": "shop",
    "io.kubernetes.cri.sandbox-uid": "u-1",
    "io.kubernetes.cri.sandbox-id": "sandbox",
}
APP = {
    **POD,
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.container-name": "app",
    "io.kubernetes.cri.image-name": "docker.io/library/nginx:1.27",
}
SANDBOX = {**POD, "io.kubernetes.cri.container-type": "sandbox"}


@pytest.fixture(scope="module")
def containerd():
    before = Inventory()
    with Containerd() as running:
        yield running
    left = before.left()
    assert not left, f"left behind: {left}"


@pytest.fixture(scope="module")
def agent(containerd):
    with Agent(f"--containerd.state={containerd.state}") as running:
        yield running


def test_a_pods_containers_are_named(containerd, agent):
    app = containerd.run("app", "burn", "1.0", "then", "stay", annotations=APP)
    sandbox = containerd.run("sandbox", "stay", annotations=SANDBOX)
    bare = containerd.run("redis", "stay")
    agent.fresh_scrape()
    scrape = agent.fresh_scrape()
    labels = agent.workload(app)["labels"]
    assert labels["io.kubernetes.pod.name"] == "web-7d4b9" and labels["io.kubernetes.pod.namespace"] == "shop"
    assert {agent.workload(one)["runtime"] for one in (app, sandbox, bare)} == {"containerd"}
    seen = {one: agent.workload(one)["name"] for one in (app, sandbox, bare)}
    assert seen == {app: "app", sandbox: "sandbox", bare: "redis"}  # the id, as on the kubelet's endpoint
    assert agent.workload(app)["container"] == "app" and "container" not in agent.workload(sandbox)
    assert (
        scrape.one(
            "container_start_time_seconds",
            id=app,
            name="app",
            image="docker.io/library/nginx:1.27",
            container="app",
            pod="web-7d4b9",
            namespace="shop",
        )
        > 1.7e9
    )


def test_one_cpu_second(containerd, agent):
    burner = containerd.run("burner", "burn", "1.0", "then", "stay")

    def used():
        return agent.fresh_scrape().one("container_cpu_usage_seconds_total", id=burner, cpu="total")

    wait_for(lambda: used() >= 1.0, 600, "the burner has burnt its second")
    # Beyond the second by its own clock: runc's set-up and exec, some 10 to 50 ms here.
    assert 1.0 <= used() < 1.2


def test_a_removed_container_is_gone(containerd, agent):
    gone = containerd.run("gone", "stay")
    assert wait_for(lambda: agent.find(gone), 60, "the agent sees it")["name"] == "gone"
    containerd.remove("gone")
    agent.fresh_scrape()
    assert all(one["id"] != gone for one in agent.get("/api/v1/workloads")["workloads"])


def test_a_pod_has_its_owner_by_the_labels_in_containerds_database(containerd, agent):
    """While containerd writes to it: each new container is a transaction of the database."""
    top = f"{own.mark()}pods"
    pod = f"/{top}/kubepods/burstable/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    labels = {"app": "web", "pod-template-hash": "7d4b9c6f5"}
    of_pod = {**SANDBOX, "io.kubernetes.cri.sandbox-name": "shop-web-7d4b9c6f5-x2x8q"}
    identity = "5a" * 32
    try:
        containerd.run(identity, "stay", annotations=of_pod, labels=labels, cgroup=f"{pod}/{identity}")
        for number in range(5):
            containerd.run(f"other-{number}", "stay", labels={"number": str(number), "long": "x" * 3000})
        owner = {"owner_kind": "Deployment", "owner_name": "shop-web", "pod": "shop-web-7d4b9c6f5-x2x8q"}
        wait_for(
            lambda: agent.fresh_scrape().all("container_pod_owner", id=pod, namespace="shop", **owner),
            60,
            "the pod has its owner",
        )
        assert agent.workload(pod)["owner_name"] == "shop-web"
        others = [agent.find(f"/k8s.io/other-{number}") for number in range(5)]
        assert all(others), "containers of ctr"
    finally:
        for name in [identity, *(f"other-{number}" for number in range(5))]:
            containerd.remove(name)
        assert all(end_cgroup(tree) for tree in cgroup_directories(top))


def test_runs_of_one_container_of_a_pod_are_restarts(containerd, agent):
    """Each has another cgroup and id, and containerd writes no exit code."""
    crash = {**APP, "io.kubernetes.cri.container-name": "crash"}
    exact = agent.fresh_scrape().one("tallyman_process_times_exact") == 1
    for number in range(3):
        path = containerd.run(f"crash-{number}", "stay", annotations=crash)
        wait_for(lambda one=path: agent.find(one), 60, "the agent sees it")
        agent.fresh_scrape()
        containerd.remove(f"crash-{number}")

    def seen():
        events = agent.get("/api/v1/events")["events"]
        return [one for one in events if one["workload"].get("container") == "crash"]

    wait_for(lambda: [one["type"] for one in seen()].count("died") == 3, 60, "all have ended")
    assert [one["type"] for one in seen()] == ["started", "died", "restarted", "died", "restarted", "died"]
    for one in seen():
        assert (one["workload"]["pod"], one["workload"]["namespace"]) == ("web-7d4b9", "shop")
        assert one["message"].startswith("crash in shop/web-7d4b9 ")
    last = seen()[4]
    assert last["details"]["restarts"] == 2 and " restarted 2 times in " in last["message"]
    if exact:
        assert last["details"]["exit_code"] == 137 and last["message"].endswith("(SIGKILL)")
