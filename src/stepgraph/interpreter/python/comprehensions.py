"""Comprehensions and generator expressions."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.special_methods import advance, iterated
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Collection,
    Element,
    GeneratorCall,
    GeneratorExpression,
    LexicalScope,
    MappingEntry,
    Union,
    Value,
    on_some_paths,
)
from stepgraph.interpreter.python.arguments import collection, mapping
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.generators import inlined
from stepgraph.interpreter.python.loops import element, extent_over, run_loop, unrolled
from stepgraph.interpreter.replay.taint import record_test
from stepgraph.ir.nodes import Passes
from stepgraph.ir.static_values import CollectionKind
from stepgraph.syntax.bindings import Bindings, target_names


def evaluate_collection(interpreter: Interpreter, node: cst.ListComp | cst.SetComp) -> Value:
    """A list or set comprehension: its loop is emitted, its elements are kept."""
    return consumed(interpreter, node, interpreter.frame.scope, "list" if isinstance(node, cst.ListComp) else "set")


def evaluate_mapping(interpreter: Interpreter, node: cst.DictComp) -> Value:
    """A dictionary comprehension."""
    entries: list[MappingEntry] = []

    def add(*, many: bool) -> None:
        key = interpreter.evaluate(node.key)
        value = interpreter.evaluate(node.value)
        entries.append(MappingEntry(key, value, interpreter.place(node.key), interpreter.place(node.value), many))

    _run(interpreter, node.for_in, interpreter.frame.scope, add)
    return mapping(interpreter, tuple(entries))


def evaluate_generator(interpreter: Interpreter, node: cst.GeneratorExp) -> Value:
    """A generator expression runs where it is consumed."""
    return GeneratorExpression(node, interpreter.frame.scope)


def consumed(
    interpreter: Interpreter,
    node: cst.ListComp | cst.SetComp | cst.GeneratorExp,
    scope: LexicalScope,
    kind: CollectionKind,
) -> Collection:
    """Return the elements that a comprehension makes, having emitted its loop."""
    items: list[Element] = []
    depth = interpreter.branches
    filtered = _is_filtered(node.for_in)

    def add(*, many: bool) -> None:
        maybe = not many and interpreter.branches > depth
        item = Element(interpreter.evaluate(node.elt), interpreter.place(node.elt), many, maybe)
        items.append(replace(item, value=on_some_paths(item.value)) if filtered else item)

    passes = _run(interpreter, node.for_in, scope, add)
    return collection(interpreter, kind, tuple(replace(item, passes=passes if item.many else None) for item in items))


def _is_filtered(clause: cst.CompFor | None) -> bool:
    """Whether a comprehension may leave out elements of what it goes over: those that are tasks are not all in it."""
    return clause is not None and (bool(clause.ifs) or _is_filtered(clause.inner_for_in))


def each_of(interpreter: Interpreter, lazy: GeneratorExpression, take: Callable[[Value], None]) -> None:
    """Do something with each element that a generator expression makes, where this is called: they take turns."""
    outer = interpreter.frame.scope

    def add(*, many: bool) -> None:
        del many
        value = interpreter.evaluate(lazy.node.elt)
        with interpreter.in_scope(outer):
            take(value)

    _run(interpreter, lazy.node.for_in, lazy.scope, add)


def _run(interpreter: Interpreter, clause: cst.CompFor, scope: LexicalScope, add: Callable[..., None]) -> Passes | None:
    """Run a comprehension, and return how many elements it makes where that is known."""
    with interpreter.in_scope(_inner_scope(interpreter, clause, scope)):
        passes = _run_clause(interpreter, clause, add, many=False)
    return None if clause.ifs or clause.inner_for_in is not None else passes


def _inner_scope(interpreter: Interpreter, clause: cst.CompFor, scope: LexicalScope) -> LexicalScope:
    bindings = Bindings()
    inner: cst.CompFor | None = clause
    while inner is not None:
        for name in target_names(inner.target):
            bindings.add(name, inner)
        inner = inner.inner_for_in
    return LexicalScope(
        bindings,
        interpreter.store.new(),
        scope,
        scope.module,
        path=scope.path,
        kind="expression",
        given=scope.given,
    )


def _run_clause(
    interpreter: Interpreter, clause: cst.CompFor, add: Callable[..., None], *, many: bool
) -> Passes | None:
    iterable = interpreter.evaluate(clause.iter)
    record_test(interpreter, iterable, interpreter.place(clause.iter), interpreter.place(clause))
    iterable = iterated(interpreter, iterable, interpreter.place(clause.iter))
    if isinstance(iterable, GeneratorExpression):
        each_of(interpreter, iterable, lambda value: _pass(interpreter, clause, value, add))
        return None
    if isinstance(iterable, Union) and any(isinstance(o.value, Collection) for o in iterable.cases):

        def over(chosen: Value) -> Value:
            _over(interpreter, clause, chosen, add, many=many)
            return UNKNOWN

        interpreter.choose(iterable, over)
        return None
    return _over(interpreter, clause, iterable, add, many=many)


def _over(
    interpreter: Interpreter, clause: cst.CompFor, iterable: Value, add: Callable[..., None], *, many: bool
) -> Passes | None:
    if isinstance(iterable, GeneratorCall) and inlined(
        interpreter,
        iterable,
        lambda value: _pass(interpreter, clause, value, add),
        interpreter.place(clause),
        broken=False,
    ):
        return None
    items = unrolled(iterable)
    if items is not None and not clause.ifs:
        for item in items:
            assign(interpreter, clause.target, item.value)
            _inside(interpreter, clause, add, many=many)
        return None
    place = interpreter.place(clause)

    def body() -> None:
        found = advance(interpreter, iterable, place)
        value = element(interpreter, iterable, interpreter.text(clause.target), place) if found is None else found
        _pass(interpreter, clause, on_some_paths(value) if clause.ifs else value, add)

    extent = extent_over(iterable, interpreter.place(clause.iter))
    run_loop(interpreter, body, None, place, extent)
    return extent.passes


def _pass(interpreter: Interpreter, clause: cst.CompFor, value: Value, add: Callable[..., None]) -> None:
    assign(interpreter, clause.target, value)
    _filtered(interpreter, clause, list(clause.ifs), add)


def _inside(interpreter: Interpreter, clause: cst.CompFor, add: Callable[..., None], *, many: bool) -> None:
    if clause.inner_for_in is not None:
        _run_clause(interpreter, clause.inner_for_in, add, many=many)
    else:
        add(many=many)


def _filtered(
    interpreter: Interpreter, clause: cst.CompFor, filters: list[cst.CompIf], add: Callable[..., None]
) -> None:
    """A filter is a choice only if anything in it has steps: without, a loop that may run no time says the same."""
    if not filters:
        _inside(interpreter, clause, add, many=True)
        return
    test, *rest = filters
    place = interpreter.place(test.test)
    tested = interpreter.block_of(
        lambda: record_test(interpreter, interpreter.evaluate(test.test), place, interpreter.place(clause))
    )
    kept = interpreter.block_of(lambda: _filtered(interpreter, clause, rest, add))
    for operation in tested.operations:
        interpreter.emit(operation)
    if tested.operations:
        interpreter.emit_choice([(interpreter.text(test.test), kept)], None, interpreter.place(test))
    else:
        interpreter.operations.extend(kept.operations)
