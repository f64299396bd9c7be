"""The errors in logs: their text, comparison of two errors, and the exception types that the program receives."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from msgspec import Struct

from stepgraph.execution.log import LogEntry
from stepgraph.phrases import shortened

JAVASCRIPT_ERROR: Final = "JsException"
"""The type of an error from a step or wait whose original type is lost."""
NON_RETRYABLE: Final = "NonRetryableError"

_TRACEBACK: Final = "Traceback (most recent call last):"
_FILE: Final = 'File "'
_LINE: Final = '", line '
_FUNCTION: Final = ", in "
_NON_RETRYABLE_PREFIX: Final = "Step threw a NonRetryableError with message "
_UNHANDLED_NON_RETRYABLE: Final = "a step threw an NonRetryableError and it was not handled"
# The names under which errors of Python code arrive in a log without a traceback.
_WRAPPERS: Final = ("Error: ", "PythonError: ")
_MODULE: Final = "workers.workflows."
# As in the SDK, the last line of a traceback determines the type.
_PRESERVED: Final = ("TypeError", "ValueError")
_FROM_JAVASCRIPT: Final[Mapping[str, str]] = {"RangeError": "ValueError", "TypeError": "TypeError"}
_BASES: Final = frozenset({"Exception", "BaseException"})
_REJECTED_RESULT: Final = ('as the step "', '" returned ')
_MAX_LINE_DIGITS: Final = 7


class TracebackLine(Struct, frozen=True):
    """A location in a traceback."""

    path: str
    """The path of the file in the Worker: `/session/metadata/entry.py`."""
    line: int
    function: str
    """The name of the function, or an empty string."""
    source: str
    """The source line, or an empty string if the traceback lacks it."""


def summary_of(error: str) -> str:
    """Return an error without its Python traceback: `ValueError: no card`. May have several lines."""
    if _TRACEBACK not in error:
        return error.strip()
    lines = error.rstrip().splitlines()
    last_frame = max((number for number, line in enumerate(lines) if line.startswith("  ")), default=-1)
    return "\n".join(lines[last_frame + 1 :]).strip() or lines[-1].strip()


def error_line(error: str) -> str:
    """Return an error on one line, without its traceback, and cut to a legible length."""
    return shortened(" ".join(summary_of(error).split()))


def traceback_lines(error: str) -> tuple[TracebackLine, ...]:
    """Return the locations in the last traceback of an error, outermost first. Other errors have none."""
    lines = error.rpartition(_TRACEBACK)[2].splitlines() if _TRACEBACK in error else []
    locations = (_location(line, following) for line, following in pairwise([*lines, ""]))
    return tuple(location for location in locations if location is not None)


def _location(line: str, following: str) -> TracebackLine | None:
    """Return the location in a line of a traceback, which the source line follows, or None for any other line."""
    start, has_file, remainder = line.partition(_FILE)
    path, has_line, remainder = remainder.rpartition(_LINE)
    number, _, function = remainder.partition(_FUNCTION)
    is_number = number.isascii() and number.isdigit() and len(number) <= _MAX_LINE_DIGITS
    if start.strip() or not has_file or not has_line or not is_number:
        return None
    is_source = following.startswith("    ") and not following.strip().startswith(_FILE)
    return TracebackLine(path, int(number), function.strip(), following.strip() if is_source else "")


class InstanceError(Struct, frozen=True):
    """The error of an instance, prepared for the comparison with those of its entries."""

    text: str
    """The error without its traceback."""
    is_timeout: bool
    """Whether a step or wait timed out."""
    is_non_retryable: bool
    """Whether it is the engine's message for any unhandled NonRetryableError, without the text of the error."""
    rejected_result: str | None
    """The name of the step whose result the engine cannot store, or None if the error has another cause."""

    @classmethod
    def of(cls, error: str) -> InstanceError:
        """Return the error of a log."""
        return cls(
            summary_of(error),
            is_timeout(error),
            _UNHANDLED_NON_RETRYABLE in error,
            text_between(error, *_REJECTED_RESULT),
        )

    def is_of(self, entry: LogEntry) -> bool:
        """Return whether an entry failed with this error, so that it may have ended the instance."""
        if entry.outcome != "failed":
            return False
        if entry.kind != "step":
            return self.is_timeout and is_timeout(entry.error)
        return entry.name == self.rejected_result or self.is_same(entry.error)

    def is_same(self, inner: str) -> bool:
        """Return whether the error of a step may have become this error.

        On its way through the program, an error gains prefixes: `Error: WorkflowTimeoutError: Execution timed out`.
        """
        if not inner:
            return False
        if self.is_non_retryable:
            return is_non_retryable(inner)
        part = _original(summary_of(inner))
        return self.text == part or self.text.endswith(f": {part}")


def is_non_retryable(error: str) -> bool:
    """Return whether the error of an attempt prevented further attempts."""
    return _NON_RETRYABLE_PREFIX in error or summary_of(error).removeprefix(_MODULE).startswith(NON_RETRYABLE)


def is_timeout(error: str) -> bool:
    """Return whether the engine reports a timeout of an attempt or a wait."""
    return "WorkflowTimeoutError" in summary_of(error)


def _original(error: str) -> str:
    """Return the error that a step raised, without the engine's sentence around it."""
    _, is_wrapped, quoted_error = error.partition(_NON_RETRYABLE_PREFIX)
    return quoted_error.strip('"') if is_wrapped else error


def text_between(text: str, start: str, end: str) -> str | None:
    """Return the text between a prefix and a suffix, or None if one of these is missing."""
    _, has_start, remainder = text.partition(start)
    between, has_end, _ = remainder.rpartition(end)
    return between if has_start and has_end else None


def type_in_program(entry: LogEntry) -> str:
    """Return the exception type that the program receives for the failure of a step or wait.

    The SDK restores ValueError, TypeError and NonRetryableError, judging by the last line of the traceback. Waits are
    not converted.
    """
    if entry.kind != "step":
        return JAVASCRIPT_ERROR
    if is_non_retryable(entry.error):
        return NON_RETRYABLE
    if _TRACEBACK in entry.error:
        last_line = entry.error.rstrip().rsplit("\n", 1)[-1]
        return next((name for name in _PRESERVED if last_line.startswith(name)), JAVASCRIPT_ERROR)
    return _FROM_JAVASCRIPT.get(entry.error.partition(":")[0], JAVASCRIPT_ERROR)


def original_type(error: str) -> str:
    """Return the type that the code raised: `Declined`, or an empty string if the error does not name it."""
    text = _original(summary_of(error))
    for prefix in _WRAPPERS:
        text = text.removeprefix(prefix)
    name = text.partition(":")[0].strip().rpartition(".")[2]
    return name if name.isidentifier() else ""


def raised_type(statement: str) -> str:
    """Return the exception type that a `raise` statement names: `Declined` in `raise cards.Declined("no")`."""
    if not statement.startswith("raise "):
        return ""
    name = statement.removeprefix("raise ").partition("(")[0].partition(" ")[0].rpartition(".")[2]
    return name if name.isidentifier() else ""


def catches(clause: str, type_name: str) -> bool | None:
    """Return whether an `except` clause catches an exception type, or None if the clause does not determine it.

    `clause` is the clause or its types alone: `except (KeyError, ValueError) as error` or `KeyError`.
    """
    keyword, _, types = clause.partition(" ") if clause.startswith("except") else ("", "", clause)
    if keyword in ("except", "except*") and not types:
        return True
    types = types.partition(" as ")[0].strip().removeprefix("(").removesuffix(")")
    names = [name.strip().rpartition(".")[2] for name in types.split(",") if name.strip()]
    if any(name in _BASES or name == type_name for name in names):
        return True
    return False if names and all(name.isidentifier() and _is_class_name(name) for name in names) else None


def _is_class_name(name: str) -> bool:
    """Return whether a name is by convention the name of a class, and not of a constant with several classes."""
    return name[0].isupper() and not (name.isupper() and len(name) > 1)
