"""Paths relative to folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepgraph.project.folders import path_from, real_path


def test_paths_are_relative_to_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_from("src/", "src/shop/orders.py") == "shop/orders.py"
    assert path_from("src/", "orders.py") == "../orders.py"


def test_a_path_on_another_drive_stays_unchanged() -> None:
    assert path_from("src/", "a\0b/orders.py") == "a\0b/orders.py"


def test_a_link_replaced_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to("target")
    read_link, failures = os.readlink, [OSError(22, "Invalid argument"), OSError(2, "No such file or directory")]

    def replaced(path: str) -> str:
        if failures:
            raise failures.pop()
        return read_link(path)

    monkeypatch.setattr(os, "readlink", replaced)
    assert real_path(tmp_path / "link") == str(tmp_path.resolve() / "target")
