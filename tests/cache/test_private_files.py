"""Test that cache entries must be regular files that only the user can write to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepgraph.cache.store import CacheStore
from tests.cache.test_store import ENTRY, named

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and owners are those of POSIX")

KEY = "0" * 64


@pytest.fixture
def store(tmp_path: Path) -> CacheStore:
    store = CacheStore(str(tmp_path / "cache"))
    store.put(KEY, ENTRY)
    return store


def entry_file(store: CacheStore) -> Path:
    return Path(store.folder, f"{KEY}.json")


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0)
    os.umask(before)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("mask", [0, 0o22, 0o77])
def test_files_are_private_under_any_umask(tmp_path: Path, umask: Callable[[int], int], mask: int) -> None:
    umask(mask)
    store = CacheStore(str(tmp_path / "parent/cache"))
    store.put(KEY, ENTRY)
    store.record("question")
    assert store.get(KEY) == ENTRY
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "parent", tmp_path / "parent/cache")] == [0o700] * 2
    assert {path.stat().st_mode & 0o777 for path in Path(store.folder).iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_writable_by_others_is_ignored(store: CacheStore, mode: int) -> None:
    entry_file(store).chmod(mode)
    assert store.get(KEY) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_directory_writable_by_others_is_unused(store: CacheStore, mode: int) -> None:
    Path(store.folder).chmod(mode)
    assert store.get(KEY) is None
    store.put("other", ENTRY)
    store.record("question")
    assert [path.name for path in Path(store.folder).iterdir()] == [f"{KEY}.json"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["file", "directory"])
def test_files_of_other_users_are_absent(store: CacheStore, what: str) -> None:
    os.chown(entry_file(store) if what == "file" else store.folder, 12345, 12345)
    assert store.get(KEY) is None


def test_a_pipe_is_absent_and_does_not_block(store: CacheStore) -> None:
    entry_file(store).unlink()
    os.mkfifo(entry_file(store), 0o600)
    assert store.get(KEY) is None
    store.put(KEY, ENTRY)
    assert store.get(KEY) == ENTRY


def test_a_link_is_absent_and_its_target_stays(store: CacheStore, tmp_path: Path) -> None:
    shutil.move(entry_file(store), tmp_path / "target")
    entry_file(store).symlink_to(tmp_path / "target")
    assert store.get(KEY) is None
    before = (tmp_path / "target").read_bytes()
    store.put(KEY, named("renamed"))
    assert store.get(KEY) == named("renamed")
    assert (tmp_path / "target").read_bytes() == before


def test_an_entry_of_another_key_is_absent(store: CacheStore) -> None:
    shutil.copy(entry_file(store), Path(store.folder, "other.json"))
    assert store.get("other") is None


def test_an_entry_with_a_changed_byte_is_absent(store: CacheStore) -> None:
    content = entry_file(store).read_bytes()
    for at in range(0, len(content), 5):
        entry_file(store).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert store.get(KEY) is None


def test_a_large_entry_is_absent(store: CacheStore) -> None:
    with entry_file(store).open("ab") as file:
        file.truncate(2**30)
    assert store.get(KEY) is None


def test_eviction_removes_only_cache_files(store: CacheStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.cache.store.MAX_BYTES", 0)
    names = ["package.json", "notes.tmp", f"{KEY[1:]}.answered", "link.json"]
    for name in names[:3]:
        Path(store.folder, name).write_text("mine", encoding="utf-8")
    Path(store.folder, names[3]).symlink_to(entry_file(store))
    store.put(f"{KEY}0", ENTRY)
    assert sorted(path.name for path in Path(store.folder).iterdir()) == sorted(names)
