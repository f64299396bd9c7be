"""Fields of dataclasses, attrs classes and named tuples, and the initializers generated from these fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import may_be_unbound
from stepgraph.interpreter.objects.class_relations import ATTRS_PACKAGES, decorator_flags, is_data_class
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Mapping, hide_constants
from stepgraph.interpreter.values.data import is_data_container
from stepgraph.interpreter.values.objects import ClassValue, ProjectObject, UnknownBase
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, External, Unknown, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements_below

_NAMED_TUPLE: Final = "typing.NamedTuple"
_CLASSES_WITH_FIELDS: Final = frozenset([_NAMED_TUPLE, "typing.TypedDict", "typing_extensions.TypedDict"])
_MODELS: Final = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel"})
_SUBCLASS_HOOK: Final = "__init_subclass__"
_MODEL_DECORATOR: Final = "pydantic.dataclasses.dataclass"
_MATCH_ARGUMENTS: Final = "__match_args__"
# Functions that describe a field, each with the keyword of its default factory.
_FIELD_FUNCTIONS: Final = {
    "dataclasses.field": "default_factory",
    "attr.ib": "factory",
    "attr.attrib": "factory",
    "attr.field": "factory",
    "attrs.field": "factory",
    "pydantic.Field": "default_factory",
}
_SPECIAL_ANNOTATION: Final = r"""['"]?(?:\w+\s*\.\s*)?(\w+)\b"""
_CLASS_VARIABLE: Final = "ClassVar"
_KEYWORD_ONLY_MARK: Final = "KW_ONLY"
_INITIALIZER_ONLY: Final = "InitVar"
_SPECIAL_NAMES: Final = (_CLASS_VARIABLE, _KEYWORD_ONLY_MARK, _INITIALIZER_ONLY)


class Field(Struct, frozen=True):
    """A field of a dataclass, attrs class or named tuple."""

    name: str
    parameter: str
    """The name of the parameter of the generated initializer."""
    owner: ClassValue
    """The class that declares the field."""
    statement: cst.AnnAssign | cst.Assign
    default: cst.BaseExpression | None
    """The expression of the default value, if any."""
    factory: cst.BaseExpression | None
    """The expression of the default factory, if any."""
    in_initializer: bool
    """Whether the generated initializer has a parameter for the field."""
    keyword_only: bool
    initializer_only: bool
    """Whether the field is an `InitVar`: only a parameter, which is passed on to `__post_init__`."""


def fields_of(interpreter: Interpreter, order: Sequence[Value]) -> list[Field]:
    """Return the fields of the first data class in a resolution order, starting with the fields of its base classes.

    A field that a class declares again keeps its position. In named tuples and models, all annotated names are fields.
    In plain classes, they are class variables.
    """
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    data_class = next(filter(is_data_class, classes), None)
    if data_class is None and not any(map(may_make_fields, order)):
        return []
    if data_class is not None:
        classes = [owner for owner in data_class.resolution_order if isinstance(owner, ClassValue)]
        classes = list(filter(is_data_class, classes))
    fields: dict[str, Field] = {}
    for owner in reversed(classes):
        for field in _declared_fields(interpreter, owner):
            fields[field.name] = field
    return list(fields.values())


def may_make_fields(owner: Value) -> bool:
    """Return whether a class, its decorators, its keywords or its hook may turn annotations into fields."""
    if isinstance(owner, External):
        return owner.name in _CLASSES_WITH_FIELDS
    if not isinstance(owner, ClassValue):
        return True
    if owner.node.decorators or _SUBCLASS_HOOK in owner.scope.bindings.binders or not owner.has_plain_metaclass:
        return True
    return any(keyword.keyword is None or keyword.keyword.value != "metaclass" for keyword in owner.node.keywords)


def positional_attributes(interpreter: Interpreter, order: Sequence[Value]) -> list[str]:
    """Return the attributes that positional patterns of a class read, or an empty list if they are unknown."""
    for owner in order:
        if not isinstance(owner, ClassValue):
            is_named_tuple = isinstance(owner, External) and owner.name == _NAMED_TUPLE
            return [field.name for field in fields_of(interpreter, order)] if is_named_tuple else []
        if _MATCH_ARGUMENTS in owner.scope.bindings.binders:
            return _literal_names(owner.scope.bindings.binders[_MATCH_ARGUMENTS])
        if is_data_class(owner) and decorator_flags(owner).get("match_args", True):
            fields = fields_of(interpreter, owner.resolution_order)
            return [field.name for field in fields if field.in_initializer and not field.keyword_only]
    return []


def _literal_names(binders: Sequence[cst.CSTNode]) -> list[str]:
    """Return the strings in a tuple that is bound to a name, or an empty list if the name is bound to anything else."""
    match binders:
        case [cst.Assign(value=cst.Tuple(elements=elements))]:
            names = [name for element in elements if (name := string_of(element.value)) is not None]
            return names if len(names) == len(elements) else []
        case _:
            return []


def _declared_fields(interpreter: Interpreter, owner: ClassValue) -> Iterator[Field]:
    keyword_only = decorator_flags(owner).get("kw_only", False)
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
                any(decorator.startswith(ATTRS_PACKAGES) for decorator in owner.decorator_names)
                and _field_function(interpreter, owner, function)
            ):
                yield _make_field(
                    interpreter, owner, name, statement, keyword_only=keyword_only, initializer_only=False
                )


def _annotation_kind(interpreter: Interpreter, owner: ClassValue, annotation: cst.BaseExpression) -> str:
    """Return the plain name of a special annotation such as `ClassVar`. For other annotations, the result is arbitrary.

    A special annotation may be written as a string or an alias.
    """
    base = annotation.value if isinstance(annotation, cst.Subscript) else annotation
    module = owner.scope.module
    match = re.match(_SPECIAL_ANNOTATION, module.text(base))
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
    if any(decorator.startswith(ATTRS_PACKAGES) for decorator in owner.decorator_names):
        parameter = name.lstrip("_")
    function = _field_function(interpreter, owner, default.func) if isinstance(default, cst.Call) else None
    if isinstance(default, cst.Call) and function is not None:
        settings = {argument.keyword.value: argument.value for argument in default.args if argument.keyword is not None}
        default = settings.get("default")
        factory = settings.get(_FIELD_FUNCTIONS[function])
        in_initializer = not _is_name(settings.get("init"), "False")
        keyword_only = _is_name(settings.get("kw_only"), "True") or (keyword_only and "kw_only" not in settings)
        alias = settings.get("alias")
        parameter = (None if alias is None else string_of(alias)) or parameter
    return Field(
        name=name,
        parameter=parameter,
        owner=owner,
        statement=statement,
        default=default,
        factory=factory,
        in_initializer=in_initializer,
        keyword_only=keyword_only,
        initializer_only=initializer_only,
    )


def _field_function(interpreter: Interpreter, owner: ClassValue, function: cst.BaseExpression) -> str | None:
    """Return the dotted name of a function that describes a field. Return None for other functions."""
    with interpreter.in_definition_body(owner.scope):
        value = interpreter.evaluate(function)
    return value.name if isinstance(value, External) and value.name in _FIELD_FUNCTIONS else None


def _is_name(node: cst.BaseExpression | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _may_hold_steps(argument: Value) -> bool:
    """Return whether an unpacked argument may lead to a step. The unknown entries of a dictionary are data."""
    if isinstance(argument, Mapping):
        return any(_may_hold_steps(part) for entry in argument.entries for part in (entry.key, entry.value))
    return argument.relevant and not isinstance(argument, Payload | Event)


def assign_fields(
    interpreter: Interpreter,
    instance: ProjectObject,
    fields: Sequence[Field],
    arguments: Arguments,
    assign: Callable[[str, Value], None],
) -> Arguments:
    """Assign arguments and defaults to fields as a generated initializer does. Return the arguments of `__post_init__`.

    If the call has unknown arguments, these may set any field that no other argument sets. Such fields are unresolved
    if an unknown argument can lead to a step. Otherwise, they have their defaults that can lead to steps, or else
    UNKNOWN.
    """
    by_name, unknown = _match_arguments(fields, arguments)
    values: dict[str, Value] = {}
    for name, argument in by_name:
        values[name] = argument.value if interpreter.is_import_time else hide_constants(argument.value)
        interpreter.tracer.on_field(instance, name, argument)
    with_steps = next((argument for argument in reversed(unknown) if _may_hold_steps(argument.value)), None)
    for field in fields:
        if field.name in values:
            continue
        if with_steps is not None and field.in_initializer:
            values[field.name] = Unresolved(f"an unknown argument may set `{field.name}`", with_steps.place)
            continue
        may_be_set = bool(unknown) and field.in_initializer
        default = _default_of(interpreter, field)
        if may_be_set and (default is None or is_data_container(default)):
            values[field.name] = UNKNOWN
        elif default is not None:
            values[field.name] = default
    if interpreter.work.validates or _is_validated(instance):
        values |= _validated_values(interpreter, instance, fields, values)
    initializer_only = [field.name for field in fields if field.initializer_only]
    for name, value in values.items():
        if name not in initializer_only:
            assign(name, value)
    place = SourcePlace(instance.cls.scope.module, instance.cls.node)
    return Arguments(tuple(Argument(values.get(name, UNKNOWN), place) for name in initializer_only))


def _match_arguments(
    fields: Sequence[Field], arguments: Arguments
) -> tuple[list[tuple[str, Argument]], list[Argument]]:
    """Return the arguments by the names of the fields that they set, and the arguments that may set any field."""
    positional = [field.name for field in fields if field.in_initializer and not field.keyword_only]
    by_parameter = {field.parameter: field.name for field in fields if field.in_initializer}
    by_name: list[tuple[str, Argument]] = []
    unknown: list[Argument] = []
    has_unknown_position = False
    for argument in unpacked_arguments(arguments).items:
        if argument.keyword is not None:
            by_name.append((by_parameter.get(argument.keyword, argument.keyword), argument))
        elif argument.star or has_unknown_position:
            unknown.append(argument)
            has_unknown_position = has_unknown_position or argument.star != "**"
        elif positional:
            by_name.append((positional.pop(0), argument))
    return by_name, unknown


def _is_validated(instance: ProjectObject) -> bool:
    """Return whether the initializer of an object converts data to the classes that the annotations name."""
    return any(
        (isinstance(base, UnknownBase) and base.identity in _MODELS)
        or (isinstance(base, ClassValue) and _MODEL_DECORATOR in base.decorator_names)
        for base in instance.cls.resolution_order
    )


def _validated_values(
    interpreter: Interpreter, instance: ProjectObject, fields: Sequence[Field], values: dict[str, Value]
) -> dict[str, Value]:
    """Return the objects that validation creates for the fields with unknown values."""
    # Imported here because few workflows validate data.
    from stepgraph.interpreter.objects.annotated_values import annotated_value

    validated: dict[str, Value] = {}
    if any(field.owner.scope.module.once_for(field.owner.node, _has_validators) for field in fields):
        return validated
    created_objects = interpreter.work.validated
    is_outermost = not created_objects
    created_objects.setdefault(instance.cls, instance)
    for field in fields:
        value = values.get(field.name)
        is_data = isinstance(value, Unknown | Payload | EventPart)
        if is_data and isinstance(field.statement, cst.AnnAssign):
            annotation, place = (
                field.statement.annotation.annotation,
                SourcePlace(field.owner.scope.module, field.statement),
            )
            created = annotated_value(interpreter, field.owner.scope, annotation, place)
            if created is not None:
                validated[field.name] = (
                    replace(created, discriminant=field.name) if isinstance(created, Union) else created
                )
    if is_outermost:
        created_objects.clear()
    return validated


def _has_validators(node: cst.ClassDef, module: SourceModule) -> bool:
    """Return whether methods of a class may replace the values of its fields during validation."""
    methods = [each for each in statements_below(node.body) if isinstance(each, cst.FunctionDef)]
    hooks = ("__get_validators__", "__get_pydantic_core_schema__")
    return any(
        method.name.value in hooks or any("validator" in module.text(each.decorator) for each in method.decorators)
        for method in methods
    )


def _default_of(interpreter: Interpreter, field: Field) -> Value | None:
    """Return the default of a field. Return None unless it can lead to a step or is created for each object."""
    scope = field.owner.scope
    if field.name not in scope.bindings.binders:
        return None  # an annotation without a value
    if may_be_unbound(scope, field.name):
        return Unresolved(f"`{field.name}` is a field only on some paths", SourcePlace(scope.module, field.statement))
    if field.factory is not None:
        with interpreter.in_definition_body(scope):
            factory = interpreter.evaluate(field.factory)
        return interpreter.call(factory, Arguments(), SourcePlace(scope.module, field.factory))
    if field.default is None:
        return None
    if field.default is field.statement.value and not isinstance(field.default, cst.Name | cst.Attribute | cst.Lambda):
        value = resolve_body_name(interpreter, scope, field.name) or UNKNOWN
    else:
        # An assignment to the class attribute does not change the default.
        with interpreter.in_definition_body(scope):
            value = interpreter.evaluate(field.default)
    return hide_constants(value) if value.relevant else None
