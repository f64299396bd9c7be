"""The reference page of the library documents all public names."""

from __future__ import annotations

import re

import pytest

import stepgraph
import stepgraph.testing
from docs.generate.api import api_page

PAGE = api_page()
PUBLIC = [name for name in (*stepgraph.__all__, *stepgraph.testing.__all__) if name != "__version__"]


def section(name: str) -> str:
    return PAGE.split(f"\n### {name}\n")[1].split("\n### ")[0].split("\n## ")[0]


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_has_one_section(name: str) -> None:
    assert re.findall(rf"^### {name}$", PAGE, re.MULTILINE) == [f"### {name}"]


def test_a_function_has_its_signature_and_docstring() -> None:
    assert section("analyze_source").startswith(
        "\n```python\n"
        "analyze_source(source: str | bytes, path: str = '<string>') -> Analysis\n"
        "```\n\n"
        "Analyze the source text of a module, or the bytes of its file.\n"
    )


def test_a_class_has_its_fields_with_their_docstrings() -> None:
    text = section("Analysis")
    assert "| field | type | meaning |\n| --- | --- | --- |\n" in text
    assert "| `workflows` | `tuple[WorkflowAnalysis, ...]` | The workflows in source order. |\n" in text
    assert "| `span` | `Span` | The location of the problem. |\n" in section("Finding")


def test_internal_fields_are_omitted() -> None:
    assert "| `inputs` |" not in section("Analysis")
    assert "| `describe` |" not in section("WorkflowAnalysis")
    assert "| `describe` |" not in section("WorkflowGraph")


def test_a_class_has_its_methods_and_properties() -> None:
    text = section("WorkflowGraph")
    assert "**`complete: bool`**\n\nWhether all code was resolved" in text
    assert "**`runs_before(first: str, second: str) -> bool`**\n\nReturn whether `first` always ends" in text
    assert "**`WorkflowGraph.of(source: " in text


def test_the_call_of_a_fixture_has_the_name_of_the_fixture() -> None:
    assert "**`workflow_graph(source: str | os.PathLike[str] | type, name: str | None = None)" in section(
        "WorkflowGraphs"
    )


def test_members_of_an_enumeration_have_values_and_docstrings() -> None:
    assert "- `ERROR`: `'error'`. The code fails at run time.\n- `WARNING`: `'warning'`. The code " in section(
        "Severity"
    )
