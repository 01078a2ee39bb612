import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from support import leftovers, own

own.begin()


def pytest_sessionstart():
    leftovers.remove()
