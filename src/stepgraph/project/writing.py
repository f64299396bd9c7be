"""The only module that writes output files and changed source files. Each file is replaced atomically.

If the path of an output file is a symbolic link, the link is replaced and its target stays unchanged. Links to source
files are resolved. Directories behind a link that leads out of the repository are refused, because a pull request may
have added that link. So are directories that another process replaces by a link before the file is written.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Final

from msgspec import Struct

from stepgraph.phrases import system_reason
from stepgraph.project.folders import real_path
from stepgraph.project.root import Root, is_in_git_folder, link_leading_out

# Directories with links to the file descriptors of this process, such as `/dev/stdout`.
_SYSTEM_FOLDERS: Final = (Root("/dev"), Root("/proc"))
if sys.platform == "win32":
    NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY
else:
    NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    # With `O_PATH`, the directory need not be readable.
    _FOLDER_FLAGS: Final = (
        (os.O_PATH if sys.platform == "linux" else os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    )
_PRIVATE_MODE: Final = 0o600
_DEFAULT_MODE: Final = 0o666
_PERMISSIONS: Final = 0o777

_NOT_REPLACEABLE: Final = "is not a regular file, so it cannot be replaced. Omit -o to write to standard output."
_IN_GIT_FOLDER: Final = "cannot be written: the path is inside `.git`. Name another file or directory."


class WriteError(Exception):
    """A file or directory cannot be written. The message consists of the path and the reason."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name or repr(name)} {reason}")
        self.reason = reason


class Target(Struct, frozen=True):
    """A file to write."""

    name: str
    """The path as the user named it."""
    path: str
    """The real path."""
    permissions: int | None
    """The permission bits of the existing file, or None for a new file."""

    def write(self, content: bytes) -> None:
        """Replace the file atomically. Raises WriteError on failure, which leaves an existing file unchanged."""
        # In the same directory, because replacing is atomic only within a file system.
        folder, base = os.path.split(self.path)
        remove_stale_files(folder)
        try:
            with _opened(folder) as (prefix, descriptor):
                temporary = prefix + temporary_name()
                try:
                    self._write_to(temporary, descriptor, content)
                    os.replace(temporary, prefix + base, src_dir_fd=descriptor, dst_dir_fd=descriptor)
                finally:
                    _remove(temporary, descriptor)
        except OSError as error:
            raise WriteError(self.name, f"cannot be written: {system_reason(error)}.") from None

    def _write_to(self, temporary: str, folder: int | None, content: bytes) -> None:
        # The replacement of a private file must never be readable by others.
        mode = _DEFAULT_MODE if self.permissions is None else _PRIVATE_MODE
        with os.fdopen(os.open(temporary, NEW_FILE, mode, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if self.permissions is not None:
            os.chmod(temporary, self.permissions, dir_fd=folder)


@contextmanager
def _opened(folder: str) -> Iterator[tuple[str, int | None]]:
    """Open a directory by its real path. Yield the prefix of paths of its files, and the descriptor for these paths.

    Raises OSError if a part of the path has become a symbolic link. The descriptor is None, and the paths are absolute,
    on systems that do not support descriptors of directories.
    """
    if sys.platform == "win32":
        yield os.path.join(folder, ""), None
        return
    descriptor = os.open(os.sep, _FOLDER_FLAGS)
    try:
        for part in filter(None, folder.split(os.sep)):
            parent, descriptor = descriptor, os.open(part, _FOLDER_FLAGS, dir_fd=descriptor)
            os.close(parent)
        yield "", descriptor
    finally:
        os.close(descriptor)


def target_of(name: str, sources: Iterable[str] = ()) -> Target:
    """Check a path before there is anything to write, and return its target.

    Raises WriteError for a directory, a device, one of the `sources`, a path in a missing directory or in `.git`, a
    path that a link leads out of the repository, and a file without write permission.
    """
    folder = _real_folder(name)
    path = os.path.join(folder, os.path.basename(name))
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return Target(name, path, None)
    except OSError as error:
        raise WriteError(name, f"cannot be written: {system_reason(error)}.") from None
    if stat.S_ISLNK(status.st_mode):
        _check_link(name, path, sources)
        return Target(name, path, None)
    _check_replaceable(name, status, sources)
    if not os.access(path, os.W_OK):
        raise WriteError(name, "cannot be written: permission denied.")
    return Target(name, path, status.st_mode & _PERMISSIONS)


def source_target(name: str, roots: Iterable[Root]) -> Target:
    """Check a source file that is to be changed, and return its target. Links inside a root are resolved.

    Raises WriteError unless it is a regular file inside one of the roots.
    """
    path = real_path(name)
    if not any(root.contains_real(path) for root in roots):
        raise WriteError(name, "is outside of the repository, so it is not changed.")
    try:
        target = target_of(path)
    except WriteError as error:
        raise WriteError(name, error.reason) from None
    return Target(name, target.path, target.permissions)


def make_folder(name: str) -> str:
    """Make a directory and its parents, and return its real path. Raises WriteError on failure."""
    plain = name.rstrip("/" + os.sep) or name
    check_folder(name)
    try:
        os.makedirs(name, exist_ok=True)
    except OSError as error:
        cause = "it is a broken link" if os.path.islink(plain) else system_reason(error)
        raise WriteError(name, f"cannot be created: {cause}.") from None
    return real_path(name)


def check_folder(name: str) -> None:
    """Raise WriteError for a directory, existing or not, that must not be written to."""
    if is_in_git_folder(real_path(name)):
        raise WriteError(name, _IN_GIT_FOLDER)
    if link_leading_out(name) is not None:
        raise WriteError(
            name, "cannot be written: a symbolic link in its path leads out of the repository. Remove the link."
        )


def _real_folder(name: str) -> str:
    """Return the real path of the directory of a file. Raises WriteError if it is missing or must not be written to."""
    if not name:
        raise WriteError(name, "is not the name of a file. Name a file.")
    folder = os.path.dirname(name) or "."
    if "\0" in name or not os.path.isdir(folder):
        raise WriteError(name, "cannot be written: the directory does not exist. Create it first.")
    check_folder(folder)
    if is_in_git_folder(os.path.basename(name)):
        raise WriteError(name, _IN_GIT_FOLDER)
    return real_path(folder)


def _check_link(name: str, path: str, sources: Iterable[str]) -> None:
    """Raise WriteError for a link that must not be replaced: to a source, a directory or a device."""
    if any(root.contains_real(path) for root in _SYSTEM_FOLDERS):
        raise WriteError(name, _NOT_REPLACEABLE)
    try:
        status = os.stat(path)
    except OSError:
        return  # a broken link can be replaced
    _check_replaceable(name, status, sources)


def _check_replaceable(name: str, status: os.stat_result, sources: Iterable[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise WriteError(name, "is a directory, not a file. Name another file, or remove the directory.")
    if not stat.S_ISREG(status.st_mode):
        raise WriteError(name, _NOT_REPLACEABLE)
    if _is_standard_input(status) or any(_is_same_file(source, status) for source in sources):
        raise WriteError(name, "is a source file, so it is not overwritten. Name another file.")


def _is_standard_input(status: os.stat_result) -> bool:
    """Return whether standard input is redirected from this file, which makes it a source."""
    try:
        return os.path.samestat(os.fstat(0), status)
    except OSError:
        return False


def _is_same_file(source: str, status: os.stat_result) -> bool:
    """Return whether a path leads to this file, even through links or with different case."""
    try:
        return os.path.samestat(os.stat(source), status)
    except (OSError, ValueError):
        return False


def _remove(path: str, folder: int | None = None) -> None:
    try:
        os.unlink(path, dir_fd=folder)
    except OSError:
        return  # it was renamed, or never written


_TEMPORARY_NAME: Final = re.compile(r"\.stepgraph-[0-9a-f]{16}\.tmp")
# Writing takes far less time, so an older file is not in use by another process.
_STALE_SECONDS: Final = 3_600


def temporary_name() -> str:
    """Return a random file name for a temporary file."""
    return f".stepgraph-{os.urandom(8).hex()}.tmp"


@cache
def remove_stale_files(folder: str) -> None:
    """Remove the temporary files of killed processes in a directory, once per process."""
    with suppress(OSError), os.scandir(folder) as listing:
        for entry in listing:
            if _TEMPORARY_NAME.fullmatch(entry.name) and _is_stale(entry):
                _remove(entry.path)


def _is_stale(entry: os.DirEntry[str]) -> bool:
    is_file = entry.is_file(follow_symlinks=False)
    return is_file and entry.stat(follow_symlinks=False).st_mtime < time.time() - _STALE_SECONDS
