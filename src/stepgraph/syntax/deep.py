"""Room for deep recursion.

LibCST's native parser recurses on the C stack and overflows the usual 8 MB at some 3,000 chained calls, which kills the
process; walking such trees recurses as deeply in Python. Both are given a thread with a stack of their own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# Virtual memory: only what is used is ever backed by real pages.
STACK_BYTES = 512 * 1024 * 1024
RECURSION_LIMIT = 400_000


def run_deep(function: Callable[[], Result]) -> Result:
    """Return `function()`, run where it may recurse deeply. Raises what it raises."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, whatever it is
            errors.append(error)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
    try:
        _run_in_thread(target)
    finally:
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]


def _run_in_thread(target: Callable[[], None]) -> None:
    previous = threading.stack_size(STACK_BYTES)
    try:
        # A daemon, so that an interrupted command does not wait for the analysis to end.
        thread = threading.Thread(target=target, name="stepgraph-analysis", daemon=True)
        thread.start()
    finally:
        threading.stack_size(previous)
    thread.join()
