"""Definitions of lists that a loop fills like a comprehension."""

from __future__ import annotations

import pytest

from tests.syntax.test_variable_definitions import definitions

READ = 'if names:\n    await step.sleep("nap", 1)\nfor each in names:\n    await step.sleep(f"pack {each}", 1)'
LOOP = "names = []\nfor {} in {}:\n    {}names.append({})\n"


@pytest.mark.parametrize(
    ("loop", "comprehension"),
    [
        (LOOP.format("item", "event.items", "", "item.name"), "[item.name for item in event.items]"),
        (LOOP.format("item", "event", "if item.ok: ", "item"), "[item for item in event if item.ok]"),
        (
            LOOP.format("item", "event", "if item.ok:\n        if item.vip:\n            ", "item"),
            "[item for item in event if item.ok if item.vip]",
        ),
        (LOOP.format("key, value", "event.items()", "", "key"), "[key for key, value in event.items()]"),
        (LOOP.format("item", '"eu", "us"', "", "item"), '[item for item in ("eu", "us")]'),
        (
            LOOP.format("item", "event.a if event.b else []", "", "item"),
            "[item for item in (event.a if event.b else [])]",
        ),
        (LOOP.format("item", "event", "", "each for each in item"), "[(each for each in item) for item in event]"),
    ],
)
def test_loops_have_the_definitions_of_comprehensions(loop: str, comprehension: str) -> None:
    assert definitions(loop + READ) == definitions(f"names = {comprehension}\n{READ}")


@pytest.mark.parametrize(
    "loop",
    [
        LOOP.format("item", "event", "if item.vip: ", "item"),
        LOOP.format("item", "event", "if item.ok: break\n    ", "item"),
        LOOP.format("item", "event", "", "item") + "names.append(1)\n",
        LOOP.format("item", "event", "", "item").replace("[]", "[1]"),
        "names = []\nif event.ok:\n    for item in event: names.append(item)\n",
        "names = []\nfor item in event:\n    if item.ok: names.append(item)\n    else: names.append(1)\n",
    ],
)
def test_other_loops_have_other_definitions(loop: str) -> None:
    comprehension = "names = [item for item in event if item.ok]\n"
    plain = "names = [item for item in event]\n"
    assert definitions(loop + READ) not in [definitions(comprehension + READ), definitions(plain + READ)]


def test_a_loop_with_assignment_expressions_is_defined_by_its_statements() -> None:
    loop = LOOP.format("item", "event", "if size := len(item): ", "size")
    assert "append" in definitions(loop + READ)[0]
