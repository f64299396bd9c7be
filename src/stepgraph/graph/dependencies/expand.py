"""Expansion of step dependencies into explicit runs."""

from __future__ import annotations

from stepgraph.graph.dependencies.expanded import Expanded
from stepgraph.graph.dependencies.usage import Survey
from stepgraph.ir.program import Program


def expand(program: Program) -> Expanded:
    """Return a program with its dependencies expanded."""
    survey = Survey(program.body, program.unordered)
    if not survey.needed:
        return Expanded(program.body)
    # Deferred to keep start-up fast: few programs have dependencies.
    from stepgraph.graph.dependencies.settle import settled

    return settled(program, survey)
