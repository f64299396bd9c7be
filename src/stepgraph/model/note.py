"""What the analysis has to say besides the graph: notes on a workflow, problems with an input."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from stepgraph.model.span import Span


@dataclass(frozen=True, slots=True)
class Note:
    """Something in a workflow that its graph does not show, or shows only in part.

    `code` is a stable name (`unresolved-call`, `never-awaited`, ...), `message` says what and why, `advice` what
    to do. `incomplete` tells whether the graph may lack steps because of it.
    """

    code: str
    message: str
    advice: str
    span: Span
    incomplete: bool = True

    def __str__(self) -> str:
        return _line(f"{self.span}: {self.message} {self.advice}")


class ProblemKind(StrEnum):
    """What is wrong with an input."""

    UNREADABLE = "unreadable"
    """It is not there, may not be read, or is not what it should be."""
    SYNTAX = "syntax"
    """It is no valid Python."""
    CONFIGURATION = "configuration"
    """A configuration says what it cannot say."""
    MISSING_CLASS = "missing-class"
    """A configuration names a workflow class that is not there."""
    UNEXPORTED_CLASS = "unexported-class"
    """It names one that is there, and that the runtime does not find."""
    NO_RUN = "no-run"
    """It names one without a method `run`."""
    UNRESOLVED_CLASS = "unresolved-class"
    """It names one that may be right, but that cannot be followed."""
    LIMIT = "limit-exceeded"
    """A class takes more work than an analysis may do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that could not be read: what, where, and what to do.

    `line` and `column` count from 1; they are None where the whole file is meant. `kind` is a stable name of what is
    wrong.
    """

    path: str
    message: str
    advice: str = ""
    line: int | None = None
    column: int | None = None
    kind: ProblemKind = field(default=ProblemKind.UNREADABLE, kw_only=True)

    @property
    def place(self) -> str:
        """Where it is: `path:line:column`, or the path alone."""
        return self.path if self.line is None else f"{self.path}:{self.line}:{self.column or 1}"

    def __str__(self) -> str:
        return _line(f"{self.place}: {self.message} {self.advice}")


class InputError(Exception):
    """An input that could not be read. Carries the `Problem` to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _line(text: str) -> str:
    """Return text as one line for people, wherever it is printed: on a terminal, in a log, or by a test runner."""
    # Imported here for start-up.
    from stepgraph.escaping.log_lines import log_line

    return log_line(text.rstrip())
