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

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StaticArgument, StaticArguments
    from stepgraph.model.span import Span

_METHODS: Final = ("do", "sleep", "sleep_until", "wait_for_event")
_JAVASCRIPT: Final = {"sleepUntil": "sleep_until", "waitForEvent": "wait_for_event", "run": "do"}
_ARGUMENTS: Final = ("name", "depends", "concurrent", "config")
_CONFIG: Final = ("retries", "timeout", "sensitive")


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    mode = subject.program.mode
    calls = [
        call for call in subject.facts_of_type(MethodCalled) if call.method == "do" and not call.expects_type_error
    ]
    judged = [(call, match) for call in calls for match in _judged(call.arguments, mode)]
    ends = {_end(call.place.span) for call, _ in judged}
    awaited = (
        _awaited(note.span) for note in subject.notes_with_code("decorator-awaited") if _end(note.span) not in ends
    )
    applied = (match for fact in subject.facts_of_type(DecoratorApplied) for match in _applied(fact))
    missing = (_missing(fact) for fact in subject.facts_of_type(MethodMissing) if not fact.method.startswith("_"))
    return first_diagnostics([*(match for _, match in judged), *applied, *missing, *awaited])


def _end(span: Span) -> tuple[str, int, int]:
    """Return the end of an expression. An `await` ends at the same position as its call."""
    return span.path, span.end_line, span.end_column


def _judged(arguments: StaticArguments, mode: DependencyMode) -> Iterator[Diagnostic]:
    positional = arguments.positional
    if _is_bare(arguments):
        yield _bare(positional[0], mode)
        return
    functions = [argument for argument in positional[1:] if isinstance(argument.value, StaticFunction)]
    if functions:
        yield _as_in_javascript(positional, functions[0], mode)
    elif len(positional) > 1 and isinstance(positional[1].value, StaticMapping) and positional[1].value.entries:
        yield _config_by_position(positional[1], mode)
    for argument in arguments.items:
        if argument.keyword is not None and argument.keyword not in _ARGUMENTS:
            yield _unknown_keyword(argument, argument.keyword)


def _is_bare(arguments: StaticArguments) -> bool:
    return bool(arguments.positional) and isinstance(arguments.positional[0].value, StaticFunction | StaticStep)


def _bare(argument: StaticArgument, mode: DependencyMode) -> Diagnostic:
    value = argument.value
    name = value.definition.function_name if isinstance(value, StaticStep) else ""
    name = value.name if isinstance(value, StaticFunction) else name
    written = "@step.do()" if mode is DependencyMode.IMPLICIT else f'@step.do("{name}")'
    return Diagnostic(
        argument.place.span,
        f"`step.do` without parentheses takes the function `{name}` for the step's name: `{name}` is no step then, and"
        " calling it fails with a TypeError.",
        f"Write `{written}` above `{name}`.",
    )


def _as_in_javascript(
    positional: tuple[StaticArgument, ...], function: StaticArgument, mode: DependencyMode
) -> Diagnostic:
    written = function.place.text
    is_named = written.isidentifier()
    failure = (
        "so this call fails with a TypeError"
        if mode is DependencyMode.IMPLICIT
        else "so no step is declared, and awaiting this fails with a TypeError"
    )
    config = next((a.place.text for a in positional[1:] if isinstance(a.value, StaticMapping)), None)
    decorator = f"step.do({positional[0].place.text}{'' if config is None else f', config={config}'})"
    where = f"above `def {written}`, and run it with `await {written}()`" if is_named else "above an async function"
    also = "" if is_named else ", and await a call of that function"
    return Diagnostic(
        function.place.span,
        f"`step.do` takes no function, here `{written}`: unlike in JavaScript it makes a decorator, {failure}.",
        f"Write `@{decorator}` {where}{also}.",
    )


def _config_by_position(argument: StaticArgument, mode: DependencyMode) -> Diagnostic:
    message = (
        "`step.do` takes the config as `config=` only, so this second argument fails with a TypeError."
        if mode is DependencyMode.IMPLICIT
        else "the second argument of `step.do` is `depends`, not the config, so calling the step fails with a"
        " TypeError."
    )
    return Diagnostic(argument.place.span, message, f"Write `config={argument.place.text}`.")


def _unknown_keyword(argument: StaticArgument, keyword: str) -> Diagnostic:
    advice = f"`step.do` takes {', '.join(f'`{name}`' for name in _ARGUMENTS if name != 'depends')}."
    if keyword in _CONFIG:
        advice = f'Write it in the config: `config={{"{keyword}": {argument.place.text}}}`.'
    return Diagnostic(
        argument.place.span, f"`step.do` has no argument `{keyword}`, so this fails with a TypeError.", advice
    )


def _applied(fact: DecoratorApplied) -> Iterator[Diagnostic]:
    """Check `step.do("x")(...)`, whose only argument must be a function."""
    arguments = fact.arguments
    if not arguments.whole or _is_bare(fact.decorator_arguments):
        return
    if len(arguments.items) != 1:
        what = "without a function" if not arguments.items else "with more than a function"
        yield Diagnostic(
            fact.place.span,
            f"the decorator that `step.do(...)` makes is called {what}, so it fails with a TypeError.",
            "Give it the step's function alone; the step itself takes no arguments.",
        )
    elif isinstance(arguments.items[0].value, StaticAwaitable):
        argument = arguments.items[0].place
        yield Diagnostic(
            argument.span,
            f"`{argument.text}` makes a coroutine, and `step.do(...)` needs a function: calling the step fails with a"
            " TypeError.",
            f"Give it the function itself, `{argument.text.partition('(')[0]}`, or `lambda: {argument.text}`.",
        )


def _awaited(span: Span) -> Diagnostic:
    return Diagnostic(
        span,
        "`step.do(...)` makes a decorator, and awaiting one fails with a TypeError: no step runs.",
        "Write it with `@` above an async function, and await a call of that function.",
    )


def _missing(fact: MethodMissing) -> Diagnostic:
    suggestion = _JAVASCRIPT.get(fact.method) or next(iter(get_close_matches(fact.method.lower(), _METHODS, 1)), None)
    advice = f"There are {', '.join(f'`{method}`' for method in _METHODS[:-1])} and `{_METHODS[-1]}`."
    if suggestion == "do":
        advice = "Decorate the function with `@step.do(...)`, and await a call of it."
    elif suggestion == "wait_for_event":
        advice = "Write `wait_for_event(name, event_type, timeout=...)`."
    elif suggestion is not None:
        owner = fact.place.text.rpartition(".")[0]
        advice = f"Write `{owner}.{suggestion}`." if owner else f"Use `{suggestion}`."
    return Diagnostic(
        fact.place.span, f"the step object has no method `{fact.method}`, so this fails with an AttributeError.", advice
    )


RULE = Rule(
    code="SG117",
    name="decorator-misuse",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
