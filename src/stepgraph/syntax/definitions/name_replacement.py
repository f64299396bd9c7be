"""The replacement of the names of variables in an expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, cast

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import dotted_names, parameters
from stepgraph.syntax.definitions.loop_elements import is_item, item_of_key
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.walk import COMPREHENSIONS, Comprehension, expressions_below

_ATOMS: Final = (
    *(cst.Name, cst.Attribute, cst.Subscript, cst.Call, cst.Integer, cst.Float, cst.SimpleString, cst.FormattedString),
    *(cst.List, cst.Set, cst.Dict),
)
"""Expressions that need no parentheses in another expression."""
_QUOTING: Final = frozenset("'\"\\{}\n\r")
"""The characters of a string that mean something else in an f-string."""
_LOCAL_SCOPES: Final = (cst.Lambda, *COMPREHENSIONS)
_ENTERED: Final = frozenset([cst.Attribute, cst.Arg, cst.Await, cst.Call, cst.NamedExpr, cst.Subscript, *_LOCAL_SCOPES])
"""The nodes on which the replacement of inner names depends. Class patterns are slow for the others."""


class UnknownDefinitionError(Exception):
    """A variable has a definition that no expression describes."""


class Numbers(Struct):
    """The numbers that replace the names of variables in an expression, in the order of their first occurrences."""

    by_variable: dict[tuple[cst.FunctionDef, str, str], str] = field(default_factory=dict)
    """The numbers by function, name and definition."""

    def of(self, function: cst.FunctionDef, name: str, definition: str) -> cst.Name:
        """Return the number of a variable as a name."""
        if definition == name:
            return cst.Name(name)
        return cst.Name(self.by_variable.setdefault((function, name, definition), f"__{len(self.by_variable)}"))

    def defined(self, code: str) -> str:
        """Return code with the definitions of all numbers."""
        definitions = (f"{number} = {definition}" for (_, _, definition), number in self.by_variable.items())
        return f"{code} with {', '.join(definitions)}" if self.by_variable else code


def with_effects(code: str, effects: str) -> str:
    """Return code, perhaps with definitions, with the digest of the side effects that decide its value."""
    # Imported here because few expressions depend on side effects.
    from stepgraph.model.expressions import DEFINITIONS, EFFECTS

    if not effects:
        return code
    separator = ", __ = " if DEFINITIONS in code else DEFINITIONS
    return f"{code}{separator}{EFFECTS}{effects}>"


class NameReplacer(cst.CSTTransformer):
    """Replaces the names of variables in an expression."""

    def __init__(
        self,
        value_of: Callable[[str, str], cst.BaseExpression],
        value_of_dotted: Callable[[Sequence[str]], tuple[cst.BaseExpression, int] | None],
        value_of_item: Callable[[cst.Attribute | cst.Subscript], cst.BaseExpression | None],
        value_of_call: Callable[[cst.Call | cst.Await], cst.BaseExpression | None],
        code_of_call: Callable[[cst.Call], str],
        code_of_attribute: Callable[[str], str | None],
    ) -> None:
        """Create a replacer with the values of names.

        `value_of` returns the value of a name, or the value of its attribute if the second argument is not empty.
        `value_of_dotted` returns the value of the longest prefix of a dotted name that has one, and the number of
        components of the prefix. `value_of_item` returns the value of an item with a computed key, or of an attribute
        of such an item, or None. `value_of_call` returns the result of a call or an awaited call, or None.
        `code_of_call` returns an identifier for the code that decides the result of another call, or an empty string,
        and `code_of_attribute` an identifier for the methods that decide the value of an attribute, or None.
        """
        super().__init__()
        self._value_of = value_of
        self._value_of_dotted = value_of_dotted
        self._value_of_item = value_of_item
        self._value_of_call = value_of_call
        self._code_of_call = code_of_call
        self._code_of_attribute = code_of_attribute
        self._values: dict[int, cst.BaseExpression] = {}
        """The values of dotted names and calls, by the identities of their nodes."""
        self.replaced_calls: list[cst.Call] = []
        """The calls that results replace."""
        self._identifiers: dict[int, str] = {}
        """The identifiers for the code of calls, by the identities of the calls."""
        self._awaited: set[int] = set()
        """The identities of the awaited calls."""
        self._visited: set[int] = set()
        """The identities of the nodes of dotted names whose values were looked up."""
        self._members: set[int] = set()
        """The identities of the names of attributes and keyword arguments."""
        self._attributes: dict[int, str] = {}
        """The attributes that the code reads of variables, by the identities of the names of the variables."""
        self._kept: list[cst.CSTNode] = []
        """The functions that run as steps, which remain unchanged."""
        self._scopes: list[dict[str, str]] = []
        """The numbers of the variables of the lambdas and comprehensions around the visited node, by name."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Look up a dotted name, or enter a scope. Return whether names below the node may be replaced.

        Raises UnknownDefinitionError for an expression whose value depends on the order of evaluation.
        """
        if type(node) in _ENTERED:
            self._replace_call(node)
        if type(node) in _ENTERED and id(node) not in self._values:
            self._enter(node)
        return id(node) not in self._values and node not in self._kept

    def _replace_call(self, node: cst.CSTNode) -> None:
        """Look up the result of a call or of an awaited call, or its code in scopes that bind variables."""
        match node:
            case cst.Await(expression=cst.Call() as call):
                self._awaited.add(id(call))
            case cst.Call() as call if id(call) not in self._awaited:
                pass
            case _:
                return
        value = None if self._scopes else self._value_of_call(node)
        if value is not None:
            self._values[id(node)] = value
            self.replaced_calls.append(call)
        elif identifier := self._code_of_call(call):
            self._identifiers[id(call)] = identifier

    def _enter(self, node: cst.CSTNode) -> None:
        match node:
            case cst.Attribute():
                self._look_up(node, dotted_names(node) or _path_of_item(node))
                self._members.add(id(node.attr))
                self._look_up_item(node)
                self._attributes[id(node.value)] = node.attr.value
            case cst.Subscript():
                self._look_up(node, _path_of_item(node))
                self._look_up_item(node)
            case cst.Arg(keyword=cst.Name() as member):
                self._members.add(id(member))
            case cst.Call(func=cst.Call(func=cst.Attribute(attr=cst.Name("do"))), args=[argument]):
                # The engine keeps the result of a step, so that the code of its function does not matter.
                self._kept.append(argument)
            case cst.Lambda() | cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                self._scopes.append(self._names_of_scope(node))
            case cst.NamedExpr():
                # Its name depends on the order of evaluation.
                raise UnknownDefinitionError

    def _names_of_scope(self, scope: cst.Lambda | Comprehension) -> dict[str, str]:
        """Return the numbers of the variables of a lambda or comprehension, and of the scopes around it.

        Raises UnknownDefinitionError if a variable around it has the name of one of its own.
        """
        # Imported here because few conditions contain comprehensions.
        from stepgraph.syntax.free_names import comprehension_targets

        if isinstance(scope, cst.Lambda):
            names = [each.name.value for each in parameters(scope.params)]
            outside: list[cst.CSTNode] = [each.default for each in parameters(scope.params) if each.default]
        else:
            names, outside = [*comprehension_targets(scope)], [scope.for_in.iter]
        used = (each.value for node in outside for each in expressions_below(node) if isinstance(each, cst.Name))
        enclosing = self._scopes[-1] if self._scopes else {}
        if not enclosing.keys().isdisjoint(names) or not set(names).isdisjoint(used):
            raise UnknownDefinitionError
        return enclosing | {name: f"_{len(enclosing) + number}" for number, name in enumerate(dict.fromkeys(names))}

    def _look_up(self, node: cst.Attribute | cst.Subscript, names: Sequence[str]) -> None:
        """Look up the value of the longest prefix of a dotted name, perhaps with items, that has one."""
        names = () if id(node) in self._visited else names
        is_global = names and not (self._scopes and names[0] in self._scopes[-1])
        value = self._value_of_dotted(names) if is_global else None
        if value is None and any(map(is_item, names)):
            return  # A dotted name in front of the item may have a value.
        part: cst.BaseExpression = node
        for count in range(len(names), 1, -1):
            self._visited.add(id(part))
            if value is not None and count == value[1]:
                self._values[id(part)] = value[0]
            part = part.value if isinstance(part, cst.Attribute | cst.Subscript) else part

    def _look_up_item(self, node: cst.Attribute | cst.Subscript) -> None:
        """Look up the value of an item with a computed key, or of an attribute of such an item."""
        if self._scopes or not _has_computed_key(node):
            return
        value = self._value_of_item(node)
        if value is not None:
            self._values[id(node)] = value

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        """Return the value of a name or dotted name in parentheses, the parts of a string in a string, or the node."""
        node: cst.CSTNode = updated_node
        if type(node) is cst.FormattedStringExpression and (parts := _string_parts(node)) is not None:
            return cst.FlattenSentinel(cast("Sequence[cst.CSTNodeT]", parts))
        identifier = self._identifiers.get(id(original_node))
        if identifier is not None and isinstance(updated_node, cst.Call):
            return updated_node.with_changes(
                func=cst.Attribute(in_parentheses(updated_node.func), cst.Name(identifier))
            )
        value = self._values.get(id(original_node))
        if value is None and isinstance(updated_node, cst.Attribute):
            code = self._code_of_attribute(updated_node.attr.value)
            return updated_node if code is None else updated_node.with_changes(attr=cst.Name(code))
        if isinstance(original_node, _LOCAL_SCOPES):
            self._scopes.pop()
        if value is None and isinstance(original_node, cst.Name) and id(original_node) not in self._members:
            name = original_node.value
            is_own = bool(self._scopes) and name in self._scopes[-1]
            attribute = self._attributes.get(id(original_node), "")
            value = cst.Name(self._scopes[-1][name]) if is_own else self._value_of(name, attribute)
        return updated_node if value is None else cast("cst.CSTNodeT", in_parentheses(value))


def _path_of_item(node: cst.BaseExpression) -> tuple[str, ...]:
    """Return the components of a name with attributes and literal items, or an empty tuple."""
    match node:
        case cst.Subscript(value=owner, slice=[cst.SubscriptElement(cst.Index(key))]):
            item, names = item_of_key(key), _path_of_item(owner)
            return (*names, item) if item and names else ()
        case cst.Attribute(value=owner, attr=cst.Name(name)):
            names = _path_of_item(owner)
            return (*names, name) if names else ()
        case cst.Name(name):
            return (name,)
        case _:
            return ()


def _has_computed_key(node: cst.BaseExpression) -> bool:
    """Return whether an expression is an item with a key other than a literal, or an attribute of such an item."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Subscript) and not _path_of_item(node)


def _string_parts(part: cst.FormattedStringExpression) -> Sequence[cst.BaseFormattedStringContent] | None:
    """Return the parts of a string in braces of an f-string as parts of this one, or None for other expressions.

    Quotes in the string might end the f-string.
    """
    if part.conversion is not None or part.format_spec is not None or part.equal is not None:
        return None
    match part.expression:
        case cst.SimpleString() as literal if (text := string_of(literal)) is not None and _QUOTING.isdisjoint(text):
            return [cst.FormattedStringText(text)]
        case cst.FormattedString(start="f'" | 'f"', parts=parts):
            texts = [each.value for each in parts if isinstance(each, cst.FormattedStringText)]
            return parts if all(map(_QUOTING.isdisjoint, texts)) else None
        case _:
            return None


def in_parentheses(expression: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression as a part of another one."""
    if isinstance(expression, _ATOMS) or expression.lpar:
        return expression
    return expression.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
