"""Uses of `step.do` or the step object that the SDK does not support."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.analysis.config_faults import DEFAULT_RETRIES
from stepgraph.checks.analysis.step_fixes import arguments_of_options, remove_from_call, replace_arguments, sources_of
from stepgraph.checks.diagnostic import (
    Applicability,
    Diagnostic,
    Fix,
    Severity,
    first_diagnostics,
    safe_fix,
    unsafe_fix,
)
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DecoratorApplied, MethodCalled, StepCalled
from stepgraph.ir.name_facts import MethodMissing, StepAttributeMissing
from stepgraph.ir.static_values import (
    StaticArgument,
    StaticArguments,
    StaticAwaitable,
    StaticFunction,
    StaticMapping,
    StaticStep,
)
from stepgraph.ir.values import Constant
from stepgraph.phrases import near_names
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.edits.source_edits import Edit, Replacement
from stepgraph.syntax.step_methods import STEP_METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.model.span import Span
    from stepgraph.syntax.module import SourcePlace

_JAVASCRIPT: Final = {"sleepUntil": "sleep_until", "waitForEvent": "wait_for_event", "run": "do"}
_ARGUMENTS: Final = ("name", "depends", "concurrent", "config")
# The parameters that take an argument by position or by keyword, in order.
_PARAMETERS: Final = {
    "wait_for_event": (None, None, "timeout"),
    "sleep": (),
    "sleep_until": ("name", "timestamp"),
}
_CONFIG: Final = ("retries", "timeout", "sensitive")
_NAME_AND_CONFIG: Final = 2
_FUNCTIONS: Final = frozenset({StaticFunction, StaticStep})


class _AcceptedArguments(Struct, frozen=True):
    """The arguments that a method of the step object accepts besides its name and its event type or time."""

    required_keywords: tuple[str, ...]
    """The names under which the two required arguments can be passed."""
    optional: tuple[str, ...]
    """The names of the optional arguments, in order."""
    advice: str


_REQUIRED_COUNT: Final = 2
_ACCEPTED: Final = {
    "wait_for_event": _AcceptedArguments((), ("timeout",), "Remove it: the only option of a wait is `timeout=`."),
    "sleep_until": _AcceptedArguments(("name", "timestamp"), (), "Remove it: this sleep takes only a name and a time."),
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    mode = subject.program.mode
    calls = [
        call for call in subject.facts_of_type(MethodCalled) if call.method == "do" and not call.expects_type_error
    ]
    applications = list(subject.facts_of_type(DecoratorApplied))
    # The arguments of the calls of `step.do` whose result is called, by identity.
    called = {id(application.decorator_arguments) for application in applications}
    invalid_calls = [
        (call, diagnostic)
        for call in calls
        for diagnostic in _check_arguments(call, mode, is_called=id(call.arguments) in called)
    ]
    ends = {_end(call.place.span) for call, _ in invalid_calls}
    awaited = (
        _diagnostic_of_awaited_decorator(note.span)
        for note in subject.notes_with_code("decorator-awaited")
        if _end(note.span) not in ends
    )
    applied = [
        (application, diagnostic) for application in applications for diagnostic in _check_application(application)
    ]
    # A decorator that is called like a step may be a step on another path.
    step_calls = {call.place for call in subject.facts_of_type(StepCalled)} if applied else set()
    attributes = map(_diagnostic_of_attribute, subject.facts_of_type(StepAttributeMissing))
    return first_diagnostics(
        [
            *(diagnostic for _, diagnostic in invalid_calls),
            *(diagnostic for application, diagnostic in applied if application.place not in step_calls),
            *(
                *_unknown_methods(subject),
                *awaited,
                *_not_awaitable(subject),
                *attributes,
                *_invalid_arguments(subject),
            ),
        ]
    )


def _unknown_methods(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    accesses = [access for access in subject.facts_of_type(MethodMissing) if not access.method.startswith("_")]
    calls_by_node = {id(call.place.node): call for call in subject.facts_of_type(MethodCalled)} if accesses else {}
    for access in accesses:
        yield _diagnostic_of_unknown_method(access, calls_by_node)


def _invalid_arguments(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Yield the arguments that a method of the step object does not accept, and then those that are passed twice."""
    calls = [call for call in subject.facts_of_type(MethodCalled) if not call.expects_type_error]
    for call in calls:
        if call.method in _ACCEPTED:
            yield from _check_surplus(call, _ACCEPTED[call.method])
    for call in calls:
        yield from _check_repeated(call, subject.program.mode)


def _not_awaitable(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Yield the awaits of other values than steps, except for those of a call below a bare `@step.do`."""
    codes = (
        *("function-awaited", "collection-awaited", "collection-unconverted", "coroutine-reused", "coroutine-waited"),
        *("step-object-awaited", "step-object-called", "step-object-misused", "value-awaited"),
    )
    notes = [note for code in codes for note in subject.notes_with_code(code)]
    if notes:
        applications = filter(_is_applied_bare, subject.facts_of_type(DecoratorApplied))
        ends = {_end(application.place.span) for application in applications}
        yield from (Diagnostic(note.span, note.message, note.advice) for note in notes if _end(note.span) not in ends)


def _end(span: Span) -> tuple[str, int, int]:
    """Return the end of an expression. An `await` ends at the same position as its call."""
    return span.path, span.end_line, span.end_column


def _check_arguments(call: MethodCalled, mode: DependencyMode, *, is_called: bool) -> Iterator[Diagnostic]:
    """Check the arguments of `step.do`. `is_called`: the result of the call is called."""
    arguments, positional = call.arguments, call.arguments.positional
    if _is_bare(positional):
        yield _diagnostic_of_missing_parentheses(positional[0], mode)
        return
    functions = _function_arguments(arguments)
    if functions:
        yield _diagnostic_of_function_argument(call, functions[0], mode, is_called=is_called)
    elif len(positional) > 1 and isinstance(positional[1].value, StaticMapping) and positional[1].value.entries:
        yield _diagnostic_of_positional_config(call, positional[1], mode)
    unknown = [argument for argument in arguments.items if argument.keyword not in (None, *_ARGUMENTS)]
    fix = unsafe_fix(*_move_to_config(call)) if unknown else None
    yield from (_diagnostic_of_unknown_keyword(argument, fix) for argument in unknown)


def _function_arguments(arguments: StaticArguments) -> list[StaticArgument]:
    """Return the functions that are passed after the name, as in JavaScript."""
    return [argument for argument in arguments.positional[1:] if isinstance(argument.value, StaticFunction)]


def _check_surplus(call: MethodCalled, accepted: _AcceptedArguments) -> Iterator[Diagnostic]:
    """Check for arguments that a wait or a `sleep_until` does not accept. Other rules report missing arguments."""
    items, positional = call.arguments.items, call.arguments.positional
    if len(positional) + sum(item.keyword in accepted.required_keywords for item in items) < _REQUIRED_COUNT:
        return
    names = (None, *accepted.required_keywords, *accepted.optional)
    surplus = positional[_REQUIRED_COUNT + len(accepted.optional) :]
    for argument in (*surplus, *(item for item in items if item.keyword not in names)):
        yield Diagnostic(
            argument.name_span,
            f"unknown argument `{argument.keyword or argument.place.text}` of `step.{call.method}`: this call fails"
            " with a TypeError.",
            accepted.advice,
        )


def _check_repeated(call: MethodCalled, mode: DependencyMode) -> Iterator[Diagnostic]:
    """Check for arguments that are passed by position and as a keyword."""
    implicit = mode is DependencyMode.IMPLICIT
    parameters = _PARAMETERS.get(call.method, _ARGUMENTS[:1] if implicit else _ARGUMENTS)
    keywords = {item.keyword: item for item in call.arguments.items if item.keyword is not None}
    for parameter, argument in zip(parameters, call.arguments.positional, strict=False):
        repeated = keywords.get(parameter or "")
        if repeated is None:
            continue
        is_equal = repeated.place.text == argument.place.text
        yield Diagnostic(
            repeated.name_span,
            f"`{parameter}` of `step.{call.method}` is passed twice, by position and as a keyword: this call fails with"
            " a TypeError.",
            f"Remove `{parameter}={repeated.place.brief_text}`." if is_equal else "Remove one of the two arguments.",
            safe_fix(*remove_from_call(call, repeated)) if is_equal else None,
        )


def _is_bare(positional: Sequence[StaticArgument]) -> bool:
    """Return whether `step.do` is applied to a function without parentheses."""
    if not positional or type(positional[0].value) not in _FUNCTIONS:
        return False
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.correlated_names import is_decided_by_another

    return not is_decided_by_another(positional[0].place)


def _is_applied_bare(application: DecoratorApplied) -> bool:
    """Return whether a call is one of a function below `@step.do` without parentheses."""
    return _is_bare(application.decorator_arguments.positional)


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
        unsafe_fix(*_parentheses(argument.place, decorator)),
    )


def _parentheses(place: SourcePlace, decorator: str) -> tuple[Edit, ...]:
    """Return the edit that adds the parentheses to `@step.do`, or no edit for `step.do(function)`."""
    # Imported here, as below, because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.places import decorated_function

    is_decorator = decorated_function(place) is not None
    return (Replacement(place, place.text + decorator.removeprefix("@step.do")),) if is_decorator else ()


def _diagnostic_of_function_argument(
    call: MethodCalled, function: StaticArgument, mode: DependencyMode, *, is_called: bool
) -> Diagnostic:
    positional, source = call.arguments.positional, function.place.text
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
        unsafe_fix(*_decorate(call, function, "" if is_called else "()")),
    )


def _decorate(call: MethodCalled, function: StaticArgument, suffix: str) -> tuple[Edit, ...]:
    """Return the edit that turns `step.do(name, config, function)` into a decorator that is applied.

    `suffix` calls the step, unless other code calls it.
    Returns no edit if other arguments are unknown, or if the function is not async.
    """
    from stepgraph.syntax.places import is_async_function

    name, *options = call.arguments.items
    configs = [f"config={each.place.text}" for each in options if isinstance(each.value, StaticMapping)]
    if name.keyword is not None or len(options) != len(configs) + 1 or len(configs) > 1:
        return ()
    if not isinstance(function.value, StaticFunction) or not is_async_function(function.value.place):
        return ()
    return replace_arguments(call, [name.place.text, *configs], f"({function.place.text}){suffix}")


def _diagnostic_of_positional_config(call: MethodCalled, argument: StaticArgument, mode: DependencyMode) -> Diagnostic:
    message = (
        "unexpected second argument: `step.do` takes the config only as `config=`, so this call fails with a TypeError."
        if mode is DependencyMode.IMPLICIT
        else "the second argument of `step.do` is `depends`, not the config, so calling the step fails with a"
        " TypeError."
    )
    sources = sources_of(call.arguments)
    sources[1] = f"config={sources[1]}"
    return Diagnostic(
        argument.place.span,
        message,
        f"Write `config={argument.place.text}`.",
        safe_fix(*replace_arguments(call, sources)) if len(call.arguments.positional) == _NAME_AND_CONFIG else None,
    )


def _diagnostic_of_unknown_keyword(argument: StaticArgument, fix: Fix | None) -> Diagnostic:
    """Report an unknown keyword argument. `fix` moves the keys of the config that a call has as arguments."""
    advice = f"Available: {', '.join(f'`{name}`' for name in _ARGUMENTS if name != 'depends')}."
    if argument.keyword in _CONFIG:
        advice = f"Move it to the config: `config={{{_config_entry(argument)}}}`."
    return Diagnostic(
        argument.name_span,
        f"unknown argument `{argument.keyword}` of `step.do`: this call fails with a TypeError.",
        advice,
        fix,
    )


def _move_to_config(call: MethodCalled) -> tuple[Edit, ...]:
    """Return the edit that moves the keys of the config among the arguments of a call into `config=`.

    Returns no edit if the call has a config, or other unknown arguments.
    """
    keywords = [item.keyword for item in call.arguments.items]
    if "config" in keywords or any(keyword not in (None, *_ARGUMENTS, *_CONFIG) for keyword in keywords):
        return ()
    keys = [_config_entry(item) for item in call.arguments.items if item.keyword in _CONFIG]
    step_arguments = StaticArguments(tuple(item for item in call.arguments.items if item.keyword not in _CONFIG))
    return replace_arguments(call, [*sources_of(step_arguments), f"config={{{', '.join(keys)}}}"])


def _config_entry(argument: StaticArgument) -> str:
    """Return the entry of the config for a keyword argument. A number of retries becomes their limit."""
    text = argument.place.text
    limit = argument.value.value if isinstance(argument.value, Constant) else None
    if argument.keyword == "retries" and isinstance(limit, int) and not isinstance(limit, bool):
        text = f'{{"limit": {text}, "delay": {DEFAULT_RETRIES["delay"]}}}'
    return f'"{argument.keyword}": {text}'


def _check_application(application: DecoratorApplied) -> Iterator[Diagnostic]:
    """Check `step.do("x")(...)`, whose only argument must be a function."""
    arguments = application.arguments
    is_single = len(arguments.items) == 1
    if is_single and not isinstance(arguments.items[0].value, StaticAwaitable):
        return
    if not arguments.whole or _is_applied_bare(application):
        return
    if not arguments.items and _function_arguments(application.decorator_arguments):
        return  # the call of a step that is declared as in JavaScript
    if not is_single:
        count = "no argument" if not arguments.items else f"{len(arguments.items)} arguments"
        yield Diagnostic(
            application.place.span,
            f"the decorator from `step.do(...)` takes one function, but gets {count}: this call fails with a"
            " TypeError.",
            "Pass the step's function alone; the step itself takes no arguments.",
        )
    else:
        argument = arguments.items[0].place
        yield Diagnostic(
            argument.span,
            f"`{argument.text}` is a coroutine, but `step.do(...)` takes a function: calling the step fails with a"
            " TypeError.",
            f"Pass the function itself, `{argument.text.partition('(')[0]}`, or `lambda: {argument.text}`.",
            unsafe_fix(Replacement(argument, f"lambda: {argument.text}")) if argument.text.endswith(")") else None,
        )


def _diagnostic_of_awaited_decorator(span: Span) -> Diagnostic:
    return Diagnostic(
        span,
        "`step.do(...)` returns a decorator, and awaiting it fails with a TypeError: the step never runs.",
        "Decorate an async function with `@step.do(...)`, and await a call of that function.",
    )


def _diagnostic_of_unknown_method(access: MethodMissing, calls: Mapping[int, MethodCalled]) -> Diagnostic:
    """Report an unknown method. `calls` are the calls of methods of the step object, by the identity of the node."""
    suggestion = _JAVASCRIPT.get(access.method) or next(iter(near_names(access.method, STEP_METHODS)), None)
    advice = f"Available: {', '.join(f'`{method}`' for method in STEP_METHODS)}."
    fix: Fix | None = None
    if suggestion == "do":
        advice = "Decorate the function with `@step.do(...)`, and await a call of it."
    elif suggestion == "wait_for_event":
        advice = "Write `wait_for_event(name, event_type, timeout=...)`."
        fix = unsafe_fix(*_wait_for_event(access, calls))
    elif suggestion is not None:
        owner = access.place.text.rpartition(".")[0]
        advice = f"Write `{owner}.{suggestion}`." if owner else f"Use `{suggestion}`."
        if owner.isidentifier():
            fix = unsafe_fix(Replacement(access.place, f"{owner}.{suggestion}"))
    return Diagnostic(
        access.place.span,
        f"unknown method `{access.method}` of the step object: this fails with an AttributeError.",
        advice,
        fix,
    )


def _diagnostic_of_attribute(read: StepAttributeMissing) -> Diagnostic:
    step = read.place.text.rpartition(".")[0]
    return Diagnostic(
        read.place.span,
        f"unknown attribute `{read.attribute}`: the step {read.step.quoted_name} is a function, so this fails with an"
        " AttributeError.",
        f"Use the result of `await {step}()`, or of the step as a dependency.",
    )


def _wait_for_event(access: MethodMissing, calls: Mapping[int, MethodCalled]) -> tuple[Edit, ...]:
    """Return the edit that calls `wait_for_event` with the options of `waitForEvent(name, {"type": ...})`, if known."""
    from stepgraph.syntax.places import call_of_callee

    place = call_of_callee(access.place)
    call = None if place is None else calls.get(id(place.node))
    owner = access.place.text.removesuffix(f".{access.method}")
    if call is None or not owner.isidentifier() or len(call.arguments.items) != len(call.arguments.positional):
        return ()
    arguments = arguments_of_options(call)
    return (Replacement(call.place, f"{owner}.wait_for_event({', '.join(arguments)})"),) if arguments else ()


RULE = Rule(
    code="SG117",
    name="decorator-misuse",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
