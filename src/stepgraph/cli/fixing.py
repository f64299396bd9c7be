"""The options --fix and --write: patches with the fixes of findings, and applying them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import click

from stepgraph.cli.console import encode, write_bytes, write_message
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.project.sources import STANDARD_INPUT_NAME

if TYPE_CHECKING:
    from stepgraph.checks.finding import Finding
    from stepgraph.checks.fixes import FixedFile
    from stepgraph.project.root import Root

R = TypeVar("R")

_FIX_HELP = "Show, instead of a report in text, a diff that corrects what can be corrected in one way only."
_WRITE_HELP = "With --fix: change the files instead, and report what is left."
_WITHOUT_NEWLINE = "\\ No newline at end of file\n"
# Maps each byte to one character, so a diff of such texts is a diff of bytes.
_BYTE_ENCODING = "latin-1"
_LINE_FEED = "\n"
# CI services set one of these variables.
_CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
_READABLE_PATCH_NOTE = (
    "this patch is for reading, as characters in it are spelled out. `--write` changes the files, and `-o FILE` writes"
    " the patch that `git apply` takes."
)


class Fixing(Enum):
    """The treatment of fixes: ignore them, show a patch, or write files."""

    NOTHING = "nothing"
    SHOW = "show"
    WRITE = "write"


def fix_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --fix and --write to a command, as one argument `fixing`."""

    @click.option("--fix", is_flag=True, help=_FIX_HELP)
    @click.option("--write", is_flag=True, help=_WRITE_HELP)
    @wraps(command)
    def with_fixing(*, fix: bool, write: bool, **others: object) -> R:
        if write and not fix:
            raise click.UsageError("--write changes what --fix shows, and needs it.")
        fixing = Fixing.NOTHING if not fix else Fixing.WRITE if write else Fixing.SHOW
        return command(fixing=fixing, **others)

    return with_fixing


def compute_fixes(findings: Iterable[Finding]) -> tuple[FixedFile, ...]:
    """Return the files that the fixes of findings change."""
    # Imported here and below because most checks fix nothing, and start-up time counts.
    from stepgraph.checks.fixes import fixed_files
    from stepgraph.large_stack import run_with_large_stack

    return run_with_large_stack(lambda: fixed_files(findings))


def show_fixes(files: Sequence[FixedFile], output: str | None, sources: Collection[str]) -> None:
    """Write the fixes as a patch to the file `output`, or to standard output.

    Files and pipes get a patch for `git apply` and `patch -p1`. On terminals and in logs, control characters are
    escaped. Raises CommandError if writing fails, or if `output` is one of the `sources`.
    """
    exact = patch(files)
    if output is not None:
        from stepgraph.cli.output_files import prepare_output

        prepare_output(output, sources).write_content(exact)
        return
    readable = encode(readable_patch(files)) if _is_for_people() else exact
    if readable != exact:
        write_message(_READABLE_PATCH_NOTE)
    write_bytes(readable)


def patch(files: Sequence[FixedFile]) -> bytes:
    """Return the changes of all files as a unified diff, in the encodings of the files."""
    return b"".join(_file_header(file).encode() + "".join(_hunks(file)).encode(_BYTE_ENCODING) for file in files)


def readable_patch(files: Sequence[FixedFile]) -> str:
    """Return the changes of all files as a unified diff with control characters escaped."""
    from stepgraph.escaping.plain_text import readable_patch_line

    lines = (line for file in files for line in _decoded_lines(file))
    return "".join(f"{readable_patch_line(line.removesuffix(_LINE_FEED))}\n" for line in lines)


def _is_for_people() -> bool:
    """Return whether standard output is a terminal or the log of a CI job."""
    return (sys.stdout is not None and sys.stdout.isatty()) or any(map(os.environ.get, _CI_VARIABLES))


def _file_header(file: FixedFile) -> str:
    from stepgraph.escaping.file_names import patch_name

    name = file.path.removeprefix("./").removeprefix("/")
    return f"--- {patch_name(f'a/{name}')}\n+++ {patch_name(f'b/{name}')}\n"


def _hunks(file: FixedFile) -> Iterator[str]:
    """Yield the lines of a file's changes, with one character per byte."""
    from stepgraph.cli.line_diff import hunks

    for line in hunks(_lines(file.before), _lines(file.after)):
        if line.endswith(_LINE_FEED):
            yield line
        else:
            yield f"{line}\n"
            yield _WITHOUT_NEWLINE


def _decoded_lines(file: FixedFile) -> Iterator[str]:
    yield from _file_header(file).splitlines(keepends=True)
    # `utf-8` shows a byte order mark, too.
    encoding = "utf-8" if file.encoding.startswith("utf-8") else file.encoding
    for line in _hunks(file):
        yield line.encode(_BYTE_ENCODING).decode(encoding, "replace")


def _lines(content: bytes) -> list[str]:
    """Return the lines of a content with their ends. Only line feeds end lines, as in patches."""
    parts = content.decode(_BYTE_ENCODING).split(_LINE_FEED)
    complete_lines = [f"{part}\n" for part in parts[:-1]]
    return [*complete_lines, parts[-1]] if parts[-1] else complete_lines


def write_fixes(files: Sequence[FixedFile], roots: Collection[Root]) -> None:
    """Write the fixed files, each atomically.

    Nothing is written outside of the roots. Raises CommandError if a file cannot be written or has changed since the
    analysis, and InputError if it cannot be read.
    """
    from stepgraph.cli.output_files import OutputFile, command_error
    from stepgraph.project.reading import read_named
    from stepgraph.project.writing import WriteError, source_target

    if any(file.path == STANDARD_INPUT_NAME for file in files):
        raise CommandError(ExitCode.ERROR, "standard input cannot be changed. Leave out --write to see the difference.")
    try:
        outputs = [OutputFile(source_target(file.path, roots)) for file in files]
    except WriteError as error:
        raise command_error(error) from None
    for output, file in zip(outputs, files, strict=True):
        if read_named(output.target.path) != file.before:
            raise CommandError(ExitCode.ERROR, f"{file.path} has changed since it was read. Run the command again.")
    for output, file in zip(outputs, files, strict=True):
        output.write_content(file.after)


def fix_summary(files: Sequence[FixedFile], *, written: bool) -> str:
    """Return a one-line summary of the fixes."""
    from stepgraph.phrases import counted

    findings = sum(len(file.findings) for file in files)
    if not findings:
        return "nothing that was found can be corrected automatically"
    counts = f"{counted(findings, 'finding')} in {counted(len(files), 'file')}"
    return f"corrected {counts}" if written else f"--write corrects {counts}"
