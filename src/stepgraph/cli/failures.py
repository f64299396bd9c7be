"""What is said when the command itself fails."""

from __future__ import annotations

import os
import sys

from stepgraph.cli.streams import encode, tell
from stepgraph.internal_error import InternalError

_DEBUG = "STEPGRAPH_DEBUG"


def tell_defect(error: Exception) -> None:
    """Write to standard error, in one line, what went wrong and where; with STEPGRAPH_DEBUG=1 the traceback too."""
    cause = error.__cause__ if isinstance(error, InternalError) and error.__cause__ is not None else error
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
