"""Calls and statements that mutate collections: the lists, sets and dicts bound to names.

The tables group functions and methods by their effect on collections. They list the last component of each name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.deferred.unvisited import FactsByName, UnvisitedBodies
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.step_methods import STEP_METHODS
from stepgraph.syntax.walk import all_nodes, assigned_targets, expressions_below, statements_below

COLLECTION_MUTATORS: Final = frozenset(
    [
        *("add", "append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort", "update"),
        *("appendleft", "extendleft", "popleft", "rotate"),
        *("difference_update", "discard", "intersection_update", "symmetric_difference_update"),
        *("move_to_end", "popitem", "subtract"),
    ]
)
"""Methods of lists, deques, sets and dicts that mutate the collection."""
MUTATING_FUNCTIONS: Final = frozenset(
    [
        *("heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left", "insort_right"),
        *("delitem", "iadd", "ior", "setitem", "shuffle"),
    ]
)
"""Functions of the standard library that mutate an argument."""
SPECIAL_MUTATORS: Final = frozenset(
    ["__delitem__", "__iadd__", "__iand__", "__imul__", "__ior__", "__isub__", "__ixor__", "__setitem__"]
)
"""Special methods that mutate their collection, like the methods in `COLLECTION_MUTATORS`."""
COPYING_CALLS: Final = frozenset(
    [
        *("copy", "deque", "dict", "filter", "frozenset", "iter", "list", "map", "reversed", "set", "sorted", "tuple"),
        *("to_js", "values"),
    ]
)
"""Calls that return a new collection with the elements of another one."""
WORKFLOW_STARTS: Final = frozenset(["create", "create_batch", "createBatch"])
"""Methods of the binding of a workflow that start instances."""
PAIRING_CALLS: Final = frozenset(["enumerate", "items", "zip"])
"""Calls that return a new collection of tuples of elements."""
EXTENDING_METHODS: Final = frozenset(["extend", "extendleft", "update"])
"""Methods that add the elements of a collection to another one."""
ELEMENT_METHODS: Final = frozenset(["get", "pop", "popitem", "popleft", "setdefault", "__getitem__"])
"""Methods that return an element."""
LOG_METHODS: Final = frozenset(["critical", "debug", "error", "exception", "info", "log", "warn", "warning"])
"""The methods of loggers and of JavaScript's `console`."""
LOGGER_NAMES: Final = frozenset(["LOG", "LOGGER", "_log", "_logger", "log", "logger", "logging"])
"""The usual names of loggers."""
READING_CALLS: Final = frozenset(
    [
        *("all", "any", "bool", "count", "float", "format", "hash", "id", "index", "int", "isinstance", "issubclass"),
        *("join", "len", "max", "min", "print", "range", "repr", "str", "sum", "type"),
        *LOG_METHODS,
        *("deepcopy", "dump", "dumps", "loads"),
        *STEP_METHODS,
    ]
)
"""Calls that keep no reference to their arguments."""


def is_log_call(expression: cst.BaseExpression) -> bool:
    """Return whether an expression only prints or logs its arguments."""
    if type(expression) is not cst.Call:
        return False
    function = expression.func
    if type(function) is cst.Name:
        return function.value == "print"
    return type(function) is cst.Attribute and function.attr.value in LOG_METHODS


def mutated_names(statement: cst.CSTNode) -> Iterator[str]:
    """Yield the names whose collections a statement mutates, as in `A["k"] = 1` and `A.update(...)`."""
    return (value.value for value in mutated_values(statement) if isinstance(value, cst.Name))


def mutated_values(statement: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the expressions whose collections a statement mutates."""
    if type(statement) is cst.Expr:
        call = statement.value
        if type(call) is cst.Call and type(call.func) is cst.Attribute and call.func.attr.value in COLLECTION_MUTATORS:
            yield from _self_and_owners(call.func.value)
        return
    for target in assigned_targets(statement):
        if type(target) is cst.Subscript:
            yield from _self_and_owners(target.value)


def _self_and_owners(value: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield an expression and the collections that contain its value, such as `D` for `D.setdefault("k", [])`."""
    yield value
    while True:
        match value:
            case (
                cst.Subscript(value=owner)
                | cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value="get" | "pop" | "setdefault")))
            ):
                yield owner
                value = owner
            case _:
                return


_VALUE_STATEMENTS: Final = frozenset([cst.AnnAssign, cst.Assign, cst.Return])


def _values_mutated_in_expressions(statement: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the expressions whose collections an assigned or returned call mutates: `D` in `x = D.pop("k")`."""
    if type(statement) not in _VALUE_STATEMENTS:
        return
    match statement:
        case cst.Assign(value=value) | cst.Return(value=value) | cst.AnnAssign(value=value) if type(value) is cst.Call:
            yield from mutated_values(cst.Expr(value))


_Definition: TypeAlias = cst.FunctionDef | cst.ClassDef


def names_mutated_in_functions(module: SourceModule) -> FactsByName[_Definition, None]:
    """Return the names of variables and attributes whose collections the functions of a module mutate."""
    names = FactsByName(UnvisitedBodies[_Definition](module), _names_mutated_below)
    names.add(_names_mutated_in_functions(module.tree, names.unvisited))
    return names


def may_mutate_in_functions(module: SourceModule, name: str) -> bool:
    """Return whether a function of a module mutates the collection of a variable or attribute."""
    return bool(module.once(names_mutated_in_functions).about(name))


def _names_mutated_in_functions(
    block: cst.Module | cst.BaseSuite, unvisited: UnvisitedBodies[_Definition] | None = None
) -> Iterator[tuple[str, None]]:
    """Yield the names whose collections the functions in a block outside functions mutate.

    With `unvisited`, add deferred bodies to it, each with its function or class.
    """
    pending = [block]
    while pending:
        for statement in statements_below(pending.pop(), sketched=True):
            if type(statement) is not cst.FunctionDef and type(statement) is not cst.ClassDef:
                continue
            if unvisited is not None and unvisited.defer(statement.body, statement):
                continue
            if type(statement) is cst.FunctionDef:
                yield from _names_mutated_below(statement.body, statement)
            else:
                pending.append(statement.body)


def _names_mutated_below(body: cst.BaseSuite, definition: _Definition) -> Iterator[tuple[str, None]]:
    """Yield the names whose collections the functions in the body of a function or class mutate."""
    if isinstance(definition, cst.ClassDef):
        yield from _names_mutated_in_functions(body)
        return
    for statement in statements_below(body, into_functions=True, sketched=True):
        for value in (*mutated_values(statement), *_values_mutated_in_expressions(statement)):
            name = _mutated_name(value)
            if name is not None:
                yield name, None


def rebound_globals(module: SourceModule) -> frozenset[str]:
    """Return the names that functions or classes of a module declare `global`."""
    if not module.mentions(b"global"):
        return frozenset()
    declarations = (
        s
        for s in statements_below(module.tree, into_functions=True, sketched=True, words=("global",))
        if isinstance(s, cst.Global)
    )
    return frozenset(item.name.value for declaration in declarations for item in declaration.names)


def globals_of_classes(module: SourceModule) -> frozenset[str]:
    """Return the names that class bodies of a module declare `global`."""
    if not module.mentions(b"global"):
        return frozenset()
    classes = (
        s
        for s in statements_below(module.tree, into_functions=True, sketched=True, words=("global",))
        if isinstance(s, cst.ClassDef)
    )
    declarations = (
        s for node in classes for s in statements_below(node.body, sketched=True) if isinstance(s, cst.Global)
    )
    return frozenset(item.name.value for declaration in declarations for item in declaration.names)


def _mutated_name(value: cst.BaseExpression) -> str | None:
    match value:
        case cst.Name(value=name) | cst.Attribute(value=cst.Name(), attr=cst.Name(value=name)):
            return name
        case cst.Call(
            func=cst.Name(value="getattr"),
            args=[cst.Arg(value=cst.Name()), cst.Arg(value=literal), *_],
        ):
            return string_of(literal)
        case _:
            return None


def namespace_item(node: cst.Subscript) -> str | None:
    """Return the name whose value is an item of a namespace dict, as in `vars(module)["NAME"]`, or None."""
    match node:
        case cst.Subscript(
            value=cst.Call(func=cst.Name(value="vars" | "globals" | "locals"))
            | cst.Attribute(attr=cst.Name(value="__dict__")),
            slice=[cst.SubscriptElement(slice=cst.Index(value=literal))],
        ):
            return string_of(literal)
        case _:
            return None


_CONTEXT_BYTES: Final = 200
"""The number of bytes to examine before and after a namespace dict, to decide whether it is mutated."""
_EXEC_CALL: Final = b"exec("
_OWN_MODULE: Final = b"sys.modules[__name__]"
_OWN_MODULE_READ: Final = b"getattr(sys.modules[__name__]"
_MUTATING_CALLS: Final = (b".clear(", b".pop(", b".setdefault(", b".update(")


def may_bind_computed_names(module: SourceModule) -> bool:
    """Return whether a module may bind names without a binding statement: `globals()["NAME"] = 1`, `exec(...)`."""
    source = module.utf_8_source
    if any(_is_exec_call(source, end) for end in _occurrence_ends(source, _EXEC_CALL)):
        return True
    if any(not source.endswith(_OWN_MODULE_READ, 0, end) for end in _occurrence_ends(source, _OWN_MODULE)):
        return True
    if any(_is_mutated(source[end : end + _CONTEXT_BYTES]) for end in _occurrence_ends(source, b"locals()")):
        return True
    return _mutates_namespace(source, b"globals()") or _mutates_namespace(source, b"vars()")


def may_set_computed_attributes(module: SourceModule) -> bool:
    """Return whether a module may set attributes of computed names, as in `setattr(self, key, value)`."""
    source = module.utf_8_source
    namespaces = (b".__dict__", b"vars(", b"locals()")
    if b".__setattr__(" in source or any(_mutates_namespace(source, namespace) for namespace in namespaces):
        return True
    return any(_is_computed(source[end : end + _CONTEXT_BYTES]) for end in _occurrence_ends(source, b"setattr("))


def _is_exec_call(source: bytes, end: int) -> bool:
    """Return whether the `exec(` that ends at `end` calls the builtin, not a method or a longer name."""
    start = end - len(_EXEC_CALL)
    before = source[max(start - 1, 0) : start]
    return not (before.isalnum() or before in (b"_", b"."))


def _is_computed(arguments: bytes) -> bool:
    """Return whether the second argument is anything but a string literal."""
    parts = arguments.split(b",", 2)
    return len(parts) == 1 or not parts[1].lstrip().startswith((b'"', b"'"))


def _mutates_namespace(source: bytes, namespace: bytes) -> bool:
    """Return whether a namespace dict is mutated, or passed to code that may mutate it."""
    for end in _occurrence_ends(source, namespace):
        before = source[max(end - len(namespace) - _CONTEXT_BYTES, 0) : end - len(namespace)]
        after = source[end : end + _CONTEXT_BYTES]
        if namespace.endswith(b"("):
            after = after.partition(b")")[2]
        line = before.rsplit(b"\n", 1)[-1].rstrip()
        is_complete = not after.lstrip(b" \t") or after.lstrip(b" \t").startswith((b"\n", b"\r", b"#"))
        is_argument = line.endswith(b"(") and after.startswith((b",", b")")) and namespace.endswith(b"()")
        if _is_mutated(after) or is_argument or (is_complete and b"=" in line and not line.endswith((b"==", b" in"))):
            return True
    return False


def _is_mutated(after: bytes) -> bool:
    """Return whether the source after a namespace dict mutates the dict: `["k"] = x`, `.update(...)`, `|= x`."""
    if after.startswith(b"["):
        after = after.partition(b"]")[2]
    elif after.startswith(_MUTATING_CALLS):
        return True
    operator = after.lstrip(b" \t")
    return operator.startswith((b"=", b"+=", b"|=")) and not operator.startswith(b"==")


def _occurrence_ends(source: bytes, word: bytes) -> Iterator[int]:
    """Yield the end offset of each occurrence of a word in a source."""
    start = source.find(word)
    while start >= 0:
        yield start + len(word)
        start = source.find(word, start + len(word))


_FUNCTIONS: Final = frozenset({"getattr", "setattr", "delattr"})
_METHODS: Final = frozenset({"__setattr__", "__delattr__", "__getattribute__"})
_HOOKS: Final = frozenset({"__getattr__", *_METHODS})
"""The methods of a class that receive the names of attributes."""


def names_of_attributes(function: cst.FunctionDef, module: SourceModule) -> frozenset[str]:
    """Return the variables whose values a function, or a function in it, uses as attribute names, memoized.

    These are second arguments of `getattr`, `setattr` or `delattr`, collections that contain such an argument, keys of
    the `__dict__` of objects, arguments of calls such as `object.__setattr__(...)`, and the second parameter of such a
    special method.
    """
    if not module.once(_may_name_attributes):
        return frozenset()
    return module.once_for_code(function, _names_of_attributes)


def _names_of_attributes(function: cst.FunctionDef) -> frozenset[str]:
    return frozenset(_attribute_names(function))


def _may_name_attributes(module: SourceModule) -> bool:
    return any(module.mentions(name.encode()) for name in (*_FUNCTIONS, *_HOOKS, "__dict__", "vars"))


def _attribute_names(function: cst.FunctionDef) -> Iterator[str]:
    if function.name.value in _HOOKS:
        yield from (parameter.name.value for parameter in function.params.params[1:2])
    for statement in statements_below(function.body, into_functions=True):
        for node in expressions_below(statement):
            # Each pattern would test the type of the node again, which is slow for nodes of LibCST.
            match node if type(node) is cst.Call or type(node) is cst.Subscript else None:
                case cst.Call(func=cst.Name(value=called), args=[_, cst.Arg(value=cst.Name(value=name)), *_]) if (
                    called in _FUNCTIONS
                ):
                    yield name
                case cst.Call(
                    func=cst.Name(value=called), args=[_, cst.Arg(value=cst.Subscript(value=cst.Name(value=name))), *_]
                ) if called in _FUNCTIONS:
                    yield name
                case cst.Call(func=cst.Attribute(attr=cst.Name(value=called)), args=args) if called in _METHODS:
                    yield from (argument.value.value for argument in args[:2] if isinstance(argument.value, cst.Name))
                case cst.Subscript(
                    value=cst.Attribute(attr=cst.Name(value="__dict__")) | cst.Call(func=cst.Name(value="vars")),
                    slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=name)))],
                ):
                    yield name


def names_of_keys(function: cst.FunctionDef, module: SourceModule) -> frozenset[str]:
    """Return the variables that a function, or a function in it, uses as keys of collections, memoized.

    An async function has none, because the graph shows it once for all keys.
    """
    return frozenset() if function.asynchronous is not None else module.once_for_code(function, _names_of_keys)


def _names_of_keys(function: cst.FunctionDef) -> frozenset[str]:
    return frozenset(_key_names(function))


def _key_names(function: cst.FunctionDef) -> Iterator[str]:
    for node in all_nodes(function.body):
        match node:
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=name)))]):
                yield name
            case cst.DictElement(key=cst.Name(value=name)):
                yield name
            case cst.Call(
                func=cst.Attribute(attr=cst.Name(value=called)), args=[cst.Arg(value=cst.Name(value=name)), *_]
            ) if called in ELEMENT_METHODS:
                yield name
