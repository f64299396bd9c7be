"""Details of a graph: source text of its parts, and remarks about them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final

from stepgraph.graph.places import Ending, Places
from stepgraph.ir.await_groups import task_ids_of
from stepgraph.ir.exceptions import NonStepErrors, catch_all, expects_errors
from stepgraph.ir.nodes import (
    Await,
    Handler,
    Jump,
    JumpKind,
    StepInput,
    StepRun,
    TryOperation,
    operations_in,
)
from stepgraph.ir.walk import contains_raise, tasks_started_in
from stepgraph.model.details import (
    ANY_OTHER_ERROR,
    NO_DETAIL,
    NOT_CAUGHT,
    Detail,
    Details,
    Guards,
    Part,
    details_of,
    parts_below,
)
from stepgraph.model.walk import STEP_TYPES, children
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
    truncate,
)
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.graph.computed_texts import NamedStep
    from stepgraph.model.payload import FunctionDef, Graph
    from stepgraph.syntax.modules import Importer

SWALLOWS: Final = "swallows the error"
MAY_SWALLOW: Final = "may swallow the error"
GROUP_SWALLOWS: Final = "swallows errors"
GROUP_KEEPS: Final = "does not raise errors"
_RAISING_FUNCTIONS: Final = frozenset({"gather", "TaskGroup"})
"""The functions of asyncio whose groups raise the errors of their members, unless their kind is `all_settled`."""
_STEP_WORDS: Final = {
    "step_do": "step",
    "step_sleep": "sleep",
    "step_sleep_until": "sleep",
    "step_wait_for_event": "event wait",
}
"""The words for the types of steps."""
_MAX_NAMES: Final = 4
"""The maximum number of names of steps in a remark on a call."""
CAUGHT: Final = "caught outside the loop"
MAY_BE_CAUGHT: Final = "may be caught outside the loop"


_CANCELLATION: Final = frozenset(
    {"builtins.BaseException", "asyncio.CancelledError", "asyncio.exceptions.CancelledError"}
)
"""The exception types that catch the cancellation of a task."""


def describe(graph: Graph, places: Places, workflows: Mapping[str, str], importer: Importer | None = None) -> Details:
    """Return the details of a graph. `workflows` maps each binding to the label of its workflow: `orders (Orders)`.

    `importer` loads the modules of the project, whose constants may be in the names of steps.
    """
    names = _names_in_calls(graph, places, importer)
    return details_of(graph, partial(_detail, places, workflows, names, _exits_in_try(graph)))


def _names_in_calls(graph: Graph, places: Places, importer: Importer | None) -> Mapping[int, str]:
    """Return remarks on the steps that calls name, such as `step "charge card"`, by the identity of the call."""
    functions = graph["workflow"]["functions"].values()
    if not any(True for function in functions for _ in computed_steps(function)):
        return {}
    # Imported here because only these graphs need it.
    from stepgraph.graph.computed_texts import names_in_calls

    steps = names_in_calls(graph, places, importer)
    return {call: _steps_remark(each) for call, each in steps.items() if each}


def _steps_remark(steps: Sequence[NamedStep]) -> str:
    """Return a remark with the first steps, such as `steps "reserve", "charge", sleep "rest", 3 more`."""
    by_word = groupby(steps[:_MAX_NAMES], key=lambda step: _STEP_WORDS[step[0]])
    texts = [(word, [f'"{name}"' for _, name in each]) for word, each in by_word]
    shown = [f"{word}{'s' if len(names) > 1 else ''} {', '.join(names)}" for word, names in texts]
    hidden = len(steps) - _MAX_NAMES
    return ", ".join((*shown, f"{hidden:,} more") if hidden > 0 else shown)


def _exits_in_try(graph: Graph) -> frozenset[int]:
    """Return the identities of the exits with a `try` of their function around them."""
    workflow = graph["workflow"]
    bodies = (workflow["nodes"], *(function["nodes"] for function in workflow["functions"].values()))
    pending = [(node, False) for nodes in bodies for node in nodes]
    exits: set[int] = set()
    while pending:
        node, is_in_try = pending.pop()
        if node["type"] == "break" and is_in_try:
            exits.add(id(node))
        is_inner_in_try = node["type"] == "try" or (is_in_try and node["type"] != "step_do")
        pending.extend((inner, is_inner_in_try) for inner in children(node))
    return frozenset(exits)


def computed_steps(function: FunctionDef) -> Iterator[Part]:
    """Yield the steps of a function whose names contain expressions."""
    return (part for part in parts_below(function) if part.get("type") in STEP_TYPES and "{" in str(part["name"]))


def _detail(
    places: Places, workflows: Mapping[str, str], names: Mapping[int, str], in_try: Collection[int], part: Part
) -> Detail:
    ending = places.ending_of(part)
    detail = _detail_without_ending(places, workflows, part, ending, is_in_try=id(part) in in_try)
    record = places.record_of(part)
    return Detail(
        detail.source,
        (*_awaits(ending), *detail.remarks, *_deferred(part, ending), *_named(names.get(id(part)))),
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
        catches_cancellation=_catches_cancellation(places, part),
        passes=record.passes,
        predecessors=places.predecessors_of(part),
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
    started = set(tasks_started_in(origin.body))
    awaited = (task_ids_of(each.group) for each in operations_in(origin.body) if isinstance(each, Await))
    return started.issuperset(chain.from_iterable(awaited))


def _catches_cancellation(places: Places, part: Part) -> bool:
    """Return whether a part is the catch block of a `try` that may catch the cancellation of its task."""
    origin = places.origin_of(part)
    if not isinstance(origin, TryOperation) or part["type"] != "block":
        return False
    return any(
        not handler.types or any(caught.name in _CANCELLATION for caught in handler.types)
        for handler in origin.handlers
    )


def _other_errors(places: Places, part: Part) -> Guards:
    """Return the `raise` of the errors that no `except*` clause catches, which follows the clauses."""
    match part, places.origin_of(part):
        case {"type": "block", "nodes": [_, *_]}, TryOperation(except_star=True, handlers=handlers):
            return () if catch_all(handlers) else ((ANY_OTHER_ERROR, "raise"),)
        case _:
            return ()


def _named(steps: str | None) -> tuple[str, ...]:
    """Return a remark on the steps that a call names."""
    return () if steps is None else (truncate(steps),)


def _deferred(part: Part, ending: Ending) -> tuple[str, ...]:
    """Return a remark on a branch that ends with a `continue` after a `finally`."""
    if ending.deferred is None or "condition" not in part:
        return ()
    return (f"{exit_statement(ending.deferred)}, after finally",)


def _awaits(ending: Ending) -> tuple[str, ...]:
    """Return the awaits of a part without nodes as a remark, such as `await task`."""
    texts = filter(None, dict.fromkeys(map(await_expression, ending.awaits)))
    return tuple(truncate(text) for text in ["; ".join(texts)] if text)


def _detail_without_ending(
    places: Places, workflows: Mapping[str, str], part: Part, ending: Ending, *, is_in_try: bool
) -> Detail:
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
            is_raise = source.startswith("raise")
            return Detail(source, _catching(kind, is_caught=bool(is_caught), is_in_try=is_in_try) if is_raise else ())
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
    if any(contains_raise(handler.block) for handler in handlers):
        return ()
    if any(handler.place is not None and handler.place.node is place.node for handler in handlers):
        return (MAY_SWALLOW,)  # a context manager with an unknown exit
    if any(handler.place is not None and may_raise(place, handler.place) for handler in handlers):
        return ()
    return (SWALLOWS,)


def _catching(kind: JumpKind, *, is_caught: bool, is_in_try: bool) -> tuple[str, ...]:
    if kind is JumpKind.RAISE:
        return (NOT_CAUGHT,) if is_in_try else ()
    return (CAUGHT if is_caught else MAY_BE_CAUGHT,)
