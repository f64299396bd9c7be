"""What to say of a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stepgraph.phrases.near_names import near_names, quoted

_MOST: Final = 8


def names_instead(name: str, known: Iterable[str], nothing: str) -> str:
    """Return a sentence with the names that are near, else with those there are, else `nothing`."""
    names = list(dict.fromkeys(known))
    near = near_names(name, names)
    if near:
        return f"Did you mean {' or '.join(quoted(near))}?"
    if not names:
        return nothing
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"There {'are' if len(names) > 1 else 'is'} {', '.join(quoted(names[:_MOST]))}{more}."
