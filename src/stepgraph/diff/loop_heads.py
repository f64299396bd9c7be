"""Changed heads of loops, which the payload does not contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stepgraph.diff.matching import Matching

LOOP_HEAD: Final = "\0head"
"""The field of a loop with its head in changes. The payload has no such field."""

_FOR: Final = r"(?:async )?for (?:(?! in )[^\n])++ in "
_COUNTED_HEAD: Final = re.compile(rf"{_FOR}range\((?:(-?[0-9]{{1,9}}), )?(-?[0-9]{{1,9}})\)")
_LISTED_HEAD: Final = re.compile(rf"{_FOR}\[[^\n]*\]")


def has_loops(matching: Matching) -> bool:
    """Return whether some loop is in both versions, so that its head may differ."""
    return any(
        element.kind == "loop" and matching.to_new[element.number] is not None for element in matching.old.elements
    )


def changed_loops(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the loops of both versions whose passes may differ, by the old and the new number."""
    for element in matching.old.elements:
        new = matching.to_new[element.number]
        if element.kind == "loop" and new is not None and has_other_passes(matching, element.number, new):
            yield element.number, new


def has_other_passes(matching: Matching, old: int, new: int) -> bool:
    """Return whether the passes of a loop may differ. Loops without a head, as in saved graphs, are assumed equal."""
    if old in matching.old.definitions and new in matching.new.definitions:
        return matching.has_other_value(old, new)
    heads = matching.old.loop_heads.get(old), matching.new.loop_heads.get(new)
    return None not in heads and heads[0] != heads[1]


def number_of_passes(head: str) -> int | None:
    """Return the number of passes of a loop over a `range` of literal numbers, or None for any other loop."""
    match = _COUNTED_HEAD.fullmatch(head)
    return None if match is None else max(0, int(match[2]) - int(match[1] or 0))


def continues(longer: str, shorter: str) -> bool:
    """Return whether the passes of one loop start with all passes of another: more numbers, or a longer list."""
    matches = _COUNTED_HEAD.fullmatch(longer), _COUNTED_HEAD.fullmatch(shorter)
    if matches[0] is not None and matches[1] is not None:
        first = {int(match[1] or 0) for match in matches if match is not None}
        return len(first) == 1 and int(matches[0][2]) > int(matches[1][2])
    is_list = _LISTED_HEAD.fullmatch(shorter) is not None
    return is_list and "*" not in longer and longer.startswith(f"{shorter[:-1]}, ")
