"""The output options of `stepgraph check`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import click
from msgspec import Struct

from stepgraph.cli.console import Look, look_of_standard_output, write_message, write_result
from stepgraph.cli.formats import REPORT_FORMATS, Format, FormatOptions
from stepgraph.cli.options.output import format_by_suffix

if TYPE_CHECKING:
    from stepgraph.report.report import Report


R = TypeVar("R")

_FORMAT_HELP = "How to tell: by default what the name after -o ends with (.json, .sarif, .md), else text."
_OUTPUT_HELP = "Write to FILE, which is replaced only if all goes well; - is standard output."
_QUIET_HELP = "The findings alone, without a summary."


class ReportOutput(Struct, frozen=True):
    """The destination and format of a report."""

    format: Format[Report]

    name: str | None
    """The output file; None for standard output."""

    quiet: bool

    def prepare(self, sources: Collection[str]) -> None:
        """Raise CommandError if the output file cannot or must not be written."""
        if self.name is not None:
            from stepgraph.cli.output_files import prepare_output

            prepare_output(self.name, sources)

    @property
    def is_text(self) -> bool:
        """Whether the format is the text for people."""
        return self.format is REPORT_FORMATS["text"]

    def deliver(self, report: Report, sources: Collection[str]) -> None:
        """Print the report, or write it to its file and print the verdict. Raises CommandError if writing fails."""
        if self.name is None:
            write_result(self._text(report, look_of_standard_output()))
            return
        from stepgraph.cli.output_files import prepare_output
        from stepgraph.report.report import verdict_line

        prepare_output(self.name, sources).write(self._text(report, Look()))
        if not self.quiet:
            write_message(f"{self.name}: {verdict_line(report)}")

    def _text(self, report: Report, look: Look) -> str:
        return self.format.write(report, FormatOptions(look, self.quiet)).text


def report_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options -f, -o and -q to a command, as one argument `output`."""

    @click.option("-f", "--format", "format_name", type=click.Choice(list(REPORT_FORMATS)), help=_FORMAT_HELP)
    @click.option("-o", "--output", "name", metavar="FILE", help=_OUTPUT_HELP)
    @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
    @wraps(command)
    def with_output(*, format_name: str | None, name: str | None, quiet: bool, **others: object) -> R:
        target = None if name == "-" else name
        selected = format_by_suffix(target, REPORT_FORMATS) if format_name is None else REPORT_FORMATS[format_name]
        return command(output=ReportOutput(selected, target, quiet), **others)

    return with_output
