"""The cache of results: an analysis or a check of the same sources is not repeated."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from stepgraph.analysis import DetailLevel
from stepgraph.cache.entry import CacheEntry, key_of
from stepgraph.cache.private_files import is_outside
from stepgraph.cache.store import CacheStore
from stepgraph.hashing import digest
from stepgraph.project.folders import is_unicode
from stepgraph.project.sources import Sources
from stepgraph.source_analysis import CheckResult


def safe_store(store: CacheStore, paths: Sequence[str]) -> CacheStore | None:
    """Return a store, or None if it is inside the analyzed paths, whose author could add entries."""
    return store if is_outside(store.folder, paths) else None


def has_result(store: CacheStore, paths: Sequence[str], environment: str | None) -> bool:
    """Return whether the last request with these paths was answered, so that its result is probably cached."""
    return store.has_recorded(_request_digest(paths, environment))


def load_or_run(
    store: CacheStore,
    sources: Sources,
    paths: Sequence[str],
    analyze: Callable[[], CheckResult],
    details: DetailLevel | None,
) -> CheckResult:
    """Return the cached result for sources that `paths` selected, or call `analyze`, and cache its result.

    The result is an analysis with the details of a level or, if `details` is None, a check with findings. An analysis
    from the cache has no locations of nodes.
    """
    sources_digest = key_of(sources) if sources.modules else None
    if sources_digest is None:
        return analyze()
    level = DetailLevel.NONE if details is None else details
    # A result is never loaded for another level, whose details it lacks.
    key = f"{sources_digest}-{'check' if details is None else f'graph{level}'}"
    entry = store.get(key)
    analysis = None if entry is None else entry.load_if_fresh(sources)
    request = _request_digest(paths, sources.environment)
    if analysis is not None and entry is not None:
        store.record(request)
        return CheckResult(analysis, entry.load_findings())
    result = analyze()
    store.put(key, CacheEntry.of(result.analysis, level, result.findings if details is None else None))
    store.record(request)
    return result


def _request_digest(paths: Sequence[str], environment: str | None) -> str:
    return digest("\0".join([os.getcwd(), environment or "", *paths]).encode(errors="surrogateescape"))


_MAX_NAMES: Final = 10_000
"""The maximum number of files of a history whose times are stored."""


class StoredCommitTimes:
    """Remembers the times of commits in the cache, in an entry for each history."""

    def __init__(self, store: CacheStore) -> None:
        self._store = store
        self._times: dict[str, dict[str, tuple[int, ...]]] = {}
        """The times by history and the path of a file."""
        self._changed: dict[str, None] = {}
        """The histories with new times."""

    def get(self, history: str, name: str) -> Sequence[int] | None:
        """Return the times of the first and the last commit of a file, as `CommitTimes`, or None if unknown."""
        return self._of(history).get(name)

    def put(self, history: str, name: str, times: Sequence[int]) -> None:
        """Remember the times of a file until `save`, unless its name is not text, which JSON cannot express."""
        if len(self._of(history)) < _MAX_NAMES and is_unicode(name):
            self._of(history)[name] = tuple(times)
            self._changed[history] = None

    def save(self) -> None:
        """Store the new times. Ignores write errors."""
        for history in self._changed:
            self._store.put_data(_key(history), msgspec.json.encode(self._times[history]))
        self._changed.clear()

    def _of(self, history: str) -> dict[str, tuple[int, ...]]:
        if history not in self._times:
            self._times[history] = self._load(history)
        return self._times[history]

    def _load(self, history: str) -> dict[str, tuple[int, ...]]:
        content = self._store.get_data(_key(history))
        try:
            return {} if content is None else msgspec.json.decode(content, type=dict[str, tuple[int, ...]])
        except msgspec.MsgspecError:
            return {}


def _key(history: str) -> str:
    return f"{digest(history.encode('utf-8', 'surrogateescape'))}-dates"
