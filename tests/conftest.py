"""Configuration and fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# No deadlines. The profile extends the default one of Hypothesis, which is deterministic in CI.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a separate, empty cache directory."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(folder))
    return folder
