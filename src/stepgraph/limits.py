"""Limits on the work, the inputs and the outputs of one command, so that hostile input cannot exhaust resources.

Limits count operations, files, bytes and the like, but never time, so they are the same on every machine.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct, field


class Limit(Enum):
    """A kind of work that is counted for each workflow or comparison. The value is the unit in messages."""

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
    VISITS = "element visits in the two graphs"

    __hash__ = object.__hash__  # Members are singletons, and an Enum's own hash is slow.


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
"""The maximum of each kind of work, before `PER_KILOBYTE` is added. Real projects need less than a tenth of it."""

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
"""The amount that every 1,000 bytes of the analyzed modules add to a limit. A large workflow needs a tenth of it."""

GROWTH_BYTES: Final = 250_000
"""The maximum size of the modules of a workflow that raises its limits. All raised limits together bound the time of
one workflow to about ten seconds.
"""

_COSTLY: Final = (Limit.JOINED, Limit.SUMMARIES)


FULL_SHARES: Final = 10
"""The maximum number of workflows in a module that each get a full budget.

If there are more, all workflows of the module share that many budgets equally, for the limits in `PER_KILOBYTE`.
"""


# Files, in bytes or numbers of files.

MEGABYTE: Final = 1_000_000

SOURCE_BYTES: Final = 5 * MEGABYTE
"""The maximum size of a Python file, or of Python source on standard input."""

CONFIGURATION_BYTES: Final = 1 * MEGABYTE
"""The maximum size of a `wrangler.*` or `pyproject.toml` file."""

CONFIGURATION_BYTES_IN_ALL: Final = 16 * MEGABYTE
"""The maximum total size of the configurations that one command reads. A thousand Workers need a tenth of it."""

CONFIGURED_WORKFLOWS: Final = 1_000
"""The maximum number of workflows in a configuration. Each is analyzed, which takes several milliseconds."""

CONFIGURED_ENVIRONMENTS: Final = 100
"""The maximum number of environments in a configuration that are checked if none is selected. All of them together may
have `CONFIGURED_WORKFLOWS` workflows."""

MODULE_WORKFLOWS: Final = 1_000
"""The maximum number of workflow classes of a module that are analyzed."""

LOG_FILES: Final = 1_000
"""The maximum number of logs in one directory."""

REPLAY_POSITIONS: Final = 6_000
"""The maximum number of positions in new code that are tried to replay one instance. A log of 1,000 entries that fits
needs 1,000."""

REPLAY_CALLS: Final = 60_000
"""The maximum number of calls of new code that are tried to replay one instance. Each thousand steps of the code count
as a further call. A log of 1,000 entries that fits needs about 1,000. In a workflow of 200 steps with one name, they
take about six seconds.
"""

LOGS_AT_LIMIT: Final = 10
"""The number of logs of one command that may reach their limits on calls, comparisons or operations. All logs of the
command together may take as much work, about two minutes. A thousand logs of 500 entries that fit need half of it."""

ANSWER_COMPARISONS: Final = 2_000_000
"""The maximum number of names in a log that are compared with the steps of new code, counting literal names once. They
take about two seconds."""

SAVED_BYTES: Final = 50 * MEGABYTE
"""The maximum size of a snapshot, a baseline, a file with saved graphs or the response of a server.

A step or finding takes at least a line.
"""

JSON_VALUES: Final = 3_000_000
"""The maximum number of values in a baseline, and of arrays and objects in a file with saved graphs. Each takes up to
400 bytes of memory, and a finding has five.
"""

LOG_BYTES: Final = 50 * MEGABYTE
"""The maximum size of the log of an instance. A step without output takes about 400 bytes."""

LOG_ENTRIES: Final = 25_000
"""The maximum number of entries in the log of an instance. The engine allows at most 25,000 steps."""

LOG_ATTEMPTS: Final = 250_000
"""The maximum number of attempts of all steps in the log of an instance."""

MATCH_OPERATIONS: Final = 600_000
"""The maximum number of operations that match a log with a graph. They take about two seconds."""

COPIED_PASS_COUNTS: Final = 30_000_000
"""The maximum number of counts of loop passes that are copied to number the passes of one instance. It takes about a
second. Tasks that 7,000 passes of one loop start need that many.
"""

MATCH_NODES: Final = 20_000
"""The maximum number of nodes of a graph that a log is matched with."""

MATCH_LEVELS: Final = 200
"""The maximum number of nodes inside each other in a graph that a log is matched with."""

RESTART_POINTS: Final = 50
"""The maximum number of steps that are listed as restart points. Each has a list of all entries of the log."""

SERVED_BYTES: Final = 1 * MEGABYTE
"""The maximum size of the body of a request to `stepgraph serve`. Parameters of an instance have at most 1 MB."""

SERVED_STREAMS: Final = 100
"""The maximum number of open pages that `stepgraph serve` notifies of changes. A browser opens six per window."""

SERVED_CONNECTIONS: Final = 400
"""The maximum number of connections to `stepgraph serve`. Systems allow a process 256 to 1,024 open files."""

SERVED_POLLS: Final = 8
"""The maximum number of requests that open pages send to the development server at the same time."""

PUBLISHED_DIAGNOSTICS: Final = 10_000
"""The maximum number of findings of one file that an editor shows. They take 8 MB in the protocol."""

CODE_ACTION_FINDINGS: Final = 20
"""The maximum number of findings in the selected code for which an editor offers actions. Each has up to three."""

EDITOR_MESSAGE_BYTES: Final = 64 * MEGABYTE
"""The maximum size of a message of an editor to `stepgraph lsp`. A Python file of `SOURCE_BYTES` takes at most half."""

EDITOR_PENDING_BYTES: Final = 256 * MEGABYTE
"""The maximum total size of the messages of `stepgraph lsp` that an editor has not read."""

SCANNED_BYTES: Final = 64 * MEGABYTE
"""The maximum part of a Python file over `SOURCE_BYTES` that is searched for a workflow class, and the maximum size of
a file in a revision.
"""

SCANNED_BYTES_IN_ALL: Final = 256 * MEGABYTE
"""The maximum total size of the searched parts of Python files over `SOURCE_BYTES`."""

SEARCHED_FILES: Final = 200_000
"""The maximum number of Python files below a searched directory."""

SEARCHED_MODULES: Final = 500
"""The maximum number of modules, and of directories, of a project that are searched for a missing class."""

SEARCHED_IMPORTS: Final = 1_000_000
"""The maximum number of imports that one command follows from main modules to the modules with workflow classes. They
take at most ten seconds. Real projects need a hundredth of it."""

CLASS_USERS: Final = 100
"""The maximum number of files that name a workflow class and that are considered as its main module."""

MAIN_MODULES: Final = 4
"""The maximum number of possible main modules of a workflow class that are compared."""

SEARCHED_FOR_MAIN: Final = 1_000
"""The maximum number of modules of a project that are searched for the main module of a named file."""

LOCAL_PACKAGES: Final = 200
"""The maximum number of members of a workspace, and of packages of the repository that a project depends on."""

LOCAL_PACKAGE_BYTES: Final = 4 * MEGABYTE
"""The maximum total size of the `pyproject.toml` files that are parsed for local packages. They take five seconds.
Real projects need a tenth of it."""

EXPLAINED_MODULES: Final = 1_000
"""The maximum number of modules of a directory that are searched for the reason why no workflow is found."""

EXPLAINED_BYTES: Final = 16 * MEGABYTE
"""The maximum total size of the modules that are counted for `EXPLAINED_MODULES`."""

SEARCHED_ENTRIES: Final = 1_000_000
"""The maximum number of all files and directories below a searched directory."""

DEEPEST_FOLDER: Final = 200
"""The maximum depth of nested directories. Resolving a path takes quadratic time in its depth."""

PATH_CHARACTERS: Final = 4_096
"""The maximum length of a path in a configuration or a baseline, as in the Linux kernel. Resolving a path takes
quadratic time in its length."""

PATTERN_CHARACTERS: Final = 2_000
"""The maximum total length of the patterns in a setting that selects files. Each is matched with all files."""

READ_MODULES: Final = 20_000
"""The maximum number of modules that one command parses."""

READ_BYTES: Final = 256 * MEGABYTE
"""The maximum total size of the modules that one command parses."""

# Output of git.

GIT_OUTPUT_BYTES: Final = 16 * MEGABYTE
"""The maximum output of a git process, such as branch names or commit dates, except file lists of revisions."""

TREE_FILES: Final = 100_000
"""The maximum number of files in a revision that an analysis may read."""

TREE_FOLDERS: Final = 100_000
"""The maximum number of directories in a revision that contain files for an analysis."""

TREE_LINKS: Final = 20_000
"""The maximum number of symbolic links in a revision."""

TREE_ENTRIES: Final = 500_000
"""The maximum number of all files in a revision."""

TREE_BYTES: Final = 64 * MEGABYTE
"""The maximum size of the list of all files in a revision."""

REVISION_BYTES: Final = 512 * MEGABYTE
"""The maximum total size of the files in a revision that an analysis may read."""


# Parsing. A token takes 1.5 to 3.6 KB of memory, including the objects of the analysis and the rules.

HELD_TOKENS: Final = 500_000
"""The maximum number of tokens of the modules in memory. The modules take less than 2 GB. Each line adds two tokens.

A single workflow and its imports must not exceed this limit. A workflow with 20,000 sleeps has 220,000 tokens, and one
with 9,000 steps that have a `config` has 480,000.
"""

RELEASED_TOKENS: Final = 250_000
"""The number of tokens of unneeded modules in memory above which these modules are released.

Workflows often share modules. 50 modules of 1,000 lines whose bodies are parsed on first use have 250,000 tokens.
"""

PARSED_TOKENS: Final = 20_000_000
"""The maximum number of tokens that one command parses, including modules parsed again after their release."""

MAX_PROCESSES: Final = 8
"""The maximum number of worker processes. Each has an equal part of `HELD_TOKENS`."""

BRACKET_DEPTH: Final = 200
"""The maximum depth of nested brackets, which is also the limit of CPython's tokenizer."""

CHAINED_LINKS: Final = 1_000
"""The maximum length of a chain of operators, calls and attributes."""

ADJACENT_STRINGS: Final = 3_000
"""The maximum number of adjacent string literals, which is also the limit of the native parser."""

PATTERN_DEPTH: Final = 8
"""The maximum depth of nested patterns. Each level multiplies the time of the native parser by two to four."""

STATEMENT_TOKENS: Final = 200_000
"""The maximum number of tokens of a statement without a block. The native parser takes 4 KB and up to 20 µs for each.

A `gather` of 20,000 sleeps has 180,000.
"""

FREE_DEPTH: Final = 10
"""The amount subtracted from each bracket depth and each position in a chain before they are summed. Usual code
does not exceed it.
"""

BRACKET_DEPTH_SUM: Final = 60_000
"""The maximum sum of the depths of all brackets in a module. The native parser needs memory in proportion to it."""

PATTERN_DEPTH_SUM: Final = 1_000_000
"""The maximum sum of 4 to the power of the depth, over all brackets in the patterns of a module. At the maximum, the
native parser takes about two seconds.
"""

CHAIN_LENGTH_SUM: Final = 3_000_000
"""The maximum sum of the positions of all links in their chains. The native parser needs time in proportion to it."""


# Comparisons of two graphs, besides `Limit.VISITS`.

VISIT_SHARES: Final = 2
"""The divisor of the remaining visits: one workflow, the pairing of functions, and each comparison of two names may
use the resulting part.
"""

NAME_WORK_PER_VISIT: Final = 25
"""The work that counts as one visit: the product of the lengths of two names, times the shorter length."""

SEQUENCE_WORK: Final = 100_000
"""The base amount of items and table cells that may be read to find a common subsequence of two sequences."""

SEQUENCE_WORK_PER_ITEM: Final = 20
"""The amount that each item of the two sequences adds to `SEQUENCE_WORK`."""


SAVED_NODES: Final = 30_000
"""The maximum number of nodes, branches and workflows in a file of saved graphs. A typical workflow has hundreds."""

SAVED_GRAPHS: Final = 5_000
"""The maximum number of graphs in a file of saved graphs. Each may be written to a separate file."""

# Servers with instances.

LISTED_INSTANCES: Final = 10_000
"""The maximum number of instances of one workflow that are listed."""

LISTED_WORKFLOWS: Final = 1_000
"""The maximum number of workflows of one server that are listed."""

LISTED_PAGES: Final = 500
"""The maximum number of pages of one list. A page has up to 100 instances."""

# Output.

PNG_PIXELS: Final = 50_000_000
"""The maximum number of pixels of a PNG. A pixel takes 8 bytes of memory while the picture is drawn."""

PNG_SIDE: Final = 32_767
"""The maximum width and height of a PNG in pixels, beyond which common programs fail to show it."""

PAGE_LOG_ENTRIES: Final = 10_000
"""The maximum number of entries of a log in a page."""

PAGE_SOURCE_CHARACTERS: Final = 1_000_000
"""The maximum number of characters of source code in an HTML page. A workflow with 500 steps has about 100,000."""

DIFFLIB_LINES: Final = 1_000
"""The maximum number of lines of a file that `difflib` compares. It takes cubic time if many lines are repeated."""

INLAY_HINTS: Final = 1_000
"""The maximum number of inlay hints in one answer to an editor. The visible part of a file has about 20."""

HINT_COMPARISONS: Final = 100_000
"""The maximum number of pairs of steps that are compared for one answer with inlay hints."""

WORKFLOWS_OF_A_MODULE: Final = 20
"""The maximum number of workflows of other modules that a hover or an inlay hint in a shared module considers."""

INDENTED_LEVELS: Final = 100
"""The maximum indentation of outlines and JSON, in levels. It prevents quadratic size."""

SYMBOL_LEVELS: Final = 50
"""The maximum depth of the symbols of a document in an editor. Deeper rows of an outline are at this depth."""

SEARCHED_SYMBOLS: Final = 200
"""The maximum number of symbols of all workflows that one search in an editor returns."""


class LimitExceededError(Exception):
    """An analysis or a comparison exceeds a limit."""

    def __init__(self, limit: Limit, maximum: int | None = None) -> None:
        super().__init__(limit)
        self.limit = limit
        self.maximum = MAXIMUM[limit] if maximum is None else maximum

    @property
    def reason(self) -> str:
        """The exceeded limit, as messages name it: `more than 20,000 analyzed branches`."""
        return f"more than {self.maximum:,} {self.limit.value}"


class Budget(Struct):
    """The remaining work of one analysis or comparison. After a limit is exceeded, all further work raises an error.

    If a module has more workflows than `FULL_SHARES`, each gets one of `shares` equal parts. `evaluations` and `depth`
    are fields for speed, because they change with each expression. The code that changes them also checks them.
    """

    shares: int = 1
    evaluations: int = 0
    depth: int = 0
    maximum: dict[Limit, int] = field(default_factory=MAXIMUM.copy)
    remaining: dict[Limit, int] = field(default_factory=dict)
    growth: int = GROWTH_BYTES
    """The size of further modules that raise the limits, in bytes."""

    def __post_init__(self) -> None:
        if self.shares > FULL_SHARES:
            self.maximum |= {limit: self._share(MAXIMUM[limit]) for limit in PER_KILOBYTE}
        self.remaining = self.maximum.copy()
        self.evaluations, self.depth = self.maximum[Limit.EVALUATIONS], self.maximum[Limit.DEPTH]

    def _share(self, amount: int) -> int:
        return amount if self.shares <= FULL_SHARES else amount * FULL_SHARES // self.shares

    def grow(self, size: int) -> None:
        """Raise the limits for `size` more bytes of analyzed modules, as in `PER_KILOBYTE`, up to `GROWTH_BYTES`."""
        if self.evaluations < 0 or not self.growth:
            return
        size = min(size, self.growth)
        self.growth -= size
        for limit, rate in PER_KILOBYTE.items() if size else ():
            more = self._share(rate * size // 1000)
            self.maximum[limit] += more
            self.remaining[limit] += more
            self.evaluations += more if limit is Limit.EVALUATIONS else 0

    def spend(self, limit: Limit, amount: int = 1) -> None:
        """Count work before it is done. Raises LimitExceededError if the limit is exceeded."""
        remaining = self.remaining[limit] = self.remaining[limit] - amount
        if remaining < 0:
            self.exceed(limit)

    @property
    def is_strained(self) -> bool:
        """Whether more than a tenth of a costly limit is used, and thus more than real projects need."""
        return any(self.remaining[limit] < self.maximum[limit] * 9 // 10 for limit in _COSTLY)

    def check(self) -> None:
        """Raise LimitExceededError if `evaluations` or `depth` is used up."""
        if self.evaluations < 0:
            self.exceed(Limit.EVALUATIONS)
        if self.depth < 0:
            self.exceed(Limit.DEPTH)

    def exceed(self, limit: Limit) -> None:
        """Use up all remaining work, and raise LimitExceededError."""
        self.end()
        raise LimitExceededError(limit, self.maximum[limit])

    def end(self) -> None:
        """Use up all remaining work, so that further work exceeds a limit."""
        self.evaluations = -1
        self.remaining = dict.fromkeys(Limit, -1)
