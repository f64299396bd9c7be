"""The fixes of findings and the comments that suppress them, as code actions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from lsprotocol.types import (
    ClientCapabilities,
    ClientCodeActionResolveOptions,
    CodeAction,
    CodeActionClientCapabilities,
    CodeActionContext,
    CodeActionParams,
    Command,
    Position,
    Range,
    ShowDocumentClientCapabilities,
    TextDocumentClientCapabilities,
    TextDocumentIdentifier,
    WindowClientCapabilities,
    WorkspaceClientCapabilities,
    WorkspaceEditClientCapabilities,
)
from msgspec.structs import replace

from stepgraph.lsp.requests.code_actions import ActionData, CodeActionSupport, code_actions, edit_of
from stepgraph.lsp.sessions.views import DocumentView
from tests.checks.filtering import in_run
from tests.lsp.applied_edits import applied, edits_by_uri
from tests.lsp.views import Workspace

SUPPORT = CodeActionSupport(versions=True, resolve=True)
SLEEP = in_run('step.sleep("😀", "5 min")')
SLEEP_LINE = 9
LEGACY = (
    '{"name": "w", "main": "entry.py", "compatibility_date": "2026-01-01", "compatibility_flags": ["python_workers"]}'
)


def opened(folder: Path, text: str) -> DocumentView:
    """Return the view of a module."""
    return Workspace(folder).open("entry.py", text)


def actions_at(view: DocumentView, line: int = 0, only: Sequence[str] | None = None) -> dict[str, CodeAction]:
    """Return the actions for a line, by title."""
    return {action.title: action for action in listed(view, line, line, only)}


def listed(view: DocumentView, first: int, last: int, only: Sequence[str] | None = None) -> list[CodeAction]:
    """Return the actions for lines, which count from 0."""
    actions = code_actions(view, parameters_at(view, first, last, only), SUPPORT)
    return [each for each in actions if isinstance(each, CodeAction)]


def parameters_at(view: DocumentView, first: int, last: int, only: Sequence[str] | None = None) -> CodeActionParams:
    lines = Range(Position(first, 0), Position(last, 1_000))
    return CodeActionParams(TextDocumentIdentifier(view.document.uri), lines, CodeActionContext([], only))


def data_of(action: CodeAction) -> ActionData:
    return msgspec.convert(action.data, ActionData)


def after(view: DocumentView, title: str, line: int) -> str:
    """Return the text of a module after an action of a line."""
    edit = edit_of(view, data_of(actions_at(view, line)[title]), SUPPORT)
    return applied(view.document.text, edits_by_uri(edit)[view.document.uri])


def test_a_line_has_the_actions_of_its_findings(tmp_path: Path) -> None:
    view = opened(tmp_path, SLEEP)
    actions = actions_at(view, SLEEP_LINE)
    assert [(title, action.kind, action.is_preferred) for title, action in actions.items()] == [
        ("Fix SG203: Write `await` before the call", "quickfix", True),
        ('Fix SG205: Write "5 minutes"', "quickfix", True),
        ("Suppress SG203 here", "quickfix", None),
        ("Suppress SG205 here", "quickfix", None),
        ("Suppress SG203 in this file", "quickfix", None),
        ("Suppress SG205 in this file", "quickfix", None),
        ("Apply all safe stepgraph fixes in this file", "source.fixAll.stepgraph", None),
    ]
    assert [each.code for each in actions["Suppress SG205 here"].diagnostics or ()] == ["SG205"]
    assert list(actions_at(view, 0)) == ["Apply all safe stepgraph fixes in this file"]


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("Fix SG203: Write `await` before the call", 'await step.sleep("😀", "5 min")'),
        ('Fix SG205: Write "5 minutes"', 'step.sleep("😀", "5 minutes")'),
        ("Suppress SG205 here", 'step.sleep("😀", "5 min")  # stepgraph: ignore[SG205]'),
    ],
)
def test_an_action_changes_its_line(title: str, line: str, tmp_path: Path) -> None:
    assert after(opened(tmp_path, SLEEP), title, SLEEP_LINE) == in_run(line)


def test_a_rule_is_suppressed_in_a_file(tmp_path: Path) -> None:
    text = after(opened(tmp_path, SLEEP), "Suppress SG205 in this file", SLEEP_LINE)
    assert text == f"# stepgraph: ignore-file[SG205]\n{SLEEP}"


IMPORT = "from workers import WorkflowEntrypoint"


@pytest.mark.parametrize(
    ("title", "first_line"),
    [
        ("Fix SG125", f"\ufeff{IMPORT}\nfrom workers.workflows import NonRetryableError\n"),
        ("Suppress SG125 here", f"\ufeff{IMPORT}, NonRetryableError  # stepgraph: ignore[SG125]\n"),
        ("Suppress SG125 in", f"\ufeff# stepgraph: ignore-file[SG125]\n{IMPORT}, NonRetryableError\n"),
    ],
)
def test_a_byte_order_mark_stays_first(title: str, first_line: str, tmp_path: Path) -> None:
    text = "\ufeff" + in_run("await charge()").replace(IMPORT, f"{IMPORT}, NonRetryableError")
    view = opened(tmp_path, text)
    (chosen,) = (each for each in actions_at(view) if each.startswith(title))
    assert after(view, chosen, 0).startswith(first_line)


def test_an_unsafe_fix_is_marked(tmp_path: Path) -> None:
    view = opened(tmp_path, in_run('await step.sleep("rest", 30)'))
    actions = actions_at(view, SLEEP_LINE)
    title = 'Fix SG206: Write "30 seconds" if you mean seconds, or "30 ms" if you mean milliseconds (unsafe: review it)'
    assert (next(iter(actions)), actions[title].is_preferred) == (title, None)
    assert after(view, title, SLEEP_LINE) == in_run('await step.sleep("rest", "30 seconds")')


def test_an_unused_suppression_is_removed(tmp_path: Path) -> None:
    view = opened(tmp_path, in_run("await charge()  # stepgraph: ignore[SG118]"))
    assert list(actions_at(view, SLEEP_LINE)) == ["Fix SG007: Remove the comment"]
    assert after(view, "Fix SG007: Remove the comment", SLEEP_LINE) == in_run("await charge()")


@pytest.mark.slow
def test_all_fixes_of_a_rule_are_applied(tmp_path: Path) -> None:
    view = opened(tmp_path, in_run('step.sleep("a", "1 min")\nstep.sleep("b", "2 min")'))
    title = "Apply all safe fixes of SG205 in this file"
    fixed = in_run('step.sleep("a", "1 minute")\nstep.sleep("b", "2 minutes")')
    assert after(view, title, SLEEP_LINE) == fixed


DEPENDENT = """
@step.do("load")
async def load():
    return 1

@step.do("total", depends={})
async def total(load):
    return load

{}total()
"""


def test_all_safe_fixes_are_repeated(tmp_path: Path) -> None:
    """SG103 reports only steps that run, so the first fix uncovers it."""
    workspace = Workspace(tmp_path, {"wrangler.json": LEGACY})
    before = in_run(DEPENDENT.format("load", ""))
    view = workspace.open("entry.py", before)
    findings = [*map(str, view.folder.state.filtered.findings)]
    data = data_of(actions_at(view)["Apply all safe stepgraph fixes in this file"])
    edit = edit_of(view, data, SUPPORT, workspace.fix(view))
    text = applied(view.document.text, edits_by_uri(edit)[view.document.uri])
    assert text == in_run(DEPENDENT.format("[load]", "await "))
    again = workspace.open("entry.py", before)
    assert [*map(str, again.folder.state.filtered.findings)] == findings


def test_the_fixes_of_a_file_leave_others_alone(tmp_path: Path) -> None:
    helper = 'async def pause(step):\n    await step.sleep("pause", "1 min")\n'
    text = in_run('await pause(step)\nstep.sleep("rest", "5 min")').replace("from", "from helper import pause\nfrom", 1)
    workspace = Workspace(tmp_path, {"helper.py": helper})
    view = workspace.open("entry.py", text)
    assert [each.span.path for each in view.folder.state.filtered.fixable] == ["entry.py", "entry.py", "helper.py"]
    assert [file.path for file in workspace.fix(view)] == ["entry.py"]


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (
            ["quickfix"],
            ["Fix SG203", "Fix SG205", "Suppress SG203", "Suppress SG205", "Suppress SG203", "Suppress SG205"],
        ),
        (["source"], ["Apply all"]),
        (["source.fixAll"], ["Apply all"]),
        (["source.fixAll.stepgraph"], ["Apply all"]),
        (["source.fixAll.ruff", "refactor"], []),
        (json.loads("[5, true, null]"), []),
    ],
)
def test_only_the_requested_kinds_are_listed(only: list[str], titles: list[str], tmp_path: Path) -> None:
    view = opened(tmp_path, SLEEP)
    listed = actions_at(view, SLEEP_LINE, only=only)
    assert [title for title, full in zip(titles, listed, strict=True) if full.startswith(title)] == titles


def test_a_changed_text_has_no_actions(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    view = workspace.open("entry.py", SLEEP)
    data = data_of(actions_at(view, SLEEP_LINE)["Suppress SG205 here"])
    workspace.edit("entry.py", f"\n{SLEEP}")
    stale = workspace.view("entry.py")
    assert actions_at(stale, SLEEP_LINE + 1) == {}
    assert edit_of(stale, data, SUPPORT) is None


def test_an_edit_belongs_to_a_version(tmp_path: Path) -> None:
    view = opened(tmp_path, SLEEP)
    data = data_of(actions_at(view, SLEEP_LINE)["Suppress SG205 here"])
    assert edit_of(view, replace(data, version=2), SUPPORT) is None
    assert edit_of(view, replace(data, fingerprint="0"), SUPPORT) is None


def test_a_client_without_versions_gets_changes(tmp_path: Path) -> None:
    view = opened(tmp_path, SLEEP)
    data = data_of(actions_at(view, SLEEP_LINE)["Suppress SG205 here"])
    edit = edit_of(view, data, CodeActionSupport())
    assert edit is not None
    assert edit.document_changes is None
    assert list(edit.changes or ()) == [view.document.uri]


def test_a_file_with_form_feeds_stays_as_it_is(tmp_path: Path) -> None:
    view = opened(tmp_path, SLEEP.replace("\n\n\n", "\n\f\n", 1))
    (title, *_) = actions_at(view, SLEEP_LINE)
    edit = edit_of(view, data_of(actions_at(view, SLEEP_LINE)[title]), SUPPORT)
    assert edits_by_uri(edit) == {}


def test_few_findings_of_a_selection_have_actions(tmp_path: Path) -> None:
    body = "\n".join(f'step.sleep("{number}", "1 hour")' for number in range(50))
    view = opened(tmp_path, in_run(body))
    assert sum(action.title.startswith("Fix SG203:") for action in listed(view, SLEEP_LINE, 100)) == 20


def test_rules_are_explained_to_clients_that_show_no_links(tmp_path: Path) -> None:
    view = opened(tmp_path, SLEEP)
    actions = code_actions(view, parameters_at(view, SLEEP_LINE, SLEEP_LINE), replace(SUPPORT, links=False))
    assert [each for each in actions if isinstance(each, Command)] == [
        Command("Explain SG203", "stepgraph.explain", arguments=["SG203"]),
        Command("Explain SG205", "stepgraph.explain", arguments=["SG205"]),
    ]


def test_capabilities_decide_on_edits_and_links() -> None:
    edit = WorkspaceEditClientCapabilities(document_changes=True)
    resolve = ClientCodeActionResolveOptions(["edit"])
    full = ClientCapabilities(
        workspace=WorkspaceClientCapabilities(workspace_edit=edit),
        text_document=TextDocumentClientCapabilities(
            code_action=CodeActionClientCapabilities(resolve_support=resolve, data_support=True)
        ),
        window=WindowClientCapabilities(show_document=ShowDocumentClientCapabilities(support=True)),
    )
    assert CodeActionSupport.of(full) == CodeActionSupport(versions=True, resolve=True, links=False)
    assert CodeActionSupport.of(ClientCapabilities()) == CodeActionSupport()
