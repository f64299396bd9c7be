"""The methods of the step object (SDK: `workers/entrypoints.py`), and the configuration of steps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_MODELED, report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.values.calls import Argument, Arguments, WaitCall
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import FreeParameter, FunctionValue, free_parameters, signature_function
from stepgraph.interpreter.values.shown_elements import EntriesByKey
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.workflow.awaiting import start_activity
from stepgraph.interpreter.workflow.dependencies import declare_step
from stepgraph.ir.facts import Parameter, StepDeclared, StepFunctionShape
from stepgraph.ir.name_facts import MethodMissing, StepAttributeMissing
from stepgraph.ir.nodes import EventWait, PayloadShape, Sleep, SleepUntil, StepDefinition
from stepgraph.ir.static_values import StaticArguments
from stepgraph.ir.step_settings import MergedStepConfig, StepParameter
from stepgraph.ir.values import UNKNOWN, Constant, Moment, NameArgument, Template, Unresolved, Value, is_none
from stepgraph.limits import Limit
from stepgraph.model.vocabulary import DEFAULT_EVENT_TIMEOUT
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.step_methods import is_step_method

if TYPE_CHECKING:
    from stepgraph.model.payload import Backoff, Number

# Source text of code that may define attributes of functions, or that handles missing ones.
_ATTRIBUTE_HANDLING: Final = (b"setattr", b"__dict__", b"AttributeError")
_RENAMED: Final = rb"(?<![\w\x80-\xff])([\w\x80-\xff]++)\.__name__ *+=(?!=)"
_STEP_SIGNATURE: Final = rb"\bsignature\(\s*+(?:\w++\.)++do\s*+\)"

DEFAULTS: Final = MergedStepConfig()

# The engine waits equally long before each retry if the backoff is None.
_BACKOFFS: Final[dict[object, Backoff]] = {
    "constant": "constant",
    "linear": "linear",
    "exponential": "exponential",
    None: "constant",
}
_DURATIONS: Final = ("timeout", "delay")
"""The keys of durations."""


def call_method(interpreter: Interpreter, callee: StepMethod, arguments: Arguments, place: SourcePlace) -> Value:
    """Call a method of the step object."""
    spread_arguments = unpacked_arguments(arguments)
    snapshot = interpreter.tracer.on_step_method(callee.name, spread_arguments, place)
    interpreter.steps.passed.update(_steps_in(interpreter, spread_arguments))
    if not is_step_method(callee.name):
        report_escape(interpreter, arguments, place)
        _observe_missing(interpreter, callee.name, place)
        return Unresolved(f"the step object has no method `{callee.name}`", place)
    match callee.name:
        case "do":
            return _do(interpreter, spread_arguments, snapshot, place)
        case "sleep":
            duration = duration_text(spread_arguments.find_or_unpacked(1, "duration"))
            sleep = Sleep(name_text(spread_arguments.find_or_unpacked(0, "name")), duration)
            return start_activity(interpreter, sleep, place)
        case "sleep_until":
            timestamp = timestamp_text(spread_arguments.find_or_unpacked(1, "timestamp"))
            until = SleepUntil(name_text(spread_arguments.find_or_unpacked(0, "name")), timestamp)
            return start_activity(interpreter, until, place)
        case "wait_for_event":
            return _wait(interpreter, spread_arguments, place)


def call_step_object(interpreter: Interpreter, callee: StepObject, arguments: Arguments, place: SourcePlace) -> Value:
    """Report a call of the step object itself, as in `@step("charge")`, which fails with a TypeError."""
    if interpreter.frame.type_error_handlers:
        report_escape(interpreter, arguments, place)
        interpreter.escape(callee, place, f"is called{NOT_MODELED}")
        return UNKNOWN
    function = SourcePlace(place.module, place.node.func) if isinstance(place.node, cst.Call) else place
    interpreter.note(
        "step-object-called",
        place,
        f"the step object `{function.text}` is called like a function, which fails with a TypeError.",
        f"Write `{function.text}.do(...)`, as the decorator of an async function.",
        incomplete=False,
    )
    return UNKNOWN


def report_step_operand(interpreter: Interpreter, value: Value, place: SourcePlace, action: str) -> bool:
    """Report the step object or a decorator from it in a statement that fails with a TypeError. Return whether it is.

    `action` is the predicate of the message, such as `"is iterated over"`.
    """
    if not isinstance(value, StepObject | StepDecorator) or interpreter.frame.type_error_handlers:
        return False
    subject = "the step object" if isinstance(value, StepObject) else "the decorator from `step.do(...)`"
    interpreter.note(
        "step-object-misused",
        place,
        f"{subject} {action}, which fails with a TypeError.",
        "Decorate an async function with `@step.do(...)`, and await a call of that function.",
        incomplete=False,
    )
    return True


def expects_type_error(interpreter: Interpreter, place: SourcePlace) -> bool:
    """Return whether the code at a place handles the TypeError of a `step.do` whose arguments the SDK rejects."""
    return interpreter.frame.type_error_handlers > 0 or place.module.once(_inspects_step_do)


def _inspects_step_do(module: SourceModule) -> bool:
    """Return whether a module reads the signature of `step.do` to call it with the arguments that it accepts."""
    return module.mentions(b"signature(") and re.search(_STEP_SIGNATURE, module.utf_8_source) is not None


def observe_step_attribute(interpreter: Interpreter, step: StepFunction, name: str, place: SourcePlace) -> None:
    """Record a fact if a declared step lacks an attribute, unless the program may assign it or expects the error."""
    is_expected = any(module.mentions(word) for module in interpreter.modules.scopes for word in _ATTRIBUTE_HANDLING)
    if not (name.startswith("_") or step.may_be_replaced or is_expected or _may_be_assigned(interpreter, name)):
        interpreter.observe(StepAttributeMissing(name, step.definition, place))


def _may_be_assigned(interpreter: Interpreter, name: str) -> bool:
    """Return whether the program may assign an attribute, or checks for attributes with `hasattr`."""
    modules = interpreter.modules.scopes
    return any(module.once(assigned_attributes).assigns(name) or module.mentions(b"hasattr") for module in modules)


def _observe_missing(interpreter: Interpreter, name: str, place: SourcePlace) -> None:
    """Record a fact for a missing method, unless the program may define the method or checks for it."""
    if _may_be_assigned(interpreter, name):
        return
    callee = SourcePlace(place.module, place.node.func) if isinstance(place.node, cst.Call) else place
    interpreter.observe(MethodMissing(name, callee))


def _wait(interpreter: Interpreter, arguments: Arguments, place: SourcePlace) -> Value:
    event_type = arguments.find(None, "type") or arguments.find_or_unpacked(1, "event_type")
    timeout = arguments.find_or_unpacked(2, "timeout")
    wait = EventWait(
        name_text(arguments.find_or_unpacked(0, "name")),
        None if event_type is None else name_text(event_type),
        DEFAULT_EVENT_TIMEOUT if timeout is None or timeout.value == Constant(None) else duration_text(timeout),
        # All calls of a function share one shape, because the graph shows the function once.
        interpreter.event_payloads.setdefault((place.node, interpreter.frame.scope.callable_arguments), PayloadShape()),
    )
    return interpreter.work.register_coroutine(WaitCall(wait, place), place)


def _do(interpreter: Interpreter, arguments: Arguments, snapshot: StaticArguments, place: SourcePlace) -> Value:
    name = arguments.find_or_unpacked(0, "name")
    is_reported = not expects_type_error(interpreter, place)
    if name is not None and isinstance(name.value, FunctionValue) and is_reported:
        # A bare `@step.do` passes the function as the name and declares no step.
        interpreter.note(
            "decorator-misuse",
            place,
            f"`step.do` without parentheses takes the function `{name.value.name}` as the step's name, so calling"
            f" `{name.value.name}` fails with a TypeError.",
            f"Write `@step.do()` above `{name.value.name}`.",
            incomplete=False,
        )
    depends = arguments.find(1, "depends")
    if depends is not None and depends.keyword is None and isinstance(depends.value, FunctionValue | Mapping):
        depends = None  # JavaScript style, with a function or the config as the second argument
    interpreter.steps.lists_depends = interpreter.steps.lists_depends or depends is not None
    if depends is not None and interpreter.mode is DependencyMode.IMPLICIT and is_reported:
        # If the mode is not configured, `depends` selects legacy mode and the workflow is analyzed again.
        interpreter.note(
            "depends-refused",
            depends.place,
            "unexpected argument `depends`: dependencies are implicit at this project's compatibility date or flags, so"
            " `step.do` fails with a TypeError.",
            "Remove it, and name the parameters of the function after the steps it needs.",
            incomplete=False,
        )
    text = None if name is None or name.value == Constant(None) else name_text(name)
    return StepDecorator(
        name=text,
        declared_name=name.value.value if name is not None and isinstance(name.value, NameArgument) else text,
        settings=settings_from(interpreter, arguments.find_or_unpacked(3, "config")),
        concurrent=_may_be_concurrent(arguments.find_or_unpacked(2, "concurrent")),
        depends=_dependency_elements(interpreter, depends),
        arguments=snapshot,
        place=place,
        depends_collection=depends.value if depends is not None and isinstance(depends.value, Collection) else None,
    )


def _steps_in(interpreter: Interpreter, arguments: Arguments) -> Iterator[StepDefinition]:
    for argument in arguments.items:
        value = argument.value
        elements = [item.value for item in value.items] if isinstance(value, Collection) else [value]
        interpreter.budget.spend(Limit.ELEMENTS, len(elements))
        yield from (element.definition for element in elements if isinstance(element, StepFunction))


def _may_be_concurrent(argument: Argument | None) -> bool:
    """Return whether dependencies may run concurrently. An argument that is not constant may be true."""
    if argument is None:
        return False
    return not isinstance(argument.value, Constant) or bool(argument.value.value)


def _dependency_elements(interpreter: Interpreter, argument: Argument | None) -> tuple[Element, ...] | None:
    if argument is None or argument.value == Constant(None):
        return None
    from stepgraph.interpreter.objects.containers.iteration import elements_of

    items = elements_of(interpreter, argument.value)
    return (Element(argument.value, argument.place, many=True),) if items is None else items


def _default_name(interpreter: Interpreter, function: FunctionValue | None, name: str) -> str:
    """Return the name of a step without a name: the `__name__` of its function, which may be assigned."""
    if function is not None and type(function.node) is cst.Lambda:
        return "<lambda>"
    is_renamed = function is not None and (
        id(function.node) in interpreter.work.renamed
        or name in function.scope.module.once(_names_of_renamed_functions)  # a statement of the module is not executed
    )
    return f"{{{name}.__name__}}" if is_renamed else name


def _names_of_renamed_functions(module: SourceModule) -> frozenset[str]:
    """Return the names of the functions whose `__name__` a statement of the module assigns."""
    if not module.mentions(b".__name__"):
        return frozenset()
    return frozenset(name.decode(errors="replace") for name in re.findall(_RENAMED, module.utf_8_source))


def declare(interpreter: Interpreter, callee: StepDecorator, arguments: Arguments, place: SourcePlace) -> Value:
    """Declare a step by applying the decorator that `step.do(...)` returned to a function."""
    interpreter.tracer.on_declaration(callee.arguments, arguments, place)
    if not arguments.items:
        return UNKNOWN  # the call raises a TypeError, which the rules report
    function = arguments.items[0]
    body = function.value
    declared = signature_function(body)
    function_name = callable_name((declared or UNKNOWN) if isinstance(body, FunctionValue) else body)
    name = function_name or function.place.text
    own_name = _default_name(interpreter, declared, name) if function_name else "{" + name + "}"
    parameters = free_parameters(body)
    definition = StepDefinition(
        name=own_name if callee.name is None else callee.name,
        declared_name=own_name if callee.declared_name is None else callee.declared_name,
        function_name=name,
        settings=callee.settings,
        concurrent=callee.concurrent,
        parameters=tuple(StepParameter(p.node.name.value, p.place, p.node.default is not None) for p in parameters),
        function=function.place if declared is None else SourcePlace(declared.scope.module, declared.node),
        place=callee.place,
    )
    step = StepFunction(definition, body if body.relevant else UNKNOWN, callee.depends, callee.depends_collection)
    shape = _function_shape(body, parameters)
    interpreter.observe(
        StepDeclared(definition, callee.arguments, shape, interpreter.mode, callee.place, interpreter.in_step)
    )
    declare_step(interpreter, step)
    return step


def _function_shape(function: Value, free: Sequence[FreeParameter]) -> StepFunctionShape | None:
    """Return the declared signature of a step's function with the parameters `free`. Return None if it is unknown."""
    if not isinstance(function, FunctionValue):
        return None
    declared = signature_function(function)
    if declared is None or declared.caveats or function.caveats:
        return None
    place = SourcePlace(function.scope.module, function.node)
    parameters = [_parameter(parameter) for parameter in free]
    is_generator = bindings_of(function.node, function.scope.module).is_generator
    return StepFunctionShape(declared.name, tuple(parameters), function.is_async, is_generator, place)


def _parameter(parameter: FreeParameter) -> Parameter:
    node, place = parameter.node, parameter.place
    default = None if node.default is None else place.module.text(node.default)
    return Parameter(node.name.value, parameter.kind, default, place)


def settings_from(interpreter: Interpreter, argument: Argument | None) -> MergedStepConfig:
    """Return the settings in a `config` argument.

    A duration that is not constant is represented by its source. Other settings that are not constant keep their
    defaults and are reported.
    """
    if argument is None or is_none(argument.value) or _is_empty(argument.value):
        return DEFAULTS
    settings = DEFAULTS
    for key, entry in _entries(interpreter, argument, "config").items():
        if key == "timeout":
            settings = replace(settings, timeout=_duration_of(entry.value, entry.place))
        elif key == "retries" and not is_none(entry.value):
            for name, inner in _entries(interpreter, entry, "retries").items():
                settings = _with_retry(interpreter, settings, name, inner)
    return settings


def _is_empty(value: Value) -> bool:
    return isinstance(value, Mapping) and value.read_as_empty()


def _with_retry(
    interpreter: Interpreter, settings: MergedStepConfig, key: object, entry: MappingEntry
) -> MergedStepConfig:
    if key == "delay":
        if isinstance(entry.value, FunctionValue | StepFunction):
            _report_delay_function(interpreter, entry.place)
        return replace(settings, delay=_duration_of(entry.value, entry.place))
    if key == "limit":
        limit = number_of(entry.value)
        if limit is not None:
            return replace(settings, limit=limit)
        _report_value(interpreter, entry, "limit", DEFAULTS.limit)
    if key == "backoff":
        backoff = _BACKOFFS.get(entry.value.value) if isinstance(entry.value, Constant) else None
        if backoff is not None:
            return replace(settings, backoff=backoff)
        _report_value(interpreter, entry, "backoff", DEFAULTS.backoff)
    return settings


def _entries(interpreter: Interpreter, source: Argument | MappingEntry, setting: str) -> dict[object, MappingEntry]:
    """Return the entries of a dictionary that have constant keys, by key.

    If another entry may replace a duration, the source of the duration is the dictionary. Other settings that may be
    replaced keep their defaults.
    """
    value = source.value
    if isinstance(value, Constant | Collection):
        _report_invalid(interpreter, source, setting, "the default")
        return {}
    if not isinstance(value, Mapping) or not value.shows_constants:
        _report(interpreter, source, setting, "the default")
        return {}
    by_key = EntriesByKey.of(value.entries)
    if value.partial or not by_key.is_complete:
        _report(interpreter, source, setting, "the default for unknown keys")
    if not by_key.uncertain:
        return by_key.certain
    return by_key.certain | {
        key: replace(by_key.uncertain[key], value=UNKNOWN, place=source.place)
        for key in _DURATIONS
        if key in by_key.uncertain
    }


def _report_value(interpreter: Interpreter, entry: MappingEntry, setting: str, default: object) -> None:
    """Report a setting that the graph does not show, because it is invalid or not a constant."""
    if not isinstance(entry.value, Constant):
        _report(interpreter, entry, setting, f"the default, {default}")
        return
    _report_invalid(interpreter, entry, setting, f"the default, {default}")


def _report_invalid(interpreter: Interpreter, source: Argument | MappingEntry, setting: str, fallback: str) -> None:
    interpreter.note(
        "invalid-config",
        source.place,
        f"the step's {setting} `{source.place.text}` {_verb(setting)} invalid, so the engine rejects the config.",
        f"The graph shows {fallback}.",
        incomplete=False,
    )


def _report(interpreter: Interpreter, source: Argument | MappingEntry, setting: str, fallback: str) -> None:
    message = f"the step's {setting} `{source.place.text}` {_verb(setting)} not statically known."
    interpreter.note("dynamic-config", source.place, message, f"The graph shows {fallback}.", incomplete=False)


def _verb(setting: str) -> str:
    return "are" if setting == "retries" else "is"


def _report_delay_function(interpreter: Interpreter, place: SourcePlace) -> None:
    interpreter.note(
        "dynamic-config",
        place,
        f"the step's delay `{place.text}` is a function, which the engine calls after each failed attempt.",
        "The graph shows its source.",
        incomplete=False,
    )


# Maximum size of an integer in JSON, in bits, because readers may reject larger integers.
WIDEST_NUMBER: Final = 512


def _text_of(value: Value, place: SourcePlace) -> str:
    """Return the text of a constant string, or the source of another value in braces."""
    if type(value) is Constant and type(value.value) is str:
        return value.value
    return value.text if isinstance(value, Template) else "{" + place.text + "}"


def name_text(argument: Argument | None) -> str:
    """Return the name in an argument, as in `_text_of`, or `{}` without an argument."""
    return "{}" if argument is None else _text_of(argument.value, argument.place)


def duration_text(argument: Argument | None) -> Number | str:
    """Return the duration in an argument, as in `_duration_of`, or `{}` without an argument."""
    return "{}" if argument is None else _duration_of(argument.value, argument.place)


def _duration_of(value: Value, place: SourcePlace) -> Number | str:
    """Return a duration as milliseconds, as its constant string, or as its source in braces."""
    number = number_of(value)
    return _text_of(value, place) if number is None else number


def number_of(value: Value) -> Number | None:
    """Return a constant as a JSON number. Return None if the value cannot be represented as one."""
    number = value.value if type(value) is Constant else None
    if type(number) is int:  # no bool
        return number if number.bit_length() <= WIDEST_NUMBER else None
    return number if type(number) is float and math.isfinite(number) else None


def timestamp_text(argument: Argument | None) -> str:
    """Return a timestamp as text, or `{}` without an argument.

    A constant datetime is in ISO 8601, and constant epoch milliseconds are digits. For other values, see `_text_of`.
    """
    if argument is None:
        return "{}"
    if isinstance(argument.value, Moment):
        return argument.value.text
    number = number_of(argument.value)
    if number is None:
        return _text_of(argument.value, argument.place)
    return str(int(number)) if number == int(number) else repr(number)
