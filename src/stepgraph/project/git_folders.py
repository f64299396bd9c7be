"""The files of a git repository that are read without starting git, and those on which git would block."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from stepgraph.project.reading import read_start

HEAD: Final = "HEAD"
MAX_STATE_BYTES: Final = 4 << 20
"""The number of bytes that are read of a file that grows with the repository."""

# Files that git opens for every command.
OPENED_FILES: Final = (
    *("config", "config.worktree", "HEAD", "index", "packed-refs", "shallow", "commondir", "info/exclude"),
)
# Files that git opens for some commands, if they exist.
_OPENED_SOMETIMES: Final = (
    *("info/attributes", "info/grafts", "objects/info/alternates", "objects/info/commit-graph", "reftable/tables.list"),
)
_REFERENCE: Final = "ref:"
_MAX_REFERENCES: Final = 6
"""The maximum length of a chain of references that starts with HEAD, as in git."""
_SHORT_BYTES: Final = 4096


def git_folders(path: str) -> Iterator[str]:
    """Yield the directory of a repository and, for a linked working tree, the directory that all of them share.

    `path` is the `.git` of a working tree.
    """
    text = _short_text(path)
    folder = path if text is None else os.path.join(os.path.dirname(path), text.removeprefix("gitdir:").strip())
    yield folder
    shared = _short_text(os.path.join(folder, "commondir"))
    if shared is not None:
        yield os.path.join(folder, shared.strip())


def head_files(path: str) -> Iterator[str]:
    """Yield `HEAD` and the files of the branch that it names, which may be another name of a branch.

    The file of a branch may be in the directory that working trees share.
    """
    folders = list(git_folders(path))
    paths = [os.path.join(folders[0], HEAD)]
    for _ in range(_MAX_REFERENCES):
        yield from paths
        texts = (_short_text(each) or "" for each in paths)
        name = next((text.removeprefix(_REFERENCE).strip() for text in texts if text.startswith(_REFERENCE)), None)
        if name is None:
            return
        paths = [os.path.join(folder, name) for folder in folders]


def current_commit(path: str) -> str | None:
    """Return the id of the current commit, or None if it is stored in a way that only git reads."""
    folders = list(git_folders(path))
    head = (_short_text(os.path.join(folders[0], HEAD)) or "").strip()
    if not head.startswith(_REFERENCE):
        return head if _is_object_id(head) else None
    name = head.removeprefix(_REFERENCE).strip()
    for folder in folders:
        commit = (_short_text(os.path.join(folder, name)) or "").strip()
        if _is_object_id(commit):
            return commit
    packed = read_start(os.path.join(folders[-1], "packed-refs"), MAX_STATE_BYTES) or b""
    lines = (line.split() for line in packed.decode("utf-8", "surrogateescape").splitlines())
    commits = (line[0] for line in lines if line[1:] == [name] and _is_object_id(line[0]))
    return next(commits, None)


def blocking_file(path: str) -> str | None:
    """Return a file that git opens and that is a pipe, a device or a socket, on which it would block, if any."""
    names = (*OPENED_FILES, *_OPENED_SOMETIMES)
    opened = (os.path.join(folder, name) for folder in git_folders(path) for name in names)
    return next((each for each in (*opened, *head_files(path)) if _blocks(each)), None)


def _blocks(path: str) -> bool:
    with suppress(OSError, ValueError):
        mode = os.stat(path).st_mode
        return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return False


def _is_object_id(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")


def _short_text(path: str) -> str | None:
    """Return the start of a small text file, or None if it is not a regular file."""
    content = read_start(path, _SHORT_BYTES)
    return None if content is None else content.decode("utf-8", "surrogateescape")
