"""Files that git is told to ignore, which are no part of a project: what was built, caches, copies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from stepgraph.project.folders import folder_of, parent_of, prefix_of
from stepgraph.project.repository import repository_root


def ignored(folder: str, paths: Sequence[str]) -> frozenset[str]:
    """Return those of some paths below a folder that its repository ignores: none if it ignores the folder itself.

    What is tracked is not ignored, whatever the patterns say. A person's own patterns outside of the repository do not
    count. A repository in the folder, such as a submodule, is asked about what is below it.
    """
    top = prefix_of(folder)
    asked: dict[str, list[str]] = {}
    repositories: dict[str, str] = {}
    for path in paths:
        asked.setdefault(_repository(folder_of(path), top, repositories), []).append(path)
    return frozenset(path for prefix, inside in asked.items() for path in _ignored(prefix, inside))


def _repository(folder: str, top: str, known: dict[str, str]) -> str:
    """Return the innermost folder, of one and those around it up to the top, that is a repository, else the top."""
    passed: list[str] = []
    while folder not in known:
        around = parent_of(folder)
        if folder == top or around is None or not folder.startswith(top):
            known[folder] = top
        elif os.path.lexists(f"{folder}.git"):
            known[folder] = folder
        else:
            passed.append(folder)
            folder = around
    found = known[folder]
    known |= dict.fromkeys(passed, found)
    return found


def _ignored(prefix: str, paths: Sequence[str]) -> Iterator[str]:
    root = repository_root(prefix)
    if root is None:
        return
    # Imported here for start-up: starting programs takes a module that little else needs.
    from stepgraph.project.git import start_git

    arguments = ("-c", f"core.excludesFile={os.devnull}", "check-ignore", "-z", "--stdin")
    git = start_git(prefix, *arguments, reads_input=True)
    if git is None:
        return
    folder = os.path.realpath(prefix)
    inside = os.path.relpath(folder, root)
    names = [folder, *(f"./{inside}/{path.removeprefix(prefix)}" for path in paths)]
    question = b"".join(os.fsencode(name) + b"\0" for name in names)
    # No more than was asked can be ignored.
    answer = git.answer(question, len(question)) or b""
    found = {os.fsdecode(name) for name in answer.split(b"\0") if name}
    if names[0] not in found:
        yield from (path for path, name in zip(paths, names[1:], strict=True) if name in found)
