"""The side effects that decide the values of attributes and shared variables, in source order.

The effects of a called function belong to its calls, with arguments in place of parameters, so extracting a method
changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import filterfalse, product
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.hashing import digest, short_digest
from stepgraph.syntax.definitions.definition_scope import DefinitionScope, functions_around
from stepgraph.syntax.definitions.effect_conditions import EffectConditions
from stepgraph.syntax.definitions.effect_texts import Caller
from stepgraph.syntax.definitions.function_calls import is_delegation
from stepgraph.syntax.definitions.variable_changes import last_position, position_in
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, RUN, CodeEvent, LocationEvents, WriteIndex
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of

_MAX_CALLERS: Final = 20
"""The maximum number of functions around a read whose effects in front of it are counted."""
_MAX_DEPTH: Final = 8
"""The maximum number of nested calls whose effects are followed."""


class _FunctionEffects(Struct, frozen=True):
    """The effects of a function in source order."""

    events: list[CodeEvent] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """The texts of the effects of each event."""
    digests: list[str] = field(default_factory=lambda: [""])
    """The digests of the first effects, by their number."""

    def before(self, position: int) -> int:
        """Return the number of effects in front of the statement at a position."""
        return bisect_left(self.events, position, key=lambda event: event.position)


class _Trace(Struct, frozen=True):
    """The effects on some locations."""

    events: LocationEvents
    roots: str = ""
    """The digest of the effects of all functions that other code may run, or an empty string without effects."""
    others: str = ""
    """The digest of the effects of these functions except `run`."""
    by_function: dict[cst.FunctionDef, _FunctionEffects] = field(default_factory=dict)
    """The effects of the functions that contain reads of the locations, or calls that lead to them."""


class SideEffects:
    """The side effects of the code of a graph."""

    def __init__(self, scope: DefinitionScope) -> None:
        self._scope = scope
        self._conditions = EffectConditions(scope)
        self._traces: dict[tuple[int, frozenset[str]], _Trace] = {}
        """The traces of the effects on locations, each for a number of followed modules."""

    @property
    def _indexes(self) -> Collection[WriteIndex]:
        """The indexes of the followed modules."""
        return self._scope.writes.indexes.values()

    def of(self, reads: set[str], at: SourcePlace) -> str:
        """Return a digest of the effects in front of a node that reads locations, or an empty string without any."""
        writes = self._scope.writes
        writes.add(at.module)
        if any(each.startswith(".") for each in reads):
            reads = reads | {ANY_ATTRIBUTE}
        reads = reads.union(*(writes.shared_parts(each) for each in reads if each.isidentifier()))
        relevant = frozenset(each for each in reads if any(_concerns(index, each) for index in writes.indexes_at(each)))
        if not relevant:
            return ""
        key = len(self._indexes), relevant
        if key not in self._traces:
            self._traces[key] = self._trace(self._closure(relevant))
        trace = self._traces[key]
        return "_".join(self._effects_before(at, trace)) if trace.roots else ""

    def _effects_before(self, at: SourcePlace, trace: _Trace) -> Iterator[str]:
        """Yield the digests of the effects that may be in front of a node in a run of the workflow.

        If code that is not known may call a function around the node, these are all effects.
        """
        pending, visited, digests = [at], set[int](), list[str]()
        while pending and len(visited) < _MAX_CALLERS:
            place = pending.pop()
            function = next(iter(functions_around(place)), None)
            if id(place.node) in visited:
                continue
            visited.add(id(place.node))
            is_call = place is not at
            is_entry = function is self._scope.run
            if (
                function is None
                or not (is_entry or self._scope.calls.get(function))
                or (is_call and not _is_awaited(place))
            ):
                break
            digests.append(self._prefix(function, place, trace, is_call=is_call))
            pending += () if is_entry else self._scope.calls[function]
        else:
            if not pending:
                yield from dict.fromkeys(each for each in (trace.others, *digests) if each)
                return
        yield trace.roots
        yield from self._counts(trace, at)

    def _prefix(self, function: cst.FunctionDef, place: SourcePlace, trace: _Trace, *, is_call: bool) -> str:
        """Return a digest of the effects of a function in front of a node, or in a loop around the node.

        The effects in front of a node in a loop differ from those in other passes. A call that leads to the read has no
        effects in front of it, unless it runs again.
        """
        if function not in trace.events.by_function:
            return ""
        if function not in trace.by_function:
            trace.by_function[function] = self._function_effects(function, trace.events)
        effects = trace.by_function[function]
        position = position_in(function, place.node, place.module)
        last = last_position(function, place.node, place.module)
        if last != position or not is_call:
            all_passes, own_pass = (effects.digests[effects.before(each + 1)] for each in (last, position))
            return all_passes if own_pass == all_passes else _digest([all_passes, own_pass])
        start, end = effects.before(position), effects.before(position + 1)
        texts = zip(effects.events[start:end], effects.texts[start:end], strict=True)
        effects_of_others = [text for event, text in texts if event.call is not place.node]
        return _digest([effects.digests[start], *effects_of_others]) if effects_of_others else effects.digests[start]

    def _function_effects(self, function: cst.FunctionDef, events: LocationEvents) -> _FunctionEffects:
        effects = _FunctionEffects()
        for event, text in self._texts(function, events, (), with_returns=False):
            effects.events.append(event)
            effects.texts.append(text)
            effects.digests.append(_digest([effects.digests[-1], text]))
        return effects

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
            for index in self._indexes:
                pending += (read for event in index.writes.get(location, ()) for read in event.reads)
                functions = filterfalse(self._is_entry, index.functions.get(name, ()))
                for function in (*functions, *index.special_methods.get(name, ())):
                    pending += self._reads_of(function, index)
        return locations

    def _reads_of(self, function: cst.FunctionDef, index: WriteIndex) -> Collection[str]:
        """Return the locations that decide the result of a function. The engine keeps the results of its steps."""
        module = self._scope.modules.get(function) if function in self._scope.calls else None
        decisive = None if module is None else self._scope.called_functions.reads_of_result(function, module)
        return index.reads.get(id(function), ()) if decisive is None else decisive

    def _trace(self, locations: set[str]) -> _Trace:
        events = self._events(locations)
        if not events.by_function:
            return _Trace(events)
        texts = {root: self._joined(root, events, ()) for root in self._roots(events)}
        if self._conditions.remaining < 0:
            everything = _digest(digest(module.source) for module in self._scope.writes.modules.values())
            return _Trace(LocationEvents(), everything, everything)
        others = sorted(text for root, text in texts.items() if root is not self._scope.run)
        return _Trace(events, _digest(sorted(texts.values())), _digest(others) if others else "")

    def _joined(self, function: cst.FunctionDef | None, events: LocationEvents, callers: Sequence[Caller]) -> str:
        with_returns = bool(callers) or function is not self._scope.run
        return " ".join(text for _, text in self._texts(function, events, callers, with_returns=with_returns))

    def _roots(self, events: LocationEvents) -> list[cst.FunctionDef | None]:
        """Return the functions with effects that the engine or unknown code may run."""
        roots = [each for each in events.roots if each is self._scope.run or not self._is_entry(each)]
        return roots or events.roots

    def _is_entry(self, function: cst.FunctionDef | None) -> bool:
        """Return whether a function is the `run` of a workflow, which only the engine calls."""
        if function is None or self._scope.run is None or function.name.value != RUN or self._calls_base:
            return False
        return function is self._scope.run or any(id(function) in index.entries for index in self._indexes)

    @property
    def _calls_base(self) -> bool:
        """Whether the `run` of a workflow may call that of a base class."""
        return any(index.calls_base_run for index in self._indexes)

    def _events(self, locations: set[str]) -> LocationEvents:
        """Return the writes of locations, and the references to the functions with them."""
        indexes = self._indexes
        events = LocationEvents()
        for location in sorted(locations):
            for index in indexes:
                for event in index.writes.get(location, ()):
                    events.add(event, "")
            data_classes = {name for index in indexes for name in index.fields.get(location, ())}
            for index, name in product(indexes, sorted(data_classes)):
                for event in index.references.get(name, ()):
                    events.add(event, "")
        pending = [each for each in events.by_function if each is not None]
        while pending:
            function = pending.pop()
            name = function.name.value
            if name in events.followed or self._is_entry(function):
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

    def _texts(
        self,
        function: cst.FunctionDef | None,
        events: LocationEvents,
        callers: Sequence[Caller],
        *,
        with_returns: bool,
    ) -> Iterator[tuple[CodeEvent, str]]:
        """Yield the effects of a function, which is the last of `callers` unless it is a root, with their texts.

        A `return` in front of an effect counts only `with_returns`. If it also skips the read, it does not matter.
        """
        described: set[tuple[int, int]] = set()
        for event, name in sorted(events.by_function.get(function, ()), key=lambda each: each[0].position):
            key = id(event.statement), id(event.call) if name else 0
            self._conditions.remaining -= 1 + len(callers)
            if key in described or self._conditions.remaining < 0 or self._conditions.is_unreachable(event):
                continue
            described.add(key)
            conditions = self._conditions.of(event, callers, with_returns=with_returns)
            prefix = "".join(f"[{text}] " for text in conditions)
            if not name:
                yield event, f"{prefix}{self._conditions.describe(event.statement, event, callers)}"
                continue
            if name in events.classes and event.call is not None:
                yield event, f"{prefix}{self._conditions.describe(event.call, event, callers)}"
            for called, inside in events.by_function.items():
                if called is None or called.name.value != name or self._is_entry(called):
                    continue
                if not self._may_run(event, SourcePlace(inside[0][0].module, called)):
                    continue
                if any(each is called for each, _, _ in callers):
                    yield event, f"{prefix}again"
                    continue
                if len(callers) == _MAX_DEPTH:
                    yield event, digest(event.module.source)
                    continue
                call = event.call or cst.Call(cst.Name(name))
                text = self._joined(called, events, (*callers, (called, call, event)))
                if text:
                    yield event, f"{prefix}({text})" if prefix else text

    def _may_run(self, reference: CodeEvent, method: SourcePlace) -> bool:
        """Return whether a reference to the name of a method may run it. `super()` only stands for base classes."""
        caller = reference.function
        if caller is None or reference.call is None or not is_delegation(reference.call):
            return True
        calling, called = reference.module.scope_around(caller), method.module.scope_around(method.node)
        if not (isinstance(calling, cst.ClassDef) and isinstance(called, cst.ClassDef)):
            return True
        return self._scope.classes.may_delegate((calling, reference.module), (called, method.module))

    def _counts(self, trace: _Trace, at: SourcePlace) -> Iterator[str]:
        """Yield how many effects of each function around a node, and around its calls, are in front of the node."""
        pending, visited = [at], set[int]()
        while pending and len(visited) < _MAX_CALLERS:
            place = pending.pop()
            function = next(iter(functions_around(place)), None)
            if function is None or id(place.node) in visited:
                continue
            visited.add(id(place.node))
            if function in trace.events.by_function:
                position = position_in(function, place.node, place.module)
                positions = {event.position for event, _ in trace.events.by_function[function]}
                yield str(sum(each < position for each in positions))
            pending += self._scope.calls.get(function, ())


def _digest(texts: Iterable[str]) -> str:
    return short_digest(" ".join(texts))


def _is_awaited(call: SourcePlace) -> bool:
    """Return whether the code after a call waits for the called function."""
    return isinstance(next(ancestors_of(call.module.parents, call.node), None), cst.Await)


def _concerns(index: WriteIndex, location: str) -> bool:
    name = location.removeprefix(".")
    by_location, by_name = (index.writes, index.fields), (index.functions, index.special_methods)
    return any(location in each for each in by_location) or any(name in each for each in by_name)
