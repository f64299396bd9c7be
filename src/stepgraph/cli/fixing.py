"""`--fix`: the difference that it makes, and making it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import click

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.project.sources import STANDARD_INPUT_NAME

if TYPE_CHECKING:
    from stepgraph.checks.finding import Finding
    from stepgraph.checks.fixes import FixedFile
    from stepgraph.project.root import Root

R = TypeVar("R")

_FIX_HELP = "Show, instead of a report in text, a diff that corrects what can be corrected in one way only."
_WRITE_HELP = "With --fix: change the files instead, and report what is left."
_WITHOUT_NEWLINE = "\\ No newline at end of file\n"


class Fixing(Enum):
    """What is done about findings that have one right answer, besides reporting them."""

    NOTHING = "nothing"
    SHOW = "show"
    WRITE = "write"


def fix_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options --fix and --write, as one argument `fixing`."""

    @click.option("--fix", is_flag=True, help=_FIX_HELP)
    @click.option("--write", is_flag=True, help=_WRITE_HELP)
    @wraps(command)
    def with_fixing(*, fix: bool, write: bool, **others: object) -> R:
        if write and not fix:
            raise click.UsageError("--write changes what --fix shows, and needs it.")
        fixing = Fixing.NOTHING if not fix else Fixing.WRITE if write else Fixing.SHOW
        return command(fixing=fixing, **others)

    return with_fixing


def fixable(findings: Iterable[Finding]) -> tuple[FixedFile, ...]:
    """Return the files that change if those findings are put right that have one right answer."""
    # Imported here, as what is used below, for start-up.
    from stepgraph.checks.fixes import fixed_files
    from stepgraph.syntax.deep import run_deep

    return run_deep(lambda: fixed_files(findings))


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


def write_fixes(files: Sequence[FixedFile], roots: Collection[Root]) -> None:
    """Write the files as they are to be, each whole or not at all. Raises CommandError where one cannot be written.

    Nothing is written outside of the roots, nor over a file that is not any more as it was read. Raises InputError if
    one cannot be read again.
    """
    from stepgraph.cli.output_file import OutputFile, failure
    from stepgraph.project.reading import read_named
    from stepgraph.project.writing import WriteError, source_target

    if any(file.path == STANDARD_INPUT_NAME for file in files):
        raise CommandError(ExitCode.ERROR, "standard input cannot be changed. Leave out --write to see the difference.")
    try:
        outputs = [OutputFile(source_target(file.path, roots)) for file in files]
    except WriteError as error:
        raise failure(error) from None
    for output, file in zip(outputs, files, strict=True):
        if read_named(output.target.path) != file.before:
            raise CommandError(ExitCode.ERROR, f"{file.path} has changed since it was read. Run the command again.")
    for output, file in zip(outputs, files, strict=True):
        output.write_bytes(file.after)


def told(files: Sequence[FixedFile], *, written: bool) -> str:
    """Return in a line how much is, or can be, corrected."""
    from stepgraph.phrases.durations import counted

    findings = sum(len(file.findings) for file in files)
    if not findings:
        return "nothing that was found can be corrected automatically"
    what = f"{counted(findings, 'finding')} in {counted(len(files), 'file')}"
    return f"corrected {what}" if written else f"--write corrects {what}"
