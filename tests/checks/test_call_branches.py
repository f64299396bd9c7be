"""Concurrent calls of a function whose constant arguments select different branches."""

from __future__ import annotations

from itertools import product

import pytest

from tests.checks.snippets import flagged_in_run
from tests.effort import sample

_IMPORTS = "import asyncio\nimport functools"
_LEG = """
KINDS = ("pick", "pack")

async def handle():
    @step.do("handle")
    async def body():
        return 1

    await body()

async def skip():
    await step.sleep("skip", "1 hour")

async def ready(name):
    await step.sleep(f"ready {name}", "1 minute")
    return True

async def choose(chosen):
    if chosen == "pick":
        await handle()

async def leg(kind, express=False):
    async def inner():
        if kind == "pick":
            await handle()

    await step.sleep(f"settle {kind}", "1 minute")
"""
_CALLERS = """

legs = []

async def both():
    await asyncio.gather(*(leg(kind) for kind in KINDS))

async def constant(kind):
    await leg("pick")

async def assigned(kind):
    kind = "pick"
    await leg(kind)

"""
_BRANCHES = [
    'if kind == "pick": await handle()',
    'if kind != "pick": return\n    await handle()',
    'if kind in ("pick", "rush"): await handle()',
    'if kind == "pick" or kind == "rush": await handle()',
    'if kind == "pick" and await ready(kind): await handle()',
    'if kind != "pick" or not await ready(kind): return\n    await handle()',
    'kind == "pick" and await handle()',
    'kind == "pack" or await handle()',
    "await choose(kind)",
    'is_picked = kind == "pick"\n    if is_picked: await handle()',
    "await inner()",
    'if not kind == "pack": await handle()',
    'if kind == "pack": pass\n    elif kind == "pick": await handle()',
    'match kind:\n        case "pick" | "rush": await handle()',
    'match kind:\n        case "pack": pass\n        case _: await handle()',
    'await (handle() if kind == "pick" else skip())',
    'await {"pick": handle, "pack": skip}[kind]()',
    'await {"pick": handle}.get(kind, skip)()',
    'if kind.upper() == "PICK": await handle()',
    'if not kind.startswith(("pa", "po")): await handle()',
]
_CALLS = [
    'await asyncio.gather(leg("pick"), leg("pack"))',
    "await asyncio.gather(*(leg(kind) for kind in KINDS))",
    'await asyncio.gather(*[leg(kind=each) for each in ["pick", "pack"]])',
    "async with asyncio.TaskGroup() as group:\n    for kind in KINDS:\n        group.create_task(leg(kind))",
    "await asyncio.gather(*(leg(kind, fast) for kind, fast in zip(KINDS, (True, False))))",
    "await asyncio.gather(*(leg(kind) for number, kind in enumerate(KINDS)))",
    'await asyncio.gather(*(leg(kind) for kind, fast in [("pick", True), ("pack", False)]))',
    'await asyncio.gather(*(leg(kind) for kind, fast in {"pick": 1, "pack": 2}.items()))',
    "await asyncio.gather(*map(lambda kind: leg(kind), KINDS))",
    'await asyncio.gather(functools.partial(leg, "pick")(), functools.partial(leg, kind="pack")())',
    'await asyncio.gather(leg(*("pick", True)), leg(**{"kind": "pack"}))',
    "async def outer(name):\n    await leg(name)\n\nawait asyncio.gather(*(outer(kind) for kind in KINDS))",
    'def outer(name):\n    return leg(name)\n\nawait asyncio.gather(outer("pick"), outer("pack"))',
    "for turn in range(2):\n    await asyncio.gather(*(leg(kind) for kind in KINDS))",
]
_REPEATED_CALLS = [
    'await asyncio.gather(leg("pick"), leg("pick"))',
    'await asyncio.gather(*(leg(kind) for kind in event["payload"]["kinds"]))',
    'await asyncio.gather(*(leg(kind) for kind in ("pick", "pick")))',
    "await asyncio.gather(*(leg(kind) for turn in range(2) for kind in KINDS))",
    "for turn in range(2):\n    for kind in KINDS:\n        legs.append(leg(kind))\nawait asyncio.gather(*legs)",
    "for kind in KINDS:\n    for turn in range(2):\n        legs.append(leg(kind))\nawait asyncio.gather(*legs)",
    "await asyncio.gather(*(both() for turn in range(2)))",
    'await asyncio.gather(constant("pick"), constant("pack"))',
    'await asyncio.gather(assigned("pick"), assigned("pack"))',
    'fast = functools.partial(leg, kind="pack")\nawait asyncio.gather(leg("pick"), fast(kind="pick"))',
]


@pytest.mark.slow
@pytest.mark.parametrize(("branch", "calls"), sample(list(product(_BRANCHES, _CALLS)), 100))
def test_step_that_only_one_call_reaches(branch: str, calls: str) -> None:
    assert flagged_in_run("SG207", f"{_LEG}    {branch}\n\n{calls}", _IMPORTS) == []


@pytest.mark.slow
@pytest.mark.parametrize(("branch", "calls"), sample(list(product(_BRANCHES, _REPEATED_CALLS)), 70))
def test_step_that_several_calls_reach(branch: str, calls: str) -> None:
    assert flagged_in_run("SG207", f"{_LEG}    {branch}{_CALLERS}{calls}", _IMPORTS) == ['"handle"']


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
        ('if kind == "pick" or await ready(kind): await handle()', 'await asyncio.gather(leg("pick"), leg("pack"))'),
        (
            'if kind == "pick" or express: await handle()',
            "await asyncio.gather(leg('pick'), leg('pack', event['payload']['express']))",
        ),
    ],
)
def test_tests_that_arguments_do_not_decide(branch: str, calls: str) -> None:
    assert flagged_in_run("SG207", f"{_LEG}    {branch}\n\n{calls}") == ['"handle"']


_LEVEL = """
async def handle():
    @step.do("handle")
    async def body():
        return 1

    await body()

async def level(number):
    await step.sleep(f"settle {number}", "1 minute")
"""
_LEVELS = "await asyncio.gather(*(level(number) for number in range({count})))"


@pytest.mark.parametrize(
    "branch",
    [
        "if number > 1: await handle()",
        "if 1 < number: await handle()",
        "if number < 1: await handle()",
        "if 0 < number <= 1: await handle()",
        "if number % 2 == 1: await handle()",
        "if number >= 1 and not number == 1: await handle()",
        "if number < 2: return\n    await handle()",
    ],
)
def test_number_that_only_one_call_passes(branch: str) -> None:
    assert flagged_in_run("SG207", f"{_LEVEL}    {branch}\n\n{_LEVELS.format(count=3)}") == []


@pytest.mark.parametrize(
    "branch",
    [
        "if number >= 1: await handle()",
        "if number < 2: await handle()",
        "if number % 2 == 0: await handle()",
        'if number < "2": await handle()',
        "if number % 0 == 1: await handle()",
        "if len(number) == 1: await handle()",
        "if event < number < 2: await handle()",
    ],
)
def test_number_that_several_calls_pass(branch: str) -> None:
    assert flagged_in_run("SG207", f"{_LEVEL}    {branch}\n\n{_LEVELS.format(count=3)}") == ['"handle"']


def test_numbers_of_a_range_that_no_list_can_hold() -> None:
    loop = _LEVELS.format(count=10**19)
    assert flagged_in_run("SG207", f"{_LEVEL}    if number == 1: await handle()\n\n{loop}") == ['"handle"']


@pytest.mark.parametrize(
    ("branch", "flagged"),
    [
        ('if "i" in kind: await handle()', []),
        ('if "c" in kind: await handle()', ['"handle"']),
        ('if "i" not in kind: await handle()', []),
        ("if len(kind) > 4: await handle()", []),
        ('if kind.endswith("ick"): await handle()', []),
        ('if kind.endswith("k"): await handle()', ['"handle"']),
        ('picked = kind.startswith("pi")\n    if picked: await handle()', []),
        ('if kind.replace("a", "i") == "pick": await handle()', ['"handle"']),
    ],
)
def test_part_of_a_string(branch: str, flagged: list[str]) -> None:
    calls = 'await asyncio.gather(leg("pick"), leg("packs"))' if "len" in branch else _CALLS[0]
    assert flagged_in_run("SG207", f"{_LEG}    {branch}\n\n{calls}", _IMPORTS) == flagged


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


def test_function_that_calls_itself_with_another_constant() -> None:
    body = """
        async def handle():
            @step.do("handle")
            async def body():
                return 1

            await body()

        async def leg(kind):
            await step.sleep(f"settle {kind}", "1 minute")
            if kind == "pick":
                await handle()
            else:
                await leg("pick")

        await asyncio.gather(leg("pack"), leg("rush"))
    """
    assert flagged_in_run("SG207", body) == ['"handle"']
