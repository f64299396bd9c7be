"""How two pieces of work in one body stand to each other, in one pass through it and the loops around both."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import TypedDict, cast

from msgspec import Struct

from stepgraph.model.payload import Node, Number
from stepgraph.order.exits import goes_on, may_swallow
from stepgraph.order.paths import TRY, Path, is_concurrent, is_loose, node_at, parts


class Relation(Enum):
    """How one piece of work stands to another."""

    BEFORE = auto()
    """It is over before the other starts, wherever both run."""
    AFTER = auto()
    """It starts only after the other is over, wherever both run."""
    EXCLUSIVE = auto()
    """Only one of them runs."""
    OVERLAPPING = auto()
    """Nothing of that is certain: they may run at the same time."""


class Work(Struct, frozen=True, eq=False):
    """A step, or what a call or a step has in it, by the way to that node.

    `outlasts` tells work that may go on when the node is over, `fails_apart` work that goes on when something else in
    the node fails and so ends it.
    """

    path: Path
    outlasts: bool = False
    fails_apart: bool = False


class _Clocks(TypedDict, total=False):
    starts: Number
    resolves: Number


def relation(one: Work, other: Work) -> Relation:
    """Return how `one` stands to `other`. Work in the same node is taken to overlap."""
    level = _parting(one.path, other.path)
    if level is None:
        return Relation.OVERLAPPING
    if _excluded(one.path, other.path, level):
        return Relation.EXCLUSIVE
    if _is_before(one, other, level):
        return Relation.BEFORE
    if _is_before(other, one, level):
        return Relation.AFTER
    return Relation.OVERLAPPING


def is_over_with(work: Work, level: int) -> bool:
    """Whether work is over when the node is left that its path goes through at a level; -1 is the whole body."""
    return _is_awaited(work, level) and not _is_left(work, level)


def is_apart(work: Work, level: int) -> bool:
    """Whether work may go on when something else in the list at a level of its path fails, and that is left."""
    groups = (turn.holder for turn in work.path[level + 1 :] if is_concurrent(turn.holder))
    return (
        work.fails_apart
        or "starts" in _clocks(node_at(work.path))
        or any(not _waits_for_all(group) for group in groups)
    )


def loops_with_both(one: Path, other: Path) -> list[tuple[int, bool]]:
    """Return the loops around both paths: the level of their lists, and whether their passes may run concurrently."""
    level = _parting(one, other)
    shared = one if level is None else one[: level + 1]
    return [
        (number, _is_spread(shared[:number]))
        for number, turn in enumerate(shared)
        if turn.holder is not None and turn.holder["type"] == "loop"
    ]


def _is_spread(around: Path) -> bool:
    """Whether a node stands in a group, and not in a sequence in that."""
    for turn in reversed(around):
        if is_concurrent(turn.holder):
            return True
        if turn.holder is not None and turn.holder["type"] == "block":
            return False
    return False


def _parting(one: Path, other: Path) -> int | None:
    """Return the level at which two ways part: into two nodes of a list or two lists of a node. None: they do not."""
    for level, (turn, turned) in enumerate(zip(one, other, strict=False)):
        if turn.part != turned.part or turn.index != turned.index:
            return level
    return None


def _excluded(one: Path, other: Path, level: int) -> bool:
    turn, turned = one[level], other[level]
    if turn.part != turned.part:
        return turn.holder is not None and turn.holder["type"] in {"if", "switch"}
    if is_concurrent(turn.holder):
        return False
    first, last = (one, turned.index) if turn.index < turned.index else (other, turn.index)
    return not goes_on(first, level, last)


def _is_before(one: Work, other: Work, level: int) -> bool:
    if (
        one.outlasts
        or _is_left(one, level)
        or (one.path[level].part != other.path[level].part and is_apart(one, level))
    ):
        return False
    if _is_earlier(one.path, other.path, level):
        return _is_awaited(one, level) or _is_resolved(one, other)
    return _is_resolved(one, other) and not _is_earlier(other.path, one.path, level)


def _is_resolved(one: Work, other: Work) -> bool:
    """Whether clocks say that one is over when the other starts."""
    resolves, starts = _clocks(node_at(one.path)).get("resolves"), _clocks(node_at(other.path)).get("starts")
    return resolves is not None and starts is not None and resolves <= starts


def _is_earlier(one: Path, other: Path, level: int) -> bool:
    """Whether the way to one leads to what is left before what the other leads to is entered."""
    turn, turned = one[level], other[level]
    if turn.part != turned.part:
        return turn.part < turned.part
    return turn.index < turned.index and not is_concurrent(turn.holder) and not _has_clocks(turn.nodes)


def _is_awaited(work: Work, level: int) -> bool:
    """Whether work is over when the node at a level is left, if nothing fails in there."""
    if work.outlasts or any(is_loose(turn.holder) for turn in work.path[level + 1 :]):
        return False
    clocks = _clocks(node_at(work.path))
    if "resolves" in clocks:
        # It is over at that clock, and all of its group when this closes.
        return any(is_concurrent(turn.holder) for turn in work.path[level + 1 :])
    return "starts" not in clocks


def _is_left(work: Work, level: int) -> bool:
    """Whether a failure of something else, caught within the node at a level, may leave work running."""
    return any(
        turn.holder is not None
        and turn.holder["type"] == "try"
        and turn.part == TRY
        and may_swallow(turn.holder)
        and is_apart(work, number)
        for number, turn in enumerate(work.path[level + 1 :], level + 1)
    )


def _waits_for_all(group: Node | None) -> bool:
    return group is not None and group["type"] == "parallel" and group["kind"] == "all_settled"


def _has_clocks(nodes: Sequence[Node]) -> bool:
    """Whether clocks order the nodes of a list, rather than its sequence. Groups in it have clocks of their own."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if _clocks(node):
            return True
        if not is_concurrent(node):
            pending.extend(inner for _, held in parts(node) for inner in held)
    return False


def _clocks(node: Node) -> _Clocks:
    fields = cast("_Clocks", node)
    found: _Clocks = {}
    if "starts" in fields:
        found["starts"] = fields["starts"]
    if "resolves" in fields:
        found["resolves"] = fields["resolves"]
    return found
