"""Random programs in pieces, and random edits of sources, equal the same sources parsed whole."""

from __future__ import annotations

from random import Random

import libcst as cst
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.pieces.joining import JoinedModule
from stepgraph.syntax.pieces.parsing import RejectedPieceError
from stepgraph.syntax.pieces.versions import find_change, parse_in_pieces
from tests.effort import example_count, sample
from tests.syntax.pieces.layouts import LAYOUTS, SOURCES
from tests.syntax.pieces.random_edits import edited, programs
from tests.syntax.pieces.whole_modules import assert_equals_whole


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=example_count(20),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.deferred(programs), min_size=2, max_size=4))
def test_programs_of_the_grammar(sources: list[str]) -> None:
    source = "".join(sources)
    joined = _parse(source, None, 1)
    if joined is not None:
        assert_equals_whole(joined, source)


@pytest.mark.slow
@pytest.mark.parametrize("seed", sample(range(40), 10))
def test_random_edits(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - not for cryptography
    source = chance.choice([*LAYOUTS.values(), *(path.read_text("utf-8", errors="replace") for path in SOURCES)])
    module = _parse(source)
    for _ in range(40):
        new_source = edited(source, chance)
        changed = _parse(new_source, module)
        if changed is not None:
            assert_equals_whole(changed, new_source)
            source, module = new_source, changed


def _parse(source: str, earlier: JoinedModule | None = None, piece_length: int = 50) -> JoinedModule | None:
    """Return a module parsed in pieces, or None if it has to be parsed whole or is not valid."""
    change = None if earlier is None else find_change(earlier, source, piece_length)

    def parse() -> JoinedModule | None:
        return (change and change.parse("utf-8")) or parse_in_pieces(source, "utf-8", piece_length)

    try:
        return run_with_large_stack(parse)
    except (RejectedPieceError, cst.ParserSyntaxError, cst.CSTValidationError, TypeError):
        return None
