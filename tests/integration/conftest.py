import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support.docker import DockerDaemon  # noqa: E402
from support.leaks import Inventory  # noqa: E402
from support.agent import Agent  # noqa: E402


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            if "docker" in item.fixturenames:
                item.add_marker(pytest.skip("dockerd needs root"))


def pytest_sessionfinish(session, exitstatus):
    """All skipped is not passed: ctest takes 77 as skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter.stats.get("skipped") and not reporter.stats.get("passed"):
        session.exitstatus = 77


@pytest.fixture(scope="session")
def docker():
    """A Docker daemon for the whole session; anything it leaves behind fails the session."""
    before = Inventory()
    identities = []
    daemon = DockerDaemon()
    create = daemon.create

    def remember(*arguments, **options):
        container = create(*arguments, **options)
        identities.append(container.id)
        return container

    daemon.create = remember
    try:
        yield daemon
    finally:
        daemon.stop()
    left = before.left(identities)
    assert not left, f"left behind: {left}"


@pytest.fixture
def containers(docker):
    """run(name, *command, ...): containers that end with the test."""
    started = []

    def run(name, *command, **how):
        started.append(docker.run(name, *command, **how))
        return started[-1]

    yield run
    for container in started:
        container.remove()


@pytest.fixture(scope="module")
def agent(docker):
    with Agent(f"--docker.root={docker.data_root}") as running:
        yield running
