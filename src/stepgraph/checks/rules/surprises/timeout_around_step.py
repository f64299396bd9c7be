"""Steps and event waits in asyncio timeouts, which do not stop them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import WorkUnderTimeout

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip sleeps: a sleep that continues after the timeout has no effect."""
    last = {id(limited.place.node): limited for limited in subject.facts_of_type(WorkUnderTimeout)}
    for limited in last.values():
        match limited.what:
            case "step":
                yield _timeout_around_steps(limited)
            case "wait":
                yield _timeout_around_waits(limited)
            case "sleep":
                pass
            case _ as never:
                assert_never(never)


def _timeout_around_steps(limited: WorkUnderTimeout) -> Diagnostic:
    names = _format_names(limited.names)
    if len(limited.names) > 1:
        message = f"the steps {names}: they continue in the background, and another call runs them a second time."
        advice = "Set the timeouts of the steps"
    else:
        message = f"the step {names}: it continues in the background, and another call runs it a second time."
        advice = "Set the timeout of the step"
    return Diagnostic(
        limited.place.span,
        f"`{limited.by}` does not stop {message}",
        f'{advice}: `config={{"timeout": "30 seconds"}}` applies to each attempt.',
    )


def _timeout_around_waits(limited: WorkUnderTimeout) -> Diagnostic:
    return Diagnostic(
        limited.place.span,
        f"`{limited.by}` does not end the wait {_format_names(limited.names)}: the engine continues to wait until the"
        " timeout of the wait itself.",
        'Set the timeout of the wait: `wait_for_event(..., timeout="1 hour")`.',
    )


def _format_names(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))


RULE = Rule(
    code="SG213",
    name="timeout-around-step",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
