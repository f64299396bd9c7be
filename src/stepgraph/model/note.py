"""What the analysis has to say besides the graph: notes on a workflow, problems with an input."""

from __future__ import annotations

from dataclasses import dataclass

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
        return f"{self.span}: {self.message} {self.advice}".rstrip()


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that could not be read: what, where, and what to do.

    `line` and `column` count from 1; they are None where the whole file is meant.
    """

    path: str
    message: str
    advice: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> str:
        """Where it is: `path:line:column`, or the path alone."""
        return self.path if self.line is None else f"{self.path}:{self.line}:{self.column or 1}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.advice}".rstrip()


class InputError(Exception):
    """An input that could not be read. Carries the `Problem` to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
