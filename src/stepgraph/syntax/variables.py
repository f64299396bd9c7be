"""The local variables of functions, and the names that refer to them.

Python looks up a name in the innermost function around it that binds the name. Classes hide their names from the
functions inside them, and comprehensions bind their own names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, import_binding, parameters, type_parameters
from stepgraph.syntax.free_names import LocalFunction, comprehension_targets
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import COMPREHENSIONS, Comprehension, ancestors_of, children, clauses_from

_NO_NAMES: Final[frozenset[str]] = frozenset()


class Variable(Struct, frozen=True):
    """A parameter or another local variable of a function or lambda."""

    module: SourceModule
    function: LocalFunction
    name: str

    @property
    def occurrences(self) -> Sequence[SourcePlace]:
        """The names that refer to the variable, in source order, including those that bind it."""
        names = self.module.once_for(self.function, _names_in_scope)
        return [SourcePlace(self.module, name) for name in names.get(self.name, ())]

    @property
    def is_imported(self) -> bool:
        """Whether an import statement binds the variable."""
        binders = bindings_of(self.function, self.module).binders.get(self.name, ())
        return any(isinstance(binder, cst.Import | cst.ImportFrom) for binder in binders)

    def conflict(self, name: str) -> SourcePlace | None:
        """Return a place that prevents the variable from being renamed, because the name has a meaning there.

        The function, or code inside it, uses the name, or an inner scope with an occurrence of the variable binds it.
        """
        for other in Variable(self.module, self.function, name).occurrences:
            return other
        bindings = bindings_of(self.function, self.module)
        if name in bindings.binders or name in bindings.globals or name in bindings.nonlocals:
            return SourcePlace(self.module, self.function)
        for place in self.occurrences:
            for scope in _scopes_between(place, self.function):
                if name in _bound_names(scope, self.module):
                    return SourcePlace(self.module, scope)
        return None


def variable_of_function(function: SourcePlace) -> Variable | None:
    """Return the variable that a `def` binds. Return None for lambdas, methods and functions outside of functions."""
    node = function.node
    if not isinstance(node, cst.FunctionDef):
        return None
    return _local_variable(function.module, function.module.scope_around(node), node.name.value)


def variable_of_parameter(name: SourcePlace) -> Variable | None:
    """Return the variable of a parameter by the place of its name, or None for other nodes."""
    module = name.module
    parameter = module.parents.get(id(name.node))
    if not isinstance(parameter, cst.Param) or parameter.name is not name.node:
        return None
    function = module.parents.get(id(module.parents.get(id(parameter))))
    return _local_variable(module, function, parameter.name.value)


def assigned_variable(value: SourcePlace) -> Variable | None:
    """Return the variable to which a statement assigns an expression, or None for several or other targets."""
    module = value.module
    match module.parents.get(id(value.node)):
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name) as target)]):
            return _local_variable(module, module.scope_around(target), name)
        case _:
            return None


def keywords_in_calls(function: Variable, parameter: str) -> Iterator[SourcePlace]:
    """Yield the keywords by which calls of a local function pass an argument for a parameter."""
    module = function.module
    for place in function.occurrences:
        call = module.parents.get(id(place.node))
        if isinstance(call, cst.Call) and call.func is place.node:
            keywords = (argument.keyword for argument in call.args)
            yield from (SourcePlace(module, each) for each in keywords if each is not None and each.value == parameter)


class StringLiteral(Struct, frozen=True):
    """A string literal without parts."""

    place: SourcePlace
    prefix: str
    """The prefix in lower case, such as `r`."""
    quote: str

    def source_of(self, value: str) -> str | None:
        """Return the source between the quotes for another value of the literal, or None if its prefix forbids it."""
        if "r" in self.prefix and ("\\" in value or self.quote[0] in value):
            return None
        return value.replace("\\", "\\\\").replace(self.quote[0], f"\\{self.quote[0]}")


def string_literal(place: SourcePlace) -> StringLiteral | None:
    """Return the string literal at a place. Return None for other expressions, f-strings and joined literals."""
    node = place.node
    if not isinstance(node, cst.SimpleString) or "b" in node.prefix:
        return None
    return StringLiteral(place, node.prefix, node.quote)


def _local_variable(module: SourceModule, scope: cst.CSTNode | None, name: str) -> Variable | None:
    """Return the variable of a function that a name in a scope refers to, or None for other names."""
    while isinstance(scope, cst.FunctionDef | cst.Lambda):
        bindings = bindings_of(scope, module)
        if name in bindings.globals:
            return None
        if name in bindings.binders and name not in bindings.nonlocals:
            return Variable(module, scope, name)
        outer = module.scopes_around(scope)
        scope = next((each for each in outer if not isinstance(each, cst.ClassDef)), None)
    return None


_Names: TypeAlias = Mapping[str, Sequence[cst.Name]]


class _Part(Struct, frozen=True):
    """A node whose names are to be collected."""

    node: cst.CSTNode
    hidden: frozenset[str]
    """The names that refer to variables of inner scopes."""
    hidden_in_functions: frozenset[str]
    """The names that do so in functions inside the node, from which a class hides its names."""

    def inside(self, node: cst.CSTNode) -> _Part:
        """Return a part in the same scope."""
        return _Part(node, self.hidden, self.hidden_in_functions)

    def hiding(self, names: frozenset[str]) -> _Part:
        """Return the part in a scope inside it, which hides names."""
        return _Part(self.node, self.hidden | names, self.hidden_in_functions | names)

    def in_function(self, node: cst.CSTNode, names: frozenset[str]) -> _Part:
        """Return a part in the scope of an inner function or comprehension, which hides names."""
        hidden = self.hidden_in_functions | names
        return _Part(node, hidden, hidden)


def _names_in_scope(function: LocalFunction, module: SourceModule) -> _Names:
    """Return the names in a function, except those of inner scopes, in source order by their text."""
    by_text: dict[str, list[cst.Name]] = {}
    for parameter in parameters(function.params):
        by_text.setdefault(parameter.name.value, []).append(parameter.name)
    pending = [_Part(function.body, _NO_NAMES, _NO_NAMES)]
    while pending:
        part = pending.pop()
        kind = type(part.node)
        if kind is cst.Name:
            name = cast("cst.Name", part.node)
            if name.value not in part.hidden:
                by_text.setdefault(name.value, []).append(name)
        elif kind in _SPECIAL_TYPES:
            pending += reversed([*_parts_of(part, module)])
        else:
            pending += [part.inside(child) for child in reversed(children(part.node))]
    return by_text


# A test of the type is several times as fast as `isinstance`, and most nodes have no special parts.
_SPECIAL_TYPES: Final = frozenset(
    [
        *(cst.FunctionDef, cst.Lambda, cst.ClassDef),
        *(cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp),
        *(cst.Attribute, cst.Arg, cst.MatchKeywordElement, cst.Import, cst.ImportFrom),
    ]
)


def _parts_of(part: _Part, module: SourceModule) -> Iterator[_Part]:
    """Yield the parts of a node of a special type that may refer to variables."""
    match part.node:
        case cst.Attribute(value=value) | cst.Arg(value=value):
            yield part.inside(value)
        case cst.FunctionDef() | cst.Lambda() | cst.ClassDef():
            yield from _parts_of_definition(part, part.node, module)
        case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
            yield from _parts_of_comprehension(part, part.node)
        case cst.MatchKeywordElement(pattern=pattern):
            yield part.inside(pattern)
        case cst.Import(names=aliases):
            yield from map(part.inside, _bound_by_imports(aliases))
        case cst.ImportFrom(names=aliases) if not isinstance(aliases, cst.ImportStar):
            yield from map(part.inside, _bound_by_imports(aliases))


def _parts_of_definition(
    part: _Part, node: cst.FunctionDef | cst.Lambda | cst.ClassDef, module: SourceModule
) -> Iterator[_Part]:
    bound = _bound_names(node, module)
    generic = part.hiding(type_parameters(node))
    if not isinstance(node, cst.Lambda):
        yield from map(part.inside, node.decorators)
        yield part.inside(node.name)
    if isinstance(node, cst.ClassDef):
        yield from map(generic.inside, (*node.bases, *node.keywords))
        yield _Part(node.body, part.hidden | bound, generic.hidden_in_functions)
        return
    for parameter in parameters(node.params):
        if parameter.annotation is not None:
            yield generic.inside(parameter.annotation)
        if parameter.default is not None:
            yield part.inside(parameter.default)
    if isinstance(node, cst.FunctionDef) and node.returns is not None:
        yield generic.inside(node.returns)
    yield part.in_function(node.body, bound)


def _parts_of_comprehension(part: _Part, node: Comprehension) -> Iterator[_Part]:
    """Yield the parts of a comprehension. Only its first iterable is evaluated outside of its scope."""
    targets = frozenset(comprehension_targets(node))
    elements = (node.key, node.value) if isinstance(node, cst.DictComp) else (node.elt,)
    yield from (part.in_function(element, targets) for element in elements)
    for clause in clauses_from(node.for_in):
        yield part.in_function(clause.target, targets)
        yield part.inside(clause.iter) if clause is node.for_in else part.in_function(clause.iter, targets)
        yield from (part.in_function(each.test, targets) for each in clause.ifs)


def _bound_by_imports(aliases: Sequence[cst.ImportAlias]) -> Iterator[cst.CSTNode]:
    """Yield the names in import statements that the imports bind."""
    for alias in aliases:
        if alias.asname is not None:
            yield alias.asname.name
        elif import_binding(alias):
            name: cst.CSTNode = alias.name
            while isinstance(name, cst.Attribute):
                name = name.value
            yield name


def _bound_names(node: cst.CSTNode, module: SourceModule) -> frozenset[str]:
    """Return the names that refer to variables of a scope, or of the module, in this scope."""
    if isinstance(node, COMPREHENSIONS):
        return frozenset(comprehension_targets(node))
    if not isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef):
        return _NO_NAMES
    bindings = bindings_of(node, module)
    return (frozenset(bindings.binders) - bindings.nonlocals).union(bindings.globals, type_parameters(node))


def _scopes_between(place: SourcePlace, function: LocalFunction) -> Iterator[cst.CSTNode]:
    """Yield the scopes inside a function that contain a place in their bodies, innermost first."""
    path = [place.node]
    for node in ancestors_of(place.module.parents, place.node):
        if node is function:
            return
        match node:
            case cst.FunctionDef(body=body) | cst.Lambda(body=body) | cst.ClassDef(body=body):
                is_inside = body is path[-1]
            case cst.ListComp(for_in=clause) | cst.SetComp(for_in=clause) | cst.GeneratorExp(for_in=clause):
                is_inside = clause.iter not in path[-2:]
            case cst.DictComp(for_in=clause):
                is_inside = clause.iter not in path[-2:]
            case _:
                is_inside = False
        if is_inside:
            yield node
        path.append(node)
