"""Timeouts of steps above the recommended maximum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationUse, duration_arguments
from stepgraph.checks.analysis.durations import MINUTE, format_duration
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_LONGEST: Final = 30 * MINUTE


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        length = duration.milliseconds if duration.use is DurationUse.TIMEOUT else None
        if length is not None and length > _LONGEST:
            yield Diagnostic(
                duration.place.span,
                f"this step may take {format_duration(length)}, and 30 minutes or less is advised: an attempt that is"
                " interrupted begins again from nothing.",
                'Write "30 minutes" or less, and do the work in several steps; for what happens elsewhere, use'
                " `step.wait_for_event`.",
            )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "two hours",
            """
            @step.do("export", config={"timeout": "2 hours"})  # SG309
            async def export():
                return 1

            await export()
            """,
        ),
        in_run(
            "milliseconds of 45 minutes",
            """
            @step.do("export", config={"timeout": 45 * 60 * 1000})  # SG309
            async def export():
                return 1

            await export()
            """,
        ),
        in_run(
            "a config of several steps",
            """
            PATIENT = {
                "timeout": "1 day",  # SG309
            }

            @step.do("extract", config=PATIENT)
            async def extract():
                return 1

            @step.do("load", config=PATIENT)
            async def load():
                return 2

            await extract()
            await load()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "half an hour",
            """
            @step.do("export", config={"timeout": "30 minutes"})
            async def export():
                return 1

            await export()
            """,
        ),
        in_run(
            "a long time between attempts",
            """
            @step.do("export", config={"retries": {"limit": 3, "delay": "2 hours"}, "timeout": "5 minutes"})
            async def export():
                return 1

            await export()
            """,
        ),
        in_run(
            "a long wait",
            """
            await step.wait_for_event("exported", "exported", timeout="2 days")
            await step.sleep("cool down", "2 hours")
            """,
        ),
    )


RULE = Rule(
    code="SG309",
    name="long-step-timeout",
    severity=Severity.WARNING,
    summary="A step's timeout is over 30 minutes.",
    why="An attempt that is interrupted begins again from nothing, and the longer it takes, the likelier that is; 30"
    " minutes or less is advised.",
    fix="Do the work in several steps, or wait with `step.wait_for_event` for what happens elsewhere.",
    source="Documentation: rules of Workflows.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
