import pytest

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import FunctionCall, Number
from stepgraph.render.node_text import CallText, call_text, clock_text
from tests.render.graphs import do


@pytest.mark.parametrize(
    ("starts", "resolves", "clock"),
    [(1, 2, "[1→2]"), (1, None, "[1→]"), (None, 2, "[→2]"), (0, 1.0, "[0→1]"), (None, None, "")],
)
def test_clock_text_shows_start_and_end(starts: Number | None, resolves: Number | None, clock: str) -> None:
    assert clock_text(do("a", starts=starts, resolves=resolves)) == clock


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("f", "", CallText("f")),
        ("f", "(a)", CallText("f", "(a)")),
        ("f", "()", CallText("f()")),
        ("retry(charge)", "(charge, 5)", CallText("retry", "(charge, 5)")),
    ],
)
def test_the_text_of_a_call_ends_in_its_arguments(name: str, arguments: str, text: CallText) -> None:
    node: FunctionCall = {"type": "function_call", "name": name}
    assert call_text(node, Details([(node, Detail(arguments))])) == text
