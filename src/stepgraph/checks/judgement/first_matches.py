"""One match for each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepgraph.checks.match import Match
    from stepgraph.model.span import Span


def first_matches(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield the first match at each place: what is read several times, as a loop is, may be told of in other words."""
    places: set[Span] = set()
    for match in matches:
        if match.span not in places:
            places.add(match.span)
            yield match
