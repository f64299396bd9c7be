"""Arguments of calls of project functions, by parameter, that may decide which branches of the function run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.classes import class_member, enum_members
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.python.constants import evaluate_literal
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping, SpreadArguments
from stepgraph.interpreter.values.objects import ClassValue, EnumMember, FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.parameter_tests import ConstantArgument, DecidingArgument, ParameterArgument
from stepgraph.ir.values import Constant, External, Value
from stepgraph.syntax.module import SourcePlace

_LITERALS: Final = (cst.SimpleString, cst.Integer, cst.Float)
# Maximum number of elements of a collection whose constants are compared.
_MAX_ELEMENTS: Final = 100
# The number of arguments that `range` takes at most.
_MAX_BOUNDS: Final = 3


class BoundArgument(NamedTuple):
    """The argument that a call passes for a parameter."""

    parameter: cst.Param
    argument: Argument


def deciding_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace
) -> tuple[DecidingArgument, ...]:
    """Return the arguments of a call at `place` that may decide which branches of the called function run."""
    module = callee.scope.module
    deciding: list[DecidingArgument] = []
    for parameter, argument in bound_arguments(callee, arguments, place):
        target = SourcePlace(module, parameter)
        passed = _deciding_argument(interpreter, target, argument)
        if passed is not None:
            deciding.append(passed)
    for parameter in unbound_parameters(callee, arguments, place):
        constant = None if parameter.default is None else _literal(parameter.default)
        if constant is not None:
            deciding.append(ConstantArgument(SourcePlace(module, parameter), (constant,)))
    return tuple(deciding)


def parameter_of(interpreter: Interpreter, node: cst.BaseExpression) -> SourcePlace | None:
    """Return the parameter of a function to which a name refers, unless the function assigns the name."""
    if type(node) is not cst.Name:
        return None
    scope: LexicalScope | None = interpreter.frame.scope
    while scope is not None and not scope.bindings.binds(node.value):
        scope = scope.parent
    if scope is None or scope.kind == "module":
        return None
    binders = scope.bindings.binders[node.value]
    is_parameter = len(binders) == 1 and isinstance(binders[0], cst.Param)
    return SourcePlace(scope.module, binders[0]) if is_parameter else None


def constants_in(
    interpreter: Interpreter, node: cst.BaseExpression, *, of_collection: bool
) -> tuple[Constant, ...] | None:
    """Return a constant, or the constants in a collection. Return None for other values."""
    if not of_collection:
        constant = _constant(interpreter.evaluate(node)) if _has_no_effects(interpreter, node) else None
        return None if constant is None else (constant,)
    return _constants(_elements(interpreter, node))


def _deciding_argument(interpreter: Interpreter, parameter: SourcePlace, argument: Argument) -> DecidingArgument | None:
    constant = _constant(argument.value)
    if constant is not None:
        return ConstantArgument(parameter, (constant,))
    node = argument.place.node
    if not isinstance(node, cst.Name):
        return None
    passed = parameter_of(interpreter, node)
    if passed is None:
        return _loop_argument(interpreter, parameter, node)
    outer = interpreter.lambda_arguments.get(passed)
    match outer:
        case ConstantArgument(values=values, loop=loop):
            return ConstantArgument(parameter, values, loop)
        case ParameterArgument(passed=passed_on):
            return ParameterArgument(parameter, passed_on)
        case _:
            return ParameterArgument(parameter, passed)


def _loop_argument(interpreter: Interpreter, parameter: SourcePlace, node: cst.Name) -> ConstantArgument | None:
    """Return the argument for a variable that iterates over constants."""
    scope = interpreter.frame.scope
    if not scope.bindings.binds(node.value):
        return None
    binders = scope.bindings.binders[node.value]
    if len(binders) != 1 or not isinstance(binders[0], cst.For | cst.CompFor):
        return None
    loop = binders[0]
    if isinstance(loop, cst.CompFor) and _has_several_clauses(scope):
        return None  # the other clauses repeat the values
    values = _constants(_values_of_target(interpreter, loop.target, loop.iter, node.value))
    return ConstantArgument(parameter, values, interpreter.place(loop)) if values else None


def _has_several_clauses(scope: LexicalScope) -> bool:
    clauses = {id(each) for binders in scope.bindings.binders.values() for each in binders if type(each) is cst.CompFor}
    return len(clauses) > 1


def _values_of_target(
    interpreter: Interpreter, target: cst.BaseExpression, iterable: cst.BaseExpression, name: str
) -> list[Value] | None:
    """Return the values that a loop assigns to a name in its target. Return None if they are unknown."""
    if isinstance(target, cst.Name):
        return _elements(interpreter, iterable)
    if not isinstance(target, cst.Tuple | cst.List):
        return None
    inner = [element.value for element in target.elements if isinstance(element, cst.Element)]
    indexes = [i for i, each in enumerate(inner) if isinstance(each, cst.Name) and each.value == name]
    if len(inner) != len(target.elements) or len(indexes) != 1:
        return None
    index = indexes[0]
    match iterable:
        case cst.Call(func=cst.Name(value="zip"), args=args) if len(_plain_values(args)) == len(inner):
            return _elements(interpreter, _plain_values(args)[index])
        case cst.Call(func=cst.Name(value="enumerate"), args=[cst.Arg(value=enumerated), *_]) if index == 1:
            return _elements(interpreter, enumerated)
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value="items")), args=[]):
            mapping = evaluate_display(interpreter, owner)
            return _entries(mapping, index) if isinstance(mapping, Mapping) else None
    rows = _elements(interpreter, iterable)
    if rows is None:
        return None
    items = [_items(row) if isinstance(row, Collection) else None for row in rows]
    return [row[index] for row in items if row is not None and len(row) == len(inner)]


def _plain_values(args: Sequence[cst.Arg]) -> list[cst.BaseExpression]:
    return [argument.value for argument in args if argument.keyword is None and not argument.star]


def _elements(interpreter: Interpreter, node: cst.BaseExpression) -> list[Value] | None:
    """Return the elements of a collection that is a literal, a name with a constant collection, or a `range`."""
    if isinstance(node, cst.Call):
        return _numbers(interpreter, node)
    value = evaluate_display(interpreter, node)
    match value:
        case ClassValue():
            members = enum_members(interpreter, value)
            return None if members is None else [member.value for member in members]
        case Mapping():
            return _entries(value, 0)
        case Collection():
            return _items(value)
        case _:
            return None


def _numbers(interpreter: Interpreter, node: cst.Call) -> list[Value] | None:
    """Return the numbers of a short `range` with constant arguments. Return None for other calls."""
    bounds = [evaluate_literal(argument) for argument in _plain_values(node.args) if isinstance(argument, cst.Integer)]
    values = [bound.value for bound in bounds if isinstance(bound, Constant) and isinstance(bound.value, int)]
    if not isinstance(node.func, cst.Name) or len(values) != len(node.args) or not 0 < len(values) <= _MAX_BOUNDS:
        return None
    if (len(values) == _MAX_BOUNDS and not values[-1]) or interpreter.evaluate(node.func) != External("builtins.range"):
        return None
    # A range can have more elements than `len` can count.
    numbers = [*islice(range(*values), _MAX_ELEMENTS + 1)]
    return [Constant(number) for number in numbers] if 0 < len(numbers) <= _MAX_ELEMENTS else None


def _items(value: Collection) -> list[Value] | None:
    if value.hidden or value.lazy is not None or not 0 < value.state.size <= _MAX_ELEMENTS:
        return None
    is_certain = not value.state.changed and not any(item.many or item.may_be_missing for item in value.items)
    return [item.value for item in value.items] if is_certain else None


def _entries(value: Mapping, index: int) -> list[Value] | None:
    """Return the keys (0) or values (1) of a dictionary."""
    entries = value.entries
    if value.hidden or value.partial or value.state.changed or not 0 < len(entries) <= _MAX_ELEMENTS or index > 1:
        return None
    if any(entry.many or entry.may_be_missing for entry in entries):
        return None
    return [entry.value if index else entry.key for entry in entries]


def _constants(values: list[Value] | None) -> tuple[Constant, ...] | None:
    constants = tuple(constant for value in values or () if (constant := _constant(value)) is not None)
    return constants if values and len(constants) == len(values) else None


def _constant(value: Value) -> Constant | None:
    """Return a constant, also for a member of an enumeration, whose value represents it. Return None otherwise."""
    if isinstance(value, EnumMember):
        value = value.value
    return value if isinstance(value, Constant) else None


def _literal(node: cst.BaseExpression) -> Constant | None:
    if isinstance(node, cst.Name):
        names = {"True": Constant(value=True), "False": Constant(value=False), "None": Constant(None)}
        return names.get(node.value)
    value = evaluate_literal(node) if isinstance(node, _LITERALS) else None
    return value if isinstance(value, Constant) else None


def evaluate_display(interpreter: Interpreter, node: cst.BaseExpression) -> Value | None:
    """Return the value of a literal, or of a collection of literals and names. Return None for other expressions."""
    return interpreter.evaluate(node) if _is_display(interpreter, node) else None


def _is_display(interpreter: Interpreter, node: cst.BaseExpression) -> bool:
    """Return whether a node is a literal, or a collection of literals and names, whose evaluation has no effects."""
    pending, count = [node], 0
    while pending:
        current = pending.pop()
        count += 1
        if count > _MAX_ELEMENTS:
            return False
        match current:
            case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Set(elements=elements):
                if not all(isinstance(element, cst.Element) for element in elements):
                    return False
                pending += (element.value for element in elements)
            case cst.Dict(elements=elements):
                for element in elements:
                    if not isinstance(element, cst.DictElement):
                        return False
                    pending += (element.key, element.value)
            case cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer() | cst.Float()):
                pass
            case _ if not _has_no_effects(interpreter, current):
                return False
    return True


def _has_no_effects(interpreter: Interpreter, node: cst.BaseExpression) -> bool:
    """Return whether a node is a literal, a name, or an attribute of a name, such as a member of an enumeration.

    An attribute of an object must not be computed by a property or by `__getattr__`.
    """
    match node:
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            instances = [leaf for leaf in union_values(look_up(interpreter, owner)) if isinstance(leaf, ProjectObject)]
            return all(_has_plain_attribute(interpreter, instance, name) for instance in instances)
        case _:
            return isinstance(node, (*_LITERALS, cst.Name))


def _has_plain_attribute(interpreter: Interpreter, instance: ProjectObject, name: str) -> bool:
    member = class_member(interpreter, instance, name)
    if member is None:
        return name in instance.state
    return not isinstance(member, FunctionValue | ProjectObject | Union)


def bound_arguments(callee: FunctionValue, arguments: Arguments, place: SourcePlace) -> Iterator[BoundArgument]:
    """Yield the parameters with the arguments that a call passes for them, up to an argument with a star.

    The location of an argument that `functools.partial` has bound is that of the call.
    """
    params = callee.node.params
    positional = [*params.posonly_params, *params.params]
    if callee.receiver is not None and callee.kind != "static":
        positional = positional[1:]
    by_name = {parameter.name.value: parameter for parameter in (*params.params, *params.kwonly_params)}
    keywords = {keyword: Argument(value, place, keyword) for keyword, value in callee.keywords}
    for value in callee.positional:
        if isinstance(value, SpreadArguments):
            return
        if positional:
            yield BoundArgument(positional.pop(0), Argument(value, place))
    for passed in arguments.items:
        if passed.star == "*" and not positional:
            continue  # its elements, which may be many, are bound to no parameter
        for argument in unpacked_arguments(Arguments((passed,))).items:
            if argument.star:
                return
            if argument.keyword is not None:
                keywords[argument.keyword] = argument
            elif positional:
                yield BoundArgument(positional.pop(0), argument)
    for keyword, argument in keywords.items():
        if keyword in by_name:
            yield BoundArgument(by_name[keyword], argument)


def unbound_parameters(callee: FunctionValue, arguments: Arguments, place: SourcePlace) -> list[cst.Param]:
    """Return the parameters that get their defaults."""
    params = callee.node.params
    defaults = [each for each in (*params.posonly_params, *params.params, *params.kwonly_params) if each.default]
    if not defaults or any(isinstance(value, SpreadArguments) for value in callee.positional):
        return []
    if any(argument.star for argument in unpacked_arguments(arguments).items):
        return []
    bound = {id(each.parameter) for each in bound_arguments(callee, arguments, place)}
    return [each for each in defaults if id(each) not in bound]
