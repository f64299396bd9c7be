"""Asking git without running anything that the repository configures, or waiting for it without end."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

from stepgraph.limits import GIT_ANSWER_BYTES
from stepgraph.project.repository import repository_root

# Set by git for its hooks: they would make it look at the hook's repository, whatever the file.
_OF_ANOTHER_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
)

# No locks are taken, nothing is fetched, no transport may start a program.
_HARMLESS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
}

# A repository that takes longer does not answer at all: names and ignored files are told at once, histories are walked,
# and files are read one after the other.
_PATIENCE_SECONDS: Final = 10.0
HISTORY_SECONDS: Final = 30.0
READING_SECONDS: Final = 60.0
# Files that git opens for any question: it would wait for ever for one that is a pipe.
_OPENED: Final = ("config", "config.worktree", "HEAD", "index", "packed-refs", "shallow", "commondir", "info/exclude")
_PIECE: Final = 1 << 16
_SAFE_SETTINGS: Final = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")

# The repositories that have not answered in time, which are not asked again.
_silent: set[str] = set()


class TooLargeError(Exception):
    """Git has more to say than can be of use."""


class Git:
    """A started git, whose answer is read once."""

    def __init__(self, process: subprocess.Popen[bytes], repository: str) -> None:
        self._process = process
        self._repository = repository

    @property
    def succeeded(self) -> bool:
        """Whether it has ended without an error, and has not been stopped."""
        return self._process.returncode == 0

    def answer(
        self, question: bytes | None = None, most: int = GIT_ANSWER_BYTES, seconds: float | None = None
    ) -> bytes | None:
        """Return what git prints, `question` something to read; None where it takes too long or prints too much."""
        try:
            answer = b"".join(self.pieces(question, most, seconds))
        except TooLargeError:
            return None
        return None if self._repository in _silent else answer

    def pieces(
        self, question: bytes | None = None, most: int = GIT_ANSWER_BYTES, seconds: float | None = None
    ) -> Iterator[bytes]:
        """Yield what git prints, as far as it comes in time. Raises TooLargeError after so many bytes."""
        with self.watched(seconds), self._asked(question):
            while piece := os.read(self.output.fileno(), _PIECE):
                most -= len(piece)
                if most < 0:
                    raise TooLargeError
                yield piece
            self._process.wait()

    @contextmanager
    def watched(self, seconds: float | None = None) -> Iterator[None]:
        """End git afterwards, or meanwhile if it takes too long: there is nothing more to read then."""
        patience = _PATIENCE_SECONDS if seconds is None else seconds
        timer = threading.Timer(0 if self._repository in _silent else patience, self._give_up)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            self.stop()

    def stop(self) -> None:
        """End git if it still runs: its answer is not wanted any more."""
        self._kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._process.wait()

    @property
    def output(self) -> IO[bytes]:
        """What git prints."""
        if self._process.stdout is None:
            raise BrokenPipeError
        return self._process.stdout

    def ask(self, question: bytes) -> None:
        """Give git something to read. Raises BrokenPipeError if it has ended."""
        if self._process.stdin is None:
            raise BrokenPipeError
        self._process.stdin.write(question)
        self._process.stdin.flush()

    @contextmanager
    def _asked(self, question: bytes | None) -> Iterator[None]:
        """Give git something to read while its answer is read: one after the other, both sides would wait."""
        if question is None:
            yield
            return
        writer = threading.Thread(target=self._write, args=(question,))
        writer.start()
        try:
            yield
        finally:
            self._kill()
            writer.join()

    def _write(self, question: bytes) -> None:
        with suppress(OSError, ValueError):  # it may end before it has read all
            self.ask(question)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _give_up(self) -> None:
        _silent.add(self._repository)
        self._kill()

    def _kill(self) -> None:
        """Kill git, and what it may have started, which would keep its output open."""
        if self._process.poll() is not None:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def start_git(folder: str, *arguments: str, reads_input: bool = False) -> Git | None:
    """Start git at the root of the repository around a folder. Paths in `arguments` and questions are relative to it.

    In a folder below the root, git would prefer a bare repository that was committed there (`HEAD`, `objects`, `refs`).
    Returns None where there is no git, or no answer to be had.
    """
    repository = repository_root(folder) or os.path.realpath(folder)
    git = None if repository in _silent or _would_wait(repository) else _git_program()
    if git is None:
        return None
    environment = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_REPOSITORY}
    try:
        process = subprocess.Popen(  # noqa: S603 - git itself, not found in the repository, and nothing runs through a shell
            [git, "-C", repository, *_SAFE_SETTINGS, *arguments],
            stdin=subprocess.PIPE if reads_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, **_HARMLESS},
            process_group=None if sys.platform == "win32" else 0,
        )
    except OSError:
        return None
    return Git(process, repository)


def has_git() -> bool:
    """Tell whether there is a git to ask."""
    return _git_program() is not None


def _would_wait(repository: str) -> bool:
    """Tell whether git would wait for a file of a repository that is a pipe, a device or a socket."""
    for name in _OPENED:
        with suppress(OSError):
            mode = os.stat(os.path.join(repository, ".git", name)).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                return True
    return False


def _git_program() -> str | None:
    """Return git on PATH, never from a folder relative to where we are: that may be the repository's own."""
    name = "git.exe" if os.name == "nt" else "git"
    candidates = (os.path.join(folder, name) for folder in os.get_exec_path() if os.path.isabs(folder))
    return next((file for file in candidates if os.path.isfile(file) and os.access(file, os.X_OK)), None)
