"""A thread with a large stack for deep recursion.

LibCST's native parser recurses on the C stack. About 3,000 chained calls overflow the usual 8 MB, which kills the
process. Python code that traverses the parsed trees recurses as deeply.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from stepgraph.model.note import InputError, Problem

Result = TypeVar("Result")

STACK_BYTES: Final = (512 * 2**20, 256 * 2**20, 128 * 2**20, 64 * 2**20)
"""Stack sizes in bytes, largest first. The thread gets the first size that fits into memory.

On Linux and macOS, the stack is address space, and only the used part takes memory. Windows commits all of it, so the
thread gets the smallest size there.
"""

_FRAME_BYTES: Final = 1_342
"""The stack bytes that one level of recursion in Python takes. The largest stack allows 400,000 levels."""

_THREAD_NAME: Final = "stepgraph-analysis"

_MIN_LIMIT_RATIO: Final = 4
"""The minimum ratio of the memory limit to the stack size. If memory runs out, the native parser aborts the process."""


def run_with_large_stack(function: Callable[[], Result]) -> Result:
    """Call a function in a thread with a large stack, and return its result.

    Raises the exceptions of `function`, and InputError if there is not enough memory for the stack.
    """
    if threading.current_thread().name == _THREAD_NAME:
        return function()
    results: list[Result] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
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
        # A daemon thread, so that an interrupted command does not wait for the end of the analysis.
        thread = threading.Thread(target=target, name=_THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # not enough memory for this size
            continue
        finally:
            threading.stack_size(previous)
        thread.join()
        return
    message = f"not enough memory for a stack of {STACK_BYTES[-1] >> 20} MB."
    raise InputError(Problem("stepgraph", message, "Raise its limit, as with `ulimit -v`."))


def _affordable_sizes() -> Sequence[int]:
    """Return the stack sizes that the memory limit allows, largest first."""
    if sys.platform == "win32":
        return STACK_BYTES[-1:]
    # Imported here because Windows does not have it.
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return STACK_BYTES
    return [size for size in STACK_BYTES if size * _MIN_LIMIT_RATIO <= limit]
