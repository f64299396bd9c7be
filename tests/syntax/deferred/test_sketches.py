"""Sketches of bodies have the nodes, names and literals of the same bodies parsed by LibCST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
import pytest

from stepgraph.syntax.deferred.blocks import DeferredBlock, sketch_of
from stepgraph.syntax.walk import children, statements_below
from tests.syntax.deferred.deferred_modules import blocks_of, parse_deferred
from tests.syntax.deferred.test_deferred_bodies import BODIES
from tests.syntax.pieces.layouts import LAYOUTS, SOURCES

STATEMENTS = """\
x: int = 1; y: str
x = y = z, *w = a; x += 1; x @= y; del x; del x, y; del (x, y); del x[0], y.z
assert x, y; raise; raise x; raise x from y; return; return x; pass; break; continue
import a, b.c as d; from . import a; from ..a.b import c as d, e; from a import *
global x, y; nonlocal z
if x: y
elif z: w
else:
    if a: b
    else: c
for x, y in z: w
else: a
async for x in y: z
while x: y
else: z
with a, b as c, d as (e, f): g
async with (a as b): c
try: a
except B: c
except (D, E) as e: f
except: g
else: h
finally: i
try: a
except* B as c: d
@a.b(c)
async def f(a, /, b: int = 1, *c: d, e=2, f, **g: h) -> i: j
def f(*, a): b
def f(*a): b
class A(B, *C, metaclass=D, **E): f
class A: b
x(a, *b, c=d, *e, **f)(y).z[a][b:c][:d:e, f][(g, h)][()][i,]
x = [*a, b], (c,), (), {d}, {}, {'e': f, **g}, {*h}
x = not a, -b, a + b * c, a and b and c or d, a < b <= c != d is not e not in f, a if b else c
x = lambda a, *b, c=1, **d: e, (yield), (yield a), (yield from b), (await c), (d := e)
x = [a for b in c if d if e for f in g], {a async for b in c}, {a: b for c in d}, (a for b in c)
x = 1, 1.5, 2j, 0x1F, ..., None, True, b'a', 'b', "c", '''d
e''', r"\\d", "a" "b", ("c"
 "d"), 'é' + x
x = f"a", f"{a}b{c!r:>10}", "e" f"{f['g']}"
"""
LITERALS = {
    "escaped line ending": "def f():\r\n    x = 'a\\\r\nb', '''c\\\r\nd'''\r\n",
    "large number": f"def f():\n    x = 0x{'f' * 10_000}\n",
    "literals in a format string": "def f():\n    x = f\"{'a' 'b'} {'c'}\"\n",
}
OTHER = {"match": "match x:\n    case a: b\n", "long": "x = 'é', " + "a, " * 30 + "'ü'\n"}

_TOKENS: Final = (
    *(cst.BaseBinaryOp, cst.BaseAugOp, cst.BaseCompOp, cst.BaseUnaryOp, cst.BaseBooleanOp, cst.AssignEqual),
    *(cst.Asynchronous, cst.FormattedStringText, cst.ParamSlash, cst.Colon, cst.Semicolon, cst.SimpleStatementLine),
)


def _shape(node: cst.CSTNode) -> Iterator[str]:
    """Yield the types, names and literals of the nodes that a sketch has, parents first."""
    pending = [node]
    while pending:
        current = pending.pop()
        match current:
            case cst.Name(value=str(text)):
                yield text
            case cst.SimpleString():
                yield f"string {current.raw_value}"
            case cst.ConcatenatedString() | cst.FormattedString():
                fields = [each for each in _parts(current) if isinstance(each, cst.FormattedStringExpression)]
                yield "string" if not fields else "format string"
                pending += reversed(fields)
                continue
            case cst.Arg(star=str(star)) | cst.Param(star=str(star)):
                yield f"{type(current).__name__} {star}"
            case cst.IndentedBlock() | cst.SimpleStatementSuite():
                yield "block"
            case cst.SimpleStatementLine():
                pass
            case _ if not isinstance(current, _TOKENS):
                yield type(current).__name__
        pending += reversed(children(current))


def _parts(node: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
    match node:
        case cst.ConcatenatedString(left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)
        case cst.FormattedString(parts=parts):
            yield from parts


def _assert_sketches_equal_bodies(source: str) -> int:
    """Compare the sketches of all bodies with the bodies. Return the number of sketches."""
    module = parse_deferred(source)
    blocks = [] if module is None else blocks_of(module)
    sketches = [sketch_of(block) for block in blocks]
    for block, sketch in zip(blocks, sketches, strict=True):
        assert list(_shape(sketch)) == list(_shape(block))
    return sum(not isinstance(sketch, DeferredBlock) for sketch in sketches)


def _function(statements: str) -> str:
    lines = statements.split("\n")
    return "def f():\n" + "\n".join(f"    {line}" if line else line for line in lines) + "x\n"


def test_sketches_have_the_nodes_of_all_statements() -> None:
    assert _assert_sketches_equal_bodies(_function(STATEMENTS)) == 1


@pytest.mark.parametrize("source", [*BODIES.values(), *LAYOUTS.values(), _function(OTHER["long"])])
def test_sketches_have_the_nodes_of_bodies(source: str) -> None:
    _assert_sketches_equal_bodies(source)


@pytest.mark.parametrize("literals", LITERALS)
def test_sketches_have_the_literals_of_bodies(literals: str) -> None:
    _assert_sketches_equal_bodies(LITERALS[literals])


def test_names_are_not_normalized() -> None:
    assert _assert_sketches_equal_bodies(_function("ﬁeld.append('…')\n")) == 0
    assert _assert_sketches_equal_bodies(_function("field.append('…')\n")) == 1


def test_a_long_chain_of_clauses_has_a_sketch() -> None:
    """Converting a clause twice would double the time with each clause."""
    assert _assert_sketches_equal_bodies(_function("if x: y\n" + "elif x: y\n" * 100)) == 1


def test_syntax_without_sketch_is_parsed() -> None:
    module = parse_deferred(_function(OTHER["match"]))
    assert module
    [block] = blocks_of(module)
    assert sketch_of(block) is block
    assert [type(each) for each in statements_below(block, sketched=True)] == [cst.Match, cst.Expr]


def test_searches_do_not_parse_bodies() -> None:
    module = parse_deferred("def f():\n    x = y\nclass A:\n    def g(self):\n        z += 1\nw\n")
    assert module
    types = [type(each) for each in statements_below(module.tree, into_functions=True, sketched=True)]
    assert types == [cst.FunctionDef, cst.Assign, cst.ClassDef, cst.FunctionDef, cst.AugAssign, cst.Expr]
    assert all(block.source and block.source.statements is None for block in blocks_of(module))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_sketches_have_the_nodes_of_fixtures(part: int) -> None:
    for path in SOURCES[part::10]:
        _assert_sketches_equal_bodies(path.read_bytes().decode(errors="replace"))
