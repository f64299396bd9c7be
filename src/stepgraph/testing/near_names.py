"""Which name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

_MOST: Final = 8


def near_names(name: str, known: Iterable[str], nothing: str) -> str:
    """Return a sentence with the names that are near, else with those there are, else `nothing`."""
    names = list(dict.fromkeys(known))
    by_folded = {each.casefold(): each for each in reversed(names)}
    near = [by_folded[match] for match in get_close_matches(name.casefold(), list(by_folded))]
    if near:
        return f"Did you mean {' or '.join(quoted(near))}?"
    if not names:
        return nothing
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"There {'are' if len(names) > 1 else 'is'} {', '.join(quoted(names[:_MOST]))}{more}."


def quoted(names: Sequence[str]) -> list[str]:
    """Return names as they stand in messages."""
    return [f"`{name}`" for name in names]
