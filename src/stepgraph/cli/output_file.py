"""The file that `-o` names: written whole or not at all, and never over a source."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.streams import encode
from stepgraph.project.writing import Target, WriteError, target_of


class OutputFile(Struct, frozen=True):
    """A file to write. What fails ends the command."""

    target: Target

    @property
    def name(self) -> str:
        """How it was named."""
        return self.target.name

    def write(self, text: str) -> None:
        """Write the file as UTF-8. Raises as `write_content`."""
        self.write_content(encode(text))

    def write_content(self, content: bytes) -> None:
        """Write the file. Raises CommandError if that fails; what was there before is then untouched."""
        try:
            self.target.write(content)
        except WriteError as error:
            raise failure(error) from None


def prepare_output(name: str, sources: Iterable[str]) -> OutputFile:
    """Return the file to write, before there is anything to write.

    Raises CommandError if it must not be written, such as one of the `sources`, or evidently cannot be.
    """
    try:
        return OutputFile(target_of(name, sources))
    except WriteError as error:
        raise failure(error) from None


def failure(error: WriteError) -> CommandError:
    """Return the end of a command that cannot write."""
    return CommandError(ExitCode.ERROR, str(error))


def refusal(name: str, message: str) -> CommandError:
    """Return the end of a command that cannot write, or read, the file or folder of that name."""
    return failure(WriteError(name, message))
