"""A new version of a module has the nodes of its source, and shares the unchanged pieces of the earlier version."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import pytest

from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.note import InputError
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.pieces.joining import JoinedModule
from stepgraph.syntax.pieces.parsing import RejectedPieceError
from stepgraph.syntax.pieces.versions import find_change, parse_in_pieces
from stepgraph.syntax.walk import all_nodes
from tests.syntax.pieces.layouts import LAYOUTS
from tests.syntax.pieces.whole_modules import assert_equals_whole

STEPS = "from workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
STEPS += "    async def run(self, event, step):\n"
STEPS += "".join(f"        await step.sleep('rest {number}', '5 minutes')\n" for number in range(100, 280))


def parse(source: str, earlier: SourceModule | None = None) -> SourceModule:
    return run_with_large_stack(lambda: parse_module(source.encode(), "orders.py", earlier=earlier))


def shared_pieces(first: SourceModule, second: SourceModule) -> int:
    assert first.joined
    assert second.joined
    return len(set(map(id, first.joined.pieces)) & set(map(id, second.joined.pieces)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'rest 150'", "'longer rest'"),
        ("        await step.sleep('rest 150', '5 minutes')\n", ""),
        ("'rest 150', '5 minutes')\n", "'rest 150', '5 minutes')\n        # a comment\n\n"),
        ("from workers import", "import asyncio\nfrom workers import"),
        ("'rest 279', '5 minutes')\n", "'rest 279', '5 minutes')\n        # end"),
    ],
    ids=["changed step", "removed step", "added comment", "added import", "added end"],
)
def test_unchanged_pieces_are_shared(old: str, new: str) -> None:
    earlier = parse(STEPS)
    assert earlier.joined
    source = STEPS.replace(old, new)
    changed = parse(source, earlier)

    assert shared_pieces(earlier, changed) >= len(earlier.joined.pieces) - 2
    assert changed.joined
    assert_equals_whole(changed.joined, source)
    assert changed.tokens == parse(source).tokens


MATCH = "match event:\n    case {'id': [first, *rest]}:\n        pass\n    case _:\n        pass\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [("rest 150", "close the case 150"), ("[first, *rest]", "[[first], *rest]"), ("match event", "match case")],
    ids=["word in a string", "pattern", "subject"],
)
def test_modules_with_patterns_share_pieces(old: str, new: str) -> None:
    source = STEPS + MATCH
    earlier = parse(source)
    assert earlier.joined

    changed = parse(source.replace(old, new), earlier)
    assert shared_pieces(earlier, changed) == len(earlier.joined.pieces) - 1
    assert changed.scan == parse(source.replace(old, new)).scan


def test_results_about_code_are_reused_for_unchanged_pieces() -> None:
    computed: list[str] = []

    def value_of(node: cst.SimpleString) -> str:
        computed.append(node.value)
        return node.value

    def values(module: SourceModule) -> list[str]:
        strings = [each for each in all_nodes(module.tree) if isinstance(each, cst.SimpleString)]
        return [module.once_for_code(string, value_of) for string in strings]

    module = parse(STEPS)
    assert len(values(module)) == 360
    for name in ("'pause'", "'nap'", "'rest 150'"):
        computed.clear()
        module = parse(STEPS.replace("'rest 150'", name), module)
        assert name in values(module)
        assert name in computed
        assert len(computed) < 90


def test_the_location_of_a_late_node_lists_one_piece() -> None:
    joined = parse(STEPS).joined
    assert joined
    arguments = (node for node in all_nodes(joined.tree) if isinstance(node, cst.SimpleString))
    late = next(node for node in arguments if node.value == "'rest 270'")

    assert joined.range_of(late) == (176, 25, 176, 35)
    assert sum("parents" in vars(piece) for piece in joined.pieces) == 1


@pytest.mark.slow
def test_a_version_of_a_version_shares_pieces() -> None:
    module, source = parse(STEPS), STEPS
    for number in range(100, 110):
        source = source.replace(f"'rest {number}'", f"'pause {number}'")
        module, earlier = parse(source, module), module
        assert earlier.joined
        assert shared_pieces(earlier, module) == len(earlier.joined.pieces) - 1
    assert module.joined
    assert_equals_whole(module.joined, source)


def test_the_earlier_version_keeps_its_locations() -> None:
    earlier = parse(STEPS)
    last = earlier.tree.body[-1]
    changed = parse(STEPS.replace("class", "\n\nclass"), earlier)

    assert earlier.span(last).end_line == 185
    assert changed.span(changed.tree.body[-1]).end_line == 187


def test_mentioned_words() -> None:
    earlier = parse(STEPS)
    assert not earlier.mentions(b"global")
    assert earlier.mentions(b"'rest 100', '5 minutes'")
    assert all(earlier.mentions(f"\n        await step.sleep('rest {number}".encode()) for number in range(110, 210))
    assert parse(STEPS + "# ü global\n", earlier).mentions("ü global".encode())


LONG_LIST = f"X = [{'-1, ' * 100}]\n"
ODD_STRING = "X = f\"{Y['a']!r:{Z['b']}}\"\n"


@pytest.mark.slow
@pytest.mark.parametrize("first_line", [LONG_LIST, ODD_STRING], ids=["long list", "odd string"])
@pytest.mark.parametrize("new", ["'a' + 'b'", "f\"{a['b']!r:{c['d']}}\"", f"{'-' * 100}1"])
def test_tokens_of_a_version(first_line: str, new: str) -> None:
    source = first_line + STEPS
    changed = source.replace("'rest 150'", new)
    assert parse(changed, parse(source)).tokens == parse(changed).tokens


@pytest.mark.parametrize(
    ("old", "new"),
    [("'rest 150'", f"{'(' * 5_000}{')' * 5_000}"), ("await step.sleep('rest 150'", "'''")],
    ids=["new brackets", "brackets no longer in a string"],
)
def test_nesting_of_a_version_is_limited(old: str, new: str) -> None:
    source = f"{STEPS}x = '''{'(' * 5_000}{')' * 5_000}'''\n"
    with pytest.raises(InputError, match="brackets are nested more than 200 deep"):
        parse(source.replace(old, new), parse(source))


def test_growing_text_is_cut_again() -> None:
    addition = STEPS.partition("step):\n")[2]
    changed = parse(STEPS + addition, parse(STEPS))
    assert changed.joined
    assert max(len(parsed.piece.text) for parsed in changed.joined.pieces) < 4_100


BROKEN = [
    "await = 'rest",
    "await step.sleep(x := 1 'rest",
    "if x\n",
    "x = (\n",
    "'''\n",
    "'\n",
    "x = 1)\n",
    "  x = 1\n",
    "else:\n",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_syntax_error_has_its_location(broken: str) -> None:
    source = STEPS.replace("await step.sleep('rest 150'", broken)
    messages = []
    for earlier in (None, parse(STEPS)):
        with pytest.raises(InputError) as caught:
            parse(source, earlier)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith("orders.py:")


def _edits(source: str) -> Iterator[str]:
    """Yield the versions of a source in which one line is missing, indented or doubled with a comment."""
    lines = source.splitlines(keepends=True)
    for index, line in enumerate(lines):
        for replacement in ((), (f"    {line}",), (line, f"{line}# c\n")):
            yield "".join([*lines[:index], *replacement, *lines[index + 1 :]])


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_edited_lines(layout: str) -> None:
    earlier = run_with_large_stack(lambda: parse_in_pieces(LAYOUTS[layout], "utf-8", 10))
    assert earlier
    for source in _edits(LAYOUTS[layout]):
        changed = _parse_change(earlier, source)
        if changed is not None:
            assert_equals_whole(changed, source)


def _parse_change(earlier: JoinedModule, source: str) -> JoinedModule | None:
    change = find_change(earlier, source, 10)
    try:
        return None if change is None else run_with_large_stack(lambda: change.parse("utf-8"))
    except (RejectedPieceError, cst.ParserSyntaxError, cst.CSTValidationError, TypeError):
        return None
