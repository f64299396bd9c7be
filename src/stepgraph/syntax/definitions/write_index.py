"""Writes to attributes and shared variables in the functions of a module, and the references to these functions.

Functions that run as steps do not count: the engine keeps their results, so a replay does not run them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Final

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.syntax.bindings import bindings_of, last_name, parameters
from stepgraph.syntax.definitions.class_statements import (
    class_heads,
    constant_members,
    data_fields,
    implied_calls,
    is_assignment_hook,
    is_entrypoint,
)
from stepgraph.syntax.definitions.definition_code import INITIALIZERS
from stepgraph.syntax.definitions.local_aliases import LocalAliases, may_change_in_place
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, LOG_METHODS, MUTATING_FUNCTIONS, SPECIAL_MUTATORS
from stepgraph.syntax.walk import assigned_targets, children, statements, statements_below, suites

ANY_ATTRIBUTE: Final = ".*"
"""The location of attributes with computed names."""
CLASS_MEMBER: Final = "class ."
"""The location of a member in the body of a class, before its name. Reads by a computed name or class have it."""
PART_OF: Final = "part of ."
"""The location of parts of the object of an attribute, before its name. Variables may share the object."""
RUN: Final = "run"
"""The method of a workflow that the engine calls."""
SUBCLASSES: Final = ".__subclasses__"
"""The location of the subclasses of any class, which the definition of a class changes."""
_MUTATORS: Final = COLLECTION_MUTATORS | SPECIAL_MUTATORS
_ARGUMENT_MUTATORS: Final = MUTATING_FUNCTIONS | {"next", "setattr", "delattr"}
_ATTRIBUTE_GETTERS: Final = frozenset({"attrgetter", "methodcaller"})
"""The functions of `operator` that return a function of an attribute."""
_ATTRIBUTE_SETTERS: Final = frozenset({"__setattr__", "__delattr__"})
_IDLE_OWNERS: Final = frozenset({"env", "ctx"})
"""The attributes of a workflow whose methods do not change attributes that the code reads."""
_READING_NODES: Final = frozenset([cst.Attribute, cst.Call, cst.Name])
"""The nodes that read locations, refer to functions or change objects. Class patterns are slow for the others."""


class CodeEvent(Struct, frozen=True):
    """A statement that writes a location, or a reference to a function."""

    function: cst.FunctionDef | None
    """The function with the statement, or None for the body of a module or class."""
    position: int
    """The position of the statement in its function, in source order."""
    statement: cst.CSTNode
    module: SourceModule
    call: cst.Call | None = None
    """The call of the function; None for a write, and for another reference."""
    reads: frozenset[str] = frozenset()
    """The locations that the statement of a write reads."""


class LocationEvents(Struct):
    """The writes of some locations, and the references to the functions with them."""

    by_function: defaultdict[cst.FunctionDef | None, list[tuple[CodeEvent, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The events of each function, with the name of the function that they refer to, if any."""
    followed: set[str] = field(default_factory=set)
    """The names of the functions whose references are among the events."""
    classes: set[str] = field(default_factory=set)
    """The names of the classes whose initializers have effects."""
    referenced: set[str] = field(default_factory=set)
    """The names of the functions that other functions refer to."""

    def add(self, event: CodeEvent, name: str) -> None:
        """Add a reference to a function, or a write with an empty name."""
        self.by_function[event.function].append((event, name))

    @property
    def roots(self) -> list[cst.FunctionDef | None]:
        """The functions that other code may run: `run`, special methods, and those without references."""
        roots = [each for each in self.by_function if each is None or self._is_root(each.name.value)]
        return roots or list(self.by_function)

    def _is_root(self, name: str) -> bool:
        return name == RUN or name.startswith("__") or name not in self.referenced


class WriteIndex(Struct):
    """The writes and references in a module.

    A location is the name of a variable, or the name of an attribute after a dot.
    """

    writes: defaultdict[str, list[CodeEvent]] = field(default_factory=lambda: defaultdict(list))
    """The writes by location: of attributes of any object, and of variables from other scopes."""
    references: defaultdict[str, list[CodeEvent]] = field(default_factory=lambda: defaultdict(list))
    """The references by the last component of the name."""
    functions: defaultdict[str, list[cst.FunctionDef]] = field(default_factory=lambda: defaultdict(list))
    """The functions by name."""
    reads: dict[int, set[str]] = field(default_factory=dict)
    """The locations that a function reads, by the identity of the function."""
    special_methods: defaultdict[str, list[cst.FunctionDef]] = field(default_factory=lambda: defaultdict(list))
    """The methods with special names, by the name of the class."""
    mutators: set[tuple[str, str, str]] = field(default_factory=set)
    """The functions that mutate one of their parameters, with the parameter and the attribute of it that changes.

    An empty attribute stands for any part of the parameter.
    """
    passing: defaultdict[str, list[tuple[str, str, cst.Call | None]]] = field(default_factory=lambda: defaultdict(list))
    """The functions that pass one of their parameters to others, with the parameter and the call, by the name of the
    called function.
    """
    arguments: defaultdict[tuple[int, str], list[tuple[str, CodeEvent]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The calls with a variable as an argument, after the called name, by the function and the name of the variable."""
    passed: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The functions that receive a variable or attribute as an argument, by the last component of its name."""
    objects: defaultdict[tuple[int, str], list[tuple[cst.CSTNode, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The statements that mutate the object of a variable, by the function and the name of the variable.

    Each has the name of the attribute that it changes, if this is all, or an empty string.
    """
    shared: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The attributes in which statements store the object of a variable, by the name of the variable.

    The name of a class stands for the parameters of its initializer.
    """
    bases: dict[str, Sequence[str]] = field(default_factory=dict)
    """The last names of the base classes of each class."""
    steps: set[str] = field(default_factory=set)
    """The names of the functions that run as steps."""
    entries: set[int] = field(default_factory=set)
    """The identities of the `run` methods of direct subclasses of `WorkflowEntrypoint`."""
    calls_base_run: bool = False
    """Whether a method `run` of a base class is called, as in `super().run(event, step)`."""
    fields: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The names of the classes whose decorator makes an initializer that writes an attribute, by its location."""
    constants: set[str] = field(default_factory=set)
    """The locations of the attributes that bodies of classes, or enumerations, bind to literals."""
    with_metaclass: set[str] = field(default_factory=set)
    """The names of the classes with a metaclass, or with another keyword."""
    has_assignment_hooks: bool = False
    """Whether the assignment of an attribute may run code that changes other attributes."""

    def classes_with(self, function: cst.FunctionDef) -> Iterator[str]:
        """Yield the class whose initializer is a function, if any."""
        if function.name.value in INITIALIZERS:
            yield from (name for name, methods in self.special_methods.items() if function in methods)


def write_index(module: SourceModule) -> WriteIndex:
    """Return the writes and references in a module, memoized."""
    return module.once(_write_index)


def receivers_of_parameters(module: SourceModule) -> dict[str, set[str]]:
    """Return the names of the functions that receive parameters of each function, by its name.

    Call this function through `module.once`.
    """
    receivers: defaultdict[str, set[str]] = defaultdict(set)
    for called, passing in write_index(module).passing.items():
        for function, _, _ in passing:
            receivers[function].add(called)
    return dict(receivers)


def _write_index(module: SourceModule) -> WriteIndex:
    index = WriteIndex()
    pending: list[tuple[cst.BaseSuite | cst.Module, cst.FunctionDef | cst.ClassDef | None]] = [(module.tree, None)]
    while pending:
        body, scope = pending.pop()
        inside = [*statements_below(body)]
        reader = _ScopeReader(index, module, scope, LocalAliases(inside))
        for statement in inside:
            match statement:
                case cst.FunctionDef(decorators=decorators, name=name):
                    reader.read(statement, [each.decorator for each in decorators])
                    reader.register(statement)
                    if any(map(is_step_declaration, (each.decorator for each in decorators))):
                        continue
                    index.functions[name.value].append(statement)
                    index.has_assignment_hooks |= is_assignment_hook(statement)
                    pending.append((statement.body, statement))
                case cst.ClassDef():
                    _add_methods(index, statement)
                    index.bases[statement.name.value] = [last_name(each.value) for each in statement.bases]
                    reader.read(statement, class_heads(statement))
                    reader.register(statement)
                    pending.append((statement.body, statement))
                    for attribute in data_fields(statement) if statement.decorators else ():
                        index.fields[f".{attribute}"].add(statement.name.value)
                        index.shared[statement.name.value].add(attribute)
                    index.constants.update(constant_members(statement))
                case cst.Import() | cst.ImportFrom():
                    pass
                case _:
                    reader.read(statement, heads_of(statement))
    return index


def _add_methods(index: WriteIndex, owner: cst.ClassDef) -> None:
    """Add the special methods of a class, and its `run` if it derives from `WorkflowEntrypoint`."""
    for method in statements(owner.body):
        if not isinstance(method, cst.FunctionDef):
            continue
        if method.name.value.startswith("__"):
            index.special_methods[owner.name.value].append(method)
        elif method.name.value == RUN and any(map(is_entrypoint, owner.bases)):
            index.entries.add(id(method))


def is_step_declaration(expression: cst.CSTNode) -> bool:
    """Return whether an expression is a call such as `step.do("charge")`."""
    match expression:
        case cst.Call(func=cst.Attribute(attr=cst.Name("do"))):
            return True
        case _:
            return False


class _ScopeReader:
    """Adds the statements of a function, class or module to an index."""

    def __init__(
        self,
        index: WriteIndex,
        module: SourceModule,
        scope: cst.FunctionDef | cst.ClassDef | None,
        aliases: LocalAliases,
    ) -> None:
        function = scope if isinstance(scope, cst.FunctionDef) else None
        self._index = index
        self._is_class = isinstance(scope, cst.ClassDef)
        self._module = module
        self._function = function
        self._position = 0
        self._statement: cst.CSTNode = module.tree
        self._called: set[int] = set()
        """The identities of the names in calls."""
        self._aliases = aliases
        """The expressions with the objects that variables of the scope may share."""
        self._shared_names = aliases.shared_names()
        """The variables whose objects others may share."""
        self._reads = set[str]() if function is None else index.reads.setdefault(id(function), set())
        self._read_here = set[str]()
        """The locations that the current statement reads."""
        bindings = bindings_of(module.tree if scope is None else scope, module)
        self._shared = {*bindings.globals, *bindings.nonlocals}
        self._bound = frozenset(bindings.binders) - self._shared
        owner = None if function is None else module.scope_around(function)
        is_initializer = function is not None and function.name.value in INITIALIZERS
        self._initialized = owner.name.value if is_initializer and isinstance(owner, cst.ClassDef) else ""
        """The class whose initializer is read, or an empty string."""
        self._parameters = () if function is None else [each.name.value for each in parameters(function.params)]

    def read(self, statement: cst.CSTNode, heads: Sequence[cst.CSTNode]) -> None:
        """Add a statement with its own expressions."""
        self._position += 1
        self._statement = statement
        event = CodeEvent(self._function, self._position, statement, self._module)
        self._read_here = set[str]()
        written: dict[str, None] = {}
        if type(statement) is cst.ClassDef and statement.bases:
            written[SUBCLASSES] = None
        for target in assigned_targets(statement):
            written |= dict.fromkeys(self._locations(target, is_part=False))
            self._share(target, statement)
        if may_change_in_place(statement):
            written |= dict.fromkeys(self._changed_in_place(statement))
        for head in heads:
            for node in self._nodes(head):
                if type(node) not in _READING_NODES:
                    continue
                self._refer(node, event)
                is_statement = isinstance(statement, cst.Expr) and statement.value is node
                for mutated in chain(_mutated(node, is_statement=is_statement), self._mutated_by_alias(node)):
                    written |= dict.fromkeys(self._locations(mutated, is_part=True))
        self._reads |= self._read_here
        for location in written:
            write = CodeEvent(self._function, self._position, statement, self._module, reads=frozenset(self._read_here))
            self._index.writes[location].append(write)

    def _share(self, target: cst.CSTNode, statement: cst.CSTNode) -> None:
        """Add an attribute that shares the object of a variable."""
        match target, statement:
            case cst.Attribute(attr=cst.Name(attribute)), cst.Assign(value=cst.Name(name)) | cst.AnnAssign(
                value=cst.Name(name)
            ):
                self._index.shared[name].add(attribute)
                if self._initialized and name in self._parameters:
                    self._index.shared[self._initialized].add(attribute)

    def _changed_in_place(self, statement: cst.CSTNode) -> Iterator[str]:
        """Yield the locations of the collection that the operator of an assignment to a variable may change."""
        for target in assigned_targets(statement):
            match target:
                case cst.Name(name) if name in self._shared_names or name in self._parameters:
                    yield from self._locations(target, is_part=True)
                case cst.Name(name):
                    for each in chain.from_iterable(self._aliases.of(name)):
                        yield from self._locations(each, is_part=True)

    def _mutated_by_alias(self, node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
        """Yield the object whose method a call may run by a variable, as in `add = items.append`."""
        match node:
            case cst.Call(func=cst.Name(name)):
                yield from (each.value for each in self._aliases.attributes_of(name) if each.attr.value in _MUTATORS)

    def register(self, definition: cst.FunctionDef | cst.ClassDef) -> None:
        """Add the calls that a definition implies, and writes of objects whose methods decorate it.

        An example of such a method is `@handlers.register`.
        """
        event = CodeEvent(self._function, self._position, definition, self._module)
        for name, call in implied_calls(definition, self._index.with_metaclass):
            self._index.references[name].append(replace(event, call=call))
        for decorator in (each.decorator for each in definition.decorators):
            called = decorator.func if isinstance(decorator, cst.Call) else decorator
            if isinstance(called, cst.Attribute) and not is_step_declaration(decorator):
                for location in self._locations(called.value, is_part=True):
                    self._index.writes[location].append(event)

    def _nodes(self, head: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the nodes of an expression, except the functions that run as steps."""
        pending = [head]
        while pending:
            node = pending.pop()
            yield node
            if isinstance(node, cst.Call) and is_step_declaration(node.func):
                pending.append(node.func)
                self._index.steps.update(filter(None, (last_name(each.value) for each in node.args)))
            else:
                pending += reversed(_read_children(node))

    def _refer(self, node: cst.CSTNode, event: CodeEvent) -> None:
        self._read_here.update(_locations_of(node))
        match node:
            case cst.Call(func=cst.Attribute(value=cst.Call(func=cst.Name("super")), attr=cst.Name("run"))):
                self._index.calls_base_run = True
            case cst.Call(func=cst.Attribute(attr=cst.Name("run")), args=[cst.Arg(cst.Name("self")), *_]):
                self._index.calls_base_run = True
        match node:
            case cst.Call(func=cst.Name(name) | cst.Attribute(attr=cst.Name(name)), args=arguments):
                called = CodeEvent(event.function, event.position, event.statement, event.module, node)
                self._index.references[name].append(called)
                self._called.add(id(node.func))
                for argument in arguments:
                    self._pass(argument.value, name, called)
            case cst.Name(name) | cst.Attribute(attr=cst.Name(name)) if id(node) not in self._called:
                self._index.references[name].append(event)

    def _pass(self, argument: cst.BaseExpression, called: str, event: CodeEvent) -> None:
        if isinstance(argument, cst.Name | cst.Attribute):
            self._index.passed[last_name(argument)].add(called)
        if isinstance(argument, cst.Name):
            self._index.arguments[id(self._function), argument.value].append((called, event))
            if self._function is not None and argument.value in self._parameters:
                self._index.passing[called].append((self._function.name.value, argument.value, event.call))

    def _locations(self, target: cst.CSTNode, *, is_part: bool) -> Iterator[str]:
        """Yield the locations that a write to a target, or to a part of it, changes, with the objects around it."""
        pending = [(target, is_part, "")]
        visited: set[tuple[str | int, str]] = set()
        while pending:
            node, is_part, attribute = pending.pop()
            match node:
                case cst.Name(name) if (name, attribute) not in visited:
                    visited.add((name, attribute))
                    if self._is_class and name in self._bound:
                        yield f"{CLASS_MEMBER}{name}"
                    if is_part and name in self._parameters[:1] and name in {"self", "cls"}:
                        continue
                    if is_part and name in self._parameters and self._function is not None:
                        for called in filter(None, (self._function.name.value, self._initialized)):
                            self._index.mutators.add((called, name, attribute))
                    is_local = self._function is not None and name in self._bound
                    if name in self._shared or (is_part and not is_local):
                        yield name
                    elif is_part:
                        self._index.objects[id(self._function), name].append((self._statement, attribute))
                    for objects in self._aliases.of(name) if is_part else ():
                        if (id(objects), attribute) not in visited:
                            visited.add((id(objects), attribute))
                            pending += ((each, True, attribute) for each in objects)
                case cst.Attribute(value=value, attr=cst.Name(name)):
                    yield ANY_ATTRIBUTE if name == "__dict__" else f".{name}"
                    if is_part:
                        yield f"{PART_OF}{name}"
                    pending.append((value, True, "" if name == "__dict__" else name))
                case cst.Call(func=cst.Name("vars")):
                    yield ANY_ATTRIBUTE
                case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(method)), args=arguments) if (
                    method in _ATTRIBUTE_SETTERS
                ):
                    named = _named_attributes(arguments) or _named_attributes([cst.Arg(value), *arguments])
                    yield from named or [ANY_ATTRIBUTE]
                case cst.Subscript(value=value) | cst.Call(func=cst.Attribute(value=value)):
                    pending.append((value, True, ""))
                case cst.Call(func=cst.Name("setattr" | "delattr"), args=[owner, *_] as arguments):
                    yield from _named_attributes(arguments) or [ANY_ATTRIBUTE]
                    pending.append((owner.value, True, ""))


def locations_in(expression: cst.CSTNode, replaced: Collection[int] = ()) -> Iterator[str]:
    """Yield the variables and attributes that an expression reads, except in nodes whose identities are `replaced`."""
    pending = [expression]
    while pending:
        node = pending.pop()
        if replaced and id(node) in replaced:
            continue
        yield from _locations_of(node) if type(node) in _READING_NODES else ()
        pending += _read_children(node)


def _read_children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """Return the children of a node, without the names of attributes and keywords."""
    if type(node) is cst.Attribute or type(node) is cst.Arg:
        return [node.value]
    return children(node)


def _locations_of(node: cst.CSTNode) -> Iterator[str]:
    """Yield the variable or attributes that a node reads itself."""
    match node:
        case cst.Name(name):
            yield name
        case cst.Attribute(value=cst.Call() | cst.Attribute(attr=cst.Name("__class__")), attr=cst.Name(name)):
            yield from (f".{name}", f"{CLASS_MEMBER}{name}")
        case cst.Attribute(attr=cst.Name(name)):
            yield f".{name}"
        case cst.Call(func=cst.Name("getattr" | "hasattr"), args=arguments):
            yield from _named_attributes(arguments)
        case cst.Call(func=cst.Name(called) | cst.Attribute(attr=cst.Name(called)), args=arguments) if (
            called in _ATTRIBUTE_GETTERS
        ):
            yield from _named_attributes([cst.Arg(cst.Name(called)), *arguments])


def _named_attributes(arguments: Sequence[cst.Arg]) -> list[str]:
    """Return the locations of the attribute that a call such as `getattr(order, "total")` names, if it is a string."""
    match arguments:
        case [_, cst.Arg(value=literal), *_] if (name := string_of(literal)) is not None:
            return [f".{name}", f"{CLASS_MEMBER}{name}"]
        case _:
            return []


def heads_of(statement: cst.CSTNode) -> list[cst.CSTNode]:
    """Return a small statement, or the parts of a compound statement outside of its blocks."""
    match statement:
        case cst.If(test=test) | cst.While(test=test):
            return [test]
        case cst.For(target=target, iter=iterable):
            return [target, iterable]
        case cst.With(items=items):
            return [*items]
        case cst.Match(subject=subject):
            return [subject]
        case _:
            return [] if any(True for _ in suites(statement)) else [statement]


def _mutated(node: cst.CSTNode, *, is_statement: bool) -> Iterator[cst.CSTNode]:
    """Yield the expressions whose objects a call may mutate. A call that is a statement has a method with effects."""
    if type(node) is not cst.Call:
        return
    match node:
        case cst.Call(func=cst.Name("setattr" | "delattr")):
            yield node
        case cst.Call(args=[cst.Arg(cst.Name("setattr" | "delattr") as function), *passed]):
            yield cst.Call(function, passed)
        case cst.Call(func=cst.Attribute(value=cst.Attribute(attr=cst.Name(owner)))) if owner in _IDLE_OWNERS:
            return
        case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(method)), args=arguments):
            if method in _ATTRIBUTE_SETTERS:
                yield node
            elif method in _MUTATORS or (is_statement and method not in LOG_METHODS):
                yield value
            elif method in _ARGUMENT_MUTATORS:
                yield from (each.value for each in arguments[:1])
        case cst.Call(func=cst.Name(function), args=arguments) if function in _ARGUMENT_MUTATORS:
            yield from (each.value for each in arguments[:1])
