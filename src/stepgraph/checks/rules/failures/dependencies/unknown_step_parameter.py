"""Step parameters that match no declared step, or that do not accept a positional argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.analysis.step_fixes import (
    inline_advice,
    inline_argument,
    inline_captured,
    reads_variable,
    refer_to_steps,
)
from stepgraph.checks.analysis.steps import (
    CONTEXT,
    ReachableSteps,
    declarations_of,
    factory_advice,
    findings_on_arguments,
    format_code_list,
    is_parameter_name,
    reachable_steps,
)
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, first_diagnostics, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.checks.subject import once_per_subject
from stepgraph.ir.facts import (
    NeverAwaited,
    StepCalled,
    StepDeclared,
    StepNeverCalled,
    StepPrefix,
    UnresolvedStepParameter,
)
from stepgraph.limits import Budget, Limit
from stepgraph.phrases import near_names, quoted_name
from stepgraph.project.configuration.compatibility import DependencyMode

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import Parameter, StepFunctionShape
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.model.span import Span
    from stepgraph.syntax.edits.source_edits import Edit
    from stepgraph.syntax.module import SourcePlace

# The rules on uncalled steps. Their findings are consequences if the parameter refers to the uncalled step.
_RULES_ON_UNCALLED_STEPS = ("SG202", "SG004")
_MAX_SUGGESTIONS = 5
# Other names that code gives to the step context.
_NAMES_OF_CONTEXT = frozenset({"_ctx", "context", "step_context", "step_ctx"})
# The cost of comparing two names for similarity, measured in pairs.
_COST_OF_SIMILARITY = 20


class _Steps(Struct, frozen=True):
    """The steps of a workflow."""

    subject: WorkflowSubject
    declared: dict[StepDefinition, StepDeclared]
    calls_with_argument: dict[StepDefinition, StepCalled]
    """The last call with a single positional argument, by step."""
    called_at_one_place: frozenset[StepDefinition]
    """The steps with a single call, which may run several times."""
    uncalled: dict[Span, str]
    """The location of each step without a known call, and the predicate that messages use for it."""
    reachable: ReachableSteps
    unawaited: frozenset[StepDefinition]
    """The steps that only run once the missing `await` of a call is added."""
    missing: frozenset[Span]
    """The locations of the parameters that certainly match no step, according to the notes on the program."""
    budget: Budget


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    unresolved = [*subject.facts_of_type(UnresolvedStepParameter), *_unresolved_without_await(subject)]
    names = _check_names(_steps_of(subject), unresolved) if unresolved else ()
    return first_diagnostics([*names, *_check_positions(subject)])


def _unresolved_without_await(subject: WorkflowSubject) -> Iterator[UnresolvedStepParameter]:
    """Yield the parameters of steps that are never awaited, if no declaration in the workflow has their name."""
    unawaited = _unawaited_steps(subject)
    if not unawaited or subject.program.mode is DependencyMode.LEGACY or any(note.incomplete for note in subject.notes):
        return
    declared = list(declarations_of(subject))
    names = {CONTEXT, *(definition.declared_name for definition in declared)}
    if any("{" in name for name in names):
        return
    for definition in unawaited:
        for parameter in definition.parameters:
            if parameter.name not in names:
                yield UnresolvedStepParameter(definition, parameter, StepPrefix(declared, len(declared)))


@once_per_subject
def _unawaited_steps(subject: WorkflowSubject) -> list[StepDefinition]:
    """Return the steps that are called, but never awaited."""
    places = {fact.place for fact in subject.facts_of_type(NeverAwaited) if fact.work == "step"}
    called = dict.fromkeys(call.definition for call in subject.facts_of_type(StepCalled) if call.place in places)
    running = reachable_steps(subject).all if called else ()
    return [definition for definition in called if definition not in running]


def _steps_of(subject: WorkflowSubject) -> _Steps:
    return _Steps(
        subject=subject,
        declared=declarations_of(subject),
        calls_with_argument=dict(_calls_with_argument(subject)),
        called_at_one_place=_called_at_one_place(subject),
        uncalled=dict(_uncalled(subject)),
        reachable=reachable_steps(subject),
        unawaited=frozenset(_unawaited_steps(subject)),
        missing=frozenset(note.span for note in subject.notes_with_code("unknown-parameter")),
        budget=Budget(),
    )


def _calls_with_argument(subject: WorkflowSubject) -> Iterator[tuple[StepDefinition, StepCalled]]:
    """Yield each step that is called with a single positional argument, and the call."""
    for call in subject.facts_of_type(StepCalled):
        if len(call.arguments.items) == len(call.arguments.positional) == 1:
            yield call.definition, call


def _called_at_one_place(subject: WorkflowSubject) -> frozenset[StepDefinition]:
    calls: dict[StepDefinition, set[int]] = {}
    for call in subject.facts_of_type(StepCalled):
        calls.setdefault(call.definition, set()).add(id(call.place.node))  # spans are computed only for findings
    return frozenset(definition for definition, nodes in calls.items() if len(nodes) == 1)


def _uncalled(subject: WorkflowSubject) -> Iterator[tuple[Span, str]]:
    for fact in subject.facts_of_type(StepNeverCalled):
        yield fact.place.span, "never runs"
    for note in subject.notes_with_code("lost-step"):
        yield note.span, "has no known call"


def _check_names(steps: _Steps, facts: Iterable[UnresolvedStepParameter]) -> Iterator[Diagnostic]:
    """Report the parameters that match no declared step."""
    parameters: dict[int, dict[SourcePlace, Parameter]] = {}
    for unknown in facts:
        declared = steps.declared.get(unknown.definition)
        is_unawaited = unknown.definition in steps.unawaited
        if declared is None or declared.function is None:
            continue
        if unknown.definition not in steps.reachable.all and not is_unawaited:
            continue
        function = declared.function
        by_place = parameters.get(id(function))
        if by_place is None:
            by_place = parameters[id(function)] = {p.place: p for p in reversed(function.parameters)}
        parameter = by_place.get(unknown.parameter.place)
        if parameter is None or _is_reported_at_args(parameter, function):
            continue
        if parameter.default is not None:
            yield _diagnostic_of_defaults(steps, declared, function, unknown)
        elif is_unawaited or parameter.place.span in steps.missing:
            yield _diagnostic_of_parameter(steps, declared, parameter, unknown)


def _is_reported_at_args(parameter: Parameter, function: StepFunctionShape) -> bool:
    """Return whether a parameter is `**kwargs` in a function with `*args`. The finding is reported at `*args`."""
    return parameter.kind == "**kwargs" and any(p.kind == "*args" for p in function.parameters)


def _runs_in_place(steps: _Steps, unknown: UnresolvedStepParameter) -> bool:
    """Return whether a step always runs where it is called, before a loop changes the variables that it reads."""
    return unknown.definition not in steps.reachable.in_tasks


def _failure(steps: _Steps, unknown: UnresolvedStepParameter) -> str:
    return f"fails with a TypeError{' once it is awaited' * (unknown.definition in steps.unawaited)}"


def _diagnostic_of_defaults(
    steps: _Steps, declared: StepDeclared, function: StepFunctionShape, unknown: UnresolvedStepParameter
) -> Diagnostic:
    """Report all parameters with defaults at the first one, because a single factory function replaces them."""
    steps.budget.spend(Limit.PAIRS, len(unknown.declared) + len(function.parameters))
    valid_names = {"ctx", *(definition.declared_name for definition in unknown.declared)}
    captured = [p for p in function.parameters if p.default is not None and p.name not in valid_names]
    call = steps.calls_with_argument.get(declared.definition)
    values = () if call is None or len(captured) > 1 else (call.arguments.items[0].place.text,)
    edits = inline_captured(function, captured) if call is None and _runs_in_place(steps, unknown) else ()
    sources = [f"{parameter.name}={parameter.default}" for parameter in captured]
    return Diagnostic(
        captured[0].place.span,
        f"the SDK ignores the default{'s' * (len(captured) > 1)} {format_code_list(sources)} and looks for a step"
        f" named {captured[0].name!r}, so the step {declared.definition.quoted_name} {_failure(steps, unknown)}.",
        inline_advice(captured) if edits else factory_advice(declared, function, captured, values),
        unsafe_fix(*edits),
        consequences=findings_on_arguments(steps.subject, declared.definition),
    )


def _diagnostic_of_parameter(
    steps: _Steps, declared: StepDeclared, parameter: Parameter, unknown: UnresolvedStepParameter
) -> Diagnostic:
    name = parameter.name
    stars = {"*args": "*", "**kwargs": "**"}.get(parameter.kind, "")
    function, call = declared.function, steps.calls_with_argument.get(declared.definition)
    intended: StepDefinition | None = None
    edits: tuple[Edit, ...] | None = None
    if stars:
        advice = _star_advice(stars + name, function)
    elif call is not None and function is not None and function.parameters[0] == parameter:
        argument = call.arguments.items[0]
        can_inline = declared.definition in steps.called_at_one_place and _runs_in_place(steps, unknown)
        edits = inline_argument(function, parameter, call, argument) if can_inline else None
        advice = (
            f"Remove the parameter and the argument, and use `{argument.place.text}` in the function."
            if edits
            else factory_advice(declared, function, (parameter,), (argument.place.text,))
        )
    elif function is not None and _runs_in_place(steps, unknown) and reads_variable(function, parameter):
        advice = "Remove it: the function can read the variable of the enclosing function."
        edits = inline_captured(function, (parameter,))
    elif (intended := _intended_step(steps, name, unknown)) is not None:
        advice = _advice_to_rename(name, intended)
        edits = None if function is None else refer_to_steps(function, (parameter,), (intended,), steps.declared)
    else:
        advice = _name_advice(steps, name, unknown)
    message = (
        f"parameter `{stars}{name}` matches no step declared before the call, so the step"
        f" {declared.definition.quoted_name} {_failure(steps, unknown)}"
    )
    fix = unsafe_fix(*edits or ())
    arguments = findings_on_arguments(steps.subject, declared.definition)
    if intended is None or intended.place.span not in steps.uncalled:
        return Diagnostic(parameter.place.span, f"{message}.", advice, fix, consequences=arguments)
    return Diagnostic(
        parameter.place.span,
        f"{message}, and the step {intended.quoted_name} {steps.uncalled[intended.place.span]}.",
        advice,
        fix,
        consequences=(*arguments, *((code, intended.place.span) for code in _RULES_ON_UNCALLED_STEPS)),
    )


def _star_advice(source: str, function: StepFunctionShape | None) -> str:
    kinds = {parameter.kind for parameter in function.parameters} if function is not None else set()
    if kinds == {"*args", "**kwargs"}:
        return (
            "If this is the wrapper of a decorator, add `@functools.wraps(...)`, so that the SDK reads the parameters"
            " of the wrapped function."
        )
    return (
        f"Remove `{source}`: only `ctx` and names of steps are valid parameters. To pass another value, use a variable"
        " of the enclosing function."
    )


def _intended_step(steps: _Steps, name: str, unknown: UnresolvedStepParameter) -> StepDefinition | None:
    """Return the step that a parameter probably means, by the name of its function or by a similar name, if any."""
    steps.budget.spend(Limit.PAIRS, _COST_OF_SIMILARITY * len(unknown.declared))
    namesake = next((step for step in unknown.declared if step.function_name == name), None)
    if namesake is not None:
        return namesake
    by_name = {step.declared_name: step for step in _candidates(unknown)}
    similar = near_names(name, by_name)
    return by_name[similar[0]] if similar else None


def _candidates(unknown: UnresolvedStepParameter) -> Iterator[StepDefinition]:
    """Yield the declared steps that the parameter could name."""
    return (step for step in unknown.declared if is_parameter_name(step.declared_name) and not _needs(step, unknown))


def _name_advice(steps: _Steps, name: str, unknown: UnresolvedStepParameter) -> str:
    later = next((step for step in steps.declared if step.declared_name == name), None)
    if later is not None:
        return f"Declare the step {quoted_name(name)} (line {later.place.span.line}) before this step is called."
    if name in _NAMES_OF_CONTEXT:
        return "Name it `ctx`: the SDK passes the step context only to a parameter of this name."
    names = dict.fromkeys(step.declared_name for step in _candidates(unknown))
    candidates = format_code_list(list(names)[:_MAX_SUGGESTIONS])
    valid_names = f"a declared step ({candidates})" if candidates else "a declared step"
    return f"Name it after {valid_names} or `ctx`. To pass another value, use a variable of the enclosing function."


def _needs(step: StepDefinition, unknown: UnresolvedStepParameter) -> bool:
    """Return whether a step is the step of the parameter, or depends on that step."""
    dependencies = [parameter.name for parameter in step.parameters]
    return step == unknown.definition or unknown.definition.declared_name in dependencies


def _advice_to_rename(name: str, step: StepDefinition) -> str:
    """Return advice for a parameter that refers to a step by the wrong name."""
    function = step.function_name
    if function != name:
        return f"Did you mean `{step.declared_name}`?"
    if is_parameter_name(step.declared_name):
        names = f"parameters must match names of steps, and that is the name of `{function}`'s step."
        return f"Name it `{step.declared_name}`: {names}"
    invalid = f"{quoted_name(step.declared_name)} is not a valid parameter name"
    return f'{invalid}. Rename the step to "{function}", or drop its name.'


def _check_positions(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report keyword-only parameters, because the SDK passes results by position."""
    running = reachable_steps(subject).all
    for definition, declared in declarations_of(subject).items():
        function = declared.function
        if function is None or not function.parameters or definition not in running:
            continue
        if any(parameter.kind == "*args" for parameter in function.parameters):
            continue
        for parameter in function.parameters:
            if parameter.kind == "keyword":
                advice = f"Remove the `*` before `{parameter.name}`."
            elif parameter.kind == "**kwargs" and parameter.name == "ctx":
                advice = "Remove the `**` before `ctx`."
            else:
                continue
            yield Diagnostic(
                parameter.place.span,
                f"`{parameter.name}` is keyword-only, but the SDK passes it by position, so the step"
                f" {definition.quoted_name} fails with a TypeError in each attempt.",
                advice,
            )


RULE = Rule(
    code="SG101",
    name="unknown-step-parameter",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
