"""Errors and warnings of tests, and parts of their messages.

The messages are escaped, because test runners print them unchanged.
"""

from __future__ import annotations

from pathlib import Path

from stepgraph.escaping.plain_text import log_line, log_lines


class _OneLineError(Exception):
    """An error whose message is escaped as one line of a log, because it contains names from the source."""

    def __init__(self, message: str) -> None:
        super().__init__(log_line(message))


class _LinesError(Exception):
    """An error whose message is escaped as lines of a log, because it contains names from the source."""

    def __init__(self, message: str) -> None:
        super().__init__(log_lines(message))


class StepNotFoundError(_OneLineError, LookupError):
    """No step has the name, or the setting does not apply to steps of its kind."""


class AmbiguousStepError(_OneLineError, LookupError):
    """Several steps have the name, and their settings differ."""


class LogMismatchError(_OneLineError, ValueError):
    """The log of an instance does not fit the graph."""


class WorkflowNotFoundError(_OneLineError, LookupError):
    """No workflow has the name."""


class AmbiguousWorkflowError(_OneLineError, LookupError):
    """Several workflows match the arguments."""


class NoGraphError(_LinesError, ValueError):
    """The workflow has no graph, because no step can run or the analysis exceeds a limit."""


class IncompleteGraphWarning(_LinesError, UserWarning):
    """The graph of a test is incomplete: steps that it lacks may run."""


class UnusedSnapshotWarning(_OneLineError, UserWarning):
    """An unused snapshot cannot be removed."""


def shown_path(path: Path) -> str:
    """Return a path inside the working directory relative to it, and any other path unchanged."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
