"""Values that are not known before a run."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Expression, Text
from tests.proof.programs.scope import Scope

_PLAIN = [Text("flip()"), Text("flip()"), Text("wanted(flip)"), Text("flip() and not flip()"), Text("pick(1, 2) > 1")]


def condition(drawing: Drawing, scope: Scope) -> Expression:
    """Draw a condition without steps."""
    if drawing.chance(40):
        return Text(drawing.among(["True", "False"]))
    return drawing.among([*_PLAIN, *scope.conditions])
