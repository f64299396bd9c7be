"""In what format a diff is told, and where to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar, cast

import click
from msgspec import Struct

from stepgraph.cli.drawing_options import THEME_HELP, THEMES
from stepgraph.cli.output_options import by_suffix
from stepgraph.cli.streams import tell, write_result
from stepgraph.cli.terminal import Look, look_of_standard_output

if TYPE_CHECKING:
    from stepgraph.render.view import Theme
    from stepgraph.report.diff.report import VersionComparison

R = TypeVar("R")

_FORMAT_HELP = "How to tell: by default what the name after -o ends with (.json, .md, .svg), else text."
_OUTPUT_HELP = "Write to FILE, which is replaced only if all goes well; - is standard output."
_QUIET_HELP = "No notes on standard error."


class DiffFormat(Struct, frozen=True):
    """A format: its name, the end of the names of files in it, and what writes a diff in it, in a look and a theme."""

    name: str
    suffix: str
    write: Callable[[VersionComparison, Look, Theme], str]


# Each import below is made by the format that needs it, for start-up.


def _text(report: VersionComparison, look: Look, _theme: Theme) -> str:
    from stepgraph.report.diff.text import render_text

    return render_text(report, colour=look.colour)


def _markdown(report: VersionComparison, _look: Look, _theme: Theme) -> str:
    from stepgraph.report.diff.markdown import render_markdown

    return render_markdown(report)


def _json(report: VersionComparison, _look: Look, _theme: Theme) -> str:
    from stepgraph.report.diff.json_report import render_json

    return render_json(report)


def _svg(report: VersionComparison, _look: Look, theme: Theme) -> str:
    from stepgraph.report.diff.svg import render_svg

    return render_svg(report, theme).text


_ALL: Final = (
    DiffFormat("text", ".txt", _text),
    DiffFormat("markdown", ".md", _markdown),
    DiffFormat("json", ".json", _json),
    DiffFormat("svg", ".svg", _svg),
)

DIFF_FORMATS: Final = {form.name: form for form in _ALL}


class DiffOutput(Struct, frozen=True):
    """How a diff is told, and to the file of which name, None for standard output."""

    form: DiffFormat
    name: str | None
    quiet: bool
    theme: Theme

    def prepare(self, sources: Collection[str]) -> None:
        """Raise CommandError, before there is anything to write, if it must not be written or evidently cannot be."""
        if self.name is not None:
            from stepgraph.cli.output_file import prepare_output

            prepare_output(self.name, sources)

    def deliver(self, report: VersionComparison, sources: Collection[str]) -> None:
        """Print the diff, or write it to its file and tell what it comes to. Raises CommandError if that fails."""
        if self.name is None:
            write_result(self.form.write(report, look_of_standard_output(), self.theme))
            return
        from stepgraph.cli.output_file import prepare_output
        from stepgraph.report.diff.report import count_line

        prepare_output(self.name, sources).write(self.form.write(report, Look(), self.theme))
        if not self.quiet:
            tell(f"{self.name}: {count_line(report)}")


def diff_output_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options -f, -o, -q and --theme, as one argument `output`."""

    @click.option("-f", "--format", "form", type=click.Choice(list(DIFF_FORMATS)), help=_FORMAT_HELP)
    @click.option("-o", "--output", "name", metavar="FILE", help=_OUTPUT_HELP)
    @click.option("--theme", type=click.Choice(THEMES), help=THEME_HELP)
    @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
    @wraps(command)
    def with_output(*, form: str | None, name: str | None, quiet: bool, theme: str | None, **others: object) -> R:
        target = None if name == "-" else name
        chosen = by_suffix(target, DIFF_FORMATS) if form is None else DIFF_FORMATS[form]
        if theme is not None and chosen.name != "svg":
            raise click.UsageError(f"--theme is of no use to the format {chosen.name}, only to svg. Leave it out.")
        shade = cast("Theme", theme or THEMES[0])
        return command(output=DiffOutput(chosen, target, quiet, shade), **others)

    return with_output
