"""The side effects that decide the values of attributes and shared variables, in the order in which code has them.

The effects of a called function stand at its calls, with arguments in place of parameters, so extracting a method
changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.hashing import digest
from stepgraph.model.note import Problem
from stepgraph.syntax.bindings import is_modeled_package
from stepgraph.syntax.definitions.variable_changes import position_in
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, CodeEvent, WriteIndex, write_index
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.function_calls import FunctionCalls
    from stepgraph.syntax.modules import Importer

_MAX_MODULES: Final = 20
"""The maximum number of modules whose effects are followed."""
_MAX_EVENTS: Final = 3_000
"""The maximum number of effects in the texts of a graph."""
_MAX_CALLERS: Final = 20
"""The maximum number of functions around a read whose effects in front of it are counted."""
_MAX_DEPTH: Final = 8
"""The maximum number of nested calls whose effects are followed."""
_DIGITS: Final = 16
_RUN: Final = "run"

Caller = tuple[cst.FunctionDef, cst.Call, CodeEvent]
"""A function that is being followed, with its call."""


class _Trace(Struct, frozen=True):
    """The effects on some locations."""

    text: str = ""
    """The digest of the effects in order, or an empty string without effects."""
    positions: dict[cst.FunctionDef, list[int]] = field(default_factory=dict)
    """The sorted positions of the statements with effects, by function."""


class SideEffects:
    """The side effects of the code of a graph."""

    def __init__(
        self,
        importer: Importer | None,
        calls: FunctionCalls,
        describe: Callable[[cst.CSTNode, CodeEvent, Sequence[Caller]], str],
    ) -> None:
        """Prepare the effects.

        `describe` returns the text of a write, or of an expression around an event, in functions that are being
        followed.
        """
        self._importer = importer
        self._calls = calls
        self._describe = describe
        self._indexes: dict[str, WriteIndex] = {}
        """The indexes of the modules, by path."""
        self._sources: dict[str, SourceModule] = {}
        self._traces: dict[frozenset[str], _Trace] = {}
        self._remaining = _MAX_EVENTS
        """The number of effects that may still be described, each counted once per call that leads to it."""

    def of(self, reads: set[str], at: SourcePlace) -> str:
        """Return a digest of the effects in front of a node that reads locations, or an empty string without any."""
        self._add_module(at.module)
        if any(each.startswith(".") for each in reads):
            reads = reads | {ANY_ATTRIBUTE}
        relevant = frozenset(each for each in reads if any(_concerns(index, each) for index in self._indexes.values()))
        if not relevant:
            return ""
        if relevant not in self._traces:
            self._traces[relevant] = self._trace(self._closure(relevant))
        trace = self._traces[relevant]
        return f"{trace.text}{''.join(self._counts(trace, at))}" if trace.text else ""

    def mutations(self, name: str, function: cst.FunctionDef, module: SourceModule) -> list[cst.CSTNode]:
        """Return the statements of a function that mutate the object of a variable, or pass it to code that does."""
        self._add_module(module)
        index = write_index(module)
        calls = index.arguments.get((id(function), name), ())
        passing = (event.statement for called, event in calls if called in self._mutators)
        return [*index.objects.get((id(function), name), ()), *passing]

    @cached_property
    def _mutators(self) -> set[str]:
        """The functions that mutate a parameter, or pass it to such a function."""
        mutators: set[str] = set()
        pending = [name for index in self._indexes.values() for name in index.mutators]
        while pending:
            name = pending.pop()
            if name not in mutators:
                mutators.add(name)
                pending += (each for index in self._indexes.values() for each in index.passing.get(name, ()))
        return mutators

    def _add_module(self, module: SourceModule) -> None:
        """Add the index of a module, and of the modules of the project that it imports."""
        pending = [module]
        while pending and len(self._indexes) < _MAX_MODULES:
            each = pending.pop()
            if each.path not in self._indexes:
                self._indexes[each.path], self._sources[each.path] = write_index(each), each
                pending += self._imported_by(each)
                self._traces.clear()
                self.__dict__.pop("_mutators", None)

    def _imported_by(self, module: SourceModule) -> Iterator[SourceModule]:
        importer = self._importer
        for level, name in write_index(module).imports:
            file = None if importer is None or is_modeled_package(name) else importer.find(module.path, level, name)
            loaded = None if importer is None or file is None else importer.load(file)
            if loaded is not None and not isinstance(loaded, Problem):
                yield loaded

    def _closure(self, reads: frozenset[str]) -> set[str]:
        """Return the locations that decide the values of others."""
        locations: set[str] = set()
        pending = list(reads)
        while pending:
            location = pending.pop()
            if location in locations:
                continue
            locations.add(location)
            name = location.removeprefix(".")
            for index in self._indexes.values():
                pending += (read for event in index.writes.get(location, ()) for read in event.reads)
                for function in (*index.functions.get(name, ()), *index.special_methods.get(name, ())):
                    pending += index.reads.get(id(function), ())
        return locations

    def _trace(self, locations: set[str]) -> _Trace:
        events = self._events(locations)
        if not events.by_function:
            return _Trace()
        texts = sorted(" ".join(self._texts(root, events, ())) for root in events.roots)
        if self._remaining < 0:
            texts = [digest(module.source) for module in self._sources.values()]
        positions = {
            function: sorted({event.position for event, _ in each})
            for function, each in events.by_function.items()
            if function is not None
        }
        return _Trace(digest(" ".join(texts).encode(errors="replace"))[:_DIGITS], positions)

    def _events(self, locations: set[str]) -> _Events:
        """Return the writes of locations, and the references to the functions with them."""
        indexes = self._indexes.values()
        events = _Events()
        for location in sorted(locations):
            for index in indexes:
                for event in index.writes.get(location, ()):
                    events.add(event, "")
        pending = [each for each in events.by_function if each is not None]
        while pending:
            function = pending.pop()
            name = function.name.value
            if name in events.followed:
                continue
            events.followed.add(name)
            classes = [each for index in indexes for each in index.classes_with(function)]
            events.classes.update(classes)
            for used in (name, *classes):
                for event in (each for index in indexes for each in index.references.get(used, ())):
                    if event.function is function:
                        continue
                    if event.function is not None and event.function not in events.by_function:
                        pending.append(event.function)
                    events.add(event, used)
                    events.referenced.add(used)
        steps = {name for index in indexes for name in index.steps} - events.referenced
        for function in [each for each in events.by_function if each is not None and each.name.value in steps]:
            del events.by_function[function]
        return events

    def _texts(self, function: cst.FunctionDef | None, events: _Events, callers: Sequence[Caller]) -> Iterator[str]:
        """Yield the texts of the effects of a function, which is the last of `callers` unless it is a root."""
        described: set[tuple[int, int]] = set()
        for event, name in sorted(events.by_function.get(function, ()), key=lambda each: each[0].position):
            key = id(event.statement), id(event.call) if name else 0
            self._remaining -= 1 + len(callers)
            if key in described or self._remaining < 0:
                continue
            described.add(key)
            around = "".join(f"[{text}] " for text in self._blocks_around(event, callers))
            if not name:
                yield f"{around}{self._describe(event.statement, event, callers)}"
                continue
            if name in events.classes and event.call is not None:
                yield f"{around}{self._describe(event.call, event, callers)}"
            for called in events.by_function:
                if called is None or called.name.value != name:
                    continue
                if any(each is called for each, _, _ in callers):
                    yield f"{around}again"
                    continue
                if len(callers) == _MAX_DEPTH:
                    yield digest(event.module.source)
                    continue
                call = event.call or cst.Call(cst.Name(name))
                texts = list(self._texts(called, events, (*callers, (called, call, event))))
                yield f"{around}({' '.join(texts)})" if around else " ".join(texts)

    def _blocks_around(self, event: CodeEvent, callers: Sequence[Caller]) -> Iterator[str]:
        """Yield the kinds and conditions of the blocks around an event in its function, innermost first."""
        for inner, outer in pairwise((event.statement, *ancestors_of(event.module.parents, event.statement))):
            parts: list[cst.CSTNode | None] = []
            match outer:
                case cst.FunctionDef():
                    return
                case cst.If(test=test) | cst.While(test=test):
                    parts.append(test)
                case cst.For(iter=iterable):
                    parts.append(iterable)
                case cst.ExceptHandler(type=types):
                    parts.append(types)
                case cst.MatchCase(pattern=pattern, guard=guard):
                    parts += [pattern, guard]
                case cst.Match(subject=subject):
                    parts.append(subject)
                case cst.Else() | cst.Finally():
                    pass
                case _:
                    continue
            texts = [self._describe(each, event, callers) for each in parts if each is not None]
            is_body = getattr(outer, "body", None) is inner
            yield " ".join([type(outer).__name__, *texts, "" if is_body else "other"])

    def _counts(self, trace: _Trace, at: SourcePlace) -> Iterator[str]:
        """Yield how many effects of each function around a node, and around its calls, are in front of the node."""
        pending, visited = [at], set[int]()
        while pending and len(visited) < _MAX_CALLERS:
            place = pending.pop()
            function = next(iter(place.functions), None)
            if function is None or id(place.node) in visited:
                continue
            visited.add(id(place.node))
            if function in trace.positions:
                position = position_in(function, place.node, place.module)
                yield f"_{sum(each < position for each in trace.positions[function])}"
            pending += self._calls.get(function, ())


class _Events(Struct):
    """The writes of some locations, and the references to the functions with them."""

    by_function: defaultdict[cst.FunctionDef | None, list[tuple[CodeEvent, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The events of each function, with the name of the function that they refer to, if any."""
    followed: set[str] = field(default_factory=set)
    """The names of the functions whose references are among the events."""
    classes: set[str] = field(default_factory=set)
    """The names of the classes whose initializers have effects."""
    referenced: set[str] = field(default_factory=set)
    """The names of the functions that other functions refer to."""

    def add(self, event: CodeEvent, name: str) -> None:
        """Add a reference to a function, or a write with an empty name."""
        self.by_function[event.function].append((event, name))

    @property
    def roots(self) -> list[cst.FunctionDef | None]:
        """The functions that other code may run: `run`, special methods, and those without references."""
        roots = [each for each in self.by_function if each is None or self._is_root(each.name.value)]
        return roots or list(self.by_function)

    def _is_root(self, name: str) -> bool:
        return name == _RUN or name.startswith("__") or name not in self.referenced


def _concerns(index: WriteIndex, location: str) -> bool:
    name = location.removeprefix(".")
    return location in index.writes or name in index.functions or name in index.special_methods
