"""Room for deep recursion.

LibCST's native parser recurses on the C stack and overflows the usual 8 MB at some 3,000 chained calls, which kills the
process; walking such trees recurses as deeply in Python. Both are given a thread with a stack of their own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from stepgraph.model.note import InputError, Problem

Result = TypeVar("Result")

STACK_BYTES: Final = (512 * 2**20, 256 * 2**20, 128 * 2**20, 64 * 2**20)
"""Sizes of the stack, largest first: that which there is room for is used.

On Linux and macOS it is address space, of which only the used part takes memory. Windows commits all of it.
"""

_FRAME_BYTES: Final = 1_342
"""Stack for each level of recursion in Python: 400,000 levels in the largest stack."""

_THREAD_NAME: Final = "stepgraph-analysis"

_SHARE_OF_LIMIT: Final = 4
"""How often a stack has to fit into the limit of memory: the native parser ends the process where it lacks some."""


def run_deep(function: Callable[[], Result]) -> Result:
    """Return `function()`, run where it may recurse deeply. Raises what it raises, and InputError without the room."""
    if threading.current_thread().name == _THREAD_NAME:
        return function()
    results: list[Result] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, whatever it is
            errors.append(error)

    limit = sys.getrecursionlimit()
    try:
        _run_in_thread(target)
    finally:
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]


def _run_in_thread(target: Callable[[], None]) -> None:
    limit = sys.getrecursionlimit()
    for size in _affordable_sizes():
        sys.setrecursionlimit(max(limit, size // _FRAME_BYTES))
        previous = threading.stack_size(size)
        # A daemon, so that an interrupted command does not wait for the analysis to end.
        thread = threading.Thread(target=target, name=_THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no room
            continue
        finally:
            threading.stack_size(previous)
        thread.join()
        return
    message = f"not enough memory for a stack of {STACK_BYTES[-1] >> 20} MB."
    raise InputError(Problem("stepgraph", message, "Raise its limit, as with `ulimit -v`."))


def _affordable_sizes() -> Sequence[int]:
    """Return the sizes to try, largest first."""
    if sys.platform == "win32":
        return STACK_BYTES[-1:]
    # Imported here, as Windows has none.
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return STACK_BYTES
    return [size for size in STACK_BYTES if size * _SHARE_OF_LIMIT <= limit]
