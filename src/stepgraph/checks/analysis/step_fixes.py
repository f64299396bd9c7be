"""Edits of names, parameters and `depends` of steps, for the rules on dependencies."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.steps import format_code_list, is_parameter_name
from stepgraph.ir.static_values import StaticArgument, StaticMapping, constant_key_entries
from stepgraph.syntax.edits.source_edits import Edit, Replacement, replace_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.ir.facts import MethodCalled, Parameter, StepCalled, StepDeclared, StepFunctionShape
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.ir.static_values import StaticArguments

_CALLEE: Final = r"[\w.]+(?=\()"


def parameter_name_of(step: StepDefinition) -> str:
    """Return the name of parameters that refer to a step.

    If the name of the step is not a valid parameter name, returns the name of its function, to which the step must be
    renamed.
    """
    return step.name if is_parameter_name(step.name) else step.function_name


def refer_to_steps(
    function: StepFunctionShape,
    parameters: Sequence[Parameter],
    steps: Sequence[StepDefinition],
    declared: Mapping[StepDefinition, StepDeclared],
) -> tuple[Edit, ...] | None:
    """Return the edits after which each parameter refers to the step at the same position.

    Returns None if a parameter or a step cannot be renamed.
    """
    # Imported here, as below, because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.edits.signature_edits import rename_parameter

    if len(parameters) != len(steps):
        return None
    edits: list[Edit] = []
    for parameter, step in zip(parameters, steps, strict=True):
        name = parameter_name_of(step)
        renamed_step = () if step.name == name else _rename_step(step, name, declared)
        renamed_parameter = (
            () if parameter.name == name else rename_parameter(function.place, parameter.place, name) or None
        )
        if renamed_step is None or renamed_parameter is None:
            return None
        edits += (*renamed_step, *renamed_parameter)
    return tuple(edits)


def _rename_step(
    step: StepDefinition, name: str, declared: Mapping[StepDefinition, StepDeclared]
) -> tuple[Edit, ...] | None:
    """Return the edits that rename a step. Return None if its name is not a literal, or either name is not unique."""
    declaration = declared.get(step)
    argument = None if declaration is None else declaration.arguments.find(0, "name")
    if argument is None or not is_parameter_name(name):
        return None
    if any(each.name in (name, step.name) for each in declared if each.place != step.place):
        return None
    return replace_string(argument.place, step.name, name) or None


def reads_variable(function: StepFunctionShape, parameter: Parameter) -> bool:
    """Return whether the function would read a variable of the enclosing function if it lacked the parameter."""
    from stepgraph.syntax.edits.signature_edits import shadows_variable

    return shadows_variable(function.place, parameter.place)


def inline_captured(function: StepFunctionShape, captured: Iterable[Parameter]) -> tuple[Edit, ...]:
    """Return the edits that remove parameters, and replace each use of a parameter with its default, if any.

    Returns no edits if a default is too complex.
    """
    from stepgraph.syntax.edits.signature_edits import inline_parameter

    groups = [inline_parameter(function.place, parameter.place) for parameter in captured]
    return tuple(edit for group in groups for edit in group) if all(groups) else ()


def inline_advice(captured: Sequence[Parameter]) -> str:
    """Return the advice that the edits of `inline_captured` follow."""
    values = format_code_list(parameter.default or parameter.name for parameter in captured)
    return f"Remove the parameter{'s' * (len(captured) > 1)}, and use {values} in the function."


def inline_argument(
    function: StepFunctionShape, parameter: Parameter, call: StepCalled, argument: StaticArgument
) -> tuple[Edit, ...]:
    """Return the edits that remove a parameter and the argument of a call, and use the argument in the function.

    Returns no edits if the argument is too complex.
    """
    from stepgraph.syntax.edits.signature_edits import inline_parameter, remove_argument

    removal = remove_argument(call.place, argument.place)
    edits = inline_parameter(function.place, parameter.place, argument.place)
    return (*edits, *removal) if edits and removal else ()


def remove_from_call(call: MethodCalled, argument: StaticArgument) -> tuple[Edit, ...]:
    """Return the edit that removes an argument of a call. Return no edit if the argument is unpacked."""
    from stepgraph.syntax.edits.signature_edits import remove_argument

    return remove_argument(call.place, argument.place)


def positional_edits(
    call: MethodCalled, parameters: Sequence[Collection[str]], keywords: Collection[str] = ()
) -> tuple[Replacement, ...]:
    """Return the edits that turn keyword arguments of a call into positional arguments.

    `parameters` lists the accepted keywords of each position. Arguments for `keywords` stay keyword arguments. Returns
    no edits if an argument is missing, unknown or absent from the source, as in `**options`, or if the call spans
    several lines.
    """
    if not call.arguments.whole:
        return ()
    by_keyword = {item.keyword: item.place.text for item in call.arguments.items if item.keyword is not None}
    # The keywords of `**{...}` have no position in the source.
    if "*" in call.place.text or not all(re.search(rf"\b{keyword} ?=", call.place.text) for keyword in by_keyword):
        return ()
    ordered = [item.place.text for item in call.arguments.positional]
    for names in parameters[len(ordered) :]:
        values = [by_keyword.pop(name) for name in names if name in by_keyword]
        if len(values) != 1:
            return ()
        ordered += values
    if by_keyword.keys() - set(keywords):
        return ()
    ordered += (f"{keyword}={value}" for keyword, value in by_keyword.items())
    return replace_arguments(call, ordered)


def arguments_of_options(call: MethodCalled) -> list[str]:
    """Return the arguments of `wait_for_event` for a call with a dictionary of options, as in JavaScript.

    Returns an empty list for other calls, and if an option is unknown.
    """
    match call.arguments.positional:
        case [name, StaticArgument(value=StaticMapping(is_complete=True) as options, place=written)]:
            values = {key: entry.place.text for key, entry in constant_key_entries(options)}
            if not written.text.startswith("{") or "type" not in values or not values.keys() <= {"type", "timeout"}:
                return []
            timeout = [f"timeout={values['timeout']}"] if "timeout" in values else []
            return [name.place.text, values["type"], *timeout]
    return []


def replace_arguments(call: MethodCalled, arguments: Iterable[str], suffix: str = "") -> tuple[Replacement, ...]:
    """Return the edit that gives a call the arguments with this source, and appends `suffix` to it.

    Returns no edit if the call has starred arguments, or if it spans several lines, whose layout would be lost.
    """
    callee = re.match(_CALLEE, call.place.text)
    if callee is None or not call.arguments.whole or "*" in call.place.text:
        return ()
    if call.place.span.line != call.place.span.end_line:
        return ()
    return (Replacement(call.place, f"{callee[0]}({', '.join(arguments)}){suffix}"),)


def sources_of(arguments: StaticArguments) -> list[str]:
    """Return the source of each argument, with its keyword."""
    return [
        item.place.text if item.keyword is None else f"{item.keyword}={item.place.text}" for item in arguments.items
    ]
