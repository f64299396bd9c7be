"""Comprehensions and generator expressions."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.special_methods import advance, iterated
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Collection,
    Entry,
    GeneratorCall,
    Item,
    LazyItems,
    LexicalScope,
    Value,
    unsure,
)
from stepgraph.interpreter.python.arguments import collection, mapping
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.generators import inlined
from stepgraph.interpreter.python.loops import element, extent_over, run_loop, unrolled
from stepgraph.interpreter.replay.taint import steer
from stepgraph.ir.nodes import Passes
from stepgraph.ir.static_values import CollectionKind
from stepgraph.syntax.bindings import Bindings, target_names


def evaluate_collection(machine: Machine, node: cst.ListComp | cst.SetComp) -> Value:
    """A list or set comprehension: its loop is emitted, its elements are kept."""
    return consumed(machine, node, machine.frame.scope, "list" if isinstance(node, cst.ListComp) else "set")


def evaluate_mapping(machine: Machine, node: cst.DictComp) -> Value:
    """A dictionary comprehension."""
    entries: list[Entry] = []

    def add(*, many: bool) -> None:
        key = machine.evaluate(node.key)
        value = machine.evaluate(node.value)
        entries.append(Entry(key, value, machine.place(node.key), machine.place(node.value), many))

    _run(machine, node.for_in, machine.frame.scope, add)
    return mapping(machine, tuple(entries))


def evaluate_generator(machine: Machine, node: cst.GeneratorExp) -> Value:
    """A generator expression runs where it is consumed."""
    return LazyItems(node, machine.frame.scope)


def consumed(
    machine: Machine, node: cst.ListComp | cst.SetComp | cst.GeneratorExp, scope: LexicalScope, kind: CollectionKind
) -> Collection:
    """Return the elements that a comprehension makes, having emitted its loop."""
    items: list[Item] = []
    depth = machine.branches
    filtered = _is_filtered(node.for_in)

    def add(*, many: bool) -> None:
        maybe = not many and machine.branches > depth
        item = Item(machine.evaluate(node.elt), machine.place(node.elt), many, maybe)
        items.append(replace(item, value=unsure(item.value)) if filtered else item)

    passes = _run(machine, node.for_in, scope, add)
    return collection(machine, kind, tuple(replace(item, passes=passes if item.many else None) for item in items))


def _is_filtered(clause: cst.CompFor | None) -> bool:
    """Whether a comprehension may leave out elements of what it goes over: those that are tasks are not all in it."""
    return clause is not None and (bool(clause.ifs) or _is_filtered(clause.inner_for_in))


def each_of(machine: Machine, lazy: LazyItems, take: Callable[[Value], None]) -> None:
    """Do something with each element that a generator expression makes, where this is called: they take turns."""
    outer = machine.frame.scope

    def add(*, many: bool) -> None:
        del many
        value = machine.evaluate(lazy.node.elt)
        with machine.in_scope(outer):
            take(value)

    _run(machine, lazy.node.for_in, lazy.scope, add)


def _run(machine: Machine, clause: cst.CompFor, scope: LexicalScope, add: Callable[..., None]) -> Passes | None:
    """Run a comprehension, and return how many elements it makes where that is known."""
    with machine.in_scope(_inner_scope(machine, clause, scope)):
        passes = _run_clause(machine, clause, add, many=False)
    return None if clause.ifs or clause.inner_for_in is not None else passes


def _inner_scope(machine: Machine, clause: cst.CompFor, scope: LexicalScope) -> LexicalScope:
    bindings = Bindings()
    inner: cst.CompFor | None = clause
    while inner is not None:
        for name in target_names(inner.target):
            bindings.add(name, inner)
        inner = inner.inner_for_in
    return LexicalScope(
        bindings,
        machine.store.new(),
        scope,
        scope.module,
        path=scope.path,
        kind="expression",
        given=scope.given,
    )


def _run_clause(machine: Machine, clause: cst.CompFor, add: Callable[..., None], *, many: bool) -> Passes | None:
    iterable = machine.evaluate(clause.iter)
    steer(machine, iterable, machine.place(clause.iter), machine.place(clause))
    iterable = iterated(machine, iterable, machine.place(clause.iter))
    if isinstance(iterable, LazyItems):
        each_of(machine, iterable, lambda value: _pass(machine, clause, value, add))
        return None
    if isinstance(iterable, Alternatives) and any(isinstance(o.value, Collection) for o in iterable.options):

        def over(chosen: Value) -> Value:
            _over(machine, clause, chosen, add, many=many)
            return UNKNOWN

        machine.choose(iterable, over)
        return None
    return _over(machine, clause, iterable, add, many=many)


def _over(
    machine: Machine, clause: cst.CompFor, iterable: Value, add: Callable[..., None], *, many: bool
) -> Passes | None:
    if isinstance(iterable, GeneratorCall) and inlined(
        machine, iterable, lambda value: _pass(machine, clause, value, add), machine.place(clause), broken=False
    ):
        return None
    items = unrolled(iterable)
    if items is not None and not clause.ifs:
        for item in items:
            assign(machine, clause.target, item.value)
            _inside(machine, clause, add, many=many)
        return None
    place = machine.place(clause)

    def body() -> None:
        found = advance(machine, iterable, place)
        value = element(machine, iterable, machine.text(clause.target), place) if found is None else found
        _pass(machine, clause, unsure(value) if clause.ifs else value, add)

    extent = extent_over(iterable, machine.place(clause.iter))
    run_loop(machine, body, None, place, extent)
    return extent.passes


def _pass(machine: Machine, clause: cst.CompFor, value: Value, add: Callable[..., None]) -> None:
    assign(machine, clause.target, value)
    _filtered(machine, clause, list(clause.ifs), add)


def _inside(machine: Machine, clause: cst.CompFor, add: Callable[..., None], *, many: bool) -> None:
    if clause.inner_for_in is not None:
        _run_clause(machine, clause.inner_for_in, add, many=many)
    else:
        add(many=many)


def _filtered(machine: Machine, clause: cst.CompFor, filters: list[cst.CompIf], add: Callable[..., None]) -> None:
    """A filter is a choice only if anything in it has steps: without, a loop that may run no time says the same."""
    if not filters:
        _inside(machine, clause, add, many=True)
        return
    test, *rest = filters
    place = machine.place(test.test)
    tested = machine.block_of(lambda: steer(machine, machine.evaluate(test.test), place, machine.place(clause)))
    kept = machine.block_of(lambda: _filtered(machine, clause, rest, add))
    for operation in tested.operations:
        machine.emit(operation)
    if tested.operations:
        machine.emit_choice([(machine.text(test.test), kept)], None, machine.place(test))
    else:
        machine.operations.extend(kept.operations)
