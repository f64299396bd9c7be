"""Changed loops that append tasks to a list, which a `gather` awaits."""

from __future__ import annotations

import pytest

from tests.diff.test_raising_functions import changes
from tests.instances.short_logs import ended, log_of, opened
from tests.instances.test_raising_code import replay

GATHERED = """
async def run(self, event, step):
    order = event["payload"]
    tasks = []
    for number, item in enumerate(order["items"]):
        {}tasks.append(step.do("pack")(self.work)())
    await asyncio.gather(*tasks)
    await step.sleep("nap", 1000)
"""
LISTED = """
async def run(self, event, step):
    await asyncio.gather(*[step.do("pack")(self.work)() for item in event["payload"]["items"]{}])
    await step.sleep("nap", 1000)
"""
FILTER = "if item['vip']:\n            "


def titles(old: str, new: str) -> list[str]:
    """Return the titles of the breaking changes between two versions of `run`."""
    pair = (f"import asyncio\n{each}" for each in (old, new))
    return [title for title, effect in changes(*pair) if effect == "breaking"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", FILTER),
        (FILTER, FILTER.replace("vip", "new")),
        ("if number > 3: break\n        ", "if number > 4: break\n        "),
        ("match item:\n          case 'a': ", "match item:\n          case 'b': "),
    ],
)
def test_other_conditions_of_appended_tasks(old: str, new: str) -> None:
    assert len(titles(GATHERED.format(old), GATHERED.format(new))) == 1
    assert len(titles(GATHERED.format(new), GATHERED.format(old))) == 1


@pytest.mark.parametrize(("statement", "clause"), [("", ""), (FILTER, " if item['vip']")])
def test_appended_tasks_as_a_comprehension(statement: str, clause: str) -> None:
    assert titles(GATHERED.format(statement), LISTED.format(clause)) == []
    assert titles(LISTED.format(clause), GATHERED.format(statement)) == []


def test_other_values_of_a_loop_that_appends_tasks_on_instances() -> None:
    code = (
        "tasks = []\nfor item in order['{}']:\n    tasks.append(step.do('a')(self.work)())\nawait gather(*tasks)\n<c>"
    )
    old, new = (f"from asyncio import gather\n{code.format(key)}" for key in ("items", "others"))
    log = log_of("running", ended("a"), opened("c"))
    assert (replay(old, old, log).effect, replay(old, new, log).effect) == ("resumes", "unknown")
