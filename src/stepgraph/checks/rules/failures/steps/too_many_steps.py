"""Workflows that exceed the limit on steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.analysis.min_step_count import MinStepCounts
from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject

# From the limits page: the free plan, the paid plan, and the maximum of a configured limit.
_FREE: Final = 1_024
_PAID: Final = 10_000
_HIGHEST: Final = 25_000

_SPLIT: Final = "Combine several steps into one, or split the work between several instances."


class _StepLimit(Struct, frozen=True):
    """A limit on steps, with the severity and the advice for workflows that exceed it."""

    steps: int
    severity: Severity
    source: str
    """A clause of the message that states the limit and its origin."""
    advice: str


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    counts = MinStepCounts.of(subject.program)
    count = counts.minimum()
    limit = _exceeded_limit(count, None if subject.configured is None else subject.configured.steps)
    if limit is not None:
        span = counts.exceeding_place(limit.steps).span
        failure = f"the instance fails at step {limit.steps + 1:,}"
        message = f"each run executes at least {count:,} steps, but {limit.source}: {failure}."
        yield Diagnostic(span, message, limit.advice, severity=limit.severity)


def _exceeded_limit(count: int, configured: int | None) -> _StepLimit | None:
    """Return the highest applicable limit that a count of steps exceeds. Return None if the count is allowed."""
    if configured is not None and configured < _HIGHEST:
        advice = f"Raise `limits.steps` (up to {_HIGHEST:,}), {_SPLIT[0].lower()}{_SPLIT[1:]}"
        limits = [_StepLimit(configured, Severity.ERROR, f"`limits.steps` allows {configured:,}", advice)]
    elif configured is not None:
        limits = [_MAXIMUM]
    else:
        limits = [_MAXIMUM, *_DEFAULTS]
    return next((limit for limit in limits if count > limit.steps), None)


_MAXIMUM: Final = _StepLimit(_HIGHEST, Severity.ERROR, f"the maximum is {_HIGHEST:,}", _SPLIT)
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
        "On the paid plan, no change is needed.",
    ),
)


def _check_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        for workflow in configuration.own_workflows:
            if workflow.steps is not None and workflow.steps > _HIGHEST:
                message = f"`limits.steps` is {workflow.steps:,}, but the maximum is {_HIGHEST:,}."
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
