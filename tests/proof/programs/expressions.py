"""Generate conditions that are unknown before a run."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Expression, SourceExpression
from tests.proof.programs.scope import Scope

_PLAIN = [
    SourceExpression("flip()"),
    SourceExpression("flip()"),
    SourceExpression("wanted(flip)"),
    SourceExpression("flip() and not flip()"),
    SourceExpression("pick(1, 2) > 1"),
]


def condition(drawing: Drawing, scope: Scope) -> Expression:
    """Draw a condition without steps."""
    if drawing.chance(40):
        return SourceExpression(drawing.choose(["True", "False"]))
    return drawing.choose([*_PLAIN, *scope.conditions])
