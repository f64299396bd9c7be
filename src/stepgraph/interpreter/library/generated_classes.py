"""Models of the functions that create classes and plain objects: named tuples, namespaces and pydantic models.

The created class is the class of an equivalent `class` statement, which is parsed and not part of the project.
"""

from __future__ import annotations

from collections.abc import Sequence
from keyword import iskeyword
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.python.definitions import make_class
from stepgraph.interpreter.values.calls import Argument, Arguments, Partial
from stepgraph.interpreter.values.containers import Collection, Mapping, as_attribute
from stepgraph.interpreter.values.objects import LexicalScope, ProjectObject
from stepgraph.interpreter.values.steps import Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import Constant, External, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.walk import statements

_NAMESPACE: Final = "class SimpleNamespace:\n    pass\n"
_UNKNOWN_DEFAULT: Final = "id(0)"
"""An expression with an unknown value."""
_MAX_FIELDS: Final = 200
"""The maximum number of fields of a named tuple that is analyzed."""


@models("types.SimpleNamespace", unpacks=True)
def _make_namespace(call: LibraryCall) -> Value:
    """Model `SimpleNamespace(step=step)`. A namespace that is created with data only is data."""
    arguments = unpacked_arguments(call.arguments).items
    is_data = bool(arguments) and not any(argument.value.relevant for argument in arguments)
    if is_data or any(argument.keyword is None for argument in arguments):
        return call.unmodeled()
    namespace = call.interpreter.call(_make_class(call.interpreter, _NAMESPACE), Arguments(), call.place)
    if isinstance(namespace, ProjectObject):
        for argument in arguments:
            value = as_attribute(argument.value)
            call.interpreter.store.write(namespace.state, str(argument.keyword), value)
    return namespace


@models(
    "pydantic.BaseModel.model_validate",
    "pydantic.BaseModel.model_validate_json",
    "pydantic.BaseModel.parse_obj",
    "pydantic.BaseModel.parse_raw",
)
def _validate(call: LibraryCall) -> Value:
    """Model `Order.model_validate(data)` as `Order(**data)`. The class precedes the arguments."""
    match call.arguments.items:
        case [Argument(value=model), Argument(keyword=None, star="") as data, *_] if (
            not data.value.relevant or isinstance(data.value, Mapping | Payload)
        ):
            return call.interpreter.call(model, Arguments((replace(data, star="**"),)), call.place)
        case _:
            return call.unmodeled()


_VALIDATORS: Final = {
    "cattrs.structure": (1, "cl"),
    "dacite.from_dict": (0, "data_class"),
    "msgspec.convert": (1, "type"),
    "msgspec.json.decode": (1, "type"),
    "msgspec.yaml.decode": (1, "type"),
}
"""The functions that convert data to a type, each with the position and the keyword of the type."""


@models(*_VALIDATORS)
def _convert(call: LibraryCall) -> Value:
    """Model `msgspec.convert(data, Order)` as the object that the annotation `Order` stands for."""
    position, keyword = _VALIDATORS[call.name]
    argument = call.arguments.find(position, keyword)
    has_hooks = any(each.keyword in ("config", "dec_hook") for each in call.arguments.items)
    value = None if argument is None or has_hooks else _validated_value(call, argument)
    return call.unmodeled() if value is None else value


_ADAPTER: Final = "class TypeAdapter:\n    pass\n"
_ADAPTED: Final = "pydantic.TypeAdapter.validate_python"


@models("pydantic.TypeAdapter")
def _make_adapter(call: LibraryCall) -> Value:
    """Model `TypeAdapter(list[Line])` as an object whose methods return the value that the annotation stands for."""
    value = _validated_value(call, call.arguments.items[0]) if call.arguments.items else None
    if value is None:
        return call.unmodeled()
    adapter = call.interpreter.call(_make_class(call.interpreter, _ADAPTER), Arguments(), call.place)
    if isinstance(adapter, ProjectObject):
        validate = Partial(External(_ADAPTED), Arguments.of(value, call.place))
        for name in ("validate_python", "validate_json", "validate_strings"):
            call.interpreter.store.write(adapter.state, name, validate)
    return adapter


@models(_ADAPTED)
def _adapt(call: LibraryCall) -> Value:
    """Return the value of an adapter, which precedes the arguments. A union is a choice by this call."""
    value = call.first
    return Union(value.cases, call.place.text, call.place) if isinstance(value, Union) else value


def _validated_value(call: LibraryCall, annotation: Argument) -> Value | None:
    # Imported here because few workflows validate data.
    from stepgraph.interpreter.objects.annotated_values import annotated_value

    node = annotation.place.node
    if annotation.star or not isinstance(node, cst.BaseExpression):
        return None
    return annotated_value(call.interpreter, call.interpreter.frame.scope, node, call.place)


@models("collections.namedtuple", "typing.NamedTuple")
def _make_named_tuple(call: LibraryCall) -> Value:
    """Model `namedtuple("Job", "run retries")` with constant names and defaults that are data."""
    names, settings = call.arguments.items[:2], call.arguments.items[2:]
    source = _named_tuple_source(names, settings) if all(name.keyword is None for name in names) else None
    if source is None:
        report_escape(call.interpreter, call.arguments, call.place)
        return External(f"{call.name}()")
    return _make_class(call.interpreter, source)


def _named_tuple_source(names: Sequence[Argument], settings: Sequence[Argument]) -> str | None:
    """Return an equivalent `class` statement, or None if the names or the settings are unknown."""
    if len(names) != _NAME_AND_FIELDS or not isinstance(names[0].value, Constant):
        return None
    class_name, *fields = _valid_names([names[0].value.value, *_field_names(names[1].value)]) or [""]
    if not class_name:
        return None
    defaults: list[str] = []
    for setting in settings:
        values = setting.value
        if setting.keyword != "defaults" or not isinstance(values, Collection) or not values.has_definite_order:
            return None
        if any(item.value.relevant for item in values.items):
            return None
        defaults = ["None" if is_none(item.value) else _UNKNOWN_DEFAULT for item in values.items]
    lines = [f"    {field}: object" for field in fields]
    for index, default in zip(reversed(range(len(lines))), reversed(defaults), strict=False):
        lines[index] += f" = {default}"
    body = "\n".join(lines or ["    pass"])
    return f"from typing import NamedTuple\nclass {class_name}(NamedTuple):\n{body}\n"


_NAME_AND_FIELDS: Final = 2


def _field_names(fields: Value) -> list[object]:
    """Return the names in `"run retries"`, `["run", "retries"]` or `[("run", object)]`, with None for unknown names."""
    if isinstance(fields, Constant) and isinstance(fields.value, str):
        return [*fields.value.replace(",", " ").split()]
    if not isinstance(fields, Collection) or not fields.has_definite_order or fields.hidden:
        return [None]
    names = [
        item.value.items[0].value if isinstance(item.value, Collection) and item.value.items else item.value
        for item in fields.items
    ]
    return [name.value if isinstance(name, Constant) else None for name in names]


def _valid_names(names: Sequence[object]) -> list[str] | None:
    """Return the names of a class and its fields, or None if some are invalid, unknown or outside of ASCII."""
    words = [name for name in names if isinstance(name, str) and name.isascii() and name.isidentifier()]
    fields = words[1:]
    is_unique = len(set(fields)) == len(fields) <= _MAX_FIELDS
    has_invalid = len(words) < len(names) or any(map(iskeyword, words)) or any(f.startswith("_") for f in fields)
    return words if is_unique and not has_invalid else None


def _make_class(interpreter: Interpreter, source: str) -> Value:
    """Return the class that the `class` statement in a source defines, created once for each source."""
    generated = interpreter.work.generated_classes
    if source not in generated:
        interpreter.budget.spend(Limit.ELEMENTS, len(source))
        module = parse_module(source.encode(), interpreter.module.path)
        bindings = bindings_of(module.tree, module)
        scope = LexicalScope(bindings, interpreter.store.new(is_shared=True), None, module, kind="module")
        definitions = [node for node in statements(module.tree) if isinstance(node, cst.ClassDef)]
        with interpreter.in_definition_body(scope):
            generated[source] = make_class(interpreter, definitions[0], scope)
    return generated[source]
