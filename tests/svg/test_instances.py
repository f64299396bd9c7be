"""Pictures of instances: states, facts, traversals, and the status."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.execution.instance import NodeState, instance_of
from stepgraph.execution.log import read_log
from stepgraph.model.details import NO_DETAILS, Detail, Details
from stepgraph.model.payload import Block, Graph, Node
from stepgraph.model.walk import paths_of
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.progress import Progress, progress_of
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.svg.progress_style import DARK_PROGRESS, LIGHT_PROGRESS, ProgressPalette
from stepgraph.render.svg.theme import DARK, LIGHT, Palette
from stepgraph.render.view import View
from tests.effort import example_count, sample
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import (
    LEAVE_LOOP,
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
)
from tests.render.random_graphs import graphs
from tests.svg.contrast import GRAPHICS, TEXT, contrast
from tests.svg.examples import examples
from tests.svg.instances import ALL_STATES, progress_everywhere, progress_with
from tests.svg.laws.all_laws import broken
from tests.svg.picture import Picture, page_of, picture_of

STATUSES = ("running", "complete", "errored")


@cache
def _broken_without_states(name: str) -> frozenset[str]:
    example = examples()[name]
    return frozenset(broken(example, picture_of(example), View()))


@pytest.mark.slow
@pytest.mark.parametrize("status", STATUSES)
def test_states_at_all_steps_break_no_law(status: str) -> None:
    for name, example in sample([*examples().items()], 8):
        view = View(progress=progress_everywhere(example, status), legend=True)
        assert broken(example, picture_of(example, view), view).keys() <= _broken_without_states(name), name


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(15))
@given(graphs(), st.integers(0, 1000), st.sampled_from(STATUSES))
def test_any_states_break_no_law_in_any_picture(example: Graph, seed: int, status: str) -> None:
    random = Random(seed)  # noqa: S311 - not for security
    view = View(progress=progress_with(example, lambda _: random.choice(ALL_STATES), status=status))
    plain = broken(example, picture_of(example), View()).keys()
    assert broken(example, picture_of(example, view), view).keys() <= plain
    assert broken(example, page_of(example, view=view), view).keys() <= plain


def wait(name: str, event: str, timeout: str) -> Node:
    return {"type": "step_wait_for_event", "name": name, "options": {"event_type": event, "timeout": timeout}}


def drawn(
    example: Graph,
    states: dict[str, NodeState],
    *,
    folding: Folding = UNFOLDED,
    details: Details = NO_DETAILS,
    **run: str,
) -> Picture:
    """Draw a graph whose steps have these states by their last names, and others are not reached."""
    names = {path: str(node.get("name", "")) for path, node in paths_of(example["workflow"])}
    following = tuple(path for path, name in names.items() if name == run.get("following"))
    progress = progress_with(
        example,
        lambda path: states.get(names[path], "not_reached"),
        following=following,
        status=run.get("status", "running"),
    )
    return picture_of(example, View(folding, progress=progress, details=details))


def texts(picture: Picture, name: str) -> list[str]:
    """Return the texts below or beside the name of a figure."""
    figure = next(figure for figure in picture.figures if figure.title.startswith(name))
    return [text.text for text in figure.texts if text.css in {"fact", "error"}]


def faded_names(picture: Picture) -> list[str]:
    """Return the names of steps in faded groups, in order."""
    names, depth = [], 0
    for line in picture.text.split("\n"):
        depth += line.startswith("<g ") and (depth > 0 or line.startswith('<g class="faded"'))
        depth -= line == "</g>" and depth > 0
        names += [line.split("<title>")[1].split("<")[0].split(" ")[0]] if depth and '<g class="step' in line else []
    return names


def test_each_state_has_its_class_and_sign() -> None:
    states: dict[str, NodeState] = {f"{state} step": state for state in ALL_STATES}
    picture = drawn(graph(*map(do, states)), states)
    assert [(set(figure.css - {"step", "do"}), len(figure.signs)) for figure in picture.figures] == [
        ({"done"}, 1),
        ({"failed"}, 1),
        ({"retrying", "strong"}, 1),
        ({"sleeping", "strong"}, 1),
        ({"waiting", "strong"}, 1),
        ({"running", "strong"}, 1),
        ({"skipped"}, 1),
        ({"not-reached"}, 0),
        ({"unreachable"}, 1),
    ]


def test_a_next_step_is_marked() -> None:
    picture = drawn(graph(do("a"), do("b")), {"a": "running"}, following="b")
    assert picture.figures[1].css == {"step", "do", "next"}
    assert texts(picture, "b") == ["next"]


def test_open_steps_of_an_ended_instance_are_not_emphasized() -> None:
    assert 'class="halo"' not in drawn(graph(do("a")), {"a": "sleeping"}, status="terminated").text


ERROR_LINES = ["TypeError: Cannot read properties", "of undefined (reading 'id')"]


def test_steps_show_attempts_times_and_errors() -> None:
    picture = drawn(graph(do("a"), do("b"), do("c")), {"a": "done", "b": "failed", "c": "retrying"})
    assert texts(picture, "a") == ["600 ms"]
    assert texts(picture, "b") == ["2 attempts · 600 ms", *ERROR_LINES]
    assert texts(picture, "c") == ["attempt 1 failed", *ERROR_LINES]
    assert "c · retrying · attempt 1 failed · TypeError: Cannot read properties of undefined" in picture.text


def test_an_open_wait_shows_its_start_and_its_end() -> None:
    example = graph(wait("a", "paid", "2 days"))
    picture = drawn(example, {"a": "waiting"})
    assert texts(picture, "a") == ["since 09:14:07 UTC", "until Nov 4, 09:14 UTC"]


def test_branches_that_were_not_taken_are_faded() -> None:
    example = graph(either(branch("x", do("a")), branch(None, do("b"))), do("c"), do("d"))
    assert faded_names(drawn(example, {"a": "done", "b": "skipped", "c": "running"})) == ["b", "d"]


def test_a_jump_is_faded_unless_the_instance_took_it() -> None:
    skip = branch("x")
    example = graph(loop(do("a"), either(skip, branch(None, do("b")))), do("c"))
    details = Details([(skip, Detail(final_jump="continue"))])
    text = picture_of(example, View(details=details, progress=progress_with(example, lambda _: "done"))).text
    assert text.index('<g class="faded"') < text.index(">continue<") < text.index("node.if.2--b")


def test_steps_before_an_untaken_jump_are_faded() -> None:
    skip = branch("x", do("b"))
    example = graph(loop(do("a"), either(skip, branch(None, do("c")))))
    details = Details([(skip, Detail(final_jump="continue"))])
    states: dict[str, NodeState] = {"a": "done", "b": "skipped", "c": "running"}
    assert faded_names(drawn(example, states, details=details)) == ["b"]
    states = {"a": "done", "b": "running", "c": "not_reached"}
    assert faded_names(drawn(example, states, details=details)) == ["c"]


def test_a_handler_is_strong_only_after_a_failure() -> None:
    example = graph(protected(block(do("a")), catch=block(do("b"))))
    assert 'class="failure faded"' in drawn(example, {"a": "running"}).text
    assert 'class="failure"' in drawn(example, {"a": "failed", "b": "running"}).text


def test_a_handler_that_raises_again_does_not_reach_its_end() -> None:
    node = protected(block(do("a")), catch=block(do("b")), final=block(do("c")))
    states: dict[str, NodeState] = {"a": "failed", "b": "done", "c": "done"}
    assert exits_normally(graph(node, do("d")), node["catch_block"], states | {"d": "running"})
    assert not exits_normally(graph(node, do("d")), node["catch_block"], states, status="errored")
    assert exits_normally(graph(node), node["catch_block"], states, status="complete")


def test_a_handler_that_reraised_has_no_line_into_the_finally() -> None:
    example = graph(protected(block(do("a")), catch=block(do("b")), final=block(do("c"))), do("d"))
    states: dict[str, NodeState] = {"a": "failed", "b": "done", "c": "done"}
    assert '<path class="flow faded"' in drawn(example, states, status="errored").text
    assert '<path class="flow faded"' not in drawn(example, states | {"d": "running"}).text


def test_a_failure_of_the_body_leads_through_the_finally() -> None:
    node = protected(block(do("a")), final=block(do("b")))
    progress = progress_in(graph(node, do("c")), {"a": "failed", "b": "done"}, "errored")
    assert progress.traversals.resumed == {id(node): "raise"}
    assert not progress.traversals.of(node["try_block"]).exited
    text = picture_of(graph(node, do("c")), View(progress=progress)).text
    assert 'class="failure"' in text


def test_a_return_of_the_body_leads_through_the_finally() -> None:
    node = protected(block(do("a"), either(branch("x", LEAVES)), do("d")), final=block(do("b")))
    example = graph(node, do("c"))
    progress = progress_in(example, {"a": "done", "b": "done"}, "complete")
    assert progress.traversals.resumed == {id(node): "return"}
    assert 'class="failure faded"' in picture_of(example, View(progress=progress)).text


def test_nothing_continues_after_a_finally_that_has_not_ended() -> None:
    node = protected(block(do("a")), final=block(do("b")))
    progress = progress_in(graph(node, do("c")), {"a": "done", "b": "running"}, "running")
    assert progress.traversals.resumed == {}


def exits_normally(example: Graph, part: Block, states: dict[str, NodeState], status: str = "running") -> bool:
    return progress_in(example, states, status).traversals.of(part).exited


def progress_in(example: Graph, states: dict[str, NodeState], status: str) -> Progress:
    names = {path: str(node.get("name", "")) for path, node in paths_of(example["workflow"])}
    return progress_with(example, lambda path: states.get(names[path], "not_reached"), status=status)


LEAVES: Node = {"type": "break", "kind": "return"}


def test_an_early_return_is_taken_if_the_end_was_not_reached() -> None:
    example = graph(do("a"), either(branch("x", LEAVES)), do("b"))
    picture = drawn(example, {"a": "done"}, status="complete")
    assert faded_names(picture) == ["b"]
    assert '<path class="line faded"' not in picture.text


def test_the_end_of_a_complete_instance_is_reached() -> None:
    example = graph(do("a"), either(branch("x", LEAVES)), loop(do("b")))
    assert '<path class="line faded" d="M' in drawn(example, {"a": "done"}, status="complete").text


def test_a_loop_shows_its_passes() -> None:
    picture = drawn(graph(loop(do("a"))), {"a": "done"})
    assert [text.text for text in picture.figures[0].texts] == ["loop", "3 passes"]


def test_a_function_without_a_name_shows_its_runs() -> None:
    example = graph(call(""), functions={"": function("", do("a"))})
    assert [text.text for text in drawn(example, {"a": "done"}).figures[0].texts] == ["3 runs"]


def test_a_folded_box_counts_the_states_inside() -> None:
    example = graph(loop(do("a"), do("b"), do("c")))
    picture = drawn(example, {"a": "done", "b": "waiting"}, folding=Folding(depth=1))
    assert "waiting" in picture.figures[0].css
    assert texts(picture, "loop") == ["3 passes · 1 waiting · 1 done"]


@pytest.mark.slow
def test_fit_folds_no_step_that_has_not_ended() -> None:
    example = graph(parallel("all", *(loop(do(f"first {n}"), do(f"second {n}")) for n in range(12))))
    progress = progress_with(example, lambda path: "running" if path == "nodes[0].nodes[7].nodes[0]" else "not_reached")
    assert ">first 7<" not in render_svg(example, View(fit=200)).text
    assert ">first 7<" in render_svg(example, View(progress=progress, fit=200)).text


def test_deep_graphs_have_traversals() -> None:
    example = deep(400)
    assert "faded" in render_svg(example, View(progress=progress_everywhere(example))).text


def test_recursive_functions_have_traversals() -> None:
    example = graph(call("f"), functions={"f": function("f", do("a"), call("f"))})
    assert faded_names(drawn(example, {"a": "done"}, status="complete")) == []


def status_of(data: dict[str, object], example: Graph) -> list[str]:
    """Return the texts of the status of an instance with this log."""
    instance = instance_of(read_log(data), example)
    chart, *_ = picture_of(example, View(progress=progress_of(instance, example["workflow"]))).charts
    return [text.text for text in chart.texts]


STARTED = {"status": "errored", "start": "2026-11-02T09:14:07.113Z", "end": "2026-11-02T12:12:09Z"}


def test_the_status_has_times_and_the_error() -> None:
    data: dict[str, object] = {**STARTED, "error": {"name": "Error", "message": "out of stock"}, "steps": []}
    assert status_of(data, graph(do("a"))) == [
        "errored after 2 h 58 min",
        "ended 2026-11-02 12:12:09 UTC",
        "Error: out of stock",
    ]


MISFIT = "entry 1 of 1, refund-1, does not fit: expected a at the start"


def test_the_status_names_the_first_entry_that_does_not_fit() -> None:
    steps = [{"name": "refund-1", "type": "step", "start": STARTED["start"], "success": True}]
    assert status_of({**STARTED, "steps": steps}, graph(do("a")))[2] == MISFIT


def test_text_from_logs_is_escaped() -> None:
    texts = status_of({"status": '</text><script>"\x1b', "steps": []}, graph(do("a")))
    assert texts == ['</text><script>"\\x1b']


@pytest.mark.parametrize(("palette", "colors"), [(LIGHT, LIGHT_PROGRESS), (DARK, DARK_PROGRESS)], ids=["light", "dark"])
def test_states_have_enough_contrast(palette: Palette, colors: ProgressPalette) -> None:
    states = (colors.current, colors.retrying, colors.failed, colors.done)
    words = [(state.line, background) for state in states for background in (state.fill, palette.paper)]
    words += [(text, state.fill) for state in states for text in (palette.text, palette.detail)]
    words += [(colors.quiet.line, palette.paper), (colors.quiet.line, palette.unmarked.band)]
    assert [pair for pair in words if contrast(*pair) < TEXT] == []
    shapes = [(state.icon, state.line) for state in states]
    shapes += [(colors.traversed, palette.paper), (colors.traversed, colors.grid)]
    assert [pair for pair in shapes if contrast(*pair) < GRAPHICS] == []


def test_a_handler_without_steps_is_entered_after_a_failure() -> None:
    example = graph(protected(block(do("a")), catch=block()), do("b"))
    assert 'class="failure"' in drawn(example, {"a": "failed", "b": "running"}).text
    assert 'class="failure faded"' in drawn(example, {"a": "done", "b": "running"}).text


def test_the_title_of_the_picture_has_the_status() -> None:
    picture = drawn(graph(do("a")), {"a": "done"}, status="complete")
    assert ">Orders, the steps of an instance: complete</title>" in picture.text


def test_a_step_that_may_have_run_has_a_question_mark() -> None:
    example = graph(either(branch("x", do("a {n}")), branch(None, do("a {m}"))), do("b"))
    steps = [{"name": name, "type": "step", "start": STARTED["start"], "success": True} for name in ("a 1-1", "b-1")]
    instance = instance_of(read_log({"status": "running", "steps": steps}), example)
    picture = picture_of(example, View(progress=progress_of(instance, example["workflow"])))
    assert [texts(picture, name) for name in ("a {n}", "a {m}")] == [["may have run"], ["may have run"]]
    assert picture.text.count('class="step do uncertain"') == 2


def faded_lines(example: Graph, *names: str) -> int:
    """Return the number of faded lines in the picture of a complete instance whose steps have these log names."""
    steps = [{"name": name, "type": "step", "start": STARTED["start"], "success": True} for name in names]
    instance = instance_of(read_log({"status": "complete", "steps": steps}), example)
    picture = picture_of(example, View(progress=progress_of(instance, example["workflow"])))
    return picture.text.count("faded")


def test_a_break_is_taken_if_a_step_below_it_lacks_a_run() -> None:
    example = graph(loop(do("a"), either(branch("x", LEAVE_LOOP)), do("b")), do("c"))
    assert faded_lines(example, "a-1", "b-1", "a-2", "c-1") == 0
    assert faded_lines(example, "a-1", "b-1", "a-2", "b-2", "c-1") > 0


def test_an_else_is_taken_if_a_step_below_it_has_more_runs() -> None:
    example = graph(loop(do("a"), either(branch("x", do("b"))), do("c")))
    assert faded_lines(example, "a-1", "b-1", "c-1", "a-2", "c-2") == 0
    assert faded_lines(example, "a-1", "b-1", "c-1", "a-2", "b-2", "c-2") > 0


def test_the_line_of_exits_is_strong_from_the_first_taken_exit() -> None:
    first, second = either(branch("x", LEAVE_LOOP)), either(branch("y", {"type": "break", "kind": "break"}))
    example = graph(loop(do("a"), first, do("b"), second, do("c")), do("d"))
    assert faded_lines(example, "a-1", "b-1", "c-1", "a-2", "b-2", "d-1") == 3  # the way to the first exit, and on
    assert faded_lines(example, "a-1", "b-1", "c-1", "a-2", "d-1") == 2


def test_a_line_between_bars_is_faded_until_the_upper_bar() -> None:
    members = [do("a", starts=1, resolves=2), do("b", starts=1, resolves=3), do("c", starts=2), do("d", starts=3)]
    example = graph(parallel("all", *members))
    states: dict[str, NodeState] = {"a": "running", "b": "running"}
    assert "M-51 116V202" in faded_paths(drawn(example, states))
    assert "M-51 116V202" not in faded_paths(drawn(example, states | {"a": "done", "c": "running"}))


def faded_paths(picture: Picture) -> str:
    """Return the paths of faded lines."""
    return "".join(line for line in picture.text.splitlines(keepends=True) if 'class="line faded"' in line)
