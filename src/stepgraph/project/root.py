"""The directory that bounds what is read: nothing outside of it is, whatever links and configurations say."""

from __future__ import annotations

import os
from typing import Final

from msgspec import Struct

from stepgraph.project.folders import repository_root

# In the order in which wrangler looks for them.
CONFIGURATION_NAMES: Final = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")


_GIT = ".git"
_PACKAGE = "__init__.py"
_SETTINGS = "pyproject.toml"


class Root(Struct, frozen=True):
    """A directory, by its real path."""

    path: str

    def holds(self, path: str) -> bool:
        """Tell whether a path is in the directory, or is the directory itself, once all symbolic links are followed.

        What git keeps there is not: it has the credentials of the clone, and nothing that is part of a project.
        """
        return self.holds_real(os.path.realpath(path or "."))

    def holds_real(self, real: str) -> bool:
        """Tell the same of a real path."""
        top, place = os.path.join(self.path, ""), os.path.join(real, "")
        if not place.startswith(top):
            return False
        return not is_of_git(place[len(top) :])


def is_of_git(path: str) -> bool:
    """Tell whether a path is that of `.git` or of something in it, in any case."""
    folded = path.casefold()
    return _GIT in folded and _GIT in folded.split(os.sep)


def root_of(path: str) -> Root:
    """Return the root of what someone names: the root of the repository that a file or directory is in.

    Without a repository it is the nearest directory with a configuration of wrangler, else that with a
    `pyproject.toml`. Without either it is the directory itself, and for a file the working directory or, where the file
    is not below that, the directory around the file's packages.
    """
    is_directory = os.path.isdir(path)
    folder = os.path.realpath(path if is_directory else os.path.dirname(path) or ".")
    marked = repository_root(folder) or _nearest(folder, CONFIGURATION_NAMES) or _nearest(folder, (_SETTINGS,))
    if marked is not None:
        return Root(marked)
    return Root(folder) if is_directory else _around(folder)


def folder_root(path: str) -> Root:
    """Return the directory that a file is in, its symbolic links followed: the root of a file that may be anywhere."""
    return Root(os.path.dirname(os.path.realpath(path)))


def _nearest(folder: str, names: tuple[str, ...]) -> str | None:
    """Return the nearest directory that holds one of the names, a real path or one around it; None for none."""
    while not any(os.path.lexists(os.path.join(folder, name)) for name in names):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _around(folder: str) -> Root:
    here = _working_directory()
    if here is not None and here.holds_real(folder):
        return here
    while os.path.isfile(os.path.join(folder, _PACKAGE)) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return Root(folder)


def link_leading_out(path: str) -> str | None:
    """Return the first symbolic link on the way to a path that leads out of its repository; None where there is none.

    Such a link may come from whoever wrote the repository, although the user named the path. Without a repository, the
    working directory is taken for one.
    """
    try:
        real, *parts = _parts(path)
    except FileNotFoundError:
        return None  # the working directory is gone, and so is what is relative to it
    for part in parts:
        candidate = os.path.join(real, part)
        if part == "..":
            real = os.path.dirname(real)
        elif not os.path.islink(candidate):
            real = candidate
        else:
            target = os.path.realpath(candidate)
            bounds = _bounds(real)
            if bounds is not None and not bounds.holds_real(target):
                return candidate
            real = target
    return None


def _parts(path: str) -> list[str]:
    """Return the top of the file system, and the names that lead from there to a path."""
    drive, rest = os.path.splitdrive(os.path.join(os.getcwd(), path))
    names = rest.replace(os.altsep or os.sep, os.sep).split(os.sep)
    return [drive + os.sep, *(name for name in names if name not in ("", "."))]


def _bounds(folder: str) -> Root | None:
    repository = repository_root(folder)
    if repository is not None:
        return Root(repository)
    here = _working_directory()
    return here if here is not None and here.holds_real(folder) else None


def _working_directory() -> Root | None:
    try:
        return Root(os.path.realpath("."))
    except FileNotFoundError:
        return None
