"""Reading one source file, whatever stands at its path, without ever waiting for it."""

from __future__ import annotations

import os
import stat
import sys

from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text
from stepgraph.project.unreadable import unreadable

if sys.platform == "win32":
    _FLAGS = os.O_RDONLY | os.O_BINARY
else:
    # A named pipe without a writer would block the opening itself.
    _FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

_PIECE = 1024 * 1024
_SMALL = 64 * 1024

StrPath = str | os.PathLike[str]


def shown_path(path: StrPath) -> str:
    """Return a path as messages and places name it: as given, with forward slashes."""
    name = os.fspath(path) or "''"
    return name if os.sep == "/" else name.replace(os.sep, "/")


def read_source(path: StrPath) -> bytes:
    """Return the bytes of the Python file at `path`, checked to be text in the encoding that they claim.

    Raises InputError for what is missing, not allowed, not a regular file or not text.
    """
    content = read_bytes(path)
    check_text(content, shown_path(path))
    return content


def read_configuration_bytes(path: str) -> bytes:
    """Return the bytes of a configuration that was found, not named. Raises InputError as `read_bytes`."""
    try:
        return read_bytes(path)
    except InputError:
        message = _why_no_configuration(path)
        if message is None:
            raise
        raise InputError(Problem(path, message)) from None


def read_bytes(path: StrPath) -> bytes:
    """Return the bytes of the regular file at `path`. Raises InputError where there is none to read."""
    name = shown_path(path)
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise InputError(_refused(path, name, error)) from None
    except ValueError:
        raise InputError(Problem(name, "no such file: a path cannot hold a null character.")) from None
    try:
        return _read_descriptor(descriptor, name)
    except OSError as error:
        raise InputError(unreadable(name, error)) from None
    finally:
        os.close(descriptor)


def read_found(path: str) -> bytes:
    """Return the bytes of a file that a search has just found to be a regular one. Raises InputError as `read_bytes`.

    Most of those searched are small: they take three calls of the system, and nothing is asked about them.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            content = os.read(descriptor, _SMALL)
        finally:
            os.close(descriptor)
    except OSError:
        return read_bytes(path)  # which says what is wrong
    return content if len(content) < _SMALL else read_bytes(path)


def _read_descriptor(descriptor: int, name: str) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise InputError(_not_a_file(name, status.st_mode))
    # One byte more than expected: that it is not given says that this is all.
    content = os.read(descriptor, status.st_size + 1)
    if len(content) == status.st_size:
        return content
    # The file has grown, or is one of those of which the system knows no size.
    return content + b"".join(iter(lambda: os.read(descriptor, _PIECE), b""))


def _refused(path: StrPath, name: str, error: OSError) -> Problem:
    # A socket cannot be opened, nor a folder on some systems: say what it is rather than what the attempt gave.
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return unreadable(name, error)
    return unreadable(name, error) if stat.S_ISREG(mode) else _not_a_file(name, mode)


def _not_a_file(name: str, mode: int) -> Problem:
    if stat.S_ISDIR(mode):
        return Problem(name, "a folder, where a Python file is meant.", "Name the file in it.")
    if stat.S_ISFIFO(mode):
        return Problem(name, "a pipe, not a file.", "To read what comes through it, give `-` and redirect it.")
    kind = "a socket" if stat.S_ISSOCK(mode) else "a device"
    return Problem(name, f"{kind}, not a file.", "Name a file.")


def _why_no_configuration(path: str) -> str | None:
    """Return what stands at a path instead of a file; None where it is one."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "a symbolic link that leads to no file." if os.path.islink(path) else None
    except OSError as error:
        return unreadable(path, error).message
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return "a folder, where a configuration file is meant."
    return _not_a_file(path, mode).message
