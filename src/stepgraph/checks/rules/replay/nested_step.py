"""Steps, sleeps and event waits inside steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.await_groups import is_race
from stepgraph.ir.nodes import Await, Block, Call, Run, Start, StepRun, work_kind
from stepgraph.ir.walk import name_of, walk_operations
from stepgraph.limits import Budget, Limit

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip steps that contain a race, because Cloudflare recommends races inside steps."""
    contains_race: dict[int, bool] = {}
    budget = Budget()
    for visit in subject.operations:
        outer, operation = visit.in_step, visit.operation
        if outer is None or not isinstance(operation, Run | Start) or isinstance(operation.activity, Call):
            continue
        if id(outer) not in contains_race:
            contains_race[id(outer)] = _contains_race(outer.body, budget)
        if not contains_race[id(outer)]:
            yield _diagnostic(outer, operation)


def _contains_race(body: Block, budget: Budget) -> bool:
    for visit in walk_operations(body):
        budget.spend(Limit.PAIRS)
        if isinstance(visit.operation, Await) and is_race(visit.operation.group):
            return True
    return False


def _diagnostic(outer: StepRun, operation: Run | Start) -> Diagnostic:
    outer_name, name = outer.definition.name, name_of(operation.activity)
    match work_kind(operation.activity):
        case "step":
            message = (
                f"the step {name!r} runs inside the step {outer_name!r}: each retry of {outer_name!r} renumbers"
                f" {name!r}, so it runs again even if it has succeeded."
            )
        case "sleep" | "wait" | None:
            message = (
                f"waiting for {name!r} inside the step {outer_name!r} uses up the timeout of {outer_name!r}"
                " (10 minutes by default), and each retry waits again."
            )
        case _ as never:
            assert_never(never)
    advice = f"Await it in `run`, before or after {outer_name!r}, and pass data between them as step results."
    return Diagnostic(operation.place.span, message, advice)


RULE = Rule(
    code="SG308",
    name="nested-step",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
