"""Steps with computed names, such as `step.do(f"extract_{source}")`, that parameters of other steps name.

Such a declaration may declare many steps: one in each iteration of a loop, or one at each call of a function. A
parameter such as `extract_orders` names one of them, which is a separate step in the graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.workflow.work import step_functions_in
from stepgraph.ir.facts import StepDeclared
from stepgraph.ir.nodes import StepDefinition, StepParameter
from stepgraph.phrases import fits_pieces

_FIELD: Final = re.compile(r"\{[^{}]*\}")


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
    literals = _FIELD.split(definition.declared_name)
    if len(literals) == 1:
        return False
    return not _has_plain_fields(definition) or fits_pieces(name, literals)


def _has_plain_fields(definition: StepDefinition) -> bool:
    """Return whether each brace in a name begins or ends a field with source."""
    return not any("{" in literal or "}" in literal for literal in _FIELD.split(definition.declared_name))
