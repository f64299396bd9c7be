"""Making explicit what runs because a step needs it."""

from __future__ import annotations

from stepgraph.graph.dependencies.expanded import Expanded
from stepgraph.graph.dependencies.usage import Survey
from stepgraph.ir.program import Program


def expand(program: Program) -> Expanded:
    """Return a program with its dependencies made explicit."""
    survey = Survey(program.body, program.unordered)
    if not survey.needed:
        return Expanded(program.body)
    # Imported here for start-up: in most programs no step needs another.
    from stepgraph.graph.dependencies.settle import settled

    return settled(program, survey)
