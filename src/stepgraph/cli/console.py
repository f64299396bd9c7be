"""Standard output, standard error and the terminal."""

from __future__ import annotations

import errno
import os
import sys
import time
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from stepgraph.cli.errors import CommandError, ExitCode


def encode(text: str) -> bytes:
    r"""Return UTF-8. Lone surrogates, which it cannot hold, become `\udc80`: as JSON writes them too."""
    return text.encode("utf-8", "backslashreplace")


def write_result(text: str) -> None:
    """Write a result to standard output, as `write_bytes` does."""
    write_bytes(encode(text))


def write_bytes(content: bytes) -> None:
    """Write bytes to standard output. That its reader has gone is no error; other failures raise CommandError."""
    # Python leaves None where the process was started without one.
    if sys.stdout is None:
        raise CommandError(ExitCode.ERROR, "standard output is closed.")
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        _discard_what_is_left()
        if not _reader_left(error):
            raise CommandError(ExitCode.ERROR, f"standard output cannot be written: {error.strerror}.") from None


def tell(message: str) -> None:
    """Write one line to standard error: nothing in it steers the terminal or is a command in a log."""
    from stepgraph.escaping.log_lines import log_line

    if sys.stderr is None:
        return
    try:
        sys.stderr.buffer.write(encode(log_line(message) + "\n"))
        sys.stderr.buffer.flush()
    except OSError:
        return  # nobody is left to tell


def _reader_left(error: OSError) -> bool:
    # Windows reports a closed pipe as an invalid argument.
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def _discard_what_is_left() -> None:
    """Point standard output nowhere: the interpreter would try again to write what is buffered when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


# Windows Terminal, ConEmu, ANSICON, and shells from elsewhere set one of these.
_MODERN_CONSOLES: Final = frozenset({"WT_SESSION", "ConEmuANSI", "ANSICON", "TERM"})


class Look(Struct, frozen=True):
    """How text is to be drawn: with color or not, and for how many columns (None: as many as it takes)."""

    color: bool = False
    width: int | None = None


def look_of_standard_output() -> Look:
    """Return plain text without limits for a file or pipe, and what the terminal shows for a terminal.

    `NO_COLOR`, if not empty, and `TERM=dumb` forbid color. So do consoles of Windows that would show its codes.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        return Look()
    color = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and _knows_codes()
    return Look(color, _columns())


def _knows_codes() -> bool:
    return sys.platform != "win32" or not _MODERN_CONSOLES.isdisjoint(os.environ)


def _columns() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


_PATIENCE_SECONDS: Final = 1.0
_ERASE_LINE: Final = "\r\x1b[K"


class Progress:
    """One line on standard error, if that is a terminal: written anew for each module, and gone in the end."""

    def __init__(self, modules: int) -> None:
        self._modules = modules
        self._met = 0
        self._begun = time.monotonic()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            _write(_ERASE_LINE)

    def show(self, path: str) -> None:
        """Say that a module is about to be analysed."""
        self._met += 1
        if time.monotonic() - self._begun < _PATIENCE_SECONDS or not _someone_is_looking():
            return
        from stepgraph.escaping.log_lines import log_line

        self._shown = True
        _write(f"{_ERASE_LINE}stepgraph: {self._met} of {max(self._modules, self._met)}: {log_line(path)}")


def _someone_is_looking() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    try:
        sys.stderr.buffer.write(encode(text))
        sys.stderr.buffer.flush()
    except OSError:
        return  # nobody is left to look
