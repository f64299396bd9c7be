"""Definitions, references and highlights of steps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from lsprotocol.types import DocumentHighlightKind, Location

from stepgraph.lsp.requests.navigation import definition_at, highlights_at, references_at
from tests.lsp.positions import program, text_at, view_at_caret

HELPERS = """\
async def pack(step):
    @step.do()
    async def wrap(load): ...
    await wrap()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(locations: Iterable[Location]) -> list[str]:
    """Return the file, line and text of each location."""
    files = {each.uri: Path(each.uri.removeprefix("file://")) for each in locations}
    return [
        f"{files[each.uri].name}:{each.range.start.line + 1} {text_at(files[each.uri].read_text(), each.range)}"
        for each in locations
    ]


def test_a_parameter_leads_to_the_step_that_it_names() -> None:
    body = '@step.do("order")\nasync def load(): ...\n@step.do()\nasync def charge(or^der): ...\nawait charge()'
    assert shown(definition_at(*view_at_caret({"entry.py": program(body)}))) == ["entry.py:5 load"]


def test_a_parameter_leads_to_each_step_of_its_name() -> None:
    body = """
if event:
    @step.do()
    async def load(): ...
else:
    @step.do()
    async def load(): ...
@step.do()
async def charge(load^): ...
await charge()
"""
    assert shown(definition_at(*view_at_caret({"entry.py": program(body)}))) == ["entry.py:6 load", "entry.py:9 load"]


def test_a_name_leads_to_the_function_of_the_step() -> None:
    files = {
        "entry.py": program('pay = step.do("p^ay")(card)\nawait pay()', "from helpers import card\n"),
        "helpers.py": "async def card(): ...\n",
    }
    assert shown(definition_at(*view_at_caret(files))) == ["helpers.py:1 card"]


@pytest.mark.parametrize(
    "body", ['await step.sleep("re^st", "1 day")', "@step.do()\nasync def load(): ...\nawait lo^ad()"]
)
def test_python_servers_know_other_definitions(body: str) -> None:
    assert definition_at(*view_at_caret({"entry.py": program(body)})) == []


def test_references_are_in_all_files() -> None:
    body = "@step.do()\nasync def load(): ...\nprint(load)\nawait lo^ad()\nawait pack(step)"
    view, position = view_at_caret({"entry.py": program(body, "from helpers import pack\n"), "helpers.py": HELPERS})
    assert shown(references_at(view, position, include_declaration=True)) == [
        "entry.py:6 load",
        "entry.py:7 load",
        "entry.py:8 load",
        "helpers.py:3 load",
    ]
    assert shown(references_at(view, position, include_declaration=False))[0] == "entry.py:7 load"


def test_references_are_in_all_workflows() -> None:
    base = """\
class Base(WorkflowEntrypoint):
    def steps(self, step):
        @step.do()
        async def load^(): ...
"""
    workflow = """\
class {}(Base):
    async def run(self, event, step):
        self.steps(step)
        @step.do()
        async def charge(load): ...
        await charge()
"""
    text = "from workers import WorkflowEntrypoint\n" + base + workflow.format("A") + workflow.format("B")
    view, position = view_at_caret({"entry.py": text})
    assert shown(references_at(view, position, include_declaration=False)) == ["entry.py:10 load", "entry.py:16 load"]


def test_a_step_is_highlighted_with_the_uses_of_its_result() -> None:
    body = """
@step.do()
async def load(): ...
@step.do()
async def charge(load):
    return load
await load^()
await charge()
"""
    view, position = view_at_caret({"entry.py": program(body)})
    assert [(each.range.start.line, each.kind) for each in highlights_at(view, position)] == [
        (4, DocumentHighlightKind.Write),
        (6, DocumentHighlightKind.Read),
        (7, DocumentHighlightKind.Read),
        (8, DocumentHighlightKind.Read),
    ]
