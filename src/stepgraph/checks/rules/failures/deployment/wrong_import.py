"""Imports of names of the Workflows API, and of the project, from modules that do not define them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Applicability, Diagnostic, RelatedLocation, Severity, empty_span, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.name_facts import CircularImport, MissingName, UnresolvedCall, WrongAttribute, WrongImport
from stepgraph.syntax.edits.source_edits import AddedImport, MovedImport, Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.model.span import Span
    from stepgraph.syntax.module import SourcePlace

_EFFECT: Final = "the import fails with an ImportError, and the Worker never starts"


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    yield from map(_import_diagnostic, subject.facts_of_type(WrongImport))
    yield from map(_attribute_diagnostic, subject.facts_of_type(WrongAttribute))
    suggestions = {note.span: note.advice for note in subject.notes_with_code("missing-name")}
    calls: defaultdict[SourcePlace, list[SourcePlace]] = defaultdict(list)
    for call in subject.facts_of_type(UnresolvedCall):
        calls[call.cause].append(call.place)
    for missing in subject.facts_of_type(MissingName):
        diagnostic = (
            _shadowing_diagnostic(missing) if missing.shadows_sdk else _missing_diagnostic(missing, suggestions)
        )
        incomplete = (missing.statement, *calls[missing.statement])
        yield replace(diagnostic, consequences=tuple([("SG004", place.span) for place in incomplete]))
    for circular in subject.facts_of_type(CircularImport):
        importing = circular.place.module.path
        yield Diagnostic(
            circular.place.span,
            f"circular import: {circular.path} imports {importing} before it defines `{circular.name}`, so {_EFFECT}.",
            f"Move `{circular.name}` to a module that does not import {importing}.",
            related=(RelatedLocation(circular.importing.span, f"imports {importing}, directly or indirectly"),),
        )


def _missing_diagnostic(missing: MissingName, suggestions: Mapping[Span, str]) -> Diagnostic:
    return Diagnostic(
        missing.place.span,
        f"unknown name `{missing.name}` in {missing.path}: {_EFFECT}.",
        suggestions.get(missing.statement.span, f"Define `{missing.name}` in {missing.path}, or correct the name."),
    )


def _shadowing_diagnostic(missing: MissingName) -> Diagnostic:
    """Return the finding at an import from the SDK. The related location is the cause of all such findings."""
    return Diagnostic(
        missing.place.span,
        f"unknown name `{missing.name}` in {missing.path}, which the Worker loads in place of the SDK module `workers`:"
        f" {_EFFECT}.",
        f"Rename {missing.path}.",
        related=(RelatedLocation(empty_span(missing.path, (1, 1)), "is loaded in place of the SDK module"),),
    )


def _import_diagnostic(wrong: WrongImport) -> Diagnostic:
    fix = (
        None
        if wrong.defining_module is None
        else safe_fix(MovedImport(wrong.statement, ((wrong.name, wrong.defining_module),)))
    )
    return Diagnostic(wrong.place.span, f"{_problem(wrong)}: {_EFFECT}.", _advice(wrong), fix)


def _attribute_diagnostic(wrong: WrongAttribute) -> Diagnostic:
    expression, source = wrong.expression, wrong.defining_module
    effect = f"`{expression.brief_text}` fails with an AttributeError"
    fix = (
        None
        if source is None
        else safe_fix(Replacement(expression, wrong.name), AddedImport(wrong.place, source, wrong.name))
    )
    return Diagnostic(expression.span, f"{_problem(wrong)}: {effect}.", _advice(wrong), fix)


def _problem(wrong: WrongImport | WrongAttribute) -> str:
    return f"unknown name `{wrong.name}` in `{wrong.module}`"


def _advice(wrong: WrongImport | WrongAttribute) -> str:
    if wrong.suggestion is not None:
        return f"Did you mean `{wrong.suggestion}`?"
    if wrong.name == "step":
        return "Remove it, and write `async def run(self, event, step)`: the engine passes the step object to `run`."
    if wrong.defining_module is None:
        kind = "class" if wrong.name[:1].isupper() else "name"
        return f"Remove it: the Python SDK has no {kind} `{wrong.name}`."
    return f"Write `from {wrong.defining_module} import {wrong.name}`."


RULE = Rule(
    code="SG125",
    name="wrong-import",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE,),
    check=_check,
)
