"""What is called as a class is made: `__init_subclass__` of its bases, and its metaclass."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Caveat,
    ClassValue,
    External,
    FunctionValue,
    SuperObject,
    Value,
)
from stepgraph.syntax.assignments import attribute_targets
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import expressions_below, statements_below

HARMLESS_METACLASSES: Final = frozenset(
    ["abc.ABCMeta", "builtins.type", "enum.EnumMeta", "enum.EnumType", "typing.NamedTupleMeta"]
)


def run_hooks(interpreter: Interpreter, defined: ClassValue) -> None:
    """Read what the making of a class calls, in which its methods may be replaced."""
    keywords: list[Argument] = []
    place = Place(interpreter.module, defined.node)
    for argument in defined.node.keywords:
        value, at = interpreter.evaluate(argument.value), interpreter.place(argument.value)
        if argument.keyword is not None and argument.keyword.value == "metaclass":
            defined.metaclass, place = value, at
        elif argument.keyword is not None:
            keywords.append(Argument(value, at, argument.keyword.value))
    if defined.metaclass is None:
        defined.metaclass = next(
            (b.metaclass for b in defined.bases if isinstance(b, ClassValue) and b.metaclass), None
        )
    hook = interpreter.attribute(SuperObject(defined, defined), "__init_subclass__", place)
    if isinstance(hook, FunctionValue):
        interpreter.call(hook, Arguments(tuple(keywords)), place)
    if defined.metaclass is not None:
        _make_by(interpreter, defined.metaclass, defined, Arguments(tuple(keywords)), place)


def _make_by(
    interpreter: Interpreter, metaclass: Value, defined: ClassValue, keywords: Arguments, place: Place
) -> None:
    if isinstance(metaclass, External) and metaclass.name in HARMLESS_METACLASSES:
        return
    if not isinstance(metaclass, ClassValue) or _replaces_members(interpreter, metaclass, defined, place):
        defined.caveats = (*defined.caveats, _caveat_of(defined, place))
        return
    initializer = interpreter.attribute(metaclass, "__init__", place)
    if isinstance(initializer, FunctionValue):
        given = (Argument(defined, place), *(Argument(UNKNOWN, place) for _ in range(3)), *keywords.items)
        interpreter.call(initializer, Arguments(given), place)


def _caveat_of(defined: ClassValue, place: Place) -> Caveat:
    return Caveat(
        "unknown-metaclass",
        place,
        f"what its metaclass makes of the class `{defined.name}` is not known.",
        "The graph shows the methods as they stand in the class.",
        may_be_another=True,
    )


def _replaces_members(interpreter: Interpreter, metaclass: ClassValue, defined: ClassValue, place: Place) -> bool:
    """Whether a metaclass of the project may give a class other members than those that stand in it."""
    for name in ("__prepare__", "__getattribute__"):
        if isinstance(interpreter.attribute(metaclass, name, place), FunctionValue):
            return True
    maker = interpreter.attribute(metaclass, "__new__", place)
    if not isinstance(maker, FunctionValue) or not isinstance(maker.node, cst.FunctionDef):
        return maker.relevant
    assigned = {name for s in statements_below(maker.node.body) for _, name in attribute_targets(s)}
    return bool(assigned & defined.scope.bindings.binders.keys()) or _changes_namespace(maker.node)


def _changes_namespace(node: cst.FunctionDef) -> bool:
    """Whether a `__new__` does more with the names of the class than read some, and hand them on."""
    used = _names(node)
    names = [parameter.name.value for parameter in parameters(node.params)]
    namespace = "".join(names[3:4])
    return "setattr" in used or used.count(namespace) > _harmless_uses(node, namespace)


def _names(node: cst.FunctionDef) -> list[str]:
    return [n.value for n in _expressions(node) if isinstance(n, cst.Name)]


def _harmless_uses(node: cst.FunctionDef, namespace: str) -> int:
    """Count the places in which the names of the class are handed to another `__new__`, or one of them is read."""
    count = 0
    targets = {id(target.target) for n in _expressions(node) if isinstance(n, cst.Assign) for target in n.targets}
    for expression in _expressions(node):
        match expression:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="__new__")), args=args):
                count += sum(isinstance(a.value, cst.Name) and a.value.value == namespace for a in args)
            case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="get"))):
                count += name == namespace
            case cst.Subscript(value=cst.Name(value=name)) if id(expression) not in targets:
                count += name == namespace
            case cst.ComparisonTarget(comparator=cst.Name(value=name)):
                count += name == namespace
    return count


def _expressions(node: cst.FunctionDef) -> list[cst.CSTNode]:
    return [
        expression for statement in node.body.body for expression in expressions_below(statement, into_lambdas=True)
    ]
