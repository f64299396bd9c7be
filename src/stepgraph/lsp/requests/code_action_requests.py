"""The requests of an editor for code actions, their edits, and the documentation of rules."""

from __future__ import annotations

from typing import Final

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from stepgraph.checks.catalogue import BY_CODE
from stepgraph.checks.rule import rule_url
from stepgraph.escaping.plain_text import brief_line
from stepgraph.lsp.requests.code_actions import (
    EXPLAIN,
    KINDS,
    ActionData,
    ActionType,
    CodeActionSupport,
    code_actions,
    edit_of,
)
from stepgraph.lsp.sessions.server import WorkflowServer
from stepgraph.lsp.sessions.views import DocumentView

_TEXT_HAS_CHANGED: Final = "the text has changed since this action was offered."
_NOTHING_CHANGES: Final = (
    "the file stays as it is, because this change would also affect other parts of it, such as form feeds."
)


def add_code_actions(server: WorkflowServer) -> None:
    """Register code actions and the command that explains a rule."""
    session = server.session

    async def edit_in(view: DocumentView, data: ActionData) -> types.WorkspaceEdit | None:
        support = CodeActionSupport.of(server.client_capabilities)
        fixed = await session.fix(view.folder, view.path) if data.type is ActionType.FIX_ALL else ()
        result = None if fixed is None else await session.compute(lambda: edit_of(view, data, support, fixed))
        return result if session.documents.get(data.uri) is view.document else None

    async def edit(view: DocumentView, data: ActionData) -> types.WorkspaceEdit | None:
        result = await edit_in(view, data)
        if result is None:
            # A change of another file may have started a new analysis of the same text.
            later = await session.view(data.uri)
            if later is not None and later.document is view.document:
                return await edit_in(later, data)
        return result

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(KINDS, resolve_provider=True))
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction | types.Command] | None:
        view = await session.view(params.text_document.uri)
        if view is None:
            return None
        support = CodeActionSupport.of(server.client_capabilities)
        actions = code_actions(view, params, support)
        if support.resolve:
            return actions
        for action in actions:
            if isinstance(action, types.CodeAction):
                action.edit = await edit(view, _data_of(action))
        return [each for each in actions if isinstance(each, types.Command) or _has_changes(each.edit)]

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data = _data_of(action)
        view = await session.view(data.uri)
        action.edit = None if view is None else await edit(view, data)
        if action.edit is None:
            raise JsonRpcContentModified(_TEXT_HAS_CHANGED)
        if not _has_changes(action.edit):
            server.show_problem(_NOTHING_CHANGES)
        return action

    @server.command(EXPLAIN)
    async def explain(code: str = "") -> None:
        _check_rule(code)
        url = rule_url(code)
        if not await server.show_document(types.ShowDocumentParams(url, external=True)):
            server.show_information(f"The documentation of {code} is at {url}")


def _has_changes(edit: types.WorkspaceEdit | None) -> bool:
    return edit is not None and bool(edit.changes or edit.document_changes)


def _data_of(action: types.CodeAction) -> ActionData:
    """Return the data of an action. Raises JsonRpcInvalidParams for other data."""
    try:
        data = msgspec.convert(action.data, ActionData)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # a lone surrogate has no bytes
        raise JsonRpcInvalidParams(f"not the data of an action: {error}.") from None
    if data.code:
        _check_rule(data.code)
    return data


def _check_rule(code: str) -> None:
    """Raise JsonRpcInvalidParams unless a code is that of a rule."""
    if code not in BY_CODE:
        raise JsonRpcInvalidParams(f"unknown rule `{brief_line(code)}`.")
