"""Configs of steps that the engine rejects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.config_faults import config_faults
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for fault in config_faults(subject):
        message = f"{fault.problem}, so the engine refuses the config and the step fails for good."
        yield Diagnostic(fault.place.span, message, fault.advice, fault.edits)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "retries without a delay",
            """
            @step.do("charge", config={"retries": {"limit": 3}})  # SG108
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "a key that the engine does not know",
            """
            @step.do("charge", config={"retry": {"limit": 3, "delay": "10 seconds"}})  # SG108
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "the keys of retries without it",
            """
            POLICY = {
                "limit": 3,  # SG108
                "timeout": "5 minutes",
            }

            @step.do("charge", config=POLICY)
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "a kind of backoff that there is not",
            """
            @step.do(
                "charge",
                config={
                    "retries": {
                        "limit": 3,
                        "delay": "10 seconds",
                        "backoff": "fibonacci",  # SG108
                    },
                },
            )
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "a limit that is text",
            """
            @step.do("charge", config={"retries": {"limit": "3", "delay": 500}})  # SG108
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "a timeout in the place of a dictionary",
            """
            @step.do("charge", config="5 minutes")  # SG108
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
            "all that a config can say",
            """
            @step.do(
                "charge",
                config={
                    "retries": {"limit": 0, "delay": 0, "backoff": "linear"},
                    "timeout": "5 minutes",
                    "sensitive": "output",
                },
            )
            async def charge():
                return 1

            await charge()
            """,
        ),
        module(
            "a config that others are made from",
            """
            from workers import WorkflowEntrypoint

            PATIENT = {"retries": {"limit": 10, "delay": "1 minute"}}


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge", config={**PATIENT, "timeout": "5 minutes"})
                    async def charge():
                        return 1

                    await charge()
            """,
        ),
        in_run(
            "retries that are completed before they are used",
            """
            retries = {"limit": 3}
            retries["delay"] = "10 seconds"

            @step.do("charge", config={"retries": retries})
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "no config",
            """
            @step.do("charge", config=None)
            async def charge():
                return 1

            await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG108",
    name="invalid-step-config",
    severity=Severity.ERROR,
    summary="A step's `config` has a key or a value that the engine refuses.",
    why="The engine checks the config when the step is called: keys `retries`, `timeout` and `sensitive` only;"
    " `retries` with both `limit` (0 to 10,000) and `delay`, and `backoff` one of constant, linear and exponential;"
    ' `sensitive` only "output". Otherwise the step fails for good, before its function runs.',
    fix="Write the config as the engine wants it; what is left out as a whole has a default.",
    source="Engine: `lib/validators.ts`; limits page.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
