"""Sleeps with keyword arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.syntax.edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_PARAMETERS: Final = ("name", "duration")
_CALLEE: Final = re.compile(r"[\w.]+(?=\()")


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        named = [argument for argument in call.arguments.items if argument.keyword is not None]
        if call.method != "sleep" or not named:
            continue
        yield Diagnostic(
            named[0].place.span,
            f"`{named[0].keyword}=` is a keyword, and JavaScript, to which `step.sleep` hands it, has none: the engine"
            " gets no duration, and the sleep fails.",
            'Give both by position, like `step.sleep("cool down", "10 minutes")`.',
            _by_position(call),
        )


def _by_position(call: MethodCalled) -> tuple[Edit, ...]:
    """Return the call with positional arguments, an empty string if its keywords are not the expected ones."""
    callee = _CALLEE.match(call.place.text)
    ordered = _ordered(call)
    if callee is None or ordered is None or call.place.span.line != call.place.span.end_line:
        return ()
    arguments = ", ".join(argument.place.text for argument in ordered)
    return (Replacement(call.place, f"{callee[0]}({arguments})"),)


def _ordered(call: MethodCalled) -> list[StaticArgument] | None:
    positional = call.arguments.positional
    named = {argument.keyword: argument for argument in call.arguments.items if argument.keyword is not None}
    remaining = _PARAMETERS[len(positional) :]
    if not call.arguments.whole or set(named) != set(remaining):
        return None
    # The keywords of `**{...}` have no position in the source.
    if not all(re.search(rf"\b{keyword} ?=", call.place.text) for keyword in remaining) or "*" in call.place.text:
        return None
    return [*positional, *(named[keyword] for keyword in remaining)]


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run("both by keyword", 'await step.sleep(name="cool down", duration="10 minutes")  # SG119'),
        in_run("the duration by keyword", 'await step.sleep("cool down", duration=60_000)  # SG119'),
        in_run(
            "keywords in a dictionary",
            """
            pause = {
                "name": "cool down",  # SG119
                "duration": "10 minutes",
            }
            await step.sleep(**pause)
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run("both by position", 'await step.sleep("cool down", "10 minutes")'),
        in_run(
            "a point in time by keyword, which the SDK takes",
            """
            due = datetime.now(timezone.utc) + timedelta(days=1)
            await step.sleep_until(name="due", timestamp=due)
            """,
            imports="from datetime import datetime, timedelta, timezone",
        ),
        in_run(
            "a function of the project that takes keywords",
            """
            async def pause(*, name, duration):
                await step.sleep(name, duration)

            await pause(name="cool down", duration="10 minutes")
            """,
        ),
        in_run(
            "arguments in a list",
            """
            pause = ["cool down", "10 minutes"]
            await step.sleep(*pause)
            """,
        ),
    )


RULE = Rule(
    code="SG119",
    name="sleep-with-keywords",
    severity=Severity.ERROR,
    summary="`step.sleep` is given its name or duration by keyword.",
    why="The SDK hands the arguments of `step.sleep` to JavaScript as they are, which has no keywords: they arrive"
    " as one object in the place of the next argument, and the sleep fails.",
    fix="Give the name and the duration by position. `step.sleep_until` takes keywords.",
    source="SDK: `sleep` in `workers/entrypoints.py`; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
