"""Configuration and fixtures of all tests."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from stepgraph.large_stack import keep_thread

# Tests start the command hundreds of times, and each start would compile its sources again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No deadlines, and few examples: slow tests have a number of their own. The profile extends the default one of
# Hypothesis, which is deterministic in CI.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.load_profile("quick")

_CACHES: Final = tempfile.mkdtemp(prefix="stepgraph-caches-")
atexit.register(shutil.rmtree, _CACHES, ignore_errors=True)
_cache_numbers: Final = count()

_GC_THRESHOLD: Final = 1_000_000
"""The number of new objects after which garbage is collected, more than the analysis of a small program leaves.

With the default of 700, each test would search through all objects of its analysis several times.
"""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m slow`, import only modules that mark slow tests or whose fixtures do. Most modules have none."""
    if config.getoption("markexpr") != "slow" or not collection_path.match("test_*.py"):
        return None
    marking = (collection_path, collection_path.with_name("conftest.py"))
    return not any(path.exists() and "mark.slow" in path.read_text(encoding="utf-8") for path in marking) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without garbage collection, and exclude their modules and items from it until the process exits.

    At the exit they are included again, so that extension modules report no leaks.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD)
        gc.enable()
        atexit.register(gc.unfreeze)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Run the analyses of all tests in one thread, as commands do. A thread for each would take a fifth of the time."""
    with keep_thread():
        return (yield)


def pytest_runtest_setup() -> None:
    """Give each test a separate cache directory, which the first run with a cache creates.

    This is not a fixture, because that would take a quarter of the time of pytest for a small test.
    """
    os.environ["STEPGRAPH_CACHE_DIR"] = f"{_CACHES}/{next(_cache_numbers)}"


@pytest.fixture
def own_cache() -> Path:
    """Return the cache directory of the test."""
    return Path(os.environ["STEPGRAPH_CACHE_DIR"])
