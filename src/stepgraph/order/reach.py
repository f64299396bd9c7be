"""By which nodes runs get to one step, body by body."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from stepgraph.order.paths import node_at
from stepgraph.order.relation import Work, is_apart, is_over_with
from stepgraph.order.scopes import Entry, Scope, Step, spreading

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
