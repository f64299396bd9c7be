"""Evaluation of comprehensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.frame import LoopState, PassConstant
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import ExclusiveTasks, on_path, union_values
from stepgraph.interpreter.objects.containers.entries import EntryTable, mapping_of
from stepgraph.interpreter.objects.containers.iterators import (
    IterationSource,
    is_certainly_empty,
    is_lazy,
    iteration_source,
    take_elements,
)
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.special_methods import advance, iterator_of
from stepgraph.interpreter.python.arguments import make_collection, tasks_of_each_pass
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.loops.generators import inline_generator
from stepgraph.interpreter.python.loops.interpretation import (
    LoopBounds,
    can_share_loop,
    has_runnable,
    interpret_loop,
    items_to_unroll,
    loop_bounds,
    loop_variable_value,
    may_build_dependencies,
    with_one_case_of_data,
    with_one_empty_case,
)
from stepgraph.interpreter.python.loops.loop_keys import (
    constant_key,
    has_constant_keys,
    is_loop_key,
    iterates_known_constants,
    looks_up_members,
    loop_keys,
    pass_constants,
    with_numbers,
)
from stepgraph.interpreter.python.narrowing import run_narrowed
from stepgraph.interpreter.values.calls import GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, MappingEntry
from stepgraph.interpreter.values.heap_cells import Visits
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope
from stepgraph.interpreter.values.tasks import Gathering, Task, iterated_tasks
from stepgraph.interpreter.values.unions import Union, on_some_paths
from stepgraph.interpreter.workflow.work import task_ids_in
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import IterationCount, Suspension
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.syntax.bindings import Bindings, target_names
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import clauses_from


def evaluate_comprehension(interpreter: Interpreter, node: cst.ListComp | cst.SetComp) -> Value:
    """Evaluate a list or set comprehension: emit its loop and return the new collection."""
    first, scope = interpreter.evaluate(node.for_in.iter), interpreter.frame.scope
    kind: CollectionKind = "list" if isinstance(node, cst.ListComp) else "set"
    # Other code may change the collection, and one collection shows its changes better than a union of several.
    parent = interpreter.module.parents.get(id(node)) if isinstance(first, Union) else None
    is_unpacked = isinstance(parent, cst.Arg) and parent.star == "*"
    consume = consume_comprehension if is_unpacked else collect_elements
    return consume(interpreter, node, scope, kind, first)


def evaluate_dict_comprehension(interpreter: Interpreter, node: cst.DictComp) -> Value:
    """Evaluate a dictionary comprehension: emit its loop and return the new dictionary."""
    entries: list[MappingEntry] = []
    branch_depth, outer_constants = interpreter.branch_depth, interpreter.frame.pass_constants
    loop_depth, since = interpreter.loop_depth, interpreter.work.last_task_id

    def add(*, many: bool) -> None:
        key = _key(interpreter, node.key, outer_constants)
        value = interpreter.evaluate(node.value)
        if many:
            value = _element_of_each_pass(interpreter, node.for_in, value, since)
        maybe = not many and interpreter.branch_depth > branch_depth
        entry = MappingEntry(key, value, interpreter.place(node.key), interpreter.place(node.value), many, maybe)
        is_distinct = interpreter.loop_depth == loop_depth + 1 and is_loop_key(interpreter, node.key)
        entries.append(replace(entry, has_distinct_keys=is_distinct))

    with _collecting(interpreter, entries):
        run_comprehension(interpreter, node.for_in, interpreter.frame.scope, add)
    mapping = mapping_of(interpreter, EntryTable(entries))
    mapping.state.created_empty = not entries
    return mapping


def _key(interpreter: Interpreter, node: cst.BaseExpression, outer: Mapping[str, PassConstant]) -> Value:
    """Evaluate a key. A loop variable with a constant value in the current pass is a constant key.

    `outer` are the constant values of the variables of enclosing loops, which do not make a key constant.
    """
    key = interpreter.evaluate(node)
    if not isinstance(node, cst.Name):
        return constant_key(interpreter, node, key)
    constant, before = interpreter.frame.constant_in_pass(node.value), outer.get(node.value)
    return key if constant is None or (before is not None and constant is before.value) else constant


def consume_comprehension(
    interpreter: Interpreter,
    node: cst.ListComp | cst.SetComp | cst.GeneratorExp,
    scope: LexicalScope,
    kind: CollectionKind,
    first: Value,
) -> Value:
    """Emit the loop of a comprehension or generator expression over `first` and return its elements.

    They are a collection, or one of several collections if `first` may be one of several collections of functions.
    """
    if not isinstance(first, Union) or node.for_in.inner_for_in is not None or not _has_functions(interpreter, first):
        return collect_elements(interpreter, node, scope, kind, first)
    interpreter.tracer.on_test(first, interpreter.place(node.for_in.iter), interpreter.place(node.for_in))
    cases = with_one_case_of_data(with_one_empty_case(interpreter, first))
    return interpreter.apply_to_cases(cases, lambda value: collect_elements(interpreter, node, scope, kind, value))


def _has_functions(interpreter: Interpreter, iterable: Union) -> bool:
    """Return whether the cases of an iterable need a loop each, and contain no tasks."""
    items = [item for value in union_values(iterable) if isinstance(value, Collection) for item in value.items]
    has_tasks = any(isinstance(leaf, Task | Gathering) for item in items for leaf in union_values(item.value))
    return not has_tasks and _needs_loop_per_case(interpreter, iterable)


def collect_elements(
    interpreter: Interpreter,
    node: cst.ListComp | cst.SetComp | cst.GeneratorExp,
    scope: LexicalScope,
    kind: CollectionKind,
    first: Value,
) -> Collection:
    """Emit the loop of a comprehension over `first` and return the collection of its elements."""
    items: list[Element] = []
    branch_depth, since = interpreter.branch_depth, interpreter.work.last_task_id
    # A result that may lack elements of its iterables may lack some tasks.
    filtered = any(clause.ifs for clause in clauses_from(node.for_in))

    def add(*, many: bool) -> None:
        in_branch = interpreter.branch_depth > branch_depth
        value = interpreter.evaluate(node.elt)
        if many:
            value = _element_of_each_pass(interpreter, node.for_in, value, since)
        elif filtered:
            value = on_some_paths(value)
        value = on_path(value, (), ExclusiveTasks(since)) if in_branch else value
        maybe = in_branch and not many
        elements = (Element(each, interpreter.place(node.elt), many, maybe) for each in iterated_tasks(value))
        items.extend(element for element in elements if not many or element not in items)

    with _collecting(interpreter, items):
        passes = run_comprehension(interpreter, node.for_in, scope, add, first)
    collection = make_collection(
        interpreter, kind, tuple(replace(item, passes=passes if item.many else None) for item in items)
    )
    collection.state.created_empty = not items
    return collection


def _element_of_each_pass(interpreter: Interpreter, clause: cst.CompFor, value: Value, since: TaskId) -> Value:
    """Return the value that each pass of a comprehension adds. A filter or an inner loop may omit iterated tasks."""
    is_exhaustive = not clause.ifs and clause.inner_for_in is None
    names = target_names(clause.target) if is_exhaustive else ()
    iterated = {task_id for name in names for task_id in task_ids_in(look_up(interpreter, name))}
    return tasks_of_each_pass(interpreter, value, since, iterated)


@contextmanager
def _collecting(interpreter: Interpreter, items: list[Element] | list[MappingEntry]) -> Iterator[None]:
    """Let the passes of each loop replace the items that its earlier passes have added."""
    interpreter.work.comprehensions.append(items)
    try:
        yield
    finally:
        interpreter.work.comprehensions.pop()


def run_comprehension(
    interpreter: Interpreter,
    clause: cst.CompFor,
    scope: LexicalScope,
    add: Callable[..., None],
    first: Value | None = None,
) -> IterationCount | None:
    """Run a comprehension with `add` as its body. Return its number of elements, if known."""
    with interpreter.in_scope(_comprehension_scope(interpreter, clause, scope)):
        passes = _run_clause(interpreter, clause, add, first, many=False)
    return None if clause.ifs or clause.inner_for_in is not None else passes


def _comprehension_scope(interpreter: Interpreter, clause: cst.CompFor, scope: LexicalScope) -> LexicalScope:
    bindings = Bindings()
    for each in clauses_from(clause):
        for name in target_names(each.target):
            bindings.add(name, each)
    return LexicalScope(
        bindings,
        interpreter.store.new(),
        scope,
        scope.module,
        path=scope.path,
        kind="expression",
        callable_arguments=scope.callable_arguments,
    )


def _run_clause(
    interpreter: Interpreter,
    clause: cst.CompFor,
    add: Callable[..., None],
    first: Value | None = None,
    *,
    many: bool,
) -> IterationCount | None:
    iterable = interpreter.evaluate(clause.iter) if first is None else first
    interpreter.tracer.on_test(iterable, interpreter.place(clause.iter), interpreter.place(clause))
    is_async = clause.asynchronous is not None
    if is_async:
        interpreter.record_suspension(Suspension.MAYBE)
    iterable = iterator_of(interpreter, iterable, interpreter.place(clause.iter), is_async=is_async)
    if isinstance(iterable, GeneratorExpression):
        # Imported here because few comprehensions iterate over generator expressions.
        from stepgraph.interpreter.python.generator_expressions import for_each_element

        for_each_element(interpreter, iterable, lambda value: _run_inlined_pass(interpreter, clause, value, add))
        return None
    if isinstance(iterable, Union) and _needs_loop_per_case(interpreter, iterable):

        def run_case(value: Value) -> Value:
            _run_over(interpreter, clause, value, add, many=many)
            return UNKNOWN

        cases = with_one_case_of_data(with_one_empty_case(interpreter, iterable))
        interpreter.apply_to_cases(cases, run_case)
        return None
    return _run_over(interpreter, clause, iterable, add, many=many)


def _needs_loop_per_case(interpreter: Interpreter, iterable: Union) -> bool:
    """Return whether the cases of an iterable need a loop each: they run code, or have elements such as tasks."""
    values = [value for value in union_values(iterable) if isinstance(value, Collection)]
    collections = [value for value in values if not is_certainly_empty(interpreter, value)]
    return bool(collections) and (
        not can_share_loop(iterable) or any(is_lazy(value) or any(map(_is_work, value.items)) for value in collections)
    )


def _is_work(element: Element) -> bool:
    """Return whether an element is or contains a step, a function or a task, as opposed to an object that has one."""
    return isinstance(element.value, Task | Gathering) or has_runnable(element.value, Visits())


def _run_over(
    interpreter: Interpreter, clause: cst.CompFor, iterable: Value, add: Callable[..., None], *, many: bool
) -> IterationCount | None:
    if isinstance(iterable, GeneratorCall) and inline_generator(
        interpreter,
        iterable,
        lambda value: _run_inlined_pass(interpreter, clause, value, add),
        interpreter.place(clause),
    ):
        return None
    source, is_snapshot = iteration_source(iterable), is_lazy(iterable)
    if isinstance(iterable, Collection):
        iterable = take_elements(interpreter, iterable, exhausts=False)
    if is_certainly_empty(interpreter, iterable):
        return None
    needs_constants = may_build_dependencies(interpreter, clause) or looks_up_members(interpreter, clause)
    place = interpreter.place(clause)
    iterable = with_numbers(interpreter, iterable, place) if needs_constants else iterable
    is_known = needs_constants and iterates_known_constants(interpreter, clause.iter)
    unrolls_objects = has_constant_keys(interpreter, clause, iterable) or _creates_objects(
        interpreter, clause, iterable
    )
    items = items_to_unroll(iterable, constants=needs_constants, is_known=is_known, objects=unrolls_objects)
    if items is not None and not clause.ifs and interpreter.frame.unrolls_comprehensions:
        _run_unrolled(interpreter, clause, items, add, many=many)
        _report_change(interpreter, source, place)
        return None
    interpreter.tracer.on_iteration(clause.target, iterable)

    def body() -> None:
        current = advance(interpreter, iterable, place)
        value = (
            loop_variable_value(interpreter, iterable, interpreter.text(clause.target), place)
            if current is None
            else current
        )
        _run_pass(interpreter, clause, on_some_paths(value) if clause.ifs else value, add)

    # A filter may skip every pass, even if the body contains no branch for it.
    bounds = LoopBounds() if clause.ifs else loop_bounds(iterable, interpreter.place(clause.iter))
    with interpreter.frame.with_loop_keys(loop_keys(interpreter, clause, iterable)):
        interpret_loop(interpreter, body, None, place, bounds)
    if is_snapshot:
        _report_change(interpreter, source, place)
    return bounds.passes


def _creates_objects(interpreter: Interpreter, clause: cst.CompFor, iterable: Value) -> bool:
    """Return whether each pass only creates an object of another class, as in `[cls(step) for cls in (Charge, Ship)]`.

    A loop over a generator expression runs its body between the passes, so these do not count.
    """
    if not isinstance(iterable, Collection) or not all(isinstance(item.value, ClassValue) for item in iterable.items):
        return False
    parents = interpreter.module.parents
    node = parents.get(id(clause))
    match node, clause.target:
        case (
            cst.ListComp(elt=cst.Call(func=cst.Name(value=called))) | cst.GeneratorExp(elt=cst.Call(cst.Name(called))),
            cst.Name(value=variable),
        ):
            is_in_loop = isinstance(node, cst.GeneratorExp) and isinstance(parents.get(id(node)), cst.For | cst.CompFor)
            return called == variable and not is_in_loop
        case _:
            return False


def _run_unrolled(
    interpreter: Interpreter, clause: cst.CompFor, items: Iterable[Element], add: Callable[..., None], *, many: bool
) -> None:
    """Run a pass for each element."""
    for item in items:
        names = pass_constants(interpreter, clause, item.value)
        with interpreter.frame.in_loop(LoopState(interpreter.store.checkpoint()), names):
            assign(interpreter, clause.target, item.value)
            _run_body(interpreter, clause, add, many=many)


def _report_change(interpreter: Interpreter, source: IterationSource, place: SourcePlace) -> None:
    """Report a comprehension that changes its iterable."""
    if source.is_changed():
        interpreter.note(
            "generator",
            place,
            f"`{place.brief_text}` modifies the collection that it iterates over.",
            "The graph shows the elements before the change. Iterate over a copy.",
        )


def _run_pass(interpreter: Interpreter, clause: cst.CompFor, value: Value, add: Callable[..., None]) -> None:
    assign(interpreter, clause.target, value)
    _run_filtered(interpreter, clause, list(clause.ifs), add)


def _run_inlined_pass(interpreter: Interpreter, clause: cst.CompFor, value: Value, add: Callable[..., None]) -> None:
    """Run a pass in the code of a generator, which runs it once for each `yield`.

    Each filter is emitted as a choice, because no loop around the pass may run zero times.
    """
    assign(interpreter, clause.target, value)
    _run_choices(interpreter, clause, list(clause.ifs), add)


def _run_choices(
    interpreter: Interpreter, clause: cst.CompFor, filters: list[cst.CompIf], add: Callable[..., None]
) -> None:
    if not filters:
        _run_body(interpreter, clause, add, many=True)
        return
    test, *remaining = filters
    condition, place = interpreter.text(test.test), interpreter.place(test)
    tested = interpreter.evaluate(test.test)
    interpreter.tracer.on_test(tested, interpreter.place(test.test), interpreter.place(clause))
    run = partial(_run_choices, interpreter, clause, remaining, add)
    passed = interpreter.branch(lambda: run_narrowed(interpreter, test.test, run), condition)
    interpreter.join_branches([(condition, passed)], None, place)


def _run_body(interpreter: Interpreter, clause: cst.CompFor, add: Callable[..., None], *, many: bool) -> None:
    if clause.inner_for_in is not None:
        _run_clause(interpreter, clause.inner_for_in, add, many=many)
    else:
        add(many=many)


def _run_filtered(
    interpreter: Interpreter, clause: cst.CompFor, filters: list[cst.CompIf], add: Callable[..., None]
) -> None:
    """Run one pass under the conditions of the remaining filters.

    A filter is emitted as a choice only if its test emits operations. Other filters need no choice, because the loop
    may already run zero times.
    """
    if not filters:
        _run_body(interpreter, clause, add, many=True)
        return
    test, *remaining = filters
    place = interpreter.place(test.test)
    test_block = interpreter.block_of(
        lambda: interpreter.tracer.on_test(interpreter.evaluate(test.test), place, interpreter.place(clause))
    )
    run = partial(_run_filtered, interpreter, clause, remaining, add)
    body_block = interpreter.block_of(lambda: run_narrowed(interpreter, test.test, run))
    for operation in test_block.operations:
        interpreter.emit(operation)
    if test_block.operations:
        interpreter.emit_choice([(interpreter.text(test.test), body_block)], None, interpreter.place(test))
    else:
        interpreter.operations.extend(body_block.operations)
