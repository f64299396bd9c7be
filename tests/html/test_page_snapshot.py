"""A snapshot of a page without its style sheet and its script."""

from __future__ import annotations

import re

from syrupy.assertion import SnapshotAssertion

from stepgraph.model.span import Span
from stepgraph.render.findings import ShownFinding
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from tests.render.graphs import LEAVE, branch, call, do, either, function, graph, loop

PACK = call("pack")
SHOP = graph(
    do("load the order"),
    either(branch("order is None", LEAVE)),
    loop(PACK),
    functions={"pack": function("pack", do("pack it"))},
    class_name="Orders",
)


def test_a_page_of_two_workflows_without_style_and_script(snapshot: SnapshotAssertion) -> None:
    pages = [
        Page(
            SHOP,
            "orders",
            places=lambda node: f"src/{node['type']}.py:3",
            findings=[
                ShownFinding(
                    "warning",
                    "SG205",
                    "unknown unit",
                    "Write more.",
                    Span("orders.py", 7, 1, 7, 9),
                    "https://x/SG205",
                    PACK,
                ),
                ShownFinding("gap", "SG004", "unresolved", span=Span("orders.py", 9, 1, 9, 9)),
            ],
            state="incomplete: 1 note",
            checked=True,
            complete=False,
            source="orders.py:1",
        ),
        Page(None, "returns", findings=[ShownFinding("gap", "SG004", "no step", span=Span("returns.py", 2, 1, 2, 9))]),
    ]
    page = re.sub(r"(<(style|script)>).*?(</\2>)", r"\1…\3", render_page(pages), flags=re.DOTALL)
    assert re.sub(r"sha256-[\w+/=]+", "sha256-…", page) == snapshot
