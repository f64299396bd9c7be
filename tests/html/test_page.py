"""The content of pages, tested without a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pytest

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Graph, Node
from stepgraph.model.span import Code, Span
from stepgraph.render.findings import ShownFinding
from stepgraph.render.folding import Folding
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import NO_GRAPH, TOO_DEEP, Page
from stepgraph.render.svg.drawing import draw
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.view import DEFAULT_VIEW, View
from tests.html.reading import Element, at_rest, data_of, read
from tests.render.graphs import (
    ORDERS,
    block,
    branch,
    deep,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    switch,
)

THREE = [Page(ORDERS, "orders"), Page(ORDERS, "returns"), Page(graph(do("Title"), class_name="Orders"), "title")]


def _page(graph: Graph | None, view: View = DEFAULT_VIEW) -> Element:
    return read(render_page([Page(graph, "orders")], view))


def _identities(root: Element) -> list[str]:
    return [identity for element in root.walk() if (identity := element.attributes.get("id"))]


@pytest.mark.slow
def test_a_page_has_a_section_and_a_link_for_each_workflow() -> None:
    root = read(render_page(THREE))
    assert [element.text for element in root.all("h2")] == ["orders", "returns", "title"]
    links = [link.attributes["href"] for link in root.all("a")]
    assert links == [f"#{svg.attributes['id']}" for svg in root.all("svg")]
    assert len(links) == 3


def test_a_page_of_one_workflow_has_its_name_and_no_links() -> None:
    root = _page(ORDERS)
    assert [element.text for element in root.all("title")[:1]] == ["orders"]
    assert root.all("a") == []


def test_identities_are_unique_and_references_resolve() -> None:
    same = [Page(graph(do("a"), class_name=name), name) for name in ("A", "a", "A 2", "a-2", "", "!")]
    root = read(render_page([*THREE, *same, Page(None, "A")]))
    identities = _identities(root)
    assert len(identities) == len(set(identities))
    for element in root.walk():
        for name in ("aria-labelledby", "aria-controls"):
            assert element.attributes.get(name) is None or element.attributes[name] in identities


def test_identities_differ_for_names_that_differ_in_case() -> None:
    root = _page(graph(do("a"), functions={name: function(name, do("b")) for name in ("pack", "Pack", "PACK")}))
    frames = [element.attributes["id"] for element in root.with_class("frame")]
    assert frames == [f"orders--function.pack{number}" for number in ("", ".2", ".3")]
    assert set(frames) < set(data_of(root)[0]["nodes"])


def test_the_picture_equals_the_drawing_without_folding() -> None:
    drawn = draw(ORDERS, View(title="orders"))
    page = render_page([Page(ORDERS, "orders")])
    height = value_of(drawn.height) - 40  # the room for the name and the payload, which the page shows elsewhere
    assert f'width="{drawn.width}" height="{height}" viewBox="0 0 {drawn.width} {height}" data-above="40"' in page
    (payload,) = [element.text for element in read(page).all("p") if element.attributes.get("class") == "payload"]
    assert payload == "payload: {order: {id, lines}, note}"
    texts = [element.text for element in read("\n".join(drawn.document())).all("tspan")]
    always = [element for element in read(page).all("text") if element.attributes.get("class") != "while-folded"]
    assert texts == [span.text for element in always for span in element.children]


@pytest.mark.slow
def test_pictures_have_text_only_where_it_is_shown() -> None:
    (picture,) = _page(ORDERS).all("svg")
    assert {element.name for element in picture.walk() if element.text} == {"title", "tspan"}


@pytest.mark.parametrize("drawn", [ORDERS, deep(30)])
def test_symbolic_lengths_equal_drawn_lengths_when_unfolded(drawn: Graph) -> None:
    pairs = at_rest(_page(drawn))
    assert len(pairs) > 20
    assert [written for written, _ in pairs] == [value for _, value in pairs]


def test_a_folded_frame_is_narrower_and_lower() -> None:
    root = _page(graph(loop(either(branch("x", do("a")), branch("y", do("b")))), do("c")))
    frame, _ = root.with_class("foldable")
    (width, height, *_) = at_rest(root, frozenset({str(frame.attributes["id"])}))
    assert width == ("416", "176")
    assert height == ("462", "266")


def test_a_folded_frame_shows_how_its_exits_end() -> None:
    failure: Node = {"type": "break", "kind": "return"}
    details = Details([(failure, Detail('raise Declined("no")'))])
    root = read(render_page([Page(graph(loop(do("a"), either(branch("x", failure)))), "orders", details=details)]))
    (frame,) = root.with_class("foldable")
    summary, ends = [element for element in frame.children if "while-folded" in (element.attributes.get("class") or "")]
    assert [span.text for span in summary.children] == ["loop", "a", "1 step · may raise"]
    assert [element.attributes["class"] for element in ends.children] == ["end fault", "ring fault", "cross"]
    assert data_of(root)[0]["nodes"]["orders--node.loop"]["inside"] == "1 step · may raise"


def test_a_page_contains_no_control_characters() -> None:
    assert re.search("[\x00-\x08\x0b-\x1f]", render_page(THREE)) is None


def test_all_nodes_of_the_data_are_in_the_picture() -> None:
    root = _page(ORDERS)
    # A choice between handlers is drawn as the frame of its except block.
    missing = set(data_of(root)[0]["nodes"]) - set(_identities(root))
    assert missing == {"orderworkflow--node.try.catch--node.switch"}


def test_the_policy_allows_our_own_style_and_script_only() -> None:
    root = read(render_page(THREE))
    (policy,) = [element.attributes["content"] for element in root.all("meta") if "http-equiv" in element.attributes]
    (style,) = root.all("style")
    (script,) = [element for element in root.all("script") if "type" not in element.attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert f"style-src {_hash(style.text)};" in policy
    assert f"script-src {_hash(script.text)};" in policy
    assert "unsafe" not in policy


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.slow
def test_a_page_makes_no_requests() -> None:
    root = read(render_page(THREE))
    assert not re.findall(r"""url\(|@import|\bfetch\(|XMLHttp|\bimport\(""", render_page(THREE))
    for element in root.walk():
        assert "src" not in element.attributes
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
        assert (element.attributes.get("href") or "#").startswith(("#", "data:image/svg+xml,"))


def test_the_script_makes_no_markup_of_text() -> None:
    folder = Path(str(files("stepgraph.render.html").joinpath("script")))
    script = "".join(element.read_text(encoding="utf-8") for element in folder.rglob("*.js"))
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", script)


def test_the_styles_of_a_page_leave_those_of_drawings_alone() -> None:
    assets = files("stepgraph.render.html")
    css = "".join(assets.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "instance.css"))
    selectors = [element for rule in re.findall(r"[^{}]+(?={)", css) for element in rule.split(",")]
    ours = {
        name for element in selectors if ".stepgraph" not in element for name in re.findall(r"\.([a-z-]+)", element)
    }
    drawn = {css for svg in read(render_page(THREE)).all("svg") for element in svg.walk() for css in _classes(element)}
    assert len(drawn) > 30
    assert not ours & drawn


def _classes(element: Element) -> list[str]:
    return (element.attributes.get("class") or "").split()


def test_rendering_a_page_is_deterministic() -> None:
    assert render_page(THREE) == render_page(THREE)


def test_the_facts_of_a_step_mark_defaults() -> None:
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


def test_the_facts_of_other_nodes() -> None:
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
        ["Starts", "at tick 2", "together with the other nodes of this tick"],
        ["Done", "at any time", "nothing waits for it"],
    ]
    assert nodes[f"{prefix}node.parallel--price-the-basket"]["rows"][-1][:2] == ["Done", "by tick 3"]
    assert nodes[f"{prefix}node.if.1--call.notify"]["inside"] == "2 steps"


def test_a_node_without_a_start_clock_shows_only_its_end() -> None:
    nodes = data_of(_page(graph(parallel("all", do("a", resolves=2), do("b", starts=2, resolves=3)))))[0]["nodes"]
    assert [row[:2] for row in nodes["orders--node.parallel--a"]["rows"][-2:]] == [
        ["Timeout", "10 minutes"],
        ["Done", "by tick 2"],
    ]


def test_locations_are_looked_up_for_nodes_of_the_graph() -> None:
    step = do("a")
    requests: list[Node] = []

    def places(node: Node) -> str:
        requests.append(node)
        return "src/orders.py:12" if node is step else ""

    root = read(render_page([Page(graph(step, loop(do("b"))), "orders", places)]))
    nodes = data_of(root)[0]["nodes"]
    assert [identity for identity, node in nodes.items() if node.get("place") == "src/orders.py:12"] == ["orders--a"]
    assert any(node is step for node in requests)


def test_an_incomplete_graph_has_a_badge() -> None:
    root = read(render_page([Page(graph(do("a")), "a", complete=False, state="incomplete: 2 notes")]))
    assert [element.text for element in root.with_class("badge")] == ["incomplete: 2 notes"]
    assert [element.text for element in root.with_class("tally")] == ["incomplete: 2 notes"]
    assert read(render_page([Page(graph(do("a")), "a")])).with_class("badge") == []


STEP, OTHER = do("a"), do("b")
FINDINGS = [
    ShownFinding(
        "error", "SG101", "it fails.", "Fix it.", Span("src/a.py", 3, 5, 3, 9), "https://example.org/SG101", STEP
    ),
    ShownFinding("warning", "SG201", "it never runs.", "", Span("src/a.py", 9, 5, 9, 9), "https://example.org/SG201"),
    ShownFinding(
        "warning", "SG205", "unknown unit.", "", Span("src/a.py", 4, 5, 4, 9), "https://example.org/SG205", OTHER
    ),
]


def _listed(findings: Sequence[ShownFinding], *, checked: bool = True) -> Element:
    root = read(render_page([Page(graph(STEP, loop(OTHER)), "a", findings=findings, checked=checked)]))
    return root.with_class("notes")[0]


def test_findings_lead_to_their_steps_and_rules() -> None:
    items = _listed(FINDINGS).all("li")
    assert [[(link.text, link.attributes["href"]) for link in item.all("a")] for item in items] == [
        [("SG101", "https://example.org/SG101"), ("a", "#orders--a")],
        [("SG201", "https://example.org/SG201")],
        [("SG205", "https://example.org/SG205"), ("b", "#orders--node.loop--b")],
    ]
    assert [item.all("code")[0].text for item in items] == ["src/a.py:3:5", "src/a.py:9:5", "src/a.py:4:5"]
    assert [item.with_class("advice")[0].text for item in items] == ["Fix it.", "", ""]


def test_findings_lead_to_their_source_code() -> None:
    code = Code("src/a.py", b"", ("",) * 9, 1, 1, 1)
    page = Page(graph(STEP), "a", findings=FINDINGS[:2], code=lambda _: code)
    root = read(render_page([page], link_of=lambda _: ("https://example.org/a.py#L", "")))
    assert [link.attributes["href"] for link in root.with_class("notes")[0].with_class("file")] == [
        "https://example.org/a.py#L3",
        "https://example.org/a.py#L9",
    ]


def test_findings_are_counted_by_level() -> None:
    listed = _listed(FINDINGS)
    assert listed.all("summary")[0].text.strip() == "Findings"
    assert [level.text for level in listed.all("summary")[0].with_class("level")] == ["1 error", "2 warnings"]


def test_without_a_check_the_list_contains_notes() -> None:
    assert _listed(FINDINGS, checked=False).all("summary")[0].text.strip() == "Notes"


def test_only_a_short_list_is_open() -> None:
    assert "open" in _listed(FINDINGS).attributes
    assert "open" not in _listed([*FINDINGS, *FINDINGS]).attributes


def test_the_facts_of_a_step_begin_with_its_findings() -> None:
    root = read(render_page([Page(graph(STEP), "a", findings=FINDINGS)]))
    assert data_of(root)[0]["nodes"]["orders--a"]["rows"][0] == ["Error", "SG101: it fails. Fix it."]


def test_a_workflow_without_a_graph_has_a_message() -> None:
    root = _page(None)
    assert [element.text for element in root.with_class("nothing")] == [NO_GRAPH]
    assert root.all("svg") == []


def test_a_page_without_workflows_is_valid() -> None:
    assert data_of(read(render_page([]))) == []


def test_nodes_folded_by_the_view_are_drawn_and_initially_folded() -> None:
    drawn = graph(loop(loop(do("a"))), either(branch("x", do("b"))))
    root = _page(drawn, View(folding=Folding(kinds=("loop",))))
    assert data_of(root)[0]["folded"] == ["orders--node.loop"]
    assert "orders--node.loop--node.loop--a" in _identities(root)
    assert data_of(_page(drawn, View(folding=Folding(depth=1))))[0]["folded"] == [
        "orders--node.loop",
        "orders--node.if",
    ]
    assert data_of(_page(drawn))[0]["folded"] == []


@pytest.mark.parametrize(("steps", "folded"), [(40, []), (41, ["orders--node.loop--node.loop"])])
def test_a_workflow_of_many_steps_opens_folded_to_two_levels(steps: int, folded: list[str]) -> None:
    drawn = graph(loop(loop(*(do(f"step {number}") for number in range(steps)))))
    assert data_of(_page(drawn))[0]["folded"] == folded
    assert data_of(_page(drawn, View(folding=Folding(depth=9))))[0]["folded"] == []


def _nesting(root: Element) -> int:
    deepest, pending = 0, [(root, 0)]
    while pending:
        element, depth = pending.pop()
        deepest = max(deepest, depth)
        pending.extend((child, depth + 1) for child in element.children)
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


@pytest.mark.slow
@pytest.mark.parametrize("drawn", [deep(100), deep(500), _protected(300), _concurrent(300)])
def test_nesting_is_within_the_limit_of_html_parsers(drawn: Graph) -> None:
    root = _page(drawn)
    assert _nesting(root) < 512
    assert len(root.all("svg")) == 1


@pytest.mark.slow
def test_permanent_folding_is_noted() -> None:
    assert "60 levels" in _page(deep(500)).with_class("message")[0].text
    assert _page(deep(100)).with_class("notes") == []


@pytest.mark.slow
def test_a_graph_too_deep_to_fold_has_a_message() -> None:
    node: Node = do("x", starts=1, resolves=2)
    for _ in range(300):
        node = block(node, do("y", starts=1))
    root = _page(graph(node, do("z", starts=1)))
    assert [element.text for element in root.with_class("nothing")] == [TOO_DEEP]


@pytest.mark.parametrize(
    ("theme", "scheme", "dark_rules"), [("auto", "light dark", 2), ("light", "light", 0), ("dark", "dark", 0)]
)
def test_a_page_has_the_theme_of_the_view(theme: str, scheme: str, dark_rules: int) -> None:
    page = render_page([Page(ORDERS, "a")], View(theme=theme))  # type: ignore[arg-type]
    assert f'<meta name="color-scheme" content="{scheme}">' in page
    assert page.count("@media screen and (prefers-color-scheme:dark)") == dark_rules


def test_a_choice_wider_than_the_screen_has_several_rows() -> None:
    page = _page(graph(switch("kind", *(branch(f"{index}", do(f"step {index}")) for index in range(40)))))
    (svg,) = [each for each in page.all("svg") if each.attributes.get("id") == "orders"]
    assert int(svg.attributes["width"] or 0) <= 1500
