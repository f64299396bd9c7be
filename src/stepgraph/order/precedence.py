"""The strict order of all steps of a workflow, as bit sets of step numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from stepgraph.order.relation import Relation
from stepgraph.order.workflow_order import WorkflowOrder


def predecessors(order: WorkflowOrder) -> list[int]:
    """Return for each of `order.steps` the steps that always precede it, as a transitive relation.

    Precedence may be intransitive: `a` precedes `b` and `b` precedes `c`, but in an execution without `b`, `c` overlaps
    with `a`. The result is then the part of the relation in which a step has all predecessors of its own predecessors.
    If the relation is transitive, this is all of it.
    """
    related = _related(order)
    result: list[int] = []
    for before in related:
        kept, remaining = 0, before
        while remaining:
            step = remaining.bit_length() - 1
            remaining ^= 1 << step
            if not related[step] & ~before:
                # Its own predecessors qualify as well.
                kept |= 1 << step | (result[step] if step < len(result) else 0)
                remaining &= ~kept
        result.append(kept)
    return result


def immediate_predecessors(before: Sequence[int]) -> list[int]:
    """Return the transitive reduction of a strict order, which has the same paths with the fewest edges."""
    result = []
    for earlier in before:
        immediate, remaining = 0, earlier
        while remaining:
            step = remaining.bit_length() - 1
            immediate = immediate & ~before[step] | 1 << step
            remaining &= ~(before[step] | 1 << step)
        result.append(immediate)
    return result


def _related(order: WorkflowOrder) -> list[int]:
    """Return for each step the steps that are over before it in each execution of both."""
    before = [0] * len(order.steps)
    for (first, step), (second, other_step) in combinations(enumerate(order.steps), 2):
        relations = order.relations(step, other_step) - {Relation.EXCLUSIVE}
        if relations == {Relation.BEFORE}:
            before[second] |= 1 << first
        elif relations == {Relation.AFTER}:
            before[first] |= 1 << second
    return before
