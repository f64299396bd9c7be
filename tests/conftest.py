"""Configuration and fixtures of all tests."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

# Tests start the command hundreds of times, and each start would compile its sources again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No deadlines, and few examples: slow tests have a number of their own. The profile extends the default one of
# Hypothesis, which is deterministic in CI.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.load_profile("quick")

_GC_THRESHOLD: Final = 50_000
"""The number of new objects after which garbage is collected, more than the analysis of a small program leaves.

With the default of 700, each test would search through all objects of its analysis several times.
"""


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


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return paths for caches. A number of its own is cheaper than `mktemp`, which lists all directories."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_cache(caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a separate cache directory, which the first run with a cache creates."""
    folder = next(caches)
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(folder))
    return folder
