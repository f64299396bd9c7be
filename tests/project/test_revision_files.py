"""The files of a revision, also of trees that git itself would never make."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stepgraph.model.note import InputError
from stepgraph.project.revision_files import revision_folder
from stepgraph.project.revisions import Revision, revision_of
from tests.cli.repositories import GIT, commit, git, make_repository, needs_git

pytestmark = needs_git
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="the programs are scripts of a shell")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a new repository, and make temporary folders in a folder beside it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    make_repository()
    return folder


def written(text: str) -> str:
    """Write an object with a text, and return its name."""
    return made("hash-object", "-w", "--stdin", text=text)


def made(*arguments: str, text: str) -> str:
    return (
        subprocess.run([GIT, *arguments], input=text.encode(), capture_output=True, check=True).stdout.decode().strip()
    )


def tree(*entries: tuple[str, str, str]) -> str:
    """Make a tree of entries: mode, object and name."""
    kinds = {"040000": "tree"}
    lines = [f"{mode} {kinds.get(mode, 'blob')} {identity}\t{name}\n" for mode, identity, name in entries]
    return made("mktree", text="".join(lines))


def revision(identity: str) -> Revision:
    """Return a commit of a tree."""
    found = revision_of(".", git("commit-tree", "-m", "change", identity))
    assert found is not None
    return found


def files_of(folder: str) -> dict[str, str]:
    """Return all files in a folder with what they hold, those behind links too."""
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_what_an_analysis_reads_is_there_and_nothing_else(temporary: Path) -> None:
    for name in ("src/a.py", "wrangler.toml", "pyproject.toml", "data.bin", "notes.md"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name, encoding="utf-8")
    commit()
    found = revision_of(".", "main")
    assert found is not None
    with revision_folder(found) as folder:
        assert files_of(folder) == {
            ".git": "",
            "pyproject.toml": "pyproject.toml",
            "src/a.py": "src/a.py",
            "wrangler.toml": "wrangler.toml",
        }
    assert list(temporary.iterdir()) == []


def test_the_folder_goes_also_where_something_fails(temporary: Path) -> None:
    commit()
    found = revision_of(".", "HEAD")
    assert found is not None
    with pytest.raises(KeyError), revision_folder(found):
        raise KeyError
    assert list(temporary.iterdir()) == []


def test_a_temporary_folder_that_cannot_be_made_is_told(temporary: Path) -> None:
    commit()
    found = revision_of(".", "HEAD")
    assert found is not None
    temporary.rmdir()
    with pytest.raises(InputError) as raised, revision_folder(found):
        pass
    assert str(raised.value) == "HEAD: its files cannot be written to a temporary folder: No such file or directory."


@pytest.mark.usefixtures("temporary")
def test_a_tree_that_is_missing_is_told() -> None:
    lost = Revision(".", "0" * 40, "main", "main")
    with pytest.raises(InputError, match=r"^main: git cannot list its files\.$"), revision_folder(lost):
        pass


def replace_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have a script of a shell taken for git."""
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@on_unix
def test_a_git_that_has_gone_meanwhile_is_told(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = revision(tree(("100644", written("x = 1\n"), "orders.py")))
    replace_git(temporary, monkeypatch, f'/bin/rm "$0"; exec {GIT} "$@"')
    with pytest.raises(InputError, match=r"^\w+: git cannot be started\.$"), revision_folder(found):
        pass


@on_unix
def test_a_git_that_stops_in_the_middle_of_a_file_is_told(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = revision(tree(("100644", written("x = 1\n"), "orders.py")))
    answer = "read -r object; printf '%s blob 100\\nhalf' \"$object\""
    replace_git(temporary, monkeypatch, f'case "$*" in *cat-file*) {answer} ;; *) exec {GIT} "$@" ;; esac')
    with pytest.raises(InputError, match=r"orders\.py: git cannot read its content\.$"), revision_folder(found):
        pass


def test_paths_that_lead_out_are_not_written(temporary: Path) -> None:
    inner = tree(("100644", written("evil"), "evil.py"))
    outer = tree(("040000", inner, ".."), ("040000", inner, ".git"), ("100644", written("good"), "good.py"))
    with revision_folder(revision(outer)) as folder:
        assert files_of(folder) == {".git": "", "good.py": "good"}
        assert [path.name for path in temporary.rglob("*.py")] == ["good.py"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nothing_is_written_or_read_through_links_that_lead_out(temporary: Path) -> None:
    (temporary.parent / "outside").mkdir()
    (temporary.parent / "outside" / "secret.py").write_text("secret", encoding="utf-8")
    inner = tree(("100644", written("evil"), "evil.py"))
    to_outside = written(str(temporary.parent / "outside"))
    # Within by its letters, and out of it where the first link is followed.
    sly = tree(("120000", written("../../top"), "link"), ("120000", written("link/../../../outside"), "out"))
    outer = tree(
        ("040000", inner, "top"),
        ("040000", tree(("040000", sly, "b")), "a"),
        ("120000", to_outside, "away"),
        ("120000", written("top/evil.py"), "inside.py"),
    )
    with revision_folder(revision(outer)) as folder:
        assert files_of(folder) == {".git": "", "inside.py": "evil", "top/evil.py": "evil"}
        assert Path(folder, "a/b/link").is_symlink()
        assert not os.path.lexists(f"{folder}/a/b/out")
        assert not os.path.lexists(f"{folder}/away")
    assert [path.name for path in (temporary.parent / "outside").iterdir()] == ["secret.py"]
