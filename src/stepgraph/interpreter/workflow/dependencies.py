"""Which steps a step needs: those its parameters name, or `depends` lists (SDK: `_build_dependency_list`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import Constant, Element, StepFunction, Union, Value
from stepgraph.ir.facts import DependenciesMiscounted, DependencyCycle, NameShared, ParameterUnknown
from stepgraph.ir.nodes import (
    Block,
    Dependency,
    StepCase,
    StepChoice,
    StepDefinition,
    StepParameter,
    StepRun,
)
from stepgraph.phrases.pieces import fits_pieces
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place

BodyReader: TypeAlias = Callable[[Interpreter, StepFunction], Block]

CONTEXT: Final = "ctx"
# What gives a function another name, or other parameters.
_RENAMING: Final = (b"__name__ =", b"__name__=", b"__signature__", b"__wrapped__", b"update_wrapper", b"setattr(")
_FIELD: Final = re.compile(r"\{[^{}]*\}")


def dependencies_of(interpreter: Interpreter, step: StepFunction, read_body: BodyReader) -> tuple[Dependency, ...]:
    """Return the steps that a step needs when it is called now, in the order in which it asks for them."""
    definition = step.definition
    needed = [parameter for parameter in definition.parameters if parameter.name != CONTEXT]
    if not needed and not step.depends and step.listing is None:
        return ()
    if definition in interpreter.steps.resolving:
        _report_cycle(interpreter, definition)
        return ()
    interpreter.steps.resolving.append(definition)
    listed = _listed if interpreter.mode is DependencyMode.LEGACY else _named
    found = [_dependency(interpreter, value, place, read_body) for value, place in listed(interpreter, step, needed)]
    interpreter.steps.resolving.pop()
    return tuple(dependency for dependency in found if dependency is not None)


def _named(interpreter: Interpreter, step: StepFunction, needed: list[StepParameter]) -> Iterator[tuple[Value, Place]]:
    """Implicit mode: each parameter is the name of a step declared by now; of several, the last one."""
    if step.depends is not None:
        return  # refused, and said so
    for parameter in needed:
        found = interpreter.steps.by_name.look_up(parameter.name)
        if found is None:
            interpreter.store.observe(interpreter.steps.by_name, parameter.name)
            _report_no_step(interpreter, step.definition, parameter)
            continue
        if not _declared_here(interpreter, found):
            interpreter.store.observe(interpreter.steps.by_name, parameter.name)
        _observe_shared(interpreter, step.definition, parameter, found)
        yield found, parameter.place


def _observe_shared(
    interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter, found: Value
) -> None:
    other = interpreter.steps.hides.get(found.definition) if isinstance(found, StepFunction) else None
    if isinstance(found, StepFunction) and other is not None:
        interpreter.observe(NameShared(definition, parameter, found.definition, other))


def _declared_here(interpreter: Interpreter, value: Value) -> bool:
    return isinstance(value, StepFunction) and value in interpreter.frame.declared


def _listed(interpreter: Interpreter, step: StepFunction, needed: list[StepParameter]) -> Iterator[tuple[Value, Place]]:
    """Legacy mode: `depends` gives the parameters other than `ctx`, by position."""
    depends = step.listing.items if step.listing is not None else step.depends or ()
    if step.depends is None:
        _report_no_list(interpreter, step.definition, needed)
    elif len(depends) != len(needed) and not any(item.many or item.maybe for item in depends):
        _report_count(interpreter, step.definition, len(needed), len(depends))
    for item in depends:
        if item.many or not _is_step(item.value):
            _report_not_followed(interpreter, step.definition, item)
        yield item.value, item.place


def _is_step(value: Value) -> bool:
    if isinstance(value, Union):
        return all(_is_step(case.value) or isinstance(case.value, Constant) for case in value.cases)
    return isinstance(value, StepFunction)


def _dependency(interpreter: Interpreter, value: Value, place: Place, read_body: BodyReader) -> Dependency | None:
    match value:
        case StepFunction():
            return _step_run(interpreter, value, read_body)
        case Union(cases=cases, discriminant=discriminant):
            interpreter.steps.choosing.append(len(interpreter.steps.resolving))
            ways = [(o.condition, _dependency(interpreter, o.value, place, read_body)) for o in cases]
            interpreter.steps.choosing.pop()
            known = tuple(StepCase(condition, way) for condition, way in ways if way is not None)
            return StepChoice(known, value.place, discriminant) if known else None
        case _:
            return None


def _step_run(interpreter: Interpreter, step: StepFunction, read_body: BodyReader) -> StepRun:
    """Return the run of a step as a dependency: one object as long as no name it looks up means another step."""
    known = interpreter.steps.runs.get(step.definition)
    if known is not None and known[0] == interpreter.steps.by_name.version:
        return known[1]
    run = StepRun(step.definition, read_body(interpreter, step), dependencies_of(interpreter, step, read_body))
    interpreter.steps.ran.add(step.definition)
    interpreter.steps.runs[step.definition] = interpreter.steps.by_name.version, run
    return run


# What the SDK rejects, or stepgraph cannot follow


def _report_cycle(interpreter: Interpreter, definition: StepDefinition) -> None:
    first = interpreter.steps.resolving.index(definition)
    names = [step.name for step in interpreter.steps.resolving[first:]]
    is_certain = not any(depth > first for depth in interpreter.steps.choosing)
    if is_certain and interpreter.steps.ran.isdisjoint(interpreter.steps.resolving[first:]):
        interpreter.observe(DependencyCycle(tuple(interpreter.steps.resolving[first:])))
    interpreter.note(
        "dependency-cycle",
        definition.place,
        f"the step {definition.name!r} needs itself: {' needs '.join([*names, definition.name])}.",
        "The SDK fails with a RecursionError when it is called.",
        incomplete=False,
    )


def _report_no_step(interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter) -> None:
    declared = [step for value in interpreter.steps.by_name.values() for step in _steps(value)]
    others = [step for step in declared if step.definition is not definition]
    unclear = [step.definition for step in others if _may_be_named(step.definition, parameter.name)]
    if unclear:
        interpreter.note(
            "unresolved-dependency",
            parameter.place,
            f"which step the parameter `{parameter.name}` of {definition.name!r} names is not known:"
            f" the name of the step at line {unclear[-1].place.span.line} is computed.",
            "A step that runs before it may be missing from the graph; give that step a literal name.",
        )
        return
    if not _shows_another(interpreter):
        interpreter.observe(ParameterUnknown(definition, parameter, tuple(step.definition for step in declared)))
    namesake = next((s.definition for s in declared if s.definition.function_name == parameter.name), None)
    advice = "Name the parameter after a step declared by then, or `ctx`."
    if namesake is not None:
        advice = f"The step of that function is named {namesake.name!r}, and parameters bear the names of steps."
    interpreter.note(
        "unknown-parameter",
        parameter.place,
        f"no step named {parameter.name!r} is declared when {definition.name!r} is called,"
        " so the SDK rejects the parameter with a TypeError.",
        advice,
        incomplete=False,
    )


def _steps(value: Value) -> Iterator[StepFunction]:
    if isinstance(value, StepFunction):
        yield value
    elif isinstance(value, Union):
        for case in value.cases:
            yield from _steps(case.value)


def _may_be_named(definition: StepDefinition, name: str) -> bool:
    """Whether the name of a step, of which parts may be source in braces, with braces in it perhaps, may be another."""
    known = _FIELD.split(definition.name)
    if len(known) == 1:
        return False
    if any("{" in part or "}" in part for part in known):
        return True
    return fits_pieces(name, known)


def _shows_another(interpreter: Interpreter) -> bool:
    """Whether functions may be given other names or parameters than they have, in a way that is not followed."""
    return any(module.mentions(word) for module in interpreter.modules.scopes for word in _RENAMING)


def _report_no_list(interpreter: Interpreter, definition: StepDefinition, needed: list[StepParameter]) -> None:
    interpreter.observe(DependenciesMiscounted(definition, len(needed), None))
    interpreter.note(
        "missing-depends",
        definition.place,
        f"the step {definition.name!r} has the parameter `{needed[0].name}`, and `depends` lists no step for it.",
        "The SDK fails with a TypeError when it is called; list one step for each parameter.",
        incomplete=False,
    )


def _report_count(interpreter: Interpreter, definition: StepDefinition, parameters: int, depends: int) -> None:
    interpreter.observe(DependenciesMiscounted(definition, parameters, depends))
    interpreter.note(
        "depends-count",
        definition.place,
        f"the step {definition.name!r} has {parameters} parameters besides `ctx`, and `depends` lists {depends} steps.",
        "The SDK fails with a TypeError when it is called; list one step for each parameter.",
        incomplete=False,
    )


def _report_not_followed(interpreter: Interpreter, definition: StepDefinition, item: Element) -> None:
    interpreter.note(
        "unresolved-dependency",
        item.place,
        f"which step `{item.place.text}` in `depends` of {definition.name!r} is cannot be followed.",
        "A step that runs before it may be missing from the graph; list the decorated functions themselves.",
    )
