"""The reference page of the library documents all public names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from doctest import DocTestParser

import stepgraph
import stepgraph.testing
from docs.generate.api import api_page
from docs.generate.examples import ExampleBlock, blocks
from docs.generate.files import ROOT

PAGE = api_page()
PUBLIC = [name for name in (*stepgraph.__all__, *stepgraph.testing.__all__) if name != "__version__"]


EXAMPLES = (ROOT / "docs/reference/library.md").read_text(encoding="utf-8")


def code_of(block: ExampleBlock) -> str:
    """Return the Python of a block: a module, or the statements of a session."""
    if block.language == "pycon":
        return "".join(example.source for example in DocTestParser().get_examples(block.text))
    return block.text if block.language == "python" else ""


def is_executed(file: str, page: str) -> bool:
    """Return whether a command of the page runs a file, or another example imports it."""
    return bool(re.search(rf"^(?!<!-- file).*\b({file}|from {file[:-3]} import)", page, re.MULTILINE))


def imported_names(page: str) -> Iterator[str]:
    """Yield the public names that the executed examples of a page import."""
    for block in blocks(page):
        if block.action == "file" and is_executed(block.argument.rpartition("/")[2], page):
            for node in ast.walk(ast.parse(code_of(block))):
                if isinstance(node, ast.ImportFrom) and node.module in {"stepgraph", "stepgraph.testing"}:
                    yield from (name.name for name in node.names)


def section(name: str) -> str:
    return PAGE.split(f"\n### {name}\n")[1].split("\n### ")[0].split("\n## ")[0]


def test_each_public_name_has_one_section() -> None:
    assert [name for name in PUBLIC if len(re.findall(rf"^### {name}$", PAGE, re.MULTILINE)) != 1] == []


def test_each_public_name_is_in_an_executed_example() -> None:
    missing = {*PUBLIC, "__version__"} - set(imported_names(EXAMPLES))
    assert missing == set(), "add them to examples of docs/reference/library.md"


def test_an_example_without_a_command_does_not_count() -> None:
    page = "<!-- file: a.py -->\n```python\nfrom stepgraph import Note\n```\n"
    assert list(imported_names(page)) == []
    assert list(imported_names(f"{page}\n```sh\npython a.py\n```\n")) == ["Note"]


def test_a_function_has_its_signature_and_docstring() -> None:
    assert section("analyze_source").startswith(
        "\n```python\n"
        "analyze_source(source: str | bytes, path: str | os.PathLike[str] = '<string>') -> Analysis\n"
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
