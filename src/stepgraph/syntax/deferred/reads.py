"""The parts of modules that an analysis has read.

An analysis depends on the code outside of deferred bodies, on the bodies that it has read, and on the facts that it has
looked up about other bodies. After an edit that changes none of these, a new analysis would have the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Final, Generic, TypeVar

from msgspec import Struct, field

Result = TypeVar("Result")

_PLAIN: Final = (bool, str, bytes, type(None))
_COLLECTIONS: Final = (tuple, frozenset)
_MAX_NUMBER: Final = 2**20
"""The maximum number that can be compared. Larger ones may be identities of nodes, which differ between versions."""


class ModuleReads(Struct):
    """The parts of a module that an analysis or a part of it has read."""

    is_whole: bool = False
    """Whether the whole source was read."""
    last_line: int = 0
    """The last line in a location that was computed."""
    bodies: set[int] = field(default_factory=set)
    """The indices of the bodies that were read."""
    words: set[str] = field(default_factory=set)
    """The words whose bodies were looked up, as in `DeferredSource.with_word`."""
    contained: dict[tuple[int, tuple[str, ...]], bool] = field(default_factory=dict)
    """Whether a body contains one of several words, by the index of the body and the words."""
    mentions: dict[bytes, bool] = field(default_factory=dict)
    """Whether the source contains a word, by word."""
    results: dict[Callable[..., object], object] = field(default_factory=dict)
    """The results of functions of the module, which stand for the parts that the functions have read."""

    def add(self, other: ModuleReads) -> None:
        """Add other reads of the module."""
        self.is_whole = self.is_whole or other.is_whole
        self.last_line = max(self.last_line, other.last_line)
        self.bodies |= other.bodies
        self.words |= other.words
        self.contained |= other.contained
        self.mentions |= other.mentions
        self.results |= other.results


class ReadRecorder(Struct):
    """Records the parts of modules that the analysis in one thread reads."""

    thread: int = 0
    """The identity of the thread, or 0 while nothing is recorded. Editors read modules in other threads meanwhile."""
    reads: dict[str, ModuleReads] = field(default_factory=dict)
    """The reads since the start, or since the start of the innermost call of `record`, by path of the module."""
    added: set[Hashable] = field(default_factory=set)
    """The memoized results whose reads are included."""

    @property
    def is_active(self) -> bool:
        """Whether the reads of this thread are recorded."""
        return self.thread == get_ident()

    @contextmanager
    def recording(self) -> Iterator[dict[str, ModuleReads]]:
        """Record the reads of this thread in the block, and yield them."""
        self.thread = get_ident()
        outer = self._start()
        try:
            yield self.reads
        finally:
            self.reads, self.added = outer
            self.thread = 0

    def record(self, compute: Callable[[], Result]) -> tuple[Result, dict[str, ModuleReads]]:
        """Return the result of a function without arguments, and its reads, which are recorded separately."""
        outer = self._start()
        try:
            return compute(), self.reads
        finally:
            self.reads, self.added = outer

    def _start(self) -> tuple[dict[str, ModuleReads], set[Hashable]]:
        """Start a separate record, and return the reads and results of the previous one."""
        previous = self.reads, self.added
        self.reads, self.added = {}, set()
        return previous

    def of(self, path: str) -> ModuleReads | None:
        """Return the record of the reads of a module, to be extended. Return None if nothing is recorded."""
        if self.thread != get_ident():
            return None
        reads = self.reads.get(path)
        if reads is None:
            reads = self.reads[path] = ModuleReads()
        return reads

    def add(self, memo: Memo[Result]) -> None:
        """Add the reads of a memoized result that is used."""
        if memo.reads is not None and memo not in self.added and self.thread == get_ident():
            self.added.add(memo)
            for path, reads in memo.reads.items():
                self.reads.setdefault(path, ModuleReads()).add(reads)

    def add_result(self, path: str, function: Callable[..., object], memo: Memo[Result]) -> None:
        """Add the result of a function of a module, if it can be compared, or else the reads of the function."""
        if not memo.is_plain:
            self.add(memo)
        elif memo not in self.added and self.thread == get_ident():
            self.added.add(memo)
            self.reads.setdefault(path, ModuleReads()).results[function] = memo.result


class Memo(Struct, Generic[Result], frozen=True, eq=False):
    """A memoized result, with the reads from which it follows."""

    result: Result
    reads: dict[str, ModuleReads] | None = None
    """The reads by path, or None if they were not recorded."""
    is_plain: bool = False
    """Whether the result can be compared with that of another version of the module."""


def is_plain(value: object) -> bool:
    """Return whether a value consists of names and numbers, which can be compared with those of another version."""
    if isinstance(value, _COLLECTIONS):
        return all(map(is_plain, value))
    return isinstance(value, _PLAIN) or (isinstance(value, int) and value <= _MAX_NUMBER)
