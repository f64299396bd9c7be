"""Forked child processes, which do part of the work and write their results to a pipe."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from stepgraph.large_stack import end_idle_thread

_CHUNK_BYTES: Final = 1 << 20


def may_fork() -> bool:
    """Return whether forking is safe and saves time. In a process with threads, a forked lock may stay locked.

    Ends the idle thread for analyses, which is a thread like others.
    """
    end_idle_thread()
    return hasattr(os, "fork") and threading.active_count() == 1 and processors() > 1


def processors() -> int:
    """Return the number of processors available to this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ForkedProcess:
    """A forked child process. The file descriptor `read_end` is the read end of its pipe."""

    def __init__(self, work: Callable[[int], object]) -> None:
        """Fork a child that calls `work` with the write end of a pipe. Raises OSError if the system cannot fork."""
        self.read_end, write_end = os.pipe()
        try:
            self._process = os.fork()
        except OSError:
            os.close(self.read_end)
            os.close(write_end)
            raise
        if self._process == 0:
            os.close(self.read_end)  # so that writing fails if the parent stops reading
            _work_and_exit(work, write_end)
        os.close(write_end)

    def read_all(self) -> bytes:
        """Return everything that the child writes, after it has exited."""
        chunks: list[bytes] = []
        try:
            while chunk := os.read(self.read_end, _CHUNK_BYTES):
                chunks.append(chunk)
        finally:
            end_processes([self])
        return b"".join(chunks)

    def kill(self) -> None:
        """End the child at once. Its output is lost."""
        import signal

        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        end_processes([self])

    def wait(self) -> None:
        """Wait until the child exits."""
        with suppress(ChildProcessError):  # the parent of this process may have set SIGCHLD to be ignored
            os.waitpid(self._process, 0)


def end_processes(processes: Iterable[ForkedProcess]) -> None:
    """Close the pipes of child processes, discarding unread output, and wait until they exit.

    A child inherits the read ends of the pipes of earlier children, so these may exit only after it.
    """
    waiting = list(processes)
    for process in waiting:
        os.close(process.read_end)
    for process in waiting:
        process.wait()


def _work_and_exit(work: Callable[[int], object], write_end: int) -> None:
    """Do the work and exit without running the exit handlers of the parent process."""
    code = 1
    try:
        work(write_end)
        code = 0
    finally:
        os._exit(code)
