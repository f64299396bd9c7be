"""The options of `stepgraph diff`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import TYPE_CHECKING, TypeVar, cast

import click
from msgspec import Struct

from stepgraph.cli.console import Look, look_of_standard_output, write_message, write_result
from stepgraph.cli.formats import DIFF_FORMATS, Format, FormatOptions
from stepgraph.cli.options.drawing import THEME_HELP, THEMES
from stepgraph.cli.options.output import format_by_suffix

if TYPE_CHECKING:
    from stepgraph.render.view import Theme
    from stepgraph.report.diff.comparison import VersionComparison


R = TypeVar("R")

_FROM_HELP = "The old version is this revision (main, or main... for the merge base with HEAD), never a path."
_TO_HELP = "The new version is this revision, never a path."


class Revisions(Struct, frozen=True):
    """The revisions of --from and --to; None for options that were not used."""

    old: str | None
    new: str | None


def revision_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --from and --to to a command, as one argument `revisions`."""

    @click.option("--from", "old", metavar="REV", help=_FROM_HELP)
    @click.option("--to", "new", metavar="REV", help=_TO_HELP)
    @wraps(command)
    def with_revisions(*, old: str | None, new: str | None, **others: object) -> R:
        return command(revisions=Revisions(old, new), **others)

    return with_revisions


_FORMAT_HELP = "How to tell: by default what the name after -o ends with (.json, .md, .svg), else text."
_OUTPUT_HELP = "Write to FILE, which is replaced only if all goes well; - is standard output."
_QUIET_HELP = "No notes on standard error."


class DiffOutput(Struct, frozen=True):
    """The destination and format of a diff."""

    format: Format[VersionComparison]

    name: str | None
    """The output file; None for standard output."""

    quiet: bool
    theme: Theme

    def prepare(self, sources: Collection[str]) -> None:
        """Raise CommandError if the output file cannot or must not be written."""
        if self.name is not None:
            from stepgraph.cli.output_files import prepare_output

            prepare_output(self.name, sources)

    def deliver(self, report: VersionComparison, sources: Collection[str]) -> None:
        """Print the diff, or write it to its file and print a summary. Raises CommandError if writing fails."""
        if self.name is None:
            write_result(self._text(report, look_of_standard_output()))
            return
        from stepgraph.cli.output_files import prepare_output
        from stepgraph.report.diff.comparison import count_line

        prepare_output(self.name, sources).write(self._text(report, Look()))
        if not self.quiet:
            write_message(f"{self.name}: {count_line(report)}")

    def _text(self, report: VersionComparison, look: Look) -> str:
        return self.format.write(report, FormatOptions(look, theme=self.theme)).text


def diff_output_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options -f, -o, -q and --theme to a command, as one argument `output`."""

    @click.option("-f", "--format", "format_name", type=click.Choice(list(DIFF_FORMATS)), help=_FORMAT_HELP)
    @click.option("-o", "--output", "name", metavar="FILE", help=_OUTPUT_HELP)
    @click.option("--theme", type=click.Choice(THEMES), help=THEME_HELP)
    @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
    @wraps(command)
    def with_output(
        *, format_name: str | None, name: str | None, quiet: bool, theme: str | None, **others: object
    ) -> R:
        target = None if name == "-" else name
        selected = format_by_suffix(target, DIFF_FORMATS) if format_name is None else DIFF_FORMATS[format_name]
        if theme is not None and "--theme" not in selected.options:
            raise click.UsageError(f"--theme is of no use to the format {selected.name}, only to svg. Leave it out.")
        drawing_theme = cast("Theme", theme or THEMES[0])
        return command(output=DiffOutput(selected, target, quiet, drawing_theme), **others)

    return with_output
