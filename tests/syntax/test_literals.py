"""Test the values of literals, also of those that Python rejects."""

from __future__ import annotations

import warnings
from pathlib import Path

import libcst as cst
import pytest

import stepgraph
from stepgraph.syntax.literals import key_of, string_of, value_of_source
from tests.semantics.notation import module_of, workflow_of

BAD_ESCAPE = r'"\N{no such letter}"'
LONG_INTEGER = "9" * 5000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('"a"', "a"),
        ("'''a'''", "a"),
        (r'"\x61\n"', "a\n"),
        (r'r"\d"', r"\d"),
        (r'"\d"', r"\d"),
        ('"a" "b"', "ab"),
        ('b"a"', None),
        ('f"a"', None),
        (BAD_ESCAPE, None),
        ("1", None),
    ],
)
def test_text_of_a_string(source: str, text: str | None) -> None:
    assert string_of(cst.parse_expression(source)) == text


@pytest.mark.parametrize(
    ("source", "key"), [('"a"', "a"), ("12", 12), ("0x10", 16), (LONG_INTEGER, None), (BAD_ESCAPE, None), ("a", None)]
)
def test_key(source: str, key: str | int | None) -> None:
    assert key_of(cst.parse_expression(source)) == key


def test_no_warning_about_escapes_is_printed() -> None:
    with warnings.catch_warnings(record=True) as printed:
        warnings.simplefilter("always")
        assert value_of_source(r"'\d'") == r"\d"
    assert not printed


@pytest.mark.parametrize("literal", [BAD_ESCAPE, LONG_INTEGER], ids=["text", "number"])
@pytest.mark.parametrize(
    "code",
    [
        "getattr(event, {})",
        "getattr(event, {}, None) is not None and await step.sleep('a', 1)",
        "if hasattr(event, {}):\n    await step.sleep('a', 1)",
        "if event['name'].startswith({}):\n    await step.sleep('a', 1)",
        "items = [event]\nfor n in range(2):\n    if items[{}]:\n        await step.sleep('a', 1)",
        "setattr(event, {}, 1)",
        "vars(event)[{}] = 1",
        "event.__dict__[{}] = 1",
        "names = {{'a': 'b'}}\nawait getattr(self, names[{}])()",
        "match event:\n    case {{{}: 1}}:\n        await step.sleep('a', 1)",
        "import importlib\nimportlib.import_module({})",
    ],
)
def test_code_with_rejected_literals_is_analyzed(code: str, literal: str) -> None:
    assert workflow_of(f"await step.sleep('z', 1)\n{code.format(literal)}").graph is not None


_WORKFLOW = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("a", 1)
"""


@pytest.mark.parametrize(
    "code",
    [
        "class A:\n    __match_args__ = ({},)",
        "@dataclass\nclass A:\n    a: int = Field(alias={})",
        "def f(): ...\n\nsetattr(f, {}, 1)\nvars(f)[{}] = 2",
        "def f(a: {}): ...\n\nclass A:\n    a: {}",
    ],
)
def test_modules_with_rejected_strings_are_analyzed(code: str) -> None:
    source = f"from workers import WorkflowEntrypoint\n\n{code.replace('{}', BAD_ESCAPE)}\n{_WORKFLOW}"
    assert [workflow.graph is not None for workflow in module_of(source).workflows] == [True]


def test_only_one_module_evaluates_literals() -> None:
    """LibCST's `evaluated_value` raises exceptions for literals that Python rejects."""
    package = Path(stepgraph.__file__).parent
    paths = [path.relative_to(package).as_posix() for path in sorted(package.rglob("*.py"))]
    readers = [path for path in paths if "evaluated_value" in (package / path).read_text(encoding="utf-8")]
    assert readers == ["syntax/literals.py"]
