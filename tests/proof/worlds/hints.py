"""What a source holds its values against, so that a world can give what makes a difference: constants by word.

`order["state"] == "paid"` says of what goes by `state` that it may be `"paid"`; `if await find() is None`, that what
`find` gives, and so what its `return` reads, may be None. Scopes are not told apart: a world need not be right.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from tests.proof.worlds.words import ITEM, LENGTH, words


@dataclass(frozen=True, slots=True)
class Later:
    """A time that is so many days later than the run begins."""

    days: int


Constant = str | int | float | bool | None | Later


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a program: constants by word, the times that are written in it, how many steps it declares."""

    constants: Mapping[str, tuple[Constant, ...]] = field(default_factory=dict)
    moments: tuple[dt.datetime, ...] = ()
    steps: int = 0


_MOMENTS = (Later(200), Later(300))
OTHER = "other"
"""A text that is held against nothing."""

_DURATIONS = ("5 minutes", 90_000)
_EVENT_TYPES = ("approved", "rejected")
_ARGUMENTS: Mapping[str, tuple[Constant, ...]] = {
    "sleep_until": _MOMENTS,
    "sleep": _DURATIONS,
    "wait_for_event": _EVENT_TYPES,
}
"""What the second argument of these has to be; no other will do."""
NEEDED: frozenset[Constant] = frozenset((*_MOMENTS, *_DURATIONS, *_EVENT_TYPES))
_DURATION_KEYS = ("timeout", "delay")


@lru_cache
def hints_of(*sources: str) -> Hints:
    """Return what each word of these modules is compared with, be it under another word that it is handed on to."""
    reading = _Reading()
    for source in sources:
        reading.read(ast.parse(source))
    plain = [word.removeprefix(LENGTH).removesuffix(ITEM) for word in (*reading.flows, *reading.constants)]
    known = [form for word in dict.fromkeys(plain) for form in (word, LENGTH + word, word + ITEM)]
    constants = {word: found for word in known if (found := reading.reached_from(word))}
    return Hints(constants, tuple(reading.moments), reading.steps)


class _Reading:
    def __init__(self) -> None:
        self.constants: dict[str, dict[Constant, None]] = defaultdict(dict)
        self.flows: dict[str, set[str]] = defaultdict(set)
        self.moments: dict[dt.datetime, None] = {}
        self.steps = 0
        self._tables: dict[str, tuple[Constant, ...]] = {}
        self._parameters: dict[str, list[str]] = {}

    def read(self, module: ast.Module) -> None:
        nodes = list(ast.walk(module))
        for node in nodes:
            self._declare(node)
        for node in nodes:
            self._hand_on(node)
            self._compare(node)
            self._count(node)

    def reached_from(self, word: str) -> tuple[Constant, ...]:
        seen, left = {word}, [word]
        for each in left:
            further = self._from(each)
            left += sorted(further - seen)
            seen |= further
        found = tuple(dict.fromkeys(constant for each in left for constant in self.constants.get(each, ())))
        is_free = NEEDED.isdisjoint(found) and any(isinstance(constant, str) for constant in found)
        return (*found, OTHER) if is_free else found

    def _from(self, word: str) -> set[str]:
        """What a collection is handed on to, its members and its length are, too."""
        words_of_it = set(self.flows.get(word, ()))
        if word.startswith(LENGTH):
            words_of_it |= {LENGTH + each for each in self.flows.get(word.removeprefix(LENGTH), ())}
        if word.endswith(ITEM):
            words_of_it |= {each + ITEM for each in self.flows.get(word.removesuffix(ITEM), ())}
        return words_of_it

    def _declare(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[target], value=ast.Dict(keys=keys)):
                self._tables |= dict.fromkeys(words(target), tuple(_constants(*keys)))
            case ast.Assign(targets=[target], value=ast.Tuple(elts=members) | ast.List(elts=members)):
                self._tables |= dict.fromkeys(words(target), tuple(_constants(*members)))
            case ast.Assign(targets=[target], value=ast.Constant() as value):
                self._tables |= dict.fromkeys(words(target), tuple(_constants(value)))
            case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments):
                self._parameters[name] = [parameter.arg for parameter in arguments.args if parameter.arg != "self"]

    def _hand_on(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[target]):
                self._flow(node.value, *words(target))
            case ast.AnnAssign() | ast.NamedExpr():
                self._flow(node.value, *words(node.target))
            case ast.For(target=target, iter=members) | ast.comprehension(target=target, iter=members):
                for word in words(members):
                    self.flows[word + ITEM] |= set(words(target))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                for statement in ast.walk(node):
                    if isinstance(statement, ast.Return):
                        self._flow(statement.value, name)
            case ast.Call(func=called, args=arguments, keywords=keywords):
                for parameters in (self._parameters.get(word, ()) for word in words(called)):
                    for argument, parameter in zip(arguments, parameters, strict=False):
                        self._flow(argument, parameter)
                for keyword in keywords:
                    self._flow(keyword.value, *([keyword.arg] if keyword.arg else []))

    def _compare(self, node: ast.AST) -> None:
        match node:
            case ast.Compare(left=left, comparators=comparators):
                for one, other in pairwise([left, *comparators]):
                    self._add(one, *self._held_against(other))
                    self._add(other, *self._held_against(one))
            case ast.Match(subject=ast.Tuple(elts=subjects), cases=cases):
                for case in cases:
                    if isinstance(case.pattern, ast.MatchSequence):
                        for subject, pattern in zip(subjects, case.pattern.patterns, strict=False):
                            self._match(tuple(words(subject)), pattern)
            case ast.Match(subject=subject, cases=cases):
                for case in cases:
                    self._match(tuple(words(subject)), case.pattern)
            case ast.Subscript(value=table, slice=key):
                self._add(key, *self._members(table))
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_]):
                self._add(key, *self._members(table))
            case ast.Call(func=ast.Attribute(attr=method), args=[_, second, *_]) if method in _ARGUMENTS:
                self._add(second, *_ARGUMENTS[method])
            case ast.keyword(arg="timeout" | "delay", value=ast.expr() as value):
                self._add(value, *_DURATIONS)
            case ast.Dict(keys=keys, values=values):
                for name, given in zip(keys, values, strict=True):
                    if isinstance(name, ast.Constant) and name.value in _DURATION_KEYS:
                        self._add(given, *_DURATIONS)

    def _count(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Attribute(attr="do")):
                self.steps += 1
            case ast.Call(
                func=ast.Name(id="datetime") | ast.Attribute(attr="datetime"),
                args=[ast.Constant(value=int(year)), ast.Constant(value=int(month)), ast.Constant(value=int(day)), *_],
            ) if year > dt.MINYEAR:
                self.moments[dt.datetime(year, month, day, tzinfo=dt.UTC)] = None

    def _match(self, of: tuple[str, ...], pattern: ast.pattern) -> None:
        match pattern:
            case ast.MatchValue(value=value):
                self._say(of, *_constants(value))
            case ast.MatchSingleton(value=value):
                self._say(of, *_with_opposite(value))
            case ast.MatchOr(patterns=patterns):
                for each in patterns:
                    self._match(of, each)
            case ast.MatchAs(pattern=ast.pattern() as inner):
                self._match(of, inner)
            case ast.MatchMapping(keys=keys, patterns=patterns):
                for key, inner in zip(keys, patterns, strict=True):
                    self._match(tuple(str(constant) for constant in _constants(key)), inner)
            case ast.MatchSequence(patterns=patterns):
                for inner in patterns:
                    self._match(tuple(word + ITEM for word in of), inner)

    def _held_against(self, other: ast.expr) -> Iterator[Constant]:
        match other:
            case ast.Constant(value=bool() | None as value):
                yield from _with_opposite(value)
            case ast.Constant():
                yield from _constants(other)
            case ast.Set(elts=members) | ast.Tuple(elts=members) | ast.List(elts=members):
                yield from _constants(*members)
            case _:
                yield from self._members(other)

    def _members(self, collection: ast.expr) -> Iterator[Constant]:
        match collection:
            case ast.Dict(keys=keys):
                yield from _constants(*keys)
            case _:
                for word in words(collection):
                    yield from self._tables.get(word, ())

    def _flow(self, value: ast.expr | None, *into: str) -> None:
        for word in words(value):
            self.flows[word] |= set(into)

    def _add(self, expression: ast.expr, *constants: Constant) -> None:
        self._say(tuple(words(expression)), *constants)

    def _say(self, of: tuple[str, ...], *constants: Constant) -> None:
        for word in of:
            self.constants[word] |= dict.fromkeys(constants)


def _constants(*expressions: ast.expr | None) -> Iterator[Constant]:
    for expression in expressions:
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str | int | float):
            yield from _with_neighbours(expression.value)


def _with_neighbours(value: str | float) -> Iterator[Constant]:
    """Yield a number with one below and one above, as numbers are compared by size."""
    yield value
    if not isinstance(value, bool | str):
        yield value - 1
        yield value + 1


def _with_opposite(value: bool | None) -> Iterator[Constant]:  # noqa: FBT001 # it is a constant
    yield value
    if value is not None:
        yield not value
