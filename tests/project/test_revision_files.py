"""The files of a revision, including crafted trees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from stepgraph.model.note import InputError
from stepgraph.project import revision_files
from stepgraph.project.git import Git, Revision, revision_of
from stepgraph.project.revision_files import revision_folder, switchable_folder, windows_cannot_hold
from tests.cli.repositories import GIT, commit, git, make_repository, needs_git
from tests.effort import sample

pytestmark = needs_git
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="the programs are scripts of a shell")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a new repository, and return the folder for temporary directories."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    make_repository()
    return folder


def written(text: str) -> str:
    """Write a blob and return its object id."""
    return git_with_input("hash-object", "-w", "--stdin", text=text)


def git_with_input(*arguments: str, text: str) -> str:
    return (
        subprocess.run([GIT, *arguments], input=text.encode(), capture_output=True, check=True).stdout.decode().strip()
    )


def tree(*entries: tuple[str, str, str]) -> str:
    """Make a tree of entries (mode, object, name)."""
    kinds = {"040000": "tree"}
    lines = [f"{mode} {kinds.get(mode, 'blob')} {identity}\t{name}\n" for mode, identity, name in entries]
    return git_with_input("mktree", text="".join(lines))


def revision(identity: str) -> Revision:
    """Return a commit of a tree."""
    change = revision_of(".", git("commit-tree", "-m", "change", identity))
    assert change is not None
    return change


def files_of(folder: str) -> dict[str, str]:
    """Return the contents of all files in a folder, following links."""
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_only_analyzed_files_are_extracted(temporary: Path) -> None:
    for name in ("src/a.py", "wrangler.toml", "pyproject.toml", "data.bin", "notes.md"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name, encoding="utf-8")
    commit()
    head = revision_of(".", "main")
    assert head is not None
    with revision_folder(head) as folder:
        assert files_of(folder) == {
            ".git": "",
            "pyproject.toml": "pyproject.toml",
            "src/a.py": "src/a.py",
            "wrangler.toml": "wrangler.toml",
        }
    assert list(temporary.iterdir()) == []


def test_the_folder_is_removed_after_a_failure(temporary: Path) -> None:
    commit()
    head = revision_of(".", "HEAD")
    assert head is not None
    with pytest.raises(KeyError), revision_folder(head):
        raise KeyError
    assert list(temporary.iterdir()) == []


def test_a_failure_to_make_the_folder_is_reported(temporary: Path) -> None:
    commit()
    head = revision_of(".", "HEAD")
    assert head is not None
    temporary.rmdir()
    with pytest.raises(InputError) as raised, revision_folder(head):
        pass
    assert str(raised.value) == "HEAD: its files cannot be written to a temporary directory: no such file or directory."


@pytest.mark.usefixtures("temporary")
def test_a_missing_tree_is_reported() -> None:
    lost = Revision(".", "0" * 40, "main", "main")
    with pytest.raises(InputError, match=r"^main: git cannot list its files\.$"), revision_folder(lost):
        pass


def replace_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Replace git with a shell script."""
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@on_unix
def test_a_git_that_disappears_is_reported(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = revision(tree(("100644", written("x = 1\n"), "orders.py")))
    replace_git(temporary, monkeypatch, f'/bin/rm "$0"; exec {GIT} "$@"')
    with pytest.raises(InputError, match=r"^\w+: git cannot be started\.$"), revision_folder(change):
        pass


@on_unix
def test_a_git_that_stops_within_a_file_is_reported(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = revision(tree(("100644", written("x = 1\n"), "orders.py")))
    answer = "read -r object; printf '%s blob 100\\nhalf' \"$object\""
    replace_git(temporary, monkeypatch, f'case "$*" in *cat-file*) {answer} ;; *) exec {GIT} "$@" ;; esac')
    with pytest.raises(InputError, match=r"orders\.py: git cannot read its content\.$"), revision_folder(change):
        pass


def test_paths_outside_the_folder_are_not_written(temporary: Path) -> None:
    inner = tree(("100644", written("evil"), "evil.py"))
    outer = tree(("040000", inner, ".."), ("040000", inner, ".git"), ("100644", written("good"), "good.py"))
    with revision_folder(revision(outer)) as folder:
        assert files_of(folder) == {".git": "", "good.py": "good"}
        assert [path.name for path in temporary.rglob("*.py")] == ["good.py"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_out_are_not_followed(temporary: Path) -> None:
    (temporary.parent / "outside").mkdir()
    (temporary.parent / "outside" / "secret.py").write_text("secret", encoding="utf-8")
    inner = tree(("100644", written("evil"), "evil.py"))
    to_outside = written(str(temporary.parent / "outside"))
    # Inside the folder as text, but outside if the first link is followed.
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


def deep_tree(levels: int, inner: str) -> str:
    """Make a tree in which each level contains the next level ten times."""
    for _ in range(levels):
        inner = tree(*(("040000", inner, f"d{number}") for number in range(10)))
    return inner


def raw_tree(*entries: tuple[str, str, str]) -> str:
    """Make a tree without git's sorting and checks."""
    content = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(identity) for mode, identity, name in entries)
    command = [GIT, "hash-object", "-w", "-t", "tree", "--literally", "--stdin"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode().strip()


def refusal_of(identity: str) -> str:
    """Return the error message for a tree, without the name of the commit."""
    with pytest.raises(InputError) as raised, revision_folder(revision(identity)):
        pass
    return str(raised.value).partition(":")[2]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit"), sample([("orders.py", "500,000 files"), ("n" * 200, "64 MB of paths")], 1))
def test_an_exponential_tree_is_rejected(temporary: Path, name: str, limit: str) -> None:
    bomb = deep_tree(12, tree(("100644", written("x = 1\n"), name)))
    assert refusal_of(bomb) == f" has more than {limit}, so it is not read."
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("constant", "mode", "what"),
    [
        ("TREE_ENTRIES", "100644", "3 files"),
        ("TREE_FILES", "100644", "3 Python files and configurations, or 20,000 symbolic links"),
        ("TREE_LINKS", "120000", "100,000 Python files and configurations, or 3 symbolic links"),
    ],
)
@pytest.mark.usefixtures("temporary")
def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch, constant: str, mode: str, what: str) -> None:
    monkeypatch.setattr(revision_files, constant, 3)
    many = tree(*((mode, written("x"), f"a{number}.py") for number in range(4)))
    assert refusal_of(many) == f" has more than {what}, so it is not read."


@pytest.mark.usefixtures("temporary")
def test_too_many_folders_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_files, "TREE_FOLDERS", 3)
    assert refusal_of(deep_tree(1, tree(("100644", written("x"), "a.py")))) == (
        " has more than 3 directories, so it is not read."
    )


@pytest.mark.usefixtures("temporary")
def test_a_large_blob_is_rejected_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_files, "SCANNED_BYTES", 2_000_000)
    large = written("#" * 2_000_001)
    assert refusal_of(tree(("100644", large, "a.py"))) == "a.py: larger than 2 MB, so it is not read."
    with revision_folder(revision(tree(("100644", large, "a.bin"), ("120000", large, "link")))) as folder:
        assert files_of(folder) == {".git": ""}


@pytest.mark.usefixtures("temporary")
def test_the_total_size_of_blobs_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_files, "REVISION_BYTES", 2_000_000)
    blob = written("#" * 1_000_001)
    assert refusal_of(tree(("100644", blob, "a.py"), ("100644", blob, "b.py"))) == (
        " has more than 2 MB of Python files and configurations, so it is not read."
    )


@pytest.mark.slow
@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("name", ["a" * 1_100 + "/b.py", "a/" * 201 + "b.py"])
def test_a_long_path_is_rejected(name: str) -> None:
    *folders, file = name.split("/")
    inner = tree(("100644", written("x"), file))
    for folder in reversed(folders):
        inner = tree(("040000", inner, folder))
    assert refusal_of(inner) == f"{name}: its path is too long."


@pytest.mark.slow
@pytest.mark.usefixtures("temporary")
def test_a_duplicate_path_is_rejected() -> None:
    first, second = written("x = 1\n"), written("x = 2\n")
    again = "duplicate path, or paths that differ only in case."
    for entries in (
        (("100644", first, "a.py"), ("100644", second, "a.py")),
        (("100644", first, "a.py"), ("40000", tree(("100644", second, "b.py")), "a.py")),
        (("100644", first, "a.py"), ("120000", second, "a.py")),
    ):
        assert refusal_of(raw_tree(*entries)).endswith(again)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_path_below_a_link_is_rejected(temporary: Path) -> None:
    victim = temporary.parent / "victim"
    victim.mkdir()
    inner = tree(("100644", written("evil"), "b.py"), ("120000", written("payload"), "link"))
    evil = raw_tree(("120000", written(str(victim)), "a"), ("40000", inner, "a"))
    assert refusal_of(evil).endswith("its parent directory is a symbolic link, which git does not support.")
    assert list(victim.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_point_directly_at_their_final_target(temporary: Path) -> None:  # noqa: ARG001 - it changes into a repository
    inner = tree(("100644", written("x = 1\n"), "a.py"), ("120000", written("../b"), "up"))
    entries = {
        "one": "d/up/../d/a.py",
        "b": "d",
        "loop": "loop",
        "long.py": "one",
        "root": "/etc/passwd",
        "out": "d/up/../../../x",
        "gone.py": "nowhere.py",
    }
    links = (("120000", written(target), name) for name, target in entries.items())
    with revision_folder(revision(tree(("040000", inner, "d"), *links))) as folder:
        targets = {name: str(Path(folder, name).readlink()) for name in entries if os.path.lexists(f"{folder}/{name}")}
        assert targets == {"one": "d/a.py", "b": "d", "long.py": "d/a.py", "gone.py": "nowhere.py"}
        assert str(Path(folder, "d/up").readlink()) == "."


@pytest.mark.slow
@pytest.mark.usefixtures("temporary")
def test_exponential_links_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_files, "_MAX_STEPS", 100)
    links = (("120000", written("./" * 50 + f"l{number + 1}"), f"l{number}") for number in range(20))
    assert refusal_of(tree(*links)) == (" has more than a million steps through its symbolic links, so it is not read.")


@pytest.mark.parametrize(
    "path",
    ["a?.py", "aux.py", "a/NUL/b.py", "com1.b.py", "a:b.py", "a\\b.py", "a /b.py", "a./b.py", "a\x01.py", "x" * 300],
)
def test_names_that_windows_cannot_store_are_detected(path: str) -> None:
    assert windows_cannot_hold(path, "C:\\temp")
    assert not windows_cannot_hold("src/auxiliary.py", "C:\\temp")


def ended_by(number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the exit status of a diff that receives a signal while it reads a revision."""
    change = revision(tree(("100644", written("x = 1\n"), "orders.py")))
    wait = f"printf ready > {folder.parent}/ready; exec /bin/sleep 600"
    replace_git(folder.parent, monkeypatch, f'case "$*" in *batch-check*) {wait} ;; *) exec {GIT} "$@" ;; esac')
    environment = {**os.environ, "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "stepgraph", "diff", "--from", change.commit]
    with subprocess.Popen(command, env=environment) as process:
        while not (folder.parent / "ready").exists():
            time.sleep(0.01)
        assert len(list(folder.iterdir())) == 1
        process.send_signal(number)
        return process.wait(60)


@pytest.mark.slow
@on_unix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_removes_the_temporary_folder(temporary: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    code = ended_by(number, temporary, monkeypatch)
    assert code == (130 if number == signal.SIGINT else -number)
    assert list(temporary.iterdir()) == []


def test_folders_of_killed_runs_are_removed_after_a_day(temporary: Path) -> None:
    commit()
    head = revision_of(".", "HEAD")
    assert head is not None
    for name, age in (("stepgraph-revision-old", 90_000), ("stepgraph-revision-new", 3_600), ("stepgraph-old", 90_000)):
        (temporary / name / "src").mkdir(parents=True)
        os.utime(temporary / name, (time.time() - age, time.time() - age))
    (temporary / "stepgraph-revision-link").symlink_to(temporary.parent)
    with revision_folder(head):
        pass
    remaining = ["stepgraph-old", "stepgraph-revision-link", "stepgraph-revision-new"]
    assert sorted(path.name for path in temporary.iterdir()) == remaining


@pytest.mark.slow
@on_unix
@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 2, 1)])
def test_a_folder_switches_between_revisions(order: tuple[int, ...]) -> None:
    first, two, link = written("1"), written("2"), written("b.py")
    inner = tree(("100644", first, "c.py"))
    roots = [
        revision(tree(("100644", first, "a.py"), ("100644", first, "b.py"), ("040000", inner, "d.py"))),
        revision(tree(("100644", two, "b.py"), ("040000", inner, "e"), ("100644", first, "d.py"))),
        revision(tree(("120000", link, "a.py"), ("100644", two, "b.py"))),
        revision(tree()),
    ]
    expected = [
        {".git": "", "a.py": "1", "b.py": "1", "d.py/c.py": "1"},
        {".git": "", "b.py": "2", "e/c.py": "1", "d.py": "1"},
        {".git": "", "a.py": "2", "b.py": "2"},
        {".git": ""},
    ]
    with switchable_folder("main") as folder:
        for index in order:
            folder.switch(roots[index])
            assert files_of(folder.path) == expected[index]
            folders = {path.name for path in Path(folder.path).rglob("*") if path.is_dir()}
            assert folders == {name.split("/")[0] for name in expected[index] if "/" in name}
        assert not folder.switch(roots[order[-1]])


@on_unix
@pytest.mark.usefixtures("temporary")
def test_a_folder_contains_only_the_paths() -> None:
    first = written("1")
    inner = tree(("100644", first, "c.py"))
    files = [("100644", first, name) for name in ("a.py", "setup.py")]
    root = tree(*files, *(("040000", inner, name) for name in (":d", "d", "e")))
    with switchable_folder("main", paths=(":d/", "d/", "setup.py", "missing.py", "*/")) as folder:
        folder.switch(revision(root))
        assert files_of(folder.path) == {".git": "", ":d/c.py": "1", "d/c.py": "1", "setup.py": "1"}


@pytest.mark.slow
@pytest.mark.usefixtures("temporary")
def test_objects_are_requested_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[int] = []
    write_input = Git.write_input

    def count(git: Git, input_bytes: bytes) -> None:
        requests.append(input_bytes.count(b"\n"))
        write_input(git, input_bytes)

    blobs = {f"m{number}.py": f"x = {number % 60}\n" for number in range(120)}
    objects = {text: written(text) for text in dict.fromkeys(blobs.values())}
    change = revision(tree(*(("100644", objects[text], name) for name, text in sorted(blobs.items()))))
    monkeypatch.setattr(Git, "write_input", count)
    with revision_folder(change) as folder:
        assert files_of(folder) == {".git": "", **blobs}
    sizes, *contents = requests
    assert (sizes, contents) == (60, [50, 50, 20])
