"""Copies of this process that do a part of its work, and write what they find."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
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
            os.close(self.reading)  # so that what nobody reads is an error to write
            _work_and_end(work, writing)
        os.close(writing)

    def wait(self) -> None:
        """Wait for its end."""
        with suppress(ChildProcessError):  # whoever started us may have asked not to be told of such ends
            os.waitpid(self._process, 0)


def end(copies: Iterable[Forked]) -> None:
    """Wait for the end of copies. What they have not written yet is not wanted any more.

    A copy holds what is read from those that were made before it, so that these may end after it only.
    """
    waited = list(copies)
    for copy in waited:
        os.close(copy.reading)
    for copy in waited:
        copy.wait()


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
        end([copy])
