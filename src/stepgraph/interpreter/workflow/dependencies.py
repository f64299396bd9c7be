"""Declarations of steps, and dependencies between steps.

Parameter names determine the dependencies; in legacy mode, `depends` does (SDK: `_build_dependency_list`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count, takewhile
from operator import itemgetter
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import affects_steps
from stepgraph.interpreter.path_joins import apply, join_any, present_value
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.interpreter.workflow.work import DependencyRun
from stepgraph.ir.facts import (
    AmbiguousDependency,
    DependencyCountMismatch,
    DependencyCycle,
    StepDeclared,
    UnresolvedStepParameter,
)
from stepgraph.ir.nodes import (
    Dependency,
    OperationBlock,
    StepCase,
    StepChoice,
    StepDefinition,
    StepInput,
    StepParameter,
    StepRun,
    may_run_steps,
)
from stepgraph.ir.values import Constant, Value
from stepgraph.phrases import counted, cycle_phrase
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace


def declare_step(interpreter: Interpreter, step: StepFunction) -> None:
    """Declare a step, which replaces an earlier step with the same name (SDK: `step_closures`)."""
    number = interpreter.steps.add(step)
    interpreter.store.write(interpreter.steps.by_name, step.definition.declared_name, step)
    interpreter.frame.declared.pop(step, None)
    interpreter.frame.declared[step] = number


def declare_again(interpreter: Interpreter, steps: Collection[StepFunction]) -> None:
    """Declare the steps of a function again, because the function is called.

    If all steps are still current, they only move to the end of the order. Declaring them again in each caller of a
    chain of calls would take quadratic time.
    """
    if not steps:
        return
    current = interpreter.steps.by_name
    if not all(current.get(step.definition.declared_name) is step for step in steps):
        for step in steps:
            declare_step(interpreter, step)
        return
    interpreter.steps.repeated.update(
        step.definition.declared_name for step in steps if "{" in step.definition.declared_name
    )
    declared = interpreter.frame.declared
    for step in () if declared.keys().isdisjoint(steps) else steps:
        declared.pop(step, None)
    declared.update(zip(steps, count(interpreter.steps.count + 1), strict=False))
    interpreter.steps.count += len(steps)


def declared_since(interpreter: Interpreter, number: int) -> tuple[StepDefinition, ...]:
    """Return the steps that the current frame has declared after the declaration `number`, in order."""
    recent = takewhile(lambda entry: entry[1] > number, reversed(interpreter.frame.declared.items()))
    return tuple(step.definition for step, _ in recent)[::-1]


class StepBody(Struct, frozen=True):
    """The evaluated body of a step's function."""

    block: OperationBlock
    started_bindings: tuple[str, ...] = ()
    """The bindings of the workflows that the body starts."""


BodyEvaluator: TypeAlias = Callable[[Interpreter, StepFunction], StepBody]
CONTEXT: Final = "ctx"

# The codes of notes on code that may declare unknown steps.
_CODES_OF_UNKNOWN_STEPS: Final = frozenset(
    [
        *("assigned-elsewhere", "broken-module", "escapes", "too-many-variants", "unknown-base", "unknown-member"),
        *("unknown-metaclass", "unresolved-call"),
    ]
)
_CODE_OF_KEY: Final = itemgetter(0)
# The codes of definitions that other code may change, at any time before they are used.
_CODES_WITHOUT_ORDER: Final = frozenset(["assigned-elsewhere", "broken-module", "unknown-base", "unknown-metaclass"])


def step_run(interpreter: Interpreter, step: StepFunction, evaluate_body: BodyEvaluator) -> StepRun:
    """Return the run of a step that is called at this point."""
    required: tuple[tuple[str, Dependency], ...] = ()
    if not (step.definition.parameters or step.depends or step.depends_collection is not None):
        body = evaluate_body(interpreter, step)
    elif _runs_dependencies(interpreter, step):
        required = _required_steps(interpreter, step, evaluate_body)
        with interpreter.tracer.after_dependencies():
            body = evaluate_body(interpreter, step)
    else:
        required = _required_steps(interpreter, step, evaluate_body)
        body = evaluate_body(interpreter, step)
    if step.definition.named_by_parameter and may_run_steps(body.block):
        _report_unknown_body(interpreter, step.definition)
    inputs = tuple(StepInput(parameter, _step_names(dependency)) for parameter, dependency in required)
    dependencies = tuple(dependency for _, dependency in required)
    return StepRun(step.definition, body.block, dependencies, inputs, body.started_bindings)


def _runs_dependencies(interpreter: Interpreter, step: StepFunction) -> bool:
    """Return whether a call of a step first runs another step, because this step has not run yet."""
    if interpreter.mode is DependencyMode.LEGACY:
        values: list[Value | None] = [item.value for item in step.depends or () if not item.may_be_missing]
    else:
        values = [
            interpreter.steps.by_name.get(parameter.name) or _step_named_by(interpreter, step.definition, parameter)
            for parameter in step.definition.parameters
            if parameter.name != CONTEXT
        ]
    return any(
        isinstance(value, StepFunction)
        and value.definition not in interpreter.steps.ran
        and value.definition not in interpreter.steps.runs
        for value in values
    )


def _step_names(dependency: Dependency) -> tuple[str, ...]:
    """Return the names of the steps that a dependency may run, without the dependencies of these steps."""
    if isinstance(dependency, StepRun):
        return (dependency.definition.name,)
    names = (name for case in dependency.cases for name in _step_names(case.dependency))
    return tuple(dict.fromkeys(names))


def _required_steps(
    interpreter: Interpreter, step: StepFunction, evaluate_body: BodyEvaluator
) -> tuple[tuple[str, Dependency], ...]:
    """Return the steps that a call of a step requires, in the order in which the SDK resolves them.

    Each step is paired with the name of the parameter that receives its result.
    """
    definition = step.definition
    parameters = [parameter for parameter in definition.parameters if parameter.name != CONTEXT]
    if not parameters and not step.depends and step.depends_collection is None:
        return ()
    if definition in interpreter.steps.resolving:
        _report_cycle(interpreter, definition)
        return ()
    interpreter.steps.resolving.append(definition)
    list_dependencies = _listed_dependencies if interpreter.mode is DependencyMode.LEGACY else _named_dependencies
    dependencies = list_dependencies(interpreter, step, parameters)
    if definition.concurrent:
        required = _concurrent_dependencies(interpreter, dependencies, evaluate_body, definition.place)
    else:
        required = [
            (parameter, _dependency(interpreter, value, place, evaluate_body))
            for parameter, value, place in dependencies
        ]
    interpreter.steps.resolving.pop()
    if not interpreter.steps.resolving:
        interpreter.steps.required.clear()
    return tuple((parameter, dependency) for parameter, dependency in required if dependency is not None)


def _concurrent_dependencies(
    interpreter: Interpreter,
    dependencies: Iterator[tuple[str, Value, SourcePlace]],
    evaluate_body: BodyEvaluator,
    place: SourcePlace,
) -> list[tuple[str, Dependency | None]]:
    """Evaluate dependencies that the SDK starts together, so that each may read what the others write."""
    # Imported here because few steps have concurrent dependencies.
    from stepgraph.interpreter.values.calls import StepCall
    from stepgraph.interpreter.workflow.resuming import ConcurrentRun, log_run, overlap

    checkpoint = interpreter.store.checkpoint()
    required: list[tuple[str, Dependency | None]] = []
    runs: list[ConcurrentRun] = []
    for parameter, value, item_place in dependencies:

        def evaluate(value: Value = value, item_place: SourcePlace = item_place) -> Dependency | None:
            return _dependency(interpreter, value, item_place, evaluate_body)

        call = StepCall(value, item_place) if isinstance(value, StepFunction) else None
        run = log_run(interpreter, call, item_place, evaluate)
        runs += [] if run is None else [run]
        required.append((parameter, None if run is None else run.run))
    if not overlap(interpreter, runs, evaluate_body):
        _join_orders(interpreter, checkpoint, place)
    return required


def _join_orders(interpreter: Interpreter, checkpoint: int, place: SourcePlace) -> None:
    """Join the values that concurrent dependencies write to the same variables, because each may write last."""
    store = interpreter.store
    apply(store, join_any(store, store.overwritten(checkpoint), place))


def _named_dependencies(
    interpreter: Interpreter, step: StepFunction, parameters: list[StepParameter]
) -> Iterator[tuple[str, Value, SourcePlace]]:
    """Yield dependencies in implicit mode: each parameter names a step, the last one declared with that name."""
    if step.depends is not None:
        return  # the SDK rejects `depends`, which is reported at the declaration
    for parameter in parameters:
        step_value = interpreter.steps.by_name.look_up(parameter.name)
        if step_value is None:
            interpreter.store.record_outer_read(interpreter.steps.by_name, parameter.name)
            named = _step_named_by(interpreter, step.definition, parameter)
            if named is None:
                _report_unknown_parameter(interpreter, step.definition, parameter)
            else:
                yield parameter.name, named, parameter.place
            continue
        if not _is_declared_in_frame(interpreter, step_value):
            interpreter.store.record_outer_read(interpreter.steps.by_name, parameter.name)
        _observe_shared(interpreter, step.definition, parameter, step_value)
        yield parameter.name, step_value, parameter.place


def _observe_shared(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter, value: Value
) -> None:
    hidden = interpreter.steps.hidden.get(value.definition) if isinstance(value, StepFunction) else None
    if isinstance(value, StepFunction) and hidden is not None:
        interpreter.observe(AmbiguousDependency(definition, parameter, value.definition, hidden))


def _is_declared_in_frame(interpreter: Interpreter, value: Value) -> bool:
    return isinstance(value, StepFunction) and value in interpreter.frame.declared


def _listed_dependencies(
    interpreter: Interpreter, step: StepFunction, parameters: list[StepParameter]
) -> Iterator[tuple[str, Value, SourcePlace]]:
    """Yield dependencies in legacy mode: `depends` lists one step for each parameter except `ctx`, by position."""
    depends = step.depends_collection.items if step.depends_collection is not None else step.depends or ()
    if step.depends is None:
        _report_missing_depends(interpreter, step.definition, parameters)
    elif len(depends) != len(parameters) and not any(item.many or item.may_be_missing for item in depends):
        _report_count(interpreter, step.definition, len(parameters), len(depends))
    names = [parameter.name for parameter in parameters]
    depends = _listed_in_valid_runs(depends, parameters)
    is_complete = len(depends) == len(parameters)
    for index, item in enumerate(depends):
        if item.many or item.may_be_missing:
            names.clear()  # the positions of later steps are unknown
        if item.many or not _is_step(item.value) or (item.may_be_missing and not is_complete):
            _report_unresolved_item(interpreter, step.definition, item)
        yield "".join(names[index : index + 1]), item.value, item.place


def _listed_in_valid_runs(depends: tuple[Element, ...], parameters: Sequence[StepParameter]) -> tuple[Element, ...]:
    """Return the items of `depends` in calls that succeed.

    The SDK requires one item for each parameter. If the certain items match all parameters, the others are missing. If
    they match all but one, one of several adjacent items that may be missing is present.
    """
    certain = tuple(item for item in depends if not (item.many or item.may_be_missing))
    if len(certain) == len(parameters):
        return certain
    first = next((index for index, item in enumerate(depends) if item.may_be_missing), 0)
    end = len(depends) - len(certain) + first
    candidates = depends[first:end]
    is_one_of_several = len(certain) == len(parameters) - 1 < len(depends) - 1
    if not is_one_of_several or not all(map(_is_optional_step, candidates)):
        return depends
    conditions = [item.condition for item in candidates[:-1]]
    if None in conditions:
        cases = [Case(item.place.case_text, item.value) for item in candidates]
        choice = Union(tuple(cases), parameters[first].name, parameters[first].place)
    else:
        pairs = zip([*conditions, None], candidates, strict=True)
        choice = Union(tuple(Case(condition, item.value) for condition, item in pairs), None, candidates[0].place)
    return (*depends[:first], Element(choice, candidates[0].place), *depends[end:])


def _is_optional_step(item: Element) -> bool:
    return item.may_be_missing and not item.many and isinstance(item.value, StepFunction)


def _is_step(value: Value) -> bool:
    if isinstance(value, Union):
        return all(_is_step(case.value) or isinstance(case.value, Constant) for case in value.cases)
    return isinstance(value, StepFunction)


def _dependency(
    interpreter: Interpreter, value: Value, place: SourcePlace, evaluate_body: BodyEvaluator
) -> Dependency | None:
    match value:
        case StepFunction():
            _report_chain(interpreter, value.definition, place)
            return _step_run(interpreter, value, evaluate_body)
        case Union(cases=cases, discriminant=discriminant):
            interpreter.steps.choice_depths.append(len(interpreter.steps.resolving))
            dependencies = [
                (case.condition, _dependency(interpreter, case.value, place, evaluate_body)) for case in cases
            ]
            interpreter.steps.choice_depths.pop()
            step_cases = tuple(
                StepCase(condition, dependency) for condition, dependency in dependencies if dependency is not None
            )
            return StepChoice(step_cases, value.place, discriminant) if step_cases else None
        case _:
            return None


def _step_run(interpreter: Interpreter, step: StepFunction, evaluate_body: BodyEvaluator) -> StepRun:
    """Return the run of a step as a dependency, cached until a declaration replaces a name that was looked up.

    The step runs only if it has not run yet. If it may have run, the state is the join of both cases.
    """
    steps, store, definition = interpreter.steps, interpreter.store, step.definition
    may_have_run = definition in steps.ran
    cached = steps.runs.get(definition)
    if cached is not None and cached.version == steps.by_name.version:
        if not cached.has_effects or definition in steps.required:
            return cached.run
        may_have_run = True
    steps.required.add(definition)
    checkpoint = store.checkpoint()
    run = step_run(interpreter, step, evaluate_body)
    interpreter.expose(checkpoint)
    changes = store.rollback(checkpoint)
    has_effects = any(affects_steps(present_value(change).value, change.value) for change in changes.values())
    if may_have_run and has_effects:
        changes = join_any(store, [changes], definition.place)
    apply(store, changes)
    steps.ran.add(definition)
    steps.runs[definition] = DependencyRun(steps.by_name.version, step, run, has_effects)
    return run


# Errors that the SDK raises, and dependencies that stepgraph cannot resolve


def _report_cycle(interpreter: Interpreter, definition: StepDefinition) -> None:
    first = interpreter.steps.resolving.index(definition)
    names = [step.name for step in interpreter.steps.resolving[first:]]
    is_unconditional = not any(depth > first for depth in interpreter.steps.choice_depths)
    if not is_unconditional or not interpreter.steps.ran.isdisjoint(interpreter.steps.resolving[first:]):
        interpreter.note(
            "possible-cycle",
            definition.place,
            f"the step {definition.name!r} may depend on itself: {cycle_phrase(names)}.",
            "If it does, it fails with a RecursionError. Remove one of these dependencies.",
            incomplete=False,
        )
        return
    interpreter.observe(DependencyCycle(tuple(interpreter.steps.resolving[first:])))
    interpreter.note(
        "dependency-cycle",
        definition.place,
        f"dependency cycle: {cycle_phrase(names)}, so the step {definition.name!r} fails with a RecursionError.",
        "Remove one of these dependencies.",
        incomplete=False,
    )


def _report_chain(interpreter: Interpreter, definition: StepDefinition, place: SourcePlace) -> None:
    """Report a step that may depend on the same step of an earlier loop pass, and so on through all earlier passes."""
    steps = interpreter.steps
    if steps.choice_depths and any(
        step is not definition and step.place.node is definition.place.node for step in steps.resolving
    ):
        interpreter.note(
            "unresolved-dependency",
            place,
            f"the step {definition.name!r} may depend on the same step of an earlier pass of a loop.",
            "The graph shows one such dependency, although each pass may add another. Await each step in its pass.",
        )


def _step_named_by(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter
) -> StepFunction | None:
    """Return the step with a computed name that a parameter of a step names, or None if it is unknown."""
    from stepgraph.interpreter.workflow.computed_names import step_named_by_parameter  # few workflows need it

    return step_named_by_parameter(interpreter, definition, parameter)


def _report_unknown_parameter(interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter) -> None:
    from stepgraph.interpreter.workflow.computed_names import steps_of_computed_name

    candidates = steps_of_computed_name(interpreter, definition, parameter)
    if candidates:
        reason = f"the name of the step on line {candidates[-1].place.span.line} is computed"
        _report_unresolved_parameter(interpreter, definition, parameter, reason)
        return
    if interpreter.modules.may_rename_functions():
        _report_unresolved_parameter(
            interpreter, definition, parameter, "the program may change the names or parameters of functions"
        )
        return
    interpreter.observe(UnresolvedStepParameter(definition, parameter, interpreter.steps.index.first_steps()))
    if interpreter.work.starting:
        interpreter.steps.unknown_in_tasks.append((definition, parameter))
    else:
        if not _may_follow_unresolved_code(interpreter):
            interpreter.steps.missing.add(id(parameter.place.node))
        _report_missing_step(interpreter, definition, parameter)


def _may_follow_unresolved_code(interpreter: Interpreter) -> bool:
    """Return whether unresolved code, which may declare any step, may run before the current code."""
    if interpreter.loop_depth or interpreter.work.escaped or interpreter.work.deferred_notes:
        return True
    return not _CODES_OF_UNKNOWN_STEPS.isdisjoint(map(_CODE_OF_KEY, interpreter.notes))


def report_unknown_parameters(interpreter: Interpreter) -> None:
    """Report parameters that named no step when a task was created. Omit errors that unresolved code may prevent."""
    facts = [fact for fact in interpreter.facts if isinstance(fact, StepDeclared)]
    if interpreter.steps.named:
        from stepgraph.interpreter.workflow.computed_names import ambiguous_names

        for definition, parameter, step in ambiguous_names(interpreter, facts):
            reason = f"the step on line {step.place.span.line} may have the same name"
            _report_unresolved_parameter(interpreter, definition, parameter, reason)
    declared = {fact.definition.declared_name for fact in facts}
    for definition, parameter in interpreter.steps.unknown_in_tasks:
        if parameter.name in declared:
            reason = "the step of that name is declared after the task is created, and the task may begin before"
            _report_unresolved_parameter(interpreter, definition, parameter, reason)
        else:
            _report_missing_step(interpreter, definition, parameter)
    notes = interpreter.notes
    codes = {code for code, _ in notes}
    may_exist = not codes.isdisjoint(_CODES_OF_UNKNOWN_STEPS)
    may_exist_at_any_call = not codes.isdisjoint(_CODES_WITHOUT_ORDER)
    for key in [(code, node) for code, node in notes if code == "unknown-parameter"]:
        is_certain = key[1] in interpreter.steps.missing and not may_exist_at_any_call
        if (may_exist and not is_certain) or ("unresolved-dependency", key[1]) in notes:
            del notes[key]


def _report_unresolved_parameter(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter, reason: str
) -> None:
    interpreter.note(
        "unresolved-dependency",
        parameter.place,
        f"the parameter `{parameter.name}` of the step {definition.name!r} cannot be resolved: {reason}.",
        "A step that it needs may be missing from the graph. Declare that step first, with a literal name.",
    )


def _report_unknown_body(interpreter: Interpreter, definition: StepDefinition) -> None:
    """Report steps in the body of a step with a computed name: its function may read variables of another call."""
    interpreter.note(
        "unresolved-dependency",
        definition.place,
        f"the steps inside the step {definition.name!r} cannot be resolved: several steps have this declaration.",
        "The graph shows the steps of the latest call of the declaration. Declare each step with a literal name.",
    )


def _report_missing_step(interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter) -> None:
    namesake = interpreter.steps.index.by_function_name.get(parameter.name)
    advice = "Name it after a declared step or `ctx`."
    if parameter.has_default:
        advice = "The SDK ignores its default. Read a variable of the enclosing function instead."
    if namesake is not None:
        advice = (
            f"The step of that function is named {namesake.declared_name!r}, and parameter names must match step names."
        )
    interpreter.note(
        "unknown-parameter",
        parameter.place,
        f"parameter `{parameter.name}` matches no step declared before the call, so the step {definition.name!r} fails"
        " with a TypeError.",
        advice,
        incomplete=False,
    )


def _report_missing_depends(
    interpreter: Interpreter, definition: StepDefinition, parameters: list[StepParameter]
) -> None:
    interpreter.observe(DependencyCountMismatch(definition, len(parameters), None))
    interpreter.note(
        "missing-depends",
        definition.place,
        f"missing `depends` for the parameter `{parameters[0].name}`, so the step {definition.name!r} fails with a"
        " TypeError.",
        "List a step for each parameter in `depends=[...]`.",
        incomplete=False,
    )


def _report_count(interpreter: Interpreter, definition: StepDefinition, parameters: int, depends: int) -> None:
    interpreter.observe(DependencyCountMismatch(definition, parameters, depends))
    interpreter.note(
        "depends-count",
        definition.place,
        f"`depends` lists {counted(depends, 'step')} for {counted(parameters, 'parameter')} besides `ctx`, so the step"
        f" {definition.name!r} fails with a TypeError.",
        "List one step for each parameter.",
        incomplete=False,
    )


def _report_unresolved_item(interpreter: Interpreter, definition: StepDefinition, item: Element) -> None:
    interpreter.note(
        "unresolved-dependency",
        item.place,
        f"`{item.place.text}` in `depends` of the step {definition.name!r} cannot be resolved.",
        "A step that it needs may be missing from the graph. List the decorated functions themselves.",
    )
