"""The computed texts of a graph: definitions of names, conditions and durations, and digests of functions."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field

from stepgraph.graph.call_sites import CallSites, enclosing_functions
from stepgraph.graph.details import computed_steps
from stepgraph.graph.places import Places, RaisePath
from stepgraph.ir.nodes import StepRun
from stepgraph.model.details import (
    ComputedTexts,
    Part,
    RaiseCondition,
    RaisingCode,
    parameter_marks,
    parts_of,
    text_of_run,
)
from stepgraph.model.expressions import DEFINITIONS, conjunction
from stepgraph.model.literal_texts import element_texts, partial_text
from stepgraph.model.vocabulary import NO_BREAK
from stepgraph.model.walk import STEP_TYPES
from stepgraph.syntax.construct_text import loop_head, step_function
from stepgraph.syntax.definitions.case_patterns import condition_at
from stepgraph.syntax.definitions.defined_texts import (
    defined_condition,
    defined_loop,
    defined_name,
    defined_value,
    parametric_condition,
    parametric_settings,
    passed_value,
)
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.function_calls import FunctionCalls, calls_by_function, modules_of
from stepgraph.syntax.literal_names import name_contains_braces
from stepgraph.syntax.module import SourceModule, SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph
    from stepgraph.syntax.modules import Importer


_MAX_CHAINS: Final = 20
"""The maximum number of ways to a call that are compared."""
_MAX_DEPTH: Final = 4
"""The maximum number of calls around a call whose arguments it passes on."""
NamedStep: TypeAlias = tuple[str, str]
"""The type of a step, and the name that a call decides."""


_Codes: TypeAlias = Mapping[int, tuple[RaisingCode, ...]]
"""The code of parts of a graph that may raise exceptions, by the identity of the part."""


def compute_texts(graph: Graph, places: Places, importer: Importer | None = None) -> list[tuple[Part, ComputedTexts]]:
    """Return the computed texts of the parts of a graph that have any.

    `importer` loads the modules of the project, whose constants and functions may decide conditions.
    """
    functions = _places_of_functions(graph, places)
    scope = _scope(graph, places, functions, importer)
    parametric = _ParametricTexts.of(graph, places, functions, _parametric_scope(scope))
    codes = _code_between(graph, places, scope), _failing_code(graph, places, scope)
    texts = ((part, _texts(places, scope, parametric, codes, part)) for part in parts_of(graph))
    return [(part, each) for part, each in texts if each]


def _failing_code(graph: Graph, places: Places, scope: DefinitionScope) -> _Codes:
    if places.run is None or not any(map(_mentions_exceptions, scope.writes.modules_with(places.run.module))):
        return {}
    # Imported here because many modules raise no exception.
    from stepgraph.graph.raising_bodies import failing_code

    return failing_code(graph, places, scope)


def _mentions_exceptions(module: SourceModule) -> bool:
    """Return whether a module contains the words of statements that raise exceptions."""
    return module.mentions(b"assert") or module.mentions(b"raise")


def _code_between(graph: Graph, places: Places, scope: DefinitionScope) -> _Codes:
    if not any("catch_block" in part for part in parts_of(graph)):
        return {}
    # Imported here because few graphs have handlers.
    from stepgraph.graph.raising_bodies import code_between

    return code_between(graph, places, scope)


def names_in_calls(graph: Graph, places: Places, importer: Importer | None) -> dict[int, list[NamedStep]]:
    """Return the different steps that calls name by their arguments, by the identity of the call.

    These are the steps directly in the called functions whose names contain no other unknown values.
    """
    functions = _places_of_functions(graph, places)
    scope = _scope(graph, places, functions, importer)
    parametric = _ParametricTexts()
    parametric.add_names(graph, places, scope)
    parametric.add_passed(graph, places, functions, scope)
    calls = _PassingCalls.of(graph, parametric.passed)
    named: defaultdict[int, dict[NamedStep, None]] = defaultdict(dict)
    for key, function in graph["workflow"]["functions"].items():
        for step in computed_steps(function):
            text = parametric.names.get(id(step), "")
            for call in calls.by_function.get(key, ()) if text else ():
                names = calls.only_names(text, str(step["name"]), call)
                named[id(call)] |= {(str(step["type"]), each): None for each in names if "{" not in each}
    return {call: list(steps) for call, steps in named.items()}


class _PassingCalls(Struct, frozen=True):
    """The calls of functions, and the values that they pass."""

    by_function: Mapping[str, Sequence[Part]]
    """The calls of each function, by its key."""
    enclosing: Mapping[int, str]
    """The key of the function around each call in one, by the identity of the call."""
    passed: Mapping[int, Mapping[str, str]]
    """The values that each call passes, by its identity and the mark of the parameter."""

    @classmethod
    def of(cls, graph: Graph, passed: Mapping[int, Sequence[tuple[str, str]]]) -> _PassingCalls:
        by_function: defaultdict[str, list[Part]] = defaultdict(list)
        for part in parts_of(graph):
            if part.get("type") == "function_call":
                by_function[str(part["name"])].append(part)
        return cls(by_function, enclosing_functions(graph), {call: dict(values) for call, values in passed.items()})

    def only_names(self, text: str, name: str, call: Part) -> Sequence[str]:
        """Return the names of a step in a call if all calls around it, which may pass values on, lead to the same ones.

        A loop over listed values leads to one name per value. `text` is the name with marks for parameters, and `name`
        is the one in the graph.
        """
        chains = [*islice(self._chains(call), _MAX_CHAINS + 1)]
        texts = {text_of_run(text, values) for values in chains}
        if len(texts) > 1 or len(chains) > _MAX_CHAINS:
            return ()
        (only,) = texts
        value = partial_text(only, name)
        return element_texts(only, name) or ([] if value is None else [value])

    def _chains(self, call: Part, depth: int = 0) -> Iterator[Sequence[Mapping[str, str]]]:
        """Yield the values that a call and the calls around it pass, innermost first."""
        values = self.passed.get(id(call), {})
        passes_on = any(map(parameter_marks, values.values()))
        callers = self.by_function.get(self.enclosing.get(id(call), ""), ()) if passes_on else ()
        if not callers or depth == _MAX_DEPTH:
            yield (values,)
        for caller in callers if depth < _MAX_DEPTH else ():
            yield from ((values, *outer) for outer in self._chains(caller, depth + 1))


def _places_of_functions(graph: Graph, places: Places) -> Mapping[str, SourcePlace]:
    functions = ((key, places.of(part)) for key, part in graph["workflow"]["functions"].items())
    return {key: place for key, place in functions if place is not None}


def _scope(
    graph: Graph, places: Places, functions: Mapping[str, SourcePlace], importer: Importer | None
) -> DefinitionScope:
    find_steps = cache(lambda: [place for part in parts_of(graph) if (place := places.site_of(part)) is not None])
    run = None if places.run is None else places.run.node
    modules = modules_of(functions.values())
    return DefinitionScope(_calls_in(graph, places, functions), importer, find_steps, run, places.workflow, modules)


def _parametric_scope(scope: DefinitionScope) -> DefinitionScope:
    """Return the scope of parametric texts, which have a separate limit."""
    return DefinitionScope(
        scope.calls, scope.importer, scope.find_steps, scope.run, scope.workflow, scope.modules, scope.results
    )


def _calls_in(graph: Graph, places: Places, functions: Mapping[str, SourcePlace]) -> FunctionCalls:
    """Return the calls of the functions of a graph."""
    sites = CallSites.of(graph, places, functions).by_function
    return calls_by_function(functions, ((key, place) for key, calls in sites.items() for _, place in calls))


def _texts(
    places: Places,
    scope: DefinitionScope,
    parametric: _ParametricTexts,
    codes: tuple[_Codes, _Codes],
    part: Part,
) -> ComputedTexts:
    return ComputedTexts(
        definition=_definition(places, part, scope),
        raises=tuple(_raise_condition(path, scope) for path in places.record_of(part).ending.raise_paths),
        raising_code=_raising_code(places, part, scope),
        code_between=codes[0].get(id(part), ()),
        manager=_manager(places, part, scope),
        failing_code=codes[1].get(id(part), ()),
        function=_function(places, part),
        duration=_duration(places, part, scope),
        parametric_name=parametric.names.get(id(part), ""),
        parametric_duration=parametric.durations.get(id(part), ""),
        parametric_event_type=parametric.event_types.get(id(part), ""),
        parametric_settings=parametric.settings.get(id(part), ""),
        passed=tuple(parametric.passed.get(id(part), ())),
    )


def _raise_condition(path: RaisePath, scope: DefinitionScope) -> RaiseCondition:
    """Return the condition of a `raise` statement."""
    conditions = [each.condition for each in path.tests if each.condition]
    definitions = [
        defined_condition(each.condition, each.place, scope) if each.condition else defined_loop(each.place, scope)
        for each in path.tests
    ]
    text = conjunction(conditions) or loop_head(path.tests[-1].place)
    return RaiseCondition(text, tuple(definitions) if all(definitions) else ())


def _raising_code(places: Places, part: Part, scope: DefinitionScope) -> str:
    """Return the code of a `try` with handlers and without a block for its body, or an empty string for other parts."""
    place = places.of(part)
    if place is None or part.get("type") != "try" or "try_block" in part or "catch_block" not in part:
        return ""
    # Imported here because few graphs need it.
    from stepgraph.syntax.definitions.raising_texts import raising_text

    return raising_text(place, scope)


def _manager(places: Places, part: Part, scope: DefinitionScope) -> str:
    """Return the context manager that handles exceptions in a `try`, or an empty string for other parts."""
    place = places.of(part)
    if place is None or part.get("type") != "try" or "catch_block" not in part:
        return ""
    # Imported here because few graphs need it.
    from stepgraph.syntax.definitions.raising_texts import handling_manager

    return handling_manager(place, scope)


def _function(places: Places, part: Part) -> str:
    """Return the digests of the function of a step, or an empty string for other parts."""
    origin = places.origin_of(part)
    if not isinstance(origin, StepRun):
        return ""
    return step_function(origin.definition.place, origin.definition.function)


def _definition(places: Places, part: Part, scope: DefinitionScope) -> str:
    """Return the name, condition, value, iterable or test of a part without names of variables."""
    place = places.of(part) or places.record_of(part).choice
    if place is None:
        return ""
    match part:
        case {"type": node_type, "name": str(name)} if node_type in STEP_TYPES:
            return "" if name_contains_braces(place) else defined_name(name, place, scope)
        case {"type": "switch", "discriminant": str(text)}:
            return defined_value(text, place, scope)
        case {"condition": str(text)} if text == NO_BREAK:
            # Imported here because few graphs need it.
            from stepgraph.syntax.definitions.loop_completion import defined_completion

            return defined_completion(text, place, scope)
        case {"condition": str(text)}:
            return defined_condition(condition_at(text, place), place, scope)
        case {"type": "loop"}:
            return defined_loop(place, scope) or _collection(place, scope)
        case _:
            return ""


def _collection(place: SourcePlace, scope: DefinitionScope) -> str:
    # Imported here because few loops run the elements of a collection.
    from stepgraph.syntax.definitions.collecting_loops import defined_collection

    return defined_collection(place, scope)


def _duration(places: Places, part: Part, scope: DefinitionScope) -> str:
    """Return the computed duration of a sleep without names of variables."""
    place = places.of(part)
    match part:
        case {"type": "step_sleep", "duration": str(duration)} if place is not None:
            return defined_name(duration, place, scope)
        case _:
            return ""


def _event_type(part: Part) -> str:
    """Return the event type of an event wait, or an empty string for another part."""
    match part:
        case {"type": "step_wait_for_event", "options": {"event_type": str(event_type)}}:
            return event_type
        case _:
            return ""


class _ParametricTexts(Struct):
    """The texts of parts with marks for parameters, by the identity of the part."""

    names: dict[int, str] = field(default_factory=dict)
    """The names of steps and conditions of branches that depend on parameters."""
    durations: dict[int, str] = field(default_factory=dict)
    """The durations of sleeps that depend on parameters."""
    event_types: dict[int, str] = field(default_factory=dict)
    """The event types of waits that depend on parameters."""
    settings: dict[int, str] = field(default_factory=dict)
    """The other settings of steps and event waits that are not literals."""
    passed: defaultdict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """The values that calls pass, after the marks of the parameters."""

    @classmethod
    def of(
        cls, graph: Graph, places: Places, functions: Mapping[str, SourcePlace], scope: DefinitionScope
    ) -> _ParametricTexts:
        """Return the texts of a graph with the places of its functions."""
        texts = cls()
        if functions:
            texts.add_names(graph, places, scope)
        for part in parts_of(graph):
            place = places.of(part) or places.record_of(part).choice
            if place is None:
                continue
            if functions and isinstance(condition := part.get("condition"), str):
                text = parametric_condition(condition_at(condition, place), place, scope)
                if parameter_marks(text):
                    texts.names[id(part)] = text
            if part.get("type") not in STEP_TYPES:
                continue
            if settings := parametric_settings(place, str(part.get("name", "")), scope):
                texts.settings[id(part)] = settings
            for by_part, shown in (
                (texts.durations, str(part.get("duration", ""))),
                (texts.event_types, _event_type(part)),
            ):
                text = defined_name(shown, place, scope, is_parametric=True) if functions else ""
                if parameter_marks(text):
                    by_part[id(part)] = text
        texts.add_passed(graph, places, functions, scope)
        return texts

    def add_names(self, graph: Graph, places: Places, scope: DefinitionScope) -> None:
        """Add the names of steps that depend on parameters."""
        for part in parts_of(graph):
            place = places.of(part)
            if place is None or part.get("type") not in STEP_TYPES or name_contains_braces(place):
                continue
            text = defined_name(str(part["name"]), place, scope, is_parametric=True)
            if parameter_marks(text):
                self.names[id(part)] = text

    def add_passed(
        self, graph: Graph, places: Places, functions: Mapping[str, SourcePlace], scope: DefinitionScope
    ) -> None:
        """Add the values for all parameters in the texts, and for those in these values."""
        calls = CallSites.of(graph, places, functions if scope.marks else {})
        keys: defaultdict[int, list[str]] = defaultdict(list)
        for key, function_place in functions.items():
            keys[id(function_place.node)].append(key)
        texts = (self.names, self.durations, self.event_types, self.settings)
        marks = deque(self._marks(chain.from_iterable(each.values() for each in texts), scope))
        visited = set(marks)
        while marks:
            mark = marks.popleft()
            function, parameter = scope.marks[mark]
            copies = keys[id(function)]
            for part in chain.from_iterable(calls.forwarding.get(copy, ()) for copy in copies):
                self.passed[id(part)].append((mark, f"__0{DEFINITIONS}{mark}"))
            calls_of_copies = ((copy, call) for copy in copies for call in calls.by_function.get(copy, ()))
            for copy, (part, place) in calls_of_copies:
                value = passed_value(place, functions[copy], parameter, scope)
                self.passed[id(part)].append((mark, value))
                added = [each for each in self._marks([value], scope) if each not in visited]
                visited.update(added)
                marks.extend(added)

    @staticmethod
    def _marks(texts: Iterable[str], scope: DefinitionScope) -> list[str]:
        """Return the different marks in texts."""
        marks = dict.fromkeys(mark for text in texts for mark in parameter_marks(text))
        return [mark for mark in marks if mark in scope.marks]
