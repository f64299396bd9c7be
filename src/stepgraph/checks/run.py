"""The execution of rules on a project and its workflows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Diagnostic, Finding, Severity
from stepgraph.checks.rule import Rule
from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
from stepgraph.checks.suppression_index import SuppressionsSubject
from stepgraph.limits import LimitExceededError
from stepgraph.model.span import Span

_INCOMPLETE: Final = "SG004"


def check(
    project: ProjectSubject, workflows: Iterable[WorkflowSubject], rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """Return the distinct findings of rules: first for the project, then for each workflow, in source order.

    A finding in code that several workflows share, such as a base class, belongs to the first workflow.
    """
    findings = check_project(project, rules)
    for workflow in workflows:
        findings += check_workflow(workflow, rules)
    return unique_findings(findings)


def unique_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings without duplicates: the first of each code, span and message."""
    unique: dict[tuple[str, Span, str], Finding] = {}
    for finding in findings:
        unique.setdefault((finding.code, finding.span, finding.message), finding)
    return tuple(unique.values())


def check_project(project: ProjectSubject, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return the findings of rules for a project."""
    return [_finding(rule, diagnostic, "") for rule in rules for diagnostic in rule.check_project(project)]


def check_workflow(workflow: WorkflowSubject, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return the findings of rules for a workflow, without consequences of other findings."""
    findings = [finding for rule in rules for finding in _run_rule(rule, workflow)]
    explained = any(not rule.is_consequence and finding.severity is not Severity.NOTE for rule, finding in findings)
    reported = [finding for rule, finding in findings if not (explained and rule.is_consequence)]
    return sorted(reported, key=lambda finding: (finding.span, finding.code))


def _run_rule(rule: Rule, workflow: WorkflowSubject) -> Iterator[tuple[Rule, Finding]]:
    """Yield the findings of a rule. If the rule exceeds a limit, the last finding reports that."""
    try:
        for diagnostic in rule.check(workflow):
            yield rule, _finding(rule, diagnostic, workflow.name)
    except LimitExceededError as error:
        message = f"{rule.code} is checked in part only: {error.reason}."
        span = workflow.program.place.heading
        yield rule, Finding(_INCOMPLETE, Severity.NOTE, message, "Split the workflow.", span, workflow.name)


def check_suppressions(ignores: SuppressionsSubject, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """Return the findings of rules for suppression comments, in source order."""
    findings = [_finding(rule, diagnostic, "") for rule in rules for diagnostic in rule.check_ignores(ignores)]
    return tuple(sorted(findings, key=lambda finding: (finding.span, finding.code)))


def _finding(rule: Rule, diagnostic: Diagnostic, workflow: str) -> Finding:
    severity = diagnostic.severity or rule.severity
    edits = diagnostic.edits
    return Finding(
        rule.code, severity, diagnostic.message, diagnostic.advice, diagnostic.span, workflow, edits, bool(edits)
    )
