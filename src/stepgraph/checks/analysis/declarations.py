"""How steps are declared, and what to write instead of parameters that the SDK does not fill."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.ir.facts import StepDeclared

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import Parameter, StepFunctionShape
    from stepgraph.ir.nodes import StepDefinition

CONTEXT: Final = "ctx"


def declarations_of(subject: WorkflowSubject) -> dict[StepDefinition, StepDeclared]:
    """Return how each step of a workflow was declared."""
    return {declared.definition: declared for declared in subject.facts(StepDeclared)}


def is_parameter_name(name: str) -> bool:
    """Whether a parameter can bear a name, that of a step."""
    return name.isidentifier() and not keyword.iskeyword(name)


def listed(words: Iterable[str]) -> str:
    """Return pieces of code as a list in a sentence."""
    return ", ".join(f"`{word}`" for word in words)


def needed_parameters(function: StepFunctionShape) -> tuple[Parameter, ...]:
    """Return the parameters that stand for steps."""
    return tuple(parameter for parameter in function.parameters if parameter.name != CONTEXT)


def factory_advice(
    declared: StepDeclared, function: StepFunctionShape, captured: Sequence[Parameter], values: Sequence[str] = ()
) -> str:
    """Return what to write instead of parameters that are to hold values: a function that is given the values.

    It declares the step with its `function`. The values are `values`, or else the defaults of the parameters.
    """
    taken = ", ".join(parameter.name for parameter in captured)
    given = ", ".join(values or (parameter.default or parameter.name for parameter in captured))
    left = ", ".join(parameter.name for parameter in function.parameters if parameter not in captured)
    if not is_parameter_name(function.name):
        body = f"lambda {left}: ..." if left else "lambda: ..."
        return (
            f"Write `return {declared.place.text}({body})` in a function `def make_step({taken}):`, and run the step"
            f" with `await make_step({given})()`."
        )
    head = f"{'async ' if function.is_async else ''}def {function.name}({left}):"
    return (
        f"Declare it as `{head}` in a function `def make_{function.name}({taken}):` that ends in"
        f" `return {function.name}`, and run it with `await make_{function.name}({given})()`."
    )
