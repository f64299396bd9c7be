"""Functions, classes and objects of the project as values; private names of classes, and signatures of functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.interpreter.values.containers import HeapCell, Mapping, SpreadArguments
from stepgraph.ir.facts import ParameterKind
from stepgraph.ir.values import UNKNOWN, Value, count_with_children
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import Bindings
from stepgraph.syntax.module import Place, SourceModule

FunctionKind: TypeAlias = Literal["function", "static", "class", "property", "context"]


class LexicalScope(Struct, eq=False):
    """The scope of a module, a class, or one call of a function."""

    bindings: Bindings
    """The names that its code binds."""
    names: HeapCell
    """The values of these names."""
    parent: LexicalScope | None
    module: SourceModule
    path: tuple[str, ...] = ()
    """Components of the qualified name, outermost first. Empty for a module."""
    kind: Literal["module", "class", "function", "expression"] = "function"
    """`expression` is a lambda or comprehension."""
    owner: ClassValue | None = None
    """The class of the body, if it is the scope of a class body."""
    callable_arguments: tuple[CallableArgument, ...] = ()
    """The callable arguments of this call and of the enclosing calls."""

    @property
    def is_local(self) -> bool:
        """Whether it is the scope of a function, or is nested in one."""
        scope: LexicalScope | None = self
        while scope is not None and scope.kind != "function":
            scope = scope.parent
        return scope is not None


class ModuleValue(Value, Struct, frozen=True):
    """A module of the project."""

    file: ModuleFile
    scope: LexicalScope | None
    """Its names, or None for a namespace package."""


class CallableArgument(Struct, frozen=True):
    """A callable or awaitable argument of a function."""

    identity: object
    """The step definition, the function or its syntax node."""
    name: str
    """The name in the graph."""


class Caveat(Struct, frozen=True):
    """The reason why a call may run different code than the resolved function, reported if the call runs steps."""

    code: str
    """Code of the note."""
    place: Place
    message: str
    advice: str
    may_be_another: bool = False
    """Whether different code may run. If so, a call with an argument that can run steps is reported as well."""


class FunctionValue(Value, Struct, frozen=True):
    """A function, method or lambda of the project, with its bound arguments."""

    node: cst.FunctionDef | cst.Lambda
    scope: LexicalScope
    """The scope of its definition."""
    names: tuple[str, ...]
    """Its names, from the plain one to the most qualified one."""
    owner: ClassValue | None = None
    """The class that defines it."""
    receiver: Value | None = None
    """The bound `self` or `cls`."""
    positional: tuple[Value, ...] = ()
    """The positional arguments bound by `functools.partial`."""
    keywords: tuple[tuple[str, Value], ...] = ()
    """The keyword arguments bound by `functools.partial`."""
    kind: FunctionKind = "function"
    defaults: tuple[tuple[str, Value], ...] = ()
    """The relevant parameter defaults, by name."""
    caveats: tuple[Caveat, ...] = ()
    wrapped: Value | None = None
    """The argument of `functools.wraps`."""
    setter: Value | None = None
    """The setter of a property."""
    deleter: Value | None = None
    """The deleter of a property."""
    cache: Mapping | None = None
    """The results by arguments, for a function with a cache. A `partial` cache may drop results."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        if self.positional or self.keywords or self.defaults or self.wrapped is not None:
            named = (value for _, value in (*self.keywords, *self.defaults))
            wrapped = () if self.wrapped is None else (self.wrapped,)
            force_setattr(self, "parts", count_with_children((*self.positional, *named, *wrapped)))

    @property
    def name(self) -> str:
        """The plain name."""
        return self.names[0]


class ClassValue(Value, Struct, eq=False):
    """A class of the project."""

    node: cst.ClassDef
    scope: LexicalScope
    """The scope of its body."""
    name: str
    bases: tuple[Value, ...]
    """`ClassValue` for classes of the project, `External` for classes without relevant members, or `UnknownBase`."""
    resolution_order: tuple[Value, ...] = ()
    """The method resolution order, computed on first use."""
    caveats: tuple[Caveat, ...] = ()
    """The caveats of all its members."""
    metaclass: Value | None = None
    decorator_names: tuple[str, ...] = ()
    """Dotted names of its external decorators, such as `dataclasses.dataclass`."""


class Instance(Value, Struct, eq=False):
    """An object of a class of the project, `self` included."""

    cls: ClassValue
    state: HeapCell
    """The attributes."""
    may_be_replaced: bool = False
    """Whether unknown code may have replaced it by another object."""
    is_from_body: bool = False
    """Whether code that runs at import created it, so that other such code may change it."""


class EnumMember(Value, Struct, frozen=True):
    """A member of an enumeration of the project."""

    cls: ClassValue
    value: Value = UNKNOWN
    """The value of its `value` attribute."""
    relevant: ClassVar[bool] = False


class UnknownBase(Value, Struct, frozen=True):
    """A base class that may have any member."""

    identity: object
    """The dotted name of an external class, or the base expression."""
    place: Place
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownBase) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


class AttributeDictionary(Value, Struct, frozen=True):
    """The `__dict__` of an object."""

    owner: Instance


class SuperObject(Value, Struct, frozen=True):
    """The result of `super()`."""

    search_after: ClassValue
    """The class after which the lookup starts in the resolution order."""
    receiver: Value
    """The bound `self` or `cls`."""


class SuperConstructor(Value, Struct, frozen=True):
    """`super().__new__` or `super().__call__` without a definition in the project, or a generated `__init__`.

    A call creates or initializes an object.
    """

    super_object: SuperObject
    name: str
    """`__new__`, `__call__` or `__init__`."""


class BuiltinMethod(Value, Struct, frozen=True):
    """A bound method of a built-in type: `tasks.append`, `payload.get`, `group.create_task`."""

    receiver: Value
    name: str


def mangle(scope: LexicalScope, name: str) -> str:
    """Return an attribute name that code in a scope uses, with Python's mangling of private names: `_Class__name`."""
    if not _is_private(name):
        return name
    enclosing: LexicalScope | None = scope
    while enclosing is not None and enclosing.owner is None:
        enclosing = enclosing.parent
    if enclosing is None or enclosing.owner is None:
        return name
    prefix = enclosing.owner.name.lstrip("_")
    return f"_{prefix}{name}" if prefix else name


def _is_private(name: str) -> bool:
    """Return whether Python mangles a name in the body of a class."""
    return name.startswith("__") and not name.endswith("__")


def body_name(owner: ClassValue, name: str) -> str:
    """Return the name by which the body of a class binds a member: `__name` for `_Class__name`."""
    class_name = owner.name.lstrip("_")
    private_name = name.removeprefix(f"_{class_name}")
    if not class_name or name == private_name:
        return f"_{name}" if class_name and _is_private(name) else name  # a body never binds a private name as written
    return private_name if _is_private(private_name) else name


class FreeParameter(Struct, frozen=True):
    """A parameter without a bound argument. Binding by keyword makes it keyword-only, as in `functools.partial`."""

    node: cst.Param
    kind: ParameterKind
    place: Place


def signature_function(function: Value) -> FunctionValue | None:
    """Return the function whose name and signature a function reports, or None if it is unknown."""
    while isinstance(function, FunctionValue) and function.wrapped is not None:
        function = function.wrapped
    return function if isinstance(function, FunctionValue) else None


def free_parameters(function: Value) -> tuple[FreeParameter, ...]:
    """Return the parameters of a function's `inspect.signature` in order; none if it is unknown."""
    signature_owner = signature_function(function)
    if signature_owner is None:
        return ()
    bound, keywords = 0, set[str]()
    for layer in _wrapper_chain(function):
        bound += (layer.receiver is not None and layer.kind != "static") + sum(map(_bound_count, layer.positional))
        keywords |= {name for name, _ in layer.keywords}
    return tuple(_unbound_parameters(signature_owner, bound, keywords))


def _bound_count(value: Value) -> int:
    """Return the number of positional parameters that an argument of a partial function binds."""
    return len(value.collection.items) if isinstance(value, SpreadArguments) else 1


def _wrapper_chain(function: Value | None) -> Iterator[FunctionValue]:
    while isinstance(function, FunctionValue):
        yield function
        function = function.wrapped


def _unbound_parameters(function: FunctionValue, bound: int, keywords: set[str]) -> list[FreeParameter]:
    params, module = function.node.params, function.scope.module

    def free_parameter(node: cst.Param, kind: ParameterKind) -> FreeParameter:
        return FreeParameter(node, kind, Place(module, node))

    parameters: list[FreeParameter] = []
    kind: ParameterKind = "positional"
    for node in [*params.posonly_params, *params.params][bound:]:
        if node.name.value in keywords:
            kind = "keyword"
        parameters.append(free_parameter(node, kind))
    if isinstance(params.star_arg, cst.Param) and kind == "positional":
        parameters.append(free_parameter(params.star_arg, "*args"))
    parameters += [free_parameter(node, "keyword") for node in params.kwonly_params]
    if params.star_kwarg is not None:
        parameters.append(free_parameter(params.star_kwarg, "**kwargs"))
    return parameters
