"""Test SG130: misspelled attributes of objects and classes of the project."""

from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in_module, flagged_in_module

_DEFINITIONS = """
from dataclasses import dataclass
from enum import Enum, StrEnum
from elsewhere import Base, prepare, traced
from workers import WorkflowEntrypoint

class Status(Enum):
    PAID = 1
    OPEN = 2

class Kind(StrEnum):
    UPPERS = "uppers"

class Limits:
    TIMEOUT = "1 minute"

@dataclass
class Order:
    total: int = 0

class Client:
    def __init__(self, key):
        self.key = key

    def charge(self):
        return self.key

class Invoice:
    def __init__(self, fee):
        self.fees = fee

class Derived(Base):
    total = 0

@traced
class Traced:
    total = 0

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1000)
"""


def _flagged(*statements: str) -> list[str]:
    return flagged_in_module("SG130", _DEFINITIONS + "".join(f"        {each}\n" for each in statements))


@pytest.mark.parametrize(
    "read", ["Client(1).chrage", "Order().totl", "Status.PIAD", "Limits.TIMOUT", "Invoice(1).fee_"]
)
def test_misspelled_attribute(read: str) -> None:
    assert _flagged(f"print({read})") == [read]


@pytest.mark.parametrize(
    "read",
    [
        "Kind.upper",
        "Status.mro",
        "Status.PAID.name",
        "Order().unrelated",
        "Derived().totl",
        "Derived.totl",
        "Traced().totl",
        "Invoice(1).fee",
        "(Client(1) if event else self.env.CLIENT).chrage",
        "getattr(Order(), 'totl', 0)",
    ],
)
def test_attribute_that_may_be_defined(read: str) -> None:
    assert _flagged(f"print({read})") == []


@pytest.mark.parametrize(
    "statement",
    ["order.totl = 1", "setattr(order, event['payload'], 1)", "order.__dict__.update(event)", "prepare(totl=1)"],
)
def test_attribute_that_code_may_set(statement: str) -> None:
    assert _flagged("order = Order()", statement, "print(order.totl)") == []


@pytest.mark.parametrize(
    "read", ["order.totl if isinstance(order, Base) else 1", "order.totl if prepare(order) else 1"]
)
def test_attribute_of_another_type(read: str) -> None:
    assert _flagged("def total(order):", f"    return {read}", "print(total(Order()))") == []


@pytest.mark.parametrize(
    ("imported", "read", "advice"),
    [
        ("import datetime", "datetime.now()", "Write `datetime.datetime.now`."),
        ("import datetime as dt", "dt.strptime", "Write `dt.datetime.strptime`."),
        (
            "from datetime import datetime",
            "datetime.timedelta(1)",
            "`datetime` is imported from the module `datetime`: import `timedelta` from there, too.",
        ),
        ("from time import time", "time.time()", "Write `time`, which is imported from the module `time`."),
    ],
)
def test_member_of_a_module_or_its_namesake(imported: str, read: str, advice: str) -> None:
    (finding,) = findings_in_module("SG130", f"{imported}\n{_DEFINITIONS}        print({read})\n")
    assert finding.advice == advice


@pytest.mark.parametrize(
    ("imported", "read"),
    [
        ("import datetime", "datetime.datetime.now()"),
        ("from datetime import datetime", "datetime.now().date()"),
        ("import datetime", "datetime.unknown"),
        ("import datetime\ndatetime = datetime.datetime", "datetime.now()"),
        ("import datetime\ntry:\n    datetime.now()\nexcept AttributeError:\n    pass\n", "1"),
        (
            "import sys\nif sys.maxsize < 3:\n    import datetime\nelse:\n    from datetime import datetime",
            "datetime.now()",
        ),
        ("import datetime\ndatetime.now = datetime.datetime.now", "datetime.now()"),
    ],
)
def test_member_that_exists_or_may_exist(imported: str, read: str) -> None:
    assert findings_in_module("SG130", f"{imported}\n{_DEFINITIONS}        print({read})\n") == []


_WORKFLOW = """
from workers import WorkflowEntrypoint

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        {before}
        await self.step.sleep("rest", "1 hour")
"""


def test_step_object_that_is_no_attribute() -> None:
    (finding,) = findings_in_module("SG130", _WORKFLOW.format(before="pass"))
    assert finding.message == (
        "`W` has no attribute `step`: reading it raises an AttributeError, and this code fails whenever it runs."
    )
    assert finding.advice == "Write `step`, which is a parameter of `run`, or set the attribute in `run`."


@pytest.mark.parametrize("before", ["self.step = step", 'self.__dict__["step"] = step', "vars(self).update(step=step)"])
def test_step_object_that_run_stores(before: str) -> None:
    assert findings_in_module("SG130", _WORKFLOW.format(before=before)) == []
