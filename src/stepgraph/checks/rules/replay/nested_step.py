"""Steps inside steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.await_groups import is_race
from stepgraph.ir.nodes import Await, Block, Call, Run, Start, StepRun
from stepgraph.ir.walk import name_of, walk_operations
from stepgraph.limits import Budget, Limit

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip races inside a step, which the documentation recommends."""
    racing: dict[int, bool] = {}
    budget = Budget()
    for visit in subject.operations:
        outer, operation = visit.in_step, visit.operation
        if outer is None or not isinstance(operation, Run | Start) or isinstance(operation.activity, Call):
            continue
        if id(outer) not in racing:
            racing[id(outer)] = _races(outer.body, budget)
        if not racing[id(outer)]:
            yield _nested(outer, operation)


def _races(body: Block, budget: Budget) -> bool:
    for visit in walk_operations(body):
        budget.spend(Limit.PAIRS)
        if isinstance(visit.operation, Await) and is_race(visit.operation.group):
            return True
    return False


def _nested(outer: StepRun, operation: Run | Start) -> Diagnostic:
    outer_name, name = outer.definition.name, name_of(operation.activity)
    span = operation.place.span
    advice = f"Await it in `run`, before or after {outer_name!r}; let that step return what it takes."
    if isinstance(operation.activity, StepRun):
        again = f"each retry of {outer_name!r} runs it again, under another count, whether or not it had succeeded."
        return Diagnostic(span, f"the step {name!r} runs inside the step {outer_name!r}: {again}", advice)
    waiting = f"waiting for {name!r} inside the step {outer_name!r} uses up the step's timeout (10 minutes by default)"
    return Diagnostic(span, f"{waiting}, and each retry of it waits again.", advice)


RULE = Rule(
    code="SG308",
    name="nested-step",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
