"""Exit codes, and the exception that ends a command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes. If several apply, the highest one except `NOTHING` is used."""

    CLEAN = 0
    FINDINGS = 1
    """A selected workflow has no graph, a check failed, or a file is out of date."""
    ERROR = 2
    """A usage error, or an unreadable input or configuration."""
    NOTHING = 3
    """No workflow was found."""
    DEFECT = 4
    """A defect of this package."""
    INTERRUPTED = 130
    """Interrupted with Ctrl-C. The code follows the convention of shells."""


class CommandError(Exception):
    """Ends the command with an exit code and a one-line message. An empty message is not printed."""

    def __init__(self, code: ExitCode, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
