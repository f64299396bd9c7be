"""Which of the names that there are was probably meant, and names as they stand in messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

# Comparing takes the product of the lengths.
_LONGEST: Final = 100


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the names that are near in any case, the nearest first; of those that differ in case only, the first."""
    # Imported here: only a name that is wrong needs it.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in reversed(list(known))}
    return [by_folded[match] for match in get_close_matches(name.casefold(), list(by_folded))]


class Suggestions(Struct):
    """Suggestions for unknown names, up to a limit: a module with thousands of unknown names needs none of them."""

    # Comparisons of two names that may still be made.
    left: int = 50_000

    def nearest(self, name: str, known: Callable[[], Iterable[str]]) -> str | None:
        """Return the nearest one of the known names, None where none is near."""
        if self.left <= 0 or len(name) > _LONGEST:
            return None
        from difflib import get_close_matches

        names = [each for each in known() if len(each) <= _LONGEST]
        self.left -= len(names)
        return next(iter(get_close_matches(name, names, 1)), None)


def quoted(names: Iterable[str]) -> list[str]:
    """Return names in backquotes."""
    return [f"`{name}`" for name in names]
