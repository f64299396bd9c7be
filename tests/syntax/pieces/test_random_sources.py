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
from tests.syntax.pieces.test_layouts import LAYOUTS, SOURCES
from tests.syntax.pieces.whole_modules import assert_equals_whole

INSERTIONS = [
    *("\n", "# c\n", "    # c\n", "        # c\n", "  # odd\n", "    \n", "x = 1\n", "    y = 2\n", "        z = 3\n"),
    *(
        "    else:\n",
        "else:\n    pass\n",
        "    except E:\n",
        "    finally:\n        f\n",
        "elif y:\n",
        "try:\n",
        "    try:\n",
    ),
    *(
        "if x:\n",
        "    while q:\n",
        "def g():\n    return 1\n",
        "class K:\n",
        "@deco\n",
        "with a:\n    b\n",
        "case _:\n",
    ),
    *(
        '"""',
        "'",
        "(",
        ")",
        "[",
        "\\\n",
        "\t",
        "\f",
        ";",
        "\r",
        "x = '''a\nb'''\n",
        '    f"{a["b"]}"\n',
        "\u2028",
        "é\n",
    ),
]


def _programs() -> st.SearchStrategy[str]:
    """Return random programs, whose grammar takes a second to build: not while tests are collected."""
    import hypothesmith

    return hypothesmith.from_grammar()


@pytest.mark.slow
@settings(deadline=None, max_examples=100, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.deferred(_programs), min_size=2, max_size=4))
def test_programs_of_the_grammar(programs: list[str]) -> None:
    source = "".join(programs)
    joined = _parse(source, None, 1)
    if joined is not None:
        assert_equals_whole(joined, source)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_random_edits(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - not for cryptography
    source = chance.choice([*LAYOUTS.values(), *(path.read_text("utf-8", errors="replace") for path in SOURCES)])
    module = _parse(source)
    for _ in range(40):
        edited = _edited(source, chance)
        changed = _parse(edited, module)
        if changed is not None:
            assert_equals_whole(changed, edited)
            source, module = edited, changed


def _parse(source: str, earlier: JoinedModule | None = None, piece_length: int = 50) -> JoinedModule | None:
    """Return a module parsed in pieces, or None if it has to be parsed whole or is not valid."""
    change = None if earlier is None else find_change(earlier, source, piece_length)

    def parse() -> JoinedModule | None:
        return (change and change.parse("utf-8")) or parse_in_pieces(source, "utf-8", piece_length)

    try:
        return run_with_large_stack(parse)
    except (RejectedPieceError, cst.ParserSyntaxError, cst.CSTValidationError, TypeError):
        return None


def _edited(source: str, chance: Random) -> str:
    """Return a source in which some lines are removed, doubled, indented or dedented, or some text is inserted."""
    lines = source.split("\n")
    start = chance.randrange(len(lines))
    end = start + chance.choice([1, 1, 1, 2, 5])
    chosen = lines[start:end]
    match chance.randrange(6):
        case 0:
            chosen = []
        case 1:
            chosen = chosen * 2
        case 2:
            chosen = [f"    {line}" for line in chosen]
        case 3:
            chosen = [line[4:] for line in chosen]
        case 4:
            offset = chance.randrange(len(source) + 1)
            return source[:offset] + chance.choice(INSERTIONS) + source[offset:]
        case _:
            chosen = [*chance.choice(INSERTIONS).removesuffix("\n").split("\n"), *chosen]
    return "\n".join([*lines[:start], *chosen, *lines[end:]])
