"""x."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from stepgraph.model.payload import Workflow
from stepgraph.order.bodies import Entry, Scope, Step, run_of, scopes_below, spreading, steps_in_order
from stepgraph.order.paths import node_at
from stepgraph.order.relation import Relation, Work, is_apart, is_over_with, loops_with_both, relation

_WHOLE = -1


class Reach(Struct, frozen=True, eq=False):
    """The bodies that have a step in them or run one that has.

    Of these, those that it may `outlast`, and those in which it may go on when something else fails (`apart`).
    `through` has, for each of these bodies, those that every way to the step leads through, itself included.
    """

    step: Step
    bodies: frozenset[Scope]
    outlasted: frozenset[Scope]
    apart: frozenset[Scope]
    through: dict[Scope, frozenset[Scope]]

    def into(self, scope: Scope) -> list[Entry]:
        """Return the nodes of a body by which runs get to the step."""
        return [entry for entry in scope.entries if self.is_at(entry) or entry.inner in self.bodies]

    def is_at(self, entry: Entry) -> bool:
        """Whether an entry is the step itself."""
        return node_at(entry.path) is self.step

    def work(self, entry: Entry) -> Work:
        """Return the step as what an entry does."""
        if self.is_at(entry):
            return Work(entry.path)
        return Work(entry.path, outlasts=entry.inner in self.outlasted, fails_apart=entry.inner in self.apart)

    def bodies_through(self, entry: Entry) -> frozenset[Scope]:
        """Return the bodies that every way to the step from an entry leads through."""
        return frozenset() if self.is_at(entry) or entry.inner is None else self.through[entry.inner]


def reach_of(step: Step, scopes: Iterable[Scope]) -> Reach:
    """Return how runs get to a step that is in one of some bodies."""
    bodies = spreading(scopes, lambda entry: node_at(entry.path) is step)

    def leads(entry: Entry) -> bool:
        return node_at(entry.path) is step or entry.inner in bodies

    outlasted = spreading(bodies, lambda entry: leads(entry) and not is_over_with(Work(entry.path), _WHOLE))
    apart = spreading(bodies, lambda entry: leads(entry) and is_apart(Work(entry.path), _WHOLE))
    return Reach(step, bodies, outlasted, apart, _through(step, bodies))


def _through(step: Step, bodies: frozenset[Scope]) -> dict[Scope, frozenset[Scope]]:
    """Return the largest solution: what is not refuted by a way around it."""
    found = dict.fromkeys(bodies, bodies)
    while True:
        refined = {scope: _of_all_ways(scope, step, found) for scope in bodies}
        if refined == found:
            return found
        found = refined


def _of_all_ways(scope: Scope, step: Step, found: dict[Scope, frozenset[Scope]]) -> frozenset[Scope]:
    ways = [found[entry.inner] for entry in scope.entries if entry.inner is not None and entry.inner in found]
    if any(node_at(entry.path) is step for entry in scope.entries):
        ways.append(frozenset())
    return frozenset({scope}).union(frozenset.intersection(*ways))


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
