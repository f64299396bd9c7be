"""Attribute access, dispatched on the type of the owner."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import AttributeReader, HandlerTable, Interpreter
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
from stepgraph.interpreter.objects.classes import attribute_name, project_classes
from stepgraph.interpreter.objects.names import member_of_module
from stepgraph.interpreter.objects.reassignment import may_be_rebound
from stepgraph.interpreter.objects.union import with_fallback
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection
from stepgraph.interpreter.python.constants import DATETIME, TIMEDELTA
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.calls import ExitStack, FunctionCoroutine, StepCall, WaitCall
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
from stepgraph.interpreter.workflow.data_calls import record_read
from stepgraph.interpreter.workflow.work import awaited_tasks, record_cancellation
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
    RangeResult,
    Resource,
    Unknown,
    Unresolved,
    Value,
)
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.python_names import is_coroutine_attribute
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
    return _READERS[type(owner)](interpreter, owner, name, place)


def _attribute_of_cases(interpreter: Interpreter, owner: Union, name: str, place: SourcePlace) -> Value:
    """Return the join of an attribute's values for the cases of a union.

    An object without the attribute, such as None, raises an AttributeError, so the path of this case ends.
    """
    from stepgraph.interpreter.objects.attributes.presence import may_have_attribute

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
    """Return whether a value is the step object and lacks an attribute that no code may assign."""
    if name.startswith("_"):
        return False
    is_method = is_step_method(name) or interpreter.modules.is_attribute_assigned(name)
    return isinstance(owner, StepObject) and not is_method


def _special_attribute(
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
        classes = project_classes(instance.cls) if isinstance(instance, ProjectObject) else ()
        names = [defining.scope.names for defining in classes]
        members = (m for each in names for m in (each.values() if name is None else (each.get(name),)))
        for member in members:
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


def _method_of_step_object(_interpreter: Interpreter, _step: StepObject, name: str, _place: SourcePlace) -> Value:
    return StepMethod(name)


def _attribute_of_signature(
    _interpreter: Interpreter, signature: StepSignature, name: str, _place: SourcePlace
) -> Value:
    return signature if name == "parameters" else UNKNOWN


def _attribute_of_object(interpreter: Interpreter, owner: ProjectObject, name: str, place: SourcePlace) -> Value:
    if name == "__dict__":
        forget_attribute(interpreter, owner, None)
    return instance_attribute(interpreter, owner, name, place)


def _member_of_external(interpreter: Interpreter, owner: External, name: str, place: SourcePlace) -> Value:
    """Return a member of a module or class outside the project. Report a name that it does not define."""
    prefix = owner.name
    fault = wrong_attribute(prefix, name, place)
    if fault is not None and not interpreter.modules.is_in_project(prefix):
        interpreter.observe(fault)
    if interpreter.tracer is not NO_TRACER and prefix.partition(".")[0] in MODULES_WITH_NAMESAKES:
        # Imported here because only a check needs it.
        from stepgraph.interpreter.objects.attributes.undefined import observe_undefined_member

        observe_undefined_member(interpreter, prefix, name, place)
    return ENVIRONMENT.member(name) if prefix == _IMPORTED_ENVIRONMENT else External(f"{prefix}.{name}")


def _attribute_of_result(_interpreter: Interpreter, owner: ExternalResult, name: str, _place: SourcePlace) -> Value:
    return ExternalResultMember(f"{owner.name}().{name}")


def _attribute_of_moment(_interpreter: Interpreter, _moment: Moment, name: str, _place: SourcePlace) -> Value:
    return ExternalResultMember(f"{DATETIME}().{name}")


def _attribute_of_duration(_interpreter: Interpreter, _duration: Duration, name: str, _place: SourcePlace) -> Value:
    return ExternalResultMember(f"{TIMEDELTA}().{name}")


def _attribute_of_enum_member(interpreter: Interpreter, member: EnumMember, name: str, place: SourcePlace) -> Value:
    return member.value if name == "value" else _other_attribute(interpreter, member, name, place)


def _attribute_of_constant(interpreter: Interpreter, constant: Constant, name: str, place: SourcePlace) -> Value:
    if name == "value":  # a member of an IntEnum or StrEnum, because no constant has this attribute
        return constant
    if constant.value is None:
        return _attribute_of_none(interpreter, constant, name, place)
    return _other_attribute(interpreter, constant, name, place)


def _attribute_of_none(interpreter: Interpreter, owner: Constant | Absent, name: str, place: SourcePlace) -> Value:
    """Return ABSENT, because reading an attribute of None raises an AttributeError."""
    return _other_attribute(interpreter, owner, name, place) if name.startswith("__") else ABSENT


def _attribute_of_event(_interpreter: Interpreter, event: Event, name: str, _place: SourcePlace) -> Value:
    return Payload(event.shape, event.is_run_event) if name == "payload" else BuiltinMethod(event, name)


def _attribute_of_task(interpreter: Interpreter, task: Task | Gathering, name: str, _place: SourcePlace) -> Value:
    if name == "cancel":
        record_cancellation(interpreter, (awaited.task_id for awaited in awaited_tasks(task)))
    return BuiltinMethod(task, name)


def _builtin_method(_interpreter: Interpreter, owner: Value, name: str, _place: SourcePlace) -> Value:
    return BuiltinMethod(owner, name)


def _unresolved_attribute(_interpreter: Interpreter, owner: Unresolved, _name: str, _place: SourcePlace) -> Value:
    return owner


def _attribute_of_nondeterministic(
    _interpreter: Interpreter, owner: Nondeterministic | Resource, name: str, _place: SourcePlace
) -> Value:
    return owner.member(name)


def _attribute_of_function(interpreter: Interpreter, function: FunctionValue, name: str, place: SourcePlace) -> Value:
    attribute = _special_attribute(interpreter, function, name, place)
    return _other_attribute(interpreter, function, name, place) if attribute is None else attribute


def _attribute_of_step(interpreter: Interpreter, step: StepFunction, name: str, place: SourcePlace) -> Value:
    attribute = _assigned_attribute(interpreter, step, name)
    return _other_attribute(interpreter, step, name, place) if attribute is None else attribute


def _attribute_of_coroutine(
    interpreter: Interpreter, owner: StepCall | WaitCall | FunctionCoroutine, name: str, place: SourcePlace
) -> Value:
    """Return ABSENT for an attribute that belongs to the result, so an `await` is missing."""
    return _other_attribute(interpreter, owner, name, place) if is_coroutine_attribute(name) else ABSENT


def _other_attribute(_interpreter: Interpreter, owner: Value, name: str, _place: SourcePlace) -> Value:
    """Return an attribute without a model. It leads to a step only if its owner does."""
    return BuiltinMethod(owner, name) if owner.relevant and name not in METADATA_ATTRIBUTES else UNKNOWN


_READERS: Final[HandlerTable[type[Value], AttributeReader]] = HandlerTable(
    {
        StepObject: _method_of_step_object,
        StepSignature: _attribute_of_signature,
        ProjectObject: _attribute_of_object,
        ClassValue: class_attribute,
        SuperObject: super_attribute,
        ModuleValue: _module_member,
        External: _member_of_external,
        ExternalResult: _attribute_of_result,
        RangeResult: _attribute_of_result,
        Moment: _attribute_of_moment,
        Duration: _attribute_of_duration,
        EnumMember: _attribute_of_enum_member,
        Constant: _attribute_of_constant,
        Absent: _attribute_of_none,
        Event: _attribute_of_event,
        Task: _attribute_of_task,
        Gathering: _attribute_of_task,
        AttributeDictionary: _builtin_method,
        ContextVariable: _builtin_method,
        Payload: _builtin_method,
        Collection: _builtin_method,
        Mapping: _builtin_method,
        TaskGroup: _builtin_method,
        ExitStack: _builtin_method,
        Queue: _builtin_method,
        Future: _builtin_method,
        Union: _attribute_of_cases,
        Unresolved: _unresolved_attribute,
        Nondeterministic: _attribute_of_nondeterministic,
        Resource: _attribute_of_nondeterministic,
        StepCall: _attribute_of_coroutine,
        WaitCall: _attribute_of_coroutine,
        FunctionCoroutine: _attribute_of_coroutine,
        FunctionValue: _attribute_of_function,
        StepFunction: _attribute_of_step,
    },
    {},
    default=_other_attribute,
)
"""The functions that read an attribute, by type of its owner."""
