"""Attribute access, dispatched on the type of the owner."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_values, union_values
from stepgraph.interpreter.library.side_effects import ENVIRONMENT
from stepgraph.interpreter.modules.imports import IMPORT_FAILS, submodule
from stepgraph.interpreter.modules.sdk_imports import wrong_attribute
from stepgraph.interpreter.modules.star_imports import exported_names
from stepgraph.interpreter.objects.attributes.lookup import (
    NAMESPACE_LOOKUP,
    class_attribute,
    instance_attribute,
    super_attribute,
)
from stepgraph.interpreter.objects.classes import attribute_name, resolution_order
from stepgraph.interpreter.objects.names import member_of_module
from stepgraph.interpreter.objects.reassignment import may_be_rebound
from stepgraph.interpreter.objects.union import with_fallback
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection
from stepgraph.interpreter.python.constants import DATETIME, TIMEDELTA
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.calls import ExitStack
from stepgraph.interpreter.values.containers import (
    Collection,
    ContextVariable,
    Element,
    Mapping,
    MappingEntry,
    SpreadArguments,
)
from stepgraph.interpreter.values.objects import (
    AttributeDictionary,
    BuiltinMethod,
    ClassValue,
    EnumMember,
    FunctionValue,
    LexicalScope,
    ModuleValue,
    ProjectObject,
    SuperObject,
)
from stepgraph.interpreter.values.steps import Event, Payload, StepFunction, StepMethod, StepObject, StepSignature
from stepgraph.interpreter.values.tasks import Future, Gathering, Queue, Task, TaskGroup
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.await_members import awaited_tasks
from stepgraph.interpreter.workflow.data_calls import record_read
from stepgraph.interpreter.workflow.work import record_cancellation
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    Absent,
    Constant,
    Duration,
    External,
    ExternalResult,
    ExternalResultMember,
    Moment,
    Nondeterministic,
    Resource,
    Unknown,
    Unresolved,
    Value,
)
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import is_step_method

_IMPORTED_ENVIRONMENT: Final = "workers.env"
"""The bindings, as in `from workers import env`."""
MODULES_WITH_NAMESAKES: Final = ("datetime", "random", "time")
"""Modules that contain a class or function of the same name."""


def get_attribute(interpreter: Interpreter, owner: Value, name: str, place: SourcePlace) -> Value:
    """Return the value of `owner.name`, including the effects of properties and hooks."""
    name = attribute_name(interpreter, name, place)
    if name in interpreter.bindings and isinstance(owner, Unknown | External | ExternalResult | ExternalResultMember):
        return ENVIRONMENT.member(name)
    if (
        name == "__name__"
        and interpreter.is_import_time
        and (constant := constant_name(interpreter, owner)) is not None
    ):
        return constant
    match owner:
        case StepObject():
            return StepMethod(name)
        case StepSignature():
            return owner if name == "parameters" else UNKNOWN
        case ProjectObject():
            if name == "__dict__":
                forget_attribute(interpreter, owner, None)
            return instance_attribute(interpreter, owner, name, place)
        case ClassValue():
            return class_attribute(interpreter, owner, name, place)
        case SuperObject():
            return super_attribute(interpreter, owner, name, place)
        case ModuleValue():
            return _module_member(interpreter, owner, name, place)
        case External(name=prefix):
            fault = wrong_attribute(prefix, name, place)
            if fault is not None and not interpreter.modules.is_in_project(prefix):
                interpreter.observe(fault)
            if interpreter.tracer is not NO_TRACER and prefix.partition(".")[0] in MODULES_WITH_NAMESAKES:
                # Imported here because only a check needs it.
                from stepgraph.interpreter.objects.attributes.undefined import observe_undefined_member

                observe_undefined_member(interpreter, prefix, name, place)
            return ENVIRONMENT.member(name) if prefix == _IMPORTED_ENVIRONMENT else External(f"{prefix}.{name}")
        case ExternalResult(name=prefix):
            return ExternalResultMember(f"{prefix}().{name}")
        case EnumMember(value=value) if name == "value":
            return value
        case Constant() if name == "value":  # a member of an IntEnum or StrEnum, because no constant has this attribute
            return owner
        case Moment():
            return ExternalResultMember(f"{DATETIME}().{name}")
        case Duration():
            return ExternalResultMember(f"{TIMEDELTA}().{name}")
        case Event(shape=shape, is_run_event=of_run) if name == "payload":
            return Payload(shape, of_run)
        case AttributeDictionary():
            return BuiltinMethod(owner, name)
        case Task() | Gathering() if name == "cancel":
            record_cancellation(interpreter, (awaited.task_id for awaited in awaited_tasks(owner)))
            return BuiltinMethod(owner, name)
        case (
            ContextVariable()
            | Event()
            | Payload()
            | Collection()
            | Mapping()
            | TaskGroup()
            | Task()
            | Gathering()
            | ExitStack()
            | Queue()
            | Future()
        ):
            return BuiltinMethod(owner, name)
        case Union():
            return _attribute_of_cases(interpreter, owner, name, place)
        case Unresolved():
            return owner
        case Constant(value=None) | Absent() if not name.startswith("__"):
            return ABSENT  # reading an attribute of None raises an AttributeError
        case Nondeterministic() | Resource():
            return owner.member(name)
        case FunctionValue() if (attribute := _function_attribute(interpreter, owner, name, place)) is not None:
            return attribute
        case StepFunction() if (attribute := _assigned_attribute(interpreter, owner, name)) is not None:
            return attribute
        case _ if owner.relevant and name not in METADATA_ATTRIBUTES:
            return BuiltinMethod(owner, name)
        case _:
            return UNKNOWN


def _attribute_of_cases(interpreter: Interpreter, owner: Union, name: str, place: SourcePlace) -> Value:
    """Return the join of an attribute's values for the cases of a union.

    An object without the attribute, such as None, raises an AttributeError, so the path of this case ends.
    """
    from stepgraph.interpreter.objects.attributes.dynamic import may_have_attribute

    interpreter.count_cases(owner)
    owners = [case for case in owner.cases if not isinstance(case.value, Constant | Absent)]
    live_cases = [
        case
        for case in owners
        if may_have_attribute(interpreter, case.value, name) and not _is_missing(interpreter, case.value, name)
    ] or owners
    attributes = [(case.condition, get_attribute(interpreter, case.value, name, place)) for case in live_cases]
    return join_values(attributes, owner.discriminant, owner.place) if attributes else UNKNOWN


def _is_missing(interpreter: Interpreter, owner: Value, name: str) -> bool:
    """Return whether a value is the step object and lacks an attribute, unless the program may assign it."""
    is_step_object = isinstance(owner, StepObject) and not name.startswith("_")
    return is_step_object and not is_step_method(name) and not interpreter.modules.is_assigned_outside_self(name)


def _function_attribute(
    interpreter: Interpreter, function: FunctionValue, name: str, place: SourcePlace
) -> Value | None:
    """Return the value of a special attribute of a function or partial function. Return None for other attributes."""
    if name == "__wrapped__" and function.wrapped is not None:
        is_assigned = bool(interpreter.modules.owners_with_assigned_attribute(name))
        return Unresolved("`__wrapped__` is reassigned", place) if is_assigned else function.wrapped
    if name == "__call__":
        return function
    if name in ("func", "args", "keywords") and (function.positional or function.keywords):
        return _part_of_partial(interpreter, function, name, place)
    if name in ("__closure__", "__defaults__", "__kwdefaults__"):
        return Unresolved(f"it is read from `{name}` of a function", place)
    if name == "__dict__":
        from stepgraph.interpreter.objects.attributes.function_attributes import make_unresolved

        make_unresolved(interpreter, function, place)
    return _assigned_attribute(interpreter, function, name)


def _assigned_attribute(interpreter: Interpreter, function: FunctionValue | StepFunction, name: str) -> Value | None:
    """Return the value of an attribute that code has assigned to a function. Return None if no path assigns it."""
    # Imported here because few programs assign attributes of functions.
    from stepgraph.interpreter.objects.attributes.function_attributes import read_attribute

    return read_attribute(interpreter, function, name)


def constant_name(interpreter: Interpreter, owner: Value) -> Constant | None:
    """Return the `__name__` of a function or class, such as a key of a registry, unless code may change it.

    It is constant while modules are imported, and for a variable of a decorator. Other functions have one graph for all
    functions and classes that they are called with.
    """
    if interpreter.modules.may_rename_functions():
        return None
    match owner:
        case FunctionValue(wrapped=Value() as wrapped):
            return constant_name(interpreter, wrapped)
        case FunctionValue(node=cst.FunctionDef(), positional=(), keywords=(), caveats=()) | ClassValue():
            return Constant(owner.name)
        case _:
            return None


def forget_attribute(interpreter: Interpreter, owner: Value, name: str | None) -> None:
    """Forget the cached result of a deleted property. Without a name, any cached property may be deleted."""
    from stepgraph.interpreter.library.caches import forget_result

    for instance in union_values(owner):
        for defining in resolution_order(instance.cls) if isinstance(instance, ProjectObject) else ():
            members = defining.scope.names if isinstance(defining, ClassValue) else {}
            for member in members.values() if name is None else (members.get(name),):
                if isinstance(member, FunctionValue) and member.kind == "property":
                    is_certain = name is not None and instance is owner
                    forget_result(interpreter, member, instance, certain=is_certain)


def _part_of_partial(interpreter: Interpreter, function: FunctionValue, name: str, place: SourcePlace) -> Value:
    """Return the function, positional arguments or keyword arguments of a `functools.partial`."""
    if name == "func":
        return replace(function, positional=(), keywords=())
    if any(isinstance(value, SpreadArguments) for value in function.positional):
        return Unresolved(f"it is read from `{name}` of a partial function", place)
    if name == "args":
        elements = tuple(Element(value, place) for value in function.positional)
        return make_result_collection(interpreter, "tuple", elements)
    entries = (MappingEntry(Constant(keyword), value, place, place) for keyword, value in function.keywords)
    return replace(make_mapping(interpreter, tuple(entries)), hidden=True)


# Attributes with metadata, which never lead to a step.
METADATA_ATTRIBUTES: Final = frozenset(
    [
        "__annotations__",
        "__class__",
        "__doc__",
        "__module__",
        "__name__",
        "__qualname__",
        "__type_params__",
        "cr_running",
    ]
)


def _module_member(interpreter: Interpreter, module: ModuleValue, name: str, place: SourcePlace) -> Value:
    """Return the value of `module.name`, which may be a submodule. Report a name that does not exist."""
    scope = module.scope
    value = None if scope is None else member_of_module(interpreter, scope, name)
    if scope is not None:
        is_rebound = may_be_rebound(interpreter, scope, name)
        if is_rebound:
            interpreter.store.record_outer_read(scope.names, name)
        if value is not None:
            record_read(interpreter, value, may_be_rebound=is_rebound)
    value = with_fallback(value, None) if value is not None else submodule(interpreter, module, name, place)
    if value is not None:
        return value
    if scope is None:
        return External(f"{module.file.name}.{name}")
    if name == "__dict__":
        return Unresolved(NAMESPACE_LOOKUP, place)
    if name.startswith("__") or "__getattr__" in scope.bindings.binders:
        return UNKNOWN
    return _report_missing(interpreter, module, scope, name, place)


def _report_missing(
    interpreter: Interpreter, module: ModuleValue, scope: LexicalScope, name: str, place: SourcePlace
) -> Value:
    suggestion = _suggest_name(interpreter, module, scope, name)
    path = module.file.path or module.file.name
    reason = f"{path} has no `{name}`"
    is_imported = isinstance(place.node, cst.ImportFrom)
    advice = IMPORT_FAILS if is_imported else "Accessing it fails at run time."
    advice = f"Did you mean `{suggestion}`?" if suggestion else advice
    interpreter.note("missing-name", place, f"{reason}.", advice)
    return Unresolved(reason, place)


def _suggest_name(interpreter: Interpreter, module: ModuleValue, scope: LexicalScope, name: str) -> str | None:
    """Return the name in a module that is closest to a misspelled name. Return None if no name is close enough."""
    importer = interpreter.modules.importer
    if importer is None:
        return None
    files = importer.files

    def candidates() -> list[str]:
        names = (*exported_names(interpreter, scope), *files.module_names(module.file))
        return [candidate for candidate in names if candidate != name]

    return importer.modules.suggestions.nearest(name, candidates)
