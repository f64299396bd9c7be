"""The digest of the installed code, on which every cache entry depends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepgraph.cache import entry
from stepgraph.cache.entry import PRESENTATION, installation_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package and LibCST, small enough to be changed."""
    for name in ("package/api.py", "package/checks/rule.py", "package/cli/main.py", "libcst/_version.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setattr(entry, "_PACKAGE", str(tmp_path / "package"))
    monkeypatch.setattr(entry, "_libcst_folder", lambda: str(tmp_path / "libcst"))
    return tmp_path


def test_an_unchanged_installation_has_one_digest() -> None:
    assert installation_digest() == installation_digest() is not None


@pytest.mark.parametrize("name", ["package/api.py", "package/checks/rule.py", "libcst/_version.py"])
def test_a_changed_module_changes_the_digest(package: Path, name: str) -> None:
    before = installation_digest()
    (package / name).write_text("x = 10\n", encoding="utf-8")
    assert installation_digest() != before


def test_a_modification_time_changes_the_digest(package: Path) -> None:
    before = installation_digest()
    os.utime(package / "package/api.py", ns=(1, 1))
    assert installation_digest() != before


def test_a_new_module_changes_the_digest(package: Path) -> None:
    before = installation_digest()
    (package / "package/checks/new.py").touch()
    assert installation_digest() != before


def test_presentation_does_not_change_the_digest(package: Path) -> None:
    before = installation_digest()
    (package / "package/cli/main.py").write_text("x = 10\n", encoding="utf-8")
    assert installation_digest() == before


def test_an_archive_has_no_digest(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_PACKAGE", str(package / "package.zip/stepgraph"))
    assert installation_digest() is None


@pytest.mark.slow
def test_analysis_needs_no_presentation() -> None:
    code = (
        "import sys, stepgraph.cache.entry, stepgraph.pipeline, stepgraph.checks.run, stepgraph.checks.catalogue\n"
        "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('stepgraph.')}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert PRESENTATION.isdisjoint(run.stdout.split())
