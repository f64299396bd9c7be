"""Declarations of steps, and dependencies between steps.

Parameter names determine the dependencies; in legacy mode, `depends` does (SDK: `_build_dependency_list`).

A declaration with a computed name, such as `step.do(f"extract_{source}")`, may declare many steps: one in each
iteration of a loop, or one at each call of a function. A parameter such as `extract_orders` names one of them, which
is a separate step in the graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, count, takewhile
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.path_joins import apply, join_any, present_value
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.interpreter.workflow.dependency_reports import (
    report_chain,
    report_count,
    report_cycle,
    report_missing_depends,
    report_unknown_body,
    report_unknown_parameter,
    report_unresolved_item,
)
from stepgraph.interpreter.workflow.work import DependencyRun, step_functions_in
from stepgraph.interpreter.write_log import affects_steps
from stepgraph.ir.facts import AmbiguousDependency, StepDeclared
from stepgraph.ir.nodes import Dependency, OperationBlock, StepCase, StepChoice, StepDefinition, StepInput, StepRun
from stepgraph.ir.step_settings import StepParameter
from stepgraph.ir.values import Constant, Value
from stepgraph.ir.walk import candidate_steps, may_run_steps
from stepgraph.phrases import fits_pieces
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace

_FIELD: Final = r"\{[^{}]*\}"


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
        report_unknown_body(interpreter, step.definition)
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
    return tuple(dict.fromkeys(step.name for step in candidate_steps(dependency)))


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
        report_cycle(interpreter, definition)
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
                report_unknown_parameter(interpreter, step.definition, parameter)
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
        report_missing_depends(interpreter, step.definition, parameters)
    elif len(depends) != len(parameters) and not any(item.many or item.may_be_missing for item in depends):
        report_count(interpreter, step.definition, len(parameters), len(depends))
    names = [parameter.name for parameter in parameters]
    depends = _listed_in_valid_runs(depends, parameters)
    is_complete = len(depends) == len(parameters)
    for index, item in enumerate(depends):
        if item.many or item.may_be_missing:
            names.clear()  # the positions of later steps are unknown
        if item.many or not _is_step(item.value) or (item.may_be_missing and not is_complete):
            report_unresolved_item(interpreter, step.definition, item)
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
            report_chain(interpreter, value.definition, place)
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


def _step_named_by(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter
) -> StepFunction | None:
    """Return the step with a computed name that a parameter of a step names, or None if it is unknown."""
    return step_named_by_parameter(interpreter, definition, parameter)


def steps_of_computed_name(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter
) -> list[StepDefinition]:
    """Return the declared steps with computed names that a parameter of another step may name."""
    steps = interpreter.steps
    steps.index.update(steps.by_name)
    return [
        step
        for step in steps.index.with_braces
        if (step is not definition or step.declared_name in steps.repeated)
        and not _captures_variable(parameter, step, definition)
        and _may_be_named(step, parameter.name)
    ]


def step_named_by_parameter(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter
) -> StepFunction | None:
    """Return the step with a computed name that a parameter names, if only one declaration has a name that fits.

    `report_ambiguous_names` reports the parameters that fit other declarations of the program.
    """
    candidates = tuple(steps_of_computed_name(interpreter, definition, parameter))
    if not candidates or interpreter.modules.may_rename_functions():
        return None
    steps, last = interpreter.steps, candidates[-1]
    if not _has_plain_fields(last) or not all(_is_same_declaration(step, last) for step in candidates):
        return None
    if any(step.place.node is last.place.node for step in (definition, *steps.resolving)):
        return None
    for name in dict.fromkeys(step.declared_name for step in candidates):
        steps.by_name.looked_up.add(name)
        interpreter.store.record_outer_read(steps.by_name, name)
    named = steps.named.get((candidates, parameter.name))
    if named is None:
        declared = steps.by_name[last.declared_name]
        function = next(step for step in step_functions_in(declared) if step.definition is last)
        renamed = replace(last, name=parameter.name, declared_name=parameter.name, named_by_parameter=True)
        named = steps.named[candidates, parameter.name] = replace(function, definition=renamed)
    steps.called.add(id(last.place.node))
    steps.ran.update(candidates)
    steps.parameters_of_named.setdefault((parameter.name, id(parameter.place.node)), (definition, parameter, last))
    return named


def ambiguous_names(
    interpreter: Interpreter, facts: Iterable[StepDeclared]
) -> Iterator[tuple[StepDefinition, StepParameter, StepDefinition]]:
    """Yield the steps and parameters for which `step_named_by_parameter` returned a step, but another step fits.

    The other step, which is the third item, may be declared later, or may have the same computed name.
    """
    if not interpreter.steps.named:
        return
    declared = {(id(fact.place.node), id(fact.definition.function.node)): fact.definition for fact in facts}
    exact = {step.declared_name: step for step in declared.values()}
    computed = [step for step in declared.values() if "{" in step.declared_name]
    for definition, parameter, resolved in interpreter.steps.parameters_of_named.values():
        literal = exact.get(parameter.name)
        for step in chain(computed, () if literal is None else (literal,)):
            if not _is_same_declaration(step, resolved) and (step is literal or _may_be_named(step, parameter.name)):
                yield definition, parameter, step
                break


def _is_same_declaration(first: StepDefinition, second: StepDefinition) -> bool:
    return first.place.node is second.place.node and first.function.node is second.function.node


def _captures_variable(parameter: StepParameter, step: StepDefinition, definition: StepDefinition) -> bool:
    """Return whether a parameter captures a variable of a loop, rather than the result of the step in an earlier pass.

    That step could have the name of the parameter, but a default as in `charge(order=order)` has no other purpose.
    """
    return parameter.has_default and step.place.node is definition.place.node


def _may_be_named(definition: StepDefinition, name: str) -> bool:
    """Return whether a step may have a name at run time. Braces in its static name are literal or contain source."""
    literals = re.split(_FIELD, definition.declared_name)
    if len(literals) == 1:
        return False
    return not _has_plain_fields(definition) or fits_pieces(name, literals)


def _has_plain_fields(definition: StepDefinition) -> bool:
    """Return whether each brace in a name begins or ends a field with source."""
    return not any("{" in literal or "}" in literal for literal in re.split(_FIELD, definition.declared_name))
