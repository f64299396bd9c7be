"""Values that represent project functions, classes and objects, with private names and function signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Literal, TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.interpreter.values.containers import Mapping, SpreadArguments
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.ir.facts import ParameterKind
from stepgraph.ir.values import UNKNOWN, External, Value, count_with_children
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import Bindings, parameters
from stepgraph.syntax.module import SourceModule, SourcePlace

_PLAIN_METACLASSES: Final = frozenset(
    ["abc.ABCMeta", "builtins.type", "enum.EnumMeta", "enum.EnumType", "typing.NamedTupleMeta"]
)

FunctionKind: TypeAlias = Literal["function", "static", "class", "property", "context"]

PLAIN_ENUMERATIONS: Final = frozenset(["enum.Enum", "enum.Flag"])
"""The base classes of enumerations whose members are plain objects."""
VALUE_ENUMERATIONS: Final = frozenset(["enum.IntEnum", "enum.IntFlag", "enum.ReprEnum", "enum.StrEnum"])
"""The base classes of enumerations whose members are also numbers or strings."""


class LexicalScope(Struct, eq=False):
    """The scope of a module, a class, or one call of a function."""

    bindings: Bindings
    """The names that the code of the scope binds."""
    names: HeapCell
    """The values of the names."""
    parent: LexicalScope | None
    module: SourceModule
    path: tuple[str, ...] = ()
    """The components of the qualified name, outermost first."""
    kind: Literal["module", "class", "function", "expression"] = "function"
    """The kind of the scope. `expression` means a lambda or comprehension."""
    owner: ClassValue | None = None
    """The class, for the scope of a class body."""
    callable_arguments: tuple[CallableArgument, ...] = ()
    """The callable arguments of this call and of the enclosing calls."""
    is_from_body: bool = False
    """Whether the call was part of a module or class body."""

    @property
    def last_component(self) -> str:
        """The last component of the name of the module or class, empty for a scope without a name."""
        return self.path[-1].rsplit(".", 1)[-1] if self.path else ""

    @property
    def is_local(self) -> bool:
        """Whether the scope belongs to a function or is nested in one."""
        scope: LexicalScope | None = self
        while scope is not None and scope.kind != "function":
            scope = scope.parent
        return scope is not None


class ModuleValue(Value, Struct, frozen=True):
    """A module of the project."""

    file: ModuleFile
    scope: LexicalScope | None
    """The scope of the module; None for a namespace package."""


class CallableArgument(Struct, frozen=True):
    """A callable or awaitable argument of a function."""

    identity: object
    """The step definition, the function, or its syntax node."""
    name: str
    """The name that the graph shows."""


class Caveat(Struct, frozen=True):
    """A reason why a call may not run the resolved function exactly once, reported if the call runs steps."""

    code: str
    """The code of the note."""
    place: SourcePlace
    message: str
    advice: str
    may_be_another: bool = False
    """Whether different code may run. If so, a call that receives the step object or a step is also reported."""


class DecoratingManager(Struct, frozen=True):
    """A context manager that surrounds each call of the function that it decorates."""

    manager: Value
    node: cst.BaseExpression
    """The decorator."""
    is_async: bool
    """Whether the manager is async. Others exit before the coroutine of an async function begins."""


class FunctionValue(Value, Struct, frozen=True):
    """A project function, method or lambda, with its bound arguments."""

    node: cst.FunctionDef | cst.Lambda
    scope: LexicalScope
    """The scope that contains the definition."""
    names: tuple[str, ...]
    """The names of the function, from the plain name to the most qualified name."""
    owner: ClassValue | None = None
    """The class that defines the function, if any."""
    receiver: Value | None = None
    """The bound `self` or `cls`, if any."""
    positional: tuple[Value, ...] = ()
    """The positional arguments bound by `functools.partial`."""
    keywords: tuple[tuple[str, Value], ...] = ()
    """The keyword arguments bound by `functools.partial`."""
    kind: FunctionKind = "function"
    defaults: tuple[tuple[str, Value], ...] = ()
    """The relevant defaults, by parameter name."""
    caveats: tuple[Caveat, ...] = ()
    wrapped: Value | None = None
    """The function that was passed to `functools.wraps`, if any."""
    setter: Value | None = None
    """The setter of a property."""
    deleter: Value | None = None
    """The deleter of a property."""
    cache: Mapping | None = None
    """The results by arguments, if the function has a cache. A `partial` cache may drop results."""
    managers: tuple[DecoratingManager, ...] = ()
    """The context managers that surround the body, innermost first."""
    implementations: Mapping | None = None
    """The functions that run instead by the class of the first argument, if the function is a `singledispatch`."""
    parts: int = 1
    """The number of values in the tree of this value, computed from the fields."""

    def __post_init__(self) -> None:
        if self.positional or self.keywords or self.defaults or self.wrapped is not None:
            named = (value for _, value in (*self.keywords, *self.defaults))
            wrapped = () if self.wrapped is None else (self.wrapped,)
            force_setattr(self, "parts", count_with_children((*self.positional, *named, *wrapped)))

    @property
    def name(self) -> str:
        """The plain name of the function."""
        return self.names[0]

    @property
    def is_async(self) -> bool:
        """Whether the function is defined with `async def`."""
        return isinstance(self.node, cst.FunctionDef) and self.node.asynchronous is not None


class ClassValue(Value, Struct, eq=False):
    """A class of the project."""

    node: cst.ClassDef
    scope: LexicalScope
    """The scope of the class body."""
    name: str
    bases: tuple[Value, ...]
    """The base classes. `External` is a class without relevant members; `UnknownBase` may have any member."""
    resolution_order: tuple[Value, ...] = ()
    """The method resolution order, computed on first use."""
    caveats: tuple[Caveat, ...] = ()
    """The caveats that apply to all members."""
    metaclass: Value | None = None
    decorator_names: tuple[str, ...] = ()
    """The dotted names of the external decorators that do not affect steps, such as `dataclasses.dataclass`."""

    @property
    def has_plain_metaclass(self) -> bool:
        """Whether the metaclass changes no member of the class, and runs no code of the project."""
        metaclass = self.metaclass
        return metaclass is None or (isinstance(metaclass, External) and metaclass.name in _PLAIN_METACLASSES)


class ClassNamespace(Value, Struct, frozen=True):
    """The namespace of a class that its metaclass creates. `type.__new__` returns the class for it."""

    cls: ClassValue


COMPUTED_NAME: Final = "*"
"""The slot for attributes that are set by a computed name. No attribute has this name."""
UNKNOWN_ITEM: Final = "the attributes of an object are read from its `__dict__`"
"""The reason why an item of `__dict__` is unresolved."""
HIDDEN_ITEM: Final = "__dict__."
"""The prefix of slots for items of `__dict__` that a property or data descriptor of the class hides."""


class ProjectObject(Value, Struct, eq=False):
    """An object of a project class, such as `self`."""

    cls: ClassValue
    state: HeapCell
    """The attributes of the object."""
    may_be_replaced: bool = False
    """Whether unknown code may have replaced the object with another one."""
    is_from_body: bool = False
    """Whether code that runs at import created the object, so other such code may change it."""


class EnumMember(Value, Struct, frozen=True):
    """A member of a project enumeration.

    Members of an IntEnum or StrEnum with known values are constants. Members of a class with methods, and members whose
    value can lead to a step, are represented by `ProjectObject`.
    """

    cls: ClassValue
    value: Value = UNKNOWN
    """The member's `value` attribute."""
    name: str | None = None
    """The name of the member, or of one with an equal value; None if it is unknown which member this is."""
    key: object = None
    """An object that is equal for equal keys of dictionaries; None if the member may be equal to any other value."""
    relevant: ClassVar[bool] = False


def member_slot(name: str) -> str:
    """Return the name in the scope of an enumeration for the object of a member. No name of the body is equal."""
    return f"{name}()"


class UnknownBase(Value, Struct, frozen=True):
    """A base class that may have any member."""

    identity: object
    """The dotted name of an external class, or the base expression."""
    place: SourcePlace
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownBase) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


_MODEL_BASES: Final = frozenset(
    {"pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "msgspec.Struct"}
)


def is_model_base(base: Value) -> bool:
    """Return whether a base class is one of pydantic models or msgspec structs."""
    return isinstance(base, UnknownBase) and base.identity in _MODEL_BASES


class AttributeDictionary(Value, Struct, frozen=True):
    """The `__dict__` of an object."""

    owner: ProjectObject


class SuperObject(Value, Struct, frozen=True):
    """The result of `super()`."""

    search_after: ClassValue
    """The class in the resolution order after which the lookup starts."""
    receiver: Value
    """The bound `self` or `cls`."""


class SuperConstructor(Value, Struct, frozen=True):
    """A `super().__new__` or `super().__call__` outside the project, or the `__init__` of a data class or collection.

    Calling it creates or initializes an object.
    """

    super_object: SuperObject
    name: str
    """The name of the method: `__new__`, `__call__` or `__init__`."""


class BuiltinMethod(Value, Struct, frozen=True):
    """A bound method of a built-in type, such as `tasks.append`, `payload.get` or `group.create_task`."""

    receiver: Value
    name: str


def mangle(scope: LexicalScope, name: str) -> str:
    """Return an attribute name used in a scope, mangled as Python mangles private names: `_Class__name`."""
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
    """Return whether Python mangles a name in a class body."""
    return name.startswith("__") and not name.endswith("__")


def body_name(owner: ClassValue, name: str) -> str:
    """Return the name by which a class body binds a member: `__name` for `_Class__name`."""
    class_name = owner.name.lstrip("_")
    private_name = name.removeprefix(f"_{class_name}")
    if not class_name or name == private_name:
        return f"_{name}" if class_name and _is_private(name) else name  # no member has an unmangled private name
    return private_name if _is_private(private_name) else name


class FreeParameter(Struct, frozen=True):
    """A parameter that is not bound by position, as `inspect.signature` reports it.

    If `partial` binds a parameter by keyword, this parameter and the following ones are keyword-only.
    """

    node: cst.Param
    kind: ParameterKind
    place: SourcePlace


def signature_function(function: Value) -> FunctionValue | None:
    """Return the function whose name and signature a function reports. Return None if that function is unknown."""
    while type(function) is FunctionValue:
        if function.wrapped is None:
            return function
        function = function.wrapped
    return None


def free_parameters(function: Value) -> tuple[FreeParameter, ...]:
    """Return the parameters of a function's `inspect.signature`, in order, or an empty tuple if it is unknown."""
    signature_owner = signature_function(function)
    if signature_owner is None or not parameters(signature_owner.node.params):
        return ()
    if signature_owner is function and function.receiver is None and not function.positional and not function.keywords:
        return function.scope.module.once_for(function.node, _all_parameters)
    bound, keywords = 0, set[str]()
    for layer in _wrapper_chain(function):
        bound += (layer.receiver is not None and layer.kind != "static") + sum(map(_bound_count, layer.positional))
        keywords |= {name for name, _ in layer.keywords}
    return tuple(_unbound_parameters(signature_owner.node, signature_owner.scope.module, bound, keywords))


def _all_parameters(node: cst.FunctionDef | cst.Lambda, module: SourceModule) -> tuple[FreeParameter, ...]:
    return tuple(_unbound_parameters(node, module, 0, set()))


def _bound_count(value: Value) -> int:
    """Return how many positional parameters a bound argument of a partial function fills."""
    return len(value.collection.items) if isinstance(value, SpreadArguments) else 1


def _wrapper_chain(function: Value | None) -> Iterator[FunctionValue]:
    while isinstance(function, FunctionValue):
        yield function
        function = function.wrapped


def _unbound_parameters(
    function: cst.FunctionDef | cst.Lambda, module: SourceModule, bound: int, keywords: set[str]
) -> list[FreeParameter]:
    params = function.params

    def free_parameter(node: cst.Param, kind: ParameterKind) -> FreeParameter:
        return FreeParameter(node, kind, SourcePlace(module, node))

    free: list[FreeParameter] = []
    kind: ParameterKind = "positional"
    for node in [*params.posonly_params, *params.params][bound:]:
        if node.name.value in keywords:
            kind = "keyword"
        free.append(free_parameter(node, kind))
    if isinstance(params.star_arg, cst.Param) and kind == "positional":
        free.append(free_parameter(params.star_arg, "*args"))
    free += [free_parameter(node, "keyword") for node in params.kwonly_params]
    if params.star_kwarg is not None:
        free.append(free_parameter(params.star_kwarg, "**kwargs"))
    return free
