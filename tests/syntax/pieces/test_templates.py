"""Code with the same structure has the same tree, except for its names, strings and comments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst
import pytest

from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.normal_names import parse_names
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.pieces import cutting, parsing, templates
from stepgraph.syntax.pieces.templates import Repetition, structured
from stepgraph.syntax.pieces.versions import parse_in_pieces
from tests.syntax.pieces.layouts import SOURCES
from tests.syntax.pieces.whole_modules import assert_equals_whole

STATEMENTS = {
    "call": "await step.sleep('rest {n}', '5 minutes')\n",
    "decorated": (
        "@step.do('charge {n}', config={{'retries': {{'limit': 3}}}})\nasync def charge_{n}(order):\n    return order\n"
    ),
    "comment": "x_{n} = 1  # number {n}\n",
    "comment with a quote": "# it's number {n}\nx_{n} = 1\n",
    "f-string": "x_{n} = f'{{a!r:>3}}' + 'text {n}'\n",
    "f-string in a different place": "x_{n} = f'a', b_{n}\n",
    "nested quotes": "x_{n} = f\"{{a['b']}}\", 'text {n}'\n",
    "docstring": 'def f_{n}():\n    """Return {n}.\n\n    Never.\n    """\n',
    "escapes": "x_{n} = 'a\\'{n}', \"\\\\\", 'b'\n",
    "continued string": "x_{n} = 'a\\\nb{n}'\n",
    "prefixes": "x_{n} = rb'a' + b'b', u'c', 'd{n}', R'd'\n",
    "concatenated": "x_{n} = 'a' 'b{n}' f'c'\n",
    "numbers": "x_{n} = 0x1F, 1e5, 1.5e-3, 1_000, 5j, .5\n",
    "match": "match x_{n}:\n    case [a_{n}, *_] | A(b=_):\n        pass\n    case _:\n        pass\n",
    "soft keywords": "match, case, type, lazy, _ = x_{n}\n",
    "type": "type T_{n}[A] = list[A]\n",
    "global": "def f_{n}():\n    global a_{n}, b\n    import c.d as e\n    from .f import g as h\n",
    "lambda": "x_{n} = lambda a, /, b=1, *c, d, **e: (yield)\n",
    "comprehension": "x_{n} = [a for a in b if a not in c for d in e]\n",
    "operators": "x_{n} = a if not b else c @ -d ** e is not f\n",
    "try": "try:\n    a_{n}()\nexcept (B, C) as d:\n    raise E from d\nelse:\n    pass\nfinally:\n    del f\n",
    "with": "async def f_{n}():\n    async with a as b, c:\n        async for d in e: f()\n",
    "walrus": "if (a_{n} := b):\n    c[1:2, ...] += d; e\n",
    "annotations": "a_{n}: 'b' = c\n",
    "dunder": "__slots__ = __debug__, __name_{n}__\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("statement", STATEMENTS)
def test_repeated_statements(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(code: str, text: str) -> cst.Module:
        parsed.append(code)
        return parse_names(code, text)

    monkeypatch.setattr(parsing, "parse_names", parse)
    _assert_equals_whole("".join(STATEMENTS[statement].format(n=number) for number in range(20)))
    assert len(parsed) < 10


@pytest.mark.parametrize("statement", STATEMENTS)
def test_repeated_statements_in_a_method(statement: str) -> None:
    code = STATEMENTS[statement]
    indented = "".join(f"        {line}" for line in code.splitlines(keepends=True))
    source = "class A:\n    async def run(self):\n        pass\n"
    if '"""' not in code and "\\\n" not in code:
        _assert_equals_whole(source + "".join(indented.format(n=number) for number in range(10)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a = b", "a = 'b'"),
        ("a = f'{b}'", "a = f'{c}'"),
        ("f(a, f'b')", "f(f'b', a)"),
        ("a = match", "a = b"),
        ("a if b else c", "a or b and c"),
        ("a = 1", "a = 2"),
        ("a # b", "a"),
        ("a  = b", "a = b"),
    ],
)
def test_different_structures(first: str, second: str) -> None:
    structures = [structured(first), structured(second)]
    assert structures[0]
    assert structures[1]
    assert structures[0].structure != structures[1].structure


UNTERMINATED = ["a = 'b", "a = 'b\\'", '"""a"', "''' ''"]


@pytest.mark.parametrize("code", ["é = 1", "a = 1\r\n", "a\0 = 1\n", "a = 'b'\n" * 1_000, *UNTERMINATED])
def test_structures_that_are_not_compared(code: str) -> None:
    assert structured(code) is None


def test_only_frequent_structures_are_repeated() -> None:
    texts = [*(f"a_{number} = 'b'" for number in range(8)), *(f"a_{number} = b" for number in range(7))]
    codes = Repetition().repeated(texts)
    assert [code is not None for code in codes] == [True] * 8 + [False] * 7


def test_structures_of_other_modules_count() -> None:
    repetition = Repetition()
    codes = [repetition.repeated([f"a_{number} = 'b'"])[0] for number in range(20)]
    assert codes[0] is None
    assert codes[-1] is not None


def test_templates_save_time_if_a_quarter_of_the_code_is_copied() -> None:
    repetition = Repetition()
    repetition.repeated(["a = b"] * 8 + ["c(d)"] * 7)
    assert repetition.saves_time
    repetition.repeated(["c(d)" * 100])
    assert not repetition.saves_time


@pytest.mark.parametrize("last", ["x = 'a\n", "x = 'a\\'\n", "x = a'b'\n", "x = 'a'b\n", "x = if\n", "x = 'a' '\n"])
def test_a_template_hides_no_syntax_error(last: str) -> None:
    source = "".join(f"x = 'a{number}'\nx = a_{number}\n" for number in range(10)) + last
    with pytest.raises(cst.ParserSyntaxError):
        run_with_large_stack(lambda: parse_in_pieces(source, "utf-8", 10) or cst.parse_module(source))


def test_invalid_code_has_no_template() -> None:
    source = "".join(f"x_{number} = f'{{a b}}'\n" for number in range(10))
    with pytest.raises(cst.ParserSyntaxError):
        run_with_large_stack(lambda: parse_in_pieces(source, "utf-8", 10))


@pytest.mark.slow
def test_definitions_of_fixtures() -> None:
    for path in SOURCES[::40]:
        _assert_definitions_equal_whole(path.read_bytes().decode(errors="replace"))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_definitions_of_all_fixtures(part: int) -> None:
    for path in SOURCES[part::20]:
        _assert_definitions_equal_whole(path.read_bytes().decode(errors="replace"))


def _assert_definitions_equal_whole(source: str) -> None:
    """Assert that each statement of a module has the right tree if it is repeated with other names and strings."""
    for code in _statements(source):
        parts = structured(code)
        if parts is not None:
            versions = [
                parts.structure.with_tokens(
                    [
                        _varied(token, number) if kind != "=" else token
                        for token, kind in zip(parts.tokens, parts.structure.kinds, strict=True)
                    ]
                )
                for number in range(8)
            ]
            _assert_equals_whole("".join(versions))


def _varied(token: str, number: int) -> str:
    """Return another name, string or comment."""
    return f"{token}_{number}" if token[-1] not in "\"'" or token[0] == "#" else f"{token[:-1]}{number}{token[-1]}"


def _statements(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    lines = source.splitlines(keepends=True)
    for statement in tree.body:
        decorators = getattr(statement, "decorator_list", [])
        start = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
        yield "".join(lines[start - 1 : statement.end_lineno])


def _assert_equals_whole(source: str) -> None:
    try:
        joined = run_with_large_stack(lambda: parse_in_pieces(source, "utf-8", 10))
    except (cst.ParserSyntaxError, cst.CSTValidationError, TypeError):
        joined = None
    if joined is not None:
        assert_equals_whole(joined, source)


_HEAD = """\
from workers import WorkflowEntrypoint


class Orders{n}(WorkflowEntrypoint):
    async def run(self, event, step):
"""
_STEP = """\
        @step.do("charge {n}")
        async def charge_{n}(amount: int) -> int:
            return amount * 10 if amount else fail("nothing to charge")

        total = await charge_{n}(event["payload"]["amount"])

"""


@pytest.mark.slow
def test_modules_with_the_same_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    repetition = Repetition()
    monkeypatch.setattr(templates, "repetition", repetition)
    monkeypatch.setattr(cutting, "repetition", repetition)
    for number in range(30):
        source = (_HEAD + _STEP * 10).format(n=number)
        module = _module(source)
        assert module.tree.deep_equals(cst.parse_module(source))
    assert module.joined


def _module(source: str) -> SourceModule:
    return run_with_large_stack(lambda: parse_module(source.encode(), "orders.py"))
