"""Results of steps and `run` that cannot be sent to the engine or stored there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.span_index import SpanIndex
from stepgraph.checks.analysis.storable import Certainty, UnstorablePart, unstorable_parts
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import Returned, StepDeclared, StepFunctionShape
from stepgraph.ir.static_values import cases_of
from stepgraph.ir.values import Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_NAME: Final = re.compile(r"[\w.]+")
# Functions that return tuples for all arguments.
_PAIRS: Final = re.compile(r"\b(?:items|zip|enumerate)\(")
# Functions that test the type of a value, so that code may convert it only if necessary.
_TYPE_TEST: Final = re.compile(r"\b(?:isinstance|issubclass|is_dataclass|hasattr|callable|type)\(|\bmatch |\bexcept\b")
# Names, and names whose values are tested for their type.
_NAMES: Final = re.compile(r"[A-Za-z_]\w*")
_ASKED: Final = re.compile(
    r"\b(?:callable|hasattr|is_dataclass|isawaitable|iscoroutine|iscoroutinefunction|isfuture|isinstance|type)"
    r"\(\s*(\w+)|\bmatch (\w+)"
)


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declared = {fact.function.place: fact for fact in subject.facts_of_type(StepDeclared) if fact.function is not None}
    returns = _Returns(list(subject.facts_of_type(Returned)))
    for fact in returns.all:
        step = declared.get(fact.function)
        if step is not None and step.function is not None:
            yield from _of_returned(step, step.function, fact, returns)
        elif fact.function == subject.program.run:
            yield from _of_run(fact, returns)
    for step in declared.values():
        if step.function is not None and step.function.is_generator:
            message = f"the step {step.definition.name!r} has a `yield`, so it returns a generator, which the engine"
            yield Diagnostic(step.place.span, f"{message} cannot store, so it fails.", "Collect a list, and return it.")


def _of_returned(
    step: StepDeclared, function: StepFunctionShape, fact: Returned, returns: _Returns
) -> Iterator[Diagnostic]:
    for part in returns.unstorable(fact, awaited=not function.is_async):
        returned = f"the step {step.definition.name!r} returns {_description(part)}"
        message = f"{returned}, which the engine cannot store, so it fails."
        yield Diagnostic(_shown(part.place, fact.place).span, message, part.advice)


def _of_run(fact: Returned, returns: _Returns) -> Iterator[Diagnostic]:
    """Check the results of `run`. A returned coroutine is reported by another rule."""
    for part in returns.unstorable(fact, awaited=True):
        if not part.is_sendable:
            returned = f"`run` returns {_description(part)}"
            message = f"{returned}, which cannot be sent to the engine: the instance fails at its very end."
            yield Diagnostic(_shown(part.place, fact.place).span, message, part.advice)


class _Returns:
    """The return values of functions. The text of each function is read once, and comparisons are limited."""

    def __init__(self, returned: list[Returned]) -> None:
        self.all = returned
        self._texts: dict[Place, str] = {}
        self._budget = Budget()

    @cached_property
    def _spans(self) -> SpanIndex:
        return SpanIndex(fact.place.span for fact in self.all)

    def unstorable(self, fact: Returned, *, awaited: bool) -> list[UnstorablePart]:
        """Return the parts of a return value that the engine can never store."""
        certainty = Certainty(partial(self._is_written, fact), partial(self._is_created, fact))
        parts = list(unstorable_parts(fact.value, certainty, awaited=awaited))
        return [] if parts and self._is_converted(fact) else parts

    def _is_created(self, fact: Returned, option: Value) -> bool:
        """Return whether the step's own code creates a value on some path, without tests of types."""
        self._budget.spend(Limit.PAIRS, len(self.all))
        others = (returned for returned in self.all if returned.function != fact.function)
        if any(option in cases_of(returned.value) for returned in others):
            return False
        return _TYPE_TEST.search(self._text(fact.function)) is None

    def _is_written(self, fact: Returned, place: Place) -> bool:
        """Return whether a part of a value is created in the function, or in a return expression of a function."""
        text = fact.place.text
        if _NAME.fullmatch(text) or _PAIRS.search(text) or fact.function.span.encloses(place.span):
            return True
        return self._spans.encloses_span(place.span)

    def _is_converted(self, fact: Returned) -> bool:
        """Return whether a function may convert the value, with `to_js` or after a test of its type."""
        text = self._text(fact.function)
        asked = {name for names in _ASKED.findall(text) for name in names if name}
        return "to_js" in text or not asked.isdisjoint(_NAMES.findall(fact.place.text))

    def _text(self, function: Place) -> str:
        text = self._texts.get(function)
        if text is None:
            text = self._texts[function] = function.body_text
        return text


def _description(part: UnstorablePart) -> str:
    return part.kind if part.place is None else f"a value with {part.kind}"


def _shown(part: Place | None, whole: Place) -> Place:
    """Return the location of a part inside the return expression, or the whole expression."""
    return part if part is not None and whole.span.encloses(part.span) else whole


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "two values",
            """
            @step.do("charge")
            async def charge():
                return "charged", 10  # SG121

            receipt, amount = await charge()
            """,
        ),
        module(
            "an object of a dataclass",
            """
            from dataclasses import dataclass

            from workers import WorkflowEntrypoint


            @dataclass
            class Receipt:
                number: int


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        receipt = Receipt(1)
                        return receipt  # SG121

                    await charge()
            """,
        ),
        module(
            "a member of an enumeration",
            """
            from enum import Enum

            from workers import WorkflowEntrypoint


            class State(Enum):
                PAID = "paid"
                OPEN = "open"


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return {
                            "number": 1,
                            "state": State.PAID,  # SG121
                        }

                    await charge()
            """,
        ),
        in_run(
            "a UUID",
            """
            @step.do("identify")
            async def identify():
                return uuid.uuid4()  # SG121

            await identify()
            """,
            imports="import uuid",
        ),
        in_run(
            "a day",
            """
            @step.do("date")
            async def today():
                return datetime.now().date()  # SG121

            await today()
            """,
            imports="from datetime import datetime",
        ),
        in_run(
            "a generator",
            """
            numbers = [1, 2, 3]

            @step.do("double")
            async def double():
                return (2 * number for number in numbers)  # SG121

            await double()
            """,
        ),
        in_run(
            "pairs",
            """
            stock = {"apples": 1, "pears": 2}

            @step.do("sort")
            async def by_name():
                return sorted(stock.items())  # SG121

            await by_name()
            """,
        ),
        in_run(
            "the result of the workflow itself",
            """
            @step.do("charge")
            async def charge():
                return 10

            started = datetime.now()
            total = await charge()
            return {"total": total, "day": started.date()}  # SG121
            """,
            imports="from datetime import datetime",
        ),
        in_run("a lambda's tuple", 'await step.do("charge")(lambda: ("charged", 10))()  # SG121'),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "what can be stored",
            """
            @step.do("charge")
            async def charge():
                return {"ok": True, "lines": [1, 2.5, None], "at": datetime(2026, 1, 1), "raw": b"1", "tags": {"new"}}

            await charge()
            """,
            imports="from datetime import datetime",
        ),
        in_run(
            "values that were made storable",
            """
            @step.do("charge")
            async def charge():
                key = uuid.uuid4()
                price = Decimal("9.99")
                return {"key": str(key), "hex": key.hex, "price": float(price), "day": date.today().isoformat()}

            await charge()
            """,
            imports="""
            import uuid
            from datetime import date
            from decimal import Decimal
            """,
        ),
        module(
            "an object as a dictionary, and the value of a member",
            """
            from dataclasses import asdict, dataclass
            from enum import Enum

            from workers import WorkflowEntrypoint


            class State(Enum):
                PAID = "paid"


            @dataclass
            class Receipt:
                number: int


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return {"receipt": asdict(Receipt(1)), "state": State.PAID.value}

                    await charge()
            """,
        ),
        in_run(
            "tuples that are not returned",
            """
            rows = [("apples", 1), ("pears", 2)]

            def largest():
                return "pears", 2

            @step.do("count")
            async def count():
                name, number = largest()
                total = sum(amount for _, amount in rows)
                return [name, number, total, *largest()]

            await count()
            """,
        ),
        in_run(
            "a coroutine that the SDK awaits",
            """
            async def charge():
                return 10

            await step.do("charge")(lambda: charge())()
            """,
        ),
        in_run(
            "results of steps as the result of the workflow",
            """
            @step.do("charge")
            async def charge():
                return 10

            @step.do("ship")
            async def ship():
                return "tomorrow"

            results = await asyncio.gather(charge(), ship())
            print(tuple(results))
            return results
            """,
            imports="import asyncio",
        ),
        module(
            "a dictionary of a class of its own",
            """
            from typing import TypedDict

            from workers import WorkflowEntrypoint


            class Receipt(TypedDict):
                number: int


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return Receipt(number=1)

                    await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG121",
    name="unstorable-result",
    severity=Severity.ERROR,
    summary="A step, or `run` itself, returns a value that cannot be sent to the engine, or that it cannot store.",
    why="The engine keeps a step's result. None, truth values, numbers, text, bytes, lists, dictionaries, sets and"
    " datetimes can be kept, and what is made of them. A tuple or a bytearray fails with a TypeError; a date, a"
    " timedelta, a Decimal, a UUID, a frozenset, a member of an enumeration, an object or a generator with a"
    " DataCloneError. Keys are text or numbers; integers are less than 2**53 - 1. What `run` returns has to be"
    " sent, too: if it cannot be, the instance fails when all its steps are done.",
    fix="Return a list for a tuple, text for a date, a Decimal or a UUID, a dictionary for an object.",
    source="SDK: `workers/rpc.py`; seen by running it in Pyodide.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
