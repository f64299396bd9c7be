"""Whether there is a repository, and where: asked before git is, which takes longer to say that there is none."""

from __future__ import annotations

import os


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


def path_from(root: str, path: str) -> str | None:
    """Return a path as it is from a real folder, None if it leads out of that.

    Links on the way to the working directory are followed, and none on the way from there: git does so too.
    """
    place = os.path.normpath(os.path.join(os.path.realpath("."), path))
    try:
        inside = os.path.commonpath([root, place]) == root
    except ValueError:  # on another drive
        return None
    return os.path.relpath(place, root).replace(os.sep, "/") if inside else None
