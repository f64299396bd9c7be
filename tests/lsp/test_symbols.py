"""The symbols of documents and of the workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from lsprotocol.converters import get_converter
from lsprotocol.types import DocumentSymbol, Position, Range, SymbolInformation, SymbolKind

from stepgraph.limits import SEARCHED_SYMBOLS, SYMBOL_LEVELS
from stepgraph.lsp.requests.symbols import document_symbols, find_symbols, flat_symbols
from tests.cli.sources import IMPORT, module, workflow
from tests.lsp.positions import text_at
from tests.lsp.views import Workspace

ORDERS = f"""{IMPORT}import asyncio
from helpers import notify_all


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("reserve stock", config={{"retries": {{"limit": 3}}}})
        async def reserve():
            return 1

        await reserve()
        for item in event["payload"]["items"]:
            if item["skip"]:
                continue
            await self.pack(step, item)
        try:
            await asyncio.gather(step.sleep("rest", "5 min"), reserve())
        except ValueError:
            await step.wait_for_event("answer", event_type="yes", timeout="1 hour")
        else:
            await notify_all(step)

    async def pack(self, step, item):
        await step.sleep("cool down", "1 day")
"""
HELPERS = """async def notify_all(step):
    for _ in range(3):
        await step.sleep("notify", 5)
"""


def tree(symbols: Sequence[DocumentSymbol], text: str, indent: str = "") -> Iterator[str]:
    """Yield the name, the detail and the selected text of each symbol."""
    for symbol in symbols:
        yield f"{indent}{symbol.name} | {symbol.detail or ''} | {text_at(text, symbol.selection_range)}"
        yield from tree(symbol.children or (), text, indent + "  ")


def contains(outer: Range, inner: Range) -> bool:
    def key(position: Position) -> tuple[int, int]:
        return position.line, position.character

    return key(outer.start) <= key(inner.start) <= key(inner.end) <= key(outer.end)


def misplaced(symbols: Sequence[DocumentSymbol], outer: Range | None = None) -> Iterator[str]:
    """Yield the names of symbols that do not contain their selection, or are not inside the symbol around them."""
    for symbol in symbols:
        is_inside = outer is None or contains(outer, symbol.range)
        if not is_inside or not contains(symbol.range, symbol.selection_range):
            yield symbol.name
        yield from misplaced(symbol.children or (), symbol.range)


def names(symbols: Sequence[SymbolInformation]) -> list[tuple[str, str | None]]:
    return [(symbol.name, symbol.container_name) for symbol in symbols]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a directory with `orders.py` and its helper, which is open."""
    workspace = Workspace(tmp_path_factory.mktemp("shop"), {"orders.py": ORDERS, "helpers.py": HELPERS})
    workspace.open("orders.py", ORDERS)
    workspace.open("helpers.py", HELPERS)
    return workspace


def test_symbols_are_the_outline_of_the_workflow(shop: Workspace) -> None:
    symbols = document_symbols(shop.view("orders.py"))
    assert list(tree(symbols, ORDERS)) == [
        "Orders | 6 steps | class Orders",
        "  reserve stock | 3 retries | reserve()",
        '  for item in event["payload"]["items"] |  | for item in event["payload"]["items"]:',
        '    if item["skip"]: continue |  | if item["skip"]:',
        "    pack(step, item) |  | self.pack(step, item)",
        "  try |  | try:",
        '    parallel all | gather | await asyncio.gather(step.sleep("rest", "5 min"), reserve())',
        '      rest | sleep 5 min = 5 ms | step.sleep("rest", "5 min")',
        "      reserve stock | 3 retries | reserve()",
        "  except ValueError |  | except ValueError",
        '    answer | event yes · timeout 1 hour | step.wait_for_event("answer", event_type="yes", timeout="1 hour")',
        "  else |  | notify_all(step)",
        "    notify_all(step) |  | notify_all(step)",
        "      for _ in range(3) |  | notify_all(step)",
        "        notify | sleep 5 ms | notify_all(step)",
        "  pack |  | async def pack(self, step, item):",
        '    cool down | sleep 1 day | step.sleep("cool down", "1 day")',
    ]
    assert list(misplaced(symbols)) == []


def test_a_helper_has_its_functions_with_steps(shop: Workspace) -> None:
    assert list(tree(document_symbols(shop.view("helpers.py")), HELPERS)) == [
        "notify_all |  | async def notify_all(step):",
        "  for _ in range(3) |  | for _ in range(3):",
        '    notify | sleep 5 ms | step.sleep("notify", 5)',
    ]


def test_symbols_without_a_tree_name_their_parents(shop: Workspace) -> None:
    view = shop.view("helpers.py")
    flat = flat_symbols(view.document.uri, document_symbols(view))
    assert names(flat) == [
        ("notify_all", None),
        ("for _ in range(3)", "notify_all"),
        ("notify", "for _ in range(3)"),
    ]
    assert flat[2].location.uri == view.document.uri


def test_a_step_that_runs_as_a_dependency_is_at_its_declaration(tmp_path: Path) -> None:
    text = f"""{IMPORT}
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do()
        async def reserve(): ...
        @step.do()
        async def charge(reserve): ...
        await charge()
"""
    (orders,) = document_symbols(Workspace(tmp_path).open("orders.py", text))
    assert list(tree(orders.children or (), text)) == ["reserve |  | step.do()", "charge | receives reserve | charge()"]


def test_a_broken_file_keeps_its_symbols(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    text = module(workflow("Orders", "pack", "rest", "ship"))
    workspace.open("orders.py", text)
    broken = text.replace('await step.sleep("rest", "1 hour")', "await (\n")
    symbols = document_symbols(workspace.open("orders.py", broken))
    (orders,) = symbols
    assert [(each.name, each.range.start.line, each.range.start.character) for each in orders.children or ()] == [
        ("pack", 5, 14),
        ("rest", 6, 0),
        ("ship", 8, 14),
    ]
    assert list(misplaced(symbols)) == []


@pytest.mark.parametrize(("name", "shown"), [("", "(empty name)"), ("  ", "(blank name)"), ("\n", "\\n")])
def test_no_name_is_blank(tmp_path: Path, name: str, shown: str) -> None:
    (orders,) = document_symbols(Workspace(tmp_path).open("orders.py", module(workflow("Orders", repr(name)[1:-1]))))
    assert [symbol.name for symbol in orders.children or ()] == [shown]


@pytest.mark.slow
def test_deep_code_has_a_limited_number_of_levels(tmp_path: Path) -> None:
    depth = SYMBOL_LEVELS + 20
    blocks = "".join(f"{'    ' * (2 + level)}if event[{level}]:\n" for level in range(depth))
    body = f"{blocks}{'    ' * (2 + depth)}await step.sleep('deep', 5)\n"
    text = f"{IMPORT}class Deep(WorkflowEntrypoint):\n    async def run(self, event, step):\n{body}"
    symbols = document_symbols(Workspace(tmp_path).open("deep.py", text))
    assert list(misplaced(symbols)) == []
    assert json.dumps(get_converter().unstructure(symbols))
    counts: list[int] = []
    while symbols:
        counts.append(len(symbols))
        symbols = [inner for each in symbols for inner in each.children or ()]
    assert (len(counts), sum(counts)) == (SYMBOL_LEVELS + 1, depth + 2)


def test_an_inherited_run_is_a_symbol_of_its_own(tmp_path: Path) -> None:
    text = f"""{IMPORT}
class Base(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.work(step)


class Orders(Base):
    async def work(self, step):
        await step.sleep("rest", "1 hour")
"""
    symbols = document_symbols(Workspace(tmp_path).open("orders.py", text))
    assert list(tree(symbols, text)) == [
        "Base | no graph | class Base",
        "Orders | 1 step | class Orders",
        "  work |  | async def work(self, step):",
        '    rest | sleep 1 hour | step.sleep("rest", "1 hour")',
        "run |  | async def run(self, event, step):",
        "  work(step) |  | self.work(step)",
    ]


def test_a_function_that_workflows_share_is_listed_once(tmp_path: Path) -> None:
    orders = f"from helpers import notify_all\n{module(workflow('Orders'), workflow('Returns'))}"
    text = orders.replace("pass", "await notify_all(step)")
    view = Workspace(tmp_path, {"orders.py": text, "helpers.py": HELPERS}).open("helpers.py", HELPERS)
    assert [symbol.name for symbol in document_symbols(view)] == ["notify_all"]


def test_the_best_matches_come_first(tmp_path: Path) -> None:
    steps = ("cost of shipping", "ship", "reship", "ship order", "pause", "so high a price")
    workspace = Workspace(tmp_path, {"orders.py": module(workflow("Orders", *steps))})
    assert names(find_symbols([workspace.folder_view], "SHIP")) == [
        ("ship", "Orders"),
        ("ship order", "Orders"),
        ("cost of shipping", "Orders"),
        ("reship", "Orders"),
        ("so high a price", "Orders"),
    ]


def test_workspace_symbols_are_at_their_declarations(shop: Workspace) -> None:
    (symbol,) = find_symbols([shop.folder_view], "notify")
    assert (symbol.kind, symbol.location.uri) == (SymbolKind.Event, shop.view("helpers.py").document.uri)
    assert text_at(HELPERS, symbol.location.range) == 'step.sleep("notify", 5)'
    assert names(find_symbols([shop.folder_view], "reserve")) == [("reserve stock", "Orders")]
    assert names(find_symbols([shop.folder_view], "orders")) == [("Orders", None)]


@pytest.mark.slow
def test_an_empty_query_returns_a_limited_number_of_symbols(tmp_path: Path) -> None:
    steps = [f"rest {number}" for number in range(SEARCHED_SYMBOLS + 5)]
    workspace = Workspace(tmp_path, {"orders.py": module(workflow("Orders", *steps))})
    matches = names(find_symbols([workspace.folder_view], " "))
    assert (len(matches), matches[:2]) == (SEARCHED_SYMBOLS, [("Orders", None), ("rest 0", "Orders")])
