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
from typing import Final, Generic, TypeVar

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
    thread = _idle_thread.take() or _started_thread()
    call = _PendingCall(function)
    with _recursion_limits.at_least(thread.stack_size // _FRAME_BYTES):
        thread.run(call)
    _idle_thread.keep_or_end(thread)
    return call.result()


@contextmanager
def keep_thread() -> Iterator[None]:
    """Run the calls of the block in the same thread, which takes 1 to 3 ms less per call than a new thread.

    Overlapping calls get a thread each. Blocks may be nested.
    """
    _idle_thread.begin_block()
    try:
        yield
    finally:
        _idle_thread.end_block()


def end_idle_thread() -> None:
    """End the thread that waits for the next call in a block of `keep_thread`. The next call starts another one."""
    _idle_thread.end()


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


class _PendingCall(Generic[Result]):
    """A call of a function in another thread."""

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._results: list[Result] = []
        self._errors: list[BaseException] = []
        self._running = threading.Lock()
        self._running.acquire()

    def run(self) -> None:
        """Call the function in this thread."""
        try:
            self._results.append(self._function())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._errors.append(error)
        finally:
            self._running.release()

    def wait(self) -> None:
        """Wait for the end of `run` in the other thread."""
        self._running.acquire()

    def result(self) -> Result:
        """Return the result of the function, or raise its exception."""
        if self._errors:
            raise self._errors[0]
        return self._results[0]


class _LargeStackThread:
    """A thread with a stack of `stack_size` bytes that runs calls, one after another."""

    def __init__(self, stack_size: int) -> None:
        self.stack_size = stack_size
        # A daemon thread, so that an interrupted command does not wait for the end of the analysis.
        self._thread = threading.Thread(target=_call_in_large_block, args=[self._work], name=_THREAD_NAME, daemon=True)
        self._next: Callable[[], None] | None = None
        """The next function. The thread ends if it wakes up without one."""
        self._wakes = threading.Semaphore(0)

    def start(self) -> bool:
        """Start the thread, and return whether there is enough memory for it."""
        with _starting:
            previous = threading.stack_size(self.stack_size)
            try:
                self._thread.start()
            except RuntimeError:
                return False
            finally:
                threading.stack_size(previous)
        return True

    def is_alive(self) -> bool:
        """Return whether the thread runs in this process."""
        return self._thread.is_alive()

    def run(self, call: _PendingCall[Result]) -> None:
        """Run a call and wait for it. If the wait is interrupted, the thread ends after the call."""
        self._wake(call.run)
        try:
            call.wait()
        except BaseException:
            self._wake(None)
            raise

    def end(self) -> None:
        """End the thread, which must be idle, and wait for it."""
        self._wake(None)
        self._thread.join()

    def _wake(self, function: Callable[[], None] | None) -> None:
        self._next = function
        self._wakes.release()

    def _work(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Wait for the next function and call it. Returns whether there was one, and holds no reference to it then."""
        self._wakes.acquire()
        function, self._next = self._next, None
        if function is None:
            return False
        function()
        return True


def _started_thread() -> _LargeStackThread:
    """Start a thread with the largest stack that memory allows. Raises InputError if there is not enough for any."""
    for size in _affordable_sizes():
        thread = _LargeStackThread(size)
        if thread.start():
            return thread
    message = f"not enough memory for a stack of {STACK_BYTES[-1] >> 20} MB."
    raise InputError(Problem("stepgraph", message, "Raise its limit, as with `ulimit -v`."))


class IdleThread:
    """The thread that waits for the next call in blocks of `keep_thread`, at most one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._thread: _LargeStackThread | None = None

    def begin_block(self) -> None:
        """Begin a block, which may be in another block."""
        with self._lock:
            self._blocks += 1

    def end_block(self) -> None:
        """End a block, and with the outermost one the thread."""
        with self._lock:
            self._blocks -= 1
            is_last = not self._blocks
        if is_last:
            self.end()

    def take(self) -> _LargeStackThread | None:
        """Return the idle thread, which the caller has to call `keep_or_end` with, or None.

        A forked child process has no threads of its parent.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        return thread if thread is not None and thread.is_alive() else None

    def keep_or_end(self, thread: _LargeStackThread) -> None:
        """Keep a thread for the next call in a block, or end it if another one waits already."""
        with self._lock:
            is_kept = self._blocks > 0 and self._thread is None
            if is_kept:
                self._thread = thread
        if not is_kept:
            thread.end()

    def end(self) -> None:
        """End the idle thread and wait for it."""
        thread = self.take()
        if thread is not None:
            thread.end()


_idle_thread: Final = IdleThread()


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
