"""What a page is made of, read without a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

import pytest

from stepgraph.model.payload import Graph, Node
from stepgraph.render.folding import Folding
from stepgraph.render.html.page import Page, render_page
from stepgraph.render.html.section import NO_GRAPH, TOO_DEEP
from stepgraph.render.svg.drawing import draw
from stepgraph.render.view import DEFAULT_VIEW, View
from tests.html.reading import Element, at_rest, data_of, read
from tests.render.graphs import ORDERS, block, branch, deep, do, either, function, graph, loop, parallel, protected

THREE = [Page(ORDERS, "orders"), Page(ORDERS, "returns"), Page(graph(do("Title"), class_name="Orders"), "title")]


def _page(graph: Graph | None, view: View = DEFAULT_VIEW) -> Element:
    return read(render_page([Page(graph, "orders")], view))


def _identities(root: Element) -> list[str]:
    return [identity for one in root.walk() if (identity := one.attributes.get("id"))]


def test_a_page_has_a_section_with_a_picture_for_each_workflow_and_links_to_them() -> None:
    root = read(render_page(THREE))
    assert [one.text for one in root.all("h2")] == ["orders", "returns", "title"]
    links = [link.attributes["href"] for link in root.all("a")]
    assert links == [f"#{svg.attributes['id']}" for svg in root.all("svg")]
    assert len(links) == 3


def test_a_page_with_one_workflow_bears_its_name_and_needs_no_links() -> None:
    root = _page(ORDERS)
    assert [one.text for one in root.all("title")[:1]] == ["orders"]
    assert root.all("a") == []


def test_no_identity_is_given_twice_and_all_that_are_referred_to_are_there() -> None:
    same = [Page(graph(do("a"), class_name=name), name) for name in ("A", "a", "A 2", "a-2", "", "!")]
    root = read(render_page([*THREE, *same, Page(None, "A")]))
    identities = _identities(root)
    assert len(identities) == len(set(identities))
    for one in root.walk():
        for name in ("aria-labelledby", "aria-controls"):
            assert one.attributes.get(name) is None or one.attributes[name] in identities


def test_functions_whose_names_differ_in_case_only_have_identities_of_their_own() -> None:
    root = _page(graph(do("a"), functions={name: function(name, do("b")) for name in ("pack", "Pack", "PACK")}))
    frames = [one.attributes["id"] for one in root.with_class("frame")]
    assert frames == [f"orders--function.pack{number}" for number in ("", ".2", ".3")]
    assert set(frames) < set(data_of(root)[0]["nodes"])


def test_the_picture_is_the_drawing_as_it_is_without_folding() -> None:
    drawn = draw(ORDERS, DEFAULT_VIEW)
    page = render_page([Page(ORDERS, "orders")])
    assert f'width="{drawn.width}" height="{drawn.height}"' in page
    texts = [one.text for one in read("\n".join(drawn.document())).all("tspan")]
    assert texts == [one.text for one in read(page).all("tspan")]


@pytest.mark.parametrize("drawn", [ORDERS, deep(30)])
def test_what_follows_while_nothing_is_folded_is_what_is_drawn(drawn: Graph) -> None:
    pairs = at_rest(_page(drawn))
    assert len(pairs) > 20
    assert [written for written, _ in pairs] == [value for _, value in pairs]


def test_what_is_folded_takes_less_room() -> None:
    root = _page(graph(loop(do("a"), do("b")), do("c")))
    (frame,) = root.with_class("foldable")
    ((before, after), *_) = at_rest(root, frozenset({str(frame.attributes["id"])}))
    assert int(str(before)) - int(after) > 100


def test_no_mark_is_left_in_a_page() -> None:
    assert re.search("[\x00-\x08\x0b-\x1f]", render_page(THREE)) is None


def test_all_that_can_be_chosen_is_a_node_of_the_picture() -> None:
    root = _page(ORDERS)
    assert set(data_of(root)[0]["nodes"]) <= set(_identities(root))


def test_the_policy_allows_our_own_style_and_script_only() -> None:
    root = read(render_page(THREE))
    (policy,) = [one.attributes["content"] for one in root.all("meta") if "http-equiv" in one.attributes]
    (style,) = root.all("style")
    (script,) = [one for one in root.all("script") if "type" not in one.attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert f"style-src {_hash(style.text)};" in policy
    assert f"script-src {_hash(script.text)};" in policy
    assert "unsafe" not in policy


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_is_asked_from_outside() -> None:
    root = read(render_page(THREE))
    assert not re.findall(r"""url\(|@import|\bfetch\(|XMLHttp|\bimport\(""", render_page(THREE))
    for one in root.walk():
        assert "src" not in one.attributes
        assert not [name for name in one.attributes if name.startswith("on") or name == "style"]
        assert (one.attributes.get("href") or "#").startswith(("#", "data:image/svg+xml,"))


def test_the_script_makes_no_markup_of_text() -> None:
    folder = files("stepgraph.render.html").joinpath("script")
    script = "".join(one.read_text(encoding="utf-8") for one in folder.iterdir())
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", script)


def test_the_styles_of_a_page_leave_those_of_drawings_alone() -> None:
    css = files("stepgraph.render.html").joinpath("page.css").read_text(encoding="utf-8")
    selectors = [one for rule in re.findall(r"[^{}]+(?={)", css) for one in rule.split(",")]
    ours = {name for one in selectors if ".stepgraph" not in one for name in re.findall(r"\.([a-z-]+)", one)}
    drawn = {css for svg in read(render_page(THREE)).all("svg") for one in svg.walk() for css in _classes(one)}
    assert len(drawn) > 30
    assert not ours & drawn


def _classes(element: Element) -> list[str]:
    return (element.attributes.get("class") or "").split()


def test_a_page_is_the_same_each_time() -> None:
    assert render_page(THREE) == render_page(THREE)


def test_a_step_tells_its_settings_and_which_are_the_engines() -> None:
    custom = do("b", config={"retries": {"limit": 0, "delay": 90000, "backoff": "linear"}, "timeout": "1 hour"})
    nodes = data_of(_page(graph(do("a"), custom)))[0]["nodes"]
    assert nodes["orders--a"]["rows"] == [
        ["Retries", "5", "default"],
        ["Retry delay", "1 second", "default"],
        ["Backoff", "exponential", "default"],
        ["Timeout", "10 minutes", "default"],
    ]
    assert nodes["orders--b"]["rows"] == [
        ["Retries", "0"],
        ["Retry delay", "90 seconds"],
        ["Backoff", "linear"],
        ["Timeout", "1 hour"],
    ]


def test_other_nodes_tell_what_is_theirs() -> None:
    nodes = data_of(_page(ORDERS))[0]["nodes"]
    prefix = "orderworkflow--"
    assert nodes[f"{prefix}await-the-approval"]["rows"] == [
        ["Event type", "order-approved"],
        ["Timeout", "24 hours"],
        ["Payload", "{approved}"],
    ]
    assert nodes[f"{prefix}node.switch"]["rows"] == [
        ["Value", "order.shipping"],
        ["Case", '"express"', "1 step"],
        ["Case", '"pickup"', "no steps"],
        ["Default", "1 step"],
    ]
    assert nodes[f"{prefix}node.parallel--remind-later"]["rows"] == [
        ["Duration", "1 day"],
        ["Begins", "at 2", "with all that begins at this number of its group"],
        ["Is over", "at any time", "nothing waits for it"],
    ]
    assert nodes[f"{prefix}node.parallel--price-the-basket"]["rows"][-1][:2] == ["Is over", "by 3"]
    assert nodes[f"{prefix}node.if.1--call.notify"]["inside"] == "2 steps"


def test_a_node_that_is_only_known_to_be_over_tells_no_beginning() -> None:
    nodes = data_of(_page(graph(parallel("all", do("a", resolves=2), do("b", starts=2, resolves=3)))))[0]["nodes"]
    assert [row[:2] for row in nodes["orders--node.parallel--a"]["rows"][-2:]] == [
        ["Timeout", "10 minutes"],
        ["Is over", "by 2"],
    ]


def test_places_are_asked_for_the_nodes_of_the_graph_themselves() -> None:
    step = do("a")
    asked: list[Node] = []

    def places(node: Node) -> str:
        asked.append(node)
        return "src/orders.py:12" if node is step else ""

    root = read(render_page([Page(graph(step, loop(do("b"))), "orders", places)]))
    nodes = data_of(root)[0]["nodes"]
    assert [identity for identity, node in nodes.items() if node.get("place") == "src/orders.py:12"] == ["orders--a"]
    assert any(node is step for node in asked)


def test_notes_and_whether_the_graph_is_complete_are_told() -> None:
    root = read(render_page([Page(graph(do("a")), "a", notes=["src/a.py:3: <unresolved>"], complete=False)]))
    assert [one.text for one in root.with_class("badge")] == ["incomplete"]
    assert [one.text for one in root.with_class("notes")[0].all("li")] == ["src/a.py:3: <unresolved>"]
    assert read(render_page([Page(graph(do("a")), "a")])).with_class("badge") == []


def test_a_workflow_without_a_graph_is_told_of() -> None:
    root = _page(None)
    assert [one.text for one in root.with_class("nothing")] == [NO_GRAPH]
    assert root.all("svg") == []


def test_a_page_of_nothing_is_a_page() -> None:
    assert data_of(read(render_page([]))) == []


def test_what_the_view_folds_is_drawn_and_folded_to_begin_with() -> None:
    drawn = graph(loop(loop(do("a"))), either(branch("x", do("b"))))
    root = _page(drawn, View(folding=Folding(kinds=("loop",))))
    assert data_of(root)[0]["folded"] == ["orders--node.loop"]
    assert "orders--node.loop--node.loop--a" in _identities(root)
    assert data_of(_page(drawn, View(folding=Folding(depth=1))))[0]["folded"] == [
        "orders--node.loop",
        "orders--node.if",
    ]
    assert data_of(_page(drawn))[0]["folded"] == []


def _nesting(root: Element) -> int:
    deepest, pending = 0, [(root, 0)]
    while pending:
        one, depth = pending.pop()
        deepest = max(deepest, depth)
        pending.extend((child, depth + 1) for child in one.children)
    return deepest


def _protected(levels: int) -> Graph:
    node: Node = do("x")
    for _ in range(levels):
        node = protected(block(either(branch("a", node))), catch=block(do("c")), final=block(do("f")))
    return graph(node)


def _concurrent(levels: int) -> Graph:
    node: Node = do("x", starts=1, resolves=2)
    for _ in range(levels):
        node = block(parallel("all", node, do("y", starts=1)), do("z"))
    return graph(node)


@pytest.mark.parametrize("drawn", [deep(100), deep(500), _protected(300), _concurrent(300)])
def test_a_page_is_never_nested_more_than_browsers_nest(drawn: Graph) -> None:
    root = _page(drawn)
    assert _nesting(root) < 512
    assert len(root.all("svg")) == 1


def test_what_is_folded_for_good_is_said() -> None:
    assert "60 levels" in _page(deep(500)).with_class("notes")[0].all("li")[0].text
    assert _page(deep(100)).with_class("notes") == []


def test_what_is_nested_too_deeply_however_much_is_folded_is_told_of() -> None:
    node: Node = do("x", starts=1, resolves=2)
    for _ in range(300):
        node = block(node, do("y", starts=1))
    root = _page(graph(node, do("z", starts=1)))
    assert [one.text for one in root.with_class("nothing")] == [TOO_DEEP]


@pytest.mark.parametrize(
    ("theme", "scheme", "dark_rules"), [("auto", "light dark", 2), ("light", "light", 0), ("dark", "dark", 0)]
)
def test_the_theme_is_that_of_the_view(theme: str, scheme: str, dark_rules: int) -> None:
    page = render_page([Page(ORDERS, "a")], View(theme=theme))  # type: ignore[arg-type]
    assert f'<meta name="color-scheme" content="{scheme}">' in page
    assert page.count("@media screen and (prefers-color-scheme:dark)") == dark_rules
