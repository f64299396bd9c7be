"""The process of the command: start, exit code, exit."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

from stepgraph.cli.main import main

_TRACERS = frozenset({"cProfile", "coverage", "profile", "trace"})


def run() -> NoReturn:
    """Run the command with the arguments of the process, and exit with its exit code.

    The process exits without freeing its objects, which takes longer than many an analysis.
    """
    # Imports create hardly any garbage, and the process is short.
    gc.disable()
    code = int(main())
    if not _TRACERS.isdisjoint(sys.modules):
        sys.exit(code)  # profilers write their results at exit
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):  # the pipe may be closed
                stream.flush()
    os._exit(code)
