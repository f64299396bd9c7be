"""What the rules find in the body of a `run`."""

from __future__ import annotations

from textwrap import dedent, indent

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.finding import Finding

_MODULE = """\
{before}
from workers import WorkflowEntrypoint


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
{body}
"""


def findings_in(body: str, before: str = "") -> list[Finding]:
    """Return what the rules find where `run` has a body, but for information; `before` stands before the class."""
    findings = check_analysis(analyze_source(written(body, before)))
    return [finding for finding in findings if finding.severity is not Severity.INFORMATION]


def written(body: str, before: str = "") -> str:
    """Return the module in which `run` has a body."""
    return _MODULE.format(before=dedent(before).strip(), body=indent(dedent(body).strip(), " " * 8))


def codes_in(body: str, before: str = "") -> list[str]:
    """Return the codes of what the rules find, in the order of the source."""
    return [finding.code for finding in findings_in(body, before)]


def only(body: str, before: str = "") -> Finding:
    """Return the one thing that the rules find."""
    (found,) = findings_in(body, before)
    return found


def configured(config: str) -> str:
    """Return a body with a step that has a config."""
    return f'@step.do("charge", config={config})\nasync def charge():\n    return 1\n\nawait charge()'
