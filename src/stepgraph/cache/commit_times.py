"""The times of commits of earlier runs, for files in the same history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from stepgraph.cache.store import CacheStore
from stepgraph.hashing import digest
from stepgraph.project.folders import is_unicode

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
