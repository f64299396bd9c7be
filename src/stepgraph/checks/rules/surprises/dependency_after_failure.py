"""Dependencies that run again after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_ADVICE: Final = "If it must not run again, do not go on to a step that needs it once it has failed."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for note in subject.notes_with_code("dependency-after-failure"):
        yield Diagnostic(note.span, note.message, _ADVICE)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a failure that is caught",
            """
            @step.do("charge")  # SG214
            async def charge():
                return 10

            @step.do("receipt")
            async def receipt(charge):
                return charge

            try:
                await charge()
            except Exception:
                print("not charged")

            await receipt()
            """,
        ),
        in_run(
            "a failure that is suppressed",
            """
            @step.do("charge")  # SG214
            async def charge():
                return 10

            @step.do("receipt")
            async def receipt(charge):
                return charge

            with contextlib.suppress(Exception):
                await charge()

            await receipt()
            """,
            imports="import contextlib",
        ),
        in_run(
            "a failure before it that skips it",
            """
            @step.do("reserve")
            async def reserve():
                return True

            @step.do("charge")  # SG214
            async def charge():
                return 10

            @step.do("receipt")
            async def receipt(charge):
                return charge

            try:
                await reserve()
                await charge()
            except Exception:
                print("not charged")

            await receipt()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "needed in the same `try`",
            """
            @step.do("charge")
            async def charge():
                return 10

            @step.do("receipt")
            async def receipt(charge):
                return charge

            try:
                await charge()
                await receipt()
            except Exception:
                print("not charged")
            """,
        ),
        in_run(
            "a failure that ends the run",
            """
            @step.do("charge")
            async def charge():
                return 10

            @step.do("receipt")
            async def receipt(charge):
                return charge

            try:
                await charge()
            except Exception:
                raise

            await receipt()
            """,
        ),
        in_run(
            "a step that the other one does not need",
            """
            @step.do("charge")
            async def charge():
                return 10

            @step.do("receipt")
            async def receipt():
                return "thanks"

            try:
                await charge()
            except Exception:
                print("not charged")

            await receipt()
            """,
        ),
    )


RULE = Rule(
    code="SG214",
    name="dependency-after-failure",
    severity=Severity.INFORMATION,
    summary="A step that may have failed, or been skipped by an exception, is needed by a later step.",
    why="Only results are remembered. A step that failed has none, so it runs again when another step needs it.",
    fix="That may be what is meant. If it is not, do not go on to a step that needs it once it has failed: call it"
    " inside the `try` as well.",
    source="SDK: `_do_call`, which remembers a result only; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
