"""Symbolic lengths, evaluated independently of the page's script."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any


def lengths_of(frames: Sequence[str], definitions: Sequence[Sequence[Any]], folded: Container[str]) -> list[int]:
    """Return the value of each variable by number while some frames are folded. Variable 0 is 0."""
    lengths = [0]

    def value(variable: int) -> int:
        return -lengths[-variable] if variable < 0 else lengths[variable]

    for definition in definitions:
        match definition:
            case ["sum", first, second]:
                lengths.append(value(first) + value(second))
            case ["max", *terms]:
                pairs = zip(terms[::2], terms[1::2], strict=True)
                lengths.append(max(value(variable) + number for variable, number in pairs))
            case ["half", variable, number]:
                lengths.append((value(variable) + number) // 2)
            case ["fold", frame, variable, number]:
                lengths.append(number if frames[frame] in folded else value(variable))
            case _:
                raise ValueError(f"an unknown definition: {definition}")
    return lengths


def value_in(lengths: Sequence[int], variable: int, number: int) -> int:
    """Return the value of a variable, or its negative, plus a number."""
    return (-lengths[-variable] if variable < 0 else lengths[variable]) + number
