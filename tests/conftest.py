"""Configuration and fixtures of all tests."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

# Tests start the command hundreds of times, and each start would compile its sources again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No deadlines. The profile extends the default one of Hypothesis, which is deterministic in CI.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Exclude the modules and items of all tests from each garbage collection of the run."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Include them again, so that extension modules report no leaks."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return directories for caches. A number of its own is cheaper than `mktemp`, which lists all directories."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_cache(caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a separate, empty cache directory."""
    folder = next(caches)
    folder.mkdir()
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(folder))
    return folder
