"""Filter the findings in a module by settings, comments and a baseline."""

from __future__ import annotations

from textwrap import dedent, indent

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.baseline import Baseline
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.checks.rule import Rule
from stepgraph.checks.settings import Settings
from stepgraph.model.span import Span
from stepgraph.source_analysis import apply_settings

# The rule that the modules violate and the rules about comments. Other rules might report more.
CODE = "SG118"
SELECTED = (CODE, "SG006", "SG007")
PLAIN = Settings(select=SELECTED)

_START = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return 10

"""


def in_run(body: str) -> str:
    """Return a module whose `run` declares step `charge`, with its remaining body from line 10 on."""
    return _START + indent(dedent(body).strip(), " " * 8) + "\n"


def filter_module(
    source: str, settings: Settings = PLAIN, baseline: Baseline | None = None, path: str = "entry.py"
) -> FilteredFindings:
    """Return the filtered findings in a module."""
    analysis = analyze_source(source, path)
    return apply_settings(analysis, check_analysis(analysis), settings, baseline)


def code_lines(findings: tuple[Finding, ...]) -> list[tuple[str, int]]:
    """Return the codes and lines of findings."""
    return [(finding.code, finding.span.line) for finding in findings]


def make_finding(code: str, path: str = "entry.py", severity: Severity = Severity.WARNING) -> Finding:
    """Return a finding of any rule."""
    return Finding(code, severity, "something is wrong.", "Put it right.", Span(path, 1, 1, 1, 2))


def make_rule(code: str, name: str) -> Rule:
    """Return a rule without findings."""
    return Rule(code=code, name=name, module=__name__, severity=Severity.WARNING)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    """Return the codes of findings."""
    return [each.code for each in findings]
