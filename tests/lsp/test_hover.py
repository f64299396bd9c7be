"""The hovers of steps, and of the code around them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol.types import (
    ClientCapabilities,
    Hover,
    HoverClientCapabilities,
    MarkupContent,
    MarkupKind,
    TextDocumentClientCapabilities,
)

from stepgraph.lsp.requests.hover import hover_at, markup_kind
from tests.cli.sources import IMPORT, write
from tests.lsp.positions import program, text_at, view_at_caret

DEFAULTS = "- Defaults: 5 retries, the first after 1 second, exponential backoff; timeout 10 minutes per attempt"
RENAMED = "- If renamed, it runs again in running instances that have finished it"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hover_in(text: str, kind: MarkupKind = MarkupKind.Markdown, **modules: str) -> Hover | None:
    """Return the hover at the caret in a module, next to other modules."""
    view, position = view_at_caret({"entry.py": text} | {f"{name}.py": other for name, other in modules.items()})
    return hover_at(view, position, kind)


def lines_of(hover: Hover | None) -> list[str]:
    assert hover is not None
    assert isinstance(hover.contents, MarkupContent)
    return [line for line in hover.contents.value.split("\n") if line]


def lines(body: str) -> list[str]:
    """Return the lines of the hover at the caret in the body of `run`."""
    return lines_of(hover_in(program(body)))


ORDERS = """
@step.do("load order", config={"retries": {"limit": 3, "delay": "2 seconds"}, "timeout": "30 seconds"})
async def load(): ...
@step.do("reserve stock")
async def reserve(): ...
@step.do("charge card")
async def charge(): ...
await load()
await asyncio.gather(reserve(), charge())
await step.sleep("cool down", "1 day")
"""


def test_a_declaration_shows_order_and_settings() -> None:
    assert lines(ORDERS.replace("def load", "def lo^ad")) == [
        "**Step `load order`, 1 of 4**",
        "- Runs first, before `reserve stock` and `charge card`",
        "- 3 retries, the first after 2 seconds, exponential backoff (default)",
        "- Timeout 30 seconds per attempt",
        RENAMED,
    ]


def test_a_concurrent_step() -> None:
    assert lines(ORDERS.replace('"reserve', '"res^erve')) == [
        "**Step `reserve stock`, 2 of 4**",
        "- Runs after `load order`, before `cool down`",
        "- May run concurrently with `charge card`",
        DEFAULTS,
        RENAMED,
    ]


TWICE = """
@step.do()
async def check(): ...
await check()
for item in event["items"]:
    await check()
"""


def test_a_declaration_lists_several_runs() -> None:
    assert lines(TWICE.replace("def check", "def che^ck")) == [
        "**Step `check`**",
        "- Step 1 of 2: runs first, before `check` or the end",
        '- Step 2 of 2: runs after `check`, last, in `for item in event["items"]`',
        DEFAULTS,
        "- If its function is renamed, it runs again in running instances that have finished it",
    ]


def test_a_call_shows_its_run() -> None:
    assert lines(TWICE.replace("    await check", "    await ^check"))[:3] == [
        "**Step `check`, 2 of 2**",
        "- Runs after `check`, last",
        '- In `for item in event["items"]`',
    ]


def test_a_call_of_a_declaration_is_one_run() -> None:
    assert lines('async def load(): ...\nawait step.do("lo^ad")(load)()')[0] == "**Step `load`, 1 of 1**"


REPEATED = """
@step.do()
async def load(): ...
@step.do()
async def save(): ...
async def attempt(function):
    await function()
    await step.^sleep("rest", "1 day")
await attempt(load)
await attempt(save)
"""


def test_a_call_in_a_function_shows_the_runs_of_each_analysis() -> None:
    assert lines(REPEATED)[1:3] == [
        "- Step 2 of 4: runs after `load`, before `save`",
        "- Step 4 of 4: runs after `save`, last",
    ]


DEPENDENT = """
@step.do()
async def load(): ...
@step.do("charge")
async def charge(load): ...
await charge()
"""


def test_a_parameter_shows_the_step_of_its_result() -> None:
    assert lines(DEPENDENT.replace("(load)", "(lo^ad)"))[:2] == [
        "**Result of step `load`, 1 of 2**",
        "- Runs first, before `charge`",
    ]


def test_a_step_receives_results() -> None:
    assert lines(DEPENDENT.replace("await charge", "await ^charge")) == [
        "**Step `charge`, 2 of 2**",
        "- Runs after `load`, last",
        DEFAULTS,
        "- Receives the result of `load`",
        RENAMED,
    ]


@pytest.mark.parametrize(
    ("call", "setting"),
    [
        ('sleep("rest", "5 min")', "- Sleeps 5 ms, as the engine reads `5 min`"),
        ('sleep("rest", 90_000)', "- Sleeps 90 seconds"),
        ('sleep("rest", "1 month")', "- Sleeps 1 month = 30 days"),
        ('sleep("rest", f"{event.n} hours")', "- Sleeps `{event.n} hours`"),
        ('sleep_until("rest", event.at)', "- Sleeps until `{event.at}`"),
        ('wait_for_event("rest", "paid")', "- Waits for event `paid`, at most 24 hours (default)"),
        ('wait_for_event("rest", "paid", timeout="2 days")', "- Waits for event `paid`, at most 2 days"),
    ],
)
def test_settings_of_waits(call: str, setting: str) -> None:
    assert lines(f"await step.^{call}")[2] == setting


def test_a_wait_starts_over_under_a_new_name() -> None:
    assert lines('await step.^wait_for_event("approval", "paid")') == [
        "**Event wait `approval`, 1 of 1**",
        "- Runs first and last",
        "- Waits for event `paid`, at most 24 hours (default)",
        "- If renamed, it starts over in running instances that have begun it",
    ]


GUARDED = """
@step.do()
async def charge(): ...
@step.do()
async def refund(): ...
try:
    await charge()
except ValueError:
    if event.paid:
        await refund()
    else:
        await step.sleep("cool down", "1 day")
"""


def test_a_step_in_a_handler() -> None:
    assert lines(GUARDED.replace("await refund", "await ^refund"))[1:3] == [
        "- Runs if `charge` fails, last",
        "- In `except ValueError`, `if event.paid`",
    ]


def test_a_step_in_an_else() -> None:
    assert (
        lines(GUARDED.replace("step.sleep", "step.^sleep"))[2]
        == "- In `except ValueError`, the else of `if event.paid`"
    )


def test_a_step_without_calls() -> None:
    assert lines("await step.sleep('a', 1)\n@step.do()\nasync def ^lost(): ...") == [
        "**Step `lost`**",
        "- Not in the graph, because no call of it was found",
    ]


MODULE = f"""\
{IMPORT}
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await pack(step, 1)
        await step.sleep("rest", "1 day")
        for item in event["items"]:
            await pack(step, item)


async def pack(step, item):
    @step.do(f"pack {{item}}")
    async def wrap(): ...
    await wrap()
"""


@pytest.mark.parametrize("name", ["class Or^ders", "def ru^n"])
def test_a_workflow_shows_its_steps_and_stops(name: str) -> None:
    assert lines_of(hover_in(MODULE.replace(name.replace("^", ""), name))) == [
        "**Workflow `Orders`**",
        "- 1 step, 1 sleep",
        "- Stops at `rest` (1 day)",
    ]


@pytest.mark.parametrize("name", ["def pa^ck", "await p^ack(step, item)"])
def test_a_function_shows_its_steps(name: str) -> None:
    assert lines_of(hover_in(MODULE.replace(name.replace("^", ""), name))) == [
        "**Function `pack()`, 1 step**",
        "- Runs `pack {item}`",
        "- Called at 2 locations",
    ]


@pytest.mark.slow
def test_a_loop_shows_what_repeats() -> None:
    assert lines_of(hover_in(MODULE.replace("for item", "f^or item"))) == [
        '**Loop `for item in event["items"]`**',
        "- Repeats `pack()`",
    ]


def test_a_group_shows_its_end() -> None:
    body = ORDERS.replace("gather", "gat^her")
    assert lines_of(hover_in(program(body, "import asyncio\n"))) == [
        "**Concurrent work**",
        "- Runs `reserve stock` and `charge card`",
        "- Ends when all are done, or at the first failure",
    ]


SHARED = """\
async def pack(step):
    @step.do("pack")
    async def wrap(): ...
    await ^wrap()
"""
USER = (
    "from shared import pack\nclass {}(WorkflowEntrypoint):\n    async def run(self, event, step): await pack(step)\n"
)


def test_a_shared_step_lists_three_workflows() -> None:
    for name in ("A", "B", "C", "D"):
        write(f"{name.lower()}.py", IMPORT + USER.format(name))
    view, position = view_at_caret({"shared.py": SHARED})
    assert lines_of(hover_at(view, position, MarkupKind.Markdown)) == [
        "**Step `pack`**",
        "- `A`, step 1 of 1: runs first and last",
        "- `B`, step 1 of 1: runs first and last",
        "- `C`, step 1 of 1: runs first and last",
        "- And in 1 more workflow",
        DEFAULTS,
        RENAMED,
    ]


def test_code_inside_of_a_step_has_no_hover() -> None:
    assert hover_in(program('@step.do()\nasync def load(): return fe^tch("x")\nawait load()')) is None


def test_markup_in_names_is_code() -> None:
    assert (
        lines('@step.do("a`b*c\\n<i>")\nasync def ^load(): ...\nawait load()')[0] == "**Step ``a`b*c\\n<i>``, 1 of 1**"
    )


def test_plain_text() -> None:
    hover = hover_in(program('await step.^sleep("rest", "1 day")'), MarkupKind.PlainText)
    assert lines_of(hover) == [
        "Sleep `rest`, 1 of 1",
        "Runs first and last",
        "Sleeps 1 day",
        "If its name or duration changes, it starts over in running instances that have begun it",
    ]


def test_the_hover_covers_the_name() -> None:
    text = program(ORDERS)
    hover = hover_in(text.replace("def reserve", "def res^erve"))
    assert hover is not None
    assert hover.range is not None
    assert text_at(text, hover.range) == "reserve"


@pytest.mark.parametrize(
    ("formats", "kind"),
    [
        ([MarkupKind.PlainText, MarkupKind.Markdown], MarkupKind.PlainText),
        ([MarkupKind.Markdown], MarkupKind.Markdown),
        (None, MarkupKind.PlainText),
    ],
)
def test_the_format_is_the_first_of_the_client(formats: list[MarkupKind] | None, kind: MarkupKind) -> None:
    hover = HoverClientCapabilities(content_format=formats)
    assert markup_kind(ClientCapabilities(text_document=TextDocumentClientCapabilities(hover=hover))) is kind
