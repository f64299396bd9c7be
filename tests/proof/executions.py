"""The counts of executing fixtures and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.proof.judging import Outcome, judged
from tests.proof.subjects import Program, examples, gallery, pairs, projects
from tests.proof.table import Table

_KINDS: dict[str, Callable[[], Iterator[Program]]] = {
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


def executions(seeds: int) -> Table:
    """Run all in so many worlds without failures, and in as many with them."""
    counts = {kind: _counted(programs(), range(seeds)) for kind, programs in _KINDS.items()}
    return Table(
        _COLUMNS,
        [_row(kind, count) for kind, count in counts.items()],
        [remark for count in counts.values() for remark in _remarks(count)],
    )


def _counted(programs: Iterable[Program], seeds: range) -> _Count:
    count = _Count()
    for program in programs:
        for subject in program.subjects():
            outcomes = [judged(subject, seeds, failures=failures) for failures in (False, True)]
            count.workflows += 1
            count.steps += len(frozenset().union(*(outcome.steps for outcome in outcomes)))
            count.reached += len(frozenset().union(*(outcome.reached for outcome in outcomes)))
            count.outcomes += outcomes
    return count


def _row(kind: str, count: _Count) -> tuple[str | int, ...]:
    traces = sum(outcome.traces for outcome in count.outcomes)
    rejected = sum(len(outcome.rejected) for outcome in count.outcomes)
    too_hard = sum(outcome.too_hard for outcome in count.outcomes)
    return (
        kind,
        count.workflows,
        sum(outcome.runs for outcome in count.outcomes),
        traces,
        traces - rejected - too_hard,
        rejected,
        too_hard,
        len({outcome.title for outcome in count.outcomes if outcome.left_out}),
        count.steps,
        count.reached,
    )


def _remarks(count: _Count) -> Iterator[str]:
    left_out = {outcome.title: outcome.left_out for outcome in count.outcomes if outcome.left_out}
    yield from (f"left out: {title}: {why}" for title, why in left_out.items())
    yield from (f"rejected: {one.title}: {rejected}" for one in count.outcomes for rejected in one.rejected)
