import pytest

from stepgraph.model.payload import Number
from stepgraph.render.node_text import clock_text
from tests.render.graphs import do


@pytest.mark.parametrize(
    ("starts", "resolves", "clock"),
    [(1, 2, "[1→2]"), (1, None, "[1→]"), (None, 2, "[→2]"), (0, 1.0, "[0→1]"), (None, None, "")],
)
def test_clock_text_shows_start_and_end(starts: Number | None, resolves: Number | None, clock: str) -> None:
    assert clock_text(do("a", starts=starts, resolves=resolves)) == clock
