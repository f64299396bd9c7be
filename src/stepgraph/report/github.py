"""The report as workflow commands of GitHub Actions, which make annotations, and a plain summary for the log."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.finding import Finding
from stepgraph.checks.severity import Severity
from stepgraph.phrases.visible import visible
from stepgraph.report.report import Report, WorkflowSummary
from stepgraph.report.summary import summary_text
from stepgraph.report.verdict import Verdict
from stepgraph.report.wording import NOTHING_CHECKED, unmet_message

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}
# What runs through a log may hold commands too, in the form of today at the start of a line, in that of old anywhere.
_COMMAND_START: Final = "::"
_OLD_COMMAND: Final = "##["


def render_github(report: Report, *, quiet: bool = False) -> str:
    """Return an annotation for each finding, a line each, then a summary unless it is to be `quiet`.

    Files are named by their paths from the root of the repository.
    """
    lines = [_annotation(report, reported.finding) for reported in report.findings]
    lines += [_unmet(report, workflow) for workflow in report.unmet]
    if report.verdict is Verdict.NOTHING:
        lines.append(_command("error", {"title": "stepgraph check"}, NOTHING_CHECKED))
    summary = "" if quiet else "".join(f"{_inert(line)}\n" for line in summary_text(report).splitlines())
    return "".join(f"{line}\n" for line in lines) + summary


def _annotation(report: Report, finding: Finding) -> str:
    span = finding.span
    properties = {
        "file": _file(report, span.path),
        "line": str(span.line),
        "endLine": str(span.end_line),
        "col": str(span.column),
        "endColumn": str(span.end_column),
        "title": f"{finding.code} {report.rule_name(finding.code)}".rstrip(),
    }
    text = "\n".join(visible(part) for part in (finding.message, finding.advice) if part)
    return _command(_COMMANDS[finding.severity], properties, text)


def _unmet(report: Report, workflow: WorkflowSummary) -> str:
    properties = {"file": _file(report, workflow.path), "line": str(workflow.line), "title": "stepgraph check"}
    return _command("error", properties, visible(unmet_message(workflow)))


def _file(report: Report, path: str) -> str:
    return visible(report.path_from_root(path))


def _command(name: str, properties: dict[str, str], text: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _inert(line: str) -> str:
    """Return a line for the log in which nothing is taken for a command."""
    plain = line.replace(_OLD_COMMAND, "## [")
    start = plain.lstrip()
    return ": :" + start.removeprefix(_COMMAND_START) if start.startswith(_COMMAND_START) else plain
