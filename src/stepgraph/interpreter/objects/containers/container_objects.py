"""Objects of project classes that derive from a built-in collection, such as `class Plan(list)`, and named tuples.

A slot of the object holds the collection with the elements. Methods that the project does not define operate on this
collection.
"""

from __future__ import annotations

import collections
import collections.abc
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import class_member, find_member, project_classes, resolution_order
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.objects import BuiltinMethod, ClassValue, ProjectObject
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements_below

NAMED_TUPLE: Final = External("typing.NamedTuple")
CONTENTS: Final = "[]"
"""The slot that holds the collection. It is not a valid attribute name."""
_DATA: Final = "data"
"""The attribute that holds the collection of a `UserDict` or `UserList`."""

_BASES: Final[dict[str, type]] = {
    "builtins.dict": dict,
    "builtins.frozenset": frozenset,
    "builtins.list": list,
    "builtins.set": set,
    "builtins.tuple": tuple,
    "collections.OrderedDict": collections.OrderedDict,
    "collections.UserDict": collections.UserDict,
    "collections.UserList": collections.UserList,
    "collections.defaultdict": collections.defaultdict,
    "collections.deque": collections.deque,
}
_GENERIC_ALIASES: Final = {
    "typing.Dict": "builtins.dict",
    "typing.List": "builtins.list",
    "typing.Set": "builtins.set",
    "typing.Tuple": "builtins.tuple",
    "typing.DefaultDict": "collections.defaultdict",
    "typing.Deque": "collections.deque",
    "typing.OrderedDict": "collections.OrderedDict",
}
_PLAIN: Final = ("builtins.dict", "builtins.list", "builtins.tuple")
"""The bases whose operators return a collection without the class of the object."""
_IMMUTABLE: Final = ("builtins.frozenset", "builtins.tuple")
_WRAPPERS: Final = ("collections.UserDict", "collections.UserList")
"""The bases whose methods call special methods that a class overrides. The methods of other bases do not."""
_ITEM_METHODS: Final = ("__getitem__", "__setitem__", "__delitem__", "__iter__", "__contains__", "__len__")
_METHODS: Final = {name: frozenset(dir(base)) - frozenset(dir(object)) for name, base in _BASES.items()}


def _container_base(order: tuple[Value, ...]) -> tuple[str, int] | None:
    """Return the name and position of the built-in collection in a resolution order. Return None if it is missing."""
    for index, base in enumerate(order):
        name = _GENERIC_ALIASES.get(base.name, base.name) if isinstance(base, External) else ""
        if name in _BASES:
            return name, index
    return None


def make_contents(
    interpreter: Interpreter, class_value: ClassValue, arguments: Arguments, place: SourcePlace
) -> dict[str, Value]:
    """Return the slot with the elements of a new object, or no slot if its class does not derive from a collection."""
    base = _container_base(resolution_order(class_value))
    if base is None:
        return {}
    name, _ = base
    created = interpreter.call(External(name), arguments if name in _IMMUTABLE else Arguments(), place)
    return {_slot(name): created} if isinstance(created, Collection | Mapping) else {}


def _slot(base: str) -> str:
    return _DATA if base in _WRAPPERS else CONTENTS


def initialize_contents(
    interpreter: Interpreter, instance: ProjectObject, arguments: Arguments, place: SourcePlace
) -> None:
    """Initialize the collection in an object as the `__init__` of the built-in base class does."""
    order = resolution_order(instance.cls)
    base = _container_base(order)
    if base is None or base[0] in _IMMUTABLE:
        return
    name, index = base
    contents = contents_of(interpreter, instance)
    if contents is None or (arguments.items and _calls_overrides(interpreter, name, order[:index])):
        for argument in (Argument(instance, place), *arguments.items):
            action = f"is passed to `{instance.cls.name}`, whose base class stepgraph does not model"
            interpreter.escape(argument.value, argument.place, action)
        return
    created = interpreter.call(External(name), arguments, place)
    if not isinstance(created, Collection | Mapping):
        contents.state.unordered = True
        unknown = (Element(UNKNOWN, place, many=True, may_be_missing=True),)
        interpreter.store.write(contents.state, "items", unknown if isinstance(contents, Collection) else ())
        return
    contents.state.unordered = contents.state.unordered or created.state.unordered
    if arguments.items:
        contents.state.changed = True
        interpreter.store.write(contents.state, "items", created.state.contents)
    interpreter.store.write(instance.state, _slot(name), replace(created, state=contents.state))


def contents_of(interpreter: Interpreter, instance: ProjectObject) -> Collection | Mapping | None:
    """Return the collection of an object. Return None if it is missing or unknown."""
    base = _container_base(resolution_order(instance.cls))
    if base is None:
        return None
    slot = _slot(base[0])
    contents = instance.state.get(slot)
    interpreter.store.record_outer_read(instance.state, slot)
    if not isinstance(contents, Collection | Mapping):
        return None
    interpreter.store.record_outer_read(contents.state, "items")
    return contents


def _calls_overrides(interpreter: Interpreter, base: str, classes: tuple[Value, ...]) -> bool:
    """Return whether methods of the base class may call methods that the project overrides."""
    return base in _WRAPPERS and any(find_member(interpreter, classes, name) is not None for name in _ITEM_METHODS)


def container_attribute(
    interpreter: Interpreter, instance: ProjectObject, order: tuple[Value, ...], name: str
) -> BuiltinMethod | None:
    """Return a method that a built-in collection in a resolution order defines. Return None for other attributes.

    A method that cannot operate on the collection alone is bound to the object itself.
    """
    base = _container_base(order)
    if base is None:
        return _mixin_method(instance, order, name)
    base_name, index = base
    if name not in _METHODS[base_name] or find_member(interpreter, order[:index], name) is not None:
        return None
    contents = contents_of(interpreter, instance)
    whole_order = resolution_order(instance.cls)
    calls_overrides = name not in _ITEM_METHODS and _calls_overrides(interpreter, base_name, whole_order[:index])
    calls_missing = name == "__getitem__" and find_member(interpreter, whole_order, "__missing__") is not None
    copies_object = name == "copy" and base_name not in ("builtins.dict", "builtins.list")
    if contents is None or calls_overrides or calls_missing or copies_object:
        return BuiltinMethod(instance, name)
    return BuiltinMethod(contents, name)


def unbound_method(interpreter: Interpreter, name: str, arguments: Arguments) -> Value | None:
    """Return the bound method for a call through the class: `list.append(self, item)`. Return None for other calls."""
    base, _, method = name.rpartition(".")
    receiver = arguments.items[0].value if arguments.items and not arguments.items[0].star else UNKNOWN
    if base not in _BASES or method not in _METHODS[base]:
        return None
    if (isinstance(receiver, Collection) and base == f"builtins.{receiver.kind}") or (
        isinstance(receiver, Mapping) and base == "builtins.dict" and method != "fromkeys"
    ):
        return BuiltinMethod(receiver, method)
    if not isinstance(receiver, ProjectObject):
        return None
    order = resolution_order(receiver.cls)
    container = _container_base(order)
    return container_attribute(interpreter, receiver, order[container[1] :], method) if container is not None else None


def _mixin_method(instance: ProjectObject, order: tuple[Value, ...], name: str) -> BuiltinMethod | None:
    """Return a method that an abstract base class implements by calling methods of the project, if any."""
    for base in order:
        if isinstance(base, External) and base.name.startswith(("collections.abc.", "typing.")):
            abstract_class = getattr(collections.abc, base.name.rsplit(".", 1)[-1], None)
            if not name.startswith("__") and hasattr(abstract_class, name):
                return BuiltinMethod(instance, name)
    return None


def as_collection(interpreter: Interpreter, value: Value, *methods: str) -> Value:
    """Return the collection inside an object, unless the project defines one of the special `methods` of an operation.

    Other values are returned unchanged.
    """
    if not isinstance(value, ProjectObject):
        return value
    order = resolution_order(value.cls)
    base = _container_base(order)
    if base is None and NAMED_TUPLE in order:
        is_plain = all(find_member(interpreter, order, method) is None for method in methods)
        return _fields_of(interpreter, value) if is_plain else value
    if base is None:
        return value
    name, index = base
    if name == "collections.UserList" and "__iter__" in methods:
        methods = (*methods, "__getitem__")  # `UserList` iterates by calling `__getitem__`
    if any(find_member(interpreter, order[:index], method) is not None for method in methods):
        return value
    contents = contents_of(interpreter, value)
    return value if contents is None else contents


def as_plain_collection(interpreter: Interpreter, value: Value, *methods: str) -> Value:
    """Like `as_collection`, but only for classes whose operators return a plain list, tuple or dictionary."""
    order = resolution_order(value.cls) if isinstance(value, ProjectObject) else ()
    base = _container_base(order)
    is_plain = NAMED_TUPLE in order if base is None else base[0] in _PLAIN
    return as_collection(interpreter, value, *methods) if is_plain else value


def _fields_of(interpreter: Interpreter, instance: ProjectObject) -> Collection:
    """Return the fields of a named tuple as a tuple."""
    place = SourcePlace(instance.cls.scope.module, instance.cls.node)
    values = [field_value(interpreter, instance, name) for name in field_names(instance.cls)]
    return make_result_collection(interpreter, "tuple", tuple(Element(value, place) for value in values))


def field_names(class_value: ClassValue) -> list[str]:
    """Return the field names of a named tuple. A class that derives from the named tuple adds none."""
    owners = [owner for owner in project_classes(class_value) if NAMED_TUPLE in owner.bases]
    return [
        statement.target.value
        for owner in owners[:1]
        for statement in statements_below(owner.node.body)
        if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name)
    ]


def field_value(interpreter: Interpreter, instance: ProjectObject, name: str) -> Value:
    """Return the value of a field of a named tuple, or else its default in the class."""
    value: Value | None = instance.state.get(name)
    return class_member(interpreter, instance, name) or UNKNOWN if value is None else value


def is_container_class(order: tuple[Value, ...]) -> bool:
    """Return whether a class derives from a built-in collection."""
    return _container_base(order) is not None
