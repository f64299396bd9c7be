"""Sleeps until a time that has passed when the instance resumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import timestamp_faults
from stepgraph.checks.analysis.steps import nondeterministic_lengths
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.replay_facts import NondeterministicCondition
from stepgraph.ir.static_values import cases_of
from stepgraph.ir.values import ExternalResult, Value, is_from_package

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace

_CLOCKS: Final = ("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "time.")
_ADVICE: Final = "Compute the remaining milliseconds in a step, and pass its result to `step.sleep`."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    timestamps = _fixed_timestamps(subject)
    if not timestamps:
        return
    # Imported here because few workflows sleep until a fixed time.
    from stepgraph.checks.analysis.idle_periods import idle_periods_after
    from stepgraph.checks.analysis.tries import uncaught_work

    changing_tests = {test.controlled_statement for test in subject.facts_of_type(NondeterministicCondition)}
    uncaught = {work.place for work in uncaught_work(subject.program.body, changing_tests)}
    sleeps = [call for call in timestamps if call in uncaught]
    for call, idle_period in idle_periods_after(subject.program.body, sleeps).items():
        verb = "has" if idle_period.is_certain else "may have"
        yield Diagnostic(
            call.span,
            f"`{timestamps[call].text}` {verb} passed when the instance resumes at {idle_period.phrase}: `run`"
            " starts again, and this sleep fails because its time is in the past.",
            _ADVICE,
            severity=Severity.ERROR if idle_period.is_certain else None,
        )


def _fixed_timestamps(subject: WorkflowSubject) -> dict[SourcePlace, SourcePlace]:
    """Return the timestamp of each `sleep_until` call outside of steps whose timestamps are the same at replay.

    Values that may depend on the current time are omitted: those from third-party packages, and times of the clock when
    a module was loaded.
    """
    excluded = {length.argument.place for length in nondeterministic_lengths(subject)}
    excluded |= {fault.place for fault in timestamp_faults(subject)}
    timestamps: dict[SourcePlace, SourcePlace] = {}
    for call in subject.facts_of_type(MethodCalled):
        timestamp = call.arguments.find(1, "timestamp") if call.method == "sleep_until" and not call.in_step else None
        if timestamp is None or timestamp.place in excluded:
            continue
        if not any(map(_may_move, cases_of(timestamp.value))):
            timestamps[call.place] = timestamp.place
    return timestamps


def _may_move(value: Value) -> bool:
    return is_from_package(value) or (isinstance(value, ExternalResult) and value.name.startswith(_CLOCKS))


RULE = Rule(
    code="SG311",
    name="timestamp-past-on-replay",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
