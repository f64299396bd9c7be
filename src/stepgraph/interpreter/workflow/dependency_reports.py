"""Reports of dependencies that do not resolve: cycles, chains, missing steps and wrong numbers of `depends`."""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.containers import Element
from stepgraph.ir.facts import DependencyCountMismatch, DependencyCycle, StepDeclared, UnresolvedStepParameter
from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.step_settings import StepParameter
from stepgraph.phrases import counted_or_none, cycle_phrase, quoted_name
from stepgraph.syntax.module import SourcePlace

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


def report_cycle(interpreter: Interpreter, definition: StepDefinition) -> None:
    """Report a step that depends on itself, perhaps through other steps."""
    first = interpreter.steps.resolving.index(definition)
    names = [step.name for step in interpreter.steps.resolving[first:]]
    is_unconditional = not any(depth > first for depth in interpreter.steps.choice_depths)
    if not is_unconditional or not interpreter.steps.ran.isdisjoint(interpreter.steps.resolving[first:]):
        interpreter.note(
            "possible-cycle",
            definition.place,
            f"the step {definition.quoted_name} may depend on itself: {cycle_phrase(names)}.",
            "If it does, it fails with a RecursionError. Remove one of these dependencies.",
            incomplete=False,
        )
        return
    interpreter.observe(DependencyCycle(tuple(interpreter.steps.resolving[first:])))
    interpreter.note(
        "dependency-cycle",
        definition.place,
        f"dependency cycle: {cycle_phrase(names)}, so the step {definition.quoted_name} fails with a RecursionError.",
        "Remove one of these dependencies.",
        incomplete=False,
    )


def report_chain(interpreter: Interpreter, definition: StepDefinition, place: SourcePlace) -> None:
    """Report a step that may depend on the same step of an earlier loop pass, and so on through all earlier passes."""
    steps = interpreter.steps
    if steps.choice_depths and any(
        step is not definition and step.place.node is definition.place.node for step in steps.resolving
    ):
        interpreter.note(
            "unresolved-dependency",
            place,
            f"the step {definition.quoted_name} may depend on the same step of an earlier pass of a loop.",
            "The graph shows one such dependency, although each pass may add another. Await each step in its pass.",
        )


def report_unknown_parameter(interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter) -> None:
    """Report a parameter that names no declared step."""
    from stepgraph.interpreter.workflow.dependencies import steps_of_computed_name

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
    facts = [fact for fact in interpreter.facts if type(fact) is StepDeclared]
    if interpreter.steps.named:
        from stepgraph.interpreter.workflow.dependencies import ambiguous_names

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
        f"the parameter `{parameter.name}` of the step {definition.quoted_name} cannot be resolved: {reason}.",
        "A step that it needs may be missing from the graph. Declare that step first, with a literal name.",
    )


def report_unknown_body(interpreter: Interpreter, definition: StepDefinition) -> None:
    """Report steps in the body of a step with a computed name: its function may read variables of another call."""
    interpreter.note(
        "unresolved-dependency",
        definition.place,
        f"the steps inside the step {definition.quoted_name} cannot be resolved: several steps have this declaration.",
        "The graph shows the steps of the latest call of the declaration. Declare each step with a literal name.",
    )


def _report_missing_step(interpreter: Interpreter, definition: StepDefinition, parameter: StepParameter) -> None:
    namesake = interpreter.steps.index.by_function_name.get(parameter.name)
    advice = "Name it after a declared step or `ctx`."
    if parameter.has_default:
        advice = "The SDK ignores its default. Read a variable of the enclosing function instead."
    if namesake is not None:
        step_name = quoted_name(namesake.declared_name)
        advice = f"The step of that function is named {step_name}, and parameter names must match step names."
    interpreter.note(
        "unknown-parameter",
        parameter.place,
        f"parameter `{parameter.name}` matches no step declared before the call, so the step {definition.quoted_name}"
        " fails with a TypeError.",
        advice,
        incomplete=False,
    )


def report_missing_depends(
    interpreter: Interpreter, definition: StepDefinition, parameters: list[StepParameter]
) -> None:
    """Report a step function with parameters in explicit mode, but without `depends`."""
    interpreter.observe(DependencyCountMismatch(definition, len(parameters), None))
    interpreter.note(
        "missing-depends",
        definition.place,
        f"missing `depends` for the parameter `{parameters[0].name}`, so the step {definition.quoted_name} fails with a"
        " TypeError.",
        "List a step for each parameter in `depends=[...]`.",
        incomplete=False,
    )


def report_count(interpreter: Interpreter, definition: StepDefinition, parameters: int, depends: int) -> None:
    """Report a step function with other numbers of parameters and dependencies."""
    interpreter.observe(DependencyCountMismatch(definition, parameters, depends))
    interpreter.note(
        "depends-count",
        definition.place,
        f"`depends` lists {counted_or_none(depends, 'step')} for {counted_or_none(parameters, 'parameter')}"
        f" besides `ctx`, so the step {definition.quoted_name} fails with a TypeError.",
        "List one step for each parameter." if parameters else "Remove the steps, or add a parameter for each.",
        incomplete=False,
    )


def report_unresolved_item(interpreter: Interpreter, definition: StepDefinition, item: Element) -> None:
    """Report an element of `depends` that may be an unknown step."""
    interpreter.note(
        "unresolved-dependency",
        item.place,
        f"`{item.place.text}` in `depends` of the step {definition.quoted_name} cannot be resolved.",
        "A step that it needs may be missing from the graph. List the decorated functions themselves.",
    )
