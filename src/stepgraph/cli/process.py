"""The command as a process, from its arguments to its end."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

from stepgraph.cli.main import main

_WATCHERS = frozenset({"cProfile", "coverage", "profile", "trace"})


def run() -> NoReturn:
    """Run the command with the arguments of the process, and end it with the command's exit code.

    What has been read is not taken down piece by piece, which takes longer than many an analysis.
    """
    # Nor is garbage looked for: there is hardly any in the modules that are imported, and the process ends soon.
    gc.disable()
    code = int(main())
    if not _WATCHERS.isdisjoint(sys.modules):
        sys.exit(code)  # what watches this process has something to write at its end
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):  # its reader may have left
                stream.flush()
    os._exit(code)
