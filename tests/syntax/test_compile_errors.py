"""Errors that Python reports when it compiles a module."""

from __future__ import annotations

import pytest

from stepgraph.syntax.compile_errors import compile_source


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
