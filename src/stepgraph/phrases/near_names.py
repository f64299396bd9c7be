"""Suggestions for misspelled names, and names in backquotes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

# Comparing two names takes time proportional to the product of their lengths.
_LONGEST: Final = 100


def near_names(name: str, available: Iterable[str]) -> list[str]:
    """Return similar names, ignoring case, nearest first. Names that differ only in case yield the first of them."""
    # Imported here for start-up: only misspelled names need it.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in reversed(list(available))}
    return [by_folded[match] for match in get_close_matches(name.casefold(), list(by_folded))]


class Suggestions(Struct):
    """Suggestions for unknown names, with a limit on comparisons for modules with thousands of unknown names."""

    remaining: int = 50_000
    """The number of comparisons of two names that may still be made."""

    def nearest(self, name: str, available: Callable[[], Iterable[str]]) -> str | None:
        """Return the most similar name, None if no name is similar or the limit is reached."""
        if self.remaining <= 0 or len(name) > _LONGEST:
            return None
        from difflib import get_close_matches

        names = [each for each in available() if len(each) <= _LONGEST]
        self.remaining -= len(names)
        return next(iter(get_close_matches(name, names, 1)), None)


def quoted(names: Iterable[str]) -> list[str]:
    """Return names in backquotes."""
    return [f"`{name}`" for name in names]
