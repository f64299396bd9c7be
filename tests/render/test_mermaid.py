"""Mermaid: the text, its parsing by Mermaid, and the limits of diagrams."""

import re
from collections.abc import Callable
from time import process_time

import mermaidx
import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Graph, Node
from stepgraph.render.flow import mermaid_style
from stepgraph.render.flow.chart import Arrow, ArrowKind, Box, BoxKind, Chart, FrameEnd, FrameKind, FrameStart
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.flow.mermaid import MAX_CHARACTERS, excess, mermaid_chart
from stepgraph.render.flow.mermaid_document import MermaidPiece, is_one_diagram, mermaid_document, render_mermaid
from stepgraph.render.folding import Folding
from stepgraph.render.outline import render_outline
from stepgraph.render.view import Mark, MarkKind, Marks, View
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
    ORDERS,
    block,
    branch,
    call,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    switch,
)
from tests.render.mermaid_labels import labels_of

FOLDED_STEPS = "loop<br/>s0, s1, s2, s3, s4, s5, s6,<br/>s7, s8, s9, s10, s11, s12<br/>#43;487<br/>500 steps"


def source(*nodes: Node, view: View | None = None) -> str:
    (piece,) = render_mermaid(graph(*nodes), view or View()).pieces
    return piece.text


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def steps(count: int) -> list[Node]:
    """Return steps. A chart connects them with one more arrow than there are steps."""
    return [do(f"s{number}") for number in range(count)]


def test_the_order_workflow_in_full(snapshot: SnapshotAssertion) -> None:
    (piece,) = render_mermaid(ORDERS).pieces
    assert piece.text == snapshot


def test_the_order_workflow_folded(snapshot: SnapshotAssertion) -> None:
    (piece,) = render_mermaid(ORDERS, View(folding=Folding(1))).pieces
    assert piece.text == snapshot


def test_a_workflow_starts_with_its_title_a_function_does_not() -> None:
    drawn = graph(do("b"), functions={"f": function("f", do("a"))})
    text = lines(render_mermaid(drawn).pieces[0].text)
    assert 'n_start(["Orders"]):::startBox' in text
    assert 'f0_start((" ")):::startBox' in text


def test_a_short_choice_is_a_diamond_and_a_long_one_is_not() -> None:
    assert 'n_0_choice{"x"}:::choiceBox' in lines(source(either(branch("x"))))
    assert 'n_0_choice{{"order.shipping"}}:::choiceBox' in lines(source(switch("order.shipping", branch("1"))))


def test_arrows_into_joins_have_heads_only_if_they_lead_back() -> None:
    text = lines(source(loop(do("a"), either(branch("x", LEAVE_LOOP)))))
    assert "n_0_foot -.-> n_0_head" in text
    assert "n_0_1 --- n_0_foot" in text


def test_a_failure_leads_to_the_first_box_of_the_catch() -> None:
    text = lines(source(protected(block(do("a")), catch=block(do("b")))))
    assert "n_0_try -.-> n_0_catch_0" in text


def test_an_uncaught_failure_has_a_label() -> None:
    text = lines(source(protected(block(do("a")), final=block(do("b")))))
    assert 'n_0_try -.->|"on failure"| n_0_finally_0' in text


@pytest.mark.slow
def test_the_workflow_is_left_of_its_functions() -> None:
    drawn = graph(do("a"), functions={"f": function("f", do("b")), "g": function("g", do("c"))})
    svg = mermaidx.Diagram(render_mermaid(drawn).pieces[0].text).svg()
    frame = r'transform="translate\(([-\d.]+)[^<]*<g class="clusters"><g class="cluster \w+" id="my-svg-(\w+)'
    shifts = re.findall(frame, svg)
    assert [name for _, name in sorted(shifts, key=lambda shift: float(shift[0]))] == ["n_whole", "f0", "f1"]


def test_long_conditions_of_a_choice_differ() -> None:
    same = "order.customer.address.country in EUROPE and order.customer.address.verified"
    text = lines(source(either(branch(f"{same} and order.total > 500", do("a")), branch(f"{same} and order.vip"))))
    assert 'n_0_choice -->|"… and order.total #62; 500"| n_0_b0_0' in text
    assert 'n_0_choice ---|"… and order.vip"| n_0_join' in text


def test_arrows_are_colored_by_number() -> None:
    text = lines(source(protected(block(do("a")), catch=block(do("b")))))
    arrows = [line for line in text if "-" in line and ">" in line]
    assert "linkStyle 1 stroke:#d0746e,stroke-width:2px" in text
    assert arrows[1] == "n_0_try -.-> n_0_catch_0"


def every_kind() -> Chart:
    """Return a chart with every kind of box, frame and arrow, in nested frames."""
    boxes = [Box(f"n_{number}", kind, (kind.name,)) for number, kind in enumerate(BoxKind)]
    frames = [FrameStart(f"n_f{number}", kind, kind.name) for number, kind in enumerate(FrameKind)]
    arrows = [Arrow("n_0", f"n_{number}", kind, kind.name) for number, kind in enumerate(ArrowKind, start=1)]
    return Chart(
        ("Orders",),
        (*boxes, *frames, Box("n_inner", BoxKind.STEP, ("inner",)), *(FrameEnd() for _ in frames)),
        (*arrows, Arrow("n_0", "n_inner", ArrowKind.FAILURE, tail_frame="", head_frame="n_f0")),
    )


def test_each_kind_of_box_and_frame_has_a_class_definition() -> None:
    used = {*map(mermaid_style.box_class, BoxKind), *map(mermaid_style.frame_class, FrameKind)}
    assert used - mermaid_style.CLASSES.keys() == set()


@pytest.mark.slow
def test_mermaid_draws_every_kind_of_box_frame_and_arrow() -> None:
    labels = labels_of(mermaid_chart([every_kind()]))
    names = [label for label in labels.values() if label != ["inner"]]
    kinds = [kind.name for kinds in (BoxKind, FrameKind, ArrowKind) for kind in kinds]
    # The first start of a chart shows its title.
    assert sorted(names) == sorted([name] for name in ["Orders", *kinds[1:]])


@pytest.mark.slow
def test_mermaid_draws_arrows_into_and_out_of_nested_frames() -> None:
    nested = (
        loop(do("a"), either(branch("x", LEAVE_LOOP), branch("y", LEAVE))),
        protected(block(loop(do("b"))), catch=block(do("c", do("d")))),
        protected(block(), final=block(parallel("all", do("e"), do("f")))),
    )
    labels = labels_of(source(*nested, do("after"))).values()
    assert [name for name in [*"abcdef", "after"] if [name] not in labels] == []


def test_the_title_of_a_frame_is_one_line() -> None:
    drawn = graph(call("f"), functions={"f": function("f", do("a"))})
    view = View(details=Details([(drawn["workflow"]["nodes"][0], Detail("(step, " + "x" * 30 + ")"))]))
    (title,) = [line for line in lines(render_mermaid(drawn, view).pieces[0].text) if line.startswith("subgraph")]
    assert (title.count("<br/>"), "…" in title) == (0, True)


def test_a_wide_handler_is_the_label_of_the_arrow_to_it() -> None:
    handler = block(do("b"))
    view = View(details=Details([(handler, Detail("except " + "x" * 30))]))
    text = lines(source(protected(block(do("a")), catch=handler), view=view))
    assert 'subgraph n_0_catch[" "]' in text
    assert f'n_0_try -.->|"except<br/>{"x" * 28}<br/>xx"| n_0_catch_0' in text


def test_as_many_arrows_as_github_draws_are_one_diagram() -> None:
    drawn = render_mermaid(graph(*steps(499)))
    assert len(flow_chart(graph(*steps(499))).arrows) == 500
    assert [(piece.title, piece.kind) for piece in drawn.pieces] == [("Orders", "mermaid")]
    assert drawn.messages == ()


def test_one_more_arrow_splits_the_diagram() -> None:
    drawn = render_mermaid(graph(*steps(500)))
    assert [(piece.title, piece.kind) for piece in drawn.pieces] == [("Orders", "outline")]
    (message,) = drawn.messages
    assert message == (
        "Orders: GitHub draws at most 500 arrows in a diagram, but this one has 501, so an outline replaces it."
        " Draw everything with `-f svg`."
    )


def padded(length: int, letter: str = "x") -> Chart:
    """Return a chart whose diagram has exactly `length` characters, ending in `letter`."""
    boxes = [Box(f"n_{number:03}", BoxKind.STEP, ("x" * 28,)) for number in range(999)]
    spare = len(mermaid_chart([Chart((), tuple(boxes), ())])) - length
    each = len(mermaid_chart([Chart((), tuple(boxes), ())])) - len(mermaid_chart([Chart((), tuple(boxes[1:]), ())]))
    remaining = boxes[spare // each + 2 :]
    missing = length - len(mermaid_chart([Chart((), tuple(remaining), ())]))
    last = Box("n_" + "0" * (missing - len('  n_("x"):::stepBox\n')), BoxKind.STEP, (letter,))
    return Chart((), (*remaining, last), ())


@pytest.mark.slow
def test_as_many_characters_as_github_draws_fit() -> None:
    assert len(mermaid_chart([padded(MAX_CHARACTERS)])) == 50_000
    assert excess([padded(MAX_CHARACTERS)]) == ""


@pytest.mark.slow
def test_one_more_character_does_not_fit() -> None:
    assert excess([padded(MAX_CHARACTERS + 1)]) == (
        "GitHub draws at most 50,000 characters in a diagram, but this one has 50,001"
    )


@pytest.mark.slow
def test_characters_are_measured_as_mermaid_does() -> None:
    assert len(mermaid_chart([padded(MAX_CHARACTERS, "🚚")])) == 50_000
    assert excess([padded(MAX_CHARACTERS, "🚚")]) != ""


def test_a_large_graph_has_a_diagram_for_each_function() -> None:
    functions = {"f": function("f", *steps(300)), "g": function("g", do("a"))}
    drawn = render_mermaid(graph(*steps(300), call("f"), functions=functions))
    assert [(piece.title, piece.kind) for piece in drawn.pieces] == [
        ("Orders", "mermaid"),
        ("Orders · f", "mermaid"),
        ("Orders · g", "mermaid"),
    ]
    assert 'subgraph f1["g"]' in drawn.pieces[2].text
    (message,) = drawn.messages
    assert message == (
        "Orders: GitHub draws at most 500 arrows in a diagram, but this one has 603, so each of its functions has"
        " its own diagram."
    )


def test_a_large_part_is_folded_as_little_as_possible() -> None:
    drawn = render_mermaid(graph(loop(loop(loop(*steps(500))))))
    assert [(piece.title, piece.kind) for piece in drawn.pieces] == [("Orders (folded to depth 3)", "mermaid")]
    assert f'n_0_0_0["{FOLDED_STEPS}"]:::foldedBox' in lines(drawn.pieces[0].text)
    (message,) = drawn.messages
    assert message == (
        "Orders: GitHub draws at most 500 arrows in a diagram, but this one has 510, so it is folded to depth 3."
        " Choose another depth with `--depth`, or draw everything with `-f svg`."
    )


def test_a_folded_graph_is_folded_further() -> None:
    drawn = render_mermaid(graph(loop(*steps(500), loop(loop(do("a"))))), View(folding=Folding(2)))
    assert [piece.title for piece in drawn.pieces] == ["Orders (folded to depth 1)"]


def test_a_function_is_folded_within_its_frame() -> None:
    functions = {"f": function("f", loop(*steps(500)), call("g")), "g": function("g", *steps(500))}
    drawn = render_mermaid(graph(call("f"), functions=functions))
    assert [(piece.title, piece.kind) for piece in drawn.pieces] == [
        ("Orders", "mermaid"),
        ("Orders · f (folded to depth 2)", "mermaid"),
        ("Orders · g", "outline"),
    ]
    assert f'f0_0["{FOLDED_STEPS}"]:::foldedBox' in lines(drawn.pieces[1].text)
    assert len(drawn.messages) == 3


def test_the_outline_of_a_function_has_only_called_functions() -> None:
    functions = {"f": function("f", *steps(500), call("g")), "g": function("g", do("a")), "h": function("h", do("b"))}
    drawn = render_mermaid(graph(call("f"), functions=functions))
    outline = drawn.pieces[1].text.splitlines()
    assert outline[0] == "Orders · f  501 steps"
    assert outline[-2:] == ["└─ ƒ g", "   └─ ● a"]


def test_an_outline_replaces_a_diagram_that_cannot_fit() -> None:
    drawn = graph(*steps(500), loop(do("a")))
    (piece,) = render_mermaid(drawn).pieces
    assert piece.text == render_outline(drawn, color=False)


def test_one_diagram_is_a_document_of_mermaid() -> None:
    pieces = render_mermaid(graph(do("a"))).pieces
    assert is_one_diagram(pieces)
    assert mermaid_document(pieces) == pieces[0].text


PIECES = (MermaidPiece("Orders", "mermaid", "flowchart TB\n"), MermaidPiece("add_item · *f*", "outline", "f\n"))


def test_several_pieces_are_a_document_of_markdown() -> None:
    assert not is_one_diagram(PIECES)
    assert mermaid_document(PIECES) == (
        "## Orders\n\n```mermaid\nflowchart TB\n```\n\n## add_item · &#42;f&#42;\n\n```text\nf\n```\n"
    )


def test_an_outline_alone_is_markdown_too() -> None:
    assert mermaid_document(PIECES[1:]).startswith("## add_item")


@pytest.mark.parametrize(("ticks", "fence"), [(0, 3), (2, 3), (3, 4), (7, 8)])
def test_a_fence_is_longer_than_fences_inside_it(ticks: int, fence: int) -> None:
    piece = MermaidPiece("f", "outline", f"{'`' * ticks}\n")
    assert mermaid_document([piece]) == f"## f\n\n{'`' * fence}text\n{'`' * ticks}\n{'`' * fence}\n"


@pytest.mark.parametrize("make", [graph, lambda: graph(*steps(600))])
def test_a_document_ends_in_one_line_break(make: Callable[[], Graph]) -> None:
    document = mermaid_document(render_mermaid(make()).pieces)
    assert document.endswith("\n")
    assert not document.endswith("\n\n")


@pytest.mark.slow
def test_deep_graphs_are_folded_quickly() -> None:
    node: Node = do("a")
    for _ in range(1000):
        node = loop(node)
    (piece,) = render_mermaid(graph(node)).pieces
    assert piece.title == "Orders (folded to depth 61)"


@pytest.mark.slow
def test_a_chain_of_functions_is_drawn_quickly() -> None:
    names = [f"f{number}" for number in range(3000)]
    functions = {name: function(name, call(called)) for name, called in zip(names, [*names[1:], "last"], strict=True)}
    started = process_time()
    drawn = render_mermaid(graph(call("f0"), functions=functions))
    assert len(drawn.pieces) == 3001
    assert process_time() - started < 20  # one or two seconds; a quadratic algorithm takes minutes


def test_a_changed_condition_is_a_marked_diamond() -> None:
    changed = branch("x", do("a"))
    marks = Marks([(changed, Mark(MarkKind.CHANGED, "was y"))])
    text = lines(source(either(changed), view=View(marks=marks)))
    assert 'n_0_choice{{"#126; x<br/>#40;was y#41;"}}:::changedBox' in text


STATE = View(state="incomplete: 2 notes")


def test_an_incomplete_graph_says_so_at_its_start() -> None:
    assert 'n_start(["Orders<br/>incomplete#58; 2 notes"]):::startBox' in lines(source(do("a"), view=STATE))


def test_a_split_graph_is_marked_incomplete_once() -> None:
    functions = {"f": function("f", *steps(500))}
    drawn = render_mermaid(graph(*steps(500), call("f"), functions=functions), STATE)
    assert [piece.text.splitlines()[0] for piece in drawn.pieces] == [
        "Orders  1000 steps · incomplete: 2 notes",
        "Orders · f  500 steps",
    ]
