"""Names bound by statements and parameters, detection of generators, and modules named by imports.

A name is a constant only if exactly one statement binds it, so the bindings of a body are collected before the
interpreter executes it. Each function is scanned at most once. Expressions are scanned only if the file contains `:=`
or `yield`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.deferred.blocks import may_contain
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import mutated_names
from stepgraph.syntax.walk import (
    ASSIGNING_TYPES,
    assigned_targets,
    children,
    expressions_below,
    self_and_statements_below,
    statements,
    statements_below,
    suites,
)

# Statement types that bind no names themselves.
_BINDLESS_TYPES: Final = frozenset(
    [cst.Assert, cst.Break, cst.Continue, cst.Expr, cst.If, cst.Pass, cst.Raise, cst.Return, cst.While]
)

_DECLARATIONS: Final = ("global", "nonlocal")
_BINDING_WORDS: Final = (b":=", b"yield", b"nonlocal", b"global")

# Statements and expressions that bind the value itself, not a part of it.
_CONSTANT_BINDERS: Final = frozenset([cst.AnnAssign, cst.Assign, cst.Import, cst.ImportFrom, cst.NamedExpr])

# Statements that keep the type of a name's value, or bind an exception.
_TYPE_KEEPING_BINDERS: Final = frozenset([cst.AugAssign, cst.Try, cst.TryStar])

_NO_NAMES: Final[frozenset[str]] = frozenset()

Owner: TypeAlias = cst.Module | cst.ClassDef | cst.FunctionDef | cst.Lambda


def type_parameters(scope: Owner) -> frozenset[str]:
    """Return the type parameters of a scope, as in `class Box[T]`."""
    if not isinstance(scope, cst.FunctionDef | cst.ClassDef) or scope.type_parameters is None:
        return _NO_NAMES
    return frozenset(each.param.name.value for each in scope.type_parameters.params)


class Bindings(Struct):
    """The bindings of one scope: a module, class, function or lambda."""

    binders: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    """The nodes that bind each name: parameters, statements and, in functions, assignment expressions."""
    globals: set[str] = field(default_factory=set)
    """Names declared `global`."""
    nonlocals: set[str] = field(default_factory=set)
    """Names declared `nonlocal`."""
    stars: list[cst.ImportFrom] = field(default_factory=list)
    """Star imports, in source order."""
    stars_before: dict[str, int] = field(default_factory=dict)
    """The number of star imports before the last binding of each name."""
    mutations: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    """Top-level statements of a module or class that mutate the collection bound to a name, by that name."""
    top_level_statements: set[int] = field(default_factory=set)
    """Identities of the top-level statements of a module or class."""
    is_generator: bool = False
    _defines_functions: bool | None = None
    _statement_ids: dict[str, tuple[int, frozenset[int] | None]] = field(default_factory=dict)
    """The results of `statement_ids`, with the number of binders for which they are valid."""

    @property
    def defines_functions(self) -> bool:
        """Whether a function definition binds a name."""
        if self._defines_functions is None:
            binders = (binder for group in self.binders.values() for binder in group)
            self._defines_functions = any(isinstance(binder, cst.FunctionDef) for binder in binders)
        return self._defines_functions

    def add(self, name: str, binder: cst.CSTNode) -> None:
        """Record that `binder` binds `name`."""
        self.binders.setdefault(name, []).append(binder)
        self.stars_before[name] = len(self.stars)

    def statement_ids(self, name: str) -> frozenset[int] | None:
        """Return the identities of the statements that bind a name. Return None if a parameter or expression does."""
        binders = self.binders.get(name, ())
        count, ids = self._statement_ids.get(name, (0, frozenset[int]()))
        if count != len(binders):
            are_statements = all(
                isinstance(each, cst.BaseCompoundStatement | cst.BaseSmallStatement) for each in binders
            )
            ids = frozenset(map(id, binders)) if are_statements else None
            self._statement_ids[name] = len(binders), ids
        return ids

    def binds(self, name: str) -> bool:
        """Return whether `name` is local to this scope."""
        return name in self.binders and name not in self.globals and name not in self.nonlocals

    def binds_constant(self, name: str) -> bool:
        """Return whether a single assignment or import binds `name`, and this scope does not mutate its value."""
        binders = self.binders.get(name, ())
        return len(binders) == 1 and type(binders[0]) in _CONSTANT_BINDERS and name not in self.mutations

    def binds_one_type(self, name: str) -> bool:
        """Return whether all values of a name have one type: one assignment, or handlers, bind it to a new value."""
        binders = self.binders.get(name, ())
        return sum(type(binder) not in _TYPE_KEEPING_BINDERS for binder in binders) <= 1


def bindings_of(owner: Owner, module: SourceModule) -> Bindings:
    """Return the bindings of a scope in `module`, memoized."""
    return module.once_for_code(owner, module.once(_scan_in))


class _BindingScan(Struct, frozen=True):
    """The function that scans code. It is equal for all versions of a module with the same words."""

    words: tuple[bytes, ...]
    """The `binding_words` of the modules."""

    def __call__(self, owner: Owner) -> Bindings:
        return scan(owner, self.words)


def _scan_in(module: SourceModule) -> _BindingScan:
    return _BindingScan(binding_words(module))


def binding_words(module: SourceModule) -> tuple[bytes, ...]:
    """Return the words in a module whose constructs need a scan of expressions or of inner functions."""
    return tuple(filter(module.mentions, _BINDING_WORDS))


def scan(owner: Owner, words: Sequence[bytes]) -> Bindings:
    """Return the bindings of a scope in a module with some `binding_words`."""
    bindings = Bindings()
    is_function = type(owner) is cst.FunctionDef
    body: cst.BaseSuite | cst.Module
    if type(owner) is cst.FunctionDef:
        _bind_parameters(owner.params, bindings)
        body = owner.body
    elif isinstance(owner, cst.Lambda):
        _bind_parameters(owner.params, bindings)
        return bindings
    else:
        body = owner if isinstance(owner, cst.Module) else owner.body
    for statement in statements_below(body):
        _bind_statement(statement, bindings)
    if not is_function:
        for statement in statements(body):
            bindings.top_level_statements.add(id(statement))
            for name in dict.fromkeys(
                mutated for inner in self_and_statements_below(statement) for mutated in mutated_names(inner)
            ):
                bindings.mutations.setdefault(name, []).append(statement)
    if not is_function and b":=" in words:
        _bind_in_statements(body, bindings)
    elif b":=" in words or b"yield" in words:
        _bind_expressions(body, bindings)
    if b"nonlocal" in words:
        _bind_nonlocals(body, bindings)
    if type(body) is cst.Module and b"global" in words:
        _bind_globals(body, bindings)
    return bindings


def _bind_parameters(params: cst.Parameters, bindings: Bindings) -> None:
    for parameter in parameters(params):
        bindings.add(parameter.name.value, parameter)


def parameters(params: cst.Parameters) -> tuple[cst.Param, ...]:
    """Return the parameters of a function in order, including `*args` and `**kwargs`."""
    star = (params.star_arg,) if type(params.star_arg) is cst.Param else ()
    star_kwarg = () if params.star_kwarg is None else (params.star_kwarg,)
    return (*params.posonly_params, *params.params, *star, *params.kwonly_params, *star_kwarg)


def annotations_of(function: cst.FunctionDef) -> list[cst.Annotation]:
    """Return the annotations of the parameters and of the result of a function."""
    annotations = [*[each.annotation for each in parameters(function.params)], function.returns]
    return [annotation for annotation in annotations if annotation is not None]


def _bind_statement(statement: cst.CSTNode, bindings: Bindings) -> None:
    if type(statement) in _BINDLESS_TYPES:
        return
    if type(statement) is cst.FunctionDef or type(statement) is cst.ClassDef:
        bindings.add(statement.name.value, statement)
        return
    if type(statement) in ASSIGNING_TYPES:
        for target in assigned_targets(statement):
            if type(target) is cst.Name:
                bindings.add(target.value, statement)
        return
    match statement:
        case cst.Import():
            for alias in statement.names:
                bindings.add(import_binding(alias), statement)
        case cst.ImportFrom():
            if isinstance(statement.names, cst.ImportStar):
                bindings.stars.append(statement)
            else:
                for alias in statement.names:
                    bindings.add(import_binding(alias), statement)
        case cst.Try() | cst.TryStar():
            for handler in statement.handlers:
                if handler.name is not None and isinstance(handler.name.name, cst.Name):
                    bindings.add(handler.name.name.value, statement)
        case cst.TypeAlias():
            bindings.add(statement.name.value, statement)
        case cst.Global():
            bindings.globals.update(item.name.value for item in statement.names)
        case cst.Nonlocal():
            bindings.nonlocals.update(item.name.value for item in statement.names)
        case cst.Match():
            for case in statement.cases:
                for name in pattern_names(case.pattern):
                    bindings.add(name, statement)


def import_binding(alias: cst.ImportAlias) -> str:
    """Return the name that an item of an import statement binds."""
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return first_name(alias.name)


def first_name(node: cst.BaseExpression) -> str:
    """Return the first component of a dotted name, or an empty string for other expressions."""
    while type(node) is cst.Attribute:
        node = node.value
    return node.value if type(node) is cst.Name else ""


def dotted_names(node: cst.BaseExpression) -> tuple[str, ...]:
    """Return the components of a dotted name, or an empty tuple for other expressions."""
    names: list[str] = []
    while type(node) is cst.Attribute:
        names.append(node.attr.value)
        node = node.value
    return (node.value, *reversed(names)) if type(node) is cst.Name else ()


def last_name(node: cst.BaseExpression) -> str:
    """Return the last component of a dotted name, or an empty string for other expressions."""
    if type(node) is cst.Attribute:
        node = node.attr
    return node.value if type(node) is cst.Name else ""


def target_names(target: cst.CSTNode) -> Iterator[str]:
    """Yield the plain names that an assignment target binds."""
    match target:
        case cst.Name():
            yield target.value
        case cst.Tuple() | cst.List():
            for element in target.elements:
                yield from target_names(element.value)


def pattern_names(pattern: cst.CSTNode) -> Iterator[str]:
    """Yield the names that a `case` pattern captures."""
    for node in expressions_below(pattern):
        match node:
            case cst.MatchAs(name=cst.Name(value=name)) | cst.MatchStar(name=cst.Name(value=name)):
                yield name
            case cst.MatchMapping(rest=cst.Name(value=name)):
                yield name


def _bind_expressions(body: cst.BaseSuite | cst.Module, bindings: Bindings) -> None:
    for node in evaluated_expressions(body):
        if type(node) is cst.NamedExpr and type(node.target) is cst.Name:
            bindings.add(node.target.value, node)
        elif type(node) is cst.Yield:
            bindings.is_generator = True


def evaluated_expressions(body: cst.BaseSuite | cst.Module) -> Iterator[cst.CSTNode]:
    """Yield the nodes that the scope of a body evaluates, with the statements of the body in source order."""
    pending: list[cst.CSTNode] = [*reversed(body.body)]
    while pending:
        for node in expressions_below(pending.pop()):
            yield node
            if type(node) is cst.FunctionDef or type(node) is cst.ClassDef or type(node) is cst.Lambda:
                pending += reversed(expressions_of_definition(node))


def expressions_of_definition(node: cst.FunctionDef | cst.ClassDef | cst.Lambda) -> list[cst.CSTNode]:
    """Return the parts of a definition that its outer scope evaluates, with the annotations of a function."""
    annotations = annotations_of(node) if isinstance(node, cst.FunctionDef) else ()
    return [*expressions_at_definition(node), *annotations]


def expressions_at_definition(node: cst.FunctionDef | cst.ClassDef | cst.Lambda) -> list[cst.BaseExpression]:
    """Return the expressions that run whenever a definition runs: decorators, bases and default values."""
    if isinstance(node, cst.Lambda):
        return default_values(node.params)
    decorators = [decorator.decorator for decorator in node.decorators]
    if isinstance(node, cst.FunctionDef):
        return [*decorators, *default_values(node.params)]
    return [*decorators, *(argument.value for argument in (*node.bases, *node.keywords))]


def default_values(params: cst.Parameters) -> list[cst.BaseExpression]:
    """Return the default values of the parameters of a function, in order."""
    return [parameter.default for parameter in parameters(params) if parameter.default is not None]


def _bind_in_statements(body: cst.BaseSuite | cst.Module, bindings: Bindings) -> None:
    """Add the statements of a module or class that contain `:=` as binders, in source order."""
    order: dict[int, int] = {}
    binder_ids: dict[str, set[int]] = {}
    for statement in statements_below(body):
        order[id(statement)] = len(order)
        nested = {id(suite) for suite in suites(statement)}
        pending: list[cst.CSTNode] = [statement]
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            pending = expressions_of_definition(statement)
        while pending:
            node = pending.pop()
            if isinstance(node, cst.NamedExpr) and isinstance(node.target, cst.Name):
                name = node.target.value
                if name not in binder_ids:
                    binder_ids[name] = {id(binder) for binder in bindings.binders.get(name, ())}
                if id(statement) not in binder_ids[name]:
                    binder_ids[name].add(id(statement))
                    bindings.add(name, statement)
            pending += [child for child in children(node) if id(child) not in nested]
    for name in binder_ids:
        bindings.binders[name].sort(key=lambda binder: order[id(binder)])


def _bind_nonlocals(body: cst.BaseSuite | cst.Module, bindings: Bindings) -> None:
    """Add the bindings of inner functions that declare a name of this scope `nonlocal`."""
    for inner in _inner_bindings(body):
        for name in inner.nonlocals & bindings.binders.keys():
            bindings.binders[name] += inner.binders.get(name, [])


def _bind_globals(module: cst.Module, bindings: Bindings) -> None:
    for inner in _inner_bindings(module):
        for name in sorted(inner.globals):
            bindings.binders.setdefault(name, []).extend(inner.binders.get(name, []))


def _inner_bindings(body: cst.BaseSuite | cst.Module) -> Iterator[Bindings]:
    """Yield the bindings of the functions and classes in a block, except those without declarations of scopes."""
    for statement in statements_below(body, into_functions=True, words=_DECLARATIONS):
        if isinstance(statement, cst.FunctionDef | cst.ClassDef) and may_contain(statement.body, _DECLARATIONS):
            inner = Bindings()
            for inner_statement in statements_below(statement.body):
                _bind_statement(inner_statement, inner)
            if inner.globals or inner.nonlocals:
                _bind_expressions(statement.body, inner)
            yield inner


ModuleReference: TypeAlias = tuple[int, str]
"""The number of leading dots (0 for an absolute import) and the dotted name after the dots."""
# Packages of the standard library and the platform. The interpreter models them even if the project has a module with
# the same name.
_MODELED_PACKAGES: Final = frozenset(
    {
        *("abc", "asyncio", "builtins", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools"),
        *("inspect", "itertools", "js", "logging", "pyodide", "pyodide_js", "random", "time", "typing"),
        *("typing_extensions", "uuid", "workers"),
    }
)


def is_modeled_package(name: str) -> bool:
    """Return whether the interpreter models the package of a dotted name, even if the project contains that package."""
    return name.split(".", maxsplit=1)[0] in _MODELED_PACKAGES


def imported_module(statement: cst.ImportFrom) -> ModuleReference:
    """Return the module named after `from`."""
    names = () if statement.module is None else dotted_names(statement.module)
    return len(statement.relative), ".".join(names)


def must_load_modules(statement: cst.Import | cst.ImportFrom) -> tuple[ModuleReference, ...]:
    """Return the modules that an import statement must load."""
    if isinstance(statement, cst.ImportFrom):
        return (imported_module(statement),)
    return tuple((0, alias.evaluated_name) for alias in statement.names)


def may_load_modules(statement: cst.Import | cst.ImportFrom) -> Iterator[ModuleReference]:
    """Yield the modules that an import statement may load: a name imported from a package may be a submodule.

    A star stands for the submodules that a package lists in `__all__`.
    """
    must_load = must_load_modules(statement)
    if all(not level and is_modeled_package(name) for level, name in must_load):
        return
    yield from must_load
    if isinstance(statement, cst.ImportFrom):
        level, source = imported_module(statement)
        aliases = () if isinstance(statement.names, cst.ImportStar) else statement.names
        names = [alias.evaluated_name for alias in aliases] or ["*"]
        yield from ((level, f"{source}.{name}".lstrip(".")) for name in names)


class ParameterNames(Struct, frozen=True):
    """The parameters of a function, without `self` or `cls`."""

    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    rest: str | None
    """The name of the `*args` parameter."""
    keywords: str | None
    """The name of the `**kwargs` parameter."""
    has_receiver: bool
    """Whether `self` or `cls` comes first."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all parameters except `*args` and `**kwargs`."""
        return (*self.positional, *self.keyword_only)

    def parameters_for(self, argument: int | str | None) -> tuple[str, ...]:
        """Return the named parameters that may receive an argument: a position, a keyword, or None for a starred one.

        A method that is called on its class takes the receiver as the first argument.
        """
        if argument is None:
            return self.names
        if isinstance(argument, str):
            return (argument,) if argument in self.names else ()
        positions = {argument, argument - self.has_receiver}
        return tuple(name for position, name in enumerate(self.positional) if position in positions)

    def collectors_for(self, argument: int | str | None) -> tuple[str, ...]:
        """Return the names of the `*args` and `**kwargs` parameters that may receive an argument."""
        in_rest = not isinstance(argument, str) and (argument is None or argument >= len(self.positional))
        in_keywords = not isinstance(argument, int) and argument not in self.names
        names = (self.rest if in_rest else None, self.keywords if in_keywords else None)
        return tuple(name for name in names if name is not None)

    @staticmethod
    def from_node(parameters: cst.Parameters) -> ParameterNames:
        """Return the parameters of a function or lambda."""
        names = [parameter.name.value for parameter in (*parameters.posonly_params, *parameters.params)]
        has_receiver = names[:1] in (["self"], ["cls"])
        star_parameter = parameters.star_arg
        return ParameterNames(
            tuple(names[has_receiver:]),
            tuple(parameter.name.value for parameter in parameters.kwonly_params),
            star_parameter.name.value if isinstance(star_parameter, cst.Param) else None,
            None if parameters.star_kwarg is None else parameters.star_kwarg.name.value,
            has_receiver,
        )
