"""Renaming of steps, with all names that are linked to them, as one edit of all files."""

from __future__ import annotations

import keyword
import os
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from lsprotocol.types import (
    AnnotatedTextEdit,
    ChangeAnnotation,
    ClientCapabilities,
    Position,
    PrepareRenamePlaceholder,
    Range,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from msgspec import Struct

from stepgraph.checks.analysis.steps import CONTEXT
from stepgraph.escaping.plain_text import brief_line, visible
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.protocol.text_lines import TextLines
from stepgraph.lsp.requests.linked_names import (
    LinkedName,
    LinkedNames,
    NamedByFunction,
    NamedByParameter,
    NamedByStep,
    NameOrigin,
    RenameError,
    is_implicit,
    linked_names,
)
from stepgraph.lsp.requests.navigation import key_of
from stepgraph.lsp.requests.workspace_edits import EditsByPath, accepts_versions, workspace_edit
from stepgraph.lsp.sessions.views import DocumentView, FolderView
from stepgraph.lsp.steps.step_sites import SiteKind, SourceStep, StepSite, StepSites, step_sites
from stepgraph.model.span import Span
from stepgraph.project.file_selection import DEFAULT_EXCLUDE
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.variables import variable_of_function, variable_of_parameter

_ANNOTATION: Final = "running instances"
"""The id of the only annotation in an edit."""
_GENERATED: Final = ("@generated", "do not edit")
"""Marks in the first comments of generated files, in lower case."""
_HEADING_LINES: Final = 20
"""The number of lines at the start of a file that may contain the mark of generated code."""
_FOREIGN_FOLDERS: Final = frozenset((*DEFAULT_EXCLUDE, "..", "site-packages"))
_EFFECTS: Final = {
    "step": "Running instances that have finished {} run it again under the new name.",
    "sleep": "Running instances that wait in {} start the wait over under the new name.",
    "wait": "Running instances that wait in {} start the wait over under the new name.",
}


class RenameSupport(Struct, frozen=True):
    """The parts of an edit that the editor understands."""

    versions: bool = False
    """Whether edits can have the versions of documents."""
    annotations: bool = False
    """Whether edits can require a confirmation."""

    @classmethod
    def of(cls, capabilities: ClientCapabilities) -> RenameSupport:
        """Return the support of an editor."""
        workspace, document = capabilities.workspace, capabilities.text_document
        edits = None if workspace is None else workspace.workspace_edit
        rename = None if document is None else document.rename
        versions = accepts_versions(capabilities)
        annotates = edits is not None and edits.change_annotation_support is not None
        return cls(versions, versions and annotates and rename is not None and bool(rename.honors_change_annotations))


class Renaming(Struct, frozen=True):
    """The edit that renames a step."""

    edit: WorkspaceEdit
    warning: str = ""
    """The effect on running instances, if the edit cannot contain it, or an empty string."""


class _NameInCode(Struct, frozen=True):
    """A name at a position of a document."""

    workflow: LiveWorkflow
    step: SourceStep
    origin: NameOrigin
    place: SourcePlace


def prepare_rename(view: DocumentView, position: Position) -> PrepareRenamePlaceholder | None:
    """Return the range and the text of the name at a position, or None if no step has a name there.

    Raises RenameError if the name cannot be changed.
    """
    name = _name_at(view, position)
    if name is None:
        return None
    names = _linked_names(view, name)
    place = names.places[name.place.span]
    old = name.step.name if place.literal is not None else name.place.text
    return PrepareRenamePlaceholder(_range(view.folder, place), visible(old))


def rename(view: DocumentView, position: Position, new_name: str, support: RenameSupport) -> Renaming | None:
    """Return the edit that changes the name at a position, or None if no step has a name there.

    Raises RenameError if the name cannot be changed, or not to the new one.
    """
    name = _name_at(view, position)
    if name is None:
        return None
    names = _linked_names(view, name)
    _check_name(new_name, is_identifier=names.has_identifiers)
    if new_name != (name.step.name if names.steps else name.place.text):
        _check_conflicts(names, new_name)
    edits: dict[str, list[TextEdit]] = {}
    for place in names.places.values():
        edits.setdefault(place.span.path, []).append(TextEdit(_range(view.folder, place), _source(place, new_name)))
    return _renaming(view.folder, edits, _warning(name, names, new_name), support)


def _name_at(view: DocumentView, position: Position) -> _NameInCode | None:
    """Return the name at a position, in the first workflow that has it."""
    for workflow in view.workflows():
        line_column = view.code(workflow).line_column(position)
        for name in () if line_column is None else _names_in(workflow):
            span = name.place.span
            start, end = (span.line, span.column), (span.end_line, span.end_column)
            if span.path == view.path and line_column is not None and start <= line_column <= end:
                return name
    return None


def _names_in(workflow: LiveWorkflow) -> Iterator[_NameInCode]:
    """Yield the names of the steps of a workflow, and those that refer to their functions and results."""
    sites = step_sites(workflow)
    for site in sites.sites:
        if site.kind is SiteKind.NAME:
            yield _NameInCode(workflow, site.step, NamedByStep(key_of(site.step)), site.place)
        elif site.kind is SiteKind.PARAMETER:
            yield from _names_of_parameter(workflow, site)
    for step in sites.steps:
        origin = NamedByFunction(key_of(step))
        yield from (_NameInCode(workflow, step, origin, place) for place in _names_of_function(sites, step))


def _names_of_function(sites: StepSites, step: SourceStep) -> Iterator[SourcePlace]:
    """Yield the names of the function of a step.

    The language servers of Python rename a function outside of functions, unless the step is named after it.
    """
    variable = None if step.function is None else variable_of_function(step.function)
    if variable is not None:
        yield from variable.occurrences
    elif step.name_argument is None:
        kinds = (SiteKind.FUNCTION, SiteKind.ARGUMENT)
        yield from (site.place for site in sites.of(step) if site.kind in kinds)


def _names_of_parameter(workflow: LiveWorkflow, site: StepSite) -> Iterator[_NameInCode]:
    variable = variable_of_parameter(site.place)
    origin: NameOrigin = NamedByParameter(site.span)
    if not is_implicit(workflow):
        if site.step.function is None or site.step.definition.text != site.place.text:
            return  # `depends` gives a meaning to any name
        origin = NamedByFunction(key_of(site.step))
    for place in () if variable is None else variable.occurrences:
        yield _NameInCode(workflow, site.step, origin, place)


def _linked_names(view: DocumentView, name: _NameInCode) -> LinkedNames:
    """Return the names that must change with a name. Raises RenameError if a file must not be changed."""
    names = linked_names(view.folder.state.workflows, view.path, name.origin)
    for place in names.places.values():
        _check_file(view.folder, place)
    return names


def _check_file(folder: FolderView, place: LinkedName) -> None:
    path = place.span.path
    code = folder.code(place.workflow.contents, path)
    if os.path.isabs(path) or not _FOREIGN_FOLDERS.isdisjoint(path.split("/")[:-1]):
        raise RenameError(f"{brief_line(path)} is outside of the project, and a name in it would have to change.")
    if place.workflow.is_old or not code.is_current:
        raise RenameError(
            f"{brief_line(path)} has an error or is being analyzed. Correct it, or try again in a moment."
        )
    if _is_generated(code.current.lines[:_HEADING_LINES]):
        raise RenameError(f"{brief_line(path)} is generated. Change the input of its generator instead.")
    if place.literal is None and not _has_text(code.current, place.span, place.place.text):
        raise RenameError(f"the name at {place.span} is at another column in the editor. Rename it by hand.")


def _has_text(lines: TextLines, span: Span, text: str) -> bool:
    """Return whether a text has a name at a location, which a byte order mark moves."""
    return lines.lines[span.line - 1][span.column - 1 : span.end_column - 1] == text


def _is_generated(lines: Iterable[str]) -> bool:
    comments = (line.lower() for line in lines if line.lstrip().startswith("#"))
    return any(mark in comment for comment in comments for mark in _GENERATED)


def _check_name(new_name: str, *, is_identifier: bool) -> None:
    """Raise RenameError unless a text is a valid name."""
    shown = f"`{brief_line(new_name)}`"
    if not is_identifier:
        if not new_name.strip() or not new_name.isprintable():
            raise RenameError(f"{shown} is not a name: it must be one line of text.")
    elif not new_name.isidentifier():
        raise RenameError(f"{shown} is not a Python identifier, so it cannot name a function or a parameter.")
    elif keyword.iskeyword(new_name):
        raise RenameError(f"{shown} is a Python keyword. Choose another name.")
    elif unicodedata.normalize("NFKC", new_name) != new_name:
        raise RenameError(f"Python reads {shown} as `{unicodedata.normalize('NFKC', new_name)}`. Use that name.")
    elif new_name.startswith("__"):
        raise RenameError(f"{shown} starts with two underscores, and Python changes such names in classes.")
    elif new_name == CONTEXT:
        raise RenameError(f"{shown} is the parameter for the context of a step. Choose another name.")


def _check_conflicts(names: LinkedNames, new_name: str) -> None:
    """Raise RenameError if a new name already has a meaning where it would be used."""
    for variable in names.variables:
        conflict = variable.conflict(new_name)
        if conflict is not None:
            raise RenameError(f"`{new_name}` already has a meaning at {conflict.span}. Choose another name.")
    for workflow in names.workflows.values():
        for step in step_sites(workflow).steps:
            if step.work == "step" and step.name == new_name and key_of(step) not in names.steps:
                place = step.declaration.span
                raise RenameError(f"there is already a step `{brief_line(new_name)}` at {place}. Choose another name.")


def _range(folder: FolderView, place: LinkedName) -> Range:
    """Return the current range of a name, without quotes."""
    span = place.span
    if place.literal is not None:
        quote = len(place.literal.quote)
        start, end = span.column + len(place.literal.prefix) + quote, span.end_column - quote
        span = Span(span.path, span.line, start, span.end_line, end)
    return folder.code(place.workflow.contents, span.path).current.range(span)


def _source(place: LinkedName, new_name: str) -> str:
    source = new_name if place.literal is None else place.literal.source_of(new_name)
    if source is None:
        raise RenameError(f"the raw string at {place.span} cannot contain `{brief_line(new_name)}`.")
    return source


def _warning(name: _NameInCode, names: LinkedNames, new_name: str) -> str:
    """Return the effect of a new name on running instances, or an empty string."""
    step = name.step
    if not names.steps or step.name == new_name:
        return ""
    effect = _EFFECTS[step.work].format(f"`{brief_line(step.name)}`")
    if step.work == "step" and step.name_argument is None:
        return f'{effect} To keep the name, write `step.do("{step.name}")`.'
    return effect


def _renaming(folder: FolderView, edits: EditsByPath, warning: str, support: RenameSupport) -> Renaming:
    ordered = {path: sorted(edits[path], key=lambda edit: edit.range.start) for path in sorted(edits)}
    edit = workspace_edit(folder, ordered, with_versions=support.versions)
    if not warning or not support.annotations:
        return Renaming(edit, warning)
    label = "Rename a step of running instances"
    annotations = {_ANNOTATION: ChangeAnnotation(label, needs_confirmation=True, description=warning)}
    changes = [
        TextDocumentEdit(
            change.text_document, [AnnotatedTextEdit(_ANNOTATION, each.range, each.new_text) for each in ordered[path]]
        )
        for path, change in zip(ordered, edit.document_changes or (), strict=True)
        if isinstance(change, TextDocumentEdit)
    ]
    return Renaming(WorkspaceEdit(document_changes=changes, change_annotations=annotations))
