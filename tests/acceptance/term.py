"""Terms: the remaining paths of a run through a graph, as in small-step semantics.

An event turns a term into another one (`transitions`). A term can also end without an event (`exits`), or advance until
the work that resolves by a clock is over (`advance_to`). Choices are made only when an event requires them, which keeps
the number of terms low.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cached_property
from itertools import product
from math import inf
from typing import TypeAlias, TypeVar

from tests.acceptance.trace import Kind, StepEvent

StepKey: TypeAlias = tuple[Kind, str] | None
"""The kind and the shown name of a step. None stands for a failed step, after which no step is required."""

T = TypeVar("T")

StepCounts: TypeAlias = Counter[StepKey]

NO_STEPS: StepCounts = Counter()


class SearchLimitExceeded(Exception):  # noqa: N818 # a limit of the search
    """The search has more paths than its budget allows."""


class Completion(Enum):
    """How a term completes."""

    NORMAL = "on"
    BREAK = "break"
    RETURN = "return"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class Pending:
    """Work that continues: in the background, never awaited, or in the enclosing group."""

    background: tuple[Term, ...] = ()
    group: tuple[Term, ...] = ()

    def __add__(self, more: Pending) -> Pending:
        if not (more.background or more.group):
            return self
        return Pending(self.background + more.background, self.group + more.group)

    @property
    def in_background(self) -> Pending:
        return Pending(self.background + self.group) if self.group else self


NO_PENDING = Pending()


@dataclass(frozen=True, slots=True)
class Exit:
    """A completion of a term without an event."""

    completion: Completion
    pending: Pending = NO_PENDING


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A successor of a term without an event."""

    term: Term
    pending: Pending = NO_PENDING


@dataclass(frozen=True, slots=True)
class Transition:
    """A successor of a term by an event. If it begins work with a clock, all work that resolves by then is over."""

    term: Term
    pending: Pending = NO_PENDING
    clock: float | None = None


class Term:
    """A term with structural equality. The hash is cached, because terms are deep."""

    @property
    def starts(self) -> float:
        """The lowest clock at which work in the term begins, or -inf if the clock is not specified."""
        return -inf

    @property
    def resolves(self) -> float:
        """The lowest clock by which unfinished work in the term is over."""
        return inf

    @property
    def clocked(self) -> bool:
        """Whether the term has work with a clock of its function."""
        return False

    @property
    def jumps(self) -> frozenset[Completion]:
        """The jumps that may leave the term."""
        return frozenset()

    def transitions(self, event: StepEvent, search: Search) -> Iterable[Transition]:  # noqa: ARG002 # used by subclasses
        return []

    def exits(self, search: Search) -> list[Exit]:  # noqa: ARG002 # likewise
        return []

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:  # noqa: ARG002 # likewise
        """Return the successors in which all work that resolves by this clock is over."""
        return [Rewrite(self)] if self.resolves > clock else []

    def required_steps(self, search: Search) -> StepCounts:  # noqa: ARG002 # likewise
        """Count the steps that start before the term completes, provided that no further step fails."""
        return NO_STEPS

    def interrupted(self, search: Search) -> list[Pending]:  # noqa: ARG002 # likewise
        """Return the pending work after an exception that no step raised."""
        return [NO_PENDING]

    @cached_property
    def _hash(self) -> int:
        return hash((type(self), *self._fields))

    @cached_property
    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type] # all terms are dataclasses

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Term)
            and type(self) is type(other)
            and self._hash == other._hash
            and self._fields == other._fields
        )


@dataclass
class Search:
    """The functions, the memoized results for terms, and the calls being expanded."""

    functions: Mapping[str, Term]
    max_explored: int
    """The number of terms and combinations that may be explored for a trace."""
    max_recursion: int = 0
    """Maximum depth of recursive calls without an event."""
    explored: int = 0
    truncated: bool = False
    """Whether a recursion was not followed to its end, in this trace or an earlier one with cached results."""
    _calls: Counter[str] = field(default_factory=Counter)
    _leaving: dict[str, tuple[Exit, ...]] = field(default_factory=dict)
    _recursive: set[str] = field(default_factory=set)
    _numbers: dict[Term, int] = field(default_factory=dict)
    _required: dict[Term, StepCounts] = field(default_factory=dict)
    _counting: set[str] = field(default_factory=set)
    _interrupted: set[str] = field(default_factory=set)
    _transitions: dict[tuple[object, ...], list[Transition]] = field(default_factory=dict)
    _exits: dict[tuple[object, ...], list[Exit]] = field(default_factory=dict)

    def start(self, max_recursion: int) -> None:
        """Start a search with a recursion limit."""
        if max_recursion != self.max_recursion:
            self._transitions.clear()
            self._exits.clear()
            self.truncated = False
        self.max_recursion = max_recursion

    def order(self, term: Term) -> int:
        """Return the ordinal of a term, shared by equal terms."""
        return self._numbers.setdefault(term, len(self._numbers))

    def required_steps(self, term: Term) -> StepCounts:
        if self._counting:  # count the body of a recursive function once
            return term.required_steps(self)
        cached = self._required.get(term)
        if cached is None:
            cached = self._required[term] = term.required_steps(self)
        return cached

    def required_steps_of_function(self, name: str) -> StepCounts:
        if name in self._counting:
            return NO_STEPS
        self._counting.add(name)
        try:
            return self.required_steps(self.functions[name])
        finally:
            self._counting.discard(name)

    def transitions(self, term: Term, event: StepEvent) -> list[Transition]:
        key = (term, event, tuple(self._calls.items()) if self._calls else ())
        cached = self._transitions.get(key)
        if cached is None:
            self._count()
            cached = self._transitions[key] = list(dict.fromkeys(self._counted(term.transitions(event, self))))
        return cached

    def exits(self, term: Term) -> list[Exit]:
        key = (term, tuple(self._leaving.items()) if self._leaving else ())
        cached = self._exits.get(key)
        if cached is None:
            self._count()
            cached = self._exits[key] = list(dict.fromkeys(self._counted(term.exits(self))))
        return cached

    def transitions_of_function(self, name: str, event: StepEvent) -> list[Transition]:
        if self._calls[name] >= self.max_recursion:
            self.truncated = True
            return []
        self._calls[name] += 1
        try:
            return self.transitions(self.functions[name], event)
        finally:
            self._calls[name] -= 1
            if not self._calls[name]:
                del self._calls[name]

    def exits_of_function(self, name: str) -> tuple[Exit, ...]:
        """Compute the exits of a function as a fixpoint, starting without its recursive calls."""
        if name in self._leaving:
            self._recursive.add(name)
            return self._leaving[name]
        exits: tuple[Exit, ...] = ()
        try:
            for _ in range(self.max_recursion + 1):
                self._leaving[name] = previous = exits
                exits = tuple(self.exits(self.functions[name]))
                if name not in self._recursive or exits == previous:
                    return exits
            self.truncated = True
            return exits
        finally:
            del self._leaving[name]

    def interruptions_of_function(self, name: str) -> list[Pending]:
        """Return the pending work after an exception in a function, before its first event and recursive call."""
        if name in self._interrupted:
            return [NO_PENDING]
        self._interrupted.add(name)
        try:
            return self.functions[name].interrupted(self)
        finally:
            self._interrupted.discard(name)

    def combined(self, sequences: Iterable[Sequence[T]]) -> Iterator[tuple[T, ...]]:
        """Yield each combination of one item from each sequence."""
        return self._counted(product(*sequences))

    def _counted(self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            self._count()
            yield item

    def _count(self) -> None:
        self.explored += 1
        if self.explored > self.max_explored:
            raise SearchLimitExceeded(f"more than {self.max_explored} terms")
