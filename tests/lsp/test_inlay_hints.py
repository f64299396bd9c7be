"""Inlay hints with the numbers of steps, and with durations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from lsprotocol.types import InlayHint, Position, Range

from stepgraph.lsp.requests.inlay_hints import inlay_hints
from tests.cli.sources import IMPORT, write
from tests.lsp.positions import CARET, program, view_at_caret

WHOLE = Range(Position(0, 0), Position(1_000, 0))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hints_in(text: str, within: Range = WHOLE) -> list[InlayHint]:
    view, _ = view_at_caret({"entry.py": text + CARET})
    return inlay_hints(view, within)


def shown(text: str, hints: Sequence[InlayHint]) -> list[str]:
    """Return the lines with hints, which are in brackets."""
    lines = text.split("\n")
    for hint in reversed(hints):
        line, column = hint.position.line, hint.position.character
        lines[line] = f"{lines[line][:column]}[{hint.label}]{lines[line][column:]}"
    numbers = dict.fromkeys(hint.position.line for hint in hints)
    return [lines[number].strip() for number in numbers]


def hinted(body: str) -> list[str]:
    text = program(body)
    return shown(text, hints_in(text))


ORDERS = """
@step.do("charge card")
async def charge(): ...
@step.do("load order")
async def load(): ...
@step.do(
    "reserve stock",
)
async def reserve(): ...
@step.do()
async def lost(): ...
await load()
await asyncio.gather(reserve(), charge())
await step.sleep("cool down", "1 day")
await load()
"""


def test_steps_are_numbered_in_program_order() -> None:
    assert hinted(ORDERS) == [
        '@step.do("charge card")[step 3 ∥ 2]',
        '@step.do("load order")[steps 1, 5]',
        ")[step 2 ∥ 3]",
    ]


def test_tooltips_name_concurrent_steps() -> None:
    assert [hint.tooltip for hint in hints_in(program(ORDERS))] == [
        "Step 3 of 5 in program order. May run concurrently with `reserve stock`.",
        "Runs as steps 1, 5 of 5 in program order.",
        "Step 2 of 5 in program order. May run concurrently with `charge card`.",
    ]


def test_numbers_are_joined_to_ranges() -> None:
    declared = "".join(f"@step.do()\nasync def {name}(): ...\n" for name in "abcdefgh")
    hints = hinted(f"{declared}await asyncio.gather(a(), b(), c(), d(), e(), f(), g(), h())")
    assert (hints[0], hints[3]) == ("@step.do()[step 1 ∥ 2-8]", "@step.do()[step 4 ∥ 1-3, 5-8]")


@pytest.mark.parametrize(
    ("duration", "hint"),
    [
        ('"5 min"', "5 ms"),
        ("90_000", "90 seconds"),
        ("5", "5 ms"),
        ('"5000"', "5 seconds"),
        ("60 * MINUTE", "1 hour"),
        ("PAUSE", "1 day"),
        ('"2 months"', "60 days"),
    ],
)
def test_durations_are_shown_as_the_engine_reads_them(duration: str, hint: str) -> None:
    text = program(f'await step.sleep("rest", {duration})', 'MINUTE = 60 * 1000\nPAUSE = "1 day"\n')
    assert shown(text, hints_in(text)) == [f'await step.sleep("rest", {duration}[= {hint}])']


@pytest.mark.parametrize("duration", ['"1 hour"', '"2 seconds"', 'f"{event.n} min"', "event.n", '"soon"', "1e999"])
def test_clear_and_unknown_durations_have_no_hint(duration: str) -> None:
    assert hinted(f'await step.sleep("rest", {duration})') == []


def test_durations_in_the_settings_of_steps() -> None:
    config = 'config={"retries": {"limit": 2, "delay": 5000}, "timeout": "30 sec"}'
    assert hinted(f"@step.do({config})\nasync def load(): ...\nawait load()") == [
        '@step.do(config={"retries": {"limit": 2, "delay": 5000[= 5 seconds]}, "timeout": "30 sec"[= 30 ms]})[step 1]'
    ]


def test_only_hints_in_the_range_are_returned() -> None:
    text = program(ORDERS)
    assert shown(text, hints_in(text, Range(Position(4, 0), Position(6, 0)))) == ['@step.do("load order")[steps 1, 5]']


SHARED = "async def pack(step):\n    @step.do()\n    async def wrap(): ...\n    await wrap()\n"
USER = "from shared import pack\nclass {}(WorkflowEntrypoint):\n    async def run(self, event, step):\n        {}\n"


@pytest.mark.parametrize(
    ("first", "hints"), [("await pack(step)", ["step 1"]), ("await step.sleep('a', '1 day'); await pack(step)", [])]
)
def test_a_shared_step_has_a_number_if_all_workflows_agree(first: str, hints: list[str]) -> None:
    write("a.py", IMPORT + USER.format("A", first))
    write("b.py", IMPORT + USER.format("B", "await pack(step)"))
    view, _ = view_at_caret({"shared.py": SHARED + CARET})
    assert [hint.label for hint in inlay_hints(view, WHOLE)] == hints
