"""The end of a command that cannot go on."""

from __future__ import annotations

from stepgraph.cli.exit_code import ExitCode


class CommandError(Exception):
    """Ends the command with an exit code and a message of one line; none where all has been said."""

    def __init__(self, code: ExitCode, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
