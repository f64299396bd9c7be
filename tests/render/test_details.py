"""Details of a graph in each drawing: source in place of types, and remarks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stepgraph.model.details import Detail, Details, Part, parts_of
from stepgraph.model.payload import Graph, Node, Parallel, Retries, Try
from stepgraph.render.flow.dot import render_dot
from stepgraph.render.flow.mermaid_document import render_mermaid
from stepgraph.render.folding import BodyTexts, Folding
from stepgraph.render.html.facts import facts
from stepgraph.render.outline import render_outline
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.view import View
from tests.render.graphs import branch, call, do, function, graph, switch

RETRIES: Retries = {"limit": 5, "delay": 1000, "backoff": "exponential"}
LEFT: Node = {"type": "break", "kind": "return"}
LOOP: Node = {"type": "loop", "nodes": [do("ship")]}
GROUP: Parallel = {"type": "parallel", "kind": "all_settled", "nodes": [do("a"), do("b")]}
KEY, OTHER = branch("KeyError"), branch(None, LEFT)
SEVERAL: Try = {
    "type": "try",
    "try_block": {"type": "block", "nodes": [do("charge")]},
    "catch_block": {"type": "block", "nodes": [switch("exception", KEY, OTHER)]},
}
SWALLOWED: Try = {
    "type": "try",
    "try_block": {"type": "block", "nodes": [do("charge")]},
    "catch_block": {"type": "block", "nodes": []},
}


def outline(drawn: Graph, *items: tuple[Part, Detail], folding: Folding | None = None) -> str:
    view = View(details=Details(items)) if folding is None else View(folding, details=Details(items))
    return render_outline(drawn, view, color=False)


def test_remarks_on_a_step_follow_its_settings() -> None:
    step = do(
        "bill", config={"retries": {"limit": 3, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"}
    )
    text = outline(graph(step), (step, Detail(remarks=("receives order", "starts workflow mail (Mail)"))))
    assert "● bill  3 retries · receives order · starts workflow mail (Mail)\n" in text


def test_exception_handlers_replace_cases() -> None:
    text = outline(
        graph(SEVERAL),
        (SEVERAL["catch_block"], Detail("except")),
        (KEY, Detail("except KeyError as error", ("swallows the error",))),
        (LEFT, Detail("raise", ("any other error",))),
    )
    assert text.splitlines()[3:] == [
        "├─ ▣ except KeyError as error  swallows the error",
        "└─ ▣ any other error: raise",
    ]


def test_a_handler_with_a_remark_has_no_note_of_missing_steps() -> None:
    text = outline(graph(SWALLOWED), (SWALLOWED["catch_block"], Detail("except", ("swallows the error",))))
    assert text.splitlines()[-1] == "└─ ▣ except  swallows the error"


def test_a_group_shows_that_it_swallows_errors() -> None:
    assert "∥ parallel all_settled  gather · swallows errors\n" in outline(
        graph(GROUP), (GROUP, Detail("gather", ("swallows errors",)))
    )


def test_a_folded_loop_shows_its_head() -> None:
    text = outline(graph(LOOP), (LOOP, Detail("for item in items")), folding=Folding(1))
    assert text.splitlines()[-1] == "└─ ↻ for item in items  (ship · 1 step)"


def test_a_folded_call_shows_its_arguments() -> None:
    packed = call("pack")
    drawn = graph(packed, functions={"pack": function("pack", do("pack {item}"))})
    folded = View(Folding(1), details=Details([(packed, Detail("(step, item)"))]))
    text = render_outline(drawn, folded, color=False)
    assert text.splitlines()[-1] == "└─ ƒ pack(step, item)  (pack {item} · 1 step)"
    assert ">(step, item)<" in render_svg(drawn, folded).text


@pytest.mark.parametrize("remark", ["swallows errors", "does not raise errors"])
def test_each_drawing_shows_remarks_on_a_group(remark: str) -> None:
    drawn, view = graph(GROUP), View(details=Details([(GROUP, Detail(remarks=(remark,)))]))
    assert remark in render_dot(drawn, view).replace("\\n", " ")
    assert remark in render_mermaid(drawn, view).pieces[0].text.replace("<br/>", " ")
    assert remark in render_svg(drawn, view).text


def test_each_drawing_shows_a_handler_and_its_exceptions() -> None:
    drawn = graph(SEVERAL)
    view = View(details=Details([(KEY, Detail("except KeyError", ("swallows the error",)))]))
    for text in (
        render_dot(drawn, view).replace("\\n", " "),
        render_mermaid(drawn, view).pieces[0].text.replace("<br/>", " "),
        render_svg(drawn, view).text,
    ):
        assert "except KeyError" in text
        assert "swallows the error" in text.replace("  ", " ")


@pytest.mark.parametrize(
    ("node", "detail", "rows"),
    [
        (do("a"), Detail(remarks=("receives order",)), [("Receives", "order")]),
        (do("a"), Detail(remarks=("starts workflow mail (Mail)",)), [("Starts", "workflow mail (Mail)")]),
        (GROUP, Detail(remarks=("swallows errors",)), [("Errors", "swallows errors")]),
        (LEFT, Detail("raise", ("any other error",)), [("Exception", "any other error")]),
    ],
)
def test_the_panel_of_a_page_has_a_row_for_each_detail(node: Node, detail: Detail, rows: list[tuple[str, str]]) -> None:
    assert list(facts(node, BodyTexts({}), Details([(node, detail)])).rows[: len(rows)]) == rows


ALL: Try = {
    "type": "try",
    "try_block": {"type": "block", "nodes": [do("charge")]},
    "catch_block": {"type": "block", "nodes": [switch("exception", branch("KeyError"), branch("Exception", do("b")))]},
}


@pytest.mark.parametrize("is_exhaustive", [False, True])
def test_no_branch_leads_past_an_exhaustive_switch(is_exhaustive: bool) -> None:  # noqa: FBT001
    drawn = graph(switch("kind", branch("1", do("a")), branch("2", do("b"))))
    view = View(details=Details([(drawn["workflow"]["nodes"][0], Detail(is_exhaustive=is_exhaustive))]))
    assert ('class="condition implied"' in render_svg(drawn, view).text) != is_exhaustive
    assert ("no match" in render_dot(drawn, view)) != is_exhaustive


def test_no_branch_leads_past_exhaustive_handlers() -> None:
    drawn = graph(ALL)
    view = View(details=Details([(part, Detail("except")) for part in parts_of(drawn) if "condition" in part]))
    assert "no match" not in render_svg(drawn, view).text
    assert "no match" not in render_dot(drawn, view)
    assert "no match" not in render_svg(drawn).text
    assert "no match" not in render_dot(drawn)


@pytest.mark.parametrize("draw", [render_dot, lambda drawn, view: render_outline(drawn, view, color=False)])
def test_arguments_of_a_call_replace_those_in_its_name(draw: Callable[[Graph, View], str]) -> None:
    named, other = call("retry(charge)"), call("retry(refund)")
    bodies = {name: function(name, do(name)) for name in ("retry(charge)", "retry(refund)")}
    details = Details([(named, Detail("(charge)")), (other, Detail("(step, refund)"))])
    text = draw(graph(named, other, functions=bodies), View(details=details))
    assert "retry(charge)(charge)" not in text
    assert "retry(step, refund)" in text


def test_a_picture_does_not_repeat_arguments() -> None:
    named = call("retry(charge)")
    drawn = graph(named, functions={"retry(charge)": function("retry(charge)", do("a"))})
    assert ">(charge)<" not in render_svg(drawn, View(details=Details([(named, Detail("(charge)"))]))).text
    assert ">(step)<" in render_svg(drawn, View(details=Details([(named, Detail("(step)"))]))).text


def test_a_long_exit_is_cut_in_its_label_but_not_in_its_title() -> None:
    statement = f"raise Declined({'n' * 80})"
    picture = render_svg(graph(LEFT, do("a")), View(details=Details([(LEFT, Detail(statement, ("not caught here",)))])))
    assert f"<title>{statement} · not caught here</title>" in picture.text
    assert picture.text.count("n" * 60) == 1


def test_an_empty_handler_shows_the_fate_of_the_error() -> None:
    view = View(details=Details([(SWALLOWED["catch_block"], Detail("except", ("swallows the error",)))]))
    picture = render_svg(graph(SWALLOWED), view).text
    assert "swallows the error" in picture
    assert "no steps" not in picture


def test_an_empty_try_shows_its_awaits() -> None:
    node: Try = {"type": "try", "catch_block": {"type": "block", "nodes": [do("a")]}}
    items = [(node, Detail(remarks=("await task",)))]
    assert "├─ ▣ try  await task\n" in outline(graph(node), *items)
    for draw in (render_dot, lambda drawn, view: render_svg(drawn, view).text):
        text = draw(graph(node), View(details=Details(items)))
        assert "await task" in text
        assert "no steps" not in text


def test_exception_group_handlers_replace_conditions() -> None:
    caught = branch("ValueError", do("b"))
    node: Try = {
        "type": "try",
        "try_block": {"type": "block", "nodes": [do("charge")]},
        "catch_block": {"type": "block", "nodes": [{"type": "if", "branches": [caught]}]},
    }
    text = outline(graph(node), (node["catch_block"], Detail("except*")), (caught, Detail("except* ValueError")))
    assert "   └─ ◇ except* ValueError\n" in text
