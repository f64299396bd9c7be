"""Limits on the work of one analysis and on what is read for it, so that no hostile input takes unbounded resources.

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


# What is read of the file system, in bytes and numbers of files.

MEGABYTE: Final = 1_000_000

SOURCE_BYTES: Final = 5 * MEGABYTE
"""The size of a Python file, also of one that comes through standard input."""

CONFIGURATION_BYTES: Final = 1 * MEGABYTE
"""The size of a `wrangler.*` or a `pyproject.toml`."""

SAVED_BYTES: Final = 50 * MEGABYTE
"""The size of a saved graph, of a snapshot, and of a baseline, which have a line for each step or finding."""

SCANNED_BYTES: Final = 64 * MEGABYTE
"""How much of a Python file too large to be analyzed is searched for workflow classes: it may be data."""

SCANNED_BYTES_IN_ALL: Final = 256 * MEGABYTE
"""How much of all such files is searched."""

SEARCHED_FILES: Final = 200_000
"""The number of Python files below a directory that is searched."""

SEARCHED_ENTRIES: Final = 2_000_000
"""The number of files and directories there, of any kind."""

READ_MODULES: Final = 20_000
"""The number of modules that one command parses."""

READ_BYTES: Final = 256 * MEGABYTE
"""The size of those modules together."""

# What is taken from git.

GIT_ANSWER_BYTES: Final = 16 * MEGABYTE
"""The size of an answer, other than a list of the files of a revision: names of branches, times of commits."""

TREE_ENTRIES: Final = 500_000
"""The number of files of a revision."""

TREE_BYTES: Final = 64 * MEGABYTE
"""The size of the list of these files."""

REVISION_BYTES: Final = 512 * MEGABYTE
"""The size of those files of a revision that an analysis may read, together."""


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
