"""A thread with a large stack for deep recursion.

LibCST's native parser recurses on the C stack. About 3,000 chained calls overflow the usual 8 MB, which kills the
process. Python code that traverses the parsed trees recurses as deeply.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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

_FIRST_FRAME_SLOTS: Final = 2**16
"""The size of the thread's first Python frame, in values of 8 bytes.

Python stores the frames of a thread in blocks of 16 KB, and maps and unmaps a block each time a call crosses the end of
the previous one. In a loop at that depth, this takes a fifth of the time of an analysis. For a frame larger than a
block, Python maps a block of up to twice the size of the frame. So this frame gets a block that is large enough for the
frames of most analyses. Its unused memory is only address space.
"""

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
            results.append(_call_in_large_block(function))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    _run_in_thread(target)
    if errors:
        raise errors[0]
    return results[0]


def run_without_gc(function: Callable[[], Result]) -> Result:
    """Call a function with a large stack and without garbage collection, and return its result.

    Syntax trees contain no garbage, and collection would take half of the time that a large module needs.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return run_with_large_stack(function)
    finally:
        if enabled:
            gc.enable()


def _call_in_large_block(function: Callable[[], Result]) -> Result:
    """Call a function in one block of memory that holds its frame and the frames of most of its callees."""
    return function()


_call_in_large_block.__code__ = _call_in_large_block.__code__.replace(co_stacksize=_FIRST_FRAME_SLOTS)


def _run_in_thread(target: Callable[[], None]) -> None:
    for size in _affordable_sizes():
        with _recursion_limits.at_least(size // _FRAME_BYTES):
            # A daemon thread, so that an interrupted command does not wait for the end of the analysis.
            thread = threading.Thread(target=target, name=_THREAD_NAME, daemon=True)
            if _starts(thread, size):
                thread.join()
                return
    message = f"not enough memory for a stack of {STACK_BYTES[-1] >> 20} MB."
    raise InputError(Problem("stepgraph", message, "Raise its limit, as with `ulimit -v`."))


def _starts(thread: threading.Thread, stack_size: int) -> bool:
    """Start a thread with a stack size, and return whether there is enough memory for it."""
    with _starting:
        previous = threading.stack_size(stack_size)
        try:
            thread.start()
        except RuntimeError:
            return False
        finally:
            threading.stack_size(previous)
    return True


class _RecursionLimits:
    """The recursion limit of the process, which several threads may raise at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._raised: list[int] = []
        """The limits that blocks require now."""
        self._usual = 0
        """The limit outside of the blocks."""

    @contextmanager
    def at_least(self, limit: int) -> Iterator[None]:
        """Raise the limit for the block. It is lowered again at the end of the last block."""
        with self._lock:
            if not self._raised:
                self._usual = sys.getrecursionlimit()
            self._raised.append(limit)
            sys.setrecursionlimit(max([self._usual, *self._raised]))
        try:
            yield
        finally:
            with self._lock:
                self._raised.remove(limit)
                sys.setrecursionlimit(max([self._usual, *self._raised]))


_recursion_limits: Final = _RecursionLimits()
_starting: Final = threading.Lock()
"""Held while a thread starts, because the stack size of new threads is a setting of the whole process."""


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
