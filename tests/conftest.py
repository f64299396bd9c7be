"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Tests assert no times. The profile extends Hypothesis's own, which takes the same examples each time in CI.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have commands keep what they found where nobody else does: a test sees no other's, nor the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(folder))
    return folder
