"""The impact of reordered cases, handlers and exits."""

from __future__ import annotations

import pytest

from tests.diff.test_raising_functions import changes

MATCH = """
async def run(self, event, step):
    match event["payload"]["kind"]:
        {}
        {}
    await step.sleep("nap", 1000)
"""
TRY = """
async def run(self, event, step):
    try:
        await step.do("pay")(self.work)()
    {}
    {}
    await step.sleep("nap", 1000)
"""


def branch(head: str, name: str, indentation: int) -> str:
    return f'{head}:\n{" " * (indentation + 4)}await step.do("{name}")(self.work)()'


@pytest.mark.parametrize(
    ("code", "indentation", "heads", "impact"),
    [
        (MATCH, 8, ("case 'a'", "case 'b'"), "safe"),
        (MATCH, 8, ("case 'a'", "case str()"), "breaking"),
        (TRY, 4, ("except ValueError", "except (KeyError, TypeError)"), "safe"),
        (TRY, 4, ("except ValueError", "except Exception"), "breaking"),
        (TRY, 4, ("except ValueError", "except OwnError"), "breaking"),
    ],
)
def test_branches_that_change_places(code: str, indentation: int, heads: tuple[str, str], impact: str) -> None:
    first, second = (branch(head, name, indentation) for head, name in zip(heads, ("mail", "call"), strict=True))
    ((_, effect),) = changes(code.format(first, second), code.format(second, first))
    assert effect == impact


EXIT = 'if event["payload"]["vip"]:\n            {}\n'
WAIT = 'await step.sleep("nap", 1000)\n'
PACK = 'await step.do("pack")(self.work)()\n'
LOOP = """
async def run(self, event, step):
    for item in event["payload"]["items"]:
        {}        {}        {}
"""


@pytest.mark.parametrize(
    ("old", "new", "impact"),
    [
        ((WAIT, EXIT, PACK), (EXIT, WAIT, PACK), "breaking"),
        ((EXIT, WAIT, PACK), (WAIT, EXIT, PACK), "safe"),
        ((PACK, EXIT, WAIT), (EXIT, PACK, WAIT), "safe"),
    ],
    ids=["before a wait", "after a wait", "before a step"],
)
@pytest.mark.parametrize("jump", ["break", "return"])
def test_an_exit_that_moves(jump: str, old: tuple[str, ...], new: tuple[str, ...], impact: str) -> None:
    ((_, effect),) = changes(*(LOOP.format(*parts).replace("{}", jump) for parts in (old, new)))
    assert effect == impact
