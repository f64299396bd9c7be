"""Standard output and standard error: UTF-8 whatever the locale, and patient with readers that leave."""

from __future__ import annotations

import errno
import os
import sys

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode


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
