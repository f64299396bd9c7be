"""Code actions of the real server."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from stepgraph.lsp.requests.code_actions import EXPLAIN
from tests.checks.filtering import in_run
from tests.lsp.applied_edits import applied, edits_by_uri
from tests.lsp.editor import OpenProject

SLEEP = in_run('step.sleep("rest", "5 min")')
FIXED = in_run('await step.sleep("rest", "5 minutes")')
WHOLE = types.Range(types.Position(0, 0), types.Position(100, 0))


def actions(project: OpenProject, *only: str) -> list[types.CodeAction]:
    context = types.CodeActionContext([], only)
    parameters = types.CodeActionParams(project.identifier("entry.py"), WHOLE, context)
    result = project.request(types.TEXT_DOCUMENT_CODE_ACTION, parameters)
    assert isinstance(result, tuple | list)
    return [each for each in result if isinstance(each, types.CodeAction)]


def resolved(project: OpenProject, action: types.CodeAction) -> types.CodeAction:
    result = project.request(types.CODE_ACTION_RESOLVE, action)
    assert isinstance(result, types.CodeAction)
    return result


@pytest.mark.slow
def test_all_fixes_are_applied_to_an_unsaved_text(project: OpenProject) -> None:
    project.open("entry.py", SLEEP)
    (action,) = actions(project, "source.fixAll")
    assert applied(SLEEP, edits_by_uri(action.edit)[project.uri("entry.py")]) == FIXED
    project.change("entry.py", FIXED)
    assert [each.title for each in actions(project, "source.fixAll")] == []


@pytest.mark.slow
def test_an_edit_is_computed_for_the_chosen_action(project: OpenProject) -> None:
    project.open("entry.py", SLEEP)
    listed = {action.title: action for action in actions(project, "quickfix")}
    chosen = listed['Fix SG205: Write "5 minutes"']
    edit, chosen.edit = chosen.edit, None
    assert resolved(project, chosen).edit == edit
    project.change("entry.py", FIXED)
    with pytest.raises(JsonRpcException, match="the text has changed since this action was offered"):
        resolved(project, chosen)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "not the data of an action"),
        ({"type": ["fix"]}, "not the data of an action"),
        ({"type": "\ud800"}, "not the data of an action"),
        ({"type": "suppress-in-file", "uri": "", "version": 1, "code": "SG1]"}, "unknown rule `SG1]`"),
    ],
)
def test_the_data_of_an_action_is_checked(data: object, message: str, project: OpenProject) -> None:
    with pytest.raises(JsonRpcException, match=message):
        resolved(project, types.CodeAction("Fix it", data=data))


@pytest.mark.parametrize("arguments", [None, ["SG"]])
def test_an_unknown_rule_is_not_explained(arguments: list[object] | None, project: OpenProject) -> None:
    with pytest.raises(JsonRpcException, match="unknown rule"):
        project.request(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(EXPLAIN, arguments))
