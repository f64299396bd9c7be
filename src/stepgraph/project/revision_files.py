"""The files of a revision, read from the object database: the work tree and the index are not touched.

Objects are read as they are. `git archive` would leave out what attributes say, and run the filters of the repository.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Final

from msgspec import Struct

from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.names import CONFIGURATION_NAMES
from stepgraph.project.git import start_git
from stepgraph.project.revisions import Revision

_READ_NAMES: Final = frozenset({*CONFIGURATION_NAMES, "pyproject.toml", "pyvenv.cfg"})
_LINK: Final = "120000"
_FILES: Final = frozenset({"100644", "100755", "100664"})
_MARK: Final = ".git"
_NO_PARTS: Final = frozenset({"", ".", ".."})


class _Entry(Struct, frozen=True):
    """A file of a revision: what it is, the name of its content, and its path from the root."""

    mode: str
    object: str
    path: str


@contextmanager
def revision_folder(revision: Revision) -> Iterator[str]:
    """Give a temporary folder with the files of a revision that an analysis reads, and remove it in the end.

    Raises InputError where git cannot give them, or where they cannot be written.
    """
    with ExitStack() as stack:
        try:
            temporary = tempfile.TemporaryDirectory(prefix="stepgraph-", ignore_cleanup_errors=True)
            folder = os.path.realpath(stack.enter_context(temporary))
            _write(revision, folder)
        except OSError as error:
            message = f"its files cannot be written to a temporary folder: {error.strerror or type(error).__name__}."
            raise InputError(Problem(revision.label, message)) from None
        yield folder.replace(os.sep, "/")


def _write(revision: Revision, folder: str) -> None:
    # The mark of a repository, where searching upwards ends; it is none, so that git is not asked about what is inside.
    _write_file(folder, _MARK, b"")
    entries = _entries(revision)
    for entry, content in _contents(revision, [entry for entry in entries if entry.mode in _FILES]):
        _write_file(folder, entry.path, content)
    # Links come last, so that nothing is written through them.
    links = [entry for entry in entries if entry.mode == _LINK]
    for entry, content in _contents(revision, links):
        _write_link(folder, entry.path, content)
    for entry in links:
        _remove_if_outside(folder, entry.path)


def _entries(revision: Revision) -> list[_Entry]:
    """Return the files that an analysis may read, and all symbolic links."""
    git = start_git(revision.root, "ls-tree", "-r", "-z", "--full-tree", revision.commit)
    listing = b"" if git is None else git.communicate()[0]
    if git is None or git.returncode:
        raise InputError(Problem(revision.label, "git cannot list its files."))
    entries = []
    for line in listing.split(b"\0"):
        head, _, path = line.partition(b"\t")
        if path:
            mode, _, identity = head.decode("ascii").split(" ")
            entries.append(_Entry(mode, identity, os.fsdecode(path)))
    return [entry for entry in entries if _is_read(entry) and _is_safe(entry.path)]


def _is_read(entry: _Entry) -> bool:
    name = entry.path.rpartition("/")[2]
    return entry.mode == _LINK or (entry.mode in _FILES and (name.endswith(".py") or name in _READ_NAMES))


def _is_safe(path: str) -> bool:
    """Tell whether a path stays in its folder: git makes no others, but a tree may be made without it."""
    parts = path.split("/")
    if os.name == "nt" and any(character in path for character in "\\:"):
        return False
    return _NO_PARTS.isdisjoint(parts) and parts[0].lower() != _MARK


def _contents(revision: Revision, entries: list[_Entry]) -> Iterator[tuple[_Entry, bytes]]:
    """Yield each file with its content."""
    if not entries:
        return
    git = start_git(revision.root, "cat-file", "--batch", reads_input=True)
    if git is None or git.stdin is None or git.stdout is None:
        raise InputError(Problem(revision.label, "git cannot be started."))
    try:
        for entry in entries:
            # One after another: all at once, the two sides would wait for each other.
            git.stdin.write(f"{entry.object}\n".encode())
            git.stdin.flush()
            yield entry, _content(git.stdout, revision, entry)
    except BrokenPipeError:
        raise InputError(Problem(revision.label, "git cannot read its files.")) from None
    finally:
        _end(git)


def _content(answers: IO[bytes], revision: Revision, entry: _Entry) -> bytes:
    head = answers.readline().split()
    if len(head) != 3 or head[1] != b"blob":  # noqa: PLR2004 - name, kind, size
        message = "its content is not in this repository."
        raise InputError(Problem(f"{revision.label}:{entry.path}", message, "Fetch it with git."))
    size = int(head[2])
    # A line break ends it.
    content = answers.read(size + 1)
    if len(content) <= size:
        raise InputError(Problem(f"{revision.label}:{entry.path}", "git cannot read its content."))
    return content[:size]


def _end(git: subprocess.Popen[bytes]) -> None:
    git.kill()
    with suppress(OSError):
        git.communicate()


def _write_file(folder: str, path: str, content: bytes) -> None:
    target = os.path.join(folder, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(content)


def _write_link(folder: str, path: str, content: bytes) -> None:
    target = os.path.join(folder, path)
    # Not every system has links, nor allows them; where they led cannot be read then, as it is in a work tree there.
    with suppress(OSError, ValueError):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.fsdecode(content), target)


def _remove_if_outside(folder: str, path: str) -> None:
    """Remove a link that leads out of the folder: what is there is no part of the revision."""
    target = os.path.join(folder, path)
    inside = os.path.realpath(target).startswith(os.path.join(folder, ""))
    if os.path.islink(target) and not inside:
        os.unlink(target)
