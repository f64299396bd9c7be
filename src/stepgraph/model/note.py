"""Notes on workflows, problems with inputs, and bugs in this package."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from stepgraph.model.span import Span

# A test compares these labels with the rules.
_LABEL_OF_CODE: Final = {
    "canceled-step": "warning[SG213]",
    "collection-awaited": "error[SG117]",
    "collection-unconverted": "error[SG117]",
    "coroutine-reused": "error[SG117]",
    "coroutine-waited": "error[SG117]",
    "decorator-awaited": "error[SG117]",
    "decorator-misuse": "error[SG117]",
    "dependency-after-failure": "note[SG214]",
    "dependency-cycle": "error[SG107]",
    "dependency-runs-twice": "warning[SG209]",
    "depends-count": "error[SG102]",
    "depends-refused": "error[SG104]",
    "dynamic-config": "note[SG005]",
    "function-awaited": "error[SG117]",
    "missing-depends": "error[SG105]",
    "never-awaited": "warning[SG201]",
    "invalid-config": "error[SG108]",
    "run-parameters": "error[SG131]",
    "step-object-awaited": "error[SG117]",
    "step-object-called": "error[SG117]",
    "step-object-misused": "error[SG117]",
    "unknown-parameter": "error[SG101]",
    "value-awaited": "error[SG117]",
}
_INCOMPLETE: Final = "note[SG004]"
_WITHOUT_RULE: Final = "note"


class Note(Struct, frozen=True):
    """A remark on code whose behavior the graph of a workflow does not show completely."""

    code: str
    """A stable name, such as `unresolved-call` or `never-awaited`."""
    message: str
    """The cause."""
    advice: str
    """How to change the code."""
    span: Span
    """The location of the code."""
    incomplete: bool = True
    """Whether the graph may lack steps because of the code at `span`."""

    @property
    def label(self) -> str:
        """The severity and code of the finding that `stepgraph check` reports for the note: `error[SG101]`.

        It is `note` for a remark on the graph alone, which is not a finding.
        """
        return _LABEL_OF_CODE.get(self.code, _INCOMPLETE if self.incomplete else _WITHOUT_RULE)

    @property
    def labeled_text(self) -> str:
        """The note in the form of a printed finding: location, label, message and advice."""
        return f"{self.span}: {self.label}: {self.message} {self.advice}"

    def __str__(self) -> str:
        return _line(f"{self.span}: {self.message} {self.advice}")

    def __repr__(self) -> str:
        return f"<Note {self.code} at {_brief_line(str(self.span))}: {_brief_line(self.message)}>"


_LIMIT: Final = "limit-exceeded"


def missing_graph_reason(notes: Iterable[Note]) -> str:
    """Return the reason why a workflow with these notes has no graph, as a clause."""
    reason = "no step can run"
    for note in notes:
        if note.code == _LIMIT:
            return note.message.partition(": ")[2].rstrip(".")
        if note.incomplete:
            reason = "its steps cannot be resolved"
    return reason


class ProblemKind(StrEnum):
    """The cause of a problem."""

    UNREADABLE = "unreadable"
    """A file is missing, unreadable, or of the wrong type, or saved data is invalid."""
    SYNTAX = "syntax"
    """A file is not valid Python."""
    CONFIGURATION = "configuration"
    """A configuration is missing or invalid, or has an unexpected effect."""
    MISSING_CLASS = "missing-class"
    """A configuration names a workflow class that does not exist."""
    UNEXPORTED_CLASS = "unexported-class"
    """A configuration names a workflow class that the main module does not export."""
    NO_RUN = "no-run"
    """A class without a method `run` is configured, or has the code of a workflow."""
    UNRESOLVED_CLASS = "unresolved-class"
    """A configured class may be valid but cannot be resolved, or the search for classes exceeds a limit."""
    LIMIT = "limit-exceeded"
    """The analysis of a class exceeds a limit."""


class Problem(Struct, frozen=True):
    """An input that could not be read, is invalid, or may have an unexpected effect."""

    path: str
    """The file or directory as the user named it, or an environment variable."""
    message: str
    """The cause."""
    advice: str = ""
    """How to solve the problem."""
    line: int | None = None
    """The line, from 1, or None for a problem of the whole file."""
    column: int | None = None
    """The column, from 1, or None for a problem of the whole file."""
    kind: ProblemKind = ProblemKind.UNREADABLE
    """A stable name of the cause."""

    @staticmethod
    def in_configuration(path: str, message: str, advice: str = "", position: tuple[int, int] | None = None) -> Problem:
        """Return a problem of a configuration: at a line and column, or of the whole file."""
        line, column = (None, None) if position is None else position
        return Problem(path, message, advice, line, column, ProblemKind.CONFIGURATION)

    @property
    def location(self) -> str:
        """The location, `path:line:column` or the path alone."""
        return self.path if self.line is None else f"{self.path}:{self.line}:{self.column or 1}"

    def __str__(self) -> str:
        return _line(f"{self.location}: {self.message} {self.advice}")

    def __repr__(self) -> str:
        return f"<Problem {self.kind} at {_brief_line(self.location)}: {_brief_line(self.message)}>"


class InputError(Exception):
    """An input that could not be read or is invalid. Carries the `Problem` to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class InternalError(Exception):
    """The analysis of the file at `path` failed because of a bug in this package. The cause is chained."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the analysis of {path} failed")
        self.path = path


def _line(text: str) -> str:
    """Return text as one line that is safe in a terminal, a log, and the output of a test runner."""
    # Imported here for a fast start.
    from stepgraph.escaping.plain_text import log_line

    return log_line(text.rstrip())


def _brief_line(text: str) -> str:
    """Return text like `_line`, truncated."""
    from stepgraph.escaping.plain_text import brief_line

    return brief_line(text)
