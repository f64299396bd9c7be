"""Errors that Python reports when it compiles a module."""

from __future__ import annotations

import pytest

from stepgraph.syntax import compile_errors
from stepgraph.syntax.compile_errors import CompileError, compile_error, compile_source
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import parse_module


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    pass\nfinally:\n    return\n",
        "try:\n    return\nfinally:\n    pass\n",
        "try:\n    pass\nexcept ValueError:\n    pass\nfinally:\n    return\n",
        "try:\n    pass\nexcept* ValueError:\n    pass\nfinally:\n    return\n",
    ],
)
def test_error_in_a_try_with_a_finally(source: str) -> None:
    with pytest.raises(SyntaxError, match="'return' outside function"):
        compile_source(source.encode())


@pytest.mark.parametrize("body", ["continue", "break", "f()"])
def test_valid_finally(body: str) -> None:
    compile_source(f"for x in y:\n    try:\n        f()\n    finally:\n        {body}\n".encode())


def test_nested_finally_blocks_are_compiled_once() -> None:
    """Python compiles the statements of the innermost block a million times: this takes over 8 GB of memory."""
    depth, statements = 20, 500
    blocks = "".join(f"{' ' * level}try: f()\n{' ' * level}finally:\n" for level in range(depth))
    compile_source(f"{blocks}{' ' * depth}{'; '.join(['f()'] * statements)}\n".encode())


@pytest.mark.slow
@pytest.mark.parametrize("separator", [", ", "], ["])
def test_patterns_with_many_names_are_not_compiled(separator: str) -> None:
    """Python reorders the values of all names once for each name: 8,000 names take 2.5 GB of memory."""
    names = separator.join(f"name_{number}" for number in range(8_000))
    with pytest.raises(ValueError, match="its patterns bind too many names"):
        compile_source(f"match x:\n    case [[{names}]]: pass\n".encode())


def test_patterns_with_names_are_compiled() -> None:
    case = "    case {'a': [b, *c], 'd': E(f=f, g=g) as h, **i}: return\n"
    with pytest.raises(SyntaxError, match="'return' outside function"):
        compile_source(f"match x:\n{case}".encode())


def _module(line: str = "step_30()") -> bytes:
    """Return a module that is parsed in pieces, with a line in a loop of an async method."""
    calls = "".join(f"            step_{number}('{'a' * 80}')\n" for number in range(60))
    before, after = calls[: calls.index("            step_30")], calls[calls.index("            step_31") :]
    return (
        f"from __future__ import annotations\n\nclass W:\n    async def run(self):\n        for x in y:\n{before}"
        f"            {line}\n{after}        return 1\n\n    def name(self):\n        if self:\n{calls}"
    ).encode()


def _after_edit(line: str, *, of: bytes | None = None) -> CompileError | None:
    """Return the error of a new version of a module whose earlier version has been compiled."""
    earlier = _compiled(_module() if of is None else of)
    return parse_module(_module(line), "w.py", earlier=earlier).once(compile_error)


@pytest.mark.parametrize(
    "line", ["return", "await f()", "break", "[a async for a in b]", "def f(): return 1", "a: b.c"]
)
def test_valid_edit(line: str) -> None:
    assert _after_edit(line) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("def f(): await g()", "'await' outside async function"),
        ("def f(): continue", "'continue' not properly in loop"),
        ("class A: return 1", "'return' outside function"),
        ("nonlocal a", "no binding for nonlocal 'a' found"),
        ("def f(a, a): pass", "duplicate argument 'a' in function definition"),
        ("def f(a: (b := 1)): pass", "be used within an annotation"),
        ("from __future__ import division", "from __future__ imports must occur at the beginning of the file"),
        ("import math; from math import *", "import * only allowed at module level"),
    ],
)
def test_error_in_an_edit(line: str, message: str) -> None:
    error = _after_edit(line)
    assert error is not None
    assert message in error.message
    assert error == parse_module(_module(line), "w.py").once(compile_error)


def test_edit_of_the_function_around_unchanged_code() -> None:
    earlier = _module("await f()")
    module = parse_module(earlier.replace(b"async def run", b"def run"), "w.py", earlier=_compiled(earlier))
    assert module.once(compile_error) == CompileError("'await' outside async function", 36, 13)


def test_repaired_error() -> None:
    assert _after_edit("f()", of=_module("def f(): await g()")) is None


def test_only_the_edited_piece_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = _compiled(_module())
    compiled: list[bytes] = []
    monkeypatch.setattr(compile_errors, "compile_source", lambda source, **_: compiled.append(source))
    parse_module(_module("f(1)"), "w.py", earlier=earlier).once(compile_error)
    (code,) = compiled
    assert code.startswith(b"from __future__ import annotations\nclass _:\n    async def _():\n        while _:\n")
    assert b"f(1)" in code
    assert len(code) < len(_module()) / 4


def _compiled(source: bytes) -> SourceModule:
    module = parse_module(source, "w.py")
    module.once(compile_error)
    return module
