"""Fixtures of the tests of projects."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an empty directory the working directory, for configurations."""
    monkeypatch.chdir(tmp_path)
