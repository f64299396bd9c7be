"""Imports of modules of the Worker by names that do not exist at run time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.name_facts import ImportCorrection, UnloadableImport
from stepgraph.syntax.edits.source_edits import Edit, RenamedModule, replace_string

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for unloadable in subject.facts_of_type(UnloadableImport):
        correction = unloadable.correction
        has_fix = correction.module is not None and not correction.conflict
        yield Diagnostic(
            unloadable.place.span,
            f"{_problem(unloadable)}, and {_effect(unloadable)}.",
            _advice(unloadable),
            safe_fix(*_edits(unloadable.place, correction)) if has_fix else None,
        )


def _edits(place: SourcePlace, correction: ImportCorrection) -> tuple[Edit, ...]:
    """Return the edit of an import statement, or of the name in a call such as `import_module("src.jobs")`."""
    module = correction.module or ""
    if correction.statement.startswith('"'):
        return replace_string(place, correction.written, module)
    return (RenamedModule(place, module),)


def _problem(unloadable: UnloadableImport) -> str:
    written = unloadable.correction.written
    loading = f"modules are loaded by their names in {_root(unloadable)}"
    if not written.startswith("."):
        return f"no package `{written.split('.', 1)[0]}` in the Worker, because {loading}: the import fails"
    if unloadable.package:
        return f"`{written}` is outside of the package `{unloadable.package}`, because {loading}: the import fails"
    return f"relative import `{written}` in a module without a package, because {loading}: the import fails"


def _root(unloadable: UnloadableImport) -> str:
    return f"`{unloadable.root}`" if unloadable.root else "the directory of `main`"


def _effect(unloadable: UnloadableImport) -> str:
    return "the Worker never starts" if unloadable.at_load else "this code fails whenever it runs"


def _advice(unloadable: UnloadableImport) -> str:
    correction = unloadable.correction
    if correction.conflict:
        return f"Rename the module `{correction.conflict}`, because Python has a module of this name, too."
    if not correction.statement:
        return f"Import a module below {_root(unloadable)} by its name there."
    if correction.module is None:
        name = correction.statement.removeprefix("import ")
        return f"Write `{correction.statement}`, and `{name}` for `{correction.written}`."
    return f"Write `{correction.statement}`."


RULE = Rule(
    code="SG129",
    name="unloadable-import",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE,),
    check=_check,
)
