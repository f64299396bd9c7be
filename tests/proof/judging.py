"""Execute workflows in many scenarios and check each run against the analyzed graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO

from tests.acceptance.acceptor import PathAcceptor
from tests.acceptance.construction import list_steps
from tests.acceptance.term import SearchLimitExceeded
from tests.acceptance.trace import RunTrace, trace_of
from tests.execution.runner import Execution, execute
from tests.proof.expected import SURVIVED_FAILURES
from tests.proof.first_failure import graph_variants
from tests.proof.subjects import Subject
from tests.proof.worlds.hints import collect_hints
from tests.proof.worlds.world import Scenario

_UNREPRESENTED = frozenset({"dependency-runs-twice"})
"""Notes on behavior that the graph does not represent."""

_UNREPRESENTED_FAILURES = frozenset({"dependency-after-failure"})
"""Notes on behavior after failures that the graph does not represent."""

_FIELD = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


@dataclass(frozen=True, slots=True)
class RejectedRun:
    """A run that is not a path through the graph."""

    seed: int
    failures: bool
    reason: str

    def __str__(self) -> str:
        return f"seed {self.seed}{', with failures' if self.failures else ''}: {self.reason}"


@dataclass(slots=True)
class Outcome:
    """The results for the runs of a workflow. Equal runs are one trace, which is checked once."""

    title: str
    runs: int = 0
    traces: int = 0
    unchecked: str = ""
    """Reason why the runs are not checked, or an empty string."""
    undecided: int = 0
    """Number of traces that exceed the search limit."""
    rejected: list[RejectedRun] = field(default_factory=list)
    steps: frozenset[str] = frozenset()
    reached: frozenset[str] = frozenset()


def reason_unchecked(subject: Subject, *, failures: bool) -> str:
    """Return why runs of a workflow are not checked, or an empty string."""
    if subject.graph is None:
        return "no graph"
    if not subject.complete:
        return "incomplete"
    if failures and subject.title in SURVIVED_FAILURES:
        return SURVIVED_FAILURES[subject.title]
    codes = _UNREPRESENTED | _UNREPRESENTED_FAILURES if failures else _UNREPRESENTED
    return ", ".join(sorted(subject.notes & codes))


def check_runs(subject: Subject, seeds: Iterable[int], *, failures: bool) -> Outcome:
    """Run a workflow in the scenarios of these seeds and check each run."""
    outcome = Outcome(subject.title, unchecked=reason_unchecked(subject, failures=failures))
    if subject.graph is None or outcome.unchecked:
        return outcome
    acceptors = [PathAcceptor(graph) for graph in graph_variants(subject)]
    traces: set[RunTrace] = set()
    for seed in seeds:
        trace = trace_of(run_in_scenario(subject, seed, failures=failures))
        outcome.runs += 1
        if trace not in traces:
            traces.add(trace)
            try:
                outcome.rejected += [RejectedRun(seed, failures, reason) for reason in _rejection(acceptors, trace)]
            except SearchLimitExceeded:
                outcome.undecided += 1
    outcome.traces = len(traces)
    outcome.steps = frozenset(name for _, name in list_steps(subject.graph))
    outcome.reached = frozenset(_reached(outcome.steps, {event.name for trace in traces for event in trace.events}))
    return outcome


def run_in_scenario(subject: Subject, seed: int, *, failures: bool) -> Execution:
    """Run a workflow in the scenario of a seed."""
    scenario = Scenario(seed, collect_hints(*subject.modules.values()), failures=failures)
    with redirect_stdout(StringIO()):  # suppresses output of the workflow
        return execute(subject.modules, subject.class_name, **scenario.options(subject.mode))


def _rejection(acceptors: list[PathAcceptor], trace: RunTrace) -> list[str]:
    """Return the verdict for the first graph if all graphs reject the trace."""
    reason: list[str] = []
    for acceptor in acceptors:
        verdict = acceptor.accepts(trace)
        if verdict.accepted:
            return []
        reason.append(str(verdict))
    return reason[:1]


def _reached(steps: Iterable[str], names: set[str]) -> Iterator[str]:
    for step in steps:
        parts = [re.escape(part) for part in _FIELD.split(step)]
        pattern = re.compile(".*".join(parts), re.DOTALL)
        if any(pattern.fullmatch(name) for name in names):
            yield step
