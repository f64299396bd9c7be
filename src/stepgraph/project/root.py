"""The directory that limits reading: links and configurations that lead out of it are not followed."""

from __future__ import annotations

import os
from typing import Final

from msgspec import Struct

from stepgraph.project.folders import real_path, repository_root

# In the order of wrangler's lookup.
CONFIGURATION_NAMES: Final = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")


_GIT_FOLDER = ".git"
_PACKAGE_FILE = "__init__.py"
_SETTINGS_FILE = "pyproject.toml"

SETTINGS_NAMES: Final = frozenset({*CONFIGURATION_NAMES, _SETTINGS_FILE, ".gitignore"})
"""The names of the files that decide which files and workflows are analyzed, and how."""


def is_configuration_name(name: str) -> bool:
    """Return whether a file name may be that of a wrangler configuration, such as `wrangler.staging.jsonc`.

    Wrangler uses other names than those in `CONFIGURATION_NAMES` only if a command line names them.
    """
    extensions = name.split(".")[1:]
    if name.startswith("wrangler."):
        return not {"json", "jsonc", "toml"}.isdisjoint(extensions)
    return name.endswith((".jsonc", ".toml")) and name != _SETTINGS_FILE


class Root(Struct, frozen=True):
    """A directory, by its real path."""

    path: str

    def contains(self, path: str) -> bool:
        """Return whether a path is inside the directory or is the directory, after resolving symbolic links.

        `.git` is excluded: it may contain credentials, and is not part of a project.
        """
        return self.contains_real(real_path(path or "."))

    def contains_real(self, real: str) -> bool:
        """Return whether a path that is already resolved is inside the directory, like `contains`."""
        top, candidate = os.path.join(self.path, ""), os.path.join(real, "")
        if not candidate.startswith(top):
            return False
        return not is_in_git_folder(candidate[len(top) :])


def is_in_git_folder(path: str) -> bool:
    """Return whether a path is `.git` or is inside it, ignoring case."""
    folded = path.casefold()
    return _GIT_FOLDER in folded and _GIT_FOLDER in folded.split(os.sep)


def root_of(path: str) -> Root:
    """Return the root for a path that the user named: the repository of the file or directory.

    Without a repository, it is the nearest ancestor with a configuration of wrangler, or with a `pyproject.toml`.
    Without either, it is the directory itself or, for a file, the working directory. For a file outside the working
    directory, it is the parent of the file's outermost package.
    """
    is_directory = os.path.isdir(path)
    folder = real_path(path if is_directory else os.path.dirname(path) or ".")
    marked = repository_root(folder) or _nearest(folder, CONFIGURATION_NAMES) or _nearest(folder, (_SETTINGS_FILE,))
    if marked is not None:
        return Root(marked)
    return Root(folder) if is_directory else _root_without_marks(folder)


def folder_root(path: str) -> Root:
    """Return the real directory of a file as its root."""
    return Root(os.path.dirname(real_path(path)))


def _nearest(folder: str, names: tuple[str, ...]) -> str | None:
    """Return the nearest directory that contains one of the names, if any: the directory itself or an ancestor."""
    while not any(os.path.lexists(os.path.join(folder, name)) for name in names):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _root_without_marks(folder: str) -> Root:
    working_directory = _working_directory()
    if working_directory is not None and working_directory.contains_real(folder):
        return working_directory
    while os.path.isfile(os.path.join(folder, _PACKAGE_FILE)) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return Root(folder)


def link_leading_out(path: str) -> str | None:
    """Return the first symbolic link on a path that leads out of its repository, if any.

    Such a link may come from the author of the repository, although the user named the path. Without a repository, the
    working directory is the limit.
    """
    try:
        real, *parts = _parts(path)
    except FileNotFoundError:
        return None  # the working directory was removed
    for part in parts:
        candidate = os.path.join(real, part)
        if part == "..":
            real = os.path.dirname(real)
        elif not os.path.islink(candidate):
            real = candidate
        else:
            target = real_path(candidate)
            bounds = _bounds(real)
            if bounds is not None and not bounds.contains_real(target):
                return candidate
            real = target
    return None


def _parts(path: str) -> list[str]:
    """Return the root of the file system and the components of an absolute path."""
    drive, path_in_drive = os.path.splitdrive(os.path.join(os.getcwd(), path))
    names = path_in_drive.replace(os.altsep or os.sep, os.sep).split(os.sep)
    return [drive + os.sep, *(name for name in names if name not in ("", "."))]


def _bounds(folder: str) -> Root | None:
    repository = repository_root(folder)
    if repository is not None:
        return Root(repository)
    working_directory = _working_directory()
    return working_directory if working_directory is not None and working_directory.contains_real(folder) else None


def _working_directory() -> Root | None:
    try:
        return Root(real_path("."))
    except FileNotFoundError:
        return None
