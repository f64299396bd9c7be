"""Timeouts and cancellations of asyncio, which do not stop steps and event waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import WorkCanceled
from stepgraph.phrases import list_phrase, quoted_name

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_TIMEOUT: Final = 'config={"timeout": "30 seconds"}'


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    by_place: dict[int, WorkCanceled] = {}
    for canceled in subject.facts_of_type(WorkCanceled):
        earlier = by_place.get(id(canceled.place.node))
        by_place[id(canceled.place.node)] = canceled if earlier is None else _join(earlier, canceled)
    for canceled in by_place.values():
        match canceled:
            case WorkCanceled(kind="wait"):
                yield _canceled_wait(canceled)
            case WorkCanceled(by="cancel"):
                yield _canceled_task(canceled)
            case WorkCanceled(by="asyncio.TaskGroup"):
                yield _canceled_group(canceled)
            case _:
                yield _timeout(canceled)


def _join(earlier: WorkCanceled, later: WorkCanceled) -> WorkCanceled:
    """Return the fact for both cancellations at a place, which a loop or different tasks may lead to."""
    if earlier.kind != later.kind:
        return earlier if earlier.kind == "step" else later
    return replace(earlier, names=tuple(dict.fromkeys((*earlier.names, *later.names))))


def _timeout(canceled: WorkCanceled) -> Diagnostic:
    is_single = len(canceled.names) == 1
    advice = "Set the timeout of the step" if is_single else "Set the timeouts of the steps"
    return _diagnostic(canceled, f"`{canceled.by}`", f"{advice}, as in `{_TIMEOUT}`. It applies to each attempt.")


def _canceled_task(canceled: WorkCanceled) -> Diagnostic:
    return _diagnostic(
        canceled,
        f"`{canceled.place.text}`",
        f"Await the task instead. To limit the time of an attempt, set the timeout of the step, as in `{_TIMEOUT}`.",
    )


def _canceled_group(canceled: WorkCanceled) -> Diagnostic:
    effect = "it continues" if len(canceled.names) == 1 else "they continue"
    return Diagnostic(
        canceled.place.span,
        f"if a task of the group fails, the group cancels the other tasks, but not {_format_steps(canceled)}: {effect}"
        " in the background, concurrently with the steps of the `except` or `finally`.",
        "To wait for all tasks, use `asyncio.gather(..., return_exceptions=True)`.",
    )


def _diagnostic(canceled: WorkCanceled, canceler: str, advice: str) -> Diagnostic:
    effect = (
        "it continues in the background, and another call runs it a second time"
        if len(canceled.names) == 1
        else "they continue in the background, and another call runs them a second time"
    )
    return Diagnostic(canceled.place.span, f"{canceler} does not stop {_format_steps(canceled)}: {effect}.", advice)


def _canceled_wait(canceled: WorkCanceled) -> Diagnostic:
    return Diagnostic(
        canceled.place.span,
        f"`{canceled.by}` does not end the wait {_format_names(canceled.names)}: it continues in the background until"
        " its own timeout.",
        'Set the timeout of the wait, as in `wait_for_event(..., timeout="1 hour")`.',
    )


def _format_steps(canceled: WorkCanceled) -> str:
    return f"the step{'s' * (len(canceled.names) > 1)} {_format_names(canceled.names)}"


def _format_names(names: tuple[str, ...]) -> str:
    return list_phrase(map(quoted_name, names))


RULE = Rule(
    code="SG213",
    name="timeout-around-step",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
