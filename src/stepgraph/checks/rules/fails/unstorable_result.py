"""A step that returns what the engine cannot store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.match import Match
from stepgraph.checks.rule import Rule
from stepgraph.checks.severity import Severity
from stepgraph.checks.storable import is_within, unstorable
from stepgraph.program.facts import Returned, StepDeclared, StepFunctionShape
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_NAME: Final = re.compile(r"[\w.]+")
# What gives tuples, whatever it is called with.
_PAIRS: Final = re.compile(r"\b(?:items|zip|enumerate)\(")
# Names, and those of which the kind of what they stand for is asked, so that it is known only after that.
_NAMES: Final = re.compile(r"[A-Za-z_]\w*")
_ASKED: Final = re.compile(
    r"\b(?:callable|hasattr|is_dataclass|isawaitable|iscoroutine|iscoroutinefunction|isfuture|isinstance)\(\s*(\w+)"
)


def _check(subject: WorkflowSubject) -> Iterator[Match]:
    declared = {fact.function.place: fact for fact in subject.facts(StepDeclared) if fact.function is not None}
    returned = list(subject.facts(Returned))
    for fact in returned:
        step = declared.get(fact.function)
        if step is not None and step.function is not None:
            yield from _of_returned(step, step.function, fact, returned)
    for step in declared.values():
        if step.function is not None and step.function.is_generator:
            message = f"the function of the step {step.definition.name!r} has a `yield`, so it returns a generator,"
            yield Match(step.place.span, f"{message} which cannot be stored.", "Collect a list, and return it.")


def _of_returned(
    step: StepDeclared, function: StepFunctionShape, fact: Returned, returned: list[Returned]
) -> Iterator[Match]:
    if function.place.module.mentions(b"to_js") and "to_js" in function.place.text:
        return  # what that makes of a value can be stored
    if not set(_NAMES.findall(fact.place.text)).isdisjoint(_ASKED.findall(function.place.text)):
        return

    def is_written(place: Place) -> bool:
        """Whether a part of a value stands in the step's function, or in what a function returns at once."""
        text = fact.place.text
        if _NAME.fullmatch(text) or _PAIRS.search(text) or is_within(place.span, function.place.span):
            return True
        return any(is_within(place.span, other.place.span) for other in returned)

    for found in unstorable(fact.value, is_written, awaited=not function.is_async):
        shown = _shown(found.place, fact.place)
        held = "has" if found.place is not None else "is"
        yield Match(
            shown.span,
            f"what the step {step.definition.name!r} returns {held} {found.what}, which cannot be stored, so it fails.",
            found.advice,
        )


def _shown(part: Place | None, whole: Place) -> Place:
    """Return the place of a part if it stands in what is returned, else that of the whole."""
    return part if part is not None and is_within(part.span, whole.span) else whole


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
            "a UUID and a day",
            """
            @step.do("identify")
            async def identify():
                return uuid.uuid4()  # SG121

            @step.do("date")
            async def today():
                return datetime.now().date()  # SG121

            await identify()
            await today()
            """,
            imports="""
            import uuid
            from datetime import datetime
            """,
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
    summary="A step returns a value that the engine cannot store.",
    why="The engine keeps a step's result. None, truth values, numbers, text, bytes, lists, dictionaries, sets and"
    " datetimes can be kept, and what is made of them. A tuple or a bytearray is a TypeError; a date, a timedelta, a"
    " Decimal, a UUID, a member of an enumeration, an object or a generator is a DataCloneError.",
    fix="Return a list for a tuple, text for a date, a Decimal or a UUID, a dictionary for an object.",
    source="SDK: `workers/rpc.py`; seen by running it in Pyodide.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
