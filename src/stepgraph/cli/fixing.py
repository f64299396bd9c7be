"""`--fix`: the difference that it makes, and making it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import click

from stepgraph.cli.console import encode, tell, write_bytes
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
# Has a character for each byte, so that a diff of texts is one of bytes.
_BYTES = "latin-1"
_LINE_FEED = "\n"
# One of these is set where standard output ends in the log of a CI job.
_RUNNERS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
_FOR_READING = (
    "this patch is for reading, as characters in it are spelled out. `--write` changes the files, and `-o FILE` writes"
    " the patch that `git apply` takes."
)


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
    from stepgraph.large_stack import run_with_large_stack

    return run_with_large_stack(lambda: fixed_files(findings))


def show_fixes(files: Sequence[FixedFile], output: str | None, sources: Collection[str]) -> None:
    """Write the changes as a patch: to the file named `output`, which is none of the `sources`, or to standard output.

    A file or pipe is given the patch that `git apply` and `patch -p1` take. On a terminal or in a log, in which
    characters of the files would act, these are spelled out. Raises CommandError if it cannot be written.
    """
    exact = patch(files)
    if output is not None:
        from stepgraph.cli.output_files import prepare_output

        prepare_output(output, sources).write_content(exact)
        return
    readable = encode(readable_patch(files)) if _is_read() else exact
    if readable != exact:
        tell(_FOR_READING)
    write_bytes(readable)


def patch(files: Sequence[FixedFile]) -> bytes:
    """Return the changes of all files as a unified diff, in the bytes of the files."""
    return b"".join(_head(file).encode() + "".join(_hunks(file)).encode(_BYTES) for file in files)


def readable_patch(files: Sequence[FixedFile]) -> str:
    """Return the changes as a patch for reading: what would act on a terminal or in a log is spelled out."""
    from stepgraph.escaping.patches import readable_patch_line

    lines = (line for file in files for line in _decoded(file))
    return "".join(f"{readable_patch_line(line.removesuffix(_LINE_FEED))}\n" for line in lines)


def _is_read() -> bool:
    """Return whether standard output is a terminal or the log of a CI job."""
    return (sys.stdout is not None and sys.stdout.isatty()) or any(map(os.environ.get, _RUNNERS))


def _head(file: FixedFile) -> str:
    from stepgraph.escaping.patches import patch_name

    name = file.path.removeprefix("./").removeprefix("/")
    return f"--- {patch_name(f'a/{name}')}\n+++ {patch_name(f'b/{name}')}\n"


def _hunks(file: FixedFile) -> Iterator[str]:
    """Yield the lines of a file's changes, a character for each byte."""
    from stepgraph.cli.line_diff import hunks

    for line in hunks(_lines(file.before), _lines(file.after)):
        if line.endswith(_LINE_FEED):
            yield line
        else:
            yield f"{line}\n"
            yield _WITHOUT_NEWLINE


def _decoded(file: FixedFile) -> Iterator[str]:
    yield from _head(file).splitlines(keepends=True)
    # A mark of the byte order is shown as well.
    encoding = "utf-8" if file.encoding.startswith("utf-8") else file.encoding
    for line in _hunks(file):
        yield line.encode(_BYTES).decode(encoding, "replace")


def _lines(content: bytes) -> list[str]:
    """Return the lines of a text with their ends; only a line feed ends one, as patches count them."""
    parts = content.decode(_BYTES).split(_LINE_FEED)
    ended = [f"{part}\n" for part in parts[:-1]]
    return [*ended, parts[-1]] if parts[-1] else ended


def write_fixes(files: Sequence[FixedFile], roots: Collection[Root]) -> None:
    """Write the files as they are to be, each whole or not at all. Raises CommandError where one cannot be written.

    Nothing is written outside of the roots, nor over a file that is not any more as it was read. Raises InputError if
    one cannot be read again.
    """
    from stepgraph.cli.output_files import OutputFile, failure
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
        output.write_content(file.after)


def told(files: Sequence[FixedFile], *, written: bool) -> str:
    """Return in a line how much is, or can be, corrected."""
    from stepgraph.phrases.durations import counted

    findings = sum(len(file.findings) for file in files)
    if not findings:
        return "nothing that was found can be corrected automatically"
    what = f"{counted(findings, 'finding')} in {counted(len(files), 'file')}"
    return f"corrected {what}" if written else f"--write corrects {what}"
