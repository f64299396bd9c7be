"""Expansion of step dependencies into explicit runs."""

from __future__ import annotations

from stepgraph.graph.dependencies.expanded import ExpandedProgram
from stepgraph.graph.dependencies.usage import ProgramUsage
from stepgraph.ir.program import Program


def expand(program: Program) -> ExpandedProgram:
    """Return a program with its dependencies expanded."""
    survey = ProgramUsage(program.body, program.unordered)
    if not survey.needed:
        return ExpandedProgram(program.body)
    # Deferred to keep start-up fast: few programs have dependencies.
    from stepgraph.graph.dependencies.settle import expand_to_fixpoint

    return expand_to_fixpoint(program, survey)
