"""Models of functools and contextlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.asyncio_ import starts_task
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Element,
    ExitStack,
    External,
    ExternalResult,
    FunctionValue,
    Partial,
    SpreadArguments,
    StepFunction,
    Suppressor,
    Value,
    WrappingManager,
)
from stepgraph.interpreter.python.arguments import made, spread
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.raised_exceptions import caught_types
from stepgraph.ir.nodes import EMPTY, Handler


@models("functools.partial", "functools.partialmethod")
def _partial(call: LibraryCall) -> Value:
    function = call.first
    rest = call.arguments.items[1:]
    if isinstance(function, StepFunction):
        return function
    if not function.relevant and not starts_task(function):
        return call_unknown(call.interpreter, function, call.arguments, call.place)
    if not isinstance(function, FunctionValue):
        return Partial(function, Arguments(rest))
    return replace(
        function,
        positional=(*function.positional, *_bound_by_position(call.interpreter, rest)),
        keywords=(*function.keywords, *_bound_by_name(rest)),
    )


def _bound_by_position(interpreter: Interpreter, arguments: Sequence[Argument]) -> Iterator[Value]:
    for argument in arguments:
        if argument.star == "*":
            held = argument.value
            unknown = (Element(held if held.relevant else UNKNOWN, argument.place, many=True),)
            yield SpreadArguments(held if isinstance(held, Collection) else made(interpreter, "tuple", unknown))
        elif argument.keyword is None and not argument.star:
            yield argument.value


def _bound_by_name(arguments: Sequence[Argument]) -> Iterator[tuple[str, Value]]:
    for argument in spread(Arguments(tuple(arguments))).items:
        if argument.keyword is not None:
            yield argument.keyword, argument.value


@models("functools.wraps")
def _wraps(call: LibraryCall) -> Value:
    """`functools.wraps(f)` makes a decorator, which makes a function look like `f`."""
    if len(call.arguments.positional) < 2:  # noqa: PLR2004 - what is wrapped, and what wraps it
        return Partial(External("functools.wraps"), call.arguments)
    wrapper = call.arguments.items[-1].value
    return replace(wrapper, wrapped=call.arguments.items[0].value) if isinstance(wrapper, FunctionValue) else wrapper


@models("contextlib.suppress")
def _suppress(call: LibraryCall) -> Value:
    named = [item.place.text for item in call.arguments.items]
    if not named:
        return Suppressor(None)
    types = [caught_types(item.value, item.place, {}) for item in call.arguments.items]
    known = all(types) and not any(item.star for item in call.arguments.items)
    condition = named[0] if len(named) == 1 else f"({', '.join(named)})"
    return Suppressor(Handler(condition, EMPTY, tuple(t for part in types for t in part) if known else ()))


@models("contextlib.ExitStack", "contextlib.AsyncExitStack")
def _exit_stack(call: LibraryCall) -> Value:
    del call
    return ExitStack()


@models("contextlib.nullcontext", "contextlib.closing", "contextlib.aclosing")
def _wrapping_manager(call: LibraryCall) -> Value:
    closing = {"contextlib.closing": "close", "contextlib.aclosing": "aclose"}.get(call.name)
    return WrappingManager(call.first, closing) if call.first.relevant else ExternalResult("contextlib.nullcontext")


@models("functools.cache", "functools.lru_cache")
def _cache(call: LibraryCall) -> Value:
    """The decorated function; with settings only, a decorator."""
    if isinstance(call.first, FunctionValue):
        return call.first
    report_escape(call.interpreter, call.arguments, call.place)
    return External(f"{call.name}()") if call.name == "functools.lru_cache" else call.unmodeled()
