"""Path arithmetic on directories, and the repositories around them.

A directory is represented by the prefix of the paths in it: `src/`, `../`, and the empty string for the working
directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

_MAX_REPLACED_LINKS = 100


def real_path(path: str | os.PathLike[str]) -> str:
    """Return a path with all symbolic links resolved.

    If another process replaces a link while it is read, `os.path.realpath` raises OSError or, since Python 3.13, does
    not resolve the link, so it is called again.
    """
    for _ in range(_MAX_REPLACED_LINKS):
        try:
            resolved = os.path.realpath(path)
        except OSError:
            continue
        if not os.path.islink(resolved):
            return resolved
    return os.path.realpath(path)


def prefix_of(folder: str) -> str:
    """Return the prefix of the paths in a directory."""
    return "" if folder in (".", "") else folder.rstrip("/") + "/"


def folder_of(path: str) -> str:
    """Return the prefix of the directory of a file."""
    return path[: path.rfind("/") + 1]


def parent_of(prefix: str) -> str | None:
    """Return the prefix of the parent directory, or None at the root of the file system."""
    if os.path.splitdrive(prefix)[1] == "/":
        return None
    name = prefix.rstrip("/").rsplit("/", 1)[-1]
    if name in ("", ".", ".."):
        parent = prefix + "../"
        return None if real_path(parent) == real_path(prefix or ".") else parent
    return prefix[: len(prefix.rstrip("/")) - len(name)]


def with_ancestors(prefix: str) -> Iterator[str]:
    """Yield a directory and its ancestors, up to the one with `.git` or the root of the file system."""
    folder: str | None = prefix
    while folder is not None:
        yield folder
        if os.path.lexists(f"{folder}.git"):
            return
        folder = parent_of(folder)


def with_parents(path: str) -> Iterator[str]:
    """Yield a path and its parent directories up to the root of the file system, innermost first."""
    yield path
    while (parent := os.path.dirname(path)) != path:
        yield (path := parent)


def is_unicode(path: str) -> bool:
    """Return whether a path is valid Unicode, without surrogates for bytes that cannot be decoded."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_inside(path: str, prefix: str) -> bool:
    """Return whether a path is the directory `prefix` or is inside it, after resolving symbolic links."""
    root = os.path.join(real_path(prefix or "."), "")
    return os.path.join(real_path(path or "."), "").startswith(root)


def path_in(prefix: str, path: str) -> str:
    """Join a directory and a path relative to it."""
    return os.path.normpath(os.path.join(prefix, path)).replace(os.sep, "/")


def path_from(prefix: str, path: str) -> str:
    """Return a path relative to a directory, with forward slashes, after resolving symbolic links to directories.

    A path on another drive is returned unchanged.
    """
    folder, name = os.path.split(path)
    try:
        relative = os.path.relpath(real_path(folder or "."), real_path(prefix or "."))
    except ValueError:
        return path
    return os.path.normpath(os.path.join(relative, name)).replace(os.sep, "/")


def path_below(root: str, path: str) -> str | None:
    """Return a path relative to a real directory, with forward slashes, or None for a path outside of it."""
    try:
        relative = os.path.relpath(real_path(path or "."), root).replace(os.sep, "/")
    except ValueError:  # another drive
        return None
    return None if relative == ".." or relative.startswith("../") else relative


def repository_root(folder: str) -> str | None:
    """Return the real path of the nearest directory with `.git`, if any: the directory itself or an ancestor.

    This fast test avoids starting git outside a repository.
    """
    root = real_path(folder)
    while not os.path.lexists(os.path.join(root, ".git")):
        parent = os.path.dirname(root)
        if parent == root:
            return None
        root = parent
    return root
