"""Detect regular expressions that can take more than linear time.

The time of a backtracking matcher grows with the number of ways to match a text. The expression becomes a Glushkov
automaton: a state for each character and, for a search, a state that skips characters. Two loops `p` and `q` with a
word that leads from `p` to `p`, from `p` to `q` and from `q` to `q` take quadratic time; a loop with two paths for one
word takes exponential time (Weber and Seidl, "On the degree of ambiguity of finite automata").

Repetitions of more than `MAX_UNROLLED` count as unbounded. Possessive and atomic groups are not backtracked into.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _constants as codes
from re import _parser as parser
from typing import Any, TypeAlias

from msgspec import Struct, field

MAX_UNROLLED = 3

_CHARACTERS = [*map(chr, range(128)), "\x85", "\xa0", "\xb2", "\xe9", "\u0663", "\u2028", "\ud800", "\U0001f600"]
_ALL = (1 << len(_CHARACTERS)) - 1
_SKIP = 0

# Nodes of the standard library's parser of regular expressions.
Operator: TypeAlias = object
Argument: TypeAlias = Any
Items: TypeAlias = Iterable[tuple[Operator, Argument]]
# The possible characters before and after a position, as bit sets over `_CHARACTERS`.
Anchor: TypeAlias = tuple[int, int]
_ANYWHERE: Anchor = (_ALL, _ALL)


class Edge(Struct, frozen=True):
    """A transition of the automaton."""

    state: int
    """The target."""
    anchor: Anchor = _ANYWHERE
    """The characters around the transition that allow it."""
    leaves: frozenset[int] = frozenset()
    """The atomic groups that it leaves."""


class Part(Struct):
    """A subexpression."""

    empty: tuple[Anchor, ...] = ()
    """The anchors at which it matches the empty string."""
    first: list[Edge] = field(default_factory=list)
    """The states of its possible first characters."""
    last: list[Edge] = field(default_factory=list)
    """The states of its possible last characters."""


def slow_loops(pattern: str | bytes, flags: int = 0, *, searched: bool = True) -> list[str]:
    """Return the reasons why an expression may take more than linear time."""
    parsed = parser.parse(pattern, flags)
    automaton = _Automaton(parsed.state.flags, is_bytes=isinstance(pattern, bytes))
    whole = automaton.sequence(parsed)
    automaton.finish(whole, searched=searched)
    return [*automaton.refused, *dict.fromkeys(automaton.slow())]


def _intersect(first: Anchor, second: Anchor) -> Anchor:
    return first[0] & second[0], first[1] & second[1]


def _takes_constant_time(items: Items) -> bool:
    """Return whether items match a fixed number of characters, like those of all lookbehinds, without a loop."""
    for operator, argument in items:
        if operator is codes.BRANCH:
            if not all(map(_takes_constant_time, argument[1])):
                return False
        elif operator in (codes.ASSERT, codes.ASSERT_NOT):
            if not _takes_constant_time(argument[1]):
                return False
        elif operator is codes.MAX_REPEAT:
            least, most, repeated = argument
            if least != most or not _takes_constant_time(repeated):
                return False
        elif operator not in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN, codes.AT):
            return False
    return True


class _Automaton:
    def __init__(self, flags: int, *, is_bytes: bool) -> None:
        self.refused: list[str] = []
        self._flags = flags
        self._is_bytes = is_bytes
        self._masks: list[int] = [_ALL]
        self._names: list[str] = ["the start of the search"]
        self._inside: list[frozenset[int]] = [frozenset()]
        self._edges: list[list[Edge]] = [[]]
        self._accepting: set[int] = set()
        self._groups: frozenset[int] = frozenset()
        self._count = 0
        self._reachable: list[set[int]] = []

    # Construction

    def sequence(self, items: Items) -> Part:
        whole = Part((_ANYWHERE,))
        for operator, argument in items:
            whole = self._concatenate(whole, self._build(operator, argument))
        return whole

    def finish(self, whole: Part, *, searched: bool) -> None:
        """Add the accepting states and, for a search, the transitions from its start."""
        self._accepting = {edge.state for edge in whole.last if edge.anchor == _ANYWHERE}
        if searched:
            start = [Edge(_SKIP)]
            self._connect(start, start)
            self._connect(start, whole.first)

    def _build(self, operator: Operator, argument: Argument) -> Part:
        if operator in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            return self._character_part(operator, argument)
        if operator is codes.BRANCH:
            return self._alternate([self.sequence(branch) for branch in argument[1]])
        if operator is codes.SUBPATTERN:
            return self.sequence(argument[3])
        if operator is codes.ATOMIC_GROUP:
            return self._atomic(lambda _: self.sequence(argument))
        if operator in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            return self._repeat(argument, frozenset())
        if operator is codes.POSSESSIVE_REPEAT:
            return self._atomic(lambda group: self._repeat(argument, frozenset({group})))
        if operator is codes.AT:
            return Part(self._anchors(argument))
        if operator in (codes.ASSERT, codes.ASSERT_NOT):
            return self._lookaround(operator is codes.ASSERT, *argument)
        self.refused.append(f"{operator} is not supported")
        return Part((_ANYWHERE,))

    def _character_part(self, operator: Operator, argument: Argument) -> Part:
        mask = self._mask(operator, argument)
        state = len(self._masks)
        self._masks.append(mask)
        self._names.append(f"{operator} {argument}")
        self._inside.append(self._groups)
        self._edges.append([])
        return Part((), [Edge(state)], [Edge(state)])

    def _mask(self, operator: Operator, argument: Argument) -> int:
        state = parser.State()
        state.flags, state.str = self._flags, b"" if self._is_bytes else ""
        code = compiler._code(parser.SubPattern(state, [(operator, argument)]), self._flags)  # noqa: SLF001
        compiled = compiler._sre.compile("" if not self._is_bytes else b"", self._flags, code, 0, {}, ())  # noqa: SLF001
        texts = [c.encode("latin-1", "replace") if self._is_bytes else c for c in _CHARACTERS]
        return sum(1 << index for index, text in enumerate(texts) if compiled.fullmatch(text))

    def _alternate(self, parts: list[Part]) -> Part:
        return Part(
            tuple(dict.fromkeys(anchor for part in parts for anchor in part.empty)),
            [edge for part in parts for edge in part.first],
            [edge for part in parts for edge in part.last],
        )

    def _concatenate(self, left: Part, right: Part) -> Part:
        self._connect(left.last, right.first)
        first = [*left.first, *(self._restrict(edge, anchor) for edge in right.first for anchor in left.empty)]
        last = [*right.last, *(self._restrict(edge, anchor) for edge in left.last for anchor in right.empty)]
        return Part(tuple(dict.fromkeys(_intersect(a, b) for a, b in product(left.empty, right.empty))), first, last)

    def _restrict(self, edge: Edge, anchor: Anchor) -> Edge:
        return Edge(edge.state, _intersect(edge.anchor, anchor), edge.leaves)

    def _connect(self, last: list[Edge], first: list[Edge], leaves: frozenset[int] = frozenset()) -> None:
        for source, target in product(last, first):
            before, after = _intersect(source.anchor, target.anchor)
            if before & self._masks[source.state] and after & self._masks[target.state]:
                self._edges[source.state].append(Edge(target.state, (before, after), source.leaves | leaves))

    def _atomic(self, build: Callable[[int], Part]) -> Part:
        self._count += 1
        group, outer = self._count, self._groups
        self._groups = outer | {group}
        part = build(group)
        self._groups = outer
        part.last = [Edge(edge.state, edge.anchor, edge.leaves | {group}) for edge in part.last]
        return part

    def _repeat(self, argument: tuple[int, int, Items], leaves: frozenset[int]) -> Part:
        least, most, items = argument
        if most > MAX_UNROLLED:
            whole = self.sequence(items)
            self._connect(whole.last, whole.first, leaves)
            return Part((_ANYWHERE,) if least == 0 else whole.empty, whole.first, whole.last)
        whole = Part((_ANYWHERE,))
        for number in range(most):
            part = self.sequence(items)
            optional = (_ANYWHERE,) if number >= least else part.empty
            whole = self._concatenate(whole, Part(optional, part.first, part.last))
        return whole

    def _anchors(self, anchor: Operator) -> tuple[Anchor, ...]:
        newline, word = self._characters_matching("\n"), self._characters_matching(r"\w")
        nonword = _ALL & ~word
        if anchor in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING):
            is_multiline = anchor is codes.AT_BEGINNING and self._flags & re.MULTILINE
            return ((newline if is_multiline else 0, _ALL),)
        if anchor in (codes.AT_END, codes.AT_END_STRING):
            return ((_ALL, newline),)
        if anchor is codes.AT_BOUNDARY:
            return ((word, nonword), (nonword, word))
        return ((word, word), (nonword, nonword))

    def _lookaround(self, is_positive: bool, direction: int, items: Items) -> Part:  # noqa: FBT001
        inner = list(items)
        if len(inner) != 1 or inner[0][0] not in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            if not _takes_constant_time(inner):
                self.refused.append("a lookaround of more than characters")
            return Part((_ANYWHERE,))
        mask = self._mask(*inner[0])
        mask = mask if is_positive else _ALL & ~mask
        return Part(((mask, _ALL) if direction < 0 else (_ALL, mask),))

    def _characters_matching(self, pattern: str) -> int:
        flags = re.ASCII if self._flags & re.ASCII or self._is_bytes else 0
        return sum(1 << index for index, c in enumerate(_CHARACTERS) if re.fullmatch(pattern, c, flags))

    # Analysis

    def slow(self) -> Iterator[str]:
        """Yield the loops that take quadratic or exponential time."""
        self._reachable = [self._reachable_from(state, frozenset()) for state in range(len(self._masks))]
        loops = [state for state in range(len(self._masks)) if self._reaches(state, state, frozenset())]
        for p in loops:
            if not self._reaches(p, p, self._inside[p]):
                continue
            if self._is_exponential(p):
                yield f"two paths through {self._names[p]}"
            for q in loops:
                if p != q and not (p == _SKIP and self._never_fails(q)) and self._is_quadratic(p, q):
                    yield f"{self._names[p]} overlaps {self._names[q]}"

    def _never_fails(self, loop: int) -> bool:
        """Return whether the match is accepted anywhere in a loop, so that a search resumes after it."""
        return any(
            self._reaches(loop, state, frozenset()) and self._reaches(state, loop, frozenset())
            for state in self._accepting
        )

    def _steps(self, state: int, atomic: frozenset[int]) -> Iterator[Edge]:
        """Yield the transitions that stay in the atomic groups, which are never backtracked into after leaving."""
        return (edge for edge in self._edges[state] if edge.leaves.isdisjoint(atomic))

    def _reachable_from(self, start: int, atomic: frozenset[int]) -> set[int]:
        reached: set[int] = set()
        pending = [start]
        while pending:
            following = {edge.state for edge in self._steps(pending.pop(), atomic)} - reached
            reached |= following
            pending += following
        return reached

    def _reaches(self, start: int, end: int, atomic: frozenset[int]) -> bool:
        if end not in self._reachable[start]:
            return False
        return not atomic or end in self._reachable_from(start, atomic)

    def _is_exponential(self, p: int) -> bool:
        """Return whether a word leads from a state to itself on two different paths."""
        return self._has_walk((p, p, False), (p, p, True), self._inside[p])

    def _is_quadratic(self, p: int, q: int) -> bool:
        """Return whether a word leads from `p` to `p`, from `p` to `q` and from `q` to `q`."""
        return self._has_walk((p, p, q), (p, q, q), self._inside[p])

    def _has_walk(self, start: tuple[int, int, int], end: tuple[int, int, int], atomic: frozenset[int]) -> bool:
        if not self._may_reach(start, end):
            return False
        visited, pending = set(), [start]
        while pending:
            for following in self._transitions(pending.pop(), atomic):
                if following == end:
                    return True
                if following not in visited and self._may_reach(following, end):
                    visited.add(following)
                    pending.append(following)
        return False

    def _may_reach(self, states: tuple[int, int, int], end: tuple[int, int, int]) -> bool:
        count = 2 if isinstance(end[2], bool) else 3
        return all(last in self._reachable[state] for state, last in zip(states[:count], end[:count], strict=True))

    def _transitions(self, states: tuple[int, int, int], atomic: frozenset[int]) -> Iterator[tuple[int, int, int]]:
        left, right, three = states
        if isinstance(three, bool):
            for first, second in product(self._steps(left, atomic), self._steps(right, atomic)):
                if self._share_characters([left, right], [first, second]):
                    yield first.state, second.state, three or first is not second
            return
        for edges in product(self._steps(left, atomic), self._steps(right, atomic), self._edges[three]):
            if self._share_characters([left, right, three], list(edges)):
                yield edges[0].state, edges[1].state, edges[2].state

    def _share_characters(self, states: list[int], edges: list[Edge]) -> bool:
        """Return whether a pair of characters allows all of these transitions at once."""
        before = after = _ALL
        for state, edge in zip(states, edges, strict=True):
            before &= self._masks[state] & edge.anchor[0]
            after &= self._masks[edge.state] & edge.anchor[1]
        return bool(before and after)
