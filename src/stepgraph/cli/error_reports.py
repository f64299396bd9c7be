"""The message and the exit code for each exception that ends a run."""

from __future__ import annotations

import errno
import os
import sys

import click

from stepgraph.cli.console import encode, write_message
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.model.note import InputError, InternalError

_DEBUG = "STEPGRAPH_DEBUG"
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def external_cause(error: Exception) -> str | None:
    """Return the message for an error of the environment, or None for a defect of this package."""
    cause = _cause(error)
    if isinstance(cause, MemoryError):
        return "not enough memory. Analyze fewer files at once, or raise the memory limit (`ulimit -v`)."
    if isinstance(cause, FileNotFoundError) and not _has_working_directory():
        return "the current directory no longer exists. Change to another one."
    # Only click's help can fail here: `write_bytes` converts the errors of results.
    if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS and cause.filename is None:
        return f"standard output cannot be written: {cause.strerror}."
    return None


def _cause(error: Exception) -> BaseException:
    return error.__cause__ if isinstance(error, InternalError) and error.__cause__ is not None else error


def _has_working_directory() -> bool:
    from pathlib import Path

    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def write_defect(error: Exception) -> None:
    """Write the error and its location to standard error, and with STEPGRAPH_DEBUG=1 the traceback."""
    cause = _cause(error)
    location = f" while analyzing {error.path}" if isinstance(error, InternalError) else ""
    description = f"{type(cause).__name__}: {cause}".rstrip(": ")
    advice = f"Please report it, with the file if possible. Set {_DEBUG}=1 to see the traceback."
    write_message(f"stepgraph: internal error{location}: {description}. {advice}")
    if os.environ.get(_DEBUG) == "1" and sys.stderr is not None:
        _write_traceback(error)


def _write_traceback(error: Exception) -> None:
    import traceback

    from stepgraph.escaping.plain_text import log_lines

    sys.stderr.buffer.write(encode(log_lines("".join(traceback.format_exception(error)))))
    sys.stderr.buffer.flush()


def report_error(error: Exception) -> ExitCode:
    """Write the message for an exception to standard error, and return its exit code."""
    if isinstance(error, CommandError):
        if error.message:
            write_message(f"stepgraph: {error.message}")
        return error.code
    if isinstance(error, InputError):
        write_message(str(error.problem))
        return ExitCode.ERROR
    if isinstance(error, click.ClickException):
        # Imported here because most runs have no usage error.
        from stepgraph.cli.usage_messages import usage_message

        write_message(usage_message(error))
        return ExitCode.ERROR
    cause = external_cause(error)
    if cause is not None:
        write_message(f"stepgraph: {cause}")
        return ExitCode.ERROR
    write_defect(error)
    return ExitCode.DEFECT
