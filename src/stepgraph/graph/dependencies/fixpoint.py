"""The fixpoint over all bodies of a program: run states flow through calls until no fact changes.

Each round analyzes every function once, for the joined state of all its calls.
"""

from __future__ import annotations

from collections.abc import Mapping

from stepgraph.graph.dependencies.background import begin_queued_tasks
from stepgraph.graph.dependencies.flow import read_block
from stepgraph.graph.dependencies.history import NO_PATH, RunHistory, join_states
from stepgraph.graph.dependencies.reading import BodyAnalysis, FirstAwaitSteps, ProgramFacts
from stepgraph.graph.dependencies.usage import BodyUsage, ProgramUsage
from stepgraph.ir.nodes import Block, Call, Function, StepRun
from stepgraph.ir.program import ExpandedProgram, Program


def expand_to_fixpoint(program: Program, program_usage: ProgramUsage) -> ExpandedProgram:
    """Return a program in which each step runs its dependencies explicitly."""
    facts, expanded = _solve(program, program_usage, {})
    if any(usage.background_callees for usage in (program_usage.run, *program_usage.of.values())):
        # The steps begun by the first await of each function make the second fixpoint more precise.
        facts, expanded = _solve(program, program_usage, facts.first_await_steps)
    return expanded


def _solve(
    program: Program, program_usage: ProgramUsage, openings: Mapping[int, FirstAwaitSteps]
) -> tuple[ProgramFacts, ExpandedProgram]:
    """Analyze all bodies until no fact changes; return the facts and the expanded program."""
    run = Function(("run",), program.place, body=program.body)
    facts = ProgramFacts(program_usage, openings)
    usages = {id(run): program_usage.run, **program_usage.of}
    # Rounds alternate between callers first and callees first; the first two yield most facts.
    order = [run, *program_usage.functions]
    bodies: dict[int, Block] = {}
    while True:
        facts.changed = False
        for function in order:
            bodies[id(function)] = _analyze(facts, function, usages[id(function)], is_run=function is run)
        if not facts.changed:
            break
        order.reverse()
    body = bodies.pop(id(run))
    return facts, ExpandedProgram(body, bodies, tuple(facts.notes.values()))


def _with_queued_tasks(analysis: BodyAnalysis, state: RunHistory) -> RunHistory:
    """Return the state at a normal exit. Queued tasks begin at the next await of the caller."""
    program_usage = analysis.program_usage
    shared_steps = [step for step, count in program_usage.places.items() if count > 1 and not analysis.is_run_method]
    analysis.state = state.copy()
    begin_queued_tasks(analysis, concurrent_steps=shared_steps)
    for task_id in sorted(analysis.state.may_be_running):
        activity = analysis.usage.activities.get(task_id)
        if isinstance(activity, Call):
            analysis.facts.add_concurrent_steps(activity.function, shared_steps)
    analysis.state = state.copy()
    for start in state.queued_tasks.values():
        if isinstance(start.activity, StepRun):
            analysis.begun(program_usage.closure(start.activity), on_every_path=False)
        elif isinstance(start.activity, Call):
            analysis.begun(program_usage.steps_used_by(start.activity.function), on_every_path=False)
    return analysis.state


def _analyze(facts: ProgramFacts, function: Function, usage: BodyUsage, *, is_run: bool) -> Block:
    """Return the expanded body of a function, and record its effects."""
    analysis = BodyAnalysis(facts, function, usage, read_block, is_run)
    analysis.state.mark_declared(step for step in function.redeclared_steps if step in facts.program_usage.needed)
    body = read_block(analysis, function.body)
    end = join_states([_with_queued_tasks(analysis, state) for state in analysis.exit_states])
    initial = dict.fromkeys(facts.program_usage.steps_used_by(function) if not is_run else (), NO_PATH)
    effects = facts.effects.setdefault(id(function), initial)
    facts.set_first_await_steps(
        function, (end.begun_by_first_await if end is not None else None) or (), analysis.first_await_steps_of
    )
    if end is not None:
        for step in effects:
            facts.join_run_state(effects, step, end.at(step))
    return body
