"""Copies of this process that do a part of its work, and write what they find."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


def may_fork() -> bool:
    """Tell whether a copy of this process may be made, and pays. Of one with several threads, locks may never open."""
    return hasattr(os, "fork") and threading.active_count() == 1 and processors() > 1


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Forked:
    """A copy of this process, which does some work and ends. What it writes is read from `reading`, a descriptor."""

    def __init__(self, work: Callable[[int], object]) -> None:
        """Make the copy, which calls `work` with a descriptor to write to. Raises OSError where there can be none."""
        self.reading, writing = os.pipe()
        try:
            self._process = os.fork()
        except OSError:
            os.close(self.reading)
            os.close(writing)
            raise
        if self._process == 0:
            _work_and_end(work, writing)
        os.close(writing)

    def end(self) -> None:
        """Wait for its end. What it has not written yet is not wanted any more."""
        os.close(self.reading)
        with suppress(ChildProcessError):  # whoever started us may have asked not to be told of such ends
            os.waitpid(self._process, 0)


def _work_and_end(work: Callable[[int], object], writing: int) -> None:
    """Do the work, and end this process without anything that its copy was meant to do at its end."""
    code = 1
    try:
        work(writing)
        code = 0
    finally:
        os._exit(code)


@contextmanager
def forked(work: Callable[[int], object]) -> Iterator[int | None]:
    """Give what to read from of a copy of this process, None where none can be made; it has ended afterwards."""
    try:
        copy = Forked(work)
    except OSError:
        yield None
        return
    try:
        yield copy.reading
    finally:
        copy.end()
