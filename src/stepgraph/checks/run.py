"""Running rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Diagnostic
from stepgraph.checks.finding import Finding
from stepgraph.checks.ignores.subject import IgnoresSubject
from stepgraph.checks.rule import Rule
from stepgraph.checks.severity import Severity
from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
from stepgraph.limits import LimitExceededError
from stepgraph.model.span import Span

_INCOMPLETE: Final = "SG004"


def check(
    project: ProjectSubject, workflows: Iterable[WorkflowSubject], rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """Return what rules find, each once: first in the project, then in the workflows, in the order of the source.

    What several workflows share, as a base class, is found in the first one.
    """
    found = check_project(project, rules)
    for workflow in workflows:
        found += check_workflow(workflow, rules)
    return distinct(found)


def distinct(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once."""
    first: dict[tuple[str, Span, str], Finding] = {}
    for finding in found:
        first.setdefault((finding.code, finding.span, finding.message), finding)
    return tuple(first.values())


def check_project(project: ProjectSubject, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return what rules find in a project."""
    return [_finding(rule, match, "") for rule in rules for match in rule.check_project(project)]


def check_workflow(workflow: WorkflowSubject, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return what rules find in a workflow; what only follows from other faults is left out."""
    found = [finding for rule in rules for finding in _run_rule(rule, workflow)]
    explained = any(not rule.is_consequence and one.severity is not Severity.INFORMATION for rule, one in found)
    own = [one for rule, one in found if not (explained and rule.is_consequence)]
    return sorted(own, key=lambda finding: (finding.span, finding.code))


def _run_rule(rule: Rule, workflow: WorkflowSubject) -> Iterator[tuple[Rule, Finding]]:
    """Yield the findings of a rule. One that exceeds a limit ends with a finding that says so."""
    try:
        for match in rule.check(workflow):
            yield rule, _finding(rule, match, workflow.name)
    except LimitExceededError as error:
        message = f"{rule.code} is checked in part only: {error.reason}."
        span = workflow.program.place.heading
        yield rule, Finding(_INCOMPLETE, Severity.INFORMATION, message, "Split the workflow.", span, workflow.name)


def check_ignores(ignores: IgnoresSubject, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """Return what rules find in comments that say what to ignore, in the order of the source."""
    found = [_finding(rule, match, "") for rule in rules for match in rule.check_ignores(ignores)]
    return tuple(sorted(found, key=lambda finding: (finding.span, finding.code)))


def _finding(rule: Rule, match: Diagnostic, workflow: str) -> Finding:
    severity = match.severity or rule.severity
    edits = match.edits
    return Finding(rule.code, severity, match.message, match.advice, match.span, workflow, edits, bool(edits))
