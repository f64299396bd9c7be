"""Concurrent calls of a function whose constant arguments select different branches."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_run

_LEG = """
KINDS = ("pick", "pack")

async def handle():
    @step.do("handle")
    async def body():
        return 1

    await body()

async def skip():
    await step.sleep("skip", "1 hour")

async def leg(kind, express=False):
    await step.sleep(f"settle {kind}", "1 minute")
"""
_BRANCHES = [
    'if kind == "pick": await handle()',
    'if kind != "pick": return\n    await handle()',
    'if kind in ("pick", "rush"): await handle()',
    'if kind == "pick" or kind == "rush": await handle()',
    'if not kind == "pack": await handle()',
    'if kind == "pack": pass\n    elif kind == "pick": await handle()',
    'match kind:\n        case "pick" | "rush": await handle()',
    'match kind:\n        case "pack": pass\n        case _: await handle()',
    'await (handle() if kind == "pick" else skip())',
    'await {"pick": handle, "pack": skip}[kind]()',
    'await {"pick": handle}.get(kind, skip)()',
]
_CALLS = [
    'await asyncio.gather(leg("pick"), leg("pack"))',
    "await asyncio.gather(*(leg(kind) for kind in KINDS))",
    'await asyncio.gather(*[leg(kind=each) for each in ["pick", "pack"]])',
    "async with asyncio.TaskGroup() as group:\n    for kind in KINDS:\n        group.create_task(leg(kind))",
]


@pytest.mark.parametrize("calls", _CALLS)
@pytest.mark.parametrize("branch", _BRANCHES)
def test_step_that_only_one_call_reaches(branch: str, calls: str) -> None:
    assert flagged_in_run("SG207", f"{_LEG}    {branch}\n\n{calls}") == []


@pytest.mark.parametrize("branch", _BRANCHES)
@pytest.mark.parametrize(
    "calls",
    [
        'await asyncio.gather(leg("pick"), leg("pick"))',
        'await asyncio.gather(*(leg(kind) for kind in event["payload"]["kinds"]))',
        'await asyncio.gather(*(leg(kind) for kind in ("pick", "pick")))',
    ],
)
def test_step_that_several_calls_reach(branch: str, calls: str) -> None:
    assert flagged_in_run("SG207", f"{_LEG}    {branch}\n\n{calls}") == ['"handle"']


@pytest.mark.parametrize(
    ("branch", "calls"),
    [
        ("if express: await handle()", 'await asyncio.gather(leg("pick", True), leg("pack", True))'),
        ("if express: pass\n    else: await handle()", 'await asyncio.gather(leg("pick"), leg("pack"))'),
        ('kind += "s"\n    if kind == "picks": await handle()', 'await asyncio.gather(leg("pick"), leg("pack"))'),
        (
            "if express: await handle()",
            "import functools\nfast = functools.partial(leg, express=True)\nawait asyncio.gather(fast('a'), fast('b'))",
        ),
        (
            'if kind == "pick" or express: await handle()',
            "await asyncio.gather(leg('pick'), leg('pack', event['payload']['express']))",
        ),
    ],
)
def test_tests_that_arguments_do_not_decide(branch: str, calls: str) -> None:
    assert flagged_in_run("SG207", f"{_LEG}    {branch}\n\n{calls}") == ['"handle"']


def test_flag_with_different_values() -> None:
    calls = 'await asyncio.gather(leg("pick", express=True), leg("pack"))'
    assert flagged_in_run("SG207", f"{_LEG}    if express: await handle()\n\n{calls}") == []


_KINDS = """
class Kind(Enum):
    PICK = "pick"
    PACK = "pack"

async def handle():
    @step.do("handle")
    async def body():
        return 1

    await body()

async def leg(kind):
    await step.sleep(f"settle {kind}", "1 minute")
    if kind is Kind.PICK:
        await handle()

"""


@pytest.mark.parametrize(
    ("calls", "flagged"),
    [
        ("leg(Kind.PICK), leg(Kind.PACK)", []),
        ("*(leg(kind) for kind in (Kind.PICK, Kind.PACK))", []),
        ("*(leg(kind) for kind in Kind)", []),
        ("leg(Kind.PICK), leg(Kind.PICK)", ['"handle"']),
    ],
)
def test_members_of_enumerations(calls: str, flagged: list[str]) -> None:
    body = f"{_KINDS}await asyncio.gather({calls})"
    assert flagged_in_run("SG207", body, "import asyncio\nfrom enum import Enum") == flagged
