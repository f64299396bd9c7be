"""Names of the platform and of the standard library that are used without an import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Fix, Severity, safe_fix, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MissingImport
from stepgraph.syntax.edits import AddedImport

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# Names that code may also import from another module, or as another object.
_AMBIGUOUS = frozenset({"Headers", "Request", "Response", "FormData", "datetime", "env", "fetch", "time"})


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report the first use of each name in each module. The others have the same cause."""
    first: dict[tuple[str, str], MissingImport] = {}
    for missing in subject.facts_of_type(MissingImport):
        key = missing.place.module.path, missing.name
        if key not in first or missing.place.span < first[key].place.span:
            first[key] = missing
    for missing in first.values():
        effect = "the Worker never starts" if missing.at_load else "this code fails whenever it runs"
        yield Diagnostic(
            missing.place.span,
            f"undefined name `{missing.name}`: it raises a NameError, and {effect}.",
            _advice(missing),
            _fix(missing),
        )


def _advice(missing: MissingImport) -> str:
    if missing.is_member_of_class:
        return f"Write `self.{missing.name}` in a method, or import the name that you mean."
    statement = missing.imported.statement(missing.name)
    return f"Write `self.env`, or add `{statement}`." if missing.name == "env" else f"Add `{statement}`."


def _fix(missing: MissingImport) -> Fix | None:
    if missing.is_member_of_class:
        return None
    imported = missing.imported
    edit = AddedImport(missing.place, imported.module, missing.name if imported.is_member else None)
    return unsafe_fix(edit) if missing.name in _AMBIGUOUS else safe_fix(edit)


RULE = Rule(
    code="SG130",
    name="missing-import",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
