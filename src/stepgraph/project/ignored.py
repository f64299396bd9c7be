"""Files that git is told to ignore, which are no part of a project: what was built, caches, copies."""

from __future__ import annotations

import os
from collections.abc import Sequence

from stepgraph.project.folders import prefix_of

# A repository that takes longer does not answer at all, for one whose configuration is a pipe.
_PATIENCE_SECONDS = 30.0


def ignored(folder: str, paths: Sequence[str]) -> frozenset[str]:
    """Return those of some paths below a folder that its repository ignores: none if it ignores the folder itself.

    What is tracked is not ignored, whatever the patterns say. A person's own patterns, outside the repository, do not
    count: the answer is the same on every machine.
    """
    if not paths:
        return frozenset()
    # Imported here for start-up: a tree without workflows never asks.
    from subprocess import TimeoutExpired

    from stepgraph.project.git import start_git

    arguments = ("-c", f"core.excludesFile={os.devnull}", "check-ignore", "-z", "--stdin")
    git = start_git(folder, *arguments, reads_input=True)
    if git is None:
        return frozenset()
    prefix = prefix_of(folder)
    names = [os.path.realpath(folder), *(f"./{path.removeprefix(prefix)}" for path in paths)]
    try:
        answer, _ = git.communicate(b"".join(os.fsencode(name) + b"\0" for name in names), timeout=_PATIENCE_SECONDS)
    except TimeoutExpired:
        git.kill()
        git.communicate()
        return frozenset()
    found = {os.fsdecode(name) for name in answer.split(b"\0") if name}
    return frozenset() if names[0] in found else frozenset(prefix + name[2:] for name in found)
