"""How the steps of a workflow stand to each other, through all functions that have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from stepgraph.model.payload import Workflow
from stepgraph.order.reach import Reach, reach_of
from stepgraph.order.relation import Relation, is_over_with, loops_with_both, relation
from stepgraph.order.scopes import Entry, Scope, Step, run_of, scopes_below, steps_in_order


@dataclass(frozen=True, eq=False)
class WorkflowOrder:
    """The order of a workflow's steps, as far as its graph shows it. Steps are nodes of that graph, not copies."""

    workflow: Workflow

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps that a run may come to, as written, those of a function at the first call of it."""
        return tuple(steps_in_order(self._scopes[0]))

    def relations(self, one: Step, other: Step) -> frozenset[Relation]:
        """Return how two different steps stand to each other, in each pass of loops and functions around both.

        More than one where they meet in different ways, none where they only run in different passes.
        """
        ones, others = self._reach(one), self._reach(other)
        return frozenset(
            relation(ones.work(entry), others.work(other_entry))
            for scope, entry, other_entry in self._meetings(ones, others)
            if _part(ones, entry, others, other_entry)
            and (
                entry is other_entry
                or _may_be_one_pass(scope, ones.bodies_through(entry), others.bodies_through(other_entry))
            )
        )

    def may_overlap(self, one: Step, other: Step) -> bool:
        """Whether the graph lets two runs be under way at the same time: of one step or two, in one pass or several."""
        ones, others = self._reach(one), self._reach(other)
        return any(
            _passes_overlap(ones, entry, others, other_entry)
            or (
                _part(ones, entry, others, other_entry)
                and relation(ones.work(entry), others.work(other_entry)) is Relation.OVERLAPPING
            )
            for _, entry, other_entry in self._meetings(ones, others)
        )

    @cached_property
    def _scopes(self) -> tuple[Scope, ...]:
        return scopes_below(run_of(self.workflow))

    def _reach(self, step: Step) -> Reach:
        return reach_of(step, self._scopes)

    def _meetings(self, ones: Reach, others: Reach) -> Iterator[tuple[Scope, Entry, Entry]]:
        """Yield the pairs of nodes in one body by which runs get to the one step and to the other."""
        for scope in self._scopes:
            for entry in ones.into(scope):
                for other_entry in others.into(scope):
                    yield scope, entry, other_entry


def _part(ones: Reach, entry: Entry, others: Reach, other_entry: Entry) -> bool:
    """Whether the ways to two steps part here: at different nodes, or at one of the steps with the other in it."""
    return entry is not other_entry or ones.is_at(entry) != others.is_at(entry)


def _may_be_one_pass(scope: Scope, through: frozenset[Scope], other_through: frozenset[Scope]) -> bool:
    """Whether work that is reached from one body by two ways may be in one pass of each function around both.

    It is not where both ways lead into one function, each into a call of its own, or one leads into the body itself.
    """
    return scope not in through | other_through and not through & other_through


def _passes_overlap(ones: Reach, entry: Entry, others: Reach, other_entry: Entry) -> bool:
    """Whether a pass of a loop around both may start while another one is under way."""
    work, other_work = ones.work(entry), others.work(other_entry)
    return any(
        is_spread or not is_over_with(work, level) or not is_over_with(other_work, level)
        for level, is_spread in loops_with_both(entry.path, other_entry.path)
    )
