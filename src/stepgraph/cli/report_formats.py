"""The formats of a check's report: what each is called, how files in it end, and what writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.cli.terminal import Look

if TYPE_CHECKING:
    from stepgraph.report.report import Report


class ReportFormat(Struct, frozen=True):
    """A format: its name, the end of the names of files in it, and what writes a report in it.

    That is given the terminal it is for, and whether there is to be no summary, which only formats for people have.
    """

    name: str
    suffix: str
    write: Callable[[Report, Look, bool], str]


# Each import below is made by the format that needs it, for start-up.


def _text(report: Report, look: Look, quiet: bool) -> str:  # noqa: FBT001 - called by position, as the others are
    from stepgraph.report.text import render_text

    return render_text(report, colour=look.colour, width=look.width, quiet=quiet)


def _json(report: Report, _look: Look, _quiet: bool) -> str:  # noqa: FBT001 - likewise
    from stepgraph.report.json_report import render_json

    return render_json(report)


def _sarif(report: Report, _look: Look, _quiet: bool) -> str:  # noqa: FBT001 - likewise
    from stepgraph.report.sarif import render_sarif

    return render_sarif(report)


def _github(report: Report, _look: Look, quiet: bool) -> str:  # noqa: FBT001 - likewise
    from stepgraph.report.github import render_github

    return render_github(report, quiet=quiet)


def _gitlab(report: Report, _look: Look, _quiet: bool) -> str:  # noqa: FBT001 - likewise
    from stepgraph.report.gitlab import render_gitlab

    return render_gitlab(report)


def _markdown(report: Report, _look: Look, quiet: bool) -> str:  # noqa: FBT001 - likewise
    from stepgraph.report.markdown import render_markdown

    return render_markdown(report, quiet=quiet)


_ALL: Final = (
    ReportFormat("text", ".txt", _text),
    ReportFormat("json", ".json", _json),
    ReportFormat("sarif", ".sarif", _sarif),
    ReportFormat("github", ".github.txt", _github),
    ReportFormat("gitlab", "gl-code-quality-report.json", _gitlab),
    ReportFormat("markdown", ".md", _markdown),
)

REPORT_FORMATS: Final = {form.name: form for form in _ALL}
