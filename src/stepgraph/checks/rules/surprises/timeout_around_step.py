"""Timeouts of asyncio around steps, which do not stop the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import WorkUnderTimeout

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip sleeps: one that continues after the timeout has no effect."""
    last = {id(cut.place.node): cut for cut in subject.facts_of_type(WorkUnderTimeout)}
    for cut in last.values():
        if cut.what == "step":
            yield _of_steps(cut)
        elif cut.what == "wait":
            yield _of_waits(cut)


def _of_steps(cut: WorkUnderTimeout) -> Diagnostic:
    several = len(cut.names) > 1
    which = "steps" if several else "step"
    goes, it = ("go", "them") if several else ("goes", "it")
    return Diagnostic(
        cut.place.span,
        f"`{cut.by}` does not stop the {which} {_listed(cut.names)}, which {goes} on in the background;"
        f" another call would run {it} a second time.",
        f'Limit the {which} instead, with `config={{"timeout": "30 seconds"}}`, which holds for each attempt.',
    )


def _of_waits(cut: WorkUnderTimeout) -> Diagnostic:
    return Diagnostic(
        cut.place.span,
        f"`{cut.by}` does not end the wait {_listed(cut.names)}: the engine goes on waiting until the timeout of the"
        " wait itself.",
        'Give the wait its own limit: `wait_for_event(..., timeout="1 hour")`.',
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))


RULE = Rule(
    code="SG213",
    name="timeout-around-step",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
