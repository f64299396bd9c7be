"""x."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.finding import Finding
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.checks.settings import FailOn
from stepgraph.checks.severity import Severity
from stepgraph.escaping.report_fields import url_path
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.checks.rule import Rule
    from stepgraph.model.payload import Graph


class Verdict(StrEnum):
    """What a check comes to, the same in every format. The command's exit code follows from it alone."""

    PASSED = "passed"
    """Workflows were checked, and nothing was found that fails the check."""
    FAILED = "failed"
    """Something was found that fails the check."""
    UNREADABLE = "unreadable"
    """An input could not be read, so that it was not checked."""
    NOTHING = "nothing"
    """There was nothing to check, which is no pass."""


class ReportedFinding(Struct, frozen=True):
    """A finding with the severity that settings give it. The fingerprint is the same when lines have moved."""

    finding: Finding
    fingerprint: str | None = None


class IgnoredFinding(Struct, frozen=True):
    """A finding that a comment in the source ignores, and the reason that it gives, which may be empty."""

    finding: Finding
    reason: str = ""


class WorkflowSummary(Struct, frozen=True):
    """A workflow that was checked: its names, where its class stands, and what is known of its graph."""

    name: str
    class_name: str
    path: str
    line: int
    has_dag: bool
    steps: int
    complete: bool
    graph: Graph | None = None


class SourceFile(Struct, frozen=True):
    """A file with findings: its lines, where they are known, for excerpts.

    `from_root` is its path from the root of the repository, for those who know the file by that, as GitHub does; None
    where it is not in there.
    """

    lines: tuple[str, ...] = ()
    from_root: str | None = None


NO_FILE: Final = SourceFile()


class Report(Struct, frozen=True, kw_only=True):
    """What a check found, in which workflows, under which demands, and by which version of this package.

    The `findings` count; those that are `known` are in the baseline, and those that are `ignored` are so by a comment.
    `rules` are all that were asked, `files` holds those with findings by their paths. `source_url` is where the sources
    can be seen, as the URL of the root of the repository at the commit that was checked, empty where it is not known.
    """

    findings: tuple[ReportedFinding, ...]
    workflows: tuple[WorkflowSummary, ...]
    rules: tuple[Rule, ...]
    version: str
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    known: tuple[ReportedFinding, ...] = ()
    ignored: tuple[IgnoredFinding, ...] = ()
    fail_on: FailOn = FailOn.ERROR
    require_dag: bool = False
    source_url: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the check comes to. Where several apply, that an input failed comes first: it may be why."""
        found = [reported.finding for reported in self.findings]
        if any(one.code in INPUT_RULES and one.severity is Severity.ERROR for one in found):
            return Verdict.UNREADABLE
        if self.unmet or any(self.fail_on.fails(one.severity) for one in found):
            return Verdict.FAILED
        return Verdict.PASSED if self.workflows else Verdict.NOTHING

    @property
    def unmet(self) -> tuple[WorkflowSummary, ...]:
        """The workflows without a complete graph, where one is required of them."""
        if not self.require_dag:
            return ()
        return tuple(workflow for workflow in self.workflows if not (workflow.has_dag and workflow.complete))

    def count(self, severity: Severity) -> int:
        """Return how many findings are of a severity."""
        return sum(reported.finding.severity is severity for reported in self.findings)

    @property
    def fixable(self) -> int:
        """How many findings have one right answer, which `--fix` gives."""
        return sum(reported.finding.fixable for reported in self.findings)

    def rule_name(self, code: str) -> str:
        """Return the name of the rule of a code; empty if it is none of those that were asked."""
        return next((rule.name for rule in self.rules if rule.code == code), "")

    def file(self, path: str) -> SourceFile:
        """Return the file at a path."""
        return self.files.get(path, NO_FILE)

    def path_from_root(self, path: str) -> str:
        """Return a path as it is seen from the root of the repository, or as it is where that is not known."""
        return self.file(path).from_root or path


def workflow_summary(workflow: WorkflowAnalysis) -> WorkflowSummary:
    """Return what the report tells of a workflow that was analysed."""
    return WorkflowSummary(
        workflow.name,
        workflow.class_name,
        workflow.path,
        workflow.span.line,
        workflow.has_dag,
        workflow.steps,
        workflow.complete,
        workflow.graph,
    )


HOME: Final = "https://github.com/stepgraph/stepgraph"
RULES: Final = f"{HOME}/blob/main/docs/reference/rules.md"


def rule_url(code: str) -> str:
    """Return where a rule is explained."""
    return f"{RULES}#{code.lower()}"


def source_link(report: Report, span: Span) -> str:
    """Return where a place in the source can be seen; empty where that is not known."""
    path = report.file(span.path).from_root
    if not report.source_url or path is None:
        return ""
    return f"{report.source_url}/{url_path(path)}#L{span.line}"
