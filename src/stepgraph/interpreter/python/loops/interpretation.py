"""Interpretation of loop bodies to a fixpoint, and unrolling, for both statements and comprehensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.frame import LoopState, PathResult, ReturnedValue
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import ExclusiveTasks, callable_name, on_path, union_values
from stepgraph.interpreter.objects.containers.iterators import is_certainly_empty
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.path_joins import PathChanges, apply, join_any, join_ends
from stepgraph.interpreter.python.arguments import make_collection
from stepgraph.interpreter.python.loops.generator_bodies import shared_yields
from stepgraph.interpreter.python.loops.loop_heads import LoopEnd, LoopEntry, LoopHead, PassStart, undo_pass
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.task_runs import TaskRuns
from stepgraph.interpreter.values.calls import (
    FunctionCoroutine,
    GeneratorCall,
    GeneratorExpression,
    PreparedCall,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.values.containers import Collection, Container, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import Visits
from stepgraph.interpreter.values.objects import ClassValue, EnumMember, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import EventPart, Payload, StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Case, Union, with_all_runs
from stepgraph.interpreter.workflow.dependencies import declared_since
from stepgraph.interpreter.write_log import Changes
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import EMPTY_BLOCK, IterationCount, LoopOperation, OperationBlock, StepDefinition
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    Nondeterministic,
    PartlyKnownText,
    RangeResult,
    Unresolved,
    Value,
    is_none,
    origin_name,
)
from stepgraph.model.vocabulary import NO_BREAK
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace

# The types of values that later code can change through a collection.
_WITH_CELLS: Final = (Container, FunctionValue, ProjectObject, Union)
# Nesting depth of tuples with tasks that a loop unpacks.
MAX_UNPACKED_DEPTH: Final = 3
# Maximum length of a collection whose loop is unrolled.
MAX_UNROLLED_ITEMS: Final = 256


class LoopBounds(Struct, frozen=True):
    """Bounds on the number of passes of a loop."""

    infinite: bool = False
    """Whether only a `break` ends the loop."""
    at_least_once: bool = False
    """Whether at least one pass runs."""
    passes: IterationCount | None = None
    """The number of passes without an early exit; None if unknown."""


def interpret_loop(
    interpreter: Interpreter,
    body: Callable[[], None],
    orelse: Callable[[], None] | None,
    place: SourcePlace,
    bounds: LoopBounds,
) -> None:
    """Interpret a loop to a fixpoint and emit it."""
    block, end, declares = _interpret_to_fixpoint(interpreter, body, place)
    last_pass, breaks = end.last_pass, end.last_pass.breaks
    if last_pass.ends_generator and interpreter.frame.inlined is not None:
        interpreter.frame.inlined.may_have_ended = True
    orelse_block = EMPTY_BLOCK
    if orelse is not None and not bounds.infinite:
        orelse_path = interpreter.branch(orelse, NO_BREAK if breaks else None)
        orelse_block = orelse_path.block
        break_path = PathResult(EMPTY_BLOCK, {}, is_reachable=False)
        if breaks:
            break_path = interpreter.branch(lambda: end.join(interpreter, may_finish=False))
        interpreter.join_path_results([(NO_BREAK, orelse_path), (None, break_path)], None, place)
    else:
        end.join(interpreter, may_finish=not bounds.infinite)
        interpreter.is_reachable = breaks or not bounds.infinite
    if block.operations or orelse_block.operations:
        interpreter.emit(
            LoopOperation(
                body=block,
                orelse=orelse_block,
                place=place,
                infinite=bounds.infinite,
                at_least_once=bounds.at_least_once,
                redeclared_steps=declares,
                iterations=bounds.passes,
            )
        )


def _interpret_to_fixpoint(
    interpreter: Interpreter, body: Callable[[], None], place: SourcePlace
) -> tuple[OperationBlock, LoopEnd, tuple[StepDefinition, ...]]:
    """Interpret a loop body until the state at the loop head is a fixpoint, and continue from that state.

    Return the block of the body, the states at each `break`, and the steps that the body declares. Each pass
    starts from the state before the loop, joined with the changes of the previous pass, so no value of an earlier pass
    remains.
    """
    frame, store, live = interpreter.frame, interpreter.store, interpreter.is_reachable
    outer_loop, drained, frame.drained_collection = frame.loop, frame.drained_collection, None
    interpreter.loop_depth += 1
    entry = LoopEntry(store.checkpoint(), store.serial, interpreter.work.last_task_id, place)
    head, pass_task_id = LoopHead(entry), entry.last_task_id
    trace_start = interpreter.tracer.mark()
    results = [(items, len(items)) for items in _results(interpreter)]
    while True:
        apply(store, head.changes)
        for items, count in results:
            del items[count:]
        previous_task_id, pass_task_id = pass_task_id, interpreter.work.last_task_id
        start = PassStart.of(store)
        loop_state = frame.loop = LoopState(entry.checkpoint, store.serial)
        interpreter.is_reachable = True
        declared_before = interpreter.steps.count
        with store.logged(entry.newest_serial) as log:
            block = interpreter.block_of(body)
        previous_changes = head.changes
        unstable = head.join_pass(interpreter, undo_pass(interpreter, entry, loop_state, pass_task_id))
        is_stable = not unstable and start.is_repeated(store, entry.newest_serial, log, previous_changes, head.changes)
        if is_stable or interpreter.discards_passes:
            break
        interpreter.repeated_passes += 1
    block = _with_own_tasks(block, store.runs, range(previous_task_id + 1, pass_task_id + 1))
    apply(store, head.changes)
    if loop_state.test_states:
        apply(store, join_any(store, loop_state.test_states, place, entry.last_task_id))
    interpreter.loop_depth -= 1
    interpreter.tracer.on_loop_end(trace_start, repeats=interpreter.is_reachable or loop_state.continues)
    frame.loop, frame.drained_collection, interpreter.is_reachable = outer_loop, drained, live
    added = [items[count:] for items, count in results]
    _mark_stored_objects(interpreter, head.changes, added, entry.newest_serial, place)
    return block, LoopEnd(entry, loop_state, pass_task_id), declared_since(interpreter, declared_before)


def _with_own_tasks(block: OperationBlock, runs: TaskRuns, previous: range) -> OperationBlock:
    """Return a body whose awaits of tasks of the `previous` pass refer to its own tasks."""
    if not previous:
        return block
    from stepgraph.interpreter.python.loops.wait_loops import refer_to_own_tasks

    return refer_to_own_tasks(block, runs, previous)


def _mark_stored_objects(
    interpreter: Interpreter,
    changes: Changes,
    added: Sequence[Sequence[object]],
    since: int,
    place: SourcePlace,
) -> None:
    """Mark the objects that each pass of a loop has stored in collections or `added` to results."""
    slots = [*added, *(change.container.get(change.key) for change in changes.values())]
    elements = (element for slot in slots if isinstance(slot, tuple | list) for element in slot)
    repeated = [each.value for each in elements if isinstance(each, Element | MappingEntry) and each.many]
    mark_objects(interpreter, repeated, since, place)


def mark_objects(interpreter: Interpreter, values: Iterable[Value], since: int, place: SourcePlace) -> None:
    """Mark objects that each pass of a loop stores, because later writes change the object of one pass only."""
    objects = [value for value in values if isinstance(value, _WITH_CELLS)]
    if objects:
        # Imported here because few loops store objects.
        from stepgraph.interpreter.values.data import mark_repeated

        mark_repeated(objects, since, place, interpreter.budget)


def _results(
    interpreter: Interpreter,
) -> Sequence[list[PathChanges] | list[ReturnedValue] | list[Element] | list[MappingEntry]]:
    """Return the lists to which each pass of a loop may add results in place of earlier results."""
    frame = interpreter.frame
    return [frame.return_states, frame.returns, frame.yields, *interpreter.work.comprehensions]


def join_continues(interpreter: Interpreter, loop: LoopState, place: SourcePlace, since: TaskId) -> None:
    """Join the end of an unrolled pass with the states in which a `continue` ends the pass."""
    if not loop.jump_states:
        return
    ends = [PathChanges(None, changes) for changes in loop.jump_states]
    if interpreter.is_reachable:
        ends.append(PathChanges(None, interpreter.store.changes(loop.checkpoint)))
    interpreter.expose(loop.checkpoint)
    interpreter.store.rollback(loop.checkpoint)
    join_ends(interpreter.store, ends, place, since)
    interpreter.is_reachable = interpreter.is_reachable or loop.continues


def items_to_unroll(
    value: Value, *, constants: bool = False, is_known: bool = False, objects: bool = False
) -> tuple[Element, ...] | None:
    """Return the elements of a collection if a loop over it should be unrolled. Return None for other values.

    Loops over steps and functions are unrolled. With `constants`, loops over constants, and over collections of them,
    are unrolled too. Constants that the graph must not show count only if they are known to be current. With `objects`,
    loops over classes, objects and members of enumerations of the project are unrolled too.
    """
    if not isinstance(value, Collection) or len(value.items) > MAX_UNROLLED_ITEMS:
        return None
    if not value.items or value.is_set or value.state.unordered:
        return None
    if any(item.many or item.may_be_missing for item in value.items):
        return None
    if objects and all(isinstance(item.value, ClassValue | EnumMember | ProjectObject) for item in value.items):
        return value.items
    visits = Visits()
    shows_constants = value.relies_on_constants() if is_known else value.shows_constants
    if constants and shows_constants and all(_is_constant(i.value, visits, is_known=is_known) for i in value.items):
        return value.items
    return value.items if any(has_runnable(item.value, visits) for item in value.items) else None


def may_build_dependencies(interpreter: Interpreter, loop: cst.For | cst.CompFor) -> bool:
    """Return whether each pass of a loop over constants adds a step to the dependencies of another step."""
    if interpreter.mode is not DependencyMode.LEGACY or not interpreter.module.mentions(b"depends"):
        return False
    from stepgraph.interpreter.python.loops.dependency_lists import builds_dependencies

    return builds_dependencies(interpreter, loop)


def can_share_loop(iterable: Union) -> bool:
    """Return whether all cases of an iterable can share a loop: none runs code for its elements or gets unrolled."""
    values = union_values(iterable)
    return not any(
        isinstance(value, GeneratorCall | ProjectObject | GeneratorExpression) or items_to_unroll(value)
        for value in values
    )


def with_one_empty_case(interpreter: Interpreter, iterable: Union) -> Union:
    """Return an iterable without the empty lists of earlier lookups in a `defaultdict`, if it has an empty default.

    A lookup of a key that is not constant stores a list, whose condition is the key itself.
    """
    defaults = [case.value for case in iterable.cases if case.condition is None]
    if iterable.discriminant is None or not defaults or not is_certainly_empty(interpreter, defaults[0]):
        return iterable
    cases = tuple(
        case
        for case in iterable.cases
        if case.condition != iterable.discriminant or not is_certainly_empty(interpreter, case.value)
    )
    return iterable if len(cases) == len(iterable.cases) else replace(iterable, cases=cases)


def with_one_case_of_data(iterable: Union) -> Union:
    """Return a union whose cases without relevant values, such as text, are one default case. They share a loop."""
    cases = [case for case in iterable.cases if case.value.relevant]
    if len(iterable.cases) - len(cases) < _SEVERAL:
        return iterable
    return replace(iterable, cases=(*cases, Case(None, UNKNOWN)))


_SEVERAL: Final = 2


def loop_bounds(value: Value, place: SourcePlace) -> LoopBounds:
    """Return the bounds of a loop over a value at `place`."""
    if isinstance(value, RangeResult):
        # `at_least_once` ignores the count, so a different count does not change the structure of the graph.
        return LoopBounds(passes=IterationCount(value.count, place))
    if not isinstance(value, Collection):
        return LoopBounds()
    has_exact_count = value.has_definite_order and value.shows_constants
    at_least_once = any(not (item.many or item.may_be_missing) for item in value.items)
    return LoopBounds(
        at_least_once=at_least_once, passes=IterationCount(len(value.items), place) if has_exact_count else None
    )


def _is_constant(value: Value, visits: Visits, depth: int = 0, *, is_known: bool = False) -> bool:
    """Return whether a value is a constant or an unchanged collection of constants.

    With `is_known`, the collection may also have other data, such as the positions from `enumerate`.
    """
    if not isinstance(value, Collection | Mapping):
        return isinstance(value, Constant) or (is_known and depth > 0 and not value.relevant)
    shows_constants = value.relies_on_constants() if is_known else value.shows_constants
    if not shows_constants or not visits.enter(value.state, depth):
        return False
    elements = value.state.elements()
    return all(_is_constant(element.value, visits, depth + 1, is_known=is_known) for element in elements)


def has_runnable(value: Value, visits: Visits, depth: int = 0) -> bool:
    """Return whether a value, or an element of a collection at any depth, is a step, a function or a coroutine."""
    if isinstance(value, Collection | Mapping):
        elements = value.state.elements() if visits.enter(value.state, depth) else ()
        return any(has_runnable(element.value, visits, depth + 1) for element in elements)
    if isinstance(value, WaitForCall):
        return has_runnable(value.inner, visits, depth)
    return isinstance(value, StepFunction | FunctionValue | StepCall | FunctionCoroutine | PreparedCall | WaitCall)


def loop_variable_value(interpreter: Interpreter, value: Value, discriminant: str, place: SourcePlace) -> Value:
    """Return the value of the loop variable: any element of `value`, a different one in each pass."""
    if isinstance(value, EventPart) or (isinstance(value, Payload) and value.is_run_event):
        return EventPart()
    if isinstance(value, GeneratorCall):
        since = interpreter.store.serial
        yields = summarize_call(interpreter, value.function, value.arguments).yields
        if id(value) not in interpreter.work.exhausted:  # the time of the call does not matter
            yields = shared_yields(interpreter, value, yields, since)
        return value_in_each_pass(yields, discriminant, place) if yields else UNKNOWN
    if isinstance(value, Union):
        iterated = [case.value for case in value.cases if not _has_no_pass(interpreter, case.value)]
        elements = [loop_variable_value(interpreter, each, discriminant, place) for each in iterated]
        elements = [on_path(element, elements, ExclusiveTasks(value.since)) for element in elements]
        names = [callable_name(element) or discriminant for element in elements]
        return union_of_values(elements, names, discriminant, place, each=True)
    if isinstance(value, Unresolved):
        return value
    if isinstance(value, Nondeterministic):
        # The numbers of a range are the same at replay, although their count is not.
        return UNKNOWN if origin_name(value) == "builtins.range" else value.element()
    if isinstance(value, Mapping):
        keys = tuple(Element(entry.key, entry.key_place, entry.many, entry.may_be_missing) for entry in value.entries)
        return value_in_each_pass(keys, discriminant, place)
    if not isinstance(value, Collection):
        # Imported here because few loops iterate over such values.
        from stepgraph.interpreter.workflow.step_api import report_step_operand

        if not value.relevant:
            return UNKNOWN
        if not report_step_operand(interpreter, value, place, "is iterated over"):
            interpreter.escape_operand(value, place, "is iterated over, which stepgraph does not model")
        return UNKNOWN
    text = _text_of_each(value)
    return _any_of(interpreter, value.items, discriminant, place, MAX_UNPACKED_DEPTH) if text is None else text


def _text_of_each(value: Collection) -> PartlyKnownText | None:
    """Return the text that each element of a collection of names matches, as in `[n for n in names if n.startswith()]`.

    Return None for other collections.
    """
    first = value.items[0].value if value.items else None
    if not isinstance(first, PartlyKnownText) or any(item.value != first for item in value.items):
        return None
    return first if value.relies_on_constants() else None


def _any_of(
    interpreter: Interpreter, items: Sequence[Element], discriminant: str, place: SourcePlace, depth: int
) -> Value:
    """Return any of some elements. For tuples with tasks, the result is a tuple with the parts of any of them."""
    tuple_parts = [_task_tuple_parts(item, depth) for item in items]
    tuples = [parts for parts in tuple_parts if parts is not None]
    if not tuples or len(tuples) < len(tuple_parts) or len({len(parts) for parts in tuples}) > 1:
        return value_in_each_pass(items, discriminant, place)
    columns = [_any_of(interpreter, column, discriminant, place, depth - 1) for column in zip(*tuples, strict=True)]
    return make_collection(interpreter, "tuple", tuple(Element(column, place) for column in columns))


def _has_no_pass(interpreter: Interpreter, value: Value) -> bool:
    """Return whether a loop over a value ends at once, because the value is empty or None."""
    return is_none(value) or is_certainly_empty(interpreter, value)


def _task_tuple_parts(item: Element, depth: int) -> tuple[Element, ...] | None:
    """Return the parts of a tuple with a task, each with the `many` of the tuple. Return None for other elements."""
    value = item.value
    if not isinstance(value, Collection) or not value.has_definite_order:
        return None
    parts = tuple(replace(part, many=item.many) for part in value.items)
    return parts if any(_has_task(part, depth) for part in parts) else None


def _has_task(part: Element, depth: int) -> bool:
    """Return whether a part of a tuple is a task, or a tuple with a task at a limited depth."""
    if isinstance(part.value, Task | Gathering):
        return True
    return depth > 1 and _task_tuple_parts(part, depth - 1) is not None


def value_in_each_pass(items: Sequence[Element], discriminant: str, place: SourcePlace) -> Value:
    """Return the value of a variable that a loop binds to a different element in each pass."""
    values = [with_all_runs(item.value) if item.many else item.value for item in items]
    return union_of_values(values, [item.place.case_text for item in items], discriminant, place, each=True)
