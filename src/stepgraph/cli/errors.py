"""Exit codes, and the exception that ends a command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a run ended. Where several apply, the highest but `NOTHING` does: an input that failed may be why."""

    CLEAN = 0
    FINDINGS = 1
    """A workflow that was asked for has no graph, a check found what fails it, or a file is out of date."""
    ERROR = 2
    """A wrong use of the command, or an input or configuration that could not be read."""
    NOTHING = 3
    """There was nothing to analyse."""
    DEFECT = 4
    """An error of this package."""
    INTERRUPTED = 130
    """Ended from the keyboard; the code that shells expect for it."""


class CommandError(Exception):
    """Ends the command with an exit code and a message of one line; none where all has been said."""

    def __init__(self, code: ExitCode, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
