"""The dates of modules, which git looks up once for each commit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stepgraph.project.git import HEAD, revision_of
from stepgraph.project.module_dates import DateLookup, ModuleDates

_MAX_CACHED: Final = 10_000
"""The maximum number of files whose dates stay in memory."""


class CommitDates:
    """The dates of files in a repository. May be used by several threads."""

    def __init__(self, root: str | None) -> None:
        """Prepare the dates of files. `root` is the root of their repository, or None without one."""
        self._root = root
        self._lock = threading.Lock()
        self._head = ""
        self._dates: dict[tuple[str, int], ModuleDates] = {}

    def head(self) -> str:
        """Return the id of the current commit, or an empty string without one."""
        revision = None if self._root is None else revision_of(self._root, HEAD)
        return "" if revision is None else revision.commit

    def of(self, paths: Sequence[str]) -> list[ModuleDates]:
        """Return the dates of files. Raises InputError if SOURCE_DATE_EPOCH is needed but not a number."""
        head = self.head()
        with self._lock:
            if head != self._head or len(self._dates) > _MAX_CACHED:
                self._head, self._dates = head, {}
            # Files without commits have the dates of the file system.
            keys = {path: (path, _modification(path)) for path in dict.fromkeys(paths)}
            missing = [path for path, key in keys.items() if key not in self._dates]
            with DateLookup() as lookup:
                lookup.start(missing)
                self._dates |= {keys[path]: lookup.dates(path) for path in missing}
            return [self._dates[keys[path]] for path in paths]


def _modification(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0
