"""Binding of call arguments to parameters, and construction of collections and mappings."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.task_runs import attach, record_loss, record_removal
from stepgraph.interpreter.values.calls import Argument, Arguments, FunctionCoroutine, PreparedCall, StepCall
from stepgraph.interpreter.values.containers import (
    Collection,
    Element,
    Mapping,
    MappingEntry,
    SpreadArguments,
    as_argument,
)
from stepgraph.interpreter.values.data import is_data_container
from stepgraph.interpreter.values.heap_cells import DEEPEST, HeapCell
from stepgraph.interpreter.values.objects import CallableArgument, EnumMember, FunctionValue
from stepgraph.interpreter.values.shown_elements import EntriesByKey, shown_entries, shown_items
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.values.unions import Union, as_optional, map_tasks
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import UNKNOWN, Constant, External, NameArgument, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of, parameters
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import names_of_attributes, names_of_keys

# Maximum number of arguments and elements that are searched for callables, whose names the graph shows.
MAX_CALLABLE_ARGUMENTS: Final = 1_000
# Number of elements beyond which repeated elements are merged, since `l = l + l` doubles a list.
MAX_ELEMENTS: Final = 4096
# Nesting depth of collections whose tasks are marked as absent on some paths.
_MARKED_DEPTH: Final = 3


def bind_arguments(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments) -> dict[str, Value]:
    """Return the value of each parameter, by name.

    Constants other than names become unknown values, because the graph shows a body once for calls that differ only in
    constants. In code that runs at import, parameters that are not bound again keep their constants.
    """
    if not arguments.items and not parameters(callee.node.params):
        return {}
    place = SourcePlace(callee.scope.module, callee.node)
    keywords = _Keywords(place, callee, arguments)
    defaults = callee.scope.module.once_for_code(callee.node, _none_defaults) | dict(callee.defaults)
    if interpreter.is_import_time:
        defaults = _literal_defaults(interpreter, callee.node) | defaults
    binder = _ArgumentBinder(deque(_positional_elements(callee, arguments, place)), keywords, defaults)
    params = callee.node.params
    values = {p.name.value: binder.bind_positional(p.name.value) for p in (*params.posonly_params, *params.params)}
    if type(params.star_arg) is cst.Param:
        extra_arguments = make_collection(interpreter, "tuple", binder.remaining())
        extra_arguments.state.created_empty = not extra_arguments.state.contents
        values[params.star_arg.name.value] = extra_arguments
    values |= {p.name.value: binder.bind_keyword(p.name.value) for p in params.kwonly_params}
    if params.star_kwarg is not None:
        options = make_mapping(interpreter, keywords.remaining(), partial=keywords.is_open)
        options.state.unordered = keywords.is_unordered
        options.state.created_empty = not (options.state.contents or keywords.is_open)
        values[params.star_kwarg.name.value] = options
    if interpreter.is_import_time:
        values = _with_constants(callee, values)
        return {p.name.value: values[p.name.value] for p in parameters(params)}
    if interpreter.keeps_constants:
        return {p.name.value: values[p.name.value] for p in parameters(params)}
    return _without_constants(callee, values)


def _without_constants(callee: FunctionValue, values: dict[str, Value]) -> dict[str, Value]:
    """Return the values of all parameters, with unknown values in place of constants that name nothing."""
    from stepgraph.syntax.step_users import is_step_factory  # few small workflows call functions

    names, keys = frozenset[str](), frozenset[str]()
    if is_step_factory(callee.node, callee.scope.module):
        names = frozenset(values)
    elif isinstance(callee.node, cst.FunctionDef):
        names = names_of_attributes(callee.node, callee.scope.module)
        if callee.scope.is_local or any(value.relevant for value in values.values()):
            keys = names_of_keys(callee.node, callee.scope.module)
    return {
        p.name.value: _parameter_value(
            values[p.name.value], has_names=bool(names), is_name=p.name.value in names | keys
        )
        for p in parameters(callee.node.params)
    }


def _parameter_value(value: Value, *, has_names: bool, is_name: bool) -> Value:
    """Return the value of a parameter without constants, except for a string if the parameter `is_name`.

    The string may name an attribute, a step, or an entry of a dictionary. In a function with parameters for the names
    of attributes or steps, each string in a collection may be such a name.
    """
    if is_name and isinstance(value, Constant) and isinstance(value.value, str):
        return NameArgument(value.value)
    return as_argument(value, has_names=has_names)


def _none_defaults(function: cst.FunctionDef | cst.Lambda) -> dict[str, Value]:
    """Return the constant None for each parameter whose default is None, by parameter name."""
    return {
        p.name.value: Constant(None)
        for p in parameters(function.params)
        if isinstance(p.default, cst.Name) and p.default.value == "None"
    }


def _literal_defaults(interpreter: Interpreter, function: cst.FunctionDef | cst.Lambda) -> dict[str, Value]:
    """Return the constant of each parameter whose default is a literal, by parameter name."""
    return {
        p.name.value: interpreter.evaluate(p.default)
        for p in parameters(function.params)
        if isinstance(p.default, cst.BaseNumber | cst.BaseString)
    }


def _with_constants(callee: FunctionValue, values: dict[str, Value]) -> dict[str, Value]:
    """Return the values of parameters in a call at import. Constants and members of enumerations remain.

    They may be keys, such as `key` in `REG[key] = f`.

    A parameter that the function binds again does not keep its constant.
    """
    binders = bindings_of(callee.node, callee.scope.module).binders
    return {
        name: value
        if isinstance(value, Constant | EnumMember | Collection | Mapping) and len(binders.get(name, ())) == 1
        else as_argument(value)
        for name, value in values.items()
    }


class _Keywords:
    """The keyword arguments of a call that are not yet bound to parameters."""

    def __init__(self, place: SourcePlace, callee: FunctionValue, arguments: Arguments) -> None:
        self.named = {name: [MappingEntry(Constant(name), value, place, place)] for name, value in callee.keywords}
        """The arguments by keyword. If an unpacked mapping has one of several values, they all may be missing."""
        self.dynamic: list[MappingEntry] = []
        """Entries of unpacked mappings whose key is not a constant string. Each may be bound to any parameter."""
        self.is_open = False
        """Whether the call may pass further keyword arguments that are unknown."""
        self.is_unordered = False
        """Whether the order of the keyword arguments is uncertain."""
        for argument in arguments.items:
            if argument.keyword is not None:
                key = Constant(argument.keyword)
                self.named[argument.keyword] = [MappingEntry(key, argument.value, argument.place, argument.place)]
            elif argument.star == "**":
                self._unpack(argument)

    def _unpack(self, argument: Argument) -> None:
        if not isinstance(argument.value, Mapping):
            self.is_open = True
            return
        self.is_open = self.is_open or argument.value.partial
        self.is_unordered = self.is_unordered or is_unordered(argument.value)
        for entry in argument.value.entries:
            if isinstance(entry.key, Constant) and isinstance(entry.key.value, str):
                entries = self.named.setdefault(entry.key.value, [])
                if not entry.may_be_missing:
                    entries.clear()
                entries.append(entry)
            else:
                self.dynamic.append(replace(entry, many=True))

    def pop_candidates(self, name: str) -> list[Element]:
        """Remove the keyword argument for a parameter. Return the elements that may be bound to the parameter.

        These are the keyword argument and, unless it must be present, the relevant `dynamic` entries.
        """
        entries = self.named.pop(name, [])
        candidates = [Element(entry.value, entry.place, may_be_missing=entry.may_be_missing) for entry in entries]
        if all(entry.may_be_missing for entry in entries):
            candidates += (
                Element(candidate.value, candidate.place, may_be_missing=True)
                for candidate in self.dynamic
                if candidate.value.relevant
            )
        return candidates

    def remaining(self) -> tuple[MappingEntry, ...]:
        """Return the keyword arguments for `**kwargs`."""
        return (*chain.from_iterable(self.named.values()), *self.dynamic)


class _ArgumentBinder(Struct):
    """The binding of arguments to parameters, in parameter order."""

    positional: deque[Element]
    """The positional arguments that are not yet bound."""
    keywords: _Keywords
    """The keyword arguments that are not yet bound."""
    defaults: dict[str, Value]
    """The default values by parameter name."""
    is_exact: bool = True
    """Whether each positional argument so far was bound to exactly one parameter."""

    def bind_positional(self, name: str) -> Value:
        """Return the value of a positional parameter."""
        if self.positional and not (self.positional[0].many or self.positional[0].may_be_missing):
            if self.is_exact:
                return self.positional.popleft().value
        elif not self.positional:
            return self.bind_keyword(name)
        self.is_exact = False
        return self._union(name, [*self.positional, *self.keywords.pop_candidates(name)])

    def bind_keyword(self, name: str) -> Value:
        """Return the value of a parameter that is keyword-only or lacks a positional argument."""
        candidates = self.keywords.pop_candidates(name)
        if len(candidates) == 1 and not candidates[0].may_be_missing:
            return candidates[0].value
        if candidates:
            return self._union(name, candidates)
        default = self.defaults.get(name, UNKNOWN)
        may_be_set = self.keywords.is_open or bool(self.keywords.dynamic)
        is_data = is_none(default) or isinstance(default, External) or is_data_container(default)
        return UNKNOWN if may_be_set and is_data else default

    def remaining(self) -> tuple[Element, ...]:
        """Return the elements of `*args`. The elements may be missing if a positional argument was bound inexactly."""
        return tuple(self.positional) if self.is_exact else tuple(map(as_optional, self.positional))

    def _union(self, name: str, items: Sequence[Element]) -> Value:
        values = [item.value for item in items]
        conditions = [item.place.case_text for item in items]
        default = self.defaults.get(name)
        if default is not None:
            values, conditions = [*values, default], [*conditions, name]
        return union_of_values(values, conditions, name, items[0].place)


def make_collection(interpreter: Interpreter, kind: CollectionKind, items: tuple[Element, ...]) -> Collection:
    """Return a new collection. If it is very long, repeated elements are merged."""
    interpreter.budget.spend(Limit.ELEMENTS, len(items))
    return Collection(kind, interpreter.store.new({"items": merge_repeated(items)}), interpreter.loop_depth)


def merge_repeated(items: tuple[Element, ...]) -> tuple[Element, ...]:
    """Return the elements. If there are more than `MAX_ELEMENTS`, elements with the same value are merged."""
    if len(items) <= MAX_ELEMENTS:
        return items
    distinct = {id(item.value): item for item in items}
    if len(distinct) == len(items):
        return items
    return tuple(replace(item, many=True, passes=None) for item in distinct.values())


def make_result_collection(interpreter: Interpreter, kind: CollectionKind, items: tuple[Element, ...]) -> Collection:
    """Return a new collection as the result of a call. Its constants are hidden, because calls are never folded."""
    return replace(make_collection(interpreter, kind, items), hidden=True)


def ordered_like(source: Value, copy: Collection) -> Collection:
    """Mark a copy as unordered if its source is, and return it."""
    copy.state.unordered = copy.state.unordered or is_unordered(source)
    return copy


def derived_from(source: Value, copy: Collection) -> Collection:
    """Mark a collection with at most one element for each element of its source as unordered or empty if that is."""
    copy.state.created_empty = isinstance(source, Collection | Mapping) and source.read_as_empty()
    return ordered_like(source, copy)


def is_unordered(value: Value) -> bool:
    """Return whether the order of the elements of a collection, or of any case of a union, is uncertain."""
    if isinstance(value, Union):
        return any(is_unordered(case.value) for case in value.cases)
    if not isinstance(value, Collection | Mapping) or value.state.size == 1:
        return False
    return value.state.unordered or (isinstance(value, Collection) and value.is_set)


def make_mapping(interpreter: Interpreter, entries: tuple[MappingEntry, ...], *, partial: bool = False) -> Mapping:
    """Return a new dictionary. A `partial` dictionary also has unknown entries."""
    interpreter.budget.spend(Limit.ELEMENTS, len(entries))
    return Mapping(interpreter.store.new({"items": entries}), interpreter.loop_depth, partial=partial)


def callable_arguments(values: Iterable[Value]) -> Iterator[CallableArgument]:
    """Yield the callables and awaitables among values and in collections among them."""
    for value in islice(_flatten(values, 0), MAX_CALLABLE_ARGUMENTS):
        match value:
            case StepFunction(definition=definition):
                yield CallableArgument(definition, definition.function_name)
            case FunctionValue(node=cst.Lambda() as node):
                yield CallableArgument(node, _lambda_name(node))
            case FunctionValue():
                yield CallableArgument(value.node, value.name)
            case StepCall(step=step):
                yield CallableArgument(step.definition, step.definition.function_name)
            case FunctionCoroutine(function=function):
                yield CallableArgument(function.node, function.name)
            case PreparedCall(function=prepared):
                yield CallableArgument(prepared, prepared.names[0])


def _flatten(values: Iterable[Value], depth: int) -> Iterator[Value]:
    """Yield the values, each collection followed by its elements."""
    for value in values:
        yield value
        if isinstance(value, Collection | Mapping) and depth < DEEPEST:
            yield from _flatten((element.value for element in value.state.elements()), depth + 1)


def _lambda_name(node: cst.Lambda) -> str:
    """Return a name for a lambda: the name of the function or method that its body calls, or `lambda`."""
    body = node.body.expression if isinstance(node.body, cst.Await) else node.body
    match body:
        case cst.Call(func=cst.Name(value=name)) | cst.Call(func=cst.Attribute(attr=cst.Name(value=name))):
            return name
        case _:
            return "lambda"


def _positional_elements(callee: FunctionValue, arguments: Arguments, place: SourcePlace) -> Iterator[Element]:
    """Yield the positional arguments: the receiver, the stored arguments of a partial, then the call's arguments."""
    if callee.receiver is not None and callee.kind != "static":
        yield Element(callee.receiver, place)
    for value in callee.positional:
        if isinstance(value, SpreadArguments):
            yield from _unpacked_elements(Argument(value.collection, place))
        else:
            yield Element(value, place)
    for argument in arguments.items:
        if argument.star == "*":
            yield from _unpacked_elements(argument)
        elif not argument.star and argument.keyword is None:
            yield Element(argument.value, argument.place)


def _unpacked_elements(argument: Argument) -> Iterator[Element]:
    """Yield the elements of a starred argument, as `many` if their order is uncertain.

    An unknown argument yields one element that stands for any number.
    """
    match argument.value:
        case Collection(items=items):
            yield from (replace(item, many=True) for item in items) if is_unordered(argument.value) else items
        case Union(cases=cases):
            for case in cases:
                yield from (as_optional(item) for item in _unpacked_elements(replace(argument, value=case.value)))
        case _:
            yield Element(argument.value if argument.value.relevant else UNKNOWN, argument.place, many=True)


def unpacked_arguments(arguments: Arguments, *, shows_hidden: bool = False) -> Arguments:
    """Return the arguments with the elements of `*[...]` and `**{...}` unpacked in place.

    Elements at unknown positions become starred arguments. A mapping with entries that cannot be unpacked is kept, too.
    `shows_hidden` includes the constants in collections that may have changed.
    """
    unpacked: list[Argument] = []
    for argument in arguments.items:
        if argument.star == "*" and isinstance(argument.value, Collection):
            star = "" if argument.value.has_definite_order else "*"
            items = argument.value.items if shows_hidden else shown_items(argument.value, argument.place)
            unpacked += [Argument(item.value, item.place, star=star) for item in items]
        elif argument.star == "**" and isinstance(argument.value, Mapping):
            entries = argument.value.entries if shows_hidden else shown_entries(argument.value, argument.place)
            unpacked += _unpacked_entries(argument, entries, is_complete=not argument.value.partial)
        else:
            unpacked.append(argument)
    return Arguments(tuple(unpacked))


def without_stars(interpreter: Interpreter, arguments: Arguments, place: SourcePlace) -> Arguments:
    """Return the unpacked arguments for a modeled function, without starred arguments, which escape."""
    if not any(argument.star for argument in arguments.items):
        return arguments
    unpacked = unpacked_arguments(arguments).items
    for argument in unpacked:
        if argument.star:
            interpreter.escape(argument.value, place, "is an unpacked argument, which stepgraph does not model")
    return Arguments(tuple(argument for argument in unpacked if not argument.star))


def _unpacked_entries(argument: Argument, entries: Iterable[MappingEntry], *, is_complete: bool) -> Iterator[Argument]:
    by_key = EntriesByKey.of(entries)
    keywords = {key: entry for key, entry in by_key.certain.items() if isinstance(key, str)}
    for key, entry in keywords.items():
        yield Argument(entry.value, entry.place, keyword=key)
    if not (is_complete and by_key.is_complete and len(keywords) == len(by_key.certain)):
        yield argument


def is_older_than_pass(interpreter: Interpreter, owner: Collection | Mapping) -> bool:
    """Return whether a collection was created before this pass of the current loop, so that each pass may change it."""
    loop = interpreter.frame.loop
    newest = None if loop is None else loop.newest_serial
    return interpreter.loop_depth > owner.loop_depth or (newest is not None and owner.state.serial <= newest)


def attach_task(interpreter: Interpreter, container: HeapCell, key: str, value: Value, node: cst.CSTNode) -> None:
    """Record that a slot holds a value, if it is a task that the call at `node` has just started."""
    if isinstance(value, Task):
        attach(interpreter.store, container, key, value, node, branch_depth=interpreter.branch_depth)


def remove_tasks(interpreter: Interpreter, owner: Collection | Mapping) -> None:
    """Record the removal of all elements of a collection, which may be tasks."""
    outer_loops = interpreter.loop_depth - interpreter.local_loop_depth
    in_loop, is_outside_loops = is_older_than_pass(interpreter, owner), owner.loop_depth == outer_loops
    record_removal(interpreter.store, owner, in_loop=in_loop, is_outside_loops=is_outside_loops)


def remove_some_tasks(interpreter: Interpreter, owner: Collection | Mapping) -> None:
    """Record the removal of an uncertain element of a collection, which may be a task."""
    if is_older_than_pass(interpreter, owner):
        record_loss(interpreter.store, owner)


def tasks_of_each_pass(
    interpreter: Interpreter, value: Value, since: TaskId, iterated: Container[TaskId] = ()
) -> Value:
    """Return a value that each pass of the current loop adds to a collection.

    The collection certainly contains the tasks that a pass starts, which is after the task `since`, and those of
    `iterated`, which are the elements of the loop. Without a pass, it lacks other tasks, and it may contain only the
    last task of an inner loop. The tasks in a nested collection are marked in place.
    """

    def mark(task: Task) -> Task:
        start = interpreter.work.starts.get(task.task_id)
        is_started_here = start is None or start.loop_depth <= interpreter.loop_depth
        is_own = task.task_id > since and (task.all_runs or is_started_here)
        return task if is_own or task.task_id in iterated else replace(task, on_every_path=False)

    def mark_all(value: Value, depth: int) -> Value:
        if not isinstance(value, Collection) or not depth:
            return map_tasks(value, mark)
        interpreter.budget.spend(Limit.ELEMENTS, len(value.items))
        items = tuple(replace(item, value=mark_all(item.value, depth - 1)) for item in value.items)
        if any(new.value != item.value for new, item in zip(items, value.items, strict=True)):
            interpreter.store.write(value.state, "items", items)
        return value

    return mark_all(value, _MARKED_DEPTH)
