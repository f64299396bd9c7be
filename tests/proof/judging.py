"""Executing workflows in many worlds, and having each run judged by the graph that the analysis gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO

from tests.acceptance.judge import Judge
from tests.acceptance.reading import steps_of
from tests.acceptance.term import TooHard
from tests.acceptance.trace import Trace, trace_of
from tests.execution.running import Execution, execute
from tests.proof.expected import NOT_CAUGHT
from tests.proof.first_failure import graphs_of
from tests.proof.subjects import Subject
from tests.proof.worlds.hints import hints_of
from tests.proof.worlds.world import World

_RUNS_OTHERWISE = frozenset({"dependency-runs-twice"})
"""What is noted, and not drawn."""

_FAILS_OTHERWISE = frozenset({"dependency-after-failure"})
"""What is noted, and not drawn, of runs in which steps fail."""

_FIELD = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A run that is no path through the graph, by the number of its world."""

    seed: int
    failures: bool
    why: str

    def __str__(self) -> str:
        return f"seed {self.seed}{', with failures' if self.failures else ''}: {self.why}"


@dataclass(slots=True)
class Outcome:
    """What came of the runs of a workflow. Runs that are alike are one trace, which is judged once, if it can be."""

    title: str
    runs: int = 0
    traces: int = 0
    left_out: str = ""
    too_hard: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    steps: frozenset[str] = frozenset()
    reached: frozenset[str] = frozenset()


def reason_to_leave_out(subject: Subject, *, failures: bool) -> str:
    """Say why a graph does not show what runs do; nothing if it is to show it."""
    if subject.graph is None:
        return "no graph"
    if not subject.complete:
        return "incomplete"
    if failures and subject.title in NOT_CAUGHT:
        return NOT_CAUGHT[subject.title]
    otherwise = _RUNS_OTHERWISE | _FAILS_OTHERWISE if failures else _RUNS_OTHERWISE
    return ", ".join(sorted(subject.notes & otherwise))


def judged(subject: Subject, seeds: Iterable[int], *, failures: bool) -> Outcome:
    """Run a workflow in the worlds of these seeds, and judge each run."""
    outcome = Outcome(subject.title, left_out=reason_to_leave_out(subject, failures=failures))
    if subject.graph is None or outcome.left_out:
        return outcome
    judges = [Judge(graph) for graph in graphs_of(subject)]
    known: set[Trace] = set()
    for seed in seeds:
        trace = trace_of(executed(subject, seed, failures=failures))
        outcome.runs += 1
        if trace not in known:
            known.add(trace)
            try:
                outcome.rejected += [Rejected(seed, failures, why) for why in _why_rejected(judges, trace)]
            except TooHard:
                outcome.too_hard += 1
    outcome.traces = len(known)
    outcome.steps = frozenset(name for _, name in steps_of(subject.graph))
    outcome.reached = frozenset(_reached(outcome.steps, {each.name for trace in known for each in trace.events}))
    return outcome


def executed(subject: Subject, seed: int, *, failures: bool) -> Execution:
    """Run a workflow in the world of a seed."""
    world = World(seed, hints_of(*subject.modules.values()), failures=failures)
    with redirect_stdout(StringIO()):  # a workflow may print
        return execute(subject.modules, subject.class_name, **world.options(subject.mode))


def _why_rejected(judges: list[Judge], trace: Trace) -> list[str]:
    """Say why the first judge rejects, if all do."""
    why: list[str] = []
    for judge in judges:
        verdict = judge.accepts(trace)
        if verdict.accepted:
            return []
        why.append(str(verdict))
    return why[:1]


def _reached(steps: Iterable[str], names: set[str]) -> Iterator[str]:
    for step in steps:
        parts = [re.escape(part) for part in _FIELD.split(step)]
        pattern = re.compile(".*".join(parts), re.DOTALL)
        if any(pattern.fullmatch(name) for name in names):
            yield step
