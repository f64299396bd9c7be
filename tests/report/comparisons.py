"""Comparisons for the tests of formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial

from docs.generate.diff_pairs import diff_pairs
from stepgraph import analyze_source
from stepgraph.model.payload import Node, StepConfig
from stepgraph.report.diff.comparison import (
    DiffFailOn,
    Pair,
    VersionComparison,
    VersionedWorkflow,
    compare_workflows,
    pair_workflows,
)
from tests.effort import sample
from tests.render.graphs import DEFAULTS, do, graph, loop
from tests.report.settlement import EDITS, settlement


def version(
    *nodes: Node, name: str = "orders", class_name: str = "Orders", place: str = "orders.py:1", complete: bool = True
) -> VersionedWorkflow:
    """Return an analyzed workflow."""
    return VersionedWorkflow(name, class_name, "orders.py", place, graph(*nodes, class_name=class_name), complete)


def report_of(pairs: Sequence[Pair], old: str = "main", new: str = "the working tree") -> VersionComparison:
    """Return the comparison of pairs of workflows."""
    return VersionComparison(old, new, compare_workflows(pairs), DiffFailOn.BREAKING, "1.2.3")


def report(old: VersionedWorkflow | None, new: VersionedWorkflow | None) -> VersionComparison:
    """Return the comparison of one workflow."""
    return report_of([(old, new)])


def unchanged() -> VersionComparison:
    """Return a comparison without changes."""
    return report(version(do("charge")), version(do("charge")))


@cache
def everything() -> VersionComparison:
    """Return a comparison of a quarter of the pairs in `fixtures/diff`, an added workflow and a removed one.

    Long runs compare all pairs.
    """
    old, new = [version(do("a"), name="gone", place="main:gone.py:1")], [version(do("b"), name="new", place="new.py:1")]
    for pair in sample([*diff_pairs()], 52):
        old += _versions(pair.name, pair.before, "main:")
        new += _versions(pair.name, pair.after, "")
    return report_of(pair_workflows(old, new))


def _versions(pair: str, source: str, label: str) -> Iterator[VersionedWorkflow]:
    """Yield the workflows of a module. Their names contain the name of the pair."""
    for workflow in analyze_source(source).workflows:
        place = f"{label}{pair}.py:{workflow.span.line}"
        name = f"{pair}.{workflow.class_name}"
        yield VersionedWorkflow(
            name,
            workflow.class_name,
            pair,
            place,
            workflow.graph,
            workflow.complete,
            details=partial(getattr, workflow, "comparable_details"),
        )


def example() -> VersionComparison:
    """Return a comparison with a change of each effect and an incomplete graph."""
    rest: Node = {"type": "step_sleep", "name": "rest", "duration": "1 day"}
    old = version(do("charge card"), do("pack"), rest, do("ship"), place="main:orders.py:1")
    new = version(
        do("charge the card"), do("count"), loop(do("pack")), rest, do("ship"), do("say thanks"), complete=False
    )
    gone = version(do("count"), name="counting", class_name="Counting", place="main:counting.py:4")
    return report_of([(gone, None), (old, new)])


def everywhere(text: str) -> VersionComparison:
    """Return a comparison with a text at every position for text from sources and names of versions."""
    old = version(do(f"old {text}"), name=text, class_name=text or "C", place=text)
    new = version(do(f"new {text}"), do(text), name=text, class_name=text or "C", place=text, complete=False)
    return report_of([(old, new)], text, text)


def large(changes: int) -> VersionComparison:
    """Return a comparison with this number of changes."""
    patient: StepConfig = {**DEFAULTS, "timeout": "1 hour"}
    names = [f"step number {number}" for number in range(changes)]
    return report(version(*map(do, names)), version(*(do(name, config=patient) for name in names)))


@cache
def settlement_report() -> VersionComparison:
    """Return the comparison of two versions of a workflow with 89 steps."""
    old, new = (_versions("settlement", settlement(edits), "") for edits in ({}, EDITS))
    return report_of(pair_workflows(list(old), list(new)))
