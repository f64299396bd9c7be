"""The config of a step is not static."""

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
    wrong = {fault.place.span for fault in config_faults(subject)}
    for note in subject.notes_with_code("dynamic-config"):
        if note.span not in wrong:
            yield Diagnostic(note.span, note.message, note.advice)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a limit from the payload",
            """
            @step.do("charge", config={"retries": {"limit": event["payload"]["limit"], "delay": 500}})  # SG005
            async def charge():
                return 1

            await charge()
            """,
        ),
        in_run(
            "a config from text",
            """
            @step.do("charge", config=json.loads('{"timeout": "5 minutes"}'))  # SG005
            async def charge():
                return 1

            await charge()
            """,
            imports="import json",
        ),
        in_run(
            "a kind of backoff that depends on the payload",
            """
            backoff = "linear" if event["payload"]["slow"] else "exponential"

            @step.do("charge", config={"retries": {"limit": 3, "delay": 500, "backoff": backoff}})  # SG005
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
            "a config as it stands",
            """
            @step.do("charge", config={"retries": {"limit": 3, "delay": 500}})
            async def charge():
                return 1

            await charge()
            """,
        ),
        module(
            "a constant of the module",
            """
            from workers import WorkflowEntrypoint

            LIMIT = 2 + 1


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge", config={"retries": {"limit": LIMIT, "delay": 500}})
                    async def charge():
                        return 1

                    await charge()
            """,
        ),
        in_run(
            "a timeout that is shown as its source",
            """
            @step.do("charge", config={"timeout": event["payload"]["timeout"]})
            async def charge():
                return 1

            await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG005",
    name="dynamic-config",
    severity=Severity.INFORMATION,
    summary="A part of a step's `config` is not statically known.",
    why="The graph shows the engine's default for it, and no rule can say whether the engine takes it.",
    fix="Write it as a constant where it is one; otherwise there is nothing to do.",
    source="The analysis itself.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
