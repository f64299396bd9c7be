"""Declarations of steps and their `config=` arguments, and advice on parameters that the SDK does not fill."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.ir.facts import MethodCalled, StaticArgument, StepDeclared
from stepgraph.ir.static_values import StaticEntry, StaticMapping, cases_of
from stepgraph.ir.values import Constant, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import Parameter, StepFunctionShape
    from stepgraph.ir.nodes import StepDefinition

CONTEXT: Final = "ctx"
"""The parameter for the step context."""


def declarations_of(subject: WorkflowSubject) -> dict[StepDefinition, StepDeclared]:
    """Return the declaration of each step of a workflow."""
    return {declared.definition: declared for declared in subject.facts_of_type(StepDeclared)}


def config_arguments(subject: WorkflowSubject) -> Iterator[StaticArgument]:
    """Yield the `config=` arguments of the steps of a workflow."""
    for call in subject.facts_of_type(MethodCalled):
        config = call.arguments.find(3, "config") if call.method == "do" else None
        if config is not None:
            yield config


def constant_key_entries(value: Value) -> Iterator[tuple[str, StaticEntry]]:
    """Yield the entries with constant string keys of each dictionary that a value may be."""
    for dictionary in cases_of(value):
        if isinstance(dictionary, StaticMapping):
            for entry in dictionary.entries:
                if isinstance(entry.key, Constant) and isinstance(entry.key.value, str):
                    yield entry.key.value, entry


def is_parameter_name(name: str) -> bool:
    """Whether the name of a step is a valid parameter name."""
    return name.isidentifier() and not keyword.iskeyword(name)


def format_code_list(words: Iterable[str]) -> str:
    """Return code in backquotes, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)


def dependency_parameters(function: StepFunctionShape) -> tuple[Parameter, ...]:
    """Return the parameters that name steps."""
    return tuple(parameter for parameter in function.parameters if parameter.name != CONTEXT)


def factory_advice(
    declared: StepDeclared, function: StepFunctionShape, captured: Sequence[Parameter], values: Sequence[str] = ()
) -> str:
    """Return advice to declare a step in a factory function, with parameters for the captured values.

    The advice passes `values` to the factory, by default the defaults of the captured parameters.
    """
    factory_parameters = ", ".join(parameter.name for parameter in captured)
    factory_arguments = ", ".join(values or (parameter.default or parameter.name for parameter in captured))
    step_parameters = ", ".join(parameter.name for parameter in function.parameters if parameter not in captured)
    if not is_parameter_name(function.name):
        body = f"lambda {step_parameters}: ..." if step_parameters else "lambda: ..."
        return (
            f"Write `return {declared.place.text}({body})` in a function `def make_step({factory_parameters}):`,"
            f" and run the step with `await make_step({factory_arguments})()`."
        )
    head = f"{'async ' if function.is_async else ''}def {function.name}({step_parameters}):"
    return (
        f"Declare it as `{head}` in a function `def make_{function.name}({factory_parameters}):` that ends in"
        f" `return {function.name}`, and run it with `await make_{function.name}({factory_arguments})()`."
    )
