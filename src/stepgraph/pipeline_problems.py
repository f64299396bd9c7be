"""The problems and hints that `Pipeline` reports about workflow classes and their configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stepgraph.interpreter.workflow_classes import ClassOverLimit, MisnamedRun, NotExported, UndeployedClass
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.project.sources import Source

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import ConfiguredWorkflow

_MAX_NAMES: Final = 8


def missing_run(misnamed: MisnamedRun) -> Problem:
    """Return the hint for a workflow class with a method that looks like `run`."""
    span = misnamed.place.span
    message = (
        f"the class `{misnamed.class_name}` has no method `run`, and the engine does not call `{misnamed.method}`."
    )
    return Problem(span.path, message, "Name the method `run`.", span.line, span.column, kind=ProblemKind.NO_RUN)


def class_over_limit(class_: ClassOverLimit) -> Problem:
    """Return the problem of a class that exceeds a limit."""
    span = class_.place.span
    message = f"the class `{class_.class_name}` is not analyzed: {class_.reason}."
    kind = ProblemKind.LIMIT
    return Problem(span.path, message, "Derive it from fewer classes.", span.line, span.column, kind=kind)


def not_deployed(undeployed: UndeployedClass, configuration: str) -> Problem:
    """Return the hint for a workflow class that the configuration does not name."""
    span = undeployed.place.span
    message = (
        f"the class `{undeployed.class_name}` is a workflow that {configuration} does not name, so it is not deployed."
    )
    advice = "Add it to `workflows` there, or name this file to have it analysed."
    return Problem(span.path, message, advice, span.line, span.column, kind=ProblemKind.CONFIGURATION)


def not_exported(source: Source, configured: ConfiguredWorkflow, missing: NotExported, near: str | None) -> Problem:
    """Return the problem of a configured class that its module does not export. `near` is a similar name."""
    path = source.path if source.project.configuration is None else source.project.configuration.path
    advice = f"Did you mean `{near}`?" if near else _exported_names(source, missing)
    return Problem(path, f"{missing.reason}.", advice, configured.line, configured.column, kind=missing.kind)


def _exported_names(source: Source, missing: NotExported) -> str:
    names = ", ".join(f"`{name}`" for name in missing.exported_classes[:_MAX_NAMES])
    return f"{source.path} exports {names or 'no workflow class'}."
