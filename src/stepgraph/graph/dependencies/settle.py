"""Reading all bodies of a program, with what has run where, until there is no more to learn.

What has run is followed through the whole program, functions included. A function is read once a round, for all that
may have run at any call of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from stepgraph.graph.dependencies.background import begin_waiting
from stepgraph.graph.dependencies.expanded import Expanded
from stepgraph.graph.dependencies.flow import read_block
from stepgraph.graph.dependencies.history import NOTHING, History, joined
from stepgraph.graph.dependencies.reading import Knowledge, Opening, Reading
from stepgraph.graph.dependencies.usage import Survey, Usage
from stepgraph.ir.nodes import Block, Call, Function, StepRun
from stepgraph.ir.program import Program


def settled(program: Program, survey: Survey) -> Expanded:
    """Return a program in which some steps need others, with each of them run where it does."""
    knowledge, expanded = _settled(program, survey, {})
    if any(usage.started for usage in (survey.run, *survey.of.values())):
        # What a function begins at once is known now, and tells those more that begin with it.
        knowledge, expanded = _settled(program, survey, knowledge.begins)
    return expanded


def _settled(program: Program, survey: Survey, openings: Mapping[int, Opening]) -> tuple[Knowledge, Expanded]:
    """Read all bodies until there is no more to learn; return what was learned, and the program."""
    run = Function(("run",), program.place, body=program.body)
    knowledge = Knowledge(survey, openings)
    usages = {id(run): survey.run, **survey.of}
    # Callers first, then callees first: most is learned in these two rounds.
    order = [run, *survey.functions]
    bodies: dict[int, Block] = {}
    while True:
        knowledge.changed = False
        for function in order:
            bodies[id(function)] = _read(knowledge, function, usages[id(function)], is_run=function is run)
        if not knowledge.changed:
            break
        order.reverse()
    body = bodies.pop(id(run))
    return knowledge, Expanded(body, bodies, tuple(knowledge.notes.values()))


def _left_waiting(reading: Reading, path: History) -> History:
    """Return what is known at the end of a function: what waits there begins at the next await of whoever called it."""
    survey = reading.survey
    elsewhere = [step for step, places in survey.places.items() if places > 1 and not reading.is_run]
    reading.history = path.copy()
    begin_waiting(reading, meanwhile=elsewhere)
    for task_id in sorted(reading.history.going):
        activity = reading.usage.activities.get(task_id)
        if isinstance(activity, Call):
            reading.knowledge.runs_beside(activity.function, elsewhere)
    reading.history = path.copy()
    for start in path.waiting.values():
        if isinstance(start.activity, StepRun):
            reading.begun(survey.closure(start.activity), surely=False)
        elif isinstance(start.activity, Call):
            reading.begun(survey.touched(start.activity.function), surely=False)
    return reading.history


def _read(knowledge: Knowledge, function: Function, usage: Usage, *, is_run: bool) -> Block:
    """Return the body of a function, expanded, having learned what it does."""
    reading = Reading(knowledge, function, usage, read_block, is_run)
    reading.history.declared(step for step in function.declares if step in knowledge.survey.needed)
    body = read_block(reading, function.body)
    end = joined([_left_waiting(reading, path) for path in reading.ends])
    known = dict.fromkeys(knowledge.survey.touched(function) if not is_run else (), NOTHING)
    effects = knowledge.effects.setdefault(id(function), known)
    knowledge.begins_with(function, (end.first if end is not None else None) or (), reading.opening)
    if end is not None:
        for step in effects:
            knowledge.learn(effects, step, end.at(step))
    return body
