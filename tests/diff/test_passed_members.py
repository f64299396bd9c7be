"""Members of enumerations that calls pass to a function with a step."""

from __future__ import annotations

import pytest

from tests.diff.test_passed_settings import changes

SOURCE = """
from enum import Enum
from workers import WorkflowEntrypoint

class Kind(Enum):
    CHARGE = "charge"
    SHIP = "ship"

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.call(step, Kind.CHARGE)
        await step.sleep("pause", "1 day")
        await self.call(step, Kind.SHIP)

    async def call(self, step, kind):
        await step.do(kind.value)(self.work)()

    async def work(self): ...
"""


def test_values_of_members_are_names_of_steps() -> None:
    assert changes(SOURCE, SOURCE.replace('"ship"', '"send"')) == [
        "~ call to 'call(step, Kind.SHIP)': step 'ship' renamed to 'send'"
    ]


@pytest.mark.slow
def test_computed_values_of_members_stay_unknown() -> None:
    source = SOURCE.replace('SHIP = "ship"', 'SHIP = "ship"\n    OTHER = max("a", "b")')
    assert changes(source, source.replace('"ship"', '"send"')) == [
        "~ call to 'call(step, Kind.SHIP)': the values in the name of step '{kind.value}' changed"
    ]


def test_properties_replace_values_of_members() -> None:
    method = '    SHIP = "ship"\n\n    @property\n    def value(self):\n        return self.name * 2\n'
    source = SOURCE.replace('    SHIP = "ship"\n', method)
    assert [line.partition("  ")[0] for line in changes(source, source.replace("* 2", "* 3"))] == [
        "~ call to 'call(step, Kind.CHARGE)': the values in the name of step '{kind.value}' changed",
        "~ call to 'call(step, Kind.SHIP)': the values in the name of step '{kind.value}' changed",
    ]


def test_properties_of_members_decide_names() -> None:
    method = '    SHIP = "ship"\n\n    @property\n    def label(self):\n        return self.name * 2\n'
    source = SOURCE.replace('    SHIP = "ship"\n', method).replace("kind.value", "kind.label")
    assert [line.partition("  ")[0] for line in changes(source, source.replace("* 2", "* 3"))] == [
        "~ call to 'call(step, Kind.CHARGE)': the values in the name of step '{kind.label}' changed",
        "~ call to 'call(step, Kind.SHIP)': the values in the name of step '{kind.label}' changed",
    ]


@pytest.mark.slow
def test_bases_of_enumerations_decide_texts_of_members() -> None:
    source = SOURCE.replace("kind.value", "str(kind)")
    assert [line.partition("  ")[0] for line in changes(source, source.replace("(Enum)", "(str, Enum)"))] == [
        "~ call to 'call(step, Kind.CHARGE)': the values in the name of step '{str(kind)}' changed",
        "~ call to 'call(step, Kind.SHIP)': the values in the name of step '{str(kind)}' changed",
    ]


AUTO = SOURCE.replace('"charge"', "auto()").replace('"ship"', "auto()").replace("import Enum", "import *")
BASES = "(StrEnum)", "(IntEnum)"


@pytest.mark.slow
def test_automatic_values_depend_on_names_and_order() -> None:
    texts, numbers = (AUTO.replace("(Enum)", base).replace("kind.value", 'f"{kind.value}"') for base in BASES)
    added = ("    SHIP", "    PACK = auto()\n    SHIP")
    assert changes(texts, texts.replace(*added)) == []
    assert changes(texts, texts.replace("SHIP", "SEND")) == [
        "~ call to 'call(step, Kind.SEND)': step 'ship' renamed to 'send'"
    ]
    assert changes(numbers, numbers.replace(*added)) == ["~ call to 'call(step, Kind.SHIP)': step '2' renamed to '3'"]


def test_a_project_may_define_automatic_values() -> None:
    method = "    def _generate_next_value_(name, start, count, last):\n        return name * 2\n    CHARGE"
    source = AUTO.replace("    CHARGE", method, 1)
    assert [line.partition("  ")[0] for line in changes(source, source.replace("* 2", "* 3"))] == [
        "~ call to 'call(step, Kind.CHARGE)': the values in the name of step '{kind.value}' changed",
        "~ call to 'call(step, Kind.SHIP)': the values in the name of step '{kind.value}' changed",
    ]
