"""The match of logs of random programs, executed with the SDK, and of their mutants."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from msgspec.structs import replace

from stepgraph.execution.log import Attempt, EntryKind, InstanceLog, LogEntry
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.program import program_of
from tests.acceptance.acceptor import accepts
from tests.acceptance.term import SearchLimitExceeded
from tests.acceptance.trace import EventType, Kind, RunTrace, StepEvent
from tests.execution.limits import EngineLimit
from tests.execution.runner import Execution
from tests.proof.programs.analysing import analyze_program
from tests.proof.programs.executing import run_program
from tests.proof.programs.judging import explain_rejection, reason_unchecked
from tests.proof.programs.modules import GeneratedProgram, programs

PROGRAMS = 25
KINDS: dict[Kind, EntryKind] = {
    "step_do": "step",
    "step_sleep": "sleep",
    "step_sleep_until": "sleep",
    "step_wait_for_event": "wait",
}


def _log(execution: Execution) -> InstanceLog:
    """Return the log of a run, in which the number of an event is its time."""
    entries: list[LogEntry] = []
    latest: dict[tuple[Kind, str], int] = {}
    for time, event in enumerate(execution.events[: execution.event_count_at_end]):
        key = event.kind, event.key
        if event.type == "start":
            latest[key] = index = len(entries)
            name, _, count = event.key.rpartition("-")
            attempts = (Attempt(time, None, None),) if event.kind == "step_do" else ()
            kind = KINDS[event.kind]
            entries.append(LogEntry(index, event.key, name, int(count), kind, "open", time, attempts=attempts))
        elif key in latest:
            entry = entries[latest[key]]
            if event.type == "retry":
                entries[entry.index] = replace(entry, attempts=(*entry.attempts, Attempt(time, None, None)))
            else:
                outcome = "done" if event.type == "end" else "failed"
                entries[entry.index] = replace(entry, end=time, outcome=outcome)
    if execution.error is None:
        return InstanceLog("complete", tuple(entries))
    return InstanceLog("running" if isinstance(execution.error, EngineLimit) else "errored", tuple(entries))


def _mutant(log: InstanceLog, chance: random.Random) -> InstanceLog:
    """Return a log without an entry, with another name, or with two exchanged names."""
    entries = list(log.entries)
    first, second = chance.randrange(len(entries)), chance.randrange(len(entries))
    match chance.randrange(3):
        case 0:
            del entries[first]
        case 1:
            entries[first] = replace(entries[first], name="renamed")
        case _:
            first_entry, second_entry = entries[first], entries[second]
            entries[first] = replace(first_entry, name=second_entry.name, kind=second_entry.kind)
            entries[second] = replace(second_entry, name=first_entry.name, kind=first_entry.kind)
    return replace(log, entries=tuple(entries))


def _trace(log: InstanceLog, kinds: dict[str, Kind]) -> RunTrace:
    events: list[tuple[int, EventType, LogEntry]] = []
    for entry in log.entries:
        events.append((entry.start or 0, "start", entry))
        events += ((attempt.start or 0, "retry", entry) for attempt in entry.attempts[1:])
        if entry.end is not None:
            events.append((entry.end, "end" if entry.outcome == "done" else "fail", entry))
    ordered = sorted(events, key=lambda event: event[0])
    steps = (StepEvent(kind, kinds.get(entry.name, "step_do"), entry.name) for _, kind, entry in ordered)
    return RunTrace(tuple(steps), "done")


def _runs(program: GeneratedProgram) -> Iterator[tuple[str, str]]:
    """Yield the results for the runs of a program and for their mutants."""
    workflow = analyze_program(program)
    if workflow.graph is None:
        return
    parts, chance = program_of(workflow.graph), random.Random(1)  # noqa: S311 # not used for security
    for number, failures in enumerate((False, True)):
        if reason_unchecked(workflow, failures=failures):
            continue
        run = run_program(program, number, failures=failures)
        log = _log(run.execution)
        match = match_log(parts, log)
        if match.misfit is None or not explain_rejection(program, run):
            yield "run", "ambiguous" if match.unknown else "refused" if match.misfit else "accepted"
        if log.status != "complete" or len(log.entries) < 2:
            continue
        mutant = _mutant(log, chance)
        try:
            is_path = accepts(
                workflow.graph, _trace(mutant, {e.key.rpartition("-")[0]: e.kind for e in run.execution.events})
            )
        except SearchLimitExceeded:
            continue
        if not is_path:
            yield "mutant", "refused" if match_log(parts, mutant).misfit else "accepted"


@pytest.mark.slow
def test_runs_fit_and_mutants_do_not() -> None:
    results: Counter[tuple[str, str]] = Counter()

    @seed(1)
    @settings(
        max_examples=PROGRAMS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(program=programs())
    def run(program: GeneratedProgram) -> None:
        results.update(_runs(program))

    run()
    refused, accepted = results["mutant", "refused"], results["mutant", "accepted"]
    assert results["run", "accepted"] > PROGRAMS
    assert (results["run", "refused"], results["run", "ambiguous"]) == (0, 0)
    assert refused >= 10
    assert refused >= 0.9 * (refused + accepted)
