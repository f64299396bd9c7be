"""The order of two pieces of work in one execution of a body, and in one pass of each loop around both."""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct

from stepgraph.model.payload import Node
from stepgraph.order.paths import TRY, Path, clocks_of, is_concurrent, may_continue, may_end_early, may_swallow, node_at


class Relation(Enum):
    """Order of two pieces of work."""

    BEFORE = auto()
    """The first is always over when the second starts."""
    AFTER = auto()
    """The first starts only after the second is over."""
    EXCLUSIVE = auto()
    """At most one of them runs."""
    OVERLAPPING = auto()
    """Both may run concurrently."""


class NodeWork(Struct, frozen=True, eq=False):
    """A step, or all steps that a call or a step with nested steps runs, identified by the path to the node."""

    path: Path
    """The path to the node."""
    outlasts: bool = False
    """Whether the work may continue after the node is over."""
    is_independent: bool = False
    """Whether the work continues when a failure of other work ends the node."""


def relation(first: NodeWork, second: NodeWork) -> Relation:
    """Return the relation of `first` to `second`. Work in the same node overlaps."""
    level = _common_level(first.path, second.path)
    if level is None:
        return Relation.OVERLAPPING
    if _are_exclusive(first.path, second.path, level):
        return Relation.EXCLUSIVE
    if _is_before(first, second, level):
        return Relation.BEFORE
    if _is_before(second, first, level):
        return Relation.AFTER
    return Relation.OVERLAPPING


def is_awaited_in(work: NodeWork, level: int) -> bool:
    """Return whether work is over when the node at a level of its path is over. Level -1 is the whole body."""
    return _is_awaited(work, level) and not _may_be_abandoned(work, level)


def is_independent(work: NodeWork, level: int) -> bool:
    """Return whether work may continue after a failure of other work in the list at a level of its path."""
    groups = (segment.parent for segment in work.path[level + 1 :] if is_concurrent(segment.parent))
    return (
        work.is_independent
        or "starts" in clocks_of(node_at(work.path))
        or any(not waits_for_all(group) for group in groups)
    )


def loops_with_both(first: Path, second: Path) -> list[tuple[int, bool]]:
    """Return the level of the body of each loop around both paths, and whether its passes may be concurrent."""
    level = _common_level(first, second)
    shared = first if level is None else first[: level + 1]
    return [
        (number, _is_group_member(shared[:number]))
        for number, segment in enumerate(shared)
        if segment.parent is not None and segment.parent["type"] == "loop"
    ]


def _is_group_member(path: Path) -> bool:
    """Return whether the end of a path is in a concurrent group, without a `block` in between."""
    for segment in reversed(path):
        if is_concurrent(segment.parent):
            return True
        if segment.parent is not None and segment.parent["type"] == "block":
            return False
    return False


def _common_level(first: Path, second: Path) -> int | None:
    """Return the level at which two paths diverge into different nodes or lists, or None if one contains the other."""
    for level, (segment, other_segment) in enumerate(zip(first, second, strict=False)):
        if segment.part != other_segment.part or segment.index != other_segment.index:
            return level
    return None


def _are_exclusive(first: Path, second: Path, level: int) -> bool:
    segment, other_segment = first[level], second[level]
    if segment.part != other_segment.part:
        return segment.parent is not None and segment.parent["type"] in {"if", "switch"}
    if is_concurrent(segment.parent):
        return False
    earlier, later_index = (
        (first, other_segment.index) if segment.index < other_segment.index else (second, segment.index)
    )
    return not may_continue(earlier, level, later_index)


def _is_before(first: NodeWork, second: NodeWork, level: int) -> bool:
    if (
        first.outlasts
        or _may_be_abandoned(first, level)
        or (first.path[level].part != second.path[level].part and is_independent(first, level))
    ):
        return False
    if _is_earlier(first.path, second.path, level):
        return _is_awaited(first, level) or _is_resolved(first, second)
    return _is_resolved(first, second) and not _is_earlier(second.path, first.path, level)


def _is_resolved(first: NodeWork, second: NodeWork) -> bool:
    """Return whether the clocks imply that `first` is over when `second` starts."""
    resolves, starts = clocks_of(node_at(first.path)).get("resolves"), clocks_of(node_at(second.path)).get("starts")
    return resolves is not None and starts is not None and resolves <= starts


def _is_earlier(first: Path, second: Path, level: int) -> bool:
    """Return whether the program leaves the node of `first` before it enters the node of `second`."""
    segment, other_segment = first[level], second[level]
    if segment.part != other_segment.part:
        return segment.part < other_segment.part
    return segment.index < other_segment.index and not is_concurrent(segment.parent) and not segment.list.has_clocks


def _is_awaited(work: NodeWork, level: int) -> bool:
    """Return whether work is over when the node at a level of its path ends, provided that nothing fails."""
    if work.outlasts or any(may_end_early(segment.parent) for segment in work.path[level + 1 :]):
        return False
    clocks = clocks_of(node_at(work.path))
    if "resolves" in clocks:
        # The work is over at that clock and therefore before the end of its group.
        return any(is_concurrent(segment.parent) for segment in work.path[level + 1 :])
    return "starts" not in clocks


def _may_be_abandoned(work: NodeWork, level: int) -> bool:
    """Return whether a caught failure of other work inside the node at a level may leave work running."""
    return any(
        segment.parent is not None
        and segment.parent["type"] == "try"
        and segment.part == TRY
        and may_swallow(segment.parent)
        and is_independent(work, number)
        for number, segment in enumerate(work.path[level + 1 :], level + 1)
    )


def waits_for_all(group: Node | None) -> bool:
    """Return whether a failure of a member of a group does not end the group."""
    return group is not None and group["type"] == "parallel" and group["kind"] == "all_settled"
