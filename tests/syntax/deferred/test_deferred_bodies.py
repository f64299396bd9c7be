"""Modules whose bodies are parsed on first use are equal to the modules parsed whole, whatever their layout."""

from __future__ import annotations

from random import Random

import libcst as cst
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.syntax.deferred.blocks import ParsedTokens
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.pieces.cutting import PIECE_LENGTH
from tests.effort import example_count, sample
from tests.syntax.deferred.deferred_modules import assert_deferred_equals_whole, blocks_of, parse_deferred
from tests.syntax.pieces.layouts import INVALID, LAYOUTS, SOURCES
from tests.syntax.pieces.random_edits import edited, programs

BODIES = {
    "function": "x = 1\ndef f():\n    y = 2\n    z = 3\nw = 4\n",
    "one statement": "def f(): # header\n    return 1 # end\n\n\ndef g(): return 2\n",
    "comments": (
        "def f():\n    # first\n\n  # odd\n# left\n    x\n\n    # inner\n    y\n    # last\n# g\ndef g():\n    z\n"
    ),
    "comments after a block": (
        "def f():\n    if x:\n        y\n# left\n  # odd\ndef g():\n    x\n  # odd\n    # deeper\nz\n"
    ),
    "header in several lines": (
        "def f(\n    a,  # first\n    # second\n    b='''\n# c\n''',\n) -> (\n  int\n):\n    return a\n"
    ),
    "decorators": (
        "@a\n@b(\n  c)\nasync def f():\n    @c\n    def g(): pass\n    @d\n    # e\n    class K:\n        x\n    y\n"
    ),
    "decorated first": "def f():\n    @c\n    def g():\n        pass\n    return g\nx\n",
    "methods": (
        "class A(B):\n    '''doc'''\n    x = 1\n    def f(self):\n        y\n"
        "\n    @a\n    async def g(self):\n        z\nw\n"
    ),
    "nested functions": (
        "def f():\n    def g():\n        def h():\n            x\n        y\n    class K:\n        def m(self): z\nw\n"
    ),
    "strings": "def f():\n    '''doc\n  x\n'''\n    y = '''\ndef g():\n    z\n'''\n    return 'a\\\nb'\nw\n",
    "brackets": "def f():\n    x = [\n1, (2,\n{3:\n4}),\n  ]\n    return (  # (\n2)\nw\n",
    "continued lines": "def f():\n    x = 1 + \\\n  2\n    y\ndef g(): \\\n  x\ndef h(a=\\\n  1):\n    y\nw\n",
    "continued at the end": "def f():\n    x\n    y = 1 \\\n\n\ndef g():\n    z\n",
    "semicolons": "def f():\n    x; y;\ndef g(): x; y\ndef h():\n    z; return 1;  # end\nw\n",
    "clauses": (
        "def f():\n    try:\n        x\n    except E:\n        y\n    else:\n        z\n"
        "    finally:\n        w\nif x:\n    def g():\n        y\n"
    ),
    "yield and await": (
        "async def f():\n    yield await x\n    async for y in z:\n        w\n    return [a async for a in b]\nx\n"
    ),
    "declarations": "def f():\n    global x\n    def g():\n        nonlocal y\n        y = 1\n    x = 2\nz\n",
    "characters": "def f():\n    é = 'ü' + x; ß(é)\ndef ü():\n    return 'é', é\nx\n",
    "tabs": "def f():\n\tif x:\n\t\ty\n\tz\nclass A:\n\tdef f(self):\n\t\tx\n\t\treturn y\nw\n",
    "two indentations": "def f():\n  if x:\n      y\n  z\nclass A:\n     def f(self):\n          x\nw\n",
    "spaces on blank lines": (
        "def f():\n    x\n    \n        \n\t\n    y\n    \n  \nclass A:\n"
        "    def g(self):\n        z\n        \n    \nw\n"
    ),
    "carriage returns": (
        "def f():\r\n    '''doc\r\n    '''\r\n    # c\r\n    x\r\n\r\n"
        "class A:\r\n    def f(self):\r\n        y\r\nz\r\n"
    ),
    "no newline at the end": "def f():\n    x\ndef g():\n    y",
    "type comments": "def f(x):\n    # type: (int) -> int\n    return x  # type: ignore\nw\n",
    "one name twice": "def f():\n    x\ndef f():\n    y\nclass A:\n    def f(self):\n        z\n",
}
"""Sources with at least one body that is parsed on first use."""

WHOLE = {
    "decorator in parentheses": "def f():\n    @(\n    c\n)\n    def g(): pass\nx\n",
    "backslash at the start of a line": "def f():\n    x\n\\\ny\n",
    "form feed": "def f():\n    x\n\x0cy = 2\n",
    "mixed line endings": "def f():\r\n    x\ny = 2\r\n",
    "one-line bodies": "def f(): x\nclass A: y = 1\n",
}
"""Sources that are parsed at once."""


@pytest.mark.parametrize("layout", BODIES)
def test_bodies_equal_the_whole(layout: str) -> None:
    module = parse_deferred(BODIES[layout])
    assert module
    assert_deferred_equals_whole(module, BODIES[layout])


@pytest.mark.parametrize("layout", [*WHOLE, *INVALID])
def test_other_sources_are_parsed_at_once(layout: str) -> None:
    assert parse_deferred((WHOLE | INVALID)[layout]) is None


def test_all_layouts_equal_the_whole() -> None:
    for source in LAYOUTS.values():
        _assert_equals_whole(source)


@pytest.mark.slow
def test_long_bodies_are_parsed_in_pieces() -> None:
    lines = "".join(f"        with a{number}:\n            b\n        c = '{number}'\n" for number in range(200))
    source = f"class A:\n    def f(self):\n{lines}\n    def g(self):\n        x\ny = 1\n"
    module = parse_deferred(source)
    assert module
    assert_deferred_equals_whole(module, source)
    assert module.deferred
    assert len(module.deferred.bodies.parsed[0].joined.pieces) >= len(lines) // PIECE_LENGTH // 2


def test_a_body_over_the_limit_stays_a_stub() -> None:
    memory = ParsedTokens(room=5)
    module = parse_deferred("def f():\n    return [1, 2, 3, 4, 5]\n\n", memory)
    assert module
    [block] = blocks_of(module)
    assert cst.Module([]).code_for_node(block.body[0]) == "0\n"
    assert memory.is_exceeded
    assert list(memory.incomplete_paths) == ["shop.py"]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_bodies_of_fixtures_equal_the_whole(part: int) -> None:
    for path in SOURCES[part::20]:
        _assert_equals_whole(path.read_bytes().decode(errors="replace"))


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=example_count(20),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.deferred(programs), min_size=2, max_size=4))
def test_bodies_of_programs_of_the_grammar(sources: list[str]) -> None:
    _assert_equals_whole("".join(sources))


@pytest.mark.slow
@pytest.mark.parametrize("seed", sample(range(16), 5))
def test_bodies_of_random_edits(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - not for cryptography
    texts = [*BODIES.values(), *LAYOUTS.values(), *(path.read_text("utf-8", errors="replace") for path in SOURCES)]
    source = chance.choice(texts)
    for _ in range(40):
        changed = edited(source, chance)
        if _assert_equals_whole(changed):
            source = changed


def _assert_equals_whole(source: str) -> bool:
    """Compare a module with its source parsed whole. Return whether bodies are parsed on first use."""
    memory = ParsedTokens()
    module = parse_deferred(source, memory)
    if module is None:
        return False
    if all(block.body for block in blocks_of(module)) and memory.incomplete_paths:
        return False  # LibCST does not support the body
    assert_deferred_equals_whole(parse_deferred(source) or module, source)
    return True


@pytest.mark.parametrize(("tokens", "is_deferred"), [(0, False), (50_000, True)])
def test_short_modules_save_memory_if_there_are_many(tokens: int, *, is_deferred: bool) -> None:
    source = "def f():\n" + "    total = compute(first, second)\n" * 80
    module = parse_module(source.encode(), "shop.py", memory=ParsedTokens(tokens=tokens))
    assert (module.deferred is not None) is is_deferred
    assert module.tree.code == source
