"""Attributes that a module may change during its import, in statements outside functions or in called functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.deferred.blocks import may_contain, sketch_of
from stepgraph.syntax.deferred.unvisited import FactsByName, UnvisitedBodies
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import ANY_NAME, NAMESPACES, attribute_targets, name_of_owner
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, mutated_values
from stepgraph.syntax.walk import expressions_below, statements, statements_below, suites

_NAMESPACE_CHANGES: Final = COLLECTION_MUTATORS | {"__setitem__", "__delitem__"}
_ATTRIBUTE_CALLS: Final = ("setattr", "delattr", "__setattr__", "__delattr__")
_NAMESPACE_OWNERS: Final = ("globals", "vars", "locals", "__dict__")
_ITEM_CHANGES: Final = ("setitem", "delitem", "__setitem__", "__delitem__", "pop", "setdefault")
"""Functions that change one key of a dict, as in `operator.setitem(vars(shop), "save", store)`."""
_NAMESPACE_READERS: Final = frozenset(
    {
        *("all", "any", "append", "bool", "chain", "ChainMap", "contains", "copy", "debug", "deepcopy"),
        *("dict", "dir", "dumps", "enumerate", "error", "exception", "filter", "format", "fromkeys", "frozenset"),
        *("get", "getitem", "hash", "id", "info", "isinstance", "items", "iter", "keys", "len", "list"),
        *("map", "MappingProxyType", "max", "min", "next", "pformat", "pprint", "print", "repr", "reversed"),
        *("set", "sorted", "str", "sum", "tuple", "type", "update", "values", "warning", "write", "zip"),
    }
)
"""Functions that do not change a namespace dict in their arguments."""
_BINDINGS: Final = ("class", "import", *_NAMESPACE_OWNERS)
"""Words to search for: each statement that defines a class, imports a name or names a namespace has one."""
_INDIRECT_WORDS: Final = (*_NAMESPACE_OWNERS, *_ATTRIBUTE_CALLS, "exec", "patch")
"""Words to search for: each statement that changes an attribute by a call or in an unnamed namespace dict has one."""


class ImportWrite(Struct, frozen=True):
    """A statement that changes an attribute."""

    name: str
    """The name of the attribute, or `ANY_NAME` if the name is computed."""
    owner: str
    """The last component of the name of a module or class; empty for other objects and for the module itself."""
    is_object: bool
    """Whether the owner is the result of a call, so it is neither a module nor a class."""
    is_indirect: bool
    """Whether the statement changes the attribute by a call such as `setattr`, or in a namespace dict."""
    own_module: SourceModule | None
    """The module with the statement if it is the owner; None for another owner."""
    statement: int
    """The `id` of the enclosing statement of the module body, or 0 for `locals()` and `exec`."""
    function: str | None
    """The innermost function that contains the statement; None outside functions."""


class ImportCalls(Struct, frozen=True):
    """The names that a module calls or uses as decorators."""

    at_import: Mapping[str, frozenset[int]]
    """The names called outside functions, each with the `id`s of the calling statements of the module body."""
    by_function: Mapping[str, frozenset[str]]
    """The names called in functions, by the name of the innermost function."""


class _WritingBlock(Struct, frozen=True):
    """A block, with its enclosing function and statement of the module body."""

    body: cst.BaseSuite | cst.Module
    statement: int = 0
    """The `id` of the statement of the module body, or 0 in the module body."""
    function: cst.FunctionDef | None = None
    receiver: str | None = None
    """The first parameter of the enclosing method."""
    created: frozenset[str] = frozenset()
    """The names of the objects and functions that the enclosing function creates."""
    in_class: bool = False
    """Whether functions in the block are methods."""


class ImportWrites(Struct):
    """The attribute changes of a module, except those of `self` and of objects that their function creates."""

    _writes: FactsByName[_WritingBlock, ImportWrite]
    """The changes by the name of the attribute."""
    _indirect_words: tuple[str, ...]
    """Words to search for: each statement that changes an attribute by a call or in a namespace dict has one."""

    def of(self, attribute: str) -> Collection[ImportWrite]:
        """Return the changes of an attribute, or those by computed names for `ANY_NAME`."""
        words = () if attribute == ANY_NAME else (f".{attribute}",)
        return self._writes.about(attribute, (*self._indirect_words, *words))

    def all(self) -> Mapping[str, Collection[ImportWrite]]:
        """Return all changes, by the name of the attribute."""
        return self._writes.all()


def import_writes(module: SourceModule) -> ImportWrites:
    """Return the attribute changes of a module."""
    search = _Writes(module)
    writes = FactsByName(UnvisitedBodies[_WritingBlock](module), search.writes_below)
    for node, region in _all_statements(_WritingBlock(module.tree), writes.unvisited):
        writes.add(search.writes_of(node, region))
    return ImportWrites(writes, (*_INDIRECT_WORDS, *search.namespaces))


def _all_statements(
    root: _WritingBlock, unvisited: UnvisitedBodies[_WritingBlock] | None = None, words: Sequence[str] = ()
) -> Iterator[tuple[cst.CSTNode, _WritingBlock]]:
    """Yield each statement in a region, including those in functions and classes, with its innermost region.

    With `unvisited`, deferred bodies are added to it. With `words`, bodies that are not parsed yet and contain none of
    the words are skipped.
    """
    pending = [root]
    while pending:
        block = pending.pop()
        if block.function is not None and block.body is block.function.body:
            block = replace(block, created=block.created.union(_created_names(block.function)))
        for node in statements(sketch_of(block.body)):
            region = block if block.statement else replace(block, statement=id(node))
            yield node, region
            for suite in suites(node):
                inner = _region_in(suite, node, region)
                is_skipped = words and not may_contain(suite, words)
                if not is_skipped and (unvisited is None or not unvisited.defer(suite, inner)):
                    pending.append(inner)


def _region_in(suite: cst.BaseSuite, node: cst.CSTNode, outer: _WritingBlock) -> _WritingBlock:
    """Return the region of a block of a statement."""
    if type(node) is not cst.FunctionDef:
        return replace(outer, body=suite, in_class=type(node) is cst.ClassDef or outer.in_class)
    receiver = _first_parameter(node) if outer.in_class else outer.receiver
    return replace(outer, body=suite, function=node, receiver=receiver, in_class=False)


def _first_parameter(node: cst.FunctionDef) -> str | None:
    parameters = (*node.params.posonly_params, *node.params.params)
    return parameters[0].name.value if parameters else None


def _created_names(function: cst.FunctionDef) -> Iterator[str]:
    """Yield the names that a function binds to new objects, as in `app = App()`, or to functions."""
    pending = [statements(sketch_of(function.body))]
    while pending:
        for node in pending.pop():
            if type(node) is cst.FunctionDef:
                yield node.name.value
                continue
            if type(node) is cst.Assign:
                yield from _new_objects(node)
            pending += [statements(suite) for suite in suites(node)]


def _new_objects(node: cst.Assign) -> Iterator[str]:
    """Yield the variable to which a statement assigns a new object, as in `order = Order()`."""
    match node:
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name(value=name))],
            value=cst.Call(func=cst.Name(value=called)),
        ) if called[:1].isupper():
            yield name


# The types of statements that name modules, classes and namespaces. Class patterns are slow for the many others.
_NAMING_STATEMENTS: Final = frozenset([cst.Assign, cst.ClassDef, cst.Import, cst.ImportFrom])


class _Namespace(Struct, frozen=True):
    """The dict of the attributes of an object."""

    owner: cst.BaseExpression | None
    """The object; None for the module itself."""


class _WrittenAttribute(Struct, frozen=True):
    """A change of an attribute."""

    owner: cst.BaseExpression | None
    """The object; None for the module itself."""
    name: str
    """The name of the attribute, or `ANY_NAME` if it is unknown."""
    is_indirect: bool = True
    """Whether the change is not an assignment or deletion of `owner.name`."""


class _Writes:
    """Finds the attribute changes in the statements of a module."""

    def __init__(self, module: SourceModule) -> None:
        self.module = module
        self.owner_names: dict[str, str] = {}
        self.results = FactsByName(UnvisitedBodies[None](module), _results_below)
        self.results.add(_results_in(module.tree, self.results.unvisited))
        self.namespaces: dict[str, cst.BaseExpression] = {}
        words = (*(name.encode() for name in _ATTRIBUTE_CALLS), *NAMESPACES)
        self.has_calls = any(map(module.mentions, words))
        for node, _ in _all_statements(_WritingBlock(module.tree), words=_BINDINGS):
            self._bind(node)

    def _bind(self, node: cst.CSTNode) -> None:
        if type(node) not in _NAMING_STATEMENTS:
            return
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                if _namespace_of(value) is not None:
                    self.namespaces[name] = value
            case cst.Import() | cst.ImportFrom() if not isinstance(node.names, cst.ImportStar):
                self.owner_names |= {import_binding(alias): alias.evaluated_name for alias in node.names}
            case cst.ClassDef(name=cst.Name(value=name)):
                self.owner_names[name] = name

    def writes_below(self, _: cst.BaseSuite, region: _WritingBlock) -> Iterator[tuple[str, ImportWrite]]:
        """Yield the attribute changes of the statements in a region, each with the name of the attribute."""
        for node, inner in _all_statements(region):
            yield from self.writes_of(node, inner)

    def writes_of(self, node: cst.CSTNode, region: _WritingBlock) -> Iterator[tuple[str, ImportWrite]]:
        """Yield the attribute changes of a statement, each with the name of the attribute."""
        direct = (_WrittenAttribute(owner, name, is_indirect=False) for owner, name in attribute_targets(node))
        changes = (*direct, *self._mutations(node), *self._calls(node), *self._passed_namespaces(node))
        for change in changes:
            owner, name = change.owner, change.name
            if isinstance(owner, cst.Name) and (owner.value == region.receiver or owner.value in region.created):
                continue
            is_local = owner is not None and _is_local_namespace(owner)
            if is_local and region.function is not None:
                continue
            statement = 0 if is_local else region.statement
            is_object = isinstance(owner, cst.Name) and bool(self.results.about(owner.value))
            function = None if region.function is None else region.function.name.value
            owner_name = "" if owner is None else name_of_owner(owner, self.owner_names)
            own_module = self.module if owner is None else None
            yield (
                name,
                ImportWrite(
                    name=name,
                    owner=owner_name,
                    is_object=is_object,
                    is_indirect=change.is_indirect,
                    own_module=own_module,
                    statement=statement,
                    function=function,
                ),
            )

    def _mutations(self, node: cst.CSTNode) -> Iterator[_WrittenAttribute]:
        for written in mutated_values(node):
            value = self.namespaces.get(written.value, written) if isinstance(written, cst.Name) else written
            namespace = _namespace_of(value)
            if namespace is not None:
                yield _WrittenAttribute(namespace.owner, _literal_key(node) or ANY_NAME)
            elif isinstance(value, cst.Attribute):
                yield _WrittenAttribute(value.value, value.attr.value, is_indirect=False)

    def _calls(self, node: cst.CSTNode) -> Iterator[_WrittenAttribute]:
        for inner in _evaluated_expressions(node) if self.has_calls else ():
            match inner:
                case (
                    cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value="__setattr__")), args=[name, _])
                    | cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value="__delattr__")), args=[name])
                ):
                    yield _WrittenAttribute(value, _literal(name.value) or ANY_NAME)
                case cst.Call(
                    func=cst.Name(value=called) | cst.Attribute(attr=cst.Name(value=called)), args=[owner, name, *_]
                ) if called in _ATTRIBUTE_CALLS:
                    yield _WrittenAttribute(owner.value, _literal(name.value) or ANY_NAME)
                case cst.Call(
                    func=cst.Attribute(value=patch, attr=cst.Name(value="object")), args=[owner, name, *_]
                ) if _is_patch(patch):
                    yield _WrittenAttribute(owner.value, _literal(name.value) or ANY_NAME)
                case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value=method))) if (
                    method in _NAMESPACE_CHANGES and (namespace := _namespace_of(value)) is not None
                ):
                    yield _WrittenAttribute(namespace.owner, ANY_NAME)
                case cst.Call(func=cst.Name(value="exec"), args=[_, *namespaces]) if not namespaces or isinstance(
                    namespaces[0].value, cst.Call
                ):
                    yield _WrittenAttribute(inner, ANY_NAME)
                case cst.Call(func=patch, args=[target, *_]) if _is_patch(patch):
                    yield _WrittenAttribute(target.value, (_literal(target.value) or ANY_NAME).rsplit(".", 1)[-1])

    def _passed_namespaces(self, node: cst.CSTNode) -> Iterator[_WrittenAttribute]:
        """Yield the attributes that a function may change in the namespace dict of another object."""
        for inner in _evaluated_expressions(node) if self.has_calls else ():
            if not isinstance(inner, cst.Call) or last_name(inner.func) in _NAMESPACE_READERS:
                continue
            for argument in inner.args:
                namespace = None if argument.star else _namespace_of(argument.value)
                owner = None if namespace is None else namespace.owner
                if owner is not None and not _is_local_namespace(owner):
                    yield _WrittenAttribute(owner, _item_key(inner, argument) or ANY_NAME)


def _item_key(call: cst.Call, namespace: cst.Arg) -> str | None:
    """Return the constant key in `operator.setitem(namespace, "key", value)`, or None for other calls."""
    is_change = last_name(call.func) in _ITEM_CHANGES and len(call.args) > 1 and call.args[0] is namespace
    return _literal(call.args[1].value) if is_change else None


def _results_below(body: cst.BaseSuite, _: None) -> Iterator[tuple[str, None]]:
    return _results_in(body)


def _results_in(
    block: cst.Module | cst.BaseSuite, unvisited: UnvisitedBodies[None] | None = None
) -> Iterator[tuple[str, None]]:
    """Yield the names that the module and its classes bind to objects that a call returns.

    With `unvisited`, add the deferred bodies of classes to it.
    """
    pending = [block]
    while pending:
        for statement in statements_below(pending.pop(), sketched=True):
            if type(statement) is cst.ClassDef:
                if unvisited is None or not unvisited.defer(statement.body, None):
                    pending.append(statement.body)
            elif type(statement) is cst.Assign and type(statement.value) is cst.Call and len(statement.targets) == 1:
                target, call = statement.targets[0].target, statement.value
                if type(target) is cst.Name and _namespace_of(call) is None and not _may_give_module(call):
                    yield target.value, None


def _evaluated_expressions(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the expressions in a simple statement or in the decorators of a definition, including those in lambdas."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        for decorator in node.decorators:
            yield from expressions_below(decorator.decorator, into_lambdas=True)
    elif isinstance(node, cst.BaseSmallStatement):
        yield from expressions_below(node, into_lambdas=True)


def _is_patch(node: cst.BaseExpression) -> bool:
    """Return whether an expression is the name of `unittest.mock.patch`."""
    return last_name(node) == "patch"


def _may_give_module(call: cst.Call) -> bool:
    return last_name(call.func) in ("", "import_module", "__import__", "getattr")


def _namespace_of(value: cst.BaseExpression) -> _Namespace | None:
    """Return the namespace that an expression such as `vars(owner)` evaluates to, or None for other expressions."""
    match value:
        case cst.Call(func=cst.Name(value="globals")) | cst.Call(func=cst.Name(value="vars"), args=[]):
            return _Namespace(None)
        case cst.Call(func=cst.Name(value="locals")):
            return _Namespace(value)
        case cst.Call(func=cst.Name(value="vars"), args=[owner]):
            return _Namespace(owner.value)
        case cst.Attribute(value=owner_value, attr=cst.Name(value="__dict__")):
            return _Namespace(owner_value)
        case _:
            return None


def _is_local_namespace(owner: cst.BaseExpression) -> bool:
    """Return whether an owner is `locals()` or a call of `exec`, which may bind names in the enclosing body."""
    match owner:
        case cst.Call(func=cst.Name(value="locals" | "exec")):
            return True
        case _:
            return False


def _literal_key(node: cst.CSTNode) -> str | None:
    """Return the constant key in `namespace["key"] = value` or `del namespace["key"]`, or None if there is none."""
    match node:
        case (
            cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript(slice=[element]))])
            | cst.Del(target=cst.Subscript(slice=[element]))
        ) if isinstance(element.slice, cst.Index):
            return _literal(element.slice.value)
        case _:
            return None


def _literal(node: cst.BaseExpression) -> str | None:
    return str(node.raw_value) if isinstance(node, cst.SimpleString) else None


def import_calls(module: SourceModule) -> ImportCalls:
    """Return the names that a module calls while it is imported, and the names that its functions call."""
    at_import: dict[str, set[int]] = {}
    by_function: dict[str, set[str]] = {}
    for node, region in _all_statements(_WritingBlock(module.tree)):
        for name in filter(None, _called_names(node)):
            if region.function is None:
                at_import.setdefault(name, set()).add(region.statement)
            else:
                by_function.setdefault(region.function.name.value, set()).add(name)
    return ImportCalls(
        {name: frozenset(callers) for name, callers in at_import.items()},
        {name: frozenset(called) for name, called in by_function.items()},
    )


def _called_names(node: cst.CSTNode) -> Iterator[str]:
    """Yield the last component of each name that a statement calls, empty for calls of other expressions.

    Only decorators, expression statements, assignments and `return` count.
    """
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        for decorator in node.decorators:
            called = decorator.decorator
            yield last_name(called.func if isinstance(called, cst.Call) else called)
    elif isinstance(node, cst.Expr | cst.Return | cst.Assign | cst.AnnAssign):
        for inner in expressions_below(node):
            if isinstance(inner, cst.Call):
                yield last_name(inner.func)


def callers_at_import(modules: Iterable[ImportCalls]) -> dict[str, frozenset[int]]:
    """Return, by function name, the statements of module bodies that may run a function."""
    callers: dict[str, frozenset[int]] = {}
    called_by: dict[str, set[str]] = {}
    for calls in modules:
        for name, callers_of_name in calls.at_import.items():
            callers[name] = callers.get(name, frozenset()) | callers_of_name
        for name, called in calls.by_function.items():
            called_by.setdefault(name, set()).update(called)
    pending = list(callers)
    while pending:
        name = pending.pop()
        for called_name in called_by.get(name, ()):
            combined = callers.get(called_name, frozenset()) | callers[name]
            if combined != callers.get(called_name):
                callers[called_name] = combined
                pending.append(called_name)
    return callers
