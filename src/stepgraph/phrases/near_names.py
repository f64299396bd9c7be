"""Which of the names that there are was probably meant, and names as they stand in messages."""

from __future__ import annotations

from collections.abc import Iterable


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the names that are near in any case, the nearest first; of those that differ in case only, the first."""
    # Imported here: only a name that is wrong needs it.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in reversed(list(known))}
    return [by_folded[match] for match in get_close_matches(name.casefold(), list(by_folded))]


def quoted(names: Iterable[str]) -> list[str]:
    """Return names in backquotes."""
    return [f"`{name}`" for name in names]
