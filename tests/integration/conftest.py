import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import leftovers, own
from support.agent import Agent
from support.leaks import tidy_daemon

own.begin()


def pytest_sessionstart():
    leftovers.remove()


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
    """For the whole session, in a network namespace of its own."""
    with tidy_daemon() as daemon:
        yield daemon


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
