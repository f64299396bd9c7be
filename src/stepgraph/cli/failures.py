"""What is said when the command itself fails."""

from __future__ import annotations

import errno
import os
import sys

from stepgraph.cli.streams import encode, tell
from stepgraph.internal_error import InternalError

_DEBUG = "STEPGRAPH_DEBUG"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def outside_cause(error: Exception) -> str | None:
    """Return what outside of this package made the command fail, None if it is a defect."""
    cause = _cause(error)
    if isinstance(cause, MemoryError):
        return "not enough memory. Analyze less at once, or raise its limit (`ulimit -v`)."
    if isinstance(cause, FileNotFoundError) and not _has_working_directory():
        return "the current directory does not exist any more. Change to another one."
    # Results are written where such errors are met; what is left is the help, which click prints.
    if isinstance(cause, OSError) and cause.errno in _FULL and cause.filename is None:
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


def tell_defect(error: Exception) -> None:
    """Write to standard error, in one line, what went wrong and where; with STEPGRAPH_DEBUG=1 the traceback too."""
    cause = _cause(error)
    place = f" while analysing {error.path}" if isinstance(error, InternalError) else ""
    what = f"{type(cause).__name__}: {cause}".rstrip(": ")
    advice = f"Please report it, with the file if you can; {_DEBUG}=1 in the environment shows the traceback."
    tell(f"stepgraph: internal error{place}: {what}. {advice}")
    if os.environ.get(_DEBUG) == "1" and sys.stderr is not None:
        _write_traceback(error)


def _write_traceback(error: Exception) -> None:
    import traceback

    from stepgraph.escaping.log_lines import log_lines

    sys.stderr.buffer.write(encode(log_lines("".join(traceback.format_exception(error)))))
    sys.stderr.buffer.flush()
