"""The execution of rules on a project, its workflows and its suppression comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import MAX_RELATED, Diagnostic, Finding, Severity, source_order
from stepgraph.checks.rule import Rule
from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
from stepgraph.checks.suppression_index import SuppressionsSubject
from stepgraph.ir.facts import DeadCode
from stepgraph.limits import LimitExceededError
from stepgraph.model.span import Span

_INCOMPLETE: Final = "SG004"
# Rules that assume that the engine calls `run` of the class: SG123 no-step, SG131 unusable-run, SG212 and SG306 for the
# event.
_ABOUT_THE_START: Final = frozenset({"SG123", "SG131", "SG212", "SG306"})


class _Result(Struct, frozen=True):
    """A finding of a rule, with the codes and spans of findings that follow from it."""

    rule: Rule
    finding: Finding
    consequences: tuple[tuple[str, Span], ...] = ()


def check(
    project: ProjectSubject, workflows: Iterable[WorkflowSubject], rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """Return the distinct findings for the project and for each workflow, in source order.

    A finding in code that several workflows share, such as a base class, belongs to the first workflow.
    """
    findings = (finding for workflow in workflows for finding in check_workflow(workflow, rules))
    return combine_findings(project, findings, rules)


def combine_findings(
    project: ProjectSubject, findings: Iterable[Finding], rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """Return the distinct findings in source order: those for a project, and the `findings` for its workflows.

    Findings about the start of a base class without a configuration are omitted, because it is not deployed: a derived
    class may define the steps, and may pass other arguments to `run`.
    """
    of_workflows = (
        finding
        for finding in findings
        if not (finding.code in _ABOUT_THE_START and finding.workflow in project.base_classes)
    )
    return tuple(sorted(unique_findings([*check_project(project, rules), *of_workflows]), key=source_order))


def unique_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first finding with each code, span and message.

    Its `other_workflows` are the workflows of its duplicates.
    """
    unique: dict[tuple[str, Span, str], list[Finding]] = {}
    for finding in findings:
        unique.setdefault((finding.code, finding.span, finding.message), []).append(finding)
    return tuple(_merge(*equal) for equal in unique.values())


def _merge(first: Finding, *repeated: Finding) -> Finding:
    names = dict.fromkeys(finding.workflow for finding in repeated if finding.workflow != first.workflow)
    return replace(first, other_workflows=tuple(names)) if names else first


def check_project(project: ProjectSubject, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return the findings of rules for a project."""
    return [_finding(rule, diagnostic, "") for rule in rules for diagnostic in rule.check_project(project)]


def check_workflow(workflow: WorkflowSubject, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return the findings of rules for a workflow in source order.

    Consequences of other findings are omitted, and findings in code that never runs. A class of a test module has no
    findings unless a configuration names it.
    """
    # Imported here because a check without workflows needs no parser.
    from stepgraph.syntax.derivations import is_test_module

    if workflow.configured is None and workflow.program.place.module.once(is_test_module):
        return []
    results = [result for rule in rules for result in _run_rule(rule, workflow)]
    has_cause = any(not each.rule.is_consequence and each.finding.severity is not Severity.NOTE for each in results)
    consequences = {consequence for result in results for consequence in result.consequences}
    dead_code = [fact.span for fact in workflow.facts_of_type(DeadCode)] if results else []
    reported = [
        result.finding
        for result in results
        if not (has_cause and result.rule.is_consequence)
        and (result.finding.code, result.finding.span) not in consequences
        and not any(span.encloses(result.finding.span) for span in dead_code)
    ]
    return sorted(reported, key=source_order)


def _run_rule(rule: Rule, workflow: WorkflowSubject) -> Iterator[_Result]:
    """Yield the findings of a rule. If the rule exceeds a limit, the last finding reports the limit."""
    try:
        for diagnostic in rule.check(workflow):
            yield _Result(rule, _finding(rule, diagnostic, workflow.name), diagnostic.consequences)
    except LimitExceededError as error:
        message = f"{rule.code} is only partly checked: {error.reason}."
        span = workflow.program.place.heading
        yield _Result(rule, Finding(_INCOMPLETE, Severity.NOTE, message, "Split the workflow.", span, workflow.name))


def check_suppressions(ignores: SuppressionsSubject, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Return the findings of rules for suppression comments, in source order."""
    findings = [_finding(rule, diagnostic, "") for rule in rules for diagnostic in rule.check_ignores(ignores)]
    return tuple(sorted(findings, key=source_order))


def _finding(rule: Rule, diagnostic: Diagnostic, workflow: str) -> Finding:
    severity = diagnostic.severity or rule.severity
    return Finding(
        code=rule.code,
        severity=severity,
        message=diagnostic.message,
        advice=diagnostic.advice,
        span=diagnostic.span,
        workflow=workflow,
        fix=diagnostic.fix,
        related=diagnostic.related[:MAX_RELATED],
    )
