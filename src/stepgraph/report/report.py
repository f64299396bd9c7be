"""The report of a check: all that any format tells, and nothing that is not told the same in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.checks.finding import Finding
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.checks.settings import FailOn
from stepgraph.checks.severity import Severity
from stepgraph.report.verdict import Verdict

if TYPE_CHECKING:
    from stepgraph.checks.rule import Rule
    from stepgraph.model.payload import Graph


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
