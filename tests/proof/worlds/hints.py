"""Constants that a program compares with its values, by word, so that scenarios can reach each branch.

From `order["state"] == "paid"` it follows that values of the word `state` may be `"paid"`. For example, `if await
find() is None` implies that the results of `find` may be None, and so may the values that it returns. Scopes are
ignored, because hints need not be exact.
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
    """A time in days after the start of the run."""

    days: int


Constant = str | int | float | bool | None | Later


@dataclass(frozen=True, slots=True)
class Hints:
    """Constants by word, the datetimes in the source, and the number of declared steps."""

    constants: Mapping[str, tuple[Constant, ...]] = field(default_factory=dict)
    moments: tuple[dt.datetime, ...] = ()
    steps: int = 0


_MOMENTS = (Later(200), Later(300))
OTHER = "other"
"""A text that the program compares with no value."""

_DURATIONS = ("5 minutes", 90_000)
_EVENT_TYPES = ("approved", "rejected")
_ARGUMENTS: Mapping[str, tuple[Constant, ...]] = {
    "sleep_until": _MOMENTS,
    "sleep": _DURATIONS,
    "wait_for_event": _EVENT_TYPES,
}
"""Valid second arguments of these methods."""
NEEDED: frozenset[Constant] = frozenset((*_MOMENTS, *_DURATIONS, *_EVENT_TYPES))
_DURATION_KEYS = ("timeout", "delay")


@lru_cache
def collect_hints(*sources: str) -> Hints:
    """Map each word to the constants that it is compared with, directly or through assignments and calls."""
    collector = _HintCollector()
    for source in sources:
        collector.read(ast.parse(source))
    plain = [word.removeprefix(LENGTH).removesuffix(ITEM) for word in (*collector.flows, *collector.constants)]
    words_ = [form for word in dict.fromkeys(plain) for form in (word, LENGTH + word, word + ITEM)]
    constants = {word: word_constants for word in words_ if (word_constants := collector.constants_of(word))}
    return Hints(constants, tuple(collector.moments), collector.steps)


class _HintCollector:
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
            self._propagate(node)
            self._compare(node)
            self._count(node)

    def constants_of(self, word: str) -> tuple[Constant, ...]:
        visited, queue = {word}, [word]
        for word_ in queue:
            further = self._from(word_)
            queue += sorted(further - visited)
            visited |= further
        constants = tuple(dict.fromkeys(constant for word_ in queue for constant in self.constants.get(word_, ())))
        is_free = NEEDED.isdisjoint(constants) and any(isinstance(constant, str) for constant in constants)
        return (*constants, OTHER) if is_free else constants

    def _from(self, word: str) -> set[str]:
        """Return the words that a value flows into, including items and lengths of collections."""
        targets = set(self.flows.get(word, ()))
        if word.startswith(LENGTH):
            targets |= {LENGTH + each for each in self.flows.get(word.removeprefix(LENGTH), ())}
        if word.endswith(ITEM):
            targets |= {each + ITEM for each in self.flows.get(word.removesuffix(ITEM), ())}
        return targets

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

    def _propagate(self, node: ast.AST) -> None:
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
                for left_, right in pairwise([left, *comparators]):
                    self._add(left_, *self._compared_constants(right))
                    self._add(right, *self._compared_constants(left_))
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
                for name, argument in zip(keys, values, strict=True):
                    if isinstance(name, ast.Constant) and name.value in _DURATION_KEYS:
                        self._add(argument, *_DURATIONS)

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
                self._add_constants(of, *_constants(value))
            case ast.MatchSingleton(value=value):
                self._add_constants(of, *_with_opposite(value))
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

    def _compared_constants(self, operand: ast.expr) -> Iterator[Constant]:
        match operand:
            case ast.Constant(value=bool() | None as value):
                yield from _with_opposite(value)
            case ast.Constant():
                yield from _constants(operand)
            case ast.Set(elts=members) | ast.Tuple(elts=members) | ast.List(elts=members):
                yield from _constants(*members)
            case _:
                yield from self._members(operand)

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
        self._add_constants(tuple(words(expression)), *constants)

    def _add_constants(self, of: tuple[str, ...], *constants: Constant) -> None:
        for word in of:
            self.constants[word] |= dict.fromkeys(constants)


def _constants(*expressions: ast.expr | None) -> Iterator[Constant]:
    for expression in expressions:
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str | int | float):
            yield from _with_neighbors(expression.value)


def _with_neighbors(value: str | float) -> Iterator[Constant]:
    """Yield a value and, for a number, its neighbors, because programs compare numbers by size."""
    yield value
    if not isinstance(value, bool | str):
        yield value - 1
        yield value + 1


def _with_opposite(value: bool | None) -> Iterator[Constant]:  # noqa: FBT001 # a constant, not an option
    yield value
    if value is not None:
        yield not value
