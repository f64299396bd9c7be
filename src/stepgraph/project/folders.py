"""Folders as prefixes of the names in them: `src/`, `../`, and nothing for the working directory itself."""

from __future__ import annotations

import os
from collections.abc import Iterator


def prefix_of(folder: str) -> str:
    """Return what the names in a folder are preceded by."""
    return "" if folder in (".", "") else folder.rstrip("/") + "/"


def folder_of(path: str) -> str:
    """Return the prefix of the folder that a file is in."""
    return path[: path.rfind("/") + 1]


def parent_of(prefix: str) -> str | None:
    """Return the prefix of the folder around a folder, None at the root of the file system."""
    if os.path.splitdrive(prefix)[1] == "/":
        return None
    name = prefix.rstrip("/").rsplit("/", 1)[-1]
    if name in ("", ".", ".."):
        up = prefix + "../"
        return None if os.path.realpath(up) == os.path.realpath(prefix or ".") else up
    return prefix[: len(prefix.rstrip("/")) - len(name)]


def and_above(prefix: str) -> Iterator[str]:
    """Yield a folder and those around it, innermost first, up to that of a repository (which holds `.git`)."""
    folder: str | None = prefix
    while folder is not None:
        yield folder
        if os.path.lexists(f"{folder}.git"):
            return
        folder = parent_of(folder)


def is_inside(path: str, prefix: str) -> bool:
    """Whether a file or folder is in a folder, or is it, symbolic links followed."""
    root = os.path.join(os.path.realpath(prefix or "."), "")
    return os.path.join(os.path.realpath(path or "."), "").startswith(root)


def path_in(prefix: str, path: str) -> str:
    """Return a path that is seen from a folder as one from where the folder is seen."""
    return os.path.normpath(os.path.join(prefix, path)).replace(os.sep, "/")


def path_from(prefix: str, path: str) -> str:
    """Return a path as seen from a folder, with forward slashes, symbolic links to folders followed.

    One on another drive stays as it is.
    """
    folder, name = os.path.split(path)
    try:
        relative = os.path.relpath(os.path.realpath(folder or "."), os.path.realpath(prefix or "."))
    except ValueError:
        return path
    return os.path.normpath(os.path.join(relative, name)).replace(os.sep, "/")


def is_in_repository(folder: str) -> bool:
    """Whether a folder, or one around it, holds `.git`. Symbolic links are followed."""
    return repository_root(folder) is not None


def repository_root(folder: str) -> str | None:
    """Return the real path of the folder that holds `.git`, this one or the nearest around it; None for none."""
    root = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(root, ".git")):
        parent = os.path.dirname(root)
        if parent == root:
            return None
        root = parent
    return root
