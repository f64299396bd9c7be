"""Code actions: the fixes of findings, and the comments that suppress findings.

A list of actions is cheap, because their edits are computed for the chosen action only, by `codeAction/resolve`. For a
client that cannot resolve actions, the edits are computed with the list. A document has no actions while its text
differs from the analyzed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import islice
from typing import Final

import msgspec
from lsprotocol import types
from lsprotocol.types import (
    ClientCapabilities,
    CodeAction,
    CodeActionKind,
    CodeActionParams,
    Command,
    Range,
    TextEdit,
    WorkspaceEdit,
)
from msgspec import Struct, to_builtins
from msgspec.structs import replace
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from stepgraph.checks.catalogue import BY_CODE
from stepgraph.checks.diagnostic import Applicability, Finding
from stepgraph.checks.rule import rule_url
from stepgraph.checks.rules.analysis import unused_ignore
from stepgraph.checks.selectors import INPUT_RULES, SUPPRESSION_RULES
from stepgraph.checks.suppression_edits import SuppressionEdit, remove_suppression, suppress_here, suppress_in_file
from stepgraph.escaping.plain_text import brief_line
from stepgraph.fixing import FixedFile, compute_fixes
from stepgraph.limits import CODE_ACTION_FINDINGS
from stepgraph.lsp.requests.workspace_edits import accepts_versions, byte_order_mark, edits_of_fixes, workspace_edit
from stepgraph.lsp.sessions.diagnostics import diagnostic_of, range_of
from stepgraph.lsp.sessions.server import WorkflowServer
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.syntax.edits.source_edits import Edit

FIX_ALL: Final = "source.fixAll.stepgraph"
"""The kind of the action that applies all safe fixes, as in the setting `editor.codeActionsOnSave`."""
KINDS: Final = (CodeActionKind.QuickFix, FIX_ALL)
EXPLAIN: Final = "stepgraph.explain"
"""The command that opens the documentation of a rule."""

_QUICK_FIX: Final = CodeActionKind.QuickFix.value


class CodeActionSupport(Struct, frozen=True):
    """The abilities of a client that matter to code actions."""

    versions: bool = False
    """Whether edits can have the versions of documents."""
    resolve: bool = False
    """Whether the client resolves the edit of an action when a person has chosen it."""
    links: bool = True
    """Whether the client shows the links of diagnostics to the documentation, or cannot open links anyway."""

    @classmethod
    def of(cls, capabilities: ClientCapabilities) -> CodeActionSupport:
        """Return the abilities in the capabilities of a client."""
        document, window = capabilities.text_document, capabilities.window
        actions = document.code_action if document else None
        resolve = actions.resolve_support if actions and actions.data_support else None
        published = document.publish_diagnostics if document else None
        opened = window.show_document if window else None
        return cls(
            versions=accepts_versions(capabilities),
            resolve=bool(resolve and "edit" in resolve.properties),
            links=bool(published and published.code_description_support) or not (opened and opened.support),
        )


class ActionType(Enum):
    """The type of an action."""

    FIX = "fix"
    """Fix a finding."""
    FIX_RULE = "fix-rule"
    """Apply the safe fixes of a rule in the document."""
    FIX_ALL = "fix-all"
    """Apply all safe fixes in the document, until nothing changes."""
    SUPPRESS_HERE = "suppress-here"
    """Suppress a finding."""
    SUPPRESS_IN_FILE = "suppress-in-file"
    """Suppress a rule in the document."""
    REMOVE_SUPPRESSION = "remove-suppression"
    """Remove a rule that suppresses nothing from its comment."""


class ActionData(Struct, frozen=True):
    """The data of an action, from which its edit is computed."""

    type: ActionType
    uri: str
    version: int
    """The version of the document."""
    code: str = ""
    """The rule of the finding."""
    fingerprint: str = ""
    """The fingerprint of the finding, if the action is about one."""


def code_actions(
    view: DocumentView, params: CodeActionParams, support: CodeActionSupport
) -> list[CodeAction | Command]:
    """Return the actions of the requested kinds for a range of a document, without edits."""
    if not _is_current(view):
        return []
    only = params.context.only
    actions: list[CodeAction | Command] = []
    if _is_requested(_QUICK_FIX, only):
        findings = list(islice(_findings_in(view, params.range), CODE_ACTION_FINDINGS))
        actions += _fixes(view, findings)
        actions += _suppressions(view, findings)
        actions += () if support.links else map(_explanation, _by_code(findings))
    # Without a request, most clients list actions for the line of the cursor, which must not take long.
    may_list = support.resolve or only is not None
    if may_list and _is_requested(FIX_ALL, only) and any(_safe_fixes(view)):
        data = ActionData(ActionType.FIX_ALL, view.document.uri, view.document.version)
        actions.append(CodeAction("Apply all safe stepgraph fixes in this file", FIX_ALL, data=to_builtins(data)))
    return actions


def edit_of(
    view: DocumentView, data: ActionData, support: CodeActionSupport, fixed: tuple[FixedFile, ...] = ()
) -> WorkspaceEdit | None:
    """Return the edit of an action, which may be empty, or None if a text has changed since its analysis.

    `fixed` are the files that `ActionType.FIX_ALL` changes.
    """
    document = view.document
    finding = _finding_of(view, data) if data.fingerprint else None
    if not _is_current(view) or document.version != data.version or (data.fingerprint and finding is None):
        return None
    match data.type, finding:
        case ActionType.FIX, Finding():
            files = compute_fixes([finding], unsafe=True)
        case ActionType.FIX_RULE, _:
            files = compute_fixes(_safe_fixes(view, data.code), unsafe=False, path=view.path)
        case ActionType.SUPPRESS_HERE, Finding():
            return _suppression(view, suppress_here(data.code, finding.span, document.content), support)
        case ActionType.REMOVE_SUPPRESSION, Finding():
            return _suppression(view, remove_suppression(finding.span, document.content), support)
        case ActionType.SUPPRESS_IN_FILE, _:
            return _suppression(view, suppress_in_file(data.code, view.path, document.content), support)
        case _:
            files = fixed
    edits = edits_of_fixes(view.folder, files)
    return None if edits is None else workspace_edit(view.folder, edits, with_versions=support.versions)


def _fixes(view: DocumentView, findings: Sequence[Finding]) -> Iterator[CodeAction]:
    """Yield the action that fixes each finding, and one for each rule with several safe fixes in the document."""
    for finding in findings:
        is_unused = finding.code == unused_ignore.RULE.code
        if finding.fix is not None or is_unused:
            is_safe = finding.fix is None or finding.fix.applicability is Applicability.SAFE
            review = "" if is_safe else " (unsafe: review it)"
            title = f"Fix {finding.code}: {brief_line(finding.advice.removesuffix('.'))}{review}"
            action = ActionType.REMOVE_SUPPRESSION if is_unused else ActionType.FIX
            yield _quick_fix(view, title, action, [finding], is_preferred=is_safe)
    for code, of_rule in _by_code(findings).items():
        if len(list(islice(_safe_fixes(view, code), 2))) > 1:
            yield _quick_fix(view, f"Apply all safe fixes of {code} in this file", ActionType.FIX_RULE, of_rule)


def _suppressions(view: DocumentView, findings: Sequence[Finding]) -> Iterator[CodeAction]:
    """Yield the actions that suppress each finding, and each rule, if a comment can suppress them."""
    suppressible = [finding for finding in findings if finding.code not in INPUT_RULES | SUPPRESSION_RULES]
    by_code = _by_code(suppressible)
    for code, of_rule in by_code.items():
        by_lines: dict[tuple[int, int], list[Finding]] = {}
        for finding in of_rule:
            by_lines.setdefault((finding.span.line, finding.span.end_line), []).append(finding)
        for same_lines in by_lines.values():
            yield _quick_fix(view, f"Suppress {code} here", ActionType.SUPPRESS_HERE, same_lines)
    for code, of_rule in by_code.items():
        yield _quick_fix(view, f"Suppress {code} in this file", ActionType.SUPPRESS_IN_FILE, of_rule)


def _quick_fix(
    view: DocumentView, title: str, action: ActionType, findings: Sequence[Finding], *, is_preferred: bool = False
) -> CodeAction:
    """Return an action for the first of several findings of one rule, or for all of them."""
    first = findings[0]
    fingerprint = view.folder.state.filtered.fingerprint(first)
    data = ActionData(action, view.document.uri, view.document.version, first.code, fingerprint)
    return CodeAction(
        title,
        CodeActionKind.QuickFix,
        diagnostics=[diagnostic_of(view.folder, finding) for finding in findings],
        is_preferred=is_preferred or None,
        data=to_builtins(data),
    )


def _explanation(code: str) -> Command:
    return Command(f"Explain {code}", EXPLAIN, arguments=[code])


def _by_code(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return findings by the code of their rule, in order."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return by_code


def _is_current(view: DocumentView) -> bool:
    """Return whether the text of a document is the analyzed one, and the findings are those of the project as it is."""
    state = view.folder.state
    return state.failure is None and view.folder.code(state.contents, view.path).is_current


def _is_requested(kind: str, only: Sequence[object] | None) -> bool:
    """Return whether a client requests a kind of actions, by its name or by the first parts of its name.

    Values of another type, which pygls does not refuse, request nothing.
    """
    names = [each for each in only or () if isinstance(each, str)]
    return only is None or any(not name or (kind + ".").startswith(name + ".") for name in names)


def _findings_in(view: DocumentView, selected: Range) -> Iterator[Finding]:
    """Yield the findings whose ranges overlap with a range or touch it."""
    first, last = selected.start.line + 1, selected.end.line + 1
    for finding in view.folder.state.filtered.findings:
        span = finding.span
        if span.path == view.path and span.line <= last and first <= span.end_line:
            shown = range_of(view.folder, span)
            if shown.start <= selected.end and selected.start <= shown.end:
                yield finding


def _finding_of(view: DocumentView, data: ActionData) -> Finding | None:
    """Return the finding of an action, or None if it is gone."""
    filtered = view.folder.state.filtered
    of_rule = (each for each in filtered.findings if (each.code, each.span.path) == (data.code, view.path))
    return next((finding for finding in of_rule if filtered.fingerprint(finding) == data.fingerprint), None)


def _safe_fixes(view: DocumentView, code: str | None = None) -> Iterator[Finding]:
    """Yield the findings with a safe fix that changes the document, of one rule or of all rules."""
    for finding in view.folder.state.filtered.fixable:
        fix = finding.fix
        if fix is None or fix.applicability is not Applicability.SAFE:
            continue
        if code in (None, finding.code) and any(_changes(view, edit) for edit in fix.edits):
            yield finding


def _changes(view: DocumentView, edit: Edit) -> bool:
    return edit.place.module.path == view.path


def _suppression(view: DocumentView, edit: SuppressionEdit | None, support: CodeActionSupport) -> WorkspaceEdit:
    edits = {}
    if edit is not None:
        lines, span = view.document.lines, edit.span
        if span.line == 1:
            mark = len(byte_order_mark(lines))
            span = replace(span, column=span.column + mark, end_column=span.end_column + mark)
        edits[view.path] = [TextEdit(lines.range(span), edit.text)]
    return workspace_edit(view.folder, edits, with_versions=support.versions)


_TEXT_HAS_CHANGED: Final = "the text has changed since this action was offered."
_NOTHING_CHANGES: Final = (
    "the file stays as it is, because this change would also affect other parts of it, such as form feeds."
)


def add_code_actions(server: WorkflowServer) -> None:
    """Register code actions and the command that explains a rule."""
    session = server.session

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
                action.edit = await _compute_edit(server, view, _data_of(action))
        return [each for each in actions if isinstance(each, types.Command) or _has_changes(each.edit)]

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data = _data_of(action)
        view = await session.view(data.uri)
        action.edit = None if view is None else await _compute_edit(server, view, data)
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


async def _compute_edit(server: WorkflowServer, view: DocumentView, data: ActionData) -> types.WorkspaceEdit | None:
    """Return the edit of an action in a view of a document, or None if the text of the document has changed."""
    result = await _edit_in_view(server, view, data)
    if result is None:
        # A change of another file may have started a new analysis of the same text.
        later = await server.session.view(data.uri)
        if later is not None and later.document is view.document:
            return await _edit_in_view(server, later, data)
    return result


async def _edit_in_view(server: WorkflowServer, view: DocumentView, data: ActionData) -> types.WorkspaceEdit | None:
    session, support = server.session, CodeActionSupport.of(server.client_capabilities)
    fixed = await session.fix(view.folder, view.path) if data.type is ActionType.FIX_ALL else ()
    result = None if fixed is None else await session.compute(lambda: edit_of(view, data, support, fixed))
    return result if session.documents.get(data.uri) is view.document else None


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
