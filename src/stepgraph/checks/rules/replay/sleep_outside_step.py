"""Sleeps of Python and JavaScript outside of steps, in place of `step.sleep`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.call_sites import CallSite, call_site, line_phrase
from stepgraph.checks.analysis.span_index import SpanIndex
from stepgraph.checks.diagnostic import Confidence, Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.durations import format_duration, parse_duration
from stepgraph.ir.nodes import Await, Run, StartOperation
from stepgraph.ir.replay_facts import SleepOutsideStep

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_EFFECT: Final = "outside of a step: the sleep is not stored, so each replay sleeps again from the start."
_EXAMPLE: Final = "30 seconds"


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report a sleep in a shared function at the call of this function, as for other calls outside of steps."""
    sleep_at: dict[CallSite, SleepOutsideStep] = {}
    for sleep in subject.facts_of_type(SleepOutsideStep):
        if not _polls_tasks(subject, sleep):
            sleep_at.setdefault(call_site(subject, sleep.place, sleep.calls), sleep)
    for site, sleep in sleep_at.items():
        yield _in_callee(site, sleep) if site.is_call else _direct(sleep)


def _polls_tasks(subject: WorkflowSubject, sleep: SleepOutsideStep) -> bool:
    """Return whether a sleep is in a loop without steps, which polls the state of tasks: `while not task.done()`."""
    return sleep.loop is not None and not subject.once(_index_of_work).is_enclosed_in(sleep.loop.span)


def _index_of_work(subject: WorkflowSubject) -> SpanIndex:
    operations = (visit.operation for visit in subject.program.operations)
    return SpanIndex(each.place.span for each in operations if isinstance(each, Run | StartOperation | Await))


def _direct(sleep: SleepOutsideStep) -> Diagnostic:
    return Diagnostic(
        sleep.place.span,
        f"`{sleep.name}` is called {_EFFECT}",
        f'Write `await step.sleep("NAME", "{_duration(sleep.milliseconds)}")`.',
    )


def _duration(milliseconds: float | None) -> str:
    """Format a duration. Return an example if it is unknown, or if the engine would read another duration."""
    text = _EXAMPLE if milliseconds is None or not math.isfinite(milliseconds) else format_duration(milliseconds)
    parsed = parse_duration(text)
    return text if parsed is not None and parsed.milliseconds == milliseconds else _EXAMPLE


def _in_callee(site: CallSite, sleep: SleepOutsideStep) -> Diagnostic:
    span = site.place.span
    return Diagnostic(
        span,
        f"`{sleep.name}` ({line_phrase(sleep.place.span, span.path)}) is called by `{site.callee_text}` {_EFFECT}",
        f"Call `{site.callee_text}` in a step, or use `step.sleep`.",
        related=(RelatedLocation(sleep.place.span, f"`{sleep.name}` is called here"),),
    )


RULE = Rule(
    code="SG312",
    name="sleep-outside-step",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
