"""Symbolic heights, evaluated independently of the page's script."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any


def lengths_of(definitions: Sequence[Sequence[Any]], folded: Container[str]) -> list[int]:
    """Return the value of each variable while some frames are folded."""
    lengths: list[int] = []

    def value(term: Any) -> int:  # noqa: ANN401 - a number, or a variable and a number
        return lengths[term[0]] + int(term[1]) if isinstance(term, list) else int(term)

    for kind, *terms in definitions:
        match kind:
            case "sum":
                lengths.append(sum(map(value, terms)))
            case "max":
                lengths.append(max(map(value, terms)))
            case _:
                name, is_open, is_folded = terms
                lengths.append(value(is_folded if name in folded else is_open))
    return lengths
