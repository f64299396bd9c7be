"""Imports of names of the Workflows API from modules that do not define them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import WrongImport
from stepgraph.syntax.edits import MovedImport

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for wrong in subject.facts_of_type(WrongImport):
        yield Diagnostic(
            wrong.place.span,
            f"unknown name `{wrong.name}` in `{wrong.module}`: the import fails with an ImportError, and the Worker"
            " never starts.",
            _advice(wrong),
            None
            if wrong.defining_module is None
            else safe_fix(MovedImport(wrong.statement, ((wrong.name, wrong.defining_module),))),
        )


def _advice(wrong: WrongImport) -> str:
    if wrong.defining_module is None:
        return f"Remove it: the Python SDK has no class `{wrong.name}`."
    return f"Write `from {wrong.defining_module} import {wrong.name}`."


RULE = Rule(
    code="SG125",
    name="wrong-import",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE,),
    check=_check,
)
