"""Functions of the project: reading their bodies, and remembering what was learned."""

from __future__ import annotations

from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.frame import Frame, FunctionSummary
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_values, without_partial_taint
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    UNKNOWN,
    Arguments,
    Case,
    Collection,
    Constant,
    Element,
    FunctionValue,
    GeneratorCall,
    Instance,
    LexicalScope,
    Mapping,
    Nondeterministic,
    Payload,
    Resource,
    StepCall,
    StepFunction,
    StepObject,
    Union,
    Value,
    parts_of,
    without_constants,
)
from stepgraph.interpreter.python.arguments import bound_arguments, given
from stepgraph.interpreter.replay.replay_state import NondeterministicUse
from stepgraph.interpreter.replay.taint import nondeterministic_parts, used_again
from stepgraph.ir.nodes import Block, Function, works
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import Place

Key: TypeAlias = tuple[object, ...]

STATIC_UNKNOWN: Final = Arguments()

# How many bodies are read in all before what was learned last of a function must do.
MOST_READINGS: Final = 20_000
# How many values in the arguments of a call are compared with those of others.
MOST_PARTS: Final = 2_000
# How many calls of one function may be open at once with different arguments: a recursion that changes them.
MOST_OPEN: Final = 8


def read_function(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments) -> FunctionSummary:
    """Return what a call of a function does and gives; its body is read unless that is known already.

    Raises TypeError for a lambda, which has no body of its own.
    """
    summary = _summary(interpreter, callee, arguments)
    for caveat in callee.caveats:
        if summary.function.works or (caveat.may_be_another and _hands_steps(arguments)):
            interpreter.report_caveat(caveat)
    return replace(summary, result=_with_caveats(summary.result)) if callee.caveats else summary


def _with_caveats(result: Value) -> Value:
    """Return what is left of a result that something unknown may have changed: what can lead to steps."""
    match result:
        case Instance():
            return replace(result, may_be_replaced=True)
        case Union(cases=cases):
            return replace(result, cases=tuple(replace(o, value=_with_caveats(o.value)) for o in cases))
        case Collection(items=items):
            return result if any(item.value.relevant for item in items) else UNKNOWN
        case Mapping(entries=entries):
            return result if any(entry.value.relevant for entry in entries) else UNKNOWN
        case _:
            return result if result.relevant or result.tainted else UNKNOWN


def _hands_steps(arguments: Arguments) -> bool:
    return any(isinstance(argument.value, StepObject | StepFunction | StepCall) for argument in arguments.items)


def _summary(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments) -> FunctionSummary:
    node = callee.node
    if isinstance(node, cst.Lambda):
        raise TypeError("a lambda is read where it is called")
    scope = function_scope(interpreter, callee, arguments)
    signature = _Signature()
    key = (callee.node, callee.scope, interpreter.in_step, *(signature.of(value, 0) for value in scope.names.values()))
    interpreter.budget.spend(Limit.ELEMENTS, signature.parts)
    known = interpreter.summaries.get((interpreter.replays, *key))
    if known is not None and known.reusable and known.epoch == interpreter.store.epoch:
        interpreter.frame.called |= known.called
        interpreter.declare_again(known.declared)
        interpreter.store.reads |= known.reads
        used_again(interpreter, _uses_of(known, scope))
        return known
    unfinished = _unfinished(interpreter, callee, key)
    if unfinished is not None:
        return _of_unfinished(unfinished)
    latest = interpreter.latest.get(node)
    if latest is not None and interpreter.readings >= MOST_READINGS:
        _report_variants(interpreter, callee)
        return latest
    return _read(interpreter, callee, node, scope, key)


def _uses_of(known: FunctionSummary, scope: LexicalScope) -> list[NondeterministicUse]:
    """Return the uses, in what a function does, of values that it is given."""
    if not known.uses:
        return []
    given = {nondeterministic for value in scope.names.values() for nondeterministic in nondeterministic_parts(value)}
    return [use for use in known.uses if use.nondeterministic in given]


def function_scope(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments) -> LexicalScope:
    """Return the scope in which a body is read, its parameters bound to the arguments."""
    values = bound_arguments(interpreter, callee, arguments)
    names = interpreter.store.new(values)
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


def may_run_steps(interpreter: Interpreter, function: FunctionValue, arguments: Arguments = STATIC_UNKNOWN) -> bool:
    """Whether a call of a function may run steps; arguments left out are not known. Nothing is emitted."""
    found: list[bool] = []
    replays, interpreter.replays = interpreter.replays, False
    interpreter.branch(lambda: found.append(read_function(interpreter, function, arguments).function.works))
    interpreter.replays = replays
    return any(found)


def yields_of(interpreter: Interpreter, generator: GeneratorCall) -> tuple[Element, ...]:
    """Return what a generator yields that can lead to steps, without emitting what it runs."""
    found: list[tuple[Element, ...]] = []
    interpreter.branch(lambda: found.append(read_function(interpreter, generator.function, generator.arguments).yields))
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
                return value if value.relevant or value.tainted else None


def _key(key: Value) -> object:
    return key if isinstance(key, Constant) else None


def _without_payloads(key: object) -> object:
    """The same, but for which part of a payload it is: a function that walks down a payload calls itself."""
    if isinstance(key, tuple):
        return tuple(_without_payloads(part) for part in key)
    return None if isinstance(key, Payload | Nondeterministic | Resource) else key


def _unfinished(interpreter: Interpreter, callee: FunctionValue, key: Key) -> Function | None:
    """Return the function of a call that is being read already: a recursion."""
    active = interpreter.active.get(callee.node)
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
    _report_variants(interpreter, callee)
    return next(reversed(active.values()))


def _read(
    interpreter: Interpreter, callee: FunctionValue, node: cst.FunctionDef, scope: LexicalScope, key: Key
) -> FunctionSummary:
    interpreter.readings += 1
    interpreter.budget.spend(Limit.SUMMARIES)
    function = Function(callee.names, Place(callee.scope.module, node))
    frame = Frame(scope, function=node, is_async=node.asynchronous is not None)
    checkpoint, nondeterministic_count, uses = (
        interpreter.store.checkpoint(),
        interpreter.replay.nondeterministic_count,
        len(interpreter.replay.uses),
    )
    interpreter.active.setdefault(node, {})[key] = function
    outer, interpreter.store.reads = interpreter.store.reads, set()
    function.body = _read_body(interpreter, frame, node.body)
    reads = frozenset(slot for slot in interpreter.store.reads if slot[0] < scope.names.serial)
    interpreter.store.reads = outer | reads
    function.works = works(function.body)
    del interpreter.active[node][key]
    function.given = tuple(
        interpreter.lambda_names.get(g.identity, g.name) if isinstance(g.identity, cst.Lambda) else g.name
        for g in scope.given
        if frame.called & interpreter.work.bit_of(g.identity)
    )
    function.names = _labelled(callee.names, function.given)
    interpreter.frame.called |= frame.called
    result = _returned(frame, function.place)
    interpreter.declare_again(frame.declared)
    function.declares = tuple(step.definition for step in frame.declared)
    anew = bool(frame.declared) or interpreter.replay.nondeterministic_count > nondeterministic_count
    fresh = anew and (result.relevant or result.tainted or bool(frame.yields))
    summary = FunctionSummary(
        function,
        result,
        frame.called,
        tuple(frame.declared),
        awaits_result=frame.awaits_result,
        starts_work=frame.starts_work,
        epoch=interpreter.store.epoch,
        reusable=not fresh and not interpreter.store.wrote_outside(checkpoint, scope.names.serial),
        uses=tuple(interpreter.replay.uses[uses:]),
        yields=tuple(frame.yields),
        returns_true=frame.returns_true,
        reads=reads,
    )
    interpreter.summaries[interpreter.replays, *key] = interpreter.latest[node] = summary
    return summary


def _read_body(interpreter: Interpreter, frame: Frame, body: cst.BaseSuite) -> Block:
    live = interpreter.live
    interpreter.live = True
    with interpreter.in_frame(frame):
        block = interpreter.block_of(lambda: interpreter.execute(body))
    if interpreter.live:
        frame.returns.append(Case(None, Constant(None)))
    interpreter.live = live
    return block


def _returned(frame: Frame, place: Place) -> Value:
    """What a call gives: never a constant, since a call is never folded."""
    if not frame.returns:
        return UNKNOWN
    value = join_values(without_partial_taint([(case.condition, case.value) for case in frame.returns]), None, place)
    return without_constants(value)


def _labelled(names: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a function with the callables that its steps depend on."""
    return tuple(f"{name}({', '.join(given)})" for name in names) if given else names


def _of_unfinished(function: Function) -> FunctionSummary:
    """What is known of a function while it is being read: its result is not."""
    return FunctionSummary(function, UNKNOWN, 0, (), awaits_result=False, starts_work=False, epoch=0, reusable=False)


def _report_variants(interpreter: Interpreter, callee: FunctionValue) -> None:
    interpreter.note(
        "too-many-variants",
        Place(callee.scope.module, callee.node),
        f"`{callee.name}` is called in more ways than stepgraph tells apart.",
        "Its body is shown as it was for one of them.",
    )
