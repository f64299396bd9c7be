"""Work that is never awaited, iterated over or called, and special methods whose implicit calls are not modeled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeGuard

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import find_member, project_classes, resolution_order
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.calls import Coroutine, FunctionCoroutine, PreparedCall, StepCall, WaitCall
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ProjectObject, UnknownBase
from stepgraph.interpreter.workflow.resuming import report_empty_reads
from stepgraph.ir.await_groups import TaskId, task_ids_of
from stepgraph.ir.facts import NeverAwaited, StepDeclared, StepNeverCalled, Work
from stepgraph.ir.nodes import Activity, Await, Call, Run, StartOperation, work_kind
from stepgraph.ir.values import Unresolved, Value, is_from_package
from stepgraph.ir.walk import VisitedOperation, name_of
from stepgraph.phrases import advice_to_make_async
from stepgraph.syntax.module import SourceModule, SourcePlace

if TYPE_CHECKING:
    from stepgraph.syntax.discarding import DiscardAnalysis
    from stepgraph.syntax.names_in_modules import AttributeUses

_SIGNALS: Final = (b"Barrier(", b"Condition(", b"Event(", b"Queue(", b"create_future(")


def report_unawaited_work(interpreter: Interpreter, operations: Iterable[VisitedOperation], run: SourcePlace) -> None:
    """Report coroutines, generators and steps that never begin, and record facts about work that nothing can await.

    `run` is the method that the SDK calls.
    """
    report_empty_reads(interpreter)
    discarded = _DiscardedCoroutines(interpreter, run)
    _report_never_awaited(discarded)
    if interpreter.tracer is not NO_TRACER:
        _observe_external_coroutines(discarded)
    _report_never_iterated(interpreter)
    _report_special_methods(interpreter)
    _observe_unawaited(discarded, operations)
    _observe_never_called(discarded)


_Kind: TypeAlias = Literal["coroutine", "external coroutine", "task", "step"]


class _DiscardedCoroutines(Struct):
    """Analyses of the values that the program discards, one for each module and kind of work."""

    interpreter: Interpreter
    run: SourcePlace
    """The method that the SDK calls, whose result is discarded."""
    discardings: dict[tuple[int, str], DiscardAnalysis] = field(default_factory=dict)
    """The analyses, by `id` of the module and kind of work."""
    shared_attributes: frozenset[str] | None = None
    """The result of `_shared_attributes`, once it is needed."""

    def observe(self, work: Work, name: str, place: SourcePlace, kind: _Kind = "task") -> bool:
        """Record a fact for work if its value must be discarded, so nothing can await it. Return whether it must be."""
        ends = frozenset([id(self.run.node)])
        discarding = self._discarding(place, kind, ends)
        is_discarded = discarding.is_discarded(place.node)
        if is_discarded:
            self.interpreter.observe(NeverAwaited(work, name, place, discarding.is_async_statement(place.node)))
        return is_discarded

    def is_unused(self, declared: StepDeclared) -> bool:
        """Return whether the program uses neither the name nor the expression of a declared step."""
        call = declared.place
        discarding = self._discarding(call, "step")
        match call.module.parents.get(id(call.node)):
            case cst.Decorator() as decorator:
                function = call.module.parents.get(id(decorator))
                outermost = isinstance(function, cst.FunctionDef) and function.decorators[0] is decorator
                return isinstance(function, cst.FunctionDef) and outermost and discarding.is_never_used(function)
            case cst.Call(func=decorated) as applied if decorated is call.node:
                return discarding.is_discarded(applied)
            case _:
                return False

    def _discarding(self, place: SourcePlace, kind: _Kind, ends: frozenset[int] = frozenset()) -> DiscardAnalysis:
        from stepgraph.syntax.discarding import DiscardAnalysis

        key = (id(place.module), kind)
        discarding = self.discardings.get(key)
        if discarding is None:
            discarding = self.discardings[key] = DiscardAnalysis(
                parents=place.module.parents,
                attributes=self._attribute_uses(place.module) if kind == "coroutine" else None,
                discarded_results=ends,
                data_calls=self.interpreter.work.data_calls,
                decorators=frozenset(id(each.place.node) for each in _declarations(self.interpreter)),
                is_coroutine=kind in ("coroutine", "external coroutine"),
            )
        return discarding

    def _attribute_uses(self, module: SourceModule) -> AttributeUses:
        from stepgraph.syntax.names_in_modules import AttributeUses

        if self.shared_attributes is None:
            self.shared_attributes = _shared_attributes(self.interpreter)
        modules = self.interpreter.modules
        return AttributeUses(module, modules.scopes.keys(), modules.names_in_modules, self.shared_attributes)


def _shared_attributes(interpreter: Interpreter) -> frozenset[str]:
    """Return the names of attributes that a base class or descriptor from outside the project may read."""
    owners = {(instance.cls, name) for instance in interpreter.work.objects for name in instance.state}
    return frozenset(name for owner, name in owners if _is_shared(interpreter, owner, name))


def _is_shared(interpreter: Interpreter, owner: ClassValue, name: str) -> bool:
    order = resolution_order(owner)
    if any(isinstance(base, UnknownBase | Unresolved) for base in order):
        return True
    member = find_member(interpreter, order, name)
    return member is not None and is_from_package(member)


def _report_never_awaited(discarded: _DiscardedCoroutines) -> None:
    interpreter = discarded.interpreter
    for key, (place, coroutine) in list(interpreter.work.coroutines.items()):
        if key in interpreter.work.begun:
            continue
        from stepgraph.interpreter.effects import call_may_run_steps

        # An unknown decorator may make a plain function of an async one.
        is_certain = not isinstance(coroutine, FunctionCoroutine) or not coroutine.function.caveats
        if isinstance(coroutine, FunctionCoroutine) and not call_may_run_steps(
            interpreter, coroutine.function, coroutine.arguments
        ):
            if is_certain and interpreter.tracer is not NO_TRACER:
                discarded.observe("coroutine", coroutine.function.name, place, "coroutine")
            continue
        awaitable = interpreter.work.wrapping_calls.get(key, place)
        if is_certain and discarded.observe(*_kind_and_name(coroutine), awaitable, "coroutine"):
            function = place.synchronous_function
            interpreter.note(
                "never-awaited",
                place,
                f"`{place.text}` is never awaited, so it never runs.",
                "Write `await` before the call." if function is None else advice_to_make_async(function),
                incomplete=False,
            )
        else:
            interpreter.note(
                "unresolved-await",
                place,
                f"no analyzed code awaits `{place.text}`.",
                "If other code awaits it, its steps are missing from the graph. Write `await` before the call.",
            )


def _observe_external_coroutines(discarded: _DiscardedCoroutines) -> None:
    """Record facts about the coroutines of functions outside the project that nothing can await.

    Attributes may be those of objects outside the project, because these coroutines are not followed as values.
    """
    for place, name in discarded.interpreter.work.external_coroutines.values():
        discarded.observe("coroutine", name.rpartition(".")[2], place, "external coroutine")


def _report_never_iterated(interpreter: Interpreter) -> None:
    for key, generator in list(interpreter.work.generators.items()):
        from stepgraph.interpreter.effects import call_may_run_steps

        if key in interpreter.work.begun or not call_may_run_steps(
            interpreter, generator.function, generator.arguments
        ):
            continue
        interpreter.note(
            "generator",
            generator.place,
            f"the generator `{generator.place.text}` runs steps, but no analyzed code iterates over it.",
            "Steps that it runs are missing from the graph. Iterate over it with `for`.",
        )


def _report_special_methods(interpreter: Interpreter) -> None:
    """Report special methods with effects on steps if their implicit calls are not modeled, such as `__del__`."""
    visited: set[tuple[int, str]] = set()
    owners: list[tuple[ProjectObject | ClassValue, ClassValue]] = [
        *((instance, instance.cls) for instance in interpreter.work.objects),
        *((value, value.metaclass) for value in interpreter.work.classes_with_metaclass if _is_class(value.metaclass)),
    ]
    for receiver, class_value in owners:
        for owner in project_classes(class_value):
            for name in _unmodeled_special_methods(owner, is_metaclass=isinstance(receiver, ClassValue)):
                if (id(class_value.node), name) not in visited:
                    visited.add((id(class_value.node), name))
                    _report_special_method(interpreter, receiver, class_value, name)


def _is_class(value: Value | None) -> TypeGuard[ClassValue]:
    return isinstance(value, ClassValue)


def _unmodeled_special_methods(class_value: ClassValue, *, is_metaclass: bool) -> Iterator[str]:
    """Yield the special methods of a class that the interpreter does not call wherever Python calls them."""
    names = class_value.scope.bindings.binders
    special = (name for name in names if name.startswith("__") and name.endswith("__"))
    modeled = modeled_special_methods() - (_UNMODELED_FOR_CLASSES if is_metaclass else frozenset())
    return (name for name in special if name not in modeled)


_UNMODELED_FOR_CLASSES: Final = frozenset(["__getattr__", "__iter__"])
"""The special methods that the interpreter calls for objects, but not for classes, whose metaclass defines them."""


def _report_special_method(
    interpreter: Interpreter, receiver: ProjectObject | ClassValue, class_value: ClassValue, name: str
) -> None:
    from stepgraph.interpreter.effects import effect_of_call, replaces_constants

    method = find_member(interpreter, resolution_order(class_value), name)
    if not isinstance(method, FunctionValue) or isinstance(method.node, cst.Lambda):
        return
    bound = replace(method, receiver=receiver)
    interpreter.work.ignores_stores = True  # Python passes no collections of the project to these methods
    effect = effect_of_call(interpreter, bound)
    interpreter.work.ignores_stores = False
    if effect is None and replaces_constants(interpreter, bound):
        effect = "changes constants"
    if effect is not None:
        interpreter.note(
            "escapes",
            SourcePlace(method.scope.module, method.node),
            f"`{class_value.name}.{name}` {effect}, but stepgraph does not model all implicit calls of it.",
            "Steps that run there may be missing from the graph. Run them in a method that is called by name.",
        )


@cache
def modeled_special_methods() -> frozenset[str]:
    """Return the special methods that the interpreter calls wherever Python calls them."""
    from stepgraph.interpreter.objects.special_methods import OPERATOR_NAMES

    names = [
        *("new", "init", "post_init", "init_subclass", "class_getitem", "call", "await", "get", "set"),
        *("setattr", "delattr", "missing", "enter", "exit", "aenter", "aexit", "iter", "next", "aiter", "anext"),
        *("getitem", "setitem", "delitem", "getattr", "getattribute", "contains"),
        *("neg", "pos", "invert"),
        *(f"{prefix}{operator}" for operator in OPERATOR_NAMES for prefix in ("", "r", "i")),
    ]
    return frozenset(f"__{name}__" for name in names)


def _observe_unawaited(discarded: _DiscardedCoroutines, operations: Iterable[VisitedOperation]) -> None:
    """Record facts about the sleeps and tasks of a program that nothing can await."""
    tasks = _Tasks()
    tasks.collect(operations)
    for start in tasks.started.values():
        kind = work_kind(start.activity)
        if start.eager and kind is not None and start.task_id not in tasks.awaited:
            discarded.observe(kind, name_of(start.activity), start.place)
    for place, task_ids in discarded.interpreter.work.start_calls.values():
        if place.module.mentions(b"all_tasks") or any(task_id in tasks.awaited for task_id in task_ids):
            continue
        activities = [tasks.started[task_id].activity for task_id in task_ids if task_id in tasks.started]
        activities = [
            activity for activity in activities if not isinstance(activity, Call) or activity.function.may_run_steps
        ]
        if activities and not any(_may_signal(activity, place) for activity in activities):
            discarded.observe("task", ", ".join(map(name_of, activities)), place)


def _may_signal(activity: Activity, place: SourcePlace) -> bool:
    """Return whether work may signal its completion without an await, through a queue, an event or a future."""
    return isinstance(activity, Call) and any(map(place.module.mentions, _SIGNALS))


def _observe_never_called(discarded: _DiscardedCoroutines) -> None:
    """Record a fact for each declared step that nothing can call and on which no other step may depend.

    Other steps that do not run are reported by a note, unless an earlier note says that the graph may lack steps.
    """
    interpreter = discarded.interpreter
    steps = interpreter.steps
    declared = _declarations(interpreter)
    if any(fact.function is None for fact in declared):
        return  # an unknown function may have any step as a parameter
    dependency_names = {parameter.name for fact in declared for parameter in fact.definition.parameters}
    has_unresolved = any(code == "unresolved-dependency" for code, _ in interpreter.notes)
    uncalled: list[StepDeclared] = []
    for fact in declared:
        name = fact.definition.declared_name
        if id(fact.place.node) in steps.called or name in dependency_names or (has_unresolved and "{" in name):
            continue
        if discarded.is_unused(fact) and fact.definition not in steps.awaited:
            interpreter.observe(StepNeverCalled(fact.definition, fact.place))
        elif fact.definition not in steps.ran:
            uncalled.append(fact)
    if not any(incomplete for *_, incomplete in interpreter.notes.values()):
        _report_uncalled(interpreter, uncalled)


def _declarations(interpreter: Interpreter) -> list[StepDeclared]:
    return [fact for fact in interpreter.facts if type(fact) is StepDeclared]


def _report_uncalled(interpreter: Interpreter, uncalled: Sequence[StepDeclared]) -> None:
    """Report steps that are never called directly, because the graph lacks indirect calls."""
    # The rules report the steps that are passed to methods of the step object, and those awaited without a call.
    explained = interpreter.steps.passed | interpreter.steps.awaited | interpreter.store.replaced
    for declared in uncalled:
        if declared.definition not in explained:
            interpreter.note(
                "lost-step",
                declared.place,
                f"the step {declared.definition.quoted_name} is never called directly.",
                "Indirect calls of it are missing from the graph. Call it by name.",
            )


class _Tasks(Struct):
    """The tasks that a program starts and awaits, by task id."""

    started: dict[TaskId, StartOperation] = field(default_factory=dict)
    awaited: set[TaskId] = field(default_factory=set)

    def collect(self, operations: Iterable[VisitedOperation]) -> None:
        for visit in operations:
            match visit.operation:
                case StartOperation() as start:
                    self.started[start.task_id] = start
                case Await(group=group):
                    self.awaited |= task_ids_of(group)
                case Run(completed_tasks=completes):
                    self.awaited |= {awaited.task_id for awaited in completes}


def _kind_and_name(coroutine: Coroutine) -> tuple[Work, str]:
    match coroutine:
        case StepCall(step=step):
            return "step", step.definition.name
        case WaitCall(activity=wait):
            return "wait", wait.name
        case FunctionCoroutine(function=called):
            return "function", called.name
        case PreparedCall(function=prepared):
            return "function", prepared.names[0]
