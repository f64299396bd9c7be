"""What is left of a run's path through a graph, as a term that each moment makes another of.

A term says of itself which moments it can go on with, and into what; how it can be left without any further moment;
and how it gets rid of all that must be over by a clock. Whatever is chosen, a branch or a pass more, is chosen when a
moment asks for it and no sooner, so a run is followed in few terms.
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

from tests.acceptance.trace import Kind, Moment

Shown: TypeAlias = tuple[Kind, str] | None
"""A step as it is shown, or none: then one has failed, and nothing need start any more."""

T = TypeVar("T")

Needs: TypeAlias = Counter[Shown]

NO_NEEDS: Needs = Counter()


class TooHard(Exception):  # noqa: N818 # it is no error in what is judged
    """There are more paths to look at than the judge will."""


class Way(Enum):
    """How something is left."""

    ON = "on"
    BREAK = "break"
    RETURN = "return"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class Rest:
    """What goes on beside: in the background, where nobody waits for it, or in the group around."""

    background: tuple[Term, ...] = ()
    group: tuple[Term, ...] = ()

    def __add__(self, other: Rest) -> Rest:
        if not (other.background or other.group):
            return self
        return Rest(self.background + other.background, self.group + other.group)

    @property
    def abandoned(self) -> Rest:
        return Rest(self.background + self.group) if self.group else self


NOTHING = Rest()


@dataclass(frozen=True, slots=True)
class Exit:
    """A way to leave a term without a moment."""

    way: Way
    rest: Rest = NOTHING


@dataclass(frozen=True, slots=True)
class Form:
    """What a term turns into without a moment."""

    term: Term
    rest: Rest = NOTHING


@dataclass(frozen=True, slots=True)
class Move:
    """What a term turns into by a moment; if that begins work that has a clock, all that resolves by then is over."""

    term: Term
    rest: Rest = NOTHING
    clock: float | None = None


class Term:
    """Equal terms are one to all who look for them; each knows its hash, as terms are deep."""

    @property
    def starts(self) -> float:
        """The lowest clock at which something in it begins; below all clocks where that asks for none."""
        return -inf

    @property
    def resolves(self) -> float:
        """The lowest clock by which something in it is over that is not yet."""
        return inf

    @property
    def clocked(self) -> bool:
        """Whether something in it goes by the clock of the function that it stands in."""
        return False

    @property
    def steers(self) -> frozenset[Way]:
        """How a `break` or `return` in it may leave it."""
        return frozenset()

    def moves(self, moment: Moment, world: World) -> Iterable[Move]:  # noqa: ARG002 # others look at them
        return []

    def exits(self, world: World) -> list[Exit]:  # noqa: ARG002 # likewise
        return []

    def quiet(self, clock: float, world: World) -> list[Form]:  # noqa: ARG002 # likewise
        """Return what it may turn into in which all that resolves by this clock is over."""
        return [Form(self)] if self.resolves > clock else []

    def least(self, world: World) -> Needs:  # noqa: ARG002 # likewise
        """Return which steps have to start at least before it is left, and how often, if no further step fails."""
        return NO_NEEDS

    def broken(self, world: World) -> list[Rest]:  # noqa: ARG002 # likewise
        """Return what may go on of it when an exception that no step raised leaves it."""
        return [NOTHING]

    @cached_property
    def _hash(self) -> int:
        return hash((type(self), *self._fields))

    @cached_property
    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type] # each term is one

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
class World:
    """The functions, what has been found out about terms, and which calls are being looked into."""

    functions: Mapping[str, Term]
    most_looks: int
    """How many terms a trace may be looked for in, and how many ways be found out of them."""
    deepest: int = 0
    """How often a function may be called in itself without that anything happens."""
    looks: int = 0
    cut_short: bool = False
    """Whether a recursion was not followed to its end, for this trace or another, from which moves are known."""
    _calls: Counter[str] = field(default_factory=Counter)
    _leaving: dict[str, tuple[Exit, ...]] = field(default_factory=dict)
    _recursive: set[str] = field(default_factory=set)
    _numbers: dict[Term, int] = field(default_factory=dict)
    _least: dict[Term, Needs] = field(default_factory=dict)
    _counting: set[str] = field(default_factory=set)
    _moves: dict[tuple[object, ...], list[Move]] = field(default_factory=dict)
    _exits: dict[tuple[object, ...], list[Exit]] = field(default_factory=dict)

    def begin(self, deepest: int) -> None:
        """Look at a trace, at so many calls of a function in itself at most."""
        if deepest != self.deepest:
            self._moves.clear()
            self._exits.clear()
            self.cut_short = False
        self.deepest = deepest

    def order(self, term: Term) -> int:
        """Return a number that equal terms share: the order in which they were first seen."""
        return self._numbers.setdefault(term, len(self._numbers))

    def least(self, term: Term) -> Needs:
        if self._counting:  # what is in a function that calls itself is counted once only
            return term.least(self)
        known = self._least.get(term)
        if known is None:
            known = self._least[term] = term.least(self)
        return known

    def least_of_function(self, name: str) -> Needs:
        if name in self._counting:
            return NO_NEEDS
        self._counting.add(name)
        try:
            return self.least(self.functions[name])
        finally:
            self._counting.discard(name)

    def moves(self, term: Term, moment: Moment) -> list[Move]:
        key = (term, moment, tuple(self._calls.items()) if self._calls else ())
        known = self._moves.get(key)
        if known is None:
            self._look()
            known = self._moves[key] = list(dict.fromkeys(self._looked_at(term.moves(moment, self))))
        return known

    def exits(self, term: Term) -> list[Exit]:
        key = (term, tuple(self._leaving.items()) if self._leaving else ())
        known = self._exits.get(key)
        if known is None:
            self._look()
            known = self._exits[key] = list(dict.fromkeys(self._looked_at(term.exits(self))))
        return known

    def moves_of_function(self, name: str, moment: Moment) -> list[Move]:
        if self._calls[name] >= self.deepest:
            self.cut_short = True
            return []
        self._calls[name] += 1
        try:
            return self.moves(self.functions[name], moment)
        finally:
            self._calls[name] -= 1
            if not self._calls[name]:
                del self._calls[name]

    def exits_of_function(self, name: str) -> tuple[Exit, ...]:
        """Return the ways through a function: first those that do not lead through itself, and then through these."""
        if name in self._leaving:
            self._recursive.add(name)
            return self._leaving[name]
        found: tuple[Exit, ...] = ()
        try:
            for _ in range(self.deepest + 1):
                self._leaving[name] = known = found
                found = tuple(self.exits(self.functions[name]))
                if name not in self._recursive or found == known:
                    return found
            self.cut_short = True
            return found
        finally:
            del self._leaving[name]

    def combined(self, ways: Iterable[Sequence[T]]) -> Iterator[tuple[T, ...]]:
        """Yield each combination of ways, one of each."""
        return self._looked_at(product(*ways))

    def _looked_at(self, ways: Iterable[T]) -> Iterator[T]:
        for way in ways:
            self._look()
            yield way

    def _look(self) -> None:
        self.looks += 1
        if self.looks > self.most_looks:
            raise TooHard(f"after {self.most_looks} looks there are still more paths")
