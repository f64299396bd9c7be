"""Steps, sleeps and event waits inside steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, assert_never

from stepgraph.checks.analysis.call_sites import CallSite, line_phrase
from stepgraph.checks.diagnostic import MAX_RELATED, Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.await_groups import is_race
from stepgraph.ir.nodes import Await, Call, OperationBlock, Run, StartOperation, StepRun, operations_in, work_kind
from stepgraph.ir.walk import name_of, walk_operations
from stepgraph.limits import Budget, Limit
from stepgraph.phrases import quoted_name

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip steps that contain a race, because Cloudflare recommends races inside steps.

    Report a step in a function at its call in the outer step, because the function may be correct outside of steps.
    """
    budget = Budget()
    outer_steps = {
        id(visit.in_step): visit.in_step for visit in subject.program.operations if visit.in_step is not None
    }
    for outer in outer_steps.values():
        if _contains_race(outer.body, budget):
            continue
        for operation in _own_operations(outer):
            nested = _nested_operations(operation, budget)
            if nested:
                yield _diagnostic(outer, operation, nested)


def _own_operations(outer: StepRun) -> Iterator[Run | StartOperation]:
    """Yield the operations in the body of a step and in the bodies of its nested steps, but not in called functions."""
    pending = [outer]
    visited = {id(outer)}
    while pending:
        for operation in operations_in(pending.pop().body):
            if isinstance(operation, Run | StartOperation):
                yield operation
                if isinstance(operation.activity, StepRun) and id(operation.activity) not in visited:
                    visited.add(id(operation.activity))
                    pending.append(operation.activity)


def _nested_operations(operation: Run | StartOperation, budget: Budget) -> list[Run | StartOperation]:
    """Return the operation itself, or the first steps, sleeps and waits of the function that it calls."""
    if not isinstance(operation.activity, Call):
        return [operation]
    if not operation.activity.function.may_run_steps:
        return []
    nested: list[Run | StartOperation] = []
    for visit in walk_operations(operation.activity.function.body):
        budget.spend(Limit.PAIRS)
        if isinstance(visit.operation, Run | StartOperation) and not isinstance(visit.operation.activity, Call):
            nested.append(visit.operation)
        if len(nested) == MAX_RELATED:
            break
    return nested


def _contains_race(body: OperationBlock, budget: Budget) -> bool:
    for visit in walk_operations(body):
        budget.spend(Limit.PAIRS)
        if isinstance(visit.operation, Await) and is_race(visit.operation.group):
            return True
    return False


def _diagnostic(outer: StepRun, operation: Run | StartOperation, nested: Sequence[Run | StartOperation]) -> Diagnostic:
    """Return a diagnostic at a nested operation, or at the call of a function with such operations."""
    site = CallSite(operation.place, is_call=isinstance(operation.activity, Call))
    span, first = site.place.span, nested[0]
    outer_name, name = outer.definition.quoted_name, quoted_name(name_of(first.activity))
    where = f" ({line_phrase(first.place.span, span.path)})" if site.is_call else ""
    by = f", by `{site.callee_text}`" if site.is_call else ""
    match work_kind(first.activity):
        case "step":
            message = (
                f"the step {name}{where} runs inside the step {outer_name}{by}: each retry of {outer_name}"
                f" renumbers {name}, so it runs again even if it has succeeded."
            )
        case "sleep" | "wait" | None:
            message = (
                f"waiting for {name}{where} inside the step {outer_name}{by} uses up the timeout of {outer_name}"
                " (10 minutes by default), and each retry waits again."
            )
        case _ as never:
            assert_never(never)
    action = f"Call `{site.callee_text}`" if site.is_call else "Await it"
    advice = f"{action} in `run`, before or after {outer_name}, and pass data between them as step results."
    related = [RelatedLocation(each.place.span, f"{quoted_name(name_of(each.activity))} runs here") for each in nested]
    return Diagnostic(span, message, advice, related=tuple(related) if site.is_call else ())


RULE = Rule(
    code="SG308",
    name="nested-step",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
