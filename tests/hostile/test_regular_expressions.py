"""Every regular expression takes linear time on any input."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import stepgraph
from tests.hostile.ambiguity import slow_loops

# Modules that compile patterns at run time, and why these are harmless.
MADE_AT_RUN_TIME = {
    "checks/analysis/step_fixes.py": "a keyword of a method, escaped by being a name of Python",
    "interpreter/library/reflection.py": "the name of a module or class, escaped",
    "project/class_names.py": "identifiers that start with a common prefix of class names",
}

_ANCHORED = {"match", "fullmatch", "pattern"}


@cache
def _modules() -> Sequence[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(stepgraph.__path__, "stepgraph.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def _patterns(value: object) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    """Yield the patterns in a constant of a module."""
    match value:
        case re.Pattern():
            yield value
        case dict():
            for inner in value.values():
                yield from _patterns(inner)
        case list() | tuple():
            for inner in value:
                yield from _patterns(inner)


def _is_searched(tree: ast.Module, name: str) -> bool:
    """Return whether a module uses a pattern other than with `match` or `fullmatch`."""
    anchored = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _ANCHORED:
            receiver = node.value.value if isinstance(node.value, ast.Subscript) else node.value
            anchored.add(id(receiver))
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    return any(id(use) not in anchored for use in uses)


@cache
def _source(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text("utf-8"))


@pytest.mark.slow
def test_no_regular_expression_is_slow() -> None:
    slow = {}
    for module in _modules():
        tree = _source(module)
        for name, value in vars(module).items():
            for pattern in _patterns(value):
                flags = pattern.flags & ~re.UNICODE
                loops = slow_loops(pattern.pattern, flags, searched=_is_searched(tree, name))
                if loops:
                    slow[f"{module.__name__}.{name}"] = (pattern.pattern, loops)
    assert slow == {}


def _calls_of_re(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
        ):
            yield node


def _in_functions(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            yield from _calls_of_re(ast.Module([ast.Expr(node)] if isinstance(node, ast.Lambda) else [node], []))


def _constant(pattern: ast.expr, module: ModuleType) -> str | bytes | None:
    """Return a pattern that is a literal or a constant of the module, or None."""
    match pattern:
        case ast.Constant(value=str() | bytes() as text):
            return text
        case ast.Name(id=name) if isinstance(value := vars(module).get(name), str | bytes):
            return value
        case _:
            return None


@pytest.mark.slow
def test_patterns_in_functions_are_constants() -> None:
    """The previous test covers compiled patterns in module constants."""
    unchecked = []
    for module in _modules():
        path = Path(str(module.__file__)).relative_to(stepgraph.__path__[0]).as_posix()
        for call in _in_functions(_source(module)):
            pattern = _constant(call.args[0], module)
            if pattern is None:
                unchecked += [path] if path not in MADE_AT_RUN_TIME else []
            elif slow_loops(pattern, searched=isinstance(call.func, ast.Attribute) and call.func.attr not in _ANCHORED):
                unchecked.append(path)
    assert unchecked == []


@pytest.mark.slow
def test_no_module_imports_a_pattern() -> None:
    """Otherwise, `_is_searched` would miss the uses of the pattern in other modules."""
    imported = [
        (module.__name__, alias.name)
        for module in _modules()
        for node in ast.walk(_source(module))
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("stepgraph")
        for alias in node.names
        if isinstance(getattr(importlib.import_module(node.module), alias.name, None), re.Pattern)
    ]
    assert imported == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)*b",
        r"(?:a|\w)*b",
        r"(?:\w++,|a++,)*y",
        r"^\d+\.?\d*x",
        r"^\s*x?\s*y",
        r"^.*a.*b",
        r"^[^\n]{0,400}\.[^\n]{0,400}\bin\b",
        r"\w+\[",
        r"\w++\[",
        r'"(?:[^"\\]|\\.)*"',
        r"/\*.*?\*/",
        r"\s+$",
    ],
)
def test_slow_expression(pattern: str) -> None:
    assert slow_loops(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r'"[^"]*"',
        r'"(?:[^"\\]|\\.)*+"?',
        r"#[^\n]*",
        r"\b\w+\s*\[",
        r"(?<!\w)\w+\[",
        r"^(?:\w+\s?)*+y",
        r"^(?>\w+)\d*x",
        r"\bclass\s+\w+\(",
    ],
)
def test_linear_expression(pattern: str) -> None:
    assert slow_loops(pattern) == []


def test_an_anchored_expression_is_not_searched() -> None:
    assert slow_loops(r"\w+\[", searched=False) == []
