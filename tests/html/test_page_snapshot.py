"""A snapshot of a page without its style sheet and its script."""

from __future__ import annotations

import re

from syrupy.assertion import SnapshotAssertion

from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from tests.render.graphs import LEAVE, branch, call, do, either, function, graph, loop

SHOP = graph(
    do("load the order"),
    either(branch("order is None", LEAVE)),
    loop(call("pack")),
    functions={"pack": function("pack", do("pack it"))},
    class_name="Orders",
)


def test_a_page_of_two_workflows_without_style_and_script(snapshot: SnapshotAssertion) -> None:
    pages = [
        Page(
            SHOP,
            "orders",
            places=lambda node: f"src/{node['type']}.py:3",
            notes=["orders.py:7:1: a note"],
            complete=False,
            source="orders.py:1",
        ),
        Page(None, "returns", notes=["returns.py:2:1: no step can run"]),
    ]
    page = re.sub(r"(<(style|script)>).*?(</\2>)", r"\1…\3", render_page(pages), flags=re.DOTALL)
    assert re.sub(r"sha256-[\w+/=]+", "sha256-…", page) == snapshot
