"""Random numbers that depend only on their key, not on the order of calls."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from tests.execution.values import PyValue

Member = TypeVar("Member")

_BYTES = 8
_ALL = float(2 ** (8 * _BYTES))


def number(*of: PyValue) -> int:
    return int.from_bytes(blake2b(repr(of).encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest())


def share(*of: PyValue) -> float:
    """Return a number in the range [0, 1)."""
    return number(*of) / _ALL


def one_of(members: Sequence[Member], *of: PyValue) -> Member:
    return members[number(*of) % len(members)]
