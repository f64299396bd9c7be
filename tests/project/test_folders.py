"""Paths relative to folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.project.folders import path_from


def test_paths_are_relative_to_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_from("src/", "src/shop/orders.py") == "shop/orders.py"
    assert path_from("src/", "orders.py") == "../orders.py"


def test_a_path_on_another_drive_stays_unchanged() -> None:
    assert path_from("src/", "a\0b/orders.py") == "a\0b/orders.py"
