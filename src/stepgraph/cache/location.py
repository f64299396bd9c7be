"""The location of a cache directory, which analyzed code must not be able to write.

A cache inside a checkout can be committed with it: git creates its files with the user as their owner.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress


def is_outside(cache: str, paths: Sequence[str]) -> bool:
    """Return whether a cache directory is outside of the repositories (or directories) of the analyzed paths."""
    ancestors = _identities((*_upward(os.path.abspath(cache)), *_upward(os.path.realpath(cache))))
    return ancestors.isdisjoint(_identities(_roots(paths)))


def _roots(paths: Sequence[str]) -> Iterator[str]:
    """Yield the roots of each path: the enclosing directories with `.git`, or else the directory itself.

    Outer repositories contain the inner one as a submodule. The home directory does not count as an outer repository:
    many people keep their settings in a repository there, and the default cache is inside it.
    """
    folders = {path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths}
    home = os.path.realpath(os.path.expanduser("~"))
    for folder in {os.path.realpath(folder) for folder in folders}:
        repositories = [above for above in _upward(folder) if os.path.lexists(os.path.join(above, ".git"))]
        yield repositories[0] if repositories else folder
        yield from (outer for outer in repositories[1:] if outer != home)


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
