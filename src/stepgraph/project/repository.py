"""Whether there is a repository: asked before git is, which takes longer to say that there is none."""

from __future__ import annotations

import os


def is_in_repository(folder: str) -> bool:
    """Whether a folder, or one around it, holds `.git`. Symbolic links are followed."""
    return _is_below_git(os.path.realpath(folder))


def _is_below_git(folder: str) -> bool:
    parent = os.path.dirname(folder)
    if os.path.lexists(os.path.join(folder, ".git")):
        return True
    return parent != folder and _is_below_git(parent)
