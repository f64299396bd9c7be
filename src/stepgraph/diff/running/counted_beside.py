"""Steps of one name in members of a group, which are counted in the order in which they begin."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator

from msgspec import Struct

from stepgraph.diff.changes.clocks import beside_in
from stepgraph.diff.elements import Tree
from stepgraph.diff.running.counts import Names, engine_key


class _Turns(Struct, frozen=True):
    """When a member runs the first and the last step of a name: after how many others of its own."""

    member: int
    step: int
    first: int
    last: int


def begin_before_their_turn(tree: Tree, names: Names, group: int, own: Container[int]) -> Iterator[tuple[int, int]]:
    """Yield steps that begin before one of their name in an earlier member, each with the member that it is in.

    Run one after another, they would begin after it. One of the two members holds some element of `own`.
    """
    latest: dict[Hashable, _Turns] = {}
    latest_own: dict[Hashable, _Turns] = {}
    for member in tree[group].children:
        is_own = any(number in own for number in tree.within(member))
        for key, turns in _turns(tree, names, member).items():
            before = (latest if is_own else latest_own).get(key)
            if before is not None and turns.first < before.last and member in beside_in(tree, group, [before.member]):
                yield turns.step, member
            for known in (latest, latest_own) if is_own else (latest,):
                known[key] = max(known.get(key, turns), turns, key=lambda each: each.last)


def _turns(tree: Tree, names: Names, member: int) -> dict[Hashable, _Turns]:
    """Return the turns of a member by what the engine finds results by."""
    turns: dict[Hashable, _Turns] = {}
    for place, step in enumerate(names.run_in(member)):
        key = engine_key(tree[step])
        known = turns.get(key)
        turns[key] = _Turns(
            member, step if known is None else known.step, place if known is None else known.first, place
        )
    return turns
