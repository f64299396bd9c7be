"""The gate through which everything is read: a regular file, of limited size, and without ever waiting for it.

A path that comes from what is analyzed (a configuration, an import, a link) is read only inside of a `Root`. One that
the user named may be anywhere, unless a symbolic link of a repository leads there. No other module opens files to read.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Final

from stepgraph.limits import CONFIGURATION_BYTES, MEGABYTE, SEARCHED_ENTRIES, SOURCE_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text
from stepgraph.project.root import Root, is_of_git, link_leading_out

if sys.platform == "win32":
    _FLAGS = os.O_RDONLY | os.O_BINARY
    _NO_LINK = _FLAGS
else:
    # A named pipe without a writer would block the opening itself.
    _FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    _NO_LINK = _FLAGS | os.O_NOFOLLOW

_PIECE: Final = 1024 * 1024
_SMALL: Final = 64 * 1024
_DESCRIPTORS: Final = "/proc/self/fd"

_NAME_TARGET: Final = "Name the file or folder that it leads to, if you trust it."
_NAME_NO_GIT: Final = "Name a file outside of `.git`, or put one in its place."
_NO_LINK_OUT: Final = "Put a file in its place: nothing outside of the repository, or of the folder given, is read."

StrPath = str | os.PathLike[str]


def shown_path(path: StrPath) -> str:
    """Return a path as messages and places name it: as given, with forward slashes."""
    name = os.fspath(path) or "''"
    return name if os.sep == "/" else name.replace(os.sep, "/")


def check_named(path: StrPath) -> None:
    """Raise InputError for a path that the user named, and that a symbolic link of a repository leads out of it."""
    name = os.fspath(path)
    if "\0" not in name and link_leading_out(name) is not None:
        raise InputError(_outside(name, _NAME_TARGET))


def read_named(path: StrPath, most: int = SOURCE_BYTES) -> bytes:
    """Return the bytes, `most` of them, of a file that the user named.

    Raises InputError for what is missing, not allowed, no regular file or too large, and as `check_named`.
    """
    check_named(path)
    name = shown_path(path)
    before = path if "\0" in name else os.path.realpath(path)
    content, actual = _read(path, name, most, _FLAGS)
    if actual not in (None, before):
        raise InputError(Problem(name, "replaced while it was read.", "Run the command again."))
    return content


def read_inside(path: str, root: Root, most: int = SOURCE_BYTES) -> bytes:
    """Return the bytes, `most` of them, of a file inside of a root. Raises InputError as `read_named`."""
    real = _real_path(path, root)
    content, actual = _read(real, shown_path(path), most, _NO_LINK)
    # Something else may have been put in its place between the two questions.
    if not root.holds_real(actual or os.path.realpath(path)):
        raise InputError(_outside(path, _NO_LINK_OUT))
    return content


def read_source(path: str, root: Root) -> bytes:
    """Return the bytes of a Python file inside of a root, checked to be text in the encoding that they claim.

    Raises InputError as `read_inside`, and for what is not text.
    """
    content = read_inside(path, root)
    check_text(content, shown_path(path))
    return content


def read_configuration_bytes(path: str, root: Root, most: int = CONFIGURATION_BYTES) -> bytes:
    """Return the bytes of a configuration that was found, not named. Raises InputError as `read_inside`."""
    try:
        return read_inside(path, root, most)
    except InputError:
        message = _why_no_configuration(path) if "\0" not in path and root.holds(path) else None
        if message is None:
            raise
        raise InputError(Problem(path, message)) from None


def read_found(path: str, root: Root) -> bytes:
    """Return the bytes of a file that a search inside of a root has just found. Raises InputError as `read_inside`.

    Most of those searched are small: they take three calls of the system, and nothing is asked about them.
    """
    try:
        descriptor = os.open(path, _NO_LINK)
        try:
            content = os.read(descriptor, _SMALL)
        finally:
            os.close(descriptor)
    except OSError:
        return read_inside(path, root)  # which reports the error, or follows a link inside of the root
    return content if len(content) < _SMALL else read_inside(path, root)


def pieces_of(path: str, most: int) -> Iterator[bytes]:
    """Yield a file that a search has just found in pieces. Raises InputError for one that is larger than `most`."""
    try:
        descriptor = os.open(path, _NO_LINK)
    except OSError as error:
        raise InputError(unreadable(shown_path(path), error)) from None
    try:
        _check_regular(os.fstat(descriptor), shown_path(path), most)
        while (piece := os.read(descriptor, _PIECE)) and (most := most - len(piece)) >= 0:
            yield piece
    finally:
        os.close(descriptor)


def entries_of(folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder, in no order, and of one that holds too much only that. Raises OSError."""
    with os.scandir(folder or ".") as listing:
        return list(islice(listing, SEARCHED_ENTRIES + 1))


def read_standard_input(name: str, most: int = SOURCE_BYTES) -> bytes:
    """Return all that comes through standard input, `most` bytes. Raises InputError, under a name, where it cannot."""
    # Python leaves None where the process was started without one.
    if sys.stdin is None:
        raise InputError(Problem(name, "standard input is closed.", "Name a file instead of `-`."))
    try:
        content = sys.stdin.buffer.read(most + 1)
    except OSError as error:
        message = f"standard input cannot be read: {error.strerror or type(error).__name__}."
        raise InputError(Problem(name, message)) from None
    if len(content) > most:
        raise InputError(_too_large(name, most))
    return content


def _real_path(path: str, root: Root) -> str:
    """Return the real path of a file, which is inside of a root. Raises InputError for any other."""
    try:
        real = os.path.realpath(path)
    except ValueError:
        raise InputError(_no_name(path)) from None
    if not root.holds_real(real):
        raise InputError(_outside(path, _NO_LINK_OUT))
    return real


def _outside(path: str, advice: str) -> Problem:
    """Return the problem with a path that leads out of its root, or to what git keeps there."""
    kind = "a symbolic link" if os.path.islink(path.rstrip("/" + os.sep)) else "a path"
    if is_of_git(os.path.realpath(path)):
        return Problem(shown_path(path), f"{kind} into `.git`, where no file is read.", _NAME_NO_GIT)
    return Problem(shown_path(path), f"{kind} that leads out of the repository.", advice)


def _read(path: StrPath, name: str, most: int, flags: int) -> tuple[bytes, str | None]:
    """Return the bytes of a regular file, and its real path where the system tells it."""
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise InputError(_refused(path, name, error)) from None
    except ValueError:
        raise InputError(_no_name(name)) from None
    try:
        return _read_descriptor(descriptor, name, most), _path_of(descriptor)
    except OSError as error:
        raise InputError(unreadable(name, error)) from None
    finally:
        os.close(descriptor)


def _path_of(descriptor: int) -> str | None:
    try:
        return os.readlink(f"{_DESCRIPTORS}/{descriptor}")
    except OSError:
        return None


def _read_descriptor(descriptor: int, name: str, most: int) -> bytes:
    status = os.fstat(descriptor)
    _check_regular(status, name, most)
    # One byte more than expected: that it is not given says that this is all.
    content = os.read(descriptor, status.st_size + 1)
    if len(content) == status.st_size:
        return content
    # The file has grown, or is one of those of which the system knows no size.
    pieces = [content]
    length = len(content)
    while (piece := os.read(descriptor, _PIECE)) and length <= most:
        pieces.append(piece)
        length += len(piece)
    if length > most:
        raise InputError(_too_large(name, most))
    return b"".join(pieces)


def _check_regular(status: os.stat_result, name: str, most: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(_not_a_file(name, status.st_mode))
    if status.st_size > most:
        raise InputError(_too_large(name, most))


def _too_large(name: str, most: int) -> Problem:
    message = f"larger than {most // MEGABYTE} MB, and not read."
    return Problem(name, message, "Leave it out, or divide it.")


def _no_name(name: str) -> Problem:
    return Problem(name, "no such file: a path cannot hold a null character.")


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


def unreadable(path: str, error: OSError) -> Problem:
    """Return the problem that `error`, met while reading `path`, is shown as."""
    message, advice = _meaning(error)
    return Problem(path, message, advice)


def _meaning(error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return "no such file or folder.", "Paths are relative to the working directory."
    if isinstance(error, PermissionError):
        return "permission denied.", "Make it readable, or leave it out."
    if isinstance(error, NotADirectoryError):
        return "no such file: a part of the path is not a folder.", ""
    if error.errno == errno.ELOOP:
        return "a symbolic link that leads back to itself.", "Name the file itself."
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long for the file system.", ""
    return f"{(error.strerror or type(error).__name__).lower()}.", ""
