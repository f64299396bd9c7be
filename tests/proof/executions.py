"""Count the executions of fixtures and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.proof.judging import Outcome, check_runs
from tests.proof.subjects import FixtureProgram, examples, gallery, pairs, projects
from tests.proof.table import CountTable

_KINDS: dict[str, Callable[[], Iterable[FixtureProgram]]] = {
    "gallery": gallery,
    "projects": projects,
    "pairs of `diff`": pairs,
    "clean examples of rules": examples,
}
_COLUMNS = (
    "executed",
    "workflows",
    "runs",
    "traces",
    "accepted",
    "rejected",
    "too hard",
    "left out",
    "steps",
    "reached",
)


@dataclass(slots=True)
class _Count:
    workflows: int = 0
    steps: int = 0
    reached: int = 0
    outcomes: list[Outcome] = field(default_factory=list)


def executions(seeds: int) -> CountTable:
    """Execute all programs in this number of scenarios, once without and once with failures."""
    counts = {kind: _count_runs(programs(), range(seeds)) for kind, programs in _KINDS.items()}
    return CountTable(
        _COLUMNS,
        [_row(kind, count) for kind, count in counts.items()],
        [remark for count in counts.values() for remark in _remarks(count)],
    )


def _count_runs(programs: Iterable[FixtureProgram], seeds: range) -> _Count:
    count = _Count()
    for program in programs:
        for subject in program.subjects():
            outcomes = [check_runs(subject, seeds, failures=failures) for failures in (False, True)]
            count.workflows += 1
            count.steps += len(frozenset().union(*(outcome.steps for outcome in outcomes)))
            count.reached += len(frozenset().union(*(outcome.reached for outcome in outcomes)))
            count.outcomes += outcomes
    return count


def _row(kind: str, count: _Count) -> tuple[str | int, ...]:
    traces = sum(outcome.traces for outcome in count.outcomes)
    rejected = sum(len(outcome.rejected) for outcome in count.outcomes)
    undecided = sum(outcome.undecided for outcome in count.outcomes)
    return (
        kind,
        count.workflows,
        sum(outcome.runs for outcome in count.outcomes),
        traces,
        traces - rejected - undecided,
        rejected,
        undecided,
        len({outcome.title for outcome in count.outcomes if outcome.unchecked}),
        count.steps,
        count.reached,
    )


def _remarks(count: _Count) -> Iterator[str]:
    unchecked = {outcome.title: outcome.unchecked for outcome in count.outcomes if outcome.unchecked}
    yield from (f"left out: {title}: {reason}" for title, reason in unchecked.items())
    yield from (f"rejected: {outcome.title}: {rejected}" for outcome in count.outcomes for rejected in outcome.rejected)
