"""Exit codes, standard output and error, the terminal, and reports of errors. Output is UTF-8 in any locale."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable, Iterator
from enum import IntEnum
from types import TracebackType
from typing import Final, Self, TextIO

import click
from msgspec import Struct, field

from stepgraph.model.note import InputError, InternalError, Problem


class ExitCode(IntEnum):
    """The exit codes. If several apply, the highest one except `NOTHING` is used."""

    CLEAN = 0
    FINDINGS = 1
    """A selected workflow has no graph, a check failed, or a file is out of date."""
    ERROR = 2
    """A usage error, or an unreadable or invalid input."""
    NOTHING = 3
    """No workflow was found."""
    INTERNAL_ERROR = 4
    """Internal error: a bug in this package."""
    INTERRUPTED = 130
    """Interrupted with Ctrl-C. The code follows the convention of shells."""


class CommandError(Exception):
    """Ends the command with an exit code and a one-line message. An empty message is not printed."""

    def __init__(self, code: ExitCode, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class WrittenOutput(Struct):
    """The results and messages that a run has written so far."""

    parts: list[tuple[bool, bytes]] = field(default_factory=list)
    """The parts in the order of writing: whether a part consists of messages, and its bytes."""

    def add(self, content: bytes, *, are_messages: bool) -> None:
        """Add results, or messages."""
        if self.parts and self.parts[-1][0] == are_messages:
            content = self.parts.pop()[1] + content
        self.parts.append((are_messages, content))


written: WrittenOutput | None = None
"""The output of this run, or None if it is not recorded."""


def encode(text: str) -> bytes:
    r"""Encode text as UTF-8. Lone surrogates become escapes such as `\udc80`, as in JSON."""
    return text.encode("utf-8", "backslashreplace")


def write_result(text: str) -> None:
    """Write a result to standard output. Raises CommandError like `write_bytes`."""
    write_bytes(encode(text))


def write_bytes(content: bytes) -> None:
    """Write bytes to standard output. A closed pipe is ignored. Raises CommandError for other failures."""
    # `sys.stdout` is None if the process was started with standard output closed.
    if sys.stdout is None:
        raise CommandError(ExitCode.ERROR, "standard output is closed.")
    if written is not None:
        written.add(content, are_messages=False)
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        _discard_buffer()
        if not _is_closed_pipe(error):
            raise CommandError(ExitCode.ERROR, _output_problem(error)) from None


def _output_problem(error: OSError) -> str:
    # Imported here because only errors need it.
    from stepgraph.phrases import system_reason

    return f"standard output cannot be written: {system_reason(error)}."


def writes_to_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


_MAX_FILES_OF_CAUSE: Final = 10
"""The maximum number of files that are listed if all have the same problem."""


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield a line for each problem. Problems of many whole files with one cause are counted in one line at the end."""
    files_by_cause: dict[str, int] = {}
    for problem in problems:
        cause = f"{problem.message} {problem.advice}" if problem.line is None else ""
        files_by_cause[cause] = number = files_by_cause.get(cause, 0) + 1
        if not cause or number <= _MAX_FILES_OF_CAUSE:
            yield str(problem)
    for cause, number in files_by_cause.items():
        if cause and number > _MAX_FILES_OF_CAUSE:
            yield f"{number - _MAX_FILES_OF_CAUSE} more files: {cause.rstrip()}"


def write_message(message: str) -> None:
    """Write one line to standard error, with control characters and CI commands escaped."""
    from stepgraph.escaping.plain_text import log_line

    if sys.stderr is None:
        return
    line = encode(log_line(message) + "\n")
    if written is not None:
        written.add(line, are_messages=True)
    try:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
    except OSError:
        return  # standard error was closed


def _is_closed_pipe(error: OSError) -> bool:
    # Windows reports a closed pipe as an invalid argument.
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def _discard_buffer() -> None:
    """Redirect standard output to the null device. Otherwise Python writes the buffer again at exit."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)


# Windows Terminal, ConEmu, ANSICON and Unix shells set one of these variables.
_MODERN_CONSOLES: Final = frozenset({"WT_SESSION", "ConEmuANSI", "ANSICON", "TERM"})


class Look(Struct, frozen=True):
    """The color and width of text output."""

    color: bool = False
    width: int | None = None
    """The number of columns, or None for no limit."""


COLORS: Final = ("auto", "always", "never")
"""The values of --color."""
_COLOR_KEY: Final = "stepgraph.color"


def choose_color(context: click.Context, _option: click.Parameter, value: str) -> None:
    """Store the value of --color for `look_of_standard_output`."""
    context.meta[_COLOR_KEY] = value


def look_of_standard_output() -> Look:
    """Return the look of standard output. Files and pipes have no width and, by default, no color.

    `--color` overrides `NO_COLOR`, which overrides `FORCE_COLOR` and `CLICOLOR_FORCE`.
    """
    is_terminal = writes_to_terminal()
    context = click.get_current_context(silent=True)
    choice = "auto" if context is None else context.meta.get(_COLOR_KEY, "auto")
    color = _is_colored(is_terminal=is_terminal) if choice == "auto" else choice == "always"
    return Look(color, _columns() if is_terminal else None)


def _is_colored(*, is_terminal: bool) -> bool:
    """Return whether output is colored by default. Windows consoles without escape codes have no color."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    supports_color = sys.platform != "win32" or not _MODERN_CONSOLES.isdisjoint(os.environ)
    return is_terminal and os.environ.get("TERM") != "dumb" and supports_color


def _columns() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


_DELAY_SECONDS: Final = 1.0
_ERASE_LINE: Final = "\r\x1b[K"


class ProgressLine:
    """A progress line on standard error, if it is a terminal. It appears after a second and is erased at the end."""

    def __init__(self, modules: int) -> None:
        self._modules = modules
        self._count = 0
        self._start_time = time.monotonic()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            _write(_ERASE_LINE)

    def show(self, path: str) -> None:
        """Count a module, and show its path."""
        self._count += 1
        if time.monotonic() - self._start_time < _DELAY_SECONDS or not is_terminal(sys.stderr):
            return
        from stepgraph.escaping.plain_text import log_line

        self._shown = True
        _write(f"{_ERASE_LINE}stepgraph: {self._count} of {max(self._modules, self._count)}: {log_line(path)}")


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a standard stream is a terminal with escape codes."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    try:
        sys.stderr.buffer.write(encode(text))
        sys.stderr.buffer.flush()
    except OSError:
        return  # the terminal was closed


_DEBUG: Final = "STEPGRAPH_DEBUG"
_DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def report_error(error: Exception) -> ExitCode:
    """Write the message for an exception to standard error, and return its exit code."""
    if isinstance(error, CommandError):
        if error.message:
            write_message(f"stepgraph: {error.message}")
        return error.code
    if isinstance(error, InputError):
        write_message(str(error.problem))
        return ExitCode.ERROR
    if isinstance(error, click.ClickException):
        # Imported here because most runs have no usage error.
        from stepgraph.cli.usage_errors import usage_message

        write_message(usage_message(error))
        return ExitCode.ERROR
    cause = _external_cause(error)
    if cause is not None:
        write_message(f"stepgraph: {cause}")
        return ExitCode.ERROR
    _write_internal_error(error)
    return ExitCode.INTERNAL_ERROR


def _external_cause(error: Exception) -> str | None:
    """Return the message for an error of the environment, or None for a bug in this package."""
    cause = _cause(error)
    if isinstance(cause, MemoryError):
        return "not enough memory. Analyze fewer files at once, or raise the memory limit (`ulimit -v`)."
    if isinstance(cause, FileNotFoundError) and not _has_working_directory():
        return "the current directory no longer exists. Change to another one."
    # Only click's help can fail here: `write_bytes` converts the errors of results.
    if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS and cause.filename is None:
        return _output_problem(cause)
    return None


def _cause(error: Exception) -> BaseException:
    return error.__cause__ if isinstance(error, InternalError) and error.__cause__ is not None else error


def _has_working_directory() -> bool:
    from pathlib import Path

    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _write_internal_error(error: Exception) -> None:
    """Write the error and its location to standard error, and with STEPGRAPH_DEBUG=1 the traceback."""
    cause = _cause(error)
    location = f" while analyzing {error.path}" if isinstance(error, InternalError) else ""
    description = f"{type(cause).__name__}: {cause}".rstrip(": ")
    advice = f"Please report it, with the file if possible. Set {_DEBUG}=1 to see the traceback."
    write_message(f"stepgraph: internal error{location}: {description}. {advice}")
    if os.environ.get(_DEBUG) == "1" and sys.stderr is not None:
        _write_traceback(error)


def _write_traceback(error: Exception) -> None:
    import traceback

    from stepgraph.escaping.plain_text import log_lines

    sys.stderr.buffer.write(encode(log_lines("".join(traceback.format_exception(error)))))
    sys.stderr.buffer.flush()
