"""Elements of `depends` that are not steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import declarations_of, dependency_parameters
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import (
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticFunction,
    StaticGenerator,
    StaticMapping,
    StaticStep,
    cases_of,
)
from stepgraph.ir.values import Constant
from stepgraph.project.configuration.compatibility import DependencyMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StaticArgument, StepDeclared
    from stepgraph.ir.values import Value
    from stepgraph.syntax.module import Place


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    functions: dict[str, str] = {}
    for step in declarations:
        functions.setdefault(step.name, step.function_name)
        functions.setdefault(step.function_name, step.function_name)
    for definition in subject.reachable_steps.all & declarations.keys():
        declared = declarations[definition]
        depends = declared.arguments.find(1, "depends")
        if depends is not None and declared.mode is DependencyMode.LEGACY:
            yield from _judged(declared, depends, functions)


def _judged(declared: StepDeclared, depends: StaticArgument, functions: Mapping[str, str]) -> Iterator[Diagnostic]:
    name = declared.definition.name
    match depends.value:
        case StaticCollection(kind="list" | "tuple", elements=elements):
            for element in elements:
                if all(_is_no_step(value) for value in cases_of(element.value)):
                    yield _no_step(name, element.value, element.place, functions)
        case StaticCollection(elements=[_, *_]) | StaticGenerator():
            yield _no_list(name, depends.place, "has no order")
        case StaticMapping(entries=[_, *_]) if depends.keyword is not None:
            yield _no_list(name, depends.place, "is a dictionary")
        case StaticStep(definition=step):
            yield Diagnostic(
                depends.place.span,
                f"`depends` of the step {name!r} is a step and not a list of steps, so calling it fails with a"
                " TypeError.",
                f"Write `depends=[{step.function_name}]`.",
            )
        case Constant(value=str()) if declared.function is not None and dependency_parameters(declared.function):
            yield _no_step(name, depends.value, depends.place, functions)


def _no_list(name: str, place: Place, how: str) -> Diagnostic:
    return Diagnostic(
        place.span,
        f"`depends` of the step {name!r} {how}, and the SDK takes its entries by position, so calling it fails with a"
        " TypeError.",
        "List the steps in `[...]`, in the order of the parameters.",
    )


def _is_no_step(value: Value) -> bool:
    match value:
        case StaticFunction(may_be_replaced=may_be_replaced):
            return not may_be_replaced
        case _:
            return isinstance(
                value,
                Constant | StaticAwaitable | StaticClass | StaticCollection | StaticMapping | StaticGenerator,
            )


def _no_step(name: str, value: Value, place: Place, functions: Mapping[str, str]) -> Diagnostic:
    return Diagnostic(
        place.span,
        f"`{place.text}` in `depends` of the step {name!r} is {_what(value)}, so calling it fails with a TypeError.",
        _advice(value, place, functions),
    )


def _what(value: Value) -> str:
    match value:
        case Constant(value=str()):
            return "text and not a step"
        case StaticFunction():
            return "a function that is not decorated with `step.do(...)`"
        case StaticAwaitable():
            return "a call and not the step itself"
        case _:
            return "not a step"


def _advice(value: Value, place: Place, functions: Mapping[str, str]) -> str:
    match value:
        case Constant(value=str(text)):
            meant = functions.get(text)
            advice = "" if meant is None else f": write `depends=[{meant}]`"
            return f"List the decorated functions themselves, not their names{advice}."
        case StaticFunction(name=function) if function.isidentifier():
            return f"Put `@step.do({function!r})` above `def {function}`, or leave it out.".replace("'", '"')
        case StaticAwaitable() if place.text.endswith("()"):
            return f"Write `{place.text[:-2]}`: the SDK calls it when the step needs it."
        case _:
            return "List the functions that are decorated with `step.do(...)`."


RULE = Rule(
    code="SG103",
    name="depends-not-a-step",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
