"""Handlers of exception types that errors of steps lose on their way to the handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.tries import catches_javascript, find_tries, runs_steps
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.exceptions import builtin_exception, catches_all
from stepgraph.ir.nodes import CaughtType, NonStepErrors, Try

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_PRESERVED_TYPES: Final = (ValueError, TypeError)
# Raised by Python around an await, or by failures of the SDK itself.
_RUNTIME_ERRORS: Final = (
    *(RecursionError, MemoryError, AttributeError, StopIteration, StopAsyncIteration, Warning, BaseExceptionGroup),
)
# Raised by subscripts, arithmetic and unpacking.
_LANGUAGE_ERRORS: Final = (LookupError, ArithmeticError, NameError, AssertionError, UnicodeError)


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for try_node in find_tries(subject.program.body):
        if try_node.non_step_errors is NonStepErrors.ANY or not runs_steps(try_node):
            continue
        if any(catches_javascript(handler) for handler in try_node.handlers):
            continue
        for handler in try_node.handlers:
            if not catches_all(handler):
                is_only_type = len(handler.types) == 1
                lost = (caught for caught in handler.types if _is_lost(caught, try_node))
                yield from (_diagnostic(caught, is_only_type=is_only_type) for caught in lost)


def _is_lost(caught: CaughtType, try_node: Try) -> bool:
    """Return whether no exception of the caught type reaches the handler, from steps or other code."""
    if caught.ancestors != (caught.name,):
        builtin_ancestors = [builtin_exception(ancestor) for ancestor in caught.ancestors]
        return not any(ancestor is not None and not _is_plain_error(ancestor) for ancestor in builtin_ancestors)
    if not caught.name.startswith("builtins."):
        return _is_foreign_error(caught.name)
    exception = builtin_exception(caught.name)
    if exception is None or not _is_plain_error(exception) or issubclass(exception, _RUNTIME_ERRORS):
        return False
    if any(issubclass(preserved, exception) for preserved in _PRESERVED_TYPES):
        return False
    return try_node.non_step_errors is NonStepErrors.NONE or not issubclass(exception, _LANGUAGE_ERRORS)


def _is_plain_error(exception: type[BaseException]) -> bool:
    """Return whether a type is an ordinary error: not an exception group, a cancellation or an exit."""
    return issubclass(exception, Exception) and not issubclass(exception, BaseExceptionGroup)


def _is_foreign_error(name: str) -> bool:
    """Return whether the name of an external class rules out that it is raised here."""
    if name.startswith("asyncio."):
        return name.endswith(".TimeoutError")
    if name.startswith("workers"):
        return False
    return name.rsplit(".", 1)[-1] not in ("ExceptionGroup", "BaseExceptionGroup", "CancelledError", "Exception")


def _diagnostic(caught: CaughtType, *, is_only_type: bool) -> Diagnostic:
    text = caught.place.text
    reason = "only ValueError, TypeError and NonRetryableError keep their type"
    if caught.raised_in is None:
        message = f"`except {text}` never catches an error of a step, which arrives as `JsException`: {reason}."
    else:
        consequence = "so this handler never runs" if is_only_type else "so this does not catch it"
        message = f"`{text}` of the step {caught.raised_in!r} arrives here as `JsException`, {consequence}: {reason}."
    return Diagnostic(
        caught.place.span,
        message,
        "Catch `JsException` from `pyodide.ffi`; or raise a ValueError in the step, or return what went wrong.",
    )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        module(
            "an error of the project",
            """
            from workers import WorkflowEntrypoint


            class OutOfStock(Exception):
                pass


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("reserve")
                    async def reserve():
                        raise OutOfStock("none left")

                    try:
                        await reserve()
                    except OutOfStock:  # SG210
                        return "sold out"
            """,
        ),
        in_run(
            "a wait that times out",
            """
            try:
                approval = await step.wait_for_event("approval", "approved", timeout="1 day")
            except TimeoutError:  # SG210
                return "nobody answered"
            """,
        ),
        module(
            "a class derived from ValueError, which does not keep its type either",
            """
            from workers import WorkflowEntrypoint


            class CardDeclined(ValueError):
                pass


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        raise CardDeclined("no funds")

                    try:
                        receipt = await charge()
                        print(receipt["id"])
                    except (CardDeclined, KeyError):  # SG210
                        return "declined"
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "types that are kept",
            """
            @step.do("charge")
            async def charge():
                raise NonRetryableError("no funds")

            try:
                await charge()
            except (NonRetryableError, ValueError):
                return "declined"
            """,
            imports="from workers.workflows import NonRetryableError",
        ),
        in_run(
            "an error of the code beside the step",
            """
            @step.do("look up")
            async def look_up():
                return {"name": "Ada"}

            try:
                customer = await look_up()
                mail = customer["mail"]
            except KeyError:
                mail = None
            """,
        ),
        module(
            "an error that a function raises after its step",
            """
            from workers import WorkflowEntrypoint


            class OutOfStock(Exception):
                pass


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    try:
                        await self.reserve(step)
                    except OutOfStock:
                        return "sold out"

                async def reserve(self, step):
                    @step.do("reserve")
                    async def reserved():
                        return 0

                    if await reserved() == 0:
                        raise OutOfStock
            """,
        ),
        in_run(
            "both forms of an error",
            """
            @step.do("charge")
            async def charge():
                raise TimeoutError("no answer")

            try:
                await charge()
            except (JsException, TimeoutError):
                return "try again"
            """,
            imports="from pyodide.ffi import JsException",
        ),
    )


RULE = Rule(
    code="SG210",
    name="exception-type-lost",
    severity=Severity.WARNING,
    summary="A handler around steps is for a type of error that never comes out of a step.",
    why="An error leaves a step through JavaScript. ValueError, TypeError and NonRetryableError are known by their"
    " names and made anew, if their message is on one line; anything else, a class derived from these too, reaches the"
    " `except` as `JsException`. The handler never runs, and the instance fails.",
    fix="Catch `pyodide.ffi.JsException`, raise one of the three types in the step, or return what went wrong from it.",
    source="SDK: `_from_js_error`; `wait_for_event` converts no errors at all.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
