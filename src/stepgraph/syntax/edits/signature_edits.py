"""Edits of parameters and arguments: renaming, inlining and removal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, parameters
from stepgraph.syntax.edits.source_edits import Edit, RemovedArgument, RemovedParameter, Replacement
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import SCOPES, Parents, all_nodes, ancestors_of

Function: TypeAlias = cst.FunctionDef | cst.Lambda

_CONSTANT_TYPES: Final = (cst.Name, cst.Integer, cst.Float, cst.SimpleString)
# The fields of nodes that bind the name in them.
_BINDING_FIELDS: Final[tuple[tuple[type[cst.CSTNode], str], ...]] = (
    *((cst.AssignTarget, "target"), (cst.AugAssign, "target"), (cst.AnnAssign, "target"), (cst.NamedExpr, "target")),
    *((cst.For, "target"), (cst.CompFor, "target"), (cst.AsName, "name"), (cst.Del, "target"), (cst.Param, "name")),
    *((cst.MatchAs, "name"), (cst.MatchStar, "name"), (cst.MatchMapping, "rest"), (cst.NameItem, "name")),
    *((cst.FunctionDef, "name"), (cst.ClassDef, "name"), (cst.ImportAlias, "name")),
)
_SEQUENCE_TYPES: Final = (cst.Tuple, cst.List, cst.Element, cst.StarredElement)
# Bindings whose name is fixed, or that belong to an inner scope.
_FIXED_BINDERS: Final = (cst.CompFor, cst.NameItem, cst.ImportAlias, cst.FunctionDef, cst.ClassDef)


def rename_parameter(function: SourcePlace, parameter: SourcePlace, name: str) -> tuple[Edit, ...]:
    """Return the edits that rename a parameter.

    Returns no edits if the function already uses the new name, or if an inner scope, a `global` statement, an import or
    a definition binds the old name.
    """
    variables = _Variables.of(function, parameter)
    if variables is None or any(variables.named(name)):
        return ()
    occurrences = [*variables.named(variables.parameter.name.value)]
    if not all(map(variables.may_be_renamed, occurrences)):
        return ()
    nodes = [variables.parameter.name, *occurrences]
    return tuple(Replacement(SourcePlace(parameter.module, node), name) for node in nodes)


def shadows_variable(function: SourcePlace, parameter: SourcePlace) -> bool:
    """Return whether a parameter has the name of a variable of the enclosing function."""
    variables, parents = _Variables.of(function, parameter), function.module.parents
    scope = next((node for node in ancestors_of(parents, function.node) if isinstance(node, SCOPES)), None)
    if variables is None or not isinstance(scope, cst.FunctionDef):
        return False
    binders = bindings_of(scope, function.module).binders.get(variables.parameter.name.value, ())
    return any(not isinstance(binder, cst.FunctionDef | cst.ClassDef) for binder in binders)


def inline_parameter(
    function: SourcePlace, parameter: SourcePlace, argument: SourcePlace | None = None
) -> tuple[Edit, ...]:
    """Return the edits that remove a parameter and replace its uses with a value.

    The value is the argument, the default value of the parameter, or a variable with the name of the parameter.

    Returns no edits in these cases: the value is not a constant, a name or an attribute; a string would be inserted
    into an f-string; the function assigns to the parameter or to a name in the value.
    """
    variables = _Variables.of(function, parameter)
    if variables is None:
        return ()
    default = variables.parameter.default or variables.parameter.name
    value = default if argument is None else argument.node
    if not _is_constant(value):
        return ()
    name, text = variables.parameter.name.value, parameter.module.text(value)
    if variables.binds_any([name, *(part.value for part in all_nodes(value) if isinstance(part, cst.Name))]):
        return ()
    replaced = [] if text == name else [*variables.named(name)]
    if isinstance(value, cst.SimpleString) and any(map(variables.is_in_formatted_string, replaced)):
        return ()
    return (RemovedParameter(parameter), *(Replacement(SourcePlace(parameter.module, node), text) for node in replaced))


def remove_argument(call: SourcePlace, value: SourcePlace) -> tuple[Edit, ...]:
    """Return the edit that removes an argument. Return no edit if its value is elsewhere, as with `**options`."""
    arguments = call.node.args if isinstance(call.node, cst.Call) else ()
    return (RemovedArgument(value),) if any(argument.value is value.node for argument in arguments) else ()


def _is_constant(value: cst.CSTNode) -> bool:
    """Return whether evaluating an expression again gives the same value, unless its names are assigned."""
    return isinstance(value, _CONSTANT_TYPES) or (isinstance(value, cst.Attribute) and _is_constant(value.value))


class _Variables(Struct, frozen=True):
    """The variables of a function, for edits of one of its parameters."""

    function: Function
    parameter: cst.Param
    module: SourceModule

    @classmethod
    def of(cls, function: SourcePlace, parameter: SourcePlace) -> _Variables | None:
        """Return the variables, or None if the parameter belongs to another function, as in a `functools.partial`."""
        node, param = function.node, parameter.node
        if not isinstance(node, cst.FunctionDef | cst.Lambda) or not isinstance(param, cst.Param):
            return None
        return cls(node, param, function.module) if any(param is each for each in parameters(node.params)) else None

    @property
    def parents(self) -> Parents:
        """The parent of each node of the module."""
        return self.module.parents

    def named(self, name: str) -> Iterator[cst.Name]:
        """Yield the nodes of the body that read or bind a name, and other parameters with this name."""
        for each in parameters(self.function.params):
            if each is not self.parameter and each.name.value == name:
                yield each.name
        for node in all_nodes(self.function.body):
            if isinstance(node, cst.Name) and node.value == name and not _is_label(node, self.parents):
                yield node

    def may_be_renamed(self, variable: cst.Name) -> bool:
        """Return whether a node only reads a variable, or binds it in the function by no import and no definition."""
        binder = _binder(variable, self.parents)
        if binder is None:
            return True
        scope = next(node for node in ancestors_of(self.parents, variable) if isinstance(node, SCOPES))
        return scope is self.function and not isinstance(binder, _FIXED_BINDERS)

    def binds_any(self, names: Collection[str]) -> bool:
        """Return whether the function or an inner scope binds one of the names, except as the parameter itself."""
        return any(_binder(variable, self.parents) is not None for name in names for variable in self.named(name))

    def is_in_formatted_string(self, variable: cst.Name) -> bool:
        """Return whether a variable is in an f-string, which may use the same quotes as a string."""
        return any(isinstance(node, cst.FormattedString) for node in ancestors_of(self.parents, variable))


def _is_label(node: cst.Name, parents: Parents) -> bool:
    """Return whether a name is an attribute or a keyword, rather than a variable."""
    match parent := parents[id(node)]:
        case cst.Attribute():
            return parent.attr is node
        case cst.Arg():
            return parent.keyword is node
        case cst.MatchKeywordElement():
            return parent.key is node
        case _:
            return False


def _binder(variable: cst.Name, parents: Parents) -> cst.CSTNode | None:
    """Return the node that binds a variable, or None if the variable is only read."""
    child: cst.CSTNode = variable
    for parent in ancestors_of(parents, variable):
        if not isinstance(parent, _SEQUENCE_TYPES):
            is_bound = any(
                isinstance(parent, kind) and getattr(parent, name) is child for kind, name in _BINDING_FIELDS
            )
            return parent if is_bound else None
        child = parent
    return None
