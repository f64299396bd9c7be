"""The Python files of a folder and their order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepgraph.model.note import Problem
from stepgraph.project.search import ignored, search_folder
from tests.project.trees import plant


@pytest.fixture(autouse=True)
def in_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_python_files_are_sorted_across_all_depths(tmp_path: Path) -> None:
    plant(tmp_path, {"b.py": "", "a/z.py": "", "a/b/c.py": "", "a.py": "", "notes.txt": "", "a/data.pyc": ""})
    assert search_folder(".").files == ("a.py", "a/b/c.py", "a/z.py", "b.py")


def test_paths_start_with_the_folder_as_named(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": ""})
    assert search_folder("src").files == ("src/a.py",)
    assert search_folder("src/").files == ("src/a.py",)
    assert search_folder("./src").files == ("./src/a.py",)
    assert search_folder(str(tmp_path)).files == (f"{tmp_path}/src/a.py",)


def test_the_order_of_the_file_system_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"a.py": "", "b/c.py": "", "b/d.py": "", "e/f.py": ""})
    listed = os.scandir

    class Backwards:
        def __init__(self, folder: str) -> None:
            with listed(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None: ...

    expected = search_folder(".").files
    monkeypatch.setattr(os, "scandir", Backwards)
    assert search_folder(".").files == expected == ("a.py", "b/c.py", "b/d.py", "e/f.py")


@pytest.mark.parametrize("name", [".hidden", "node_modules", "__pycache__", "a/.git", "a/node_modules"])
def test_folders_without_code_of_the_project_are_not_entered(tmp_path: Path, name: str) -> None:
    plant(tmp_path, {f"{name}/a.py": "", "kept.py": ""})
    assert search_folder(".").files == ("kept.py",)


def test_virtual_environments_are_recognized_by_pyvenv_cfg(tmp_path: Path) -> None:
    plant(tmp_path, {"tools/pyvenv.cfg": "", "tools/lib/a.py": "", "venv/a.py": ""})
    assert search_folder(".").files == ("venv/a.py",)


def test_a_named_virtual_environment_is_searched(tmp_path: Path) -> None:
    plant(tmp_path, {"tools/pyvenv.cfg": "", "tools/a.py": ""})
    assert search_folder("tools").files == ("tools/a.py",)


def test_a_folder_called_like_a_python_file_is_searched(tmp_path: Path) -> None:
    plant(tmp_path, {"package.py/a.py": ""})
    assert search_folder(".").files == ("package.py/a.py",)


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    plant(tmp_path, {"a/b.py": ""})
    (tmp_path / "again").symlink_to("a", target_is_directory=True)
    (tmp_path / "a/up").symlink_to("..", target_is_directory=True)
    assert search_folder(".").files == ("a/b.py",)


def test_a_link_to_a_file_inside_the_folder_counts(tmp_path: Path) -> None:
    plant(tmp_path, {"outside.py": "", "src/real.txt": "", "src/b.py": ""})
    (tmp_path / "src/a.py").symlink_to("real.txt")
    (tmp_path / "src/c.py").symlink_to("../outside.py")
    (tmp_path / "src/d.py").symlink_to("missing.py")
    (tmp_path / "src/e.py").symlink_to("e.py")
    assert search_folder("src").files == ("src/b.py", "src/a.py")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in directories of Windows")
def test_irregular_files_are_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert search_folder(".").files == ()


def test_an_unreadable_folder_does_not_stop_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"a/b.py": "", "c.py": ""})
    listed = os.scandir

    def refusing(folder: str) -> os._ScandirIterator[str]:
        if folder == "a/":
            raise PermissionError
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    search = search_folder(".")
    assert search.files == ("c.py",)
    assert search.problems == (Problem("a/", "permission denied.", "Make it readable, or omit it."),)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_file_names_need_not_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.py")).touch()
    assert search_folder(".").files == ("\udcff.py",)


def test_folders_that_are_too_deep_are_not_searched(tmp_path: Path) -> None:
    deep = "a/" * 201
    plant(tmp_path, {f"{deep}b.py": "", "c.py": ""})
    search = search_folder(str(tmp_path))
    assert [path.rsplit("/", 1)[1] for path in search.files] == ["c.py"]
    assert [problem.message for problem in search.problems] == [
        "more than 200 directories deep, so it is not searched."
    ]


def test_deeply_nested_ignored_files_are_recognized() -> None:
    deep = "a/" * 1_500
    assert ignored("", [f"{deep}b.py"]) == frozenset()
