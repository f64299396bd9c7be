"""Details of a graph: source text of its parts, and remarks about them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.graph.places import Ending, Places
from stepgraph.ir.await_groups import task_ids_of
from stepgraph.ir.exceptions import NonStepErrors
from stepgraph.ir.handlers import catch_all, expects_errors
from stepgraph.ir.nodes import (
    Await,
    Handler,
    Jump,
    JumpKind,
    OperationBlock,
    StartOperation,
    StepInput,
    StepRun,
    TryOperation,
    operations_in,
)
from stepgraph.model.details import (
    ANY_OTHER_ERROR,
    NO_DETAIL,
    NOT_CAUGHT,
    Detail,
    Details,
    Guards,
    Part,
    details_of,
    parameter_marks,
    parts_of,
)
from stepgraph.model.walk import STEP_TYPES
from stepgraph.syntax.construct_text import (
    await_expression,
    call_arguments,
    exit_statement,
    group_function,
    handler_clause,
    handler_head,
    loop_head,
    may_raise,
    returns_discarded_errors,
    step_function,
    truncate,
)
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
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph
    from stepgraph.syntax.modules import Importer


SWALLOWS: Final = "swallows the error"
MAY_SWALLOW: Final = "may swallow the error"
GROUP_SWALLOWS: Final = "swallows errors"
GROUP_KEEPS: Final = "does not raise errors"
_RAISING_FUNCTIONS: Final = frozenset({"gather", "TaskGroup"})
"""The functions of asyncio whose groups raise the errors of their members, unless their kind is `all_settled`."""
CAUGHT: Final = "caught outside the loop"
MAY_BE_CAUGHT: Final = "may be caught outside the loop"


class _ParametricTexts(Struct):
    """The texts of parts with marks for parameters, by the identity of the part."""

    names: dict[int, str] = field(default_factory=dict)
    """The names of steps and conditions of branches that depend on parameters."""
    durations: dict[int, str] = field(default_factory=dict)
    """The durations of sleeps that depend on parameters."""
    event_types: dict[int, str] = field(default_factory=dict)
    """The event types of waits that depend on parameters."""
    settings: dict[int, str] = field(default_factory=dict)
    """The other settings of steps and event waits that depend on parameters."""
    passed: defaultdict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """The values that calls pass, after the marks of the parameters."""

    @classmethod
    def of(
        cls, graph: Graph, places: Places, functions: Mapping[str, SourcePlace], scope: DefinitionScope
    ) -> _ParametricTexts:
        """Return the texts of a graph with the places of its functions."""
        texts = cls()
        for part in parts_of(graph) if functions else ():
            place = places.of(part) or places.record_of(part).choice
            if place is None:
                continue
            if isinstance(condition := part.get("condition"), str):
                text = parametric_condition(condition, place, scope)
                if parameter_marks(text):
                    texts.names[id(part)] = text
            if part.get("type") not in STEP_TYPES:
                continue
            for by_part, text in (
                (texts.names, defined_name(str(part.get("name", "")), place, scope, is_parametric=True)),
                (texts.durations, defined_name(str(part.get("duration", "")), place, scope, is_parametric=True)),
                (texts.event_types, defined_name(_event_type(part), place, scope, is_parametric=True)),
                (texts.settings, parametric_settings(place, scope)),
            ):
                if parameter_marks(text):
                    by_part[id(part)] = text
        texts._add_passed(graph, places, functions, scope)
        return texts

    def _add_passed(
        self, graph: Graph, places: Places, functions: Mapping[str, SourcePlace], scope: DefinitionScope
    ) -> None:
        """Add the values for all parameters in the texts, and for those in these values."""
        calls: defaultdict[str, list[tuple[Part, SourcePlace]]] = defaultdict(list)
        for part in parts_of(graph) if scope.marks else ():
            place = places.of(part)
            if place is not None and part.get("type") == "function_call":
                calls[str(part["name"])].append((part, place))
        keys: defaultdict[int, list[str]] = defaultdict(list)
        for key, function_place in functions.items():
            keys[id(function_place.node)].append(key)
        texts = (self.names, self.durations, self.event_types, self.settings)
        marks = deque(self._marks(chain.from_iterable(each.values() for each in texts), scope))
        visited = set(marks)
        while marks:
            mark = marks.popleft()
            function, parameter = scope.marks[mark]
            calls_of_copies = ((copy, call) for copy in keys[id(function)] for call in calls[copy])
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


def describe(graph: Graph, places: Places, workflows: Mapping[str, str], importer: Importer | None = None) -> Details:
    """Return the details of a graph. `workflows` maps each binding to the label of its workflow: `orders (Orders)`.

    `importer` loads the modules of the project, whose constants and functions may decide conditions.
    """
    find_steps = cache(lambda: [place for part in parts_of(graph) if (place := places.site_of(part)) is not None])
    functions = ((key, places.of(part)) for key, part in graph["workflow"]["functions"].items())
    places_of_functions = {key: place for key, place in functions if place is not None}
    calls = _calls_in(graph, places, places_of_functions)
    run = None if places.run is None else places.run.node
    modules = modules_of(places_of_functions.values())
    scope = DefinitionScope(calls, importer, find_steps, run, places.workflow, modules)
    # Parametric texts have a limit of their own.
    parametric_scope = DefinitionScope(calls, importer, find_steps, run, places.workflow, modules, scope.results)
    parametric = _ParametricTexts.of(graph, places, places_of_functions, parametric_scope)
    return details_of(graph, partial(_detail, places, workflows, scope, parametric))


def _calls_in(graph: Graph, places: Places, functions: Mapping[str, SourcePlace]) -> FunctionCalls:
    """Return the calls of the functions of a graph."""
    calls = ((part["name"], places.of(part)) for part in parts_of(graph) if part.get("type") == "function_call")
    return calls_by_function(functions, [(str(name), place) for name, place in calls if place is not None])


def _detail(
    places: Places, workflows: Mapping[str, str], scope: DefinitionScope, parametric: _ParametricTexts, part: Part
) -> Detail:
    ending = places.ending_of(part)
    detail = _detail_without_ending(places, workflows, part, ending)
    record = places.record_of(part)
    return Detail(
        detail.source,
        (*_awaits(ending), *detail.remarks, *_deferred(part, ending)),
        "" if ending.raised is None else exit_statement(ending.raised),
        "" if ending.jump is None else exit_statement(ending.jump),
        (
            *((truncate(condition), exit_statement(raised)) for condition, raised in ending.guards),
            *_other_errors(places, part),
        ),
        may_skip_raise=ending.may_skip_raise,
        ends_pass=ending.ends_pass,
        shows_skips=record.shows_skips,
        is_certain=record.is_certain,
        is_exhaustive=record.is_exhaustive,
        is_infinite=record.is_infinite,
        is_nonempty=record.is_nonempty,
        runs_else=isinstance(record.origin, Jump) and record.origin.kind is JumpKind.FINISHED,
        in_else=record.is_in_else,
        is_unhandled=record.is_unhandled,
        is_settled=record.is_settled,
        raises_errors=_raises_errors(part, detail.source),
        is_limited=record.is_limited,
        catches_own_errors=_catches_own_errors(places, part),
        catches_only_steps=_catches_only_steps(places, part),
        passes=record.passes,
        definition=_definition(places, part, scope),
        function=_function(places, part),
        duration=_duration(places, part, scope),
        predecessors=places.predecessors_of(part),
        parametric_name=parametric.names.get(id(part), ""),
        parametric_duration=parametric.durations.get(id(part), ""),
        parametric_event_type=parametric.event_types.get(id(part), ""),
        parametric_settings=parametric.settings.get(id(part), ""),
        passed=tuple(parametric.passed.get(id(part), ())),
    )


def _catches_own_errors(places: Places, part: Part) -> bool:
    """Return whether a part is the catch block of a `try` whose code may raise the errors that it is written for."""
    origin = places.origin_of(part)
    if not isinstance(origin, TryOperation) or part["type"] != "block":
        return False
    return expects_errors(origin.handlers, origin.non_step_errors)


def _catches_only_steps(places: Places, part: Part) -> bool:
    """Return whether a part is the catch block of a `try` in which only its own steps raise errors."""
    origin = places.origin_of(part)
    if not isinstance(origin, TryOperation) or part["type"] != "block":
        return False
    if origin.non_step_errors is not NonStepErrors.NONE:
        return False
    operations = list(operations_in(origin.body))
    started = {each.task_id for each in operations if isinstance(each, StartOperation)}
    awaited = (task_ids_of(each.group) for each in operations if isinstance(each, Await))
    return started.issuperset(chain.from_iterable(awaited))


def _other_errors(places: Places, part: Part) -> Guards:
    """Return the `raise` of the errors that no `except*` clause catches, which follows the clauses."""
    match part, places.origin_of(part):
        case {"type": "block", "nodes": [_, *_]}, TryOperation(except_star=True, handlers=handlers):
            return () if catch_all(handlers) else ((ANY_OTHER_ERROR, "raise"),)
        case _:
            return ()


def _deferred(part: Part, ending: Ending) -> tuple[str, ...]:
    """Return a remark on a branch that ends with a `continue` after a `finally`."""
    if ending.deferred is None or "condition" not in part:
        return ()
    return (f"{exit_statement(ending.deferred)}, after finally",)


def _awaits(ending: Ending) -> tuple[str, ...]:
    """Return the awaits of a part without nodes as a remark, such as `await task`."""
    texts = filter(None, dict.fromkeys(map(await_expression, ending.awaits)))
    return tuple(truncate(text) for text in ["; ".join(texts)] if text)


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
            return defined_name(name, place, scope)
        case {"type": "switch", "discriminant": str(text)}:
            return defined_value(text, place, scope)
        case {"condition": str(text)}:
            return defined_condition(text, place, scope)
        case {"type": "loop"}:
            return defined_loop(place, scope)
        case _:
            return ""


def _event_type(part: Part) -> str:
    """Return the event type of an event wait, or an empty string for another part."""
    match part:
        case {"type": "step_wait_for_event", "options": {"event_type": str(event_type)}}:
            return event_type
        case _:
            return ""


def _duration(places: Places, part: Part, scope: DefinitionScope) -> str:
    """Return the computed duration of a sleep without names of variables."""
    place = places.of(part)
    match part:
        case {"type": "step_sleep", "duration": str(duration)} if place is not None:
            return defined_name(duration, place, scope)
        case _:
            return ""


def _detail_without_ending(places: Places, workflows: Mapping[str, str], part: Part, ending: Ending) -> Detail:
    place, origin = places.of(part), places.origin_of(part)
    if place is None:
        return NO_DETAIL
    match origin:
        case StepRun(inputs=inputs, started_bindings=bindings):
            started = [workflows[binding] for binding in bindings if binding in workflows]
            return Detail(remarks=tuple(map(truncate, (*_received(inputs), *_started(started)))))
        case Handler():
            return Detail(handler_clause(place, origin.place or place), _errors(part, place, (origin,), ending))
        case TryOperation(handlers=handlers) if part["type"] == "block":
            return Detail(handler_head(place), _errors(part, place, handlers, ending))
        case TryOperation() if part["type"] == "break":
            return Detail("raise", (ANY_OTHER_ERROR,))
        case Jump(kind=kind, caught=is_caught):
            source = exit_statement(place)
            return Detail(source, _catching(kind, is_caught=bool(is_caught)) if source.startswith("raise") else ())
    match part["type"]:
        case "loop":
            return Detail(loop_head(place))
        case "function_call":
            return Detail(call_arguments(place))
        case "parallel" if part["kind"] == "all_settled":
            return Detail(group_function(place), (GROUP_SWALLOWS if returns_discarded_errors(place) else GROUP_KEEPS,))
        case "parallel":
            return Detail(group_function(place))
        case _:
            return NO_DETAIL


def _raises_errors(part: Part, source: str) -> bool:
    return part.get("type") == "parallel" and part.get("kind") != "all_settled" and source in _RAISING_FUNCTIONS


def _received(inputs: tuple[StepInput, ...]) -> tuple[str, ...]:
    """Return a remark on the results that a step receives, such as `receives order, price from load price`, if any."""
    return (f"receives {', '.join(map(_received_result, inputs))}",) if inputs else ()


def _received_result(received: StepInput) -> str:
    """Return the steps of a result, after its parameter unless this has the words of their name."""
    steps = " or ".join(received.steps)
    return steps if _letters(received.parameter) in ("", _letters(steps)) else f"{received.parameter} from {steps}"


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _started(workflows: list[str]) -> tuple[str, ...]:
    """Return a remark on the workflows that a step starts, such as `starts workflow orders (Orders)`, if any."""
    word = "workflow" if len(workflows) == 1 else "workflows"
    return (f"starts {word} {', '.join(workflows)}",) if workflows else ()


def _errors(part: Part, place: SourcePlace, handlers: tuple[Handler, ...], ending: Ending) -> tuple[str, ...]:
    """Return a remark if handlers without nodes and exits swallow the error."""
    if part["nodes"] or ending.raised is not None or ending.jump is not None:
        return ()
    if any(_raises(handler.block) for handler in handlers):
        return ()
    if any(handler.place is not None and handler.place.node is place.node for handler in handlers):
        return (MAY_SWALLOW,)  # a context manager with an unknown exit
    if any(handler.place is not None and may_raise(place, handler.place) for handler in handlers):
        return ()
    return (SWALLOWS,)


def _raises(block: OperationBlock) -> bool:
    """Return whether a block has a `raise` statement."""
    return any(isinstance(operation, Jump) and operation.kind is JumpKind.RAISE for operation in operations_in(block))


def _catching(kind: JumpKind, *, is_caught: bool) -> tuple[str, ...]:
    if kind is JumpKind.RAISE:
        return (NOT_CAUGHT,)
    return (CAUGHT if is_caught else MAY_BE_CAUGHT,)
