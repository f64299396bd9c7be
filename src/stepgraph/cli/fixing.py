"""`--fix`: the difference that it makes, and making it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stepgraph.checks.fixes import FixedFile
from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.output_file import prepare_output
from stepgraph.project.reading import read_bytes

_WITHOUT_NEWLINE = "\\ No newline at end of file\n"


def difference(files: Sequence[FixedFile]) -> str:
    """Return the changes of all files as a unified diff, as `git apply` and `patch -p1` take it."""
    return "".join(line for file in files for line in _difference(file))


def _difference(file: FixedFile) -> Iterator[str]:
    from difflib import unified_diff

    before, after = _lines(file.before, file.encoding), _lines(file.after, file.encoding)
    name = file.path.removeprefix("./").removeprefix("/")
    for line in unified_diff(before, after, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n{_WITHOUT_NEWLINE}"


def _lines(content: bytes, encoding: str) -> list[str]:
    """Return the lines of a text with their ends; only a line feed ends one, as patches count them."""
    parts = content.decode(encoding).split("\n")
    ended = [f"{part}\n" for part in parts[:-1]]
    return [*ended, parts[-1]] if parts[-1] else ended


def write_fixes(files: Sequence[FixedFile]) -> None:
    """Write the files as they are to be, each whole or not at all. Raises CommandError where one cannot be written.

    A file that is not any more as it was read is not written over. Raises InputError if it cannot be read again.
    """
    outputs = [prepare_output(file.path, ()) for file in files]
    for file in files:
        if read_bytes(file.path) != file.before:
            raise CommandError(ExitCode.ERROR, f"{file.path} has changed since it was read. Run the command again.")
    for output, file in zip(outputs, files, strict=True):
        output.write_bytes(file.after)
