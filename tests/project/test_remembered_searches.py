"""Searches that remember the files of directories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from stepgraph.project import remembered_searches
from stepgraph.project.file_selection import FileSelection
from stepgraph.project.reading import unsaved_files
from stepgraph.project.remembered_searches import RememberedSearches
from stepgraph.project.search import Search, search_folder
from stepgraph.project.sources import find_sources
from tests.cli.repositories import git, needs_git
from tests.project.trees import WORKFLOW, plant

DERIVED = "from a import Orders\n\n\nclass Late(Orders):\n    pass\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, {"a.py": WORKFLOW, "b.py": "x = 1\n"})
    return tmp_path


def modules(searches: RememberedSearches, *names: str) -> Sequence[str]:
    """Return the paths of the modules with workflows, and of those that derive classes from classes of these names."""
    sources = find_sources(["."], searches=searches)
    sources.add_derived_modules(names)
    return [module.path for module in sources.modules]


def test_new_files_are_found_after_forgetting(folder: Path) -> None:
    searches = RememberedSearches()
    assert modules(searches) == ["a.py"]
    plant(folder, {"b.py": WORKFLOW, "c.py": WORKFLOW})
    assert modules(searches) == ["a.py"]
    searches.forget()
    assert modules(searches) == ["a.py", "b.py", "c.py"]


def test_unsaved_texts_are_read_each_time(folder: Path) -> None:
    searches = RememberedSearches()
    assert modules(searches) == ["a.py"]
    with unsaved_files({str(folder / "b.py"): WORKFLOW.encode()}):
        assert modules(searches) == ["a.py", "b.py"]
    with unsaved_files({str(folder / "a.py"): b""}):
        assert modules(searches) == []
    assert modules(searches) == ["a.py"]


def test_derived_classes_are_remembered(folder: Path) -> None:
    searches = RememberedSearches()
    plant(folder, {"b.py": DERIVED})
    assert modules(searches, "Orders") == ["a.py", "b.py"]
    with unsaved_files({str(folder / "b.py"): b""}):
        assert modules(searches, "Orders") == ["a.py"]
    plant(folder, {"c.py": DERIVED})
    assert modules(searches, "Orders") == ["a.py", "b.py"]
    searches.forget()
    assert modules(searches, "Orders") == ["a.py", "b.py", "c.py"]


@needs_git
def test_ignored_files_are_remembered(folder: Path) -> None:
    git("init", "-q")
    searches = RememberedSearches()
    assert modules(searches) == ["a.py"]
    plant(folder, {".gitignore": "a.py\n"})
    assert modules(searches) == ["a.py"]
    searches.forget()
    assert modules(searches) == []


def test_slow_searches_are_rarely_repeated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered_searches, "_SLOW_SECONDS", -1.0)
    monkeypatch.setattr(remembered_searches, "_SLOW_SEARCH_SHARE", 1e-9)
    searches = RememberedSearches()
    assert modules(searches) == ["a.py"]
    assert searches.are_slow
    plant(folder, {"c.py": WORKFLOW})
    searches.forget()
    assert modules(searches) == ["a.py"]
    monkeypatch.setattr(remembered_searches, "_SLOW_SEARCH_SHARE", 1e9)
    assert modules(searches) == ["a.py", "c.py"]


def test_a_change_during_a_search_is_not_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searches = RememberedSearches()

    def search_before_a_change(path: str, selection: FileSelection) -> Search:
        result = search_folder(path, selection)
        plant(folder, {"c.py": WORKFLOW})
        searches.forget()
        return result

    with monkeypatch.context() as patch:
        patch.setattr(remembered_searches, "search_folder", search_before_a_change)
        assert modules(searches) == ["a.py"]
    assert modules(searches) == ["a.py", "c.py"]
