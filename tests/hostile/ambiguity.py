"""Whether a regular expression can take more than linear time.

A backtracking matcher takes as long as a text can be read in different ways. The expression becomes an automaton with a
state for each of its characters (Glushkov), and one that skips characters where it is searched for. Two loops `p` and
`q` with a word that leads from `p` to `p`, from `p` to `q` and from `q` to `q` take quadratic time, a loop with two
paths for one word exponential time (Weber and Seidl, "On the degree of ambiguity of finite automata").

Repetitions of more than `FEW` count as endless. What is possessive or atomic is not read again once it is left.
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

FEW = 3

_CHARACTERS = [*map(chr, range(128)), "\x85", "\xa0", "\xb2", "\xe9", "\u0663", "\u2028", "\ud800", "\U0001f600"]
_ALL = (1 << len(_CHARACTERS)) - 1
_SKIP = 0

# What Python's own parser makes of an expression.
Operator: TypeAlias = object
Argument: TypeAlias = Any
Items: TypeAlias = Iterable[tuple[Operator, Argument]]
# The characters before and after a point, as bits of the characters above.
Anchor: TypeAlias = tuple[int, int]
_ANYWHERE: Anchor = (_ALL, _ALL)


class Edge(Struct, frozen=True):
    """A step between states where `anchor` holds; `leaves` are the atomic groups that end with it."""

    state: int
    anchor: Anchor = _ANYWHERE
    leaves: frozenset[int] = frozenset()


class Part(Struct):
    """A part of an expression: the anchors where it can be empty, and the states that it begins and ends with."""

    empty: tuple[Anchor, ...] = ()
    first: list[Edge] = field(default_factory=list)
    last: list[Edge] = field(default_factory=list)


def slow_loops(pattern: str | bytes, flags: int = 0, *, searched: bool = True) -> list[str]:
    """Return why an expression may take more than linear time; nothing if it cannot."""
    parsed = parser.parse(pattern, flags)
    automaton = _Automaton(parsed.state.flags, is_bytes=isinstance(pattern, bytes))
    whole = automaton.sequence(parsed)
    automaton.finish(whole, searched=searched)
    return [*automaton.refused, *dict.fromkeys(automaton.slow())]


def _both(one: Anchor, two: Anchor) -> Anchor:
    return one[0] & two[0], one[1] & two[1]


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

    # Building

    def sequence(self, items: Items) -> Part:
        whole = Part((_ANYWHERE,))
        for operator, argument in items:
            whole = self._joined(whole, self._part(operator, argument))
        return whole

    def finish(self, whole: Part, *, searched: bool) -> None:
        """Note where a match ends and, where the expression is searched for, where it begins."""
        self._accepting = {edge.state for edge in whole.last if edge.anchor == _ANYWHERE}
        if searched:
            start = [Edge(_SKIP)]
            self._connect(start, start)
            self._connect(start, whole.first)

    def _part(self, operator: Operator, argument: Argument) -> Part:
        if operator in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            return self._character(operator, argument)
        if operator is codes.BRANCH:
            return self._either([self.sequence(branch) for branch in argument[1]])
        if operator is codes.SUBPATTERN:
            return self.sequence(argument[3])
        if operator is codes.ATOMIC_GROUP:
            return self._atomic(lambda _: self.sequence(argument))
        if operator in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            return self._repeated(argument, frozenset())
        if operator is codes.POSSESSIVE_REPEAT:
            return self._atomic(lambda group: self._repeated(argument, frozenset({group})))
        if operator is codes.AT:
            return Part(self._anchors(argument))
        if operator in (codes.ASSERT, codes.ASSERT_NOT):
            return self._looking(operator is codes.ASSERT, *argument)
        self.refused.append(f"{operator} is not understood")
        return Part((_ANYWHERE,))

    def _character(self, operator: Operator, argument: Argument) -> Part:
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

    def _either(self, parts: list[Part]) -> Part:
        return Part(
            tuple(dict.fromkeys(anchor for part in parts for anchor in part.empty)),
            [edge for part in parts for edge in part.first],
            [edge for part in parts for edge in part.last],
        )

    def _joined(self, one: Part, two: Part) -> Part:
        self._connect(one.last, two.first)
        first = [*one.first, *(self._at(edge, anchor) for edge in two.first for anchor in one.empty)]
        last = [*two.last, *(self._at(edge, anchor) for edge in one.last for anchor in two.empty)]
        return Part(tuple(dict.fromkeys(_both(a, b) for a, b in product(one.empty, two.empty))), first, last)

    def _at(self, edge: Edge, anchor: Anchor) -> Edge:
        return Edge(edge.state, _both(edge.anchor, anchor), edge.leaves)

    def _connect(self, last: list[Edge], first: list[Edge], leaves: frozenset[int] = frozenset()) -> None:
        for source, target in product(last, first):
            before, after = _both(source.anchor, target.anchor)
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

    def _repeated(self, argument: tuple[int, int, Items], leaves: frozenset[int]) -> Part:
        least, most, items = argument
        if most > FEW:
            whole = self.sequence(items)
            self._connect(whole.last, whole.first, leaves)
            return Part((_ANYWHERE,) if least == 0 else whole.empty, whole.first, whole.last)
        whole = Part((_ANYWHERE,))
        for number in range(most):
            part = self.sequence(items)
            optional = (_ANYWHERE,) if number >= least else part.empty
            whole = self._joined(whole, Part(optional, part.first, part.last))
        return whole

    def _anchors(self, anchor: Operator) -> tuple[Anchor, ...]:
        newline, word = self._matching("\n"), self._matching(r"\w")
        other = _ALL & ~word
        if anchor in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING):
            is_multiline = anchor is codes.AT_BEGINNING and self._flags & re.MULTILINE
            return ((newline if is_multiline else 0, _ALL),)
        if anchor in (codes.AT_END, codes.AT_END_STRING):
            return ((_ALL, newline),)
        if anchor is codes.AT_BOUNDARY:
            return ((word, other), (other, word))
        return ((word, word), (other, other))

    def _looking(self, is_positive: bool, direction: int, items: Items) -> Part:  # noqa: FBT001
        inner = list(items)
        if len(inner) != 1 or inner[0][0] not in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            if any(operator not in (codes.LITERAL, codes.IN, codes.AT) for operator, _ in inner):
                self.refused.append("a lookaround of more than characters")
            return Part((_ANYWHERE,))
        mask = self._mask(*inner[0])
        mask = mask if is_positive else _ALL & ~mask
        return Part(((mask, _ALL) if direction < 0 else (_ALL, mask),))

    def _matching(self, pattern: str) -> int:
        flags = re.ASCII if self._flags & re.ASCII or self._is_bytes else 0
        return sum(1 << index for index, c in enumerate(_CHARACTERS) if re.fullmatch(pattern, c, flags))

    # Asking

    def slow(self) -> Iterator[str]:
        """Yield the loops that take quadratic or exponential time."""
        self._reachable = [self._all_reached(state, frozenset()) for state in range(len(self._masks))]
        loops = [state for state in range(len(self._masks)) if self._reaches(state, state, frozenset())]
        for p in loops:
            if not self._reaches(p, p, self._inside[p]):
                continue
            if self._is_exponential(p):
                yield f"two ways through {self._names[p]}"
            for q in loops:
                if p != q and not (p == _SKIP and self._never_fails(q)) and self._is_quadratic(p, q):
                    yield f"{self._names[p]} overlaps {self._names[q]}"

    def _never_fails(self, loop: int) -> bool:
        """Whether a match may end in a loop at any time: then the search goes on after it."""
        return any(
            self._reaches(loop, state, frozenset()) and self._reaches(state, loop, frozenset())
            for state in self._accepting
        )

    def _steps(self, state: int, atomic: frozenset[int]) -> Iterator[Edge]:
        """Yield the steps that stay in the atomic groups: what has left them is not read in another way."""
        return (edge for edge in self._edges[state] if edge.leaves.isdisjoint(atomic))

    def _all_reached(self, start: int, atomic: frozenset[int]) -> set[int]:
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
        return not atomic or end in self._all_reached(start, atomic)

    def _is_exponential(self, p: int) -> bool:
        """Whether a word leads from a state to itself on two paths."""
        return self._walks((p, p, False), (p, p, True), self._inside[p])

    def _is_quadratic(self, p: int, q: int) -> bool:
        """Whether a word leads from `p` to `p`, from `p` to `q` and from `q` to `q`."""
        return self._walks((p, p, q), (p, q, q), self._inside[p])

    def _walks(self, start: tuple[int, int, int], end: tuple[int, int, int], atomic: frozenset[int]) -> bool:
        if not self._may_become(start, end):
            return False
        known, pending = set(), [start]
        while pending:
            for following in self._moves(pending.pop(), atomic):
                if following == end:
                    return True
                if following not in known and self._may_become(following, end):
                    known.add(following)
                    pending.append(following)
        return False

    def _may_become(self, states: tuple[int, int, int], end: tuple[int, int, int]) -> bool:
        count = 2 if isinstance(end[2], bool) else 3
        return all(last in self._reachable[state] for state, last in zip(states[:count], end[:count], strict=True))

    def _moves(self, states: tuple[int, int, int], atomic: frozenset[int]) -> Iterator[tuple[int, int, int]]:
        one, two, three = states
        if isinstance(three, bool):
            for first, second in product(self._steps(one, atomic), self._steps(two, atomic)):
                if self._agree([one, two], [first, second]):
                    yield first.state, second.state, three or first is not second
            return
        for edges in product(self._steps(one, atomic), self._steps(two, atomic), self._edges[three]):
            if self._agree([one, two, three], list(edges)):
                yield edges[0].state, edges[1].state, edges[2].state

    def _agree(self, states: list[int], edges: list[Edge]) -> bool:
        """Whether one character can come before, and one after, all of these steps."""
        before = after = _ALL
        for state, edge in zip(states, edges, strict=True):
            before &= self._masks[state] & edge.anchor[0]
            after &= self._masks[edge.state] & edge.anchor[1]
        return bool(before and after)
