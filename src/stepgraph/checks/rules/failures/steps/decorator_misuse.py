"""Uses of `step.do` or the step object that the SDK does not support."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DecoratorApplied, MethodCalled, MethodMissing
from stepgraph.ir.static_values import StaticAwaitable, StaticFunction, StaticMapping, StaticStep
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.step_methods import STEP_METHODS

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StaticArgument, StaticArguments
    from stepgraph.model.span import Span

_JAVASCRIPT: Final = {"sleepUntil": "sleep_until", "waitForEvent": "wait_for_event", "run": "do"}
_ARGUMENTS: Final = ("name", "depends", "concurrent", "config")
_CONFIG: Final = ("retries", "timeout", "sensitive")


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    mode = subject.program.mode
    calls = [
        call for call in subject.facts_of_type(MethodCalled) if call.method == "do" and not call.expects_type_error
    ]
    invalid_calls = [(call, diagnostic) for call in calls for diagnostic in _check_arguments(call.arguments, mode)]
    ends = {_end(call.place.span) for call, _ in invalid_calls}
    awaited = (
        _diagnostic_of_awaited_decorator(note.span)
        for note in subject.notes_with_code("decorator-awaited")
        if _end(note.span) not in ends
    )
    applied = (
        diagnostic
        for application in subject.facts_of_type(DecoratorApplied)
        for diagnostic in _check_application(application)
    )
    missing = (
        _diagnostic_of_unknown_method(access)
        for access in subject.facts_of_type(MethodMissing)
        if not access.method.startswith("_")
    )
    return first_diagnostics([*(diagnostic for _, diagnostic in invalid_calls), *applied, *missing, *awaited])


def _end(span: Span) -> tuple[str, int, int]:
    """Return the end of an expression. An `await` ends at the same position as its call."""
    return span.path, span.end_line, span.end_column


def _check_arguments(arguments: StaticArguments, mode: DependencyMode) -> Iterator[Diagnostic]:
    """Check the arguments of `step.do`."""
    positional = arguments.positional
    if _is_bare(arguments):
        yield _diagnostic_of_missing_parentheses(positional[0], mode)
        return
    functions = [argument for argument in positional[1:] if isinstance(argument.value, StaticFunction)]
    if functions:
        yield _diagnostic_of_function_argument(positional, functions[0], mode)
    elif len(positional) > 1 and isinstance(positional[1].value, StaticMapping) and positional[1].value.entries:
        yield _diagnostic_of_positional_config(positional[1], mode)
    for argument in arguments.items:
        if argument.keyword is not None and argument.keyword not in _ARGUMENTS:
            yield _diagnostic_of_unknown_keyword(argument, argument.keyword)


def _is_bare(arguments: StaticArguments) -> bool:
    """Return whether `step.do` is applied to a function without parentheses."""
    return bool(arguments.positional) and isinstance(arguments.positional[0].value, StaticFunction | StaticStep)


def _diagnostic_of_missing_parentheses(argument: StaticArgument, mode: DependencyMode) -> Diagnostic:
    value = argument.value
    name = value.definition.function_name if isinstance(value, StaticStep) else ""
    name = value.name if isinstance(value, StaticFunction) else name
    decorator = "@step.do()" if mode is DependencyMode.IMPLICIT else f'@step.do("{name}")'
    return Diagnostic(
        argument.place.span,
        f"`step.do` without parentheses takes the function `{name}` as the step's name, so calling `{name}` fails with"
        " a TypeError.",
        f"Write `{decorator}` above `{name}`.",
    )


def _diagnostic_of_function_argument(
    positional: tuple[StaticArgument, ...], function: StaticArgument, mode: DependencyMode
) -> Diagnostic:
    source = function.place.text
    failure = (
        "so this call fails with a TypeError"
        if mode is DependencyMode.IMPLICIT
        else "so no step is declared, and awaiting the call fails with a TypeError"
    )
    config = next((a.place.text for a in positional[1:] if isinstance(a.value, StaticMapping)), None)
    decorator = f"step.do({positional[0].place.text}{'' if config is None else f', config={config}'})"
    usage = (
        f"above `def {source}`, and run the step with `await {source}()`"
        if source.isidentifier()
        else "above an async function, and await a call of that function"
    )
    return Diagnostic(
        function.place.span,
        f"unexpected function argument `{source}`: unlike in JavaScript, `step.do` returns a decorator, {failure}.",
        f"Write `@{decorator}` {usage}.",
    )


def _diagnostic_of_positional_config(argument: StaticArgument, mode: DependencyMode) -> Diagnostic:
    message = (
        "unexpected second argument: `step.do` takes the config only as `config=`, so this call fails with a TypeError."
        if mode is DependencyMode.IMPLICIT
        else "the second argument of `step.do` is `depends`, not the config, so calling the step fails with a"
        " TypeError."
    )
    return Diagnostic(argument.place.span, message, f"Write `config={argument.place.text}`.")


def _diagnostic_of_unknown_keyword(argument: StaticArgument, keyword: str) -> Diagnostic:
    advice = f"Available: {', '.join(f'`{name}`' for name in _ARGUMENTS if name != 'depends')}."
    if keyword in _CONFIG:
        advice = f'Move it to the config: `config={{"{keyword}": {argument.place.text}}}`.'
    return Diagnostic(
        argument.place.span, f"unknown argument `{keyword}` of `step.do`: this call fails with a TypeError.", advice
    )


def _check_application(application: DecoratorApplied) -> Iterator[Diagnostic]:
    """Check `step.do("x")(...)`, whose only argument must be a function."""
    arguments = application.arguments
    if not arguments.whole or _is_bare(application.decorator_arguments):
        return
    if len(arguments.items) != 1:
        count = "no argument" if not arguments.items else f"{len(arguments.items)} arguments"
        yield Diagnostic(
            application.place.span,
            f"the decorator from `step.do(...)` takes one function, but gets {count}: this call fails with a"
            " TypeError.",
            "Pass the step's function alone; the step itself takes no arguments.",
        )
    elif isinstance(arguments.items[0].value, StaticAwaitable):
        argument = arguments.items[0].place
        yield Diagnostic(
            argument.span,
            f"`{argument.text}` is a coroutine, but `step.do(...)` takes a function: calling the step fails with a"
            " TypeError.",
            f"Pass the function itself, `{argument.text.partition('(')[0]}`, or `lambda: {argument.text}`.",
        )


def _diagnostic_of_awaited_decorator(span: Span) -> Diagnostic:
    return Diagnostic(
        span,
        "`step.do(...)` returns a decorator, and awaiting it fails with a TypeError: the step never runs.",
        "Decorate an async function with `@step.do(...)`, and await a call of that function.",
    )


def _diagnostic_of_unknown_method(access: MethodMissing) -> Diagnostic:
    suggestion = _JAVASCRIPT.get(access.method) or next(
        iter(get_close_matches(access.method.lower(), STEP_METHODS, 1)), None
    )
    advice = f"Available: {', '.join(f'`{method}`' for method in STEP_METHODS)}."
    if suggestion == "do":
        advice = "Decorate the function with `@step.do(...)`, and await a call of it."
    elif suggestion == "wait_for_event":
        advice = "Write `wait_for_event(name, event_type, timeout=...)`."
    elif suggestion is not None:
        owner = access.place.text.rpartition(".")[0]
        advice = f"Write `{owner}.{suggestion}`." if owner else f"Use `{suggestion}`."
    return Diagnostic(
        access.place.span,
        f"unknown method `{access.method}` of the step object: this fails with an AttributeError.",
        advice,
    )


RULE = Rule(
    code="SG117",
    name="decorator-misuse",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
