"""Running rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.finding import Finding
from stepgraph.checks.ignores.subject import IgnoresSubject
from stepgraph.checks.match import Match
from stepgraph.checks.rule import Rule
from stepgraph.checks.severity import Severity
from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
from stepgraph.model.span import Span


def check(
    project: ProjectSubject, workflows: Iterable[WorkflowSubject], rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """Return what rules find, each once: first in the project, then in the workflows, in the order of the source.

    What several workflows share, as a base class, is found in the first one.
    """
    found = [_finding(rule, match, "") for rule in rules for match in rule.check_project(project)]
    for workflow in workflows:
        found += _in_workflow(workflow, rules)
    first: dict[tuple[str, Span, str], Finding] = {}
    for finding in found:
        first.setdefault((finding.code, finding.span, finding.message), finding)
    return tuple(first.values())


def _in_workflow(workflow: WorkflowSubject, rules: Sequence[Rule]) -> list[Finding]:
    """Return what rules find in a workflow; what only follows from other faults is left out."""
    found = [(rule, _finding(rule, match, workflow.name)) for rule in rules for match in rule.check(workflow)]
    explained = any(not rule.is_consequence and one.severity is not Severity.INFORMATION for rule, one in found)
    own = [one for rule, one in found if not (explained and rule.is_consequence)]
    return sorted(own, key=lambda finding: (finding.span, finding.code))


def check_ignores(ignores: IgnoresSubject, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """Return what rules find in comments that say what to ignore, in the order of the source."""
    found = [_finding(rule, match, "") for rule in rules for match in rule.check_ignores(ignores)]
    return tuple(sorted(found, key=lambda finding: (finding.span, finding.code)))


def _finding(rule: Rule, match: Match, workflow: str) -> Finding:
    severity = match.severity or rule.severity
    edits = match.edits
    return Finding(rule.code, severity, match.message, match.advice, match.span, workflow, edits, bool(edits))
