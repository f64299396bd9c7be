"""The files of the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from stepgraph.analysis import WorkflowRecord
from stepgraph.cache import store as module
from stepgraph.cache.entry import CacheEntry
from stepgraph.cache.store import CacheStore, user_store
from stepgraph.model.span import Span

GRAPH = {"version": 1, "workflow": {"class_name": "Orders", "functions": {}, "nodes": []}}
WORKFLOW = WorkflowRecord("orders", "Orders", "orders.py", Span("orders.py", 1, 1, 2, 3), GRAPH, (), "", None)
ENTRY = CacheEntry((WORKFLOW,), (), (), ("orders.py",), ("orders.py",), {"other.py": None}, (), ())


@pytest.fixture
def store(tmp_path: Path) -> CacheStore:
    return CacheStore(str(tmp_path / "cache"))


def files(store: CacheStore) -> list[Path]:
    return sorted(Path(store.folder).iterdir())


def named(name: str) -> CacheEntry:
    return replace(ENTRY, workflows=(replace(WORKFLOW, name=name),))


def test_get_returns_the_stored_entry(store: CacheStore) -> None:
    store.put("key", ENTRY)
    assert store.get("key") == ENTRY


def test_another_key_has_no_entry(store: CacheStore) -> None:
    store.put("key", ENTRY)
    assert store.get("other") is None


def test_put_replaces_the_entry(store: CacheStore) -> None:
    store.put("key", ENTRY)
    store.put("key", named("renamed"))
    assert store.get("key") == named("renamed")


def cut_off() -> Iterator[bytes]:
    content = msgspec.json.encode(ENTRY)
    yield from (content[:length] for length in range(0, len(content), 7))


@pytest.mark.parametrize("content", [*cut_off(), b"\0" * 100, b"{}", b"[]", b"null", b'{"workflows": 1}', b"\xff\xfe"])
def test_truncated_and_foreign_content_is_absent(store: CacheStore, content: bytes) -> None:
    store.put("key", ENTRY)
    files(store)[0].write_bytes(content)
    assert store.get("key") is None


def test_a_directory_as_entry_is_absent(store: CacheStore) -> None:
    Path(store.folder, "key.json").mkdir(parents=True)
    assert store.get("key") is None
    store.put("key", ENTRY)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be written")
def test_a_read_only_directory_stores_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    store = CacheStore(str(tmp_path / "cache"))
    store.put("key", ENTRY)
    assert store.get("key") is None


def test_an_impossible_directory_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = CacheStore(str(tmp_path / "file" / "cache"))
    store.put("key", ENTRY)
    store.record("question")
    assert store.get("key") is None
    assert not store.has_recorded("question")


def test_lone_surrogates_are_not_stored(store: CacheStore) -> None:
    store.put("key", named("\ud800"))
    assert store.get("key") is None


def test_a_graph_that_changes_in_json_is_not_stored(store: CacheStore) -> None:
    endless = {"version": 1, "duration": float("inf")}
    store.put("key", replace(ENTRY, workflows=(replace(WORKFLOW, graph=endless),)))
    assert store.get("key") is None


def test_least_recently_used_entries_are_evicted(store: CacheStore, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(msgspec.json.encode(ENTRY))
    monkeypatch.setattr(module, "MAX_BYTES", 4 * size)
    for number in range(4):
        store.put(f"key{number}", ENTRY)
        os.utime(Path(store.folder, f"key{number}.json"), (number, number))
    assert store.get("key0") == ENTRY  # marks it as used
    store.put("key4", ENTRY)
    assert len(files(store)) == 5  # entries are evicted after one key in sixteen
    store.put("0key", ENTRY)
    assert sorted(path.stem for path in files(store)) == ["0key", "key0", "key3", "key4"]


def test_old_temporary_files_are_removed(store: CacheStore) -> None:
    store.put("key", ENTRY)
    temporary = Path(store.folder, "0123456789abcdef.tmp")
    temporary.write_bytes(b"half")
    os.utime(temporary, (0, 0))
    store.put("0other", ENTRY)
    assert not temporary.exists()


def test_foreign_files_stay(store: CacheStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 4 * len(msgspec.json.encode(ENTRY)))
    notes = Path(store.folder, "notes.txt")
    notes.parent.mkdir()
    notes.write_text("mine")
    os.utime(notes, (0, 0))
    for number in range(6):
        store.put(f"{number}key", ENTRY)
    store.put("0key", ENTRY)
    assert len(files(store)) == 4 + 1  # and the foreign file
    assert notes.exists()


def test_concurrent_readers_see_complete_entries(store: CacheStore) -> None:
    entries = [named(f"{number}" * 20_000) for number in range(4)]
    store.put("key", entries[0])

    def work(number: int) -> bool:
        store.put("key", entries[number % 4])
        return store.get("key") in entries

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))


def test_the_variable_selects_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(tmp_path))
    assert user_store() == CacheStore(str(tmp_path))


def test_the_default_is_the_cache_directory_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEPGRAPH_CACHE_DIR")
    assert Path(user_store().folder).name == "stepgraph"
