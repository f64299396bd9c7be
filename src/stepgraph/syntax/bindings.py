"""Which names a scope binds, how often, and what kind of function it is.

A name is a constant only if it is bound exactly once, so counts are needed before a body is read. Each function is
scanned at most once, statement by statement; its expressions only where the file has `:=` or `yield` at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, statements, statements_below, with_below

Owner: TypeAlias = cst.Module | cst.ClassDef | cst.FunctionDef | cst.Lambda


@dataclass(slots=True)
class Bindings:
    """What is bound in one scope (a function, class or module body).

    `changes` are the statements that write to what a name holds, `stars_before` how many of the `stars` stand before
    the last binding of a name.
    """

    binders: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    stars: list[cst.ImportFrom] = field(default_factory=list)
    stars_before: dict[str, int] = field(default_factory=dict)
    changes: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    is_generator: bool = False

    def add(self, name: str, binder: cst.CSTNode) -> None:
        """Notes that `binder` (a statement or an assignment expression) binds `name`."""
        self.binders.setdefault(name, []).append(binder)
        self.stars_before[name] = len(self.stars)

    def binds(self, name: str) -> bool:
        """Whether `name` is local to this scope."""
        return name in self.binders and name not in self.globals and name not in self.nonlocals

    def binds_constant(self, name: str) -> bool:
        """Whether `name` is bound here once only, by an assignment or import, and not written to at this level."""
        binders = self.binders.get(name, ())
        return (
            len(binders) == 1
            and isinstance(binders[0], cst.Assign | cst.AnnAssign | cst.NamedExpr | cst.Import | cst.ImportFrom)
            and name not in self.changes
        )


def scan(owner: Owner, module: SourceModule) -> Bindings:
    """Return the bindings of a module, class, function or lambda; `module` is the one it is in."""
    bindings = Bindings()
    if isinstance(owner, cst.FunctionDef | cst.Lambda):
        for parameter in parameters(owner.params):
            bindings.add(parameter.name.value, parameter)
    if isinstance(owner, cst.Lambda):
        return bindings
    body = owner if isinstance(owner, cst.Module) else owner.body
    for statement in statements_below(body):
        _bind_statement(statement, bindings)
    if not isinstance(owner, cst.FunctionDef):
        for statement in statements(body):
            for name in dict.fromkeys(changed for inner in with_below(statement) for changed in changed_names(inner)):
                bindings.changes.setdefault(name, []).append(statement)
    if module.mentions(b":=") or module.mentions(b"yield"):
        _bind_expressions(body, bindings)
    if module.mentions(b"nonlocal"):
        _bind_nonlocals(body, bindings)
    if isinstance(body, cst.Module) and module.mentions(b"global"):
        _bind_globals(body, bindings)
    return bindings


def parameters(params: cst.Parameters) -> Iterator[cst.Param]:
    """Yield the parameters of a function in order, `*args` and `**kwargs` included."""
    yield from params.posonly_params
    yield from params.params
    if isinstance(params.star_arg, cst.Param):
        yield params.star_arg
    yield from params.kwonly_params
    if params.star_kwarg is not None:
        yield params.star_kwarg


def _bind_statement(statement: cst.CSTNode, bindings: Bindings) -> None:
    match statement:
        case cst.Assign():
            for target in statement.targets:
                _bind_target(target.target, statement, bindings)
        case cst.AnnAssign():
            if statement.value is not None:
                _bind_target(statement.target, statement, bindings)
        case cst.AugAssign() | cst.For():
            _bind_target(statement.target, statement, bindings)
        case cst.FunctionDef() | cst.ClassDef() | cst.TypeAlias():
            bindings.add(statement.name.value, statement)
        case cst.Import():
            for alias in statement.names:
                bindings.add(import_binding(alias), statement)
        case cst.ImportFrom():
            if isinstance(statement.names, cst.ImportStar):
                bindings.stars.append(statement)
            else:
                for alias in statement.names:
                    bindings.add(import_binding(alias), statement)
        case cst.With():
            for item in statement.items:
                if item.asname is not None:
                    _bind_target(item.asname.name, statement, bindings)
        case cst.Try() | cst.TryStar():
            for handler in statement.handlers:
                if handler.name is not None:
                    _bind_target(handler.name.name, statement, bindings)
        case cst.Del():
            _bind_target(statement.target, statement, bindings)
        case cst.Global():
            bindings.globals.update(item.name.value for item in statement.names)
        case cst.Nonlocal():
            bindings.nonlocals.update(item.name.value for item in statement.names)
        case cst.Match():
            for case in statement.cases:
                for name in pattern_names(case.pattern):
                    bindings.add(name, statement)


_CHANGING = frozenset(
    ("add", "append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort", "update")
)


def changed_names(statement: cst.CSTNode) -> Iterator[str]:
    """Yield the names whose collections a statement of a module or class writes to: `A["k"] = 1`, `A.update(...)`."""
    match statement:
        case cst.Assign(targets=targets):
            changed: list[cst.CSTNode] = [target.target for target in targets]
        case cst.AugAssign() | cst.Del():
            changed = [statement.target]
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method)))):
            if method in _CHANGING:
                yield name
            return
        case _:
            return
    for target in changed:
        if isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
            yield target.value.value


def changed_in_functions(module: SourceModule) -> frozenset[str]:
    """Return the names whose collections functions of a module write to."""
    found: set[str] = set()
    for statement in statements_below(module.tree, into_functions=True):
        if isinstance(statement, cst.FunctionDef):
            for inner in statements_below(statement.body):
                found.update(changed_names(inner))
    return frozenset(found)


def import_binding(alias: cst.ImportAlias) -> str:
    """Return the name that one item of an import statement binds."""
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    name: cst.BaseExpression = alias.name
    while isinstance(name, cst.Attribute):
        name = name.value
    return name.value if isinstance(name, cst.Name) else ""


def target_names(target: cst.CSTNode) -> Iterator[str]:
    """Yield the plain names that an assignment target binds."""
    match target:
        case cst.Name():
            yield target.value
        case cst.Tuple() | cst.List():
            for element in target.elements:
                yield from target_names(element.value)
        case cst.StarredElement():
            yield from target_names(target.value)


# Without any of this in its source, a module assigns to no attribute, and need not be walked.
_MAY_ASSIGN = re.compile(
    rb"\bsetattr\b"
    rb"|\.\s*\w+[\s)]*(?::[^\n=]*)?(?:<<|>>|\*\*|//|[-+*/%@&|^])?=(?!=)"
    rb"|\.\s*\w+\s*,[^\n()]*=(?!=)"
    rb"|\bfor\s[^\n:]*\.[^\n:]*\bin\b"
    rb"|\bas\s[^\n:,]*\."
    rb"|\bdel\s[^\n]*\."
)


@dataclass(frozen=True, slots=True)
class AssignedAttributes:
    """The names of the attributes that a module assigns to, of `all` objects.

    The `foreign` ones are those of modules and classes, with the last part of the owner's name: `settings`, `Order`.
    """

    all: frozenset[str]
    foreign: frozenset[tuple[str, str]]


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the names of the attributes that a module assigns to, `setattr` with a constant name included."""
    if not _MAY_ASSIGN.search(module.source):
        return AssignedAttributes(frozenset(), frozenset())
    found: list[tuple[cst.BaseExpression, str]] = []
    named: dict[str, str] = {}
    for statement in statements_below(module.tree, into_functions=True):
        found += attribute_targets(statement)
        match statement:
            case cst.Import() | cst.ImportFrom() if not isinstance(statement.names, cst.ImportStar):
                named |= {import_binding(alias): alias.evaluated_name for alias in statement.names}
            case cst.ClassDef(name=cst.Name(value=name)):
                named[name] = name
            case cst.Expr(value=cst.Call(func=cst.Name(value="setattr"), args=[owner, attribute, *_])):
                if isinstance(attribute.value, cst.SimpleString):
                    found.append((owner.value, attribute.value.raw_value))
    foreign = ((_owner_name(owner, named), name) for owner, name in found)
    return AssignedAttributes(frozenset(name for _, name in found), frozenset(foreign))


def _owner_name(owner: cst.BaseExpression, named: Mapping[str, str]) -> str:
    """Return the last part of the name of a module or class, empty for any other object."""
    if isinstance(owner, cst.Name):
        return named.get(owner.value, "").rsplit(".", 1)[-1]
    if isinstance(owner, cst.Attribute):
        return owner.attr.value if _owner_name(owner.value, named) else ""
    return ""


def attribute_targets(statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the objects and names of the attributes that a statement assigns to."""
    match statement:
        case cst.Assign(targets=targets):
            assigned: list[cst.CSTNode] = [target.target for target in targets]
        case cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.Del():
            assigned = [statement.target]
        case cst.With(items=items):
            assigned = [item.asname.name for item in items if item.asname is not None]
        case _:
            return
    while assigned:
        part = assigned.pop()
        if isinstance(part, cst.Attribute):
            yield part.value, part.attr.value
        elif isinstance(part, cst.Tuple | cst.List):
            assigned += [element.value for element in part.elements]


def pattern_names(pattern: cst.CSTNode) -> Iterator[str]:
    """Yield the names that a `case` pattern captures."""
    for node in expressions_below(pattern):
        match node:
            case cst.MatchAs(name=cst.Name(value=name)) | cst.MatchStar(name=cst.Name(value=name)):
                yield name
            case cst.MatchMapping(rest=cst.Name(value=name)):
                yield name


def _bind_target(target: cst.CSTNode, statement: cst.CSTNode, bindings: Bindings) -> None:
    for name in target_names(target):
        bindings.add(name, statement)


def _bind_expressions(body: cst.BaseSuite | cst.Module, bindings: Bindings) -> None:
    for statement in body.body:
        for node in expressions_below(statement):
            match node:
                case cst.NamedExpr(target=cst.Name(value=name)):
                    bindings.add(name, node)
                case cst.Yield():
                    bindings.is_generator = True


def _bind_nonlocals(body: cst.BaseSuite | cst.Module, bindings: Bindings) -> None:
    """Add the bindings that inner functions make of names of this scope."""
    for inner in _inner_functions(body):
        for name in inner.nonlocals & bindings.binders.keys():
            bindings.binders[name] += inner.binders.get(name, [])


def _bind_globals(module: cst.Module, bindings: Bindings) -> None:
    for inner in _inner_functions(module):
        for name in sorted(inner.globals):
            bindings.binders.setdefault(name, []).extend(inner.binders.get(name, []))


def _inner_functions(body: cst.BaseSuite | cst.Module) -> Iterator[Bindings]:
    for statement in statements_below(body, into_functions=True):
        if isinstance(statement, cst.FunctionDef):
            inner = Bindings()
            for below in statements_below(statement.body):
                _bind_statement(below, inner)
            yield inner
