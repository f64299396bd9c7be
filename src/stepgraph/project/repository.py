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
