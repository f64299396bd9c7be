"""Loops, those of comprehensions too: bodies that run any number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.frame import LoopState, PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Collection,
    Constant,
    Element,
    EventPart,
    FunctionCall,
    FunctionValue,
    Gathering,
    GeneratorCall,
    Mapping,
    Payload,
    PreparedCall,
    RangeResult,
    StepCall,
    StepFunction,
    Task,
    Union,
    Unresolved,
    Value,
    Visits,
    WaitCall,
    Wrapped,
    every_run,
)
from stepgraph.interpreter.python.arguments import collection
from stepgraph.interpreter.replay.step_state import read_at_next_pass
from stepgraph.interpreter.replay.taint import used_at_each_pass
from stepgraph.interpreter.store import Changes, apply, join_any, unstable
from stepgraph.interpreter.summaries import read_function
from stepgraph.interpreter.widening import grown, widened
from stepgraph.ir.nodes import EMPTY, Block, Loop, Passes, StepDefinition
from stepgraph.syntax.module import Place

# How often a body is read until what it starts from is what it ends with, by the number of loops that it is in: each
# level of nesting multiplies the passes of the loops in it. What still changes then is widened.
MOST_PASSES: Final = (24, 12, 6, 3)
# From this pass on, a value that differs only in being made anew at each pass is not a reason to read the body again.
PASSES_TO_COMPARE: Final = 3
# The number of repeated passes of all loops after which everything that changes is widened at once.
MOST_REPEATED: Final = 500
# A literal collection longer than this is a loop like any other.
LONGEST_UNROLLED: Final = 256


class Extent(Struct, frozen=True):
    """How far a loop goes: one that is `infinite` to a break, one that `at_least_once` has a pass at least."""

    infinite: bool = False
    at_least_once: bool = False
    passes: Passes | None = None


def run_loop(
    interpreter: Interpreter,
    body: Callable[[], None],
    orelse: Callable[[], None] | None,
    place: Place,
    extent: Extent,
) -> None:
    """Read a loop and emit it."""
    block, breaks, declares = _settled(interpreter, body, place)
    after = EMPTY
    if orelse is not None and not extent.infinite:
        rest = interpreter.branch(orelse, "no break" if breaks else None)
        after = rest.block
        left = PathResult(EMPTY, {}, live=breaks)
        interpreter.rejoin([("no break", rest), (None, left)], None, place)
    else:
        interpreter.live = breaks or not extent.infinite
    if block.operations or after.operations:
        interpreter.emit(Loop(block, after, place, extent.infinite, extent.at_least_once, declares, extent.passes))


def _settled(
    interpreter: Interpreter, body: Callable[[], None], place: Place
) -> tuple[Block, bool, tuple[StepDefinition, ...]]:
    """Read a body until the state it begins with covers the states it ends with, and go on from there.

    Each pass begins anew from the state before the loop and what the pass before it may have changed, so that nothing
    is left of the values of an earlier one.
    """
    outer, live, since = interpreter.frame.loop, interpreter.live, interpreter.work.task_ids
    drained, interpreter.frame.drained = interpreter.frame.drained, None
    interpreter.loop_depth += 1
    passes = MOST_PASSES[interpreter.loop_depth - 1] if interpreter.loop_depth <= len(MOST_PASSES) else 1
    head: Changes = {}
    wide: Changes = {}
    readings = 0
    checkpoint = interpreter.store.checkpoint()
    first_read, newest = len(interpreter.replay.state_reads), interpreter.store.serial
    last_step, first, made_before = (
        interpreter.replay.last_step,
        len(interpreter.replay.uses),
        interpreter.replay.nondeterministic_count,
    )
    while True:
        apply(interpreter.store, head)
        state = interpreter.frame.loop = LoopState(checkpoint)
        interpreter.live = True
        declared = interpreter.steps.count
        block = interpreter.block_of(body)
        ends = [*state.leaves, interpreter.store.changes(checkpoint)] if interpreter.live else state.leaves
        interpreter.store.rollback(checkpoint)
        seen, head = head, join_any(interpreter.store, ends, place, since) | wide
        changed = unstable(seen, head, newest)
        readings += 1
        if changed and readings >= PASSES_TO_COMPARE:
            changed = grown(changed, seen, newest, interpreter.budget)
        if changed and (readings >= passes or interpreter.passes > MOST_REPEATED):
            wide |= {key: widened(change, place) for key, change in changed.items()}
            head |= wide
        if not changed:
            break
        interpreter.passes += 1
    apply(interpreter.store, head)
    if interpreter.replay.last_step > last_step and (interpreter.live or state.continues):
        used_at_each_pass(interpreter, first, made_before)
    interpreter.loop_depth -= 1
    if interpreter.replay.state_changes or not interpreter.loop_depth:
        read_at_next_pass(interpreter, first_read, newest)
    interpreter.frame.loop, interpreter.live = outer, live
    interpreter.frame.drained = drained
    return block, state.breaks, interpreter.declared_since(declared)


def unrolled(value: Value, *, constants: bool = False) -> tuple[Element, ...] | None:
    """Return the elements of a collection of steps or functions that a loop runs one after another, if it is one.

    With `constants`, also those of a collection of constants.
    """
    if not isinstance(value, Collection) or len(value.items) > LONGEST_UNROLLED:
        return None
    if not value.items or value.is_set or value.state.unordered:
        return None
    if any(item.many or item.maybe for item in value.items):
        return None
    if constants and value.shows_constants and all(isinstance(item.value, Constant) for item in value.items):
        return value.items
    visits = Visits()
    return value.items if any(_runs(item.value, visits) for item in value.items) else None


def extent_over(value: Value, place: Place) -> Extent:
    """Return how far a loop over a value goes; the place is the value's."""
    if isinstance(value, RangeResult):
        # Whether there are any is not asked: in a graph, a number more or less makes no difference.
        return Extent(passes=Passes(value.count, place))
    if not isinstance(value, Collection):
        return Extent()
    is_whole = value.has_known_order and value.shows_constants
    at_least_once = any(not (item.many or item.maybe) for item in value.items)
    return Extent(at_least_once=at_least_once, passes=Passes(len(value.items), place) if is_whole else None)


def _runs(value: Value, visits: Visits, depth: int = 0) -> bool:
    if isinstance(value, Collection | Mapping):
        elements = value.state.elements() if visits.enter(value.state, depth) else ()
        return any(_runs(element.value, visits, depth + 1) for element in elements)
    if isinstance(value, Wrapped):
        return _runs(value.inner, visits, depth)
    return isinstance(value, StepFunction | FunctionValue | StepCall | FunctionCall | PreparedCall | WaitCall)


def element(interpreter: Interpreter, value: Value, discriminant: str, place: Place) -> Value:
    """Return what the variable of a loop over a value is: any one of its elements, and each of them in its turn."""
    if isinstance(value, EventPart) or (isinstance(value, Payload) and value.of_run):
        return EventPart()
    if isinstance(value, GeneratorCall):
        yields = read_function(interpreter, value.function, value.arguments).yields
        return _each_of(yields, discriminant, place) if yields else UNKNOWN
    if isinstance(value, Union):
        elements = [element(interpreter, case.value, discriminant, place) for case in value.cases]
        return any_of(elements, [discriminant] * len(elements), discriminant, place, each=True)
    if isinstance(value, Unresolved):
        return value
    if isinstance(value, Mapping):
        keys = tuple(Element(entry.key, entry.key_place, entry.many, entry.maybe) for entry in value.entries)
        return _each_of(keys, discriminant, place)
    if not isinstance(value, Collection):
        interpreter.escape_operand(value, place, "is iterated over in a way that is not followed")
        return UNKNOWN
    rows = [_parts(item) for item in value.items]
    known = [row for row in rows if row is not None]
    if not known or len(known) < len(rows) or len({len(row) for row in known}) > 1:
        return _each_of(value.items, discriminant, place)
    columns = [_each_of(column, discriminant, place) for column in zip(*known, strict=True)]
    return collection(interpreter, "tuple", tuple(Element(column, place) for column in columns))


def _parts(item: Element) -> tuple[Element, ...] | None:
    """Return the parts of an element that is a tuple with a task in it, as many of each as there are of it."""
    row = item.value
    if not isinstance(row, Collection) or not row.has_known_order:
        return None
    if not any(isinstance(part.value, Task | Gathering) for part in row.items):
        return None
    return tuple(replace(part, many=item.many) for part in row.items)


def _each_of(items: Sequence[Element], discriminant: str, place: Place) -> Value:
    values = [every_run(item.value) if item.many else item.value for item in items]
    return any_of(values, [item.place.text for item in items], discriminant, place, each=True)
