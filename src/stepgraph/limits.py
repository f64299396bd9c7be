"""Limits on the work of one analysis, so that a small hostile input cannot take unbounded time or memory.

Operations are counted, never time: the same input meets the same limit on every machine.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct, field


class Limit(Enum):
    """A kind of work that is counted for each workflow, and the word for its unit in messages."""

    EVALUATIONS = "evaluated statements and expressions"


MAXIMUM: Final[dict[Limit, int]] = {
    Limit.EVALUATIONS: 5_000_000,
}
"""The largest amount of each kind of work. Real projects stay below a tenth of it."""


class LimitExceededError(Exception):
    """A workflow needs more work than its analysis may do."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit

    @property
    def reason(self) -> str:
        """The exceeded limit, as messages name it: `more than 5,000,000 evaluated statements and expressions`."""
        return f"more than {MAXIMUM[self.limit]:,} {self.limit.value}"


class Budget(Struct):
    """The work that the analysis of one workflow has done. Once a limit is exceeded, any further work raises again."""

    spent: dict[Limit, int] = field(default_factory=lambda: dict.fromkeys(Limit, 0))

    def spend(self, limit: Limit, amount: int = 1) -> None:
        """Count work before it is done. Raises LimitExceededError where it exceeds the limit."""
        spent = self.spent[limit] = self.spent[limit] + amount
        if spent > MAXIMUM[limit]:
            raise LimitExceededError(limit)
