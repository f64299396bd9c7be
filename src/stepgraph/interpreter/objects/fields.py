"""Fields of dataclasses, attrs classes and named tuples, and the initializers generated from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import may_be_unbound
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import hide_constants
from stepgraph.interpreter.values.objects import ClassValue, Instance
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.ir.values import UNKNOWN, External, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements_below

_DATACLASS: Final = "dataclasses.dataclass"
_NAMED_TUPLE: Final = "typing.NamedTuple"
_MATCH_ARGUMENTS: Final = "__match_args__"
_ATTRS_PACKAGES: Final = ("attr.", "attrs.")
# Functions that describe a field, by the keyword of its default factory.
_FIELD_FUNCTIONS: Final = {
    "dataclasses.field": "default_factory",
    "attr.ib": "factory",
    "attr.attrib": "factory",
    "attr.field": "factory",
    "attrs.field": "factory",
}
_SPECIAL_ANNOTATION: Final = re.compile(r"""['"]?(?:\w+\s*\.\s*)?(\w+)\b""")
_CLASS_VARIABLE: Final = "ClassVar"
_KEYWORD_ONLY_MARK: Final = "KW_ONLY"
_INITIALIZER_ONLY: Final = "InitVar"
_SPECIAL_NAMES: Final = (_CLASS_VARIABLE, _KEYWORD_ONLY_MARK, _INITIALIZER_ONLY)


class Field(Struct, frozen=True):
    """A field of a class."""

    name: str
    parameter: str
    """The parameter of the generated initializer."""
    owner: ClassValue
    """The class that declares it."""
    statement: cst.AnnAssign | cst.Assign
    default: cst.BaseExpression | None
    """The expression of the default value."""
    factory: cst.BaseExpression | None
    """The expression of the default factory."""
    in_initializer: bool
    """Whether the generated initializer has a parameter for it."""
    keyword_only: bool
    initializer_only: bool
    """Whether it is a parameter only, which `__post_init__` receives: an `InitVar`."""


def generates_initializer(order: Sequence[Value]) -> bool:
    """Return whether a decorator generates the first `__init__` in a resolution order."""
    for owner in order:
        if isinstance(owner, ClassValue):
            if "__init__" in owner.scope.bindings.binders or "__init__" in owner.scope.names:
                return False
            if is_data_class(owner) and _decorator_flags(owner).get("init", True):
                return True
    return False


def is_data_class(owner: ClassValue) -> bool:
    """Return whether a decorator of dataclasses or attrs makes fields of the annotations of a class."""
    return any(name == _DATACLASS or name.startswith(_ATTRS_PACKAGES) for name in owner.decorator_names)


def _decorator_flags(owner: ClassValue) -> dict[str, bool]:
    """Return the keyword arguments `True` and `False` of the decorators of a class."""
    calls = [d.decorator for d in owner.node.decorators if isinstance(d.decorator, cst.Call)]
    return {
        argument.keyword.value: argument.value.value == "True"
        for call in calls
        for argument in call.args
        if argument.keyword is not None and isinstance(argument.value, cst.Name)
    }


def fields_of(interpreter: Interpreter, order: Sequence[Value]) -> list[Field]:
    """Return the fields of the first data class of a resolution order, with the fields of its base classes first.

    A field that a class declares again keeps its position. Without a data class, as in a named tuple, all annotated
    names are fields.
    """
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    data_class = next(filter(is_data_class, classes), None)
    if data_class is not None:
        classes = [owner for owner in data_class.resolution_order if isinstance(owner, ClassValue)]
        classes = list(filter(is_data_class, classes))
    fields: dict[str, Field] = {}
    for owner in reversed(classes):
        for field in _declared_fields(interpreter, owner):
            fields[field.name] = field
    return list(fields.values())


def positional_attributes(interpreter: Interpreter, order: Sequence[Value]) -> list[str]:
    """Return the attributes that the positional patterns of a class read, empty if they are not known."""
    for owner in order:
        if not isinstance(owner, ClassValue):
            is_named_tuple = isinstance(owner, External) and owner.name == _NAMED_TUPLE
            return [field.name for field in fields_of(interpreter, order)] if is_named_tuple else []
        if _MATCH_ARGUMENTS in owner.scope.bindings.binders:
            return _literal_names(owner.scope.bindings.binders[_MATCH_ARGUMENTS])
        if is_data_class(owner) and _decorator_flags(owner).get("match_args", True):
            fields = fields_of(interpreter, owner.resolution_order)
            return [field.name for field in fields if field.in_initializer and not field.keyword_only]
    return []


def _literal_names(binders: Sequence[cst.CSTNode]) -> list[str]:
    """Return the strings in the tuple that is bound to a name, empty if it is bound to anything else."""
    match binders:
        case [cst.Assign(value=cst.Tuple(elements=elements))]:
            values = [element.value for element in elements]
            strings = [value.evaluated_value for value in values if isinstance(value, cst.SimpleString)]
            names = [string for string in strings if isinstance(string, str)]
            return names if len(names) == len(values) else []
        case _:
            return []


def _declared_fields(interpreter: Interpreter, owner: ClassValue) -> Iterator[Field]:
    keyword_only = _decorator_flags(owner).get("kw_only", False)
    for statement in statements_below(owner.node.body):
        interpreter.budget.spend(Limit.ELEMENTS)
        match statement:
            case cst.AnnAssign(target=cst.Name(value=name), annotation=cst.Annotation(annotation=annotation)):
                kind = _annotation_kind(interpreter, owner, annotation)
                keyword_only = keyword_only or kind == _KEYWORD_ONLY_MARK
                if kind not in (_CLASS_VARIABLE, _KEYWORD_ONLY_MARK):
                    yield _make_field(
                        interpreter,
                        owner,
                        name,
                        statement,
                        keyword_only=keyword_only,
                        initializer_only=kind == _INITIALIZER_ONLY,
                    )
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call(func=function)) if (
                any(decorator.startswith(_ATTRS_PACKAGES) for decorator in owner.decorator_names)
                and _field_function(interpreter, owner, function)
            ):
                yield _make_field(
                    interpreter, owner, name, statement, keyword_only=keyword_only, initializer_only=False
                )


def _annotation_kind(interpreter: Interpreter, owner: ClassValue, annotation: cst.BaseExpression) -> str:
    """Return the plain name of a special annotation, which may be a string or alias. Other results are meaningless."""
    base = annotation.value if isinstance(annotation, cst.Subscript) else annotation
    module = owner.scope.module
    match = _SPECIAL_ANNOTATION.match(module.text(base))
    name = match[1] if match else ""
    may_be_alias = isinstance(base, cst.Name) and any(module.mentions(special.encode()) for special in _SPECIAL_NAMES)
    if name in _SPECIAL_NAMES or not may_be_alias:
        return name
    with interpreter.in_definition_body(owner.scope):
        value = interpreter.evaluate(base)
    return value.name.rsplit(".", 1)[-1] if isinstance(value, External) else name


def _make_field(
    interpreter: Interpreter,
    owner: ClassValue,
    name: str,
    statement: cst.AnnAssign | cst.Assign,
    *,
    keyword_only: bool,
    initializer_only: bool,
) -> Field:
    default, factory, parameter = statement.value, None, name
    in_initializer = True
    if any(decorator.startswith(_ATTRS_PACKAGES) for decorator in owner.decorator_names):
        parameter = name.lstrip("_")
    function = _field_function(interpreter, owner, default.func) if isinstance(default, cst.Call) else None
    if isinstance(default, cst.Call) and function is not None:
        settings = {argument.keyword.value: argument.value for argument in default.args if argument.keyword is not None}
        default = settings.get("default")
        factory = settings.get(_FIELD_FUNCTIONS[function])
        in_initializer = not _is_name(settings.get("init"), "False")
        keyword_only = _is_name(settings.get("kw_only"), "True") or (keyword_only and "kw_only" not in settings)
        alias = settings.get("alias")
        parameter = str(alias.evaluated_value) if isinstance(alias, cst.SimpleString) else parameter
    return Field(name, parameter, owner, statement, default, factory, in_initializer, keyword_only, initializer_only)


def _field_function(interpreter: Interpreter, owner: ClassValue, function: cst.BaseExpression) -> str | None:
    """Return the dotted name of a function that describes a field, or None for any other function."""
    with interpreter.in_definition_body(owner.scope):
        value = interpreter.evaluate(function)
    return value.name if isinstance(value, External) and value.name in _FIELD_FUNCTIONS else None


def _is_name(node: cst.BaseExpression | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def assign_fields(
    interpreter: Interpreter,
    instance: Instance,
    fields: Sequence[Field],
    arguments: Arguments,
    assign: Callable[[str, Value], None],
) -> Arguments:
    """Assign arguments and defaults to fields like a generated initializer. Return the arguments of `__post_init__`.

    In a call with unknown arguments, fields without a value are unresolved if the arguments can lead to a step.
    Otherwise, the fields have no constants as defaults.
    """
    values: dict[str, Value] = {}
    positional = [field for field in fields if field.in_initializer and not field.keyword_only]
    by_parameter = {field.parameter: field for field in fields if field.in_initializer}
    unknown: Argument | None = None
    has_unknown = has_unknown_position = False
    for argument in unpacked_arguments(arguments).items:
        if argument.keyword is not None:
            field = by_parameter.get(argument.keyword)
            values[argument.keyword if field is None else field.name] = hide_constants(argument.value)
        elif argument.star or has_unknown_position:
            may_be_step = argument.value.relevant and not isinstance(argument.value, Payload | Event)
            unknown = argument if may_be_step else unknown
            has_unknown, has_unknown_position = True, has_unknown_position or argument.star != "**"
        elif positional:
            values[positional.pop(0).name] = hide_constants(argument.value)
    for field in fields:
        if field.name not in values and unknown is not None and field.in_initializer:
            values[field.name] = Unresolved(f"an unknown argument may set `{field.name}`", unknown.place)
        elif field.name not in values:
            default = _default_of(interpreter, field)
            if default is not None:
                values[field.name] = default
            elif has_unknown and field.in_initializer:
                values[field.name] = UNKNOWN
    initializer_only = [field.name for field in fields if field.initializer_only]
    for name, value in values.items():
        if name not in initializer_only:
            assign(name, value)
    place = Place(instance.cls.scope.module, instance.cls.node)
    return Arguments(tuple(Argument(values.get(name, UNKNOWN), place) for name in initializer_only))


def _default_of(interpreter: Interpreter, field: Field) -> Value | None:
    """Return the default of a field if it can lead to a step or is new for each object, else None."""
    scope = field.owner.scope
    if may_be_unbound(scope, field.name):
        return Unresolved(f"`{field.name}` is a field only on some paths", Place(scope.module, field.statement))
    if field.factory is not None:
        with interpreter.in_definition_body(scope):
            factory = interpreter.evaluate(field.factory)
        return interpreter.call(factory, Arguments(), Place(scope.module, field.statement))
    if field.default is None:
        return None
    if field.default is field.statement.value and not isinstance(field.default, cst.Name | cst.Attribute | cst.Lambda):
        value = resolve_body_name(interpreter, scope, field.name) or UNKNOWN
    else:
        # An assignment to the class does not change the default.
        with interpreter.in_definition_body(scope):
            value = interpreter.evaluate(field.default)
    return hide_constants(value) if value.relevant else None
