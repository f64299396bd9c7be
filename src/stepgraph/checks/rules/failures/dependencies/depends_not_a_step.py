"""Values of `depends` that are not lists of steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stepgraph.checks.analysis.steps import (
    declarations_of,
    dependency_parameters,
    explicit_dependencies,
    is_concurrent_by_position,
    reachable_steps,
)
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, first_diagnostics, safe_fix, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import (
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticEntry,
    StaticFunction,
    StaticGenerator,
    StaticMapping,
    StaticStep,
    cases_of,
)
from stepgraph.ir.values import UNKNOWN, Constant
from stepgraph.phrases import quoted_name
from stepgraph.syntax.edits.source_edits import Edit, Replacement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.ir.static_values import StaticArgument
    from stepgraph.ir.values import Value
    from stepgraph.syntax.module import SourcePlace


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    # An entry other than a step also has a note, because the graph lacks the dependency.
    return first_diagnostics(
        replace(diagnostic, consequences=(*diagnostic.consequences, ("SG004", diagnostic.span)))
        for diagnostic in _diagnostics(subject)
    )


def _diagnostics(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    explicit = list(explicit_dependencies(subject))
    steps_by_name: dict[str, StepDefinition] = {}
    for step in declarations_of(subject) if explicit else ():
        steps_by_name.setdefault(step.name, step)
        steps_by_name.setdefault(step.function_name, step)
    for declared, depends in explicit:
        if declared.definition in reachable_steps(subject).all:
            yield from _check_depends(declared, depends, steps_by_name)


def _check_depends(
    declared: StepDeclared, depends: StaticArgument, steps_by_name: Mapping[str, StepDefinition]
) -> Iterator[Diagnostic]:
    """Report a `depends` that is not a list of steps. `steps_by_name` maps step and function names to steps."""
    name = declared.definition.name
    match depends.value:
        case StaticCollection(kind="list" | "tuple" | "deque", elements=elements):
            for element in elements:
                is_result = element.value == UNKNOWN and _awaited_step(element.place, steps_by_name) is not None
                if is_result or all(_is_not_a_step(value) for value in cases_of(element.value)):
                    yield _diagnostic_of_entry(name, element.value, element.place, steps_by_name)
        case StaticCollection(kind=kind, elements=[_, *_]):
            yield _diagnostic_of_type(name, f"a {kind}", depends.place)
        case StaticGenerator():
            yield _diagnostic_of_type(name, "a generator", depends.place)
        case StaticMapping(entries=[_, *_] as entries) if depends.keyword is not None and not _has_numbers(entries):
            yield _diagnostic_of_type(name, "a dictionary", depends.place, error="KeyError or TypeError")
        case StaticStep(definition=step):
            advice = f"Write `depends=[{step.function_name}]`."
            edit = Replacement(depends.place, f"[{depends.place.text}]")
            yield replace(_diagnostic_of_type(name, "a step", depends.place, advice=advice), fix=safe_fix(edit))
        case Constant(value=int() | float()):
            yield _diagnostic_of_number(name, depends, may_be_concurrent=is_concurrent_by_position(declared.arguments))
        case Constant(value=str()) if declared.function is not None and dependency_parameters(declared.function):
            yield _diagnostic_of_entry(name, depends.value, depends.place, steps_by_name)


def _has_numbers(entries: Iterable[StaticEntry]) -> bool:
    """Return whether a dictionary has integer keys, which the SDK may find when it indexes the value like a list."""
    return any(isinstance(entry.key, Constant) and isinstance(entry.key.value, int) for entry in entries)


def _diagnostic_of_type(
    name: str,
    kind: str,
    place: SourcePlace,
    *,
    error: str = "TypeError",
    advice: str = "List the steps in `[...]`, in the order of the parameters.",
) -> Diagnostic:
    message = f"`depends` must be a list of steps, got {kind}: the step {quoted_name(name)} fails with a {error}."
    return Diagnostic(place.span, message, advice)


def _diagnostic_of_number(name: str, depends: StaticArgument, *, may_be_concurrent: bool) -> Diagnostic:
    """Report a `depends` that is a number or a boolean. `may_be_concurrent`: it may be meant for `concurrent`."""
    place, kind = depends.place, f"`{depends.place.text}`"
    if not may_be_concurrent:
        return _diagnostic_of_type(name, kind, place)
    source = f"concurrent={place.text}"
    diagnostic = _diagnostic_of_type(name, kind, place, advice=f"Write `{source}`, or remove it.")
    return replace(diagnostic, fix=unsafe_fix(Replacement(place, source)))


def _is_not_a_step(value: Value) -> bool:
    match value:
        case StaticFunction(may_be_replaced=may_be_replaced):
            return not may_be_replaced
        case _:
            return isinstance(
                value,
                Constant | StaticAwaitable | StaticClass | StaticCollection | StaticMapping | StaticGenerator,
            )


def _awaited_step(place: SourcePlace, steps_by_name: Mapping[str, StepDefinition]) -> StepDefinition | None:
    """Return the step that an entry calls and awaits, as in `await charge()`."""
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.definitions.function_calls import awaited_function_name

    name = awaited_function_name(place.node)
    step = None if name is None else steps_by_name.get(name)
    return step if step is not None and step.function_name == name else None


def _diagnostic_of_entry(
    name: str, value: Value, place: SourcePlace, steps_by_name: Mapping[str, StepDefinition]
) -> Diagnostic:
    intended = steps_by_name.get(value.value) if isinstance(value, Constant) and isinstance(value.value, str) else None
    return Diagnostic(
        place.span,
        f"`{place.text}` in `depends` is {_describe(value, place)}, so the step {quoted_name(name)} fails with a"
        " TypeError.",
        _advice(value, place, steps_by_name),
        unsafe_fix(*_edits(value, place, steps_by_name)),
        consequences=() if intended is None else (("SG202", intended.place.span),),
    )


def _edits(value: Value, place: SourcePlace, steps_by_name: Mapping[str, StepDefinition]) -> tuple[Edit, ...]:
    """Return the edit that replaces an entry with the function that it names or calls, if any."""
    match value:
        case Constant(value=str(text)) if text in steps_by_name and place.text[1:-1] == text:
            return (Replacement(place, steps_by_name[text].function_name),)
        case StaticAwaitable() if place.text.endswith("()"):
            return (Replacement(place, place.text[:-2]),)
        case _ if (step := _awaited_step(place, steps_by_name)) is not None:
            return (Replacement(place, step.function_name),)
        case _:
            return ()


def _describe(value: Value, place: SourcePlace) -> str:
    match value:
        case Constant(value=str()):
            return "a string, not a step"
        case StaticFunction():
            return "a function without `@step.do(...)`, not a step"
        case StaticAwaitable():
            return "a call, not a step"
        case _:
            return "a result, not a step" if place.text.startswith("await") else "not a step"


def _advice(value: Value, place: SourcePlace, steps_by_name: Mapping[str, StepDefinition]) -> str:
    match value:
        case Constant(value=str(text)):
            intended = steps_by_name.get(text)
            example = "" if intended is None else f": `depends=[{intended.function_name}]`"
            return f"List the decorated functions, not their names{example}."
        case StaticFunction(name=function) if function.isidentifier():
            return f'Add `@step.do("{function}")` above `def {function}`, or remove it from `depends`.'
        case StaticAwaitable() if place.text.endswith("()"):
            return f"Write `{place.text[:-2]}`: the SDK calls the step itself."
        case _ if (step := _awaited_step(place, steps_by_name)) is not None:
            return f"Write `{step.function_name}`: the SDK calls the step itself."
        case _:
            return "List functions decorated with `@step.do(...)`."


RULE = Rule(
    code="SG103",
    name="depends-not-a-step",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
