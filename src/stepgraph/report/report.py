"""The report of a check, independent of the output format, and the phrases that every format uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.diagnostic import Applicability, Finding, Severity
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.checks.settings import FailOn
from stepgraph.checks.suppression_index import SuppressedFinding
from stepgraph.escaping.report_fields import url_path
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.span import Span
from stepgraph.phrases import counted

if TYPE_CHECKING:
    from stepgraph.checks.rule import Rule
    from stepgraph.model.payload import Graph


NOTHING_CHECKED: Final = "no workflow was found, so nothing was checked"


class Verdict(StrEnum):
    """The result of a check, equal in every format. Only `--exit-zero` changes the exit code that it determines."""

    PASSED = "passed"
    """Workflows were checked without failing findings."""
    FAILED = "failed"
    """A finding, or a workflow without a required complete graph, fails the check."""
    UNREADABLE = "unreadable"
    """An input is unreadable or invalid."""
    EMPTY = "empty"
    """No workflow was found, which does not count as passed."""


class FingerprintedFinding(Struct, frozen=True):
    """A finding with its fingerprint."""

    finding: Finding
    fingerprint: str | None = None
    """Identity of the finding, independent of line numbers."""


class WorkflowSummary(Struct, frozen=True):
    """A checked workflow."""

    name: str
    """Configured name, by default the name of the class."""
    class_name: str
    """Name of the class."""
    path: str
    """File of the class."""
    line: int
    """Line of the `class` keyword."""
    has_dag: bool
    """Whether the workflow has a graph."""
    steps: int
    """Number of steps in the graph."""
    complete: bool
    """Whether the analysis resolved everything."""
    graph: Graph | None = None
    """The graph, or None if the workflow has none."""
    details: Callable[[], Details] = lambda: NO_DETAILS
    """Returns the details of the graph."""


class SourceFile(Struct, frozen=True):
    """A file with findings or workflows."""

    lines: tuple[str, ...] = ()
    """Lines for excerpts, or none if they are unknown."""
    from_root: str | None = None
    """Path from the root of the repository, as GitHub uses it, or None outside the repository."""


NO_FILE: Final = SourceFile()


class Report(Struct, frozen=True, kw_only=True):
    """The result of a check."""

    findings: tuple[FingerprintedFinding, ...]
    """Findings that are neither in the baseline nor suppressed."""
    workflows: tuple[WorkflowSummary, ...]
    """The checked workflows."""
    rules: tuple[Rule, ...]
    """All rules, even disabled ones."""
    version: str
    """Version of stepgraph."""
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    """Files with findings or workflows, by path."""
    baselined: tuple[FingerprintedFinding, ...] = ()
    """Findings in the baseline."""
    suppressed: tuple[SuppressedFinding, ...] = ()
    """Findings suppressed by comments."""
    fail_on: FailOn = FailOn.ERROR
    """The severities that fail the check."""
    require_dag: bool = False
    """Whether workflows without a complete graph fail the check."""
    source_url: str = ""
    """URL of the repository's root at the checked commit, or an empty string if it is unknown."""

    @property
    def verdict(self) -> Verdict:
        """The result. Unreadable inputs have priority, because they may cause other problems."""
        findings = [reported.finding for reported in self.findings]
        if any(finding.code in INPUT_RULES and finding.severity is Severity.ERROR for finding in findings):
            return Verdict.UNREADABLE
        if self.workflows_without_dag or any(self.fail_on.fails(finding.severity) for finding in findings):
            return Verdict.FAILED
        return Verdict.PASSED if self.workflows else Verdict.EMPTY

    @property
    def workflows_without_dag(self) -> tuple[WorkflowSummary, ...]:
        """Workflows without a complete graph, if it is required."""
        if not self.require_dag:
            return ()
        return tuple(workflow for workflow in self.workflows if not (workflow.has_dag and workflow.complete))

    def count(self, severity: Severity) -> int:
        """Return the number of findings with a severity."""
        return sum(reported.finding.severity is severity for reported in self.findings)

    def count_fixes(self, applicability: Applicability) -> int:
        """Return the number of findings with a fix of this applicability."""
        fixes = (reported.finding.fix for reported in self.findings)
        return sum(fix is not None and fix.applicability is applicability for fix in fixes)

    def rule_name(self, code: str) -> str:
        """Return the name of the rule with a code, or an empty string for an unknown code."""
        return next((rule.name for rule in self.rules if rule.code == code), "")

    def file(self, path: str) -> SourceFile:
        """Return the file at a path, without lines for an unknown path."""
        return self.files.get(path, NO_FILE)

    def path_from_root(self, path: str) -> str:
        """Return a path relative to the root of the repository. Paths outside the repository stay unchanged."""
        return self.file(path).from_root or path


def workflow_summary(workflow: WorkflowAnalysis) -> WorkflowSummary:
    """Return the summary of an analyzed workflow."""
    return WorkflowSummary(
        name=workflow.name,
        class_name=workflow.class_name,
        path=workflow.path,
        line=workflow.span.line,
        has_dag=workflow.has_dag,
        steps=workflow.step_count,
        complete=workflow.complete,
        graph=workflow.graph,
        details=lambda: workflow.details,
    )


def source_link(report: Report, span: Span) -> str:
    """Return the URL of a source line, or an empty string if it is unknown."""
    path = report.file(span.path).from_root
    if not report.source_url or path is None:
        return ""
    return f"{report.source_url}/{url_path(path)}#L{span.line}"


def verdict_line(report: Report) -> str:
    """Return the verdict as numbers, such as `1 error, 2 notes in 2 workflows`, or as words if nothing was checked."""
    if not report.workflows and not report.findings and not report.baselined and not report.suppressed:
        return NOTHING_CHECKED
    line = _counts(report)
    if report.workflows:
        line += f" in {counted(len(report.workflows), 'workflow')}"
    if report.workflows_without_dag:
        line += f", {len(report.workflows_without_dag)} without a complete graph"
    other_counts = [
        (report.count_fixes(Applicability.SAFE), "fixable with --fix"),
        (report.count_fixes(Applicability.UNSAFE), "fixable with --fix --unsafe-fixes"),
        (len(report.baselined), "in the baseline"),
        (len(report.suppressed), "ignored"),
    ]
    return line + "".join(f", {number} {treatment}" for number, treatment in other_counts if number)


def _counts(report: Report) -> str:
    counts = [(report.count(severity), severity.value) for severity in Severity]
    return ", ".join(counted(number, label) for number, label in counts if number) or "no findings"


def missing_dag_message(workflow: WorkflowSummary) -> str:
    """Return the message for a workflow without the required complete graph."""
    state = "is incomplete" if workflow.has_dag else "is missing"
    return f"the graph of the workflow `{workflow.name}` {state}, but --require-dag requires a complete one."


def yes_or_no(*, value: bool) -> str:
    """Return a boolean as shown in tables."""
    return "yes" if value else "no"
