"""Names that module and class bodies bind on some paths only, and the values that replace them on the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.semantics.projects import graph_of, notes_of

FUNCTIONS = """
import os
async def a(step): await step.sleep("a", 1)
async def b(step): await step.sleep("b", 1)
"""
PARTLY = "if os.environ.get('FAST'):\n    act = a\n"
FALLBACK = (
    "try:\n    from helpers import act\nexcept ImportError:\n    async def act(step): await step.sleep('late', 1)\n"
)


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def steps(head: str, body: str = "await act(step)", **modules: str) -> set[str]:
    """Return the names of the steps in the graph, which must be complete."""
    return set(re.findall(r"sleep '(\w+)'", graph_of(FUNCTIONS + head + "\n", body, **modules)))


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        (PARTLY, {"a", "late"}),
        (PARTLY + "else:\n    act = b\n", {"a", "b"}),
        ("try:\n    import orjson\n    act = a\nexcept ImportError:\n    pass\n", {"a", "late"}),
        ("try:\n    import orjson\n    act = a\nexcept ImportError:\n    act = b\n", {"a", "b"}),
        ("try:\n    act = a\nexcept ValueError:\n    act = b\n", {"a"}),
        ("for act in (a, b):\n    pass\n", {"a", "b", "late"}),
        ("act = a\n", {"a"}),
    ],
)
def test_the_fallback_of_an_import_replaces_an_unbound_name(binding: str, expected: set[str]) -> None:
    assert steps(FALLBACK, helpers=FUNCTIONS + binding) == expected


def test_a_module_that_imports_an_unbound_name_fails() -> None:
    assert steps(FALLBACK, helpers="from parts import act\n", parts=FUNCTIONS + PARTLY) == {"a", "late"}


@pytest.mark.parametrize(
    "binding",
    [
        "def load():\n    global act\n    act = a\nload()\n",
        "globals()['act'] = a\n",
        "act = a\ndel act\n",
    ],
)
def test_a_name_that_other_code_may_bind_is_reported(binding: str) -> None:
    assert notes_of(FUNCTIONS + FALLBACK, "await act(step)", helpers=FUNCTIONS + binding)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from wave import missing", {"a", "b"}),
        ("from asyncio import missing", {"a", "b"}),
        ("import asyncio.missing", {"a", "b"}),
        ("import distutils", {"a", "b"}),
        ("import urllib.parse", {"a"}),
        ("from asyncio import timeout", {"a"}),
        ("from email import message", {"a"}),
    ],
)
def test_python_may_lack_names_and_modules(source: str, expected: set[str]) -> None:
    assert steps(f"try:\n    {source}\n    act = a\nexcept ImportError:\n    act = b") == expected


@pytest.mark.parametrize(
    "head",
    [
        PARTLY + "try:\n    act\nexcept NameError:\n    act = b",
        PARTLY + "try:\n    chosen = act\nexcept NameError:\n    chosen = b\nact = chosen",
        "class B:\n    act = staticmethod(b)\nclass C(B):\n    if os.name:\n        act = staticmethod(a)\nact = C.act",
        "class C:\n    if os.name:\n        act = staticmethod(a)\nact = getattr(C, 'act', b)",
        "name = b\nclass C:\n    if os.name:\n        name = a\n    act = staticmethod(name)\nact = C.act",
        "if os.name:\n    def max(*fns): return a\nact = max([b])",
    ],
    ids=["expression", "assignment", "base class", "getattr", "module variable", "built-in function"],
)
def test_the_value_on_the_other_paths(head: str) -> None:
    assert steps(head) == {"a", "b"}


def test_the_default_of_an_attribute_of_a_module() -> None:
    body = "import helpers\nawait getattr(helpers, 'act', b)(step)"
    assert steps("", body, helpers=FUNCTIONS + PARTLY) == {"a", "b"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("if os.name:\n        NAME = 'x'", "C.NAME"), ("NAME = 'x'", "x")],
)
def test_a_possibly_inherited_class_constant(condition: str, expected: str) -> None:
    head = f"import os\nclass Base:\n    NAME = 'y'\nclass C(Base):\n    {condition}\n"
    assert expected in graph_of(head, "await step.do(C.NAME)(lambda: 1)()")


def test_a_field_on_some_paths_is_reported() -> None:
    head = "import dataclasses\n@dataclasses.dataclass\nclass C:\n    if os.name:\n        act: object = a\n"
    assert notes_of(FUNCTIONS + head, "await C().act(step)")
