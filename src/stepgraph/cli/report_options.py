"""In what format a report is written, and where to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import click
from msgspec import Struct

from stepgraph.cli.output_options import by_suffix
from stepgraph.cli.report_formats import REPORT_FORMATS, ReportFormat
from stepgraph.cli.streams import tell, write_result
from stepgraph.cli.terminal import Look, look_of_standard_output

if TYPE_CHECKING:
    from stepgraph.report.report import Report

R = TypeVar("R")

_FORMAT_HELP = "How to tell: by default what the name after -o ends with (.json, .sarif, .md), else text."
_OUTPUT_HELP = "Write to FILE, which is replaced only if all goes well; - is standard output."
_QUIET_HELP = "The findings alone, without a summary."


class ReportOutput(Struct, frozen=True):
    """How a report is told, and to the file of which name, None for standard output."""

    form: ReportFormat
    name: str | None
    quiet: bool

    def prepare(self, sources: Collection[str]) -> None:
        """Raise CommandError, before there is anything to write, if it must not be written or evidently cannot be."""
        if self.name is not None:
            from stepgraph.cli.output_file import prepare_output

            prepare_output(self.name, sources)

    @property
    def is_text(self) -> bool:
        """Whether the report is for people to read as it is."""
        return self.form is REPORT_FORMATS["text"]

    def deliver(self, report: Report, sources: Collection[str]) -> None:
        """Print the report, or write it to its file and tell what it comes to. Raises CommandError if that fails."""
        if self.name is None:
            write_result(self.form.write(report, look_of_standard_output(), self.quiet))
            return
        from stepgraph.cli.output_file import prepare_output
        from stepgraph.report.wording import verdict_line

        prepare_output(self.name, sources).write(self.form.write(report, Look(), self.quiet))
        if not self.quiet:
            tell(f"{self.name}: {verdict_line(report)}")


def report_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options -f, -o and -q, as one argument `output`."""

    @click.option("-f", "--format", "form", type=click.Choice(list(REPORT_FORMATS)), help=_FORMAT_HELP)
    @click.option("-o", "--output", "name", metavar="FILE", help=_OUTPUT_HELP)
    @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
    @wraps(command)
    def with_output(*, form: str | None, name: str | None, quiet: bool, **others: object) -> R:
        target = None if name == "-" else name
        chosen = by_suffix(target, REPORT_FORMATS) if form is None else REPORT_FORMATS[form]
        return command(output=ReportOutput(chosen, target, quiet), **others)

    return with_output
