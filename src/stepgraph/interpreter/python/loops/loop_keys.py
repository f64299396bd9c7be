"""Loop variables with a different value in each pass, such as `i` in `for i, item in enumerate(items)`."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.ir.values import Constant, External, NameArgument, Value
from stepgraph.syntax.walk import statements_below


def loop_keys(interpreter: Interpreter, loop: cst.For | cst.CompFor, iterable: Value) -> dict[str, int]:
    """Return the variable of a loop that has a different value in each pass, with the nesting depth of the loop's body.

    Only positions, keys of a dictionary, elements of a set and distinct constants are certain to differ.
    """
    key = _key_target(interpreter, loop, iterable)
    if not isinstance(key, cst.Name) or _is_bound_in_body(interpreter, loop, key.value):
        return {}
    return {key.value: interpreter.loop_depth + 1}


def _key_target(interpreter: Interpreter, loop: cst.For | cst.CompFor, iterable: Value) -> cst.BaseExpression | None:
    """Return the part of the target that must have a different value in each pass. Return None if there is none."""
    target = loop.target
    first = target.elements[0].value if isinstance(target, cst.Tuple) and target.elements else None
    is_view = isinstance(iterable, Collection) and iterable.lazy is not None and iterable.lazy.is_view
    match loop.iter:
        case cst.Call(func=cst.Name(value="range")) if look_up(interpreter, "range") == External("builtins.range"):
            return target
        case cst.Call(func=cst.Name(value="enumerate")) if look_up(interpreter, "enumerate") == External(
            "builtins.enumerate"
        ):
            return first
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="items"))) if is_view:
            return first
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="keys"))) if is_view:
            return target
        case _:
            return target if isinstance(iterable, Mapping) or _has_distinct_items(iterable) else None


def _has_distinct_items(iterable: Value) -> bool:
    """Return whether an iterable is a set or its items are distinct constants."""
    if not isinstance(iterable, Collection) or iterable.is_set:
        return isinstance(iterable, Collection)
    constants = {item.value.value for item in iterable.items if isinstance(item.value, Constant) and not item.many}
    return len(constants) == iterable.state.size


def _is_bound_in_body(interpreter: Interpreter, loop: cst.For | cst.CompFor, name: str) -> bool:
    """Return whether the body of a loop may bind its variable again."""
    others = {id(node) for node in interpreter.frame.scope.bindings.binders.get(name, ()) if node is not loop}
    if not others or isinstance(loop, cst.CompFor):
        return bool(others)
    return not others.isdisjoint(map(id, statements_below(loop.body))) or any(
        not isinstance(node, cst.BaseCompoundStatement | cst.BaseSmallStatement)
        for node in interpreter.frame.scope.bindings.binders[name]
    )


def pass_constants(interpreter: Interpreter, loop: cst.For | cst.CompFor, item: Value) -> dict[str, Constant]:
    """Return the constants that a loop pass binds, by variable. The values of these variables hide the constants."""
    constants = _constants(loop.target, item)
    return {name: value for name, value in constants.items() if not _is_bound_in_body(interpreter, loop, name)}


def _constants(target: cst.BaseExpression, value: Value) -> dict[str, Constant]:
    match target:
        case cst.Name(value=name) if isinstance(value, Constant):
            return {name: value}
        case cst.Tuple(elements=elements) if isinstance(value, Collection) and value.state.size == len(elements):
            pairs = zip(elements, value.items if value.has_definite_order else (), strict=False)
            constants = [_constants(element.value, item.value) for element, item in pairs]
            return {name: constant for names in constants for name, constant in names.items()}
        case _:
            return {}


def constant_key(interpreter: Interpreter, node: cst.CSTNode, key: Value) -> Value:
    """Return `key`, or its constant if a parameter or the current loop pass determines it."""
    if isinstance(key, NameArgument):
        return Constant(key.value)
    return interpreter.frame.attribute_names.get(node.value, key) if isinstance(node, cst.Name) else key


def is_loop_key(interpreter: Interpreter, node: cst.CSTNode) -> bool:
    """Return whether an expression has a different value in each pass of the innermost loop."""
    return isinstance(node, cst.Name) and interpreter.frame.loop_keys.get(node.value) == interpreter.loop_depth
