"""Races outside of steps, whose winner may differ at replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import RaceOutsideStep
from stepgraph.phrases import list_phrase, quoted_name

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip loops that take one finished task at a time until all tasks are done, because these loops ignore no task."""
    last = {id(race.place.node): race for race in subject.facts_of_type(RaceOutsideStep)}
    for race in last.values():
        if race.loop_continues:
            continue
        names = list_phrase(map(quoted_name, race.names))
        yield Diagnostic(
            race.place.span,
            f"this race of {names} runs outside of a step: its winner is not stored, so another may win at replay.",
            "Race inside a step, which stores the result. For a time limit, set the `timeout` of the step or the wait.",
        )


RULE = Rule(
    code="SG307",
    name="race-outside-step",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
