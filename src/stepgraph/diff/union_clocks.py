"""The clocks of what was removed, among those of what is there now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from stepgraph.diff.elements import CLOCKS, Fields

BeforeAndNow: TypeAlias = tuple[Mapping[str, object], Mapping[str, object]]


def clocks_of_removed(fields: Fields, beside: Sequence[BeforeAndNow]) -> Fields:
    """Return the fields of a removed node with clocks as they would be beside nodes of both versions.

    `beside` holds the fields of these, as they were and as they are. Where they have no clocks, it has none.
    """
    now = [number for _, fields_now in beside for number in _clocks(fields_now)]
    others = {name: value for name, value in fields.items() if name not in CLOCKS}
    if not now:
        return others if len(others) < len(fields) else fields
    starts, resolves = fields.get("starts"), fields.get("resolves")
    known = sorted((before, after) for was, is_now in beside for before, after in _pairs(was, is_now))
    if not isinstance(starts, int):
        return {**others, "starts": max(now), "resolves": max(now) + 1}
    begins = max((after for before, after in known if before <= starts), default=min(now))
    if not isinstance(resolves, int):
        return {**others, "starts": begins}
    ends = min((after for before, after in known if before >= resolves), default=max(now))
    return {**others, "starts": begins, "resolves": max(ends, begins + 1)}


def _clocks(fields: Mapping[str, object]) -> list[int]:
    return [value for name in CLOCKS if isinstance(value := fields.get(name), int)]


def _pairs(before: Mapping[str, object], now: Mapping[str, object]) -> list[tuple[int, int]]:
    """Return each clock that a node had and has, as it was and as it is."""
    return [
        (was, is_now)
        for name in CLOCKS
        if isinstance(was := before.get(name), int) and isinstance(is_now := now.get(name), int)
    ]
