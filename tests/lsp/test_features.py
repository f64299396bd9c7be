"""The requests for hovers, navigation, renames, hints, symbols, folding ranges and lenses, to the real server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.cli.sources import IMPORT
from tests.lsp.editor import OpenProject, position_of
from tests.lsp.positions import program

LINKED = program("@step.do()\nasync def load(): ...\n@step.do()\nasync def charge(load): ...\nawait charge()")
REST = program('await step.sleep("rest", "5 min")')
ORDERS = f"""{IMPORT}

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("réserver 📦")
        async def reserve():
            return 1

        await reserve()
"""


def open_orders(project: OpenProject) -> types.Position:
    """Open a workflow, and return the position of a parameter that names a step."""
    project.open("orders.py", LINKED)
    return position_of(LINKED, "(load", 1)


def lines(answer: object) -> list[int]:
    """Return the lines of locations or highlights."""
    assert isinstance(answer, Sequence)
    return [each.range.start.line for each in answer]


@pytest.mark.slow
def test_a_parameter_leads_to_its_step(project: OpenProject) -> None:
    position = open_orders(project)
    document = project.identifier("orders.py")
    assert lines(project.request(types.TEXT_DOCUMENT_DEFINITION, types.DefinitionParams(document, position))) == [4]
    context = types.ReferenceContext(include_declaration=True)
    assert lines(
        project.request(types.TEXT_DOCUMENT_REFERENCES, types.ReferenceParams(context, document, position))
    ) == [4, 6]
    assert lines(
        project.request(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, types.DocumentHighlightParams(document, position))
    ) == [4, 6]


def test_a_rename_is_confirmed_or_refused(project: OpenProject) -> None:
    position = open_orders(project)
    document = project.identifier("orders.py")
    prepared = project.request(types.TEXT_DOCUMENT_PREPARE_RENAME, types.PrepareRenameParams(document, position))
    assert isinstance(prepared, types.PrepareRenamePlaceholder)
    assert prepared.placeholder == "load"
    edit = project.request(types.TEXT_DOCUMENT_RENAME, types.RenameParams(document, position, "fetch"))
    assert isinstance(edit, types.WorkspaceEdit)
    assert edit.change_annotations is not None
    with pytest.raises(JsonRpcException, match="`class` is a Python keyword"):
        project.request(types.TEXT_DOCUMENT_RENAME, types.RenameParams(document, position, "class"))


def labels(answer: object) -> list[object]:
    assert isinstance(answer, Sequence)
    return [hint.label for hint in answer]


def test_a_hover_is_markdown(project: OpenProject) -> None:
    project.open("orders.py", REST)
    parameters = types.HoverParams(project.identifier("orders.py"), position_of(REST, "sleep"))
    hover = project.request(types.TEXT_DOCUMENT_HOVER, parameters)
    assert isinstance(hover, types.Hover)
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.kind is types.MarkupKind.Markdown
    assert hover.contents.value.startswith("**Sleep `rest`, 1 of 1**\n\n- Runs first and last\n")


def test_hints_are_those_of_the_current_text(project: OpenProject) -> None:
    project.open("orders.py", REST)
    parameters = types.InlayHintParams(
        project.identifier("orders.py"), types.Range(types.Position(0, 0), types.Position(10, 0))
    )
    assert labels(project.request(types.TEXT_DOCUMENT_INLAY_HINT, parameters)) == ["= 5 ms"]
    project.change("orders.py", REST.replace("5 min", "5 minutes"))
    assert labels(project.request(types.TEXT_DOCUMENT_INLAY_HINT, parameters)) == []


def test_outlines_are_those_of_the_unsaved_text(project: OpenProject) -> None:
    project.write("orders.py", ORDERS)
    project.open("orders.py", ORDERS.replace("class Orders", "class Returns"))
    document = project.identifier("orders.py")
    symbols = project.request(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, types.DocumentSymbolParams(document))
    assert isinstance(symbols, Sequence)
    assert [(each.name, [inner.name for inner in each.children]) for each in symbols] == [("Returns", ["réserver 📦"])]
    symbols = project.request(types.WORKSPACE_SYMBOL, types.WorkspaceSymbolParams("RÉS 📦"))
    assert isinstance(symbols, Sequence)
    assert [(each.name, each.container_name) for each in symbols] == [("réserver 📦", "Returns")]
    assert symbols[0].location.range == types.Range(types.Position(5, 9), types.Position(5, 31))


def test_lenses_and_folds_are_answered(project: OpenProject) -> None:
    project.open("orders.py", ORDERS)
    document = project.identifier("orders.py")
    lenses = project.request(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams(document))
    assert isinstance(lenses, Sequence)
    assert [lens.command.title for lens in lenses] == ["1 step", "show graph", "no findings"]
    folds = project.request(types.TEXT_DOCUMENT_FOLDING_RANGE, types.FoldingRangeParams(document))
    assert isinstance(folds, Sequence)
    assert [(fold.start_line, fold.end_line, fold.kind) for fold in folds] == [
        (3, 9, None),
        (4, 9, None),
        (5, 7, types.FoldingRangeKind.Region),
        (6, 7, None),
    ]
    project.open("other.py", "def f():\n    pass\n")
    other = types.FoldingRangeParams(project.identifier("other.py"))
    assert project.request(types.TEXT_DOCUMENT_FOLDING_RANGE, other) is None
