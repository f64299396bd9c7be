"""Numbers of milliseconds that look like seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationArgument, DurationUse, duration_arguments
from stepgraph.checks.analysis.durations import SECOND, format_duration, format_in_unit, is_likely_seconds, is_number
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.values import ExternalResult

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_IN_SECONDS: Final = {
    "datetime.timedelta().total_seconds": "`total_seconds()` gives seconds",
    "time.time": "`time.time()` gives seconds",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        match = _match(duration)
        if match is not None:
            yield match


def _match(duration: DurationArgument) -> Diagnostic | None:
    if isinstance(duration.value, ExternalResult) and duration.value.name in _IN_SECONDS:
        message = f"{_IN_SECONDS[duration.value.name]}, and the engine takes a number for milliseconds."
        return Diagnostic(duration.place.span, message, f"Write `int({duration.place.text} * 1000)`.")
    number = duration.milliseconds
    if number is None or (duration.text is not None and not is_number(duration.text)):
        return None
    if duration.use is DurationUse.WAIT and number < SECOND:
        return None  # out of bounds
    if not _is_meant_in_seconds(duration, number):
        return None
    takes = format_in_unit(f"{number:g}", "millisecond") if number < SECOND else f"{number / SECOND:g} seconds"
    message = f"a number is milliseconds, so this {duration.use} is {takes}."
    advice = f'Write "{format_duration(number * SECOND)}" if seconds are meant, and "{number:.0f} ms" if not.'
    return Diagnostic(duration.place.span, message, advice)


def _is_meant_in_seconds(duration: DurationArgument, number: float) -> bool:
    """Return whether a number looks like seconds. Delays of some hundred milliseconds before a retry are common."""
    if duration.use is DurationUse.DELAY and _FEWEST_USUAL <= number < SECOND:
        return False
    return is_likely_seconds(duration.place.text, number)


_FEWEST_USUAL: Final = 100


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run("a small number", 'await step.sleep("cool down", 30)  # SG206'),
        in_run("an hour of seconds", 'await step.wait_for_event("approval", "approval", timeout=3600)  # SG206'),
        module(
            "a name that says seconds",
            """
            from workers import WorkflowEntrypoint

            COOL_DOWN_SECONDS = 450


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    await step.sleep("cool down", COOL_DOWN_SECONDS)  # SG206
            """,
        ),
        in_run(
            "the seconds of a timedelta",
            """
            pause = timedelta(minutes=event["payload"]["minutes"])
            await step.sleep("cool down", pause.total_seconds())  # SG206
            """,
            imports="from datetime import timedelta",
        ),
        in_run(
            "a step's timeout",
            """
            @step.do("charge", config={"timeout": 5 * 60})  # SG206
            async def charge():
                return 1

            await charge()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "milliseconds that look like it",
            """
            await step.sleep("a moment", 500)
            await step.sleep("a while", 5000)
            await step.sleep("a minute", 60_000)
            await step.sleep("an hour", 60 * 60 * 1000)
            """,
        ),
        module(
            "a name that says milliseconds",
            """
            from workers import WorkflowEntrypoint

            PAUSE_MS = 50


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    await step.sleep("give way", PAUSE_MS)
            """,
        ),
        in_run(
            "the short delay of a retry",
            """
            @step.do("charge", config={"retries": {"limit": 3, "delay": 300}})
            async def charge():
                return 1

            await charge()
            """,
        ),
        module(
            "units in milliseconds",
            """
            from workers import WorkflowEntrypoint

            SECONDS = 1000
            MINUTES = 60 * SECONDS


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    await step.sleep("a moment", SECONDS)
                    await step.sleep("a while", 30 * MINUTES)
            """,
        ),
    )


RULE = Rule(
    code="SG206",
    name="milliseconds-like-seconds",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="A number, which is milliseconds, looks as if seconds were meant.",
    why="A number is milliseconds to the engine, whatever the documentation of the Python API says of seconds:"
    " `step.sleep(name, 30)` is over at once, and 3600 is 3.6 seconds.",
    fix='Write text with its unit, like "30 seconds"; where milliseconds are meant, "30 ms" says so.',
    source="Engine: `context.ts`, package itty-time; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
