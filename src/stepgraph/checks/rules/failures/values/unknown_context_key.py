"""Keys that the context of a step does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.steps import CONTEXT
from stepgraph.checks.analysis.triggers import is_member
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepDeclared
from stepgraph.phrases import near_names
from stepgraph.syntax.edits.source_edits import Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.key_accesses import KeyAccess

_STEP: Final = "step"
# The keys of the context, and of its value for `step`.
_KEYS: Final = ("attempt", "step", "config")
_STEP_KEYS: Final = ("name", "count")
# Members of the context of the Worker, which is another object.
_WORKER_MEMBERS: Final = ("passThroughOnException", "waitUntil")

_EFFECTS: Final = {
    "read": "fails with a KeyError",
    "get": "always returns the default",
    "attribute": "fails with an AttributeError",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    shapes = (declared.function for declared in subject.facts_of_type(StepDeclared))
    with_context = [
        shape for shape in shapes if shape and any(parameter.name == CONTEXT for parameter in shape.parameters)
    ]
    if not with_context:
        return
    # Imported here because few steps have a context.
    from stepgraph.syntax.key_accesses import key_accesses

    for shape in with_context:
        for access in key_accesses(shape.place, CONTEXT):
            if not _is_valid(access, _KEYS):
                yield _diagnostic(access, _KEYS, "the context of a step")
            elif access.key == _STEP:
                invalid = (inner for inner in access.inner if not _is_valid(inner, _STEP_KEYS))
                yield from (_diagnostic(inner, _STEP_KEYS, f"`{inner.mapping.text}`") for inner in invalid)


def _is_valid(access: KeyAccess, keys: tuple[str, ...]) -> bool:
    return access.key in keys or (access.use == "attribute" and is_member(access.key)) or access.is_caught


def _diagnostic(access: KeyAccess, keys: tuple[str, ...], owner: str) -> Diagnostic:
    *names, last = map(repr, keys)
    correction, is_default = _correction(access, keys), access.use == "get"
    return Diagnostic(
        access.place.span,
        f"`{access.place.brief_text}` {_EFFECTS[access.use]}: {owner} has the keys {', '.join(names)} and {last}.",
        f"Write `{correction}`." if correction else "",
        unsafe_fix(Replacement(access.place, correction)) if correction and not is_default else None,
        severity=Severity.WARNING if is_default else None,
    )


def _correction(access: KeyAccess, keys: tuple[str, ...]) -> str:
    """Return the expression for the similar key of the same or of another context, or an empty string."""
    mapping, key = access.mapping.text, access.key
    if key in _WORKER_MEMBERS:
        return f"self.ctx.{key}"
    if keys is _KEYS and key in _STEP_KEYS:
        return f'{mapping}["{_STEP}"]["{key}"]'
    near = near_names(key, keys)
    return f'{mapping}["{near[0]}"]' if near else ""


RULE = Rule(
    code="SG133",
    name="unknown-context-key",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
