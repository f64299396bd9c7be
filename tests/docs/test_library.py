"""The page on the library has all of it, as it is."""

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
def test_what_can_be_imported_is_described_once(name: str) -> None:
    assert re.findall(rf"^### {name}$", PAGE, re.MULTILINE) == [f"### {name}"]


def test_a_function_is_shown_as_it_is_called_with_its_docstring() -> None:
    assert section("analyze_source").startswith(
        "\n```python\n"
        "analyze_source(source: str | bytes, path: str = '<string>') -> Analysis\n"
        "```\n\n"
        "Return the workflows of a module, from its text or the bytes of its file.\n"
    )


def test_a_result_has_its_fields_but_for_those_that_are_our_own() -> None:
    shown = section("Analysis")
    assert "| `workflows` | `tuple[WorkflowAnalysis, ...]` |" in shown
    assert "| `footprint` |" not in shown


def test_a_class_has_its_methods_and_properties() -> None:
    shown = section("WorkflowGraph")
    assert "**`complete: bool`**\n\nWhether all code was resolved" in shown
    assert "**`runs_before(first: str, second: str) -> bool`**\n\nReturn whether `first` always ends" in shown
    assert "**`WorkflowGraph.of(source: " in shown


def test_the_fixture_is_called_by_its_name() -> None:
    assert "**`workflow_graph(source: str | os.PathLike[str] | type, name: str | None = None)" in section(
        "WorkflowGraphs"
    )


def test_members_of_an_enumeration_have_their_values() -> None:
    assert "- `ERROR`: `'error'`\n- `WARNING`: `'warning'`\n" in section("Severity")
