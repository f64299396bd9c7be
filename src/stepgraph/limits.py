"""Limits on the work and the inputs of one analysis, so that hostile input cannot take unbounded resources.

Limits count operations, never time, so they are the same on every machine.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct, field


class Limit(Enum):
    """A kind of work that is counted for each workflow, and the word for its unit in messages."""

    EVALUATIONS = "evaluated statements and expressions"
    BASES = "base classes of one class"
    DEPTH = "nested calls, blocks and expressions"
    SUMMARIES = "analyzed function bodies"
    BRANCHES = "analyzed branches"
    JOINED = "values compared where branches join"
    ELEMENTS = "elements of collections"
    PARTS = "parts of one value"
    TEXT = "characters of source text in the graph"
    OPERATIONS = "operations in the graph"
    FACTS = "observations for rules"
    PAIRS = "compared pairs"
    DEPENDENCIES = "dependencies in the graph"
    VISITS = "visits of elements of the two graphs"

    __hash__ = object.__hash__  # Members are the same objects everywhere, and an Enum's own hash is slow.


MAXIMUM: Final[dict[Limit, int]] = {
    Limit.EVALUATIONS: 150_000,
    Limit.BASES: 100,
    Limit.DEPTH: 30_000,
    Limit.SUMMARIES: 2_000,
    Limit.BRANCHES: 20_000,
    Limit.JOINED: 200_000,
    Limit.ELEMENTS: 500_000,
    Limit.PARTS: 10_000,
    Limit.TEXT: 10_000_000,
    Limit.OPERATIONS: 5_000,
    Limit.FACTS: 20_000,
    Limit.PAIRS: 2_000_000,
    Limit.DEPENDENCIES: 40_000,
    Limit.VISITS: 2_000_000,
}
"""The base amount of each kind of work. Real projects stay below a twentieth."""

PER_KILOBYTE: Final[dict[Limit, int]] = {
    Limit.EVALUATIONS: 2_000,
    Limit.SUMMARIES: 100,
    Limit.BRANCHES: 500,
    Limit.JOINED: 2_000,
    Limit.ELEMENTS: 4_000,
    Limit.TEXT: 100_000,
    Limit.OPERATIONS: 300,
    Limit.FACTS: 1_000,
}
"""The amount that each 1,000 bytes of the analyzed modules add to a limit. A large workflow needs a tenth of it."""


FULL_SHARES: Final = 10
"""The number of workflows of a module with a full budget each. More workflows share the budget of this number."""


# Reading the file system, in bytes and numbers of files.

MEGABYTE: Final = 1_000_000

SOURCE_BYTES: Final = 5 * MEGABYTE
"""The size of a Python file, also of one that comes through standard input."""

CONFIGURATION_BYTES: Final = 1 * MEGABYTE
"""The size of a `wrangler.*` or a `pyproject.toml`."""

CONFIGURATION_BYTES_IN_ALL: Final = 16 * MEGABYTE
"""The size of all configurations that one command reads: a thousand Workers have a tenth of it."""

SAVED_BYTES: Final = 50 * MEGABYTE
"""The size of a saved graph, of a snapshot, and of a baseline, which have a line for each step or finding."""

SCANNED_BYTES: Final = 64 * MEGABYTE
"""The part of an oversized Python file that is searched for workflow classes. Such a file may be data."""

SCANNED_BYTES_IN_ALL: Final = 256 * MEGABYTE
"""The part of all oversized files that is searched."""

SEARCHED_FILES: Final = 200_000
"""The number of Python files below a directory that is searched."""

SEARCHED_ENTRIES: Final = 1_000_000
"""The number of files and directories of any kind below it."""

DEEPEST_FOLDER: Final = 200
"""The depth of nested directories. Resolving a path takes time with the square of its depth."""

READ_MODULES: Final = 20_000
"""The number of modules that one command parses."""

READ_BYTES: Final = 256 * MEGABYTE
"""The size of those modules together."""

# Output of git.

GIT_OUTPUT_BYTES: Final = 16 * MEGABYTE
"""The size of an answer, other than a list of the files of a revision: names of branches, times of commits."""

TREE_FILES: Final = 100_000
"""The number of files of a revision that an analysis may read."""

TREE_FOLDERS: Final = 100_000
"""The number of the directories of these files."""

TREE_LINKS: Final = 20_000
"""The number of symbolic links of a revision."""

TREE_ENTRIES: Final = 500_000
"""The number of files of a revision."""

TREE_BYTES: Final = 64 * MEGABYTE
"""The size of the list of these files."""

REVISION_BYTES: Final = 512 * MEGABYTE
"""The total size of the files of a revision that an analysis may read."""


# Parsing. A token takes 1.5 to 3.6 KB of memory, including the objects of the analysis and the rules.

HELD_TOKENS: Final = 500_000
"""The size in tokens of the modules that are in memory at once, which take less than 2 GB; a line counts as two more.

A single workflow with its imports must fit in it. 20,000 sleeps have 220,000 tokens,
9,000 steps with a `config` 480,000.
"""

RELEASED_TOKENS: Final = 100_000
"""The size of unneeded modules in memory from which they are released."""

PARSED_TOKENS: Final = 20_000_000
"""The size of all modules that one command parses, including repetitions: 10,000 files of 2,000 tokens."""

MOST_PROCESSES: Final = 8
"""The number of worker processes. Each has an equal part of HELD_TOKENS."""

BRACKET_DEPTH: Final = 200
"""The depth of nested brackets. CPython's own tokenizer refuses more."""

CHAINED_LINKS: Final = 1_000
"""The length of a chain of operators, calls and attributes."""

PATTERN_DEPTH: Final = 8
"""The depth of a nested pattern: the native parser takes twice to four times as long for each level."""

FREE_DEPTH: Final = 10
"""The depth of a bracket, or place in a chain, up to which the next two count none. Usual code has no more."""

BRACKET_DEPTH_SUM: Final = 60_000
"""The sum of the depths of all brackets of a module: the native parser takes memory for each by its depth."""

PATTERN_DEPTH_SUM: Final = 1_000_000
"""The sum of 4 to the power of its depth over all brackets in patterns of a module: parsing that takes two seconds."""

CHAIN_LENGTH_SUM: Final = 3_000_000
"""The sum of the places of all links of a module in their chains: it takes time for each by those before it."""


# Comparisons of two graphs, besides `Limit.VISITS`.

VISIT_SHARES: Final = 2
"""The part of the remaining visits that a workflow of several gets, and that the search for new names may use."""

NAME_WORK_PER_VISIT: Final = 25
"""The product of the lengths of two compared names that counts as one visit."""

SEQUENCE_WORK: Final = 100_000
"""The items and table cells that may be read to find the common subsequence of two sequences."""

SEQUENCE_WORK_PER_ITEM: Final = 20
"""The amount that each item adds to it."""


SAVED_NODES: Final = 30_000
"""The nodes, branches and workflows of a file of saved graphs. A workflow has a few hundred."""

SAVED_GRAPHS: Final = 5_000
"""The graphs in such a file: each may become a file of its own."""

# Output.

DIFFLIB_LINES: Final = 1_000
"""The lines of a file whose corrections `difflib` shows: it takes the cube where many lines are repeated."""

INDENTED_LEVELS: Final = 100
"""The levels that lines of outlines and JSON are indented by, so that their size does not grow with the square."""


class LimitExceededError(Exception):
    """A workflow needs more work than its analysis may do."""

    def __init__(self, limit: Limit, maximum: int | None = None) -> None:
        super().__init__(limit)
        self.limit = limit
        self.maximum = MAXIMUM[limit] if maximum is None else maximum

    @property
    def reason(self) -> str:
        """The exceeded limit, as messages name it: `more than 20,000 analyzed branches`."""
        return f"more than {self.maximum:,} {self.limit.value}"


class Budget(Struct):
    """The work that the analysis of one workflow may still do. Once a limit is exceeded, any further work raises again.

    It is one of several `shares`. `evaluations` and `depth` are counted for each expression, so they are fields, and
    checked by who counts them.
    """

    shares: int = 1
    evaluations: int = 0
    depth: int = 0
    maximum: dict[Limit, int] = field(default_factory=MAXIMUM.copy)
    remaining: dict[Limit, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shares > FULL_SHARES:
            self.maximum |= {limit: self._share(MAXIMUM[limit]) for limit in PER_KILOBYTE}
        self.remaining = self.maximum.copy()
        self.evaluations, self.depth = self.maximum[Limit.EVALUATIONS], self.maximum[Limit.DEPTH]

    def _share(self, amount: int) -> int:
        return amount * FULL_SHARES // max(FULL_SHARES, self.shares)

    def grow(self, size: int) -> None:
        """Raise the limits for so many bytes of source."""
        if self.evaluations < 0:
            return
        for limit, rate in PER_KILOBYTE.items():
            more = self._share(rate * size // 1000)
            self.maximum[limit] += more
            self.remaining[limit] += more
            self.evaluations += more if limit is Limit.EVALUATIONS else 0

    def spend(self, limit: Limit, amount: int = 1) -> None:
        """Count work before it is done. Raises LimitExceededError where it exceeds the limit."""
        remaining = self.remaining[limit] = self.remaining[limit] - amount
        if remaining < 0:
            self.exceed(limit)

    def check(self) -> None:
        """Raise LimitExceededError where `evaluations` or `depth` are used up."""
        if self.evaluations < 0:
            self.exceed(Limit.EVALUATIONS)
        if self.depth < 0:
            self.exceed(Limit.DEPTH)

    def exceed(self, limit: Limit) -> None:
        """Raise LimitExceededError, and leave nothing for any further work."""
        self.end()
        raise LimitExceededError(limit, self.maximum[limit])

    def end(self) -> None:
        """Leave nothing for any further work."""
        self.evaluations = -1
        self.remaining = dict.fromkeys(Limit, -1)
