"""The gate through which everything is written: a file is replaced as a whole, and no symbolic link is followed.

The named file itself is replaced: if it is a symbolic link, its target stays unchanged. A folder is refused if a link
leads to it out of the repository, because a pull request may have added that link.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Final

from msgspec import Struct

from stepgraph.project.root import Root, is_of_git, link_leading_out

# Where the links are that stand for descriptors of this process, such as `/dev/stdout`.
_OF_THE_SYSTEM: Final = (Root("/dev"), Root("/proc"))
if sys.platform == "win32":
    NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY
else:
    NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE: Final = 0o600
_USUAL: Final = 0o666
_PERMISSIONS: Final = 0o777

_NO_FILE: Final = "is not a file that can be replaced. Leave out -o to write to standard output."
_OF_GIT: Final = "cannot be written: it belongs to git. Name a file or folder outside of `.git`."


class WriteError(Exception):
    """A file or folder that may not or cannot be written: how it was named, and why, after the name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name or repr(name)} {reason}")


class Target(Struct, frozen=True):
    """A file to write: as it was named, its real path, and the permissions of the file that is there, if any."""

    name: str
    path: str
    permissions: int | None

    def write(self, content: bytes) -> None:
        """Write the file. Raises WriteError if that fails; what was there before is then untouched."""
        # In the same folder, for only within a file system can a file be replaced at once.
        folder = os.path.dirname(self.path)
        remove_leftovers(folder)
        temporary = os.path.join(folder, temporary_name())
        try:
            self._write_to(temporary, content)
            os.replace(temporary, self.path)
        except OSError as error:
            raise WriteError(self.name, f"cannot be written: {reason(error)}.") from None
        finally:
            _remove(temporary)

    def _write_to(self, temporary: str, content: bytes) -> None:
        # What replaces a private file is private from the beginning.
        descriptor = os.open(temporary, NEW_FILE, _USUAL if self.permissions is None else _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if self.permissions is not None:
            os.chmod(temporary, self.permissions)


def target_of(name: str, sources: Iterable[str] = ()) -> Target:
    """Return the file that a user's name stands for, before there is anything to write.

    Raises WriteError if it must not be written (a folder, a device, one of the `sources`, what a link of the repository
    leads out of it) or evidently cannot be.
    """
    folder = _real_folder(name)
    path = os.path.join(folder, os.path.basename(name))
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return Target(name, path, None)
    except OSError as error:
        raise WriteError(name, f"cannot be written: {reason(error)}.") from None
    if stat.S_ISLNK(status.st_mode):
        _check_link(name, path, sources)
        return Target(name, path, None)
    _check_replaceable(name, status, sources)
    if not os.access(path, os.W_OK):
        raise WriteError(name, "cannot be written: permission denied.")
    return Target(name, path, status.st_mode & _PERMISSIONS)


def source_target(name: str, roots: Iterable[Root]) -> Target:
    """Return a source that is to be changed: the file itself, also where a link inside of a root leads to it.

    Raises WriteError for what is not a regular file inside of one of the roots, which are where sources are read.
    """
    path = os.path.realpath(name)
    if not any(root.holds_real(path) for root in roots):
        raise WriteError(name, "is outside of the repository, and is not changed.")
    target = target_of(path)
    return Target(name, target.path, target.permissions)


def make_folder(name: str) -> str:
    """Make a folder that a user named, with those around it, and return its real path. Raises WriteError."""
    plain = name.rstrip("/" + os.sep) or name
    check_folder(name)
    try:
        os.makedirs(name, exist_ok=True)
    except OSError as error:
        why = "it is a link that leads nowhere" if os.path.islink(plain) else reason(error)
        raise WriteError(name, f"cannot be made: {why}.") from None
    return os.path.realpath(name)


def check_folder(name: str) -> None:
    """Raise WriteError for a folder in which nothing may be written, be it there or not."""
    if is_of_git(os.path.realpath(name)):
        raise WriteError(name, _OF_GIT)
    if link_leading_out(name) is not None:
        raise WriteError(name, "cannot be written: a symbolic link leads out of the repository there. Remove it.")


def reason(error: OSError) -> str:
    """Return what the system refused a file for, in words."""
    return "permission denied" if isinstance(error, PermissionError) else error.strerror or type(error).__name__


def _real_folder(name: str) -> str:
    """Return the real path of the folder of a file. Raises WriteError if it is missing or not writable."""
    folder = os.path.dirname(name) or "."
    if not name or "\0" in name or not os.path.isdir(folder):
        raise WriteError(name, "cannot be written: there is no such folder. Make it first.")
    check_folder(folder)
    if is_of_git(os.path.basename(name)):
        raise WriteError(name, _OF_GIT)
    return os.path.realpath(folder)


def _check_link(name: str, path: str, sources: Iterable[str]) -> None:
    """Raise WriteError for a link that is not replaced by a file: one to a source, a folder or a device."""
    if any(root.holds_real(path) for root in _OF_THE_SYSTEM):
        raise WriteError(name, _NO_FILE)
    try:
        status = os.stat(path)
    except OSError:
        return  # it leads nowhere, or may not be followed: nothing is lost with it
    _check_replaceable(name, status, sources)


def _check_replaceable(name: str, status: os.stat_result, sources: Iterable[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise WriteError(name, "is a folder, where a file is to be written. Name another one, or remove it.")
    if not stat.S_ISREG(status.st_mode):
        raise WriteError(name, _NO_FILE)
    if _is_standard_input(status) or any(_is_same_file(source, status) for source in sources):
        raise WriteError(name, "is one of the sources, and is not written over. Name another file.")


def _is_standard_input(status: os.stat_result) -> bool:
    """Whether that very file is what standard input is read from: a source has no name then."""
    try:
        return os.path.samestat(os.fstat(0), status)
    except OSError:
        return False


def _is_same_file(source: str, status: os.stat_result) -> bool:
    """Whether the path leads to that very file, be it by another name, by a link, or in another case."""
    try:
        return os.path.samestat(os.stat(source), status)
    except (OSError, ValueError):
        return False


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # it has become the result, or was never there


_NAME: Final = re.compile(r"\.stepgraph-[0-9a-f]{16}\.tmp")
# A file is written in far less: one that is older is not being written by another run.
_STALE_SECONDS: Final = 3_600


def temporary_name() -> str:
    """Return a name that no other run takes for its own temporary file."""
    return f".stepgraph-{os.urandom(8).hex()}.tmp"


@cache
def remove_leftovers(folder: str) -> None:
    """Remove the temporary files in a folder that were left by runs which were killed; once in a run."""
    with suppress(OSError), os.scandir(folder) as listing:
        for entry in listing:
            if _NAME.fullmatch(entry.name) and _is_stale(entry):
                _remove(entry.path)


def _is_stale(entry: os.DirEntry[str]) -> bool:
    is_file = entry.is_file(follow_symlinks=False)
    return is_file and entry.stat(follow_symlinks=False).st_mtime < time.time() - _STALE_SECONDS
