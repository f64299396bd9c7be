"""Loops, those of comprehensions too: bodies that run any number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.frame import LoopState, Outcome
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Collection,
    Constant,
    FunctionCall,
    FunctionValue,
    Gathering,
    GeneratorCall,
    Item,
    Mapping,
    PartOfEvent,
    Payload,
    PreparedCall,
    Ranged,
    StepCall,
    StepFunction,
    Task,
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
from stepgraph.interpreter.store import Changes, any_way, apply, unsettled
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
    """How far a loop goes: one that is `endless` to a break, one that `occurs` has a pass at least."""

    endless: bool = False
    occurs: bool = False
    passes: Passes | None = None


def run_loop(
    machine: Machine,
    body: Callable[[], None],
    otherwise: Callable[[], None] | None,
    place: Place,
    extent: Extent,
) -> None:
    """Read a loop and emit it."""
    block, breaks, declares = _settled(machine, body, place)
    after = EMPTY
    if otherwise is not None and not extent.endless:
        rest = machine.branch(otherwise, "no break" if breaks else None)
        after = rest.block
        left = Outcome(EMPTY, {}, live=breaks)
        machine.rejoin([("no break", rest), (None, left)], None, place)
    else:
        machine.live = breaks or not extent.endless
    if block.operations or after.operations:
        machine.emit(Loop(block, after, place, extent.endless, extent.occurs, declares, extent.passes))


def _settled(
    machine: Machine, body: Callable[[], None], place: Place
) -> tuple[Block, bool, tuple[StepDefinition, ...]]:
    """Read a body until the state it begins with covers the states it ends with, and go on from there.

    Each pass begins anew from the state before the loop and what the pass before it may have changed, so that nothing
    is left of the values of an earlier one.
    """
    outer, live, since = machine.frame.loop, machine.live, machine.work.handles
    drained, machine.frame.drained = machine.frame.drained, None
    machine.loop_depth += 1
    passes = MOST_PASSES[machine.loop_depth - 1] if machine.loop_depth <= len(MOST_PASSES) else 1
    head: Changes = {}
    wide: Changes = {}
    readings = 0
    mark = machine.store.mark()
    first_read, newest = len(machine.replay.state_reads), machine.store.serial
    checkpoint, first, made_before = machine.replay.checkpoint, len(machine.replay.uses), machine.replay.volatiles
    while True:
        apply(machine.store, head)
        state = machine.frame.loop = LoopState(mark)
        machine.live = True
        declared = machine.steps.count
        block = machine.block_of(body)
        ends = [*state.leaves, machine.store.changes(mark)] if machine.live else state.leaves
        machine.store.rewind(mark)
        seen, head = head, any_way(machine.store, ends, place, since) | wide
        changed = unsettled(seen, head, newest)
        readings += 1
        if changed and readings >= PASSES_TO_COMPARE:
            changed = grown(changed, seen, newest, machine.budget)
        if changed and (readings >= passes or machine.passes > MOST_REPEATED):
            wide |= {key: widened(change, place) for key, change in changed.items()}
            head |= wide
        if not changed:
            break
        machine.passes += 1
    apply(machine.store, head)
    if machine.replay.checkpoint > checkpoint and (machine.live or state.continues):
        used_at_each_pass(machine, first, made_before)
    machine.loop_depth -= 1
    if machine.replay.state_changes or not machine.loop_depth:
        read_at_next_pass(machine, first_read, newest)
    machine.frame.loop, machine.live = outer, live
    machine.frame.drained = drained
    return block, state.breaks, machine.declared_since(declared)


def unrolled(value: Value, *, constants: bool = False) -> tuple[Item, ...] | None:
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
    if isinstance(value, Ranged):
        # Whether there are any is not asked: in a graph, a number more or less makes no difference.
        return Extent(passes=Passes(value.count, place))
    if not isinstance(value, Collection):
        return Extent()
    is_whole = value.has_known_order and value.shows_constants
    occurs = any(not (item.many or item.maybe) for item in value.items)
    return Extent(occurs=occurs, passes=Passes(len(value.items), place) if is_whole else None)


def _runs(value: Value, visits: Visits, depth: int = 0) -> bool:
    if isinstance(value, Collection | Mapping):
        elements = value.state.elements() if visits.enter(value.state, depth) else ()
        return any(_runs(element.value, visits, depth + 1) for element in elements)
    if isinstance(value, Wrapped):
        return _runs(value.inner, visits, depth)
    return isinstance(value, StepFunction | FunctionValue | StepCall | FunctionCall | PreparedCall | WaitCall)


def element(machine: Machine, value: Value, discriminant: str, place: Place) -> Value:
    """Return what the variable of a loop over a value is: any one of its elements, and each of them in its turn."""
    if isinstance(value, PartOfEvent) or (isinstance(value, Payload) and value.of_run):
        return PartOfEvent()
    if isinstance(value, GeneratorCall):
        yields = read_function(machine, value.function, value.arguments).yields
        return _each_of(yields, discriminant, place) if yields else UNKNOWN
    if isinstance(value, Alternatives):
        elements = [element(machine, option.value, discriminant, place) for option in value.options]
        return any_of(elements, [discriminant] * len(elements), discriminant, place, each=True)
    if isinstance(value, Unresolved):
        return value
    if isinstance(value, Mapping):
        keys = tuple(Item(entry.key, entry.key_place, entry.many, entry.maybe) for entry in value.entries)
        return _each_of(keys, discriminant, place)
    if not isinstance(value, Collection):
        machine.escape_operand(value, place, "is iterated over in a way that is not followed")
        return UNKNOWN
    rows = [_parts(item) for item in value.items]
    known = [row for row in rows if row is not None]
    if not known or len(known) < len(rows) or len({len(row) for row in known}) > 1:
        return _each_of(value.items, discriminant, place)
    columns = [_each_of(column, discriminant, place) for column in zip(*known, strict=True)]
    return collection(machine, "tuple", tuple(Item(column, place) for column in columns))


def _parts(item: Item) -> tuple[Item, ...] | None:
    """Return the parts of an element that is a tuple with a task in it, as many of each as there are of it."""
    row = item.value
    if not isinstance(row, Collection) or not row.has_known_order:
        return None
    if not any(isinstance(part.value, Task | Gathering) for part in row.items):
        return None
    return tuple(replace(part, many=item.many) for part in row.items)


def _each_of(items: Sequence[Item], discriminant: str, place: Place) -> Value:
    values = [every_run(item.value) if item.many else item.value for item in items]
    return any_of(values, [item.place.text for item in items], discriminant, place, each=True)
