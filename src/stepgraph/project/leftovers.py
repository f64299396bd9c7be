"""Temporary files of this command: what they are called, and removing those that a killed run has left behind."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from functools import cache
from typing import Final

_NAME: Final = re.compile(r"\.stepgraph-[0-9a-f]{16}\.tmp")
# A file is written in far less: one that is older is not being written by another run.
_STALE_SECONDS: Final = 3_600


def temporary_name() -> str:
    """Return a name that no other run takes for its own temporary file."""
    return f".stepgraph-{os.urandom(8).hex()}.tmp"


@cache
def remove_leftovers(folder: str) -> None:
    """Remove the temporary files in a folder that were left by runs which were killed; once in a run."""
    with suppress(OSError), os.scandir(folder) as listing:
        for entry in listing:
            if _NAME.fullmatch(entry.name) and _is_stale(entry):
                _remove(entry.path)


def _is_stale(entry: os.DirEntry[str]) -> bool:
    is_file = entry.is_file(follow_symlinks=False)
    return is_file and entry.stat(follow_symlinks=False).st_mtime < time.time() - _STALE_SECONDS


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
