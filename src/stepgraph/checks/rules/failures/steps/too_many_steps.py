"""Workflows that exceed the limit on steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.analysis.min_step_count import exceeding_place, min_step_count
from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject

# From the limits page: the free plan, the paid plan, and the maximum of a configured limit.
_FREE: Final = 1_024
_PAID: Final = 10_000
_HIGHEST: Final = 25_000

_SPLIT: Final = "Do the work of several steps in one, or start further instances that each do a part."


class _StepLimit(Struct, frozen=True):
    """A limit on steps, with the severity and the message for workflows that exceed it."""

    steps: int
    severity: Severity
    source: str
    advice: str


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    count = min_step_count(subject.program)
    limit = _exceeded(count, None if subject.configured is None else subject.configured.steps)
    if limit is not None:
        span = exceeding_place(subject.program, limit.steps).span
        fails = f"an instance fails at step {limit.steps + 1:,}"
        message = f"each run executes at least {count:,} steps, and {limit.source}: {fails}."
        yield Diagnostic(span, message, limit.advice, severity=limit.severity)


def _exceeded(count: int, configured: int | None) -> _StepLimit | None:
    """Return the exceeded limit: the configured one, or the highest of the fixed ones."""
    if configured is not None and configured < _HIGHEST:
        advice = f"Raise `limits.steps`, which may be up to {_HIGHEST:,}. Or: {_SPLIT[0].lower()}{_SPLIT[1:]}"
        limits = [_StepLimit(configured, Severity.ERROR, f"`limits.steps` allows {configured:,}", advice)]
    elif configured is not None:
        limits = [_MOST]
    else:
        limits = [_MOST, *_DEFAULTS]
    return next((limit for limit in limits if count > limit.steps), None)


_MOST: Final = _StepLimit(_HIGHEST, Severity.ERROR, f"{_HIGHEST:,} are the most that can be allowed", _SPLIT)
_DEFAULTS: Final = (
    _StepLimit(
        _PAID,
        Severity.WARNING,
        f"without `limits.steps` the paid plan allows {_PAID:,}",
        f"Set `limits.steps` in the workflow's configuration, up to {_HIGHEST:,}.",
    ),
    _StepLimit(
        _FREE,
        Severity.NOTE,
        f"the free plan allows {_FREE:,}",
        "Nothing is to be done on the paid plan.",
    ),
)


def _check_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        for workflow in configuration.own_workflows:
            if workflow.steps is not None and workflow.steps > _HIGHEST:
                message = f"`limits.steps` is {workflow.steps:,}, and {_HIGHEST:,} are the most that can be allowed."
                yield Diagnostic(
                    empty_span(configuration.path, workflow.steps_position), message, f"Set it to {_HIGHEST:,} or less."
                )


RULE = Rule(
    code="SG124",
    name="too-many-steps",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
    check_project=_check_project,
)
