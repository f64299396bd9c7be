"""Steps deep inside of values that are passed to code outside the project."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of

NAP = """
async def nap():
    await step.sleep("nap", 1)
class Box:
    def __init__(self, content):
        self.content = content
"""


@pytest.mark.parametrize(
    "value",
    [
        "[[[[[[nap]]]]]]",
        "{1: {2: {3: {4: {5: {6: nap}}}}}}",
        "Box(Box(Box(Box(Box(Box(nap))))))",
        "map(lambda f: f, filter(None, reversed([nap])))",
        "functools.partial(print, functools.partial(print, functools.partial(print, [nap])))",
        "[" * 20 + "nap" + "]" * 20,
    ],
)
def test_a_nested_step_escapes(value: str) -> None:
    assert codes_of(f"{NAP}plugin({value})") == ["escapes"]


def test_nested_data_does_not_escape() -> None:
    assert codes_of(f"{NAP}plugin([[[[[[1]]]]]])\nawait nap()") == []
