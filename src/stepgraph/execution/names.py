"""Names of steps: patterns with unknown parts in braces, and the names that the arguments of calls decide.

`await self.charge(step, "card")` decides the name of the step `charge {method}` in the function `charge`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct, field

from stepgraph.model.details import NO_DETAILS, ComparableDetails, parameter_marks, text_of_run
from stepgraph.model.literal_texts import braced_parts, partial_text
from stepgraph.model.payload import Node
from stepgraph.model.walk import is_step
from stepgraph.phrases import fits_pieces

_FUNCTION: Final = 'functions["'
"""The start of the paths of the nodes in functions."""
_MAX_CHAINS: Final = 200
"""The maximum number of calls that are followed to the names of a step."""


class NamePattern(Struct, frozen=True):
    """The literal pieces of a name, between which any text may stand."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> NamePattern:
        """Return the pattern of a name in a graph: `page {number}`. Braces may be nested."""
        if "{" not in name:
            return cls((name,))
        return cls(tuple([text for text, is_inside in braced_parts(name) if not is_inside]))

    @property
    def is_literal(self) -> bool:
        """Whether the pattern matches a single name."""
        return len(self.pieces) == 1

    def matches(self, name: str) -> bool:
        """Return whether a name consists of the pieces with any text between them."""
        return fits_pieces(name, self.pieces)


class RunNames(Struct, frozen=True):
    """The names that the arguments of calls decide, for any step and the calls around it."""

    texts: Mapping[str, tuple[str, str]]
    """The names of steps with marks for parameters, and their names in the graph, by path."""
    passed: Mapping[str, Mapping[str, str]]
    """The values that each call passes, by mark."""
    callers: Mapping[str, Sequence[str]]
    """The paths of the calls of each function, by the start of the paths of its nodes."""
    marks: Mapping[str, AbstractSet[str]]
    """The marks of the parameters that decide names of steps, by the path of the call that passes their values."""
    _patterns: dict[str, Sequence[NamePattern]] = field(default_factory=dict)
    """The results of `_patterns_of` so far."""
    _names: dict[tuple[str, tuple[str, ...]], str | None] = field(default_factory=dict)
    """The results of `name_of` so far."""

    @classmethod
    def of(cls, nodes: Mapping[str, Node], details: ComparableDetails) -> RunNames:
        """Return the names of the steps of a graph, by the path of its nodes."""
        texts: dict[str, tuple[str, str]] = {}
        passed: dict[str, Mapping[str, str]] = {}
        for path, node in nodes.items():
            computed = details.texts_of(node)
            if computed.parametric_name and is_step(node):
                texts[path] = computed.parametric_name, node["name"]
            if computed.passed:
                passed[path] = dict(computed.passed)
        callers: defaultdict[str, list[str]] = defaultdict(list)
        for path, node in nodes.items() if texts else ():
            if node["type"] == "function_call":
                callers[f'{_FUNCTION}{node["name"]}"]'].append(path)
        return cls(texts, passed, callers, _deciding_marks(texts, passed, callers))

    def values_of(self, call: str) -> tuple[tuple[str, str], ...]:
        """Return the values that a call passes and that decide names of steps, by mark."""
        marks = self.marks.get(call)
        return () if not marks else tuple(each for each in self.passed.get(call, {}).items() if each[0] in marks)

    def name_of(self, path: str, calls: tuple[str, ...]) -> str | None:
        """Return the name of a run, with unknown expressions in braces. Return None if calls decide nothing of it.

        `path` is the path of the step, and `calls` are the paths of the calls around it, outermost first.
        """
        if path not in self.texts:
            return None
        if (path, calls) not in self._names:
            text, name = self.texts[path]
            passed = (self.passed.get(call, {}) for call in reversed(calls))
            self._names[path, calls] = partial_text(text_of_run(text, passed), name)
        return self._names[path, calls]

    def may_be(self, path: str, calls: tuple[str, ...], name: str) -> bool:
        """Return whether a log may contain a run under a name."""
        pattern = self.name_of(path, calls)
        return pattern is None or NamePattern.of(pattern).matches(name)

    def may_be_any_run(self, path: str, name: str) -> bool:
        """Return whether a log may contain any run of a step under a name."""
        if path not in self.texts:
            return True
        if path not in self._patterns:
            self._patterns[path] = self._patterns_of(path)
        patterns = self._patterns[path]
        return not patterns or any(each.matches(name) for each in patterns)

    def _patterns_of(self, path: str) -> Sequence[NamePattern]:
        """Return the patterns of the names that all chains of calls decide, or an empty list if some are unknown."""
        names: dict[str, None] = {}
        pending: list[tuple[str, tuple[str, ...]]] = [(path, ())]
        for _ in range(_MAX_CHAINS):
            if not pending:
                break
            place, calls = pending.pop()
            if not place.startswith(_FUNCTION):
                name = self.name_of(path, calls)
                if name is None:
                    return ()
                names[name] = None
                continue
            callers = self.callers.get(_function_around(place), ())
            if not callers:
                return ()
            pending += ((call, (call, *calls)) for call in callers if call not in calls)
        return () if pending else [NamePattern.of(name) for name in names]


def _function_around(path: str) -> str:
    """Return the start of the paths of the nodes in the function around a node."""
    return path[: path.index('"]', len(_FUNCTION)) + len('"]')]


def _deciding_marks(
    texts: Mapping[str, tuple[str, str]], passed: Mapping[str, Mapping[str, str]], callers: Mapping[str, Sequence[str]]
) -> Mapping[str, AbstractSet[str]]:
    """Return the marks that decide names in the function that each call calls, or in the functions that it calls."""
    marks: defaultdict[str, set[str]] = defaultdict(set)
    for path, (text, _) in texts.items():
        if path.startswith(_FUNCTION):
            marks[_function_around(path)].update(parameter_marks(text))
    pending = [*marks]
    while pending:
        function = pending.pop()
        for call in filter(lambda path: path.startswith(_FUNCTION), callers.get(function, ())):
            values = (passed.get(call, {}).get(mark, mark) for mark in marks[function])
            outer, added = _function_around(call), {mark for value in values for mark in parameter_marks(value)}
            if not added <= marks[outer]:
                marks[outer] |= added
                pending.append(outer)
    return {call: marks[function] for function, calls in callers.items() if function in marks for call in calls}


NO_NAMES: Final = RunNames.of({}, NO_DETAILS)
