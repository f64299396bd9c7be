"""The outline, read as a person would."""

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from stepgraph.model.details import Detail, Details
from stepgraph.model.note import Note
from stepgraph.model.payload import Graph
from stepgraph.model.span import Span
from stepgraph.render.findings import ShownFinding
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.outline import render_outline
from stepgraph.render.view import View
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
    ORDERS,
    block,
    branch,
    call,
    deep,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    switch,
    unknown,
)
from tests.svg.findings import finding

UNRESOLVED = Note(
    code="unresolved-call",
    message="the function from `hooks[name]` cannot be resolved: it is looked up in a namespace.",
    advice="Steps that it runs are missing from the graph. Call them by name.",
    span=Span("src/orders.py", 30, 9, 30, 20),
)
NEVER_AWAITED = Note(
    code="never-awaited",
    message="`audit()` is never awaited and does not run.",
    advice="",
    span=Span("src/orders.py", 41, 5, 41, 12),
    incomplete=False,
)


def tree(drawn: Graph) -> list[str]:
    """Return the lines below the header."""
    return render_outline(drawn, color=False).splitlines()[1:]


def test_the_order_workflow_in_full(snapshot: SnapshotAssertion) -> None:
    notes = [UNRESOLVED, NEVER_AWAITED]
    assert render_outline(ORDERS, color=False, notes=notes, location="src/orders.py:12") == snapshot


def test_the_order_workflow_in_colour(snapshot: SnapshotAssertion) -> None:
    notes = [UNRESOLVED, NEVER_AWAITED]
    assert render_outline(ORDERS, color=True, notes=notes, location="src/orders.py:12") == snapshot


def test_the_header_has_name_location_and_step_count() -> None:
    outline = render_outline(graph(do("a"), do("b")), color=False, location="src/orders.py:12")
    assert outline.splitlines()[0] == "Orders  src/orders.py:12  2 steps · complete"


def test_a_note_of_missing_steps_makes_the_graph_incomplete() -> None:
    outline = render_outline(graph(do("a")), color=False, notes=[UNRESOLVED], location="src/orders.py:12")
    assert outline.splitlines()[0] == "Orders  src/orders.py:12  1 step · incomplete: 1 note"


def test_other_notes_leave_the_graph_complete() -> None:
    outline = render_outline(graph(do("a")), color=False, notes=[NEVER_AWAITED], location="src/orders.py:12")
    assert outline.splitlines()[0] == "Orders  src/orders.py:12  1 step · complete"


def test_completeness_of_a_saved_graph_is_not_shown() -> None:
    assert render_outline(graph(do("a")), color=False).splitlines()[0] == "Orders  1 step"


def test_nested_steps_and_steps_of_functions_count() -> None:
    drawn = graph(do("a", do("b")), call("f"), call("f"), functions={"f": function("f", do("c"))})
    assert render_outline(drawn, color=False).splitlines()[0] == "Orders  3 steps"


STEP = do("a")


def signs(drawn: Graph, *findings: ShownFinding, folding: Folding = UNFOLDED) -> list[str]:
    """Return the lines below the header."""
    return render_outline(drawn, View(folding, findings=findings), color=False).splitlines()[1:]


def test_findings_are_signs_at_their_steps() -> None:
    repeated = loop(STEP)
    assert signs(graph(repeated, do("b")), finding("warning", STEP), finding("gap", repeated)) == [
        "├─ ↻ loop  ? incomplete",
        "│  └─ ● a  ! SG205",
        "└─ ● b",
    ]


def test_a_folded_node_has_the_signs_of_its_contents() -> None:
    drawn = graph(loop(STEP), call("f"), functions={"f": function("f", do("b"))})
    inside = drawn["workflow"]["functions"]["f"]["nodes"][0]
    assert signs(drawn, finding("error", STEP), finding("note", inside), folding=Folding(1)) == [
        "├─ ↻ loop  (a · 1 step)  ! SG205",
        "└─ ƒ f  (b · 1 step)  i SG205",
    ]


def test_a_function_shows_its_findings_at_its_first_call() -> None:
    pack = function("f", do("b"))
    drawn = graph(call("f"), call("f"), functions={"f": pack})
    assert signs(drawn, finding("warning", pack)) == [
        "├─ ƒ f  ! SG205",
        "│  └─ ● b",
        "└─ ↑ f  (shown above)",
    ]


def test_an_if_that_always_runs_has_its_sign_at_the_first_row() -> None:
    inner = branch("total", STEP)
    choice = either(inner)
    view = View(details=Details([(inner, Detail(is_certain=True))]), findings=[finding("warning", choice)])
    lines = render_outline(graph(choice, do("b")), view, color=False).splitlines()[1:]
    assert lines == ["├─ ● a  ! SG205", "└─ ● b"]


def test_signs_of_several_findings_are_ordered_by_level() -> None:
    findings = [finding("note", STEP), finding("error", STEP), finding("error", STEP), finding("gap", STEP)]
    assert signs(graph(STEP), *findings) == ["└─ ● a  ! SG205  ? incomplete  i SG205"]


def test_notes_are_last_with_location_message_and_advice() -> None:
    outline = render_outline(graph(do("a")), color=False, notes=[UNRESOLVED, NEVER_AWAITED])
    assert outline.splitlines()[3:] == [
        "Notes",
        "1. note[SG004]  src/orders.py:30:9",
        "   the function from `hooks[name]` cannot be resolved: it is looked up in a namespace.",
        "   Steps that it runs are missing from the graph. Call them by name.",
        "2. warning[SG201]  src/orders.py:41:5",
        "   `audit()` is never awaited and does not run.",
    ]


def test_an_empty_workflow_shows_that_it_has_no_steps() -> None:
    assert tree(graph()) == ["└─ (no steps)"]


def test_nested_steps_are_below_their_step() -> None:
    assert tree(graph(do("a", do("b")), do("c"))) == ["├─ ● a", "│  └─ ● b", "└─ ● c"]


def test_a_name_without_characters_is_a_remark() -> None:
    assert tree(graph(do(""), do("  "), do("\t"))) == ["├─ ● (empty name)", "├─ ● (blank name)", "└─ ● \\t"]


def test_an_if_reads_like_the_source() -> None:
    drawn = graph(either(branch("x > 1", do("a")), branch("x > 0", do("b")), branch(None, do("c"))))
    assert tree(drawn) == ["├─ ◇ if x > 1", "│  └─ ● a", "├─ ◇ elif x > 0", "│  └─ ● b", "└─ ◇ else", "   └─ ● c"]


def test_a_branch_without_steps_is_shown_quietly() -> None:
    assert tree(graph(either(branch("x"), branch(None, do("a"))))) == [
        "├─ ◇ if x  (no steps)",
        "└─ ◇ else",
        "   └─ ● a",
    ]


def test_a_switch_has_its_cases_below() -> None:
    drawn = graph(switch("order.kind", branch('"big"', do("a")), branch(None)))
    assert tree(drawn) == ["└─ ◆ switch order.kind", '   ├─ case "big"', "   │  └─ ● a", "   └─ default  (no steps)"]


def test_a_try_reads_like_the_source() -> None:
    drawn = graph(protected(block(do("a")), catch=block(do("b")), final=block(do("c"))))
    assert tree(drawn) == ["├─ ▣ try", "│  └─ ● a", "├─ ▣ catch", "│  └─ ● b", "└─ ▣ finally", "   └─ ● c"]


def test_an_empty_try_body_shows_that_it_has_no_steps() -> None:
    assert tree(graph(protected(catch=block(do("b"))))) == ["├─ ▣ try  (no steps)", "└─ ▣ catch", "   └─ ● b"]


def test_exits_have_arrow_characters() -> None:
    drawn = graph(loop(do("a"), LEAVE_LOOP), do("b"), LEAVE)
    assert tree(drawn) == ["├─ ↻ loop", "│  ├─ ● a", "│  └─ ⤶ break", "├─ ● b", "└─ ⏎ return"]


def test_a_branch_that_only_leaves_is_one_line() -> None:
    drawn = graph(loop(either(branch("x", LEAVE_LOOP), branch("y", LEAVE), branch(None, do("a")))))
    assert tree(drawn) == ["└─ ↻ loop", "   ├─ ◇ if x: break", "   ├─ ◇ elif y: return", "   └─ ◇ else", "      └─ ● a"]


def test_a_group_shows_its_kind_and_the_clocks_of_members() -> None:
    drawn = graph(parallel("race", do("a", starts=1, resolves=2), do("b", starts=1)))
    assert tree(drawn) == ["└─ ∥ parallel race", "   ├─ ● a [1→2]", "   └─ ● b [1→]"]


def test_a_raise_without_a_node_ends_its_part() -> None:
    handler = block(do("c"))
    drawn = graph(protected(block(do("a")), catch=handler))
    details = Details(
        [
            (handler, Detail("except KeyError", final_raise="raise")),
            (drawn["workflow"], Detail(guards=(("x", "raise ValueError"),))),
        ]
    )
    assert render_outline(drawn, View(details=details), color=False).splitlines()[3:] == [
        "├─ ▣ except KeyError",
        "│  ├─ ● c",
        "│  └─ ✕ raise",
        "└─ ◇ if x: raise ValueError",
    ]


def test_code_after_a_jump_is_below_its_guard() -> None:
    skip, stop = branch("x"), branch("y")
    inner = either(stop, branch(None, do("b"), loop(do("c"))))
    drawn = graph(loop(either(skip, branch(None, do("a"), inner))))
    details = Details([(skip, Detail(final_jump="continue")), (stop, Detail(final_jump="return y"))])
    view = View(details=details, findings=[finding("warning", inner["branches"][1]["nodes"][0])])
    assert render_outline(drawn, view, color=False).splitlines()[1:] == [
        "└─ ↻ loop",
        "   ├─ ◇ if x: continue",
        "   ├─ ● a",
        "   ├─ ◇ if y: return y",
        "   ├─ ● b  ! SG205",
        "   └─ ↻ loop",
        "      └─ ● c",
    ]


def test_code_after_steps_and_a_jump_is_below_their_if() -> None:
    skip = branch("x", do("a"), do("b"))
    drawn = graph(loop(either(skip, branch(None, do("c")))))
    details = Details([(skip, Detail(final_jump="continue"))])
    view = View(details=details, findings=[finding("warning", skip["nodes"][0])])
    assert render_outline(drawn, view, color=False).splitlines()[2:] == [
        "   ├─ ◇ if x",
        "   │  ├─ ● a  ! SG205",
        "   │  ├─ ● b",
        "   │  └─ ↻ continue",
        "   └─ ● c",
    ]
    folded = render_outline(drawn, replace(view, folding=Folding(kinds=("if",))), color=False)
    assert folded.splitlines()[2:] == ["   ├─ ◇ if x …  (a, b · 2 steps)  ! SG205", "   └─ ● c"]


def test_a_handler_that_only_raises_is_one_line() -> None:
    handler = block()
    drawn = graph(protected(block(do("a")), catch=handler))
    details = Details([(handler, Detail("except KeyError", final_raise="raise"))])
    assert render_outline(drawn, View(details=details), color=False).splitlines()[-1] == "└─ ▣ except KeyError: raise"


def test_equal_clocks_of_members_are_not_shown() -> None:
    members = [do(name, starts=1, resolves=2) for name in "ab"]
    assert tree(graph(parallel("all", *members))) == ["└─ ∥ parallel all", "   ├─ ● a", "   └─ ● b"]


def test_clocks_show_that_a_group_does_not_wait() -> None:
    assert tree(graph(parallel("all", do("a", starts=1)))) == ["└─ ∥ parallel all", "   └─ ● a [1→]"]


def test_a_group_within_a_group_shows_the_clocks_of_both() -> None:
    inner = parallel("all", do("b", starts=2, resolves=3), do("c", starts=2, resolves=3))
    assert tree(graph(parallel("all", do("a", starts=1, resolves=2), inner)))[1:] == [
        "   ├─ ● a [1→2]",
        "   └─ ∥ parallel all",
        "      ├─ ● b [2→3]",
        "      └─ ● c [2→3]",
    ]


def test_a_function_is_expanded_at_its_first_call() -> None:
    drawn = graph(loop(call("f")), call("f"), functions={"f": function("f", do("a"))})
    assert tree(drawn) == ["├─ ↻ loop", "│  └─ ƒ f", "│     └─ ● a", "└─ ↑ f  (shown above)"]


def test_recursion_ends_at_the_second_call() -> None:
    drawn = graph(call("f"), functions={"f": function("f", do("a"), call("f"))})
    assert tree(drawn) == ["└─ ƒ f", "   ├─ ● a", "   └─ ↑ f  (shown above)"]


def test_a_missing_function_is_named() -> None:
    assert tree(graph(call("f"))) == ["└─ ƒ f  (not in this graph)"]


def test_functions_that_nothing_calls_are_listed_at_the_end() -> None:
    functions = {"f": function("f", do("b"), call("g")), "g": function("g", do("c"))}
    assert tree(graph(do("a"), functions=functions)) == [
        "└─ ● a",
        "",
        "Functions that are never called",
        "ƒ f",
        "├─ ● b",
        "└─ ƒ g",
        "   └─ ● c",
    ]


def test_a_function_of_a_start_is_expanded() -> None:
    start = unknown("start", call("f"), call("f"), class_name="Orders", functions={"f": function("f", do("a"))})
    assert tree(graph(start)) == [
        "└─ ▸ start Orders",
        "   ├─ ƒ f",
        "   │  └─ ● a",
        "   └─ ↑ f  (shown above)",
    ]


def test_a_function_with_an_ambiguous_name_is_shown() -> None:
    start = unknown("start", call("f"), class_name="Orders", functions={"f": function("f", do("b"))})
    assert tree(graph(start, functions={"f": function("f", do("a"))})) == [
        "└─ ▸ start Orders",
        "   ├─ ƒ f",
        "   │  └─ ● a",
        "   └─ ƒ f",
        "      └─ ● b",
    ]


def test_an_unknown_node_shows_type_name_and_contents() -> None:
    drawn = graph(unknown("step_teleport", do("a"), do("c"), name="beam"), unknown("fork"))
    assert tree(drawn) == [
        "├─ ? step_teleport beam  (unknown type of node)",
        "│  ├─ ● a",
        "│  └─ ● c",
        "└─ ? fork  (unknown type of node)",
    ]


def test_without_a_width_nothing_is_clipped() -> None:
    assert tree(graph(do("x" * 10_000))) == ["└─ ● " + "x" * 10_000]


def test_a_width_clips_the_longest_text() -> None:
    config = {"retries": {"limit": 3, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"}
    drawn = graph(do("x" * 100, config=config))  # type: ignore[arg-type]
    assert render_outline(drawn, color=False, width=40).splitlines()[1] == "└─ ● " + "x" * 23 + "…  3 retries"


def test_no_line_is_wider_than_the_width() -> None:
    lines = render_outline(ORDERS, color=False, width=30).splitlines()
    assert max(map(len, lines)) == 30


def test_wide_letters_count_twice() -> None:
    drawn = graph(do("注文を確認する処理"))
    assert render_outline(drawn, color=False, width=20).splitlines()[1] == "└─ ● 注文を確認する…"


def test_colors_are_basic_and_reset() -> None:
    assert render_outline(graph(do("a")), color=True).splitlines()[1] == (
        "\x1b[2m└─ \x1b[0m\x1b[36m● \x1b[0m\x1b[1ma\x1b[0m"
    )


@pytest.mark.slow
def test_deep_nesting_exceeds_the_recursion_limit() -> None:
    assert tree(deep(3000))[-1] == "⋯3000 └─ ● the innermost step"


def test_indentation_restarts_every_hundred_levels() -> None:
    lines = tree(deep(250))
    assert lines[99:102] == ["   " * 99 + "└─ ↻ loop", "⋯100 └─ ↻ loop", "⋯100    └─ ↻ loop"]
    assert lines[200] == "⋯200 └─ ↻ loop"
    assert max(map(len, lines)) < 350
