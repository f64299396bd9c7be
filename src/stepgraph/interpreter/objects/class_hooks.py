"""Hooks that run when a class is created: `__init_subclass__`, `__set_name__` and the metaclass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.objects import (
    PLAIN_ENUMERATIONS,
    VALUE_ENUMERATIONS,
    Caveat,
    ClassNamespace,
    ClassValue,
    FunctionValue,
    ProjectObject,
    SuperObject,
)
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.walk import expressions_below, statements_below

_ENUMERATIONS: Final = PLAIN_ENUMERATIONS | VALUE_ENUMERATIONS


def evaluate_keywords(interpreter: Interpreter, node: cst.ClassDef) -> list[Argument]:
    """Return the keyword arguments of a class statement, which Python evaluates before the body."""
    return [
        Argument(
            interpreter.evaluate(argument.value),
            interpreter.place(argument.value),
            None if argument.keyword is None else argument.keyword.value,
        )
        for argument in node.keywords
    ]


def run_hooks(interpreter: Interpreter, class_value: ClassValue, arguments: Sequence[Argument]) -> None:
    """Run the hooks of a class statement with these `arguments`, which may replace methods of the class."""
    keywords: list[Argument] = []
    place = SourcePlace(interpreter.module, class_value.node)
    for argument in arguments:
        if argument.keyword == "metaclass":
            class_value.metaclass, place = argument.value, argument.place
        elif argument.keyword is not None:
            keywords.append(argument)
    if class_value.metaclass is None:
        class_value.metaclass = next(
            (base.metaclass for base in class_value.bases if isinstance(base, ClassValue) and base.metaclass), None
        )
    _run_set_name(interpreter, class_value)
    hook = interpreter.attribute(SuperObject(class_value, class_value), "__init_subclass__", place)
    if isinstance(hook, FunctionValue):
        interpreter.call(hook, Arguments(tuple(keywords)), place)
    elif not isinstance(class_value.metaclass, ClassValue):
        for keyword in keywords:
            interpreter.escape(keyword.value, keyword.place, "is passed to a base class, which is outside the project")
    if isinstance(class_value.metaclass, ClassValue):
        interpreter.work.classes_with_metaclass.append(class_value)
    if class_value.metaclass is not None and not class_value.has_plain_metaclass:
        _run_metaclass(interpreter, class_value.metaclass, class_value, Arguments(tuple(keywords)), place)
    _create_members(interpreter, class_value, place)


def _create_members(interpreter: Interpreter, class_value: ClassValue, place: SourcePlace) -> None:
    """Create the members of an enumeration by calling its `__new__` and `__init__`. Report its other hooks."""
    _report_enumeration_hooks(interpreter, class_value, place)
    methods = [interpreter.attribute(class_value, name, place) for name in ("__new__", "__init__")]
    functions = [method for method in methods if isinstance(method, FunctionValue)]
    if not functions or not _is_enumeration(interpreter, class_value):
        return
    for name, binders in class_value.scope.bindings.binders.items():
        interpreter.budget.spend(Limit.ELEMENTS, len(binders))
        if name.startswith("_") or not isinstance(binders[0], cst.Assign | cst.AnnAssign):
            continue
        member = interpreter.attribute(class_value, name, place)
        if not isinstance(member, ProjectObject):  # the lookup has not called the methods
            arguments = Arguments((Argument(UNKNOWN, place), Argument(member, place)))
            for function in functions:
                interpreter.call(function, arguments, place)


def _report_enumeration_hooks(interpreter: Interpreter, class_value: ClassValue, place: SourcePlace) -> None:
    """Report hooks of an enumeration that run steps or change values, because their calls are not modeled."""
    for name in ("_generate_next_value_", "_missing_"):
        if name in class_value.scope.bindings.binders and _is_enumeration(interpreter, class_value):
            hook = interpreter.attribute(class_value, name, place)
            interpreter.escape(hook, place, "may be called by the enumeration, which stepgraph does not model")


def _is_enumeration(interpreter: Interpreter, class_value: ClassValue) -> bool:
    pending: list[Value] = [class_value]
    visited: set[Value] = set()
    while pending:
        current = pending.pop()
        if isinstance(current, External) and current.name in _ENUMERATIONS:
            return True
        if isinstance(current, ClassValue) and current not in visited:
            interpreter.budget.spend(Limit.ELEMENTS)
            visited.add(current)
            pending += current.bases
    return False


def _run_set_name(interpreter: Interpreter, class_value: ClassValue) -> None:
    """Call `__set_name__` of each object that a class body creates by calling a class or decorating with it."""
    for name, binders in list(class_value.scope.bindings.binders.items()):
        interpreter.budget.spend(Limit.ELEMENTS, len(binders))
        creators = [(creator, binder) for binder in binders for creator in _creators(binder)]
        with interpreter.in_definition_body(class_value.scope):
            for creator, binder in creators:
                created_class, place = interpreter.evaluate(creator), interpreter.place(binder)
                if not isinstance(created_class, ClassValue):
                    continue
                if isinstance(interpreter.attribute(created_class, "__set_name__", place), FunctionValue):
                    _call_set_name(interpreter, class_value, name, place)


def _creators(binder: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the name of the function or class whose result a statement binds, if any."""
    match binder:
        case cst.Assign(value=cst.Call(func=called)) | cst.AnnAssign(value=cst.Call(func=called)):
            pass
        case cst.FunctionDef(decorators=[cst.Decorator(decorator=decorator), *_]):
            called = decorator.func if isinstance(decorator, cst.Call) else decorator
        case _:
            return
    if isinstance(called, cst.Name) or (isinstance(called, cst.Attribute) and isinstance(called.value, cst.Name)):
        yield called


def _call_set_name(interpreter: Interpreter, class_value: ClassValue, name: str, place: SourcePlace) -> None:
    created = interpreter.evaluate(cst.Name(name))
    if isinstance(created, ProjectObject):
        arguments = Arguments((Argument(class_value, place), Argument(Constant(name), place)))
        interpreter.call(interpreter.attribute(created, "__set_name__", place), arguments, place)


def _run_metaclass(
    interpreter: Interpreter, metaclass: Value, class_value: ClassValue, keywords: Arguments, place: SourcePlace
) -> None:
    if not isinstance(metaclass, ClassValue) or _may_replace_members(interpreter, metaclass, class_value, place):
        if isinstance(metaclass, ClassValue):
            _report_constructor(interpreter, metaclass, place)
        class_value.caveats = (*class_value.caveats, _metaclass_caveat(class_value, place))
        return
    arguments = Arguments((*_arguments_of_metaclass(interpreter, class_value, place), *keywords.items))
    constructor = interpreter.attribute(metaclass, "__new__", place)
    created: Value = class_value
    if isinstance(constructor, FunctionValue):
        created = interpreter.call(constructor, Arguments((Argument(metaclass, place), *arguments.items)), place)
    if created is not class_value:
        class_value.caveats = (*class_value.caveats, _metaclass_caveat(class_value, place))
        return
    initializer = interpreter.attribute(metaclass, "__init__", place)
    if isinstance(initializer, FunctionValue):
        interpreter.call(initializer, Arguments((Argument(class_value, place), *arguments.items)), place)


def _arguments_of_metaclass(
    interpreter: Interpreter, class_value: ClassValue, place: SourcePlace
) -> tuple[Argument, ...]:
    """Return the name, bases and namespace that Python passes to a metaclass."""
    bases = make_result_collection(interpreter, "tuple", tuple(Element(base, place) for base in class_value.bases))
    values = (Constant(class_value.name), bases, ClassNamespace(class_value))
    return tuple(Argument(value, place) for value in values)


def _report_constructor(interpreter: Interpreter, metaclass: ClassValue, place: SourcePlace) -> None:
    """Report a metaclass whose `__new__` runs steps or changes values, because its calls are not modeled."""
    from stepgraph.interpreter.effects import effect_of_call

    constructor = interpreter.attribute(metaclass, "__new__", place)
    if not isinstance(constructor, FunctionValue):
        return
    arguments = Arguments((Argument(metaclass, place), *(Argument(UNKNOWN, place) for _ in range(3))))
    effect = effect_of_call(interpreter, constructor, arguments)
    if effect is not None:
        interpreter.note(
            "escapes",
            place,
            f"`{metaclass.name}.__new__` {effect}, but stepgraph does not model its calls.",
            "Steps may be missing from the graph. Do this in `__init_subclass__`.",
        )


def _metaclass_caveat(class_value: ClassValue, place: SourcePlace) -> Caveat:
    return Caveat(
        "unknown-metaclass",
        place,
        f"the effect of the metaclass on the class `{class_value.name}` is unknown.",
        "The graph shows the methods that the class defines.",
        may_be_another=True,
    )


def _may_replace_members(
    interpreter: Interpreter, metaclass: ClassValue, class_value: ClassValue, place: SourcePlace
) -> bool:
    """Return whether a metaclass of the project may replace members of a class."""
    for name in ("__prepare__", "__getattribute__"):
        if isinstance(interpreter.attribute(metaclass, name, place), FunctionValue):
            return True
    constructor = interpreter.attribute(metaclass, "__new__", place)
    if not isinstance(constructor, FunctionValue) or not isinstance(constructor.node, cst.FunctionDef):
        return constructor.relevant
    assigned = {
        name for statement in statements_below(constructor.node.body) for _, name in attribute_targets(statement)
    }
    return bool(assigned & class_value.scope.bindings.binders.keys()) or _may_change_namespace(constructor.node)


def _may_change_namespace(node: cst.FunctionDef) -> bool:
    """Return whether a `__new__` may change the class namespace because it does more than read or forward it."""
    used_names = _used_names(node)
    parameter_names = [parameter.name.value for parameter in parameters(node.params)]
    namespace = "".join(parameter_names[3:4])
    return "setattr" in used_names or used_names.count(namespace) > _count_harmless_uses(node, namespace)


def _used_names(node: cst.FunctionDef) -> list[str]:
    return [n.value for n in _expressions(node) if isinstance(n, cst.Name)]


def _count_harmless_uses(node: cst.FunctionDef, namespace: str) -> int:
    """Count the uses that cannot change the class namespace: arguments of another `__new__`, and reads of keys."""
    count = 0
    assigned_nodes = {
        id(target.target) for n in _expressions(node) if isinstance(n, cst.Assign) for target in n.targets
    }
    for expression in _expressions(node):
        match expression:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="__new__")), args=args):
                count += sum(isinstance(a.value, cst.Name) and a.value.value == namespace for a in args)
            case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="get"))):
                count += name == namespace
            case cst.Subscript(value=cst.Name(value=name)) if id(expression) not in assigned_nodes:
                count += name == namespace
            case cst.ComparisonTarget(comparator=cst.Name(value=name)):
                count += name == namespace
    return count


def _expressions(node: cst.FunctionDef) -> list[cst.CSTNode]:
    return [
        expression for statement in node.body.body for expression in expressions_below(statement, into_lambdas=True)
    ]
