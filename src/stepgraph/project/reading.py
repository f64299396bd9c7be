"""The only module that opens input files: regular files of limited size, without blocking.

Paths from the analyzed project (configurations, imports, links) are read only inside a `Root`. Paths that the user
named may be anywhere, unless a symbolic link of a repository leads there.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Final

from stepgraph.limits import CONFIGURATION_BYTES, MEGABYTE, SEARCHED_ENTRIES, SOURCE_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import system_reason
from stepgraph.project.encoding import check_text
from stepgraph.project.folders import real_path
from stepgraph.project.root import Root, is_in_git_folder, link_leading_out

if sys.platform == "win32":
    _READ_FLAGS = os.O_RDONLY | os.O_BINARY
    _READ_FLAGS_WITHOUT_LINKS = _READ_FLAGS
else:
    # A named pipe without a writer would block the opening itself.
    _READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    _READ_FLAGS_WITHOUT_LINKS = _READ_FLAGS | os.O_NOFOLLOW

_CHUNK_BYTES: Final = 1024 * 1024
_SMALL_FILE_BYTES: Final = 64 * 1024
_DESCRIPTORS: Final = "/proc/self/fd"

_NAME_TARGET: Final = "Name its target instead, if you trust it."
_NAME_NO_GIT: Final = "Name a file outside of `.git`."
_NO_LINK_OUT: Final = "Files outside of the repository or the named directory are never read."

# Editors and messages append line and column to paths.
_LINE_SUFFIX: Final = r"(?::\d+){1,2}$"

_CLASS_SUFFIX: Final = r"::(\w+)$"
"""The end of a path with the name of a class, as in the node ids of pytest."""

_PATTERN: Final = r"[*?]"
"""A wildcard of a shell, which replaces patterns by the matching files, if there are any."""

StrPath = str | os.PathLike[str]

_unsaved: dict[str, bytes] = {}
"""The contents of unsaved files, by real path."""
_unsaved_names: set[str] = set()
"""The names of these files, without their directories."""
_unsaved_entries: dict[str, set[str]] = {}
"""The entries of directories that these files require, by real path. Directories have a trailing slash."""


@contextmanager
def unsaved_files(contents: Mapping[str, bytes]) -> Iterator[None]:
    """Within the block, read the files at these paths as if they had these contents. The files need not exist."""
    outer = dict(_unsaved)
    _set_unsaved(outer | {real_path(path): content for path, content in contents.items()})
    try:
        yield
    finally:
        _set_unsaved(outer)


def _set_unsaved(contents: Mapping[str, bytes]) -> None:
    _unsaved.clear()
    _unsaved.update(contents)
    _unsaved_names.clear()
    _unsaved_names.update(map(os.path.basename, contents))
    _unsaved_entries.clear()
    for path in contents:
        folder, name = os.path.split(path)
        while name and name not in (entries := _unsaved_entries.setdefault(folder, set())):
            entries.add(name)
            folder, name = os.path.split(folder)
            name += "/" if name else ""


def has_unsaved_files() -> bool:
    """Return whether the content of any file is unsaved."""
    return bool(_unsaved)


def is_unsaved(path: str) -> bool:
    """Return whether the content of the file at `path` is unsaved."""
    return bool(_unsaved) and real_path(path) in _unsaved


def unsaved_names() -> frozenset[str]:
    """Return the names of the files whose content is unsaved, without their directories."""
    return frozenset(_unsaved_names)


def unsaved_entries(folder: str) -> frozenset[str]:
    """Return the names of the unsaved files in a directory, by its real path, and of its directories that contain some.

    Directories have a trailing slash. None of the entries need exist.
    """
    return frozenset(_unsaved_entries.get(folder, ()))


def is_file(path: str) -> bool:
    """Return whether a path is a file, or an unsaved one that need not exist."""
    return os.path.isfile(path) or is_unsaved(path)


def shown_path(path: StrPath) -> str:
    """Return a path as shown in messages, with forward slashes."""
    name = os.fspath(path) or "''"
    return name if os.sep == "/" else name.replace(os.sep, "/")


def check_named(path: StrPath) -> None:
    """Raise InputError if a symbolic link on a path named by the user leads out of its repository."""
    name = os.fspath(path)
    if "\0" not in name and link_leading_out(name) is not None:
        raise InputError(_outside_problem(name, _NAME_TARGET))


def read_named(path: StrPath, max_bytes: int = SOURCE_BYTES) -> bytes:
    """Return the bytes of a file that the user named.

    Raises InputError for a file that is missing, unreadable, not regular or larger than `max_bytes` bytes, and in the
    cases of `check_named`.
    """
    check_named(path)
    name = shown_path(path)
    expected = path if "\0" in name else real_path(path)
    if expected in _unsaved:
        return _unsaved_content(expected, name, max_bytes)
    content, actual = _read(path, name, max_bytes, _READ_FLAGS)
    if actual not in (None, expected):
        raise InputError(Problem(name, "the file was replaced while it was read.", "Run the command again."))
    return content


def read_inside(path: str, root: Root, max_bytes: int = SOURCE_BYTES) -> bytes:
    """Return the bytes of a file inside a root.

    Raises InputError like `read_named`, and for a path outside the root.
    """
    real = _real_path(path, root)
    if real in _unsaved:
        return _unsaved_content(real, shown_path(path), max_bytes)
    content, actual = _read(real, shown_path(path), max_bytes, _READ_FLAGS_WITHOUT_LINKS)
    # The file may have been replaced between the check and the read.
    if not root.contains_real(actual or real_path(path)):
        raise InputError(_outside_problem(path, _NO_LINK_OUT))
    return content


def read_inside_any(path: str, roots: Iterable[Root]) -> bytes | None:
    """Return the bytes of a file inside one of the roots, or None if it is unreadable or outside all roots."""
    for root in roots:
        with suppress(InputError):
            return read_inside(path, root)
    return None


def read_source(path: str, root: Root) -> bytes:
    """Return the bytes of a Python file inside a root.

    Raises InputError like `read_inside`, and also for bytes that are invalid in the encoding of the module.
    """
    content = read_inside(path, root)
    check_text(content, shown_path(path))
    return content


def read_configuration_bytes(path: str, root: Root, max_bytes: int = CONFIGURATION_BYTES) -> bytes:
    """Return the bytes of a configuration that a search has found. Raises InputError like `read_inside`."""
    try:
        return read_inside(path, root, max_bytes)
    except InputError:
        message = _reason_not_a_configuration(path) if "\0" not in path and root.contains(path) else None
        if message is None:
            raise
        raise InputError(Problem(path, message)) from None


def read_search_result(path: str, root: Root) -> bytes:
    """Return the bytes of a file that a search inside a root has just found. Raises InputError like `read_inside`.

    Most files are small and take three system calls, because `fstat` is skipped.
    """
    # A symbolic link with another name than an unsaved file is not opened here.
    if _unsaved and os.path.basename(path) in _unsaved_names and is_unsaved(path):
        return read_inside(path, root)
    try:
        descriptor = os.open(path, _READ_FLAGS_WITHOUT_LINKS)
        try:
            content = os.read(descriptor, _SMALL_FILE_BYTES)
        finally:
            os.close(descriptor)
    except OSError:
        return read_inside(path, root)  # this reports the error, or follows a link inside the root
    return content if len(content) < _SMALL_FILE_BYTES else read_inside(path, root)


def read_chunks(path: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the chunks of a file that a search has just found.

    Raises InputError if the file cannot be opened, is not regular, or is larger than `max_bytes` bytes.
    """
    if is_unsaved(path):
        yield _unsaved_content(real_path(path), shown_path(path), max_bytes)
        return
    try:
        descriptor = os.open(path, _READ_FLAGS_WITHOUT_LINKS)
    except OSError as error:
        raise InputError(unreadable_problem(shown_path(path), error)) from None
    try:
        _check_regular(os.fstat(descriptor), shown_path(path), max_bytes)
        while (chunk := os.read(descriptor, _CHUNK_BYTES)) and (max_bytes := max_bytes - len(chunk)) >= 0:
            yield chunk
    finally:
        os.close(descriptor)


def read_start(path: str, length: int) -> bytes | None:
    """Return the first bytes of a regular file, or None if it cannot be read or is not a regular file."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except (OSError, ValueError):
        return None
    try:
        return os.read(descriptor, length) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def list_entries(folder: str) -> list[os.DirEntry[str]]:
    """Return the unsorted entries of a directory, at most one more than the limit of a search. Raises OSError."""
    with os.scandir(folder or ".") as listing:
        return list(islice(listing, SEARCHED_ENTRIES + 1))


def read_standard_input(name: str, max_bytes: int = SOURCE_BYTES) -> bytes:
    """Read standard input. Raises InputError, with the path `name`, on failure or for more than `max_bytes` bytes."""
    # `sys.stdin` is None if the process was started without standard input.
    if sys.stdin is None:
        raise InputError(Problem(name, "standard input is closed.", "Name a file instead of `-`."))
    try:
        content = sys.stdin.buffer.read(max_bytes + 1)
    except OSError as error:
        message = f"standard input cannot be read: {system_reason(error)}."
        raise InputError(Problem(name, message)) from None
    if len(content) > max_bytes:
        raise InputError(_too_large_problem(name, max_bytes))
    return content


def _unsaved_content(real: str, name: str, max_bytes: int) -> bytes:
    content = _unsaved[real]
    if len(content) > max_bytes:
        raise InputError(_too_large_problem(name, max_bytes))
    return content


def _real_path(path: str, root: Root) -> str:
    """Return the real path of a file. Raises InputError for a path outside the root."""
    try:
        real = real_path(path)
    except ValueError:
        raise InputError(_null_character_problem(path)) from None
    if not root.contains_real(real):
        raise InputError(_outside_problem(path, _NO_LINK_OUT))
    return real


def _outside_problem(path: str, advice: str) -> Problem:
    """Return the problem of a path that leads out of its root or into `.git`."""
    kind = "a symbolic link" if os.path.islink(path.rstrip("/" + os.sep)) else "a path"
    if is_in_git_folder(real_path(path)):
        return Problem(shown_path(path), f"{kind} into `.git`, which is never read.", _NAME_NO_GIT)
    return Problem(shown_path(path), f"{kind} that leaves the repository.", advice)


def _read(path: StrPath, name: str, max_bytes: int, flags: int) -> tuple[bytes, str | None]:
    """Return the bytes of a regular file, and its real path on systems with `/proc`."""
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise InputError(_open_problem(path, name, error)) from None
    except ValueError:
        raise InputError(_null_character_problem(name)) from None
    try:
        return _read_descriptor(descriptor, name, max_bytes), _path_of(descriptor)
    except OSError as error:
        raise InputError(unreadable_problem(name, error)) from None
    finally:
        os.close(descriptor)


def _path_of(descriptor: int) -> str | None:
    try:
        return os.readlink(f"{_DESCRIPTORS}/{descriptor}")
    except OSError:
        return None


def _read_descriptor(descriptor: int, name: str, max_bytes: int) -> bytes:
    status = os.fstat(descriptor)
    _check_regular(status, name, max_bytes)
    # One byte more than expected, to detect a file that has grown.
    content = os.read(descriptor, status.st_size + 1)
    if len(content) == status.st_size:
        return content
    # The file has grown, or the system reports no size for it, as in `/proc`.
    chunks = [content]
    length = len(content)
    while (chunk := os.read(descriptor, _CHUNK_BYTES)) and length <= max_bytes:
        chunks.append(chunk)
        length += len(chunk)
    if length > max_bytes:
        raise InputError(_too_large_problem(name, max_bytes))
    return b"".join(chunks)


def _check_regular(status: os.stat_result, name: str, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(_not_a_file_problem(name, status.st_mode))
    if status.st_size > max_bytes:
        raise InputError(_too_large_problem(name, max_bytes))


def _too_large_problem(name: str, max_bytes: int) -> Problem:
    message = f"larger than {max_bytes // MEGABYTE} MB, so it is not read."
    return Problem(name, message, "Omit it, or split it into smaller files.")


def _null_character_problem(name: str) -> Problem:
    return Problem(name, "file not found: paths cannot contain null characters.")


def _open_problem(path: StrPath, name: str, error: OSError) -> Problem:
    # Sockets, and directories on some systems, cannot be opened. Report the kind of file instead of the system's error.
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return unreadable_problem(name, error)
    return unreadable_problem(name, error) if stat.S_ISREG(mode) else _not_a_file_problem(name, mode)


def _not_a_file_problem(name: str, mode: int) -> Problem:
    if stat.S_ISDIR(mode):
        return Problem(name, "a directory, not a Python file.", "Name the files in it.")
    if stat.S_ISFIFO(mode):
        return Problem(name, "a pipe, not a file.", "To read from it, redirect it to standard input and pass `-`.")
    kind = "a socket" if stat.S_ISSOCK(mode) else "a device"
    return Problem(name, f"{kind}, not a file.", "Name a file.")


_BROKEN_LINK: Final = "a symbolic link that leads to a missing file."


def _reason_not_a_configuration(path: str) -> str | None:
    """Explain why a path is not a regular file. Return None if it is one or does not exist."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return _BROKEN_LINK if os.path.islink(path) else None
    except OSError as error:
        return unreadable_problem(path, error).message
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return "a directory, not a file."
    return _not_a_file_problem(path, mode).message


def unreadable_problem(path: str, error: OSError) -> Problem:
    """Return the problem for an error of the operating system at `path`."""
    message, advice = _message_and_advice(path, error)
    return Problem(path, message, advice)


def _suggest_path(path: str) -> str:
    """Return advice on a missing file, whose path may end in a line number, or in the name of a class."""
    without_line = re.sub(_LINE_SUFFIX, "", path)
    if without_line != path and os.path.isfile(without_line):
        return f"Did you mean `{without_line}`?"
    class_name = re.search(_CLASS_SUFFIX, path)
    if class_name is not None and os.path.isfile(path[: class_name.start()]):
        return f"Did you mean `{path[: class_name.start()]} --workflow {class_name[1]}`?"
    if re.search(_PATTERN, path):
        return "The shell found no file for the pattern. Name a directory to search it for Python files."
    return "Paths are relative to the working directory."


def _message_and_advice(path: str, error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        if os.path.islink(path):
            return _BROKEN_LINK, "Name the file itself."
        return "file not found.", _suggest_path(path)
    if isinstance(error, PermissionError):
        return "permission denied.", "Make it readable, or omit it."
    if isinstance(error, NotADirectoryError):
        return "file not found: a part of the path is not a directory.", ""
    if error.errno == errno.ELOOP:
        return "a symbolic link that leads back to itself.", "Name the file itself."
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long for the file system.", ""
    return f"{system_reason(error)}.", ""
