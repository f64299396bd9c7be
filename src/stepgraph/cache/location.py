"""Whether a cache directory is out of reach of the code that is analyzed.

A cache inside a checkout can be committed with it: git creates its files with the user as their owner.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress


def is_outside(cache: str, paths: Sequence[str]) -> bool:
    """Return whether a cache directory is outside of the repositories, or plain directories, of the analyzed paths."""
    around = _identities((*_upward(os.path.abspath(cache)), *_upward(os.path.realpath(cache))))
    return around.isdisjoint(_identities(_roots(paths)))


def _roots(paths: Sequence[str]) -> Iterator[str]:
    """Yield the root of each path: the nearest directory with `.git`, or else the directory that is named."""
    folders = {path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths}
    for folder in {os.path.realpath(folder) for folder in folders}:
        yield next((above for above in _upward(folder) if os.path.lexists(os.path.join(above, ".git"))), folder)


def _upward(path: str) -> Iterator[str]:
    """Yield a path and the directories around it, innermost first."""
    yield path
    while (parent := os.path.dirname(path)) != path:
        yield (path := parent)


def _identities(paths: Iterable[str]) -> set[tuple[int, int]]:
    """Return device and inode of each path that exists, so that no spelling of a path makes a difference."""
    identities: set[tuple[int, int]] = set()
    for path in paths:
        with suppress(OSError, ValueError):
            status = os.stat(path)
            identities.add((status.st_dev, status.st_ino))
    return identities
