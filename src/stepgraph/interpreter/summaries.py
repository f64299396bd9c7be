"""Functions of the project: reading their bodies, and remembering what was learned."""

from __future__ import annotations

from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.frame import Frame, Summary
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    UNKNOWN,
    Alternatives,
    Arguments,
    Collection,
    Constant,
    FunctionValue,
    GeneratorCall,
    Instance,
    Item,
    LexicalScope,
    Mapping,
    Option,
    Payload,
    Resource,
    StepCall,
    StepFunction,
    StepObject,
    Value,
    Volatile,
    faded,
    parts_of,
)
from stepgraph.interpreter.python.arguments import bound_arguments, given
from stepgraph.interpreter.replay.replay_state import VolatileUse
from stepgraph.interpreter.replay.taint import used_again, volatile_parts
from stepgraph.interpreter.store import certain, merged
from stepgraph.ir.nodes import Block, Function, works
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import Place

Key: TypeAlias = tuple[object, ...]

NOT_KNOWN: Final = Arguments()

# How many bodies are read in all before what was learned last of a function must do.
MOST_READINGS: Final = 20_000
# How many values in the arguments of a call are compared with those of others.
MOST_PARTS: Final = 2_000
# How many calls of one function may be open at once with different arguments: a recursion that changes them.
MOST_OPEN: Final = 8


def read_function(machine: Machine, callee: FunctionValue, arguments: Arguments) -> Summary:
    """Return what a call of a function does and gives; its body is read unless that is known already.

    Raises TypeError for a lambda, which has no body of its own.
    """
    summary = _summary(machine, callee, arguments)
    for doubt in callee.doubts:
        if summary.function.works or (doubt.may_be_another and _hands_steps(arguments)):
            machine.doubt(doubt)
    return replace(summary, result=_doubted(summary.result)) if callee.doubts else summary


def _doubted(result: Value) -> Value:
    """Return what is left of a result that something unknown may have changed: what can lead to steps."""
    match result:
        case Instance():
            return replace(result, doubtful=True)
        case Alternatives(options=options):
            return replace(result, options=tuple(replace(o, value=_doubted(o.value)) for o in options))
        case Collection(items=items):
            return result if any(item.value.relevant for item in items) else UNKNOWN
        case Mapping(entries=entries):
            return result if any(entry.value.relevant for entry in entries) else UNKNOWN
        case _:
            return result if result.relevant or result.traced else UNKNOWN


def _hands_steps(arguments: Arguments) -> bool:
    return any(isinstance(argument.value, StepObject | StepFunction | StepCall) for argument in arguments.items)


def _summary(machine: Machine, callee: FunctionValue, arguments: Arguments) -> Summary:
    node = callee.node
    if isinstance(node, cst.Lambda):
        raise TypeError("a lambda is read where it is called")
    scope = function_scope(machine, callee, arguments)
    signature = _Signature()
    key = (callee.node, callee.scope, machine.in_step, *(signature.of(value, 0) for value in scope.names.values()))
    machine.budget.spend(Limit.ELEMENTS, signature.parts)
    known = machine.summaries.get((machine.replays, *key))
    if known is not None and known.reusable and known.epoch == machine.store.epoch:
        machine.frame.called |= known.called
        machine.declare_again(known.declared)
        machine.store.reads |= known.reads
        used_again(machine, _uses_of(known, scope))
        return known
    unfinished = _unfinished(machine, callee, key)
    if unfinished is not None:
        return _of_unfinished(unfinished)
    latest = machine.latest.get(node)
    if latest is not None and machine.readings >= MOST_READINGS:
        _report_variants(machine, callee)
        return latest
    return _read(machine, callee, node, scope, key)


def _uses_of(known: Summary, scope: LexicalScope) -> list[VolatileUse]:
    """Return the uses, in what a function does, of values that it is given."""
    if not known.uses:
        return []
    given = {volatile for value in scope.names.values() for volatile in volatile_parts(value)}
    return [use for use in known.uses if use.volatile in given]


def function_scope(machine: Machine, callee: FunctionValue, arguments: Arguments) -> LexicalScope:
    """Return the scope in which a body is read, its parameters bound to the arguments."""
    values = bound_arguments(machine, callee, arguments)
    names = machine.store.new(values)
    is_lambda = isinstance(callee.node, cst.Lambda)
    return LexicalScope(
        bindings_of(callee.node, callee.scope.module),
        names,
        callee.scope,
        callee.scope.module,
        path=callee.scope.path if is_lambda else (*callee.scope.path, callee.name),
        kind="expression" if is_lambda else "function",
        given=(*callee.scope.given, *given(values.values())),
    )


def may_run_steps(machine: Machine, function: FunctionValue, arguments: Arguments = NOT_KNOWN) -> bool:
    """Whether a call of a function may run steps; arguments left out are not known. Nothing is emitted."""
    found: list[bool] = []
    replays, machine.replays = machine.replays, False
    machine.branch(lambda: found.append(read_function(machine, function, arguments).function.works))
    machine.replays = replays
    return any(found)


def yields_of(machine: Machine, generator: GeneratorCall) -> tuple[Item, ...]:
    """Return what a generator yields that can lead to steps, without emitting what it runs."""
    found: list[tuple[Item, ...]] = []
    machine.branch(lambda: found.append(read_function(machine, generator.function, generator.arguments).yields))
    return found[0]


class _Signature(Struct):
    """Tells what two calls must have in common for their bodies to be the same: whatever in it can lead to a step.

    It is compared as a tree, so collections beyond the first `MOST_PARTS` parts are the same only if they are one.
    """

    parts: int = 0

    def of(self, value: Value, depth: int) -> object:
        """Return what matters of a value that is so deep in others."""
        if depth > DEEPEST or self.parts > MOST_PARTS:
            return value
        match value:
            case Collection():
                items = value.items
                self.parts += len(items)
                parts = tuple(self.of(item.value, depth + 1) for item in items)
                if all(part is None for part in parts):
                    return None
                return (value.has_known_order, tuple((item.many, item.maybe) for item in items), parts)
            case Mapping():
                mapped = value.entries
                self.parts += len(mapped)
                entries = tuple((_key(e.key), e.many, e.maybe, self.of(e.value, depth + 1)) for e in mapped)
                return (value.partial, entries) if any(entry[-1] is not None for entry in entries) else None
            case _:
                self.parts += parts_of(value)
                return value if value.relevant or value.traced else None


def _key(key: Value) -> object:
    return key if isinstance(key, Constant) else None


def _without_payloads(key: object) -> object:
    """The same, but for which part of a payload it is: a function that walks down a payload calls itself."""
    if isinstance(key, tuple):
        return tuple(_without_payloads(part) for part in key)
    return None if isinstance(key, Payload | Volatile | Resource) else key


def _unfinished(machine: Machine, callee: FunctionValue, key: Key) -> Function | None:
    """Return the function of a call that is being read already: a recursion."""
    active = machine.active.get(callee.node)
    if not active:
        return None
    if key in active:
        return active[key]
    without = _without_payloads(key)
    alike = [function for other, function in active.items() if _without_payloads(other) == without]
    if alike:
        return alike[-1]
    if len(active) < MOST_OPEN:
        return None
    _report_variants(machine, callee)
    return next(reversed(active.values()))


def _read(machine: Machine, callee: FunctionValue, node: cst.FunctionDef, scope: LexicalScope, key: Key) -> Summary:
    machine.readings += 1
    machine.budget.spend(Limit.SUMMARIES)
    function = Function(callee.names, Place(callee.scope.module, node))
    frame = Frame(scope, function=node, is_async=node.asynchronous is not None)
    mark, volatiles, uses = machine.store.mark(), machine.replay.volatiles, len(machine.replay.uses)
    machine.active.setdefault(node, {})[key] = function
    outer, machine.store.reads = machine.store.reads, set()
    function.body = _read_body(machine, frame, node.body)
    reads = frozenset(slot for slot in machine.store.reads if slot[0] < scope.names.serial)
    machine.store.reads = outer | reads
    function.works = works(function.body)
    del machine.active[node][key]
    function.given = tuple(
        machine.lambda_names.get(g.identity, g.name) if isinstance(g.identity, cst.Lambda) else g.name
        for g in scope.given
        if frame.called & machine.work.bit_of(g.identity)
    )
    function.names = _labelled(callee.names, function.given)
    machine.frame.called |= frame.called
    result = _returned(frame, function.place)
    machine.declare_again(frame.declared)
    function.declares = tuple(step.definition for step in frame.declared)
    anew = bool(frame.declared) or machine.replay.volatiles > volatiles
    fresh = anew and (result.relevant or result.traced or bool(frame.yields))
    summary = Summary(
        function,
        result,
        frame.called,
        tuple(frame.declared),
        awaits_result=frame.awaits_result,
        starts_work=frame.starts_work,
        epoch=machine.store.epoch,
        reusable=not fresh and not machine.store.wrote_outside(mark, scope.names.serial),
        uses=tuple(machine.replay.uses[uses:]),
        yields=tuple(frame.yields),
        returns_true=frame.returns_true,
        reads=reads,
    )
    machine.summaries[machine.replays, *key] = machine.latest[node] = summary
    return summary


def _read_body(machine: Machine, frame: Frame, body: cst.BaseSuite) -> Block:
    live = machine.live
    machine.live = True
    with machine.in_frame(frame):
        block = machine.block_of(lambda: machine.execute(body))
    if machine.live:
        frame.returns.append(Option(None, Constant(None)))
    machine.live = live
    return block


def _returned(frame: Frame, place: Place) -> Value:
    """What a call gives: never a constant, since a call is never folded."""
    if not frame.returns:
        return UNKNOWN
    value = merged(certain([(option.condition, option.value) for option in frame.returns]), None, place)
    return faded(value)


def _labelled(names: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a function with the callables that its steps depend on."""
    return tuple(f"{name}({', '.join(given)})" for name in names) if given else names


def _of_unfinished(function: Function) -> Summary:
    """What is known of a function while it is being read: its result is not."""
    return Summary(function, UNKNOWN, 0, (), awaits_result=False, starts_work=False, epoch=0, reusable=False)


def _report_variants(machine: Machine, callee: FunctionValue) -> None:
    machine.note(
        "too-many-variants",
        Place(callee.scope.module, callee.node),
        f"`{callee.name}` is called in more ways than stepgraph tells apart.",
        "Its body is shown as it was for one of them.",
    )
