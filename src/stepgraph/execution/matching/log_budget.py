"""The work that the logs of one command may take in total, in addition to the limits for each log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from stepgraph.execution.matching.term_pool import Terms
from stepgraph.limits import ANSWER_COMPARISONS, LOGS_AT_LIMIT, MATCH_OPERATIONS, REPLAY_CALLS


class LogBudget(Struct):
    """The remaining work of one command, of which each log takes a part."""

    operations: int = field(default_factory=lambda: LOGS_AT_LIMIT * MATCH_OPERATIONS)
    """The operations that match logs with graphs."""
    comparisons: int = field(default_factory=lambda: LOGS_AT_LIMIT * ANSWER_COMPARISONS)
    """The comparisons of names in logs with steps of new code."""
    calls: int = field(default_factory=lambda: LOGS_AT_LIMIT * REPLAY_CALLS)
    """The tried calls of new code."""

    @property
    def is_exhausted(self) -> bool:
        """Whether no further log can be matched or replayed."""
        return min(self.operations, self.comparisons, self.calls) <= 0

    @contextmanager
    def matching(self, terms: Terms) -> Iterator[None]:
        """Count the operations of the terms of one match, and limit them to the remaining ones."""
        terms.budget = allowed = max(0, min(terms.budget, self.operations))
        try:
            yield
        finally:
            self.operations -= allowed - terms.budget
