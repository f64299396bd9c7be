"""Random programs with dependencies between steps, tasks, gathers and awaits."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

HEADER = """\
import asyncio

from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""


@dataclass(frozen=True)
class StepPlan:
    """A step, and its dependencies in the order of its parameters."""

    name: str
    needs: tuple[str, ...]
    concurrent: bool = False


def module(steps: Sequence[StepPlan], body: Sequence[str]) -> str:
    """Return a module with a workflow `W` that declares steps and runs a body."""
    lines: list[str] = []
    for step in steps:
        lines.append(f"@step.do({'concurrent=True' if step.concurrent else ''})")
        lines.append(f"async def {step.name}({', '.join(step.needs)}): ...")
    return HEADER + textwrap.indent("\n".join([*lines, *body]), " " * 8) + "\n"


@st.composite
def step_plans(draw: st.DrawFn, most: int = 12) -> list[StepPlan]:
    """Draw steps that may depend on earlier ones."""
    plans: list[StepPlan] = []
    for number in range(draw(st.integers(1, most))):
        others = [plan.name for plan in plans]
        needs = draw(st.lists(st.sampled_from(others), unique=True, max_size=3)) if others else []
        plans.append(StepPlan(f"s{number}", tuple(needs), draw(st.booleans())))
    return plans


def ends_of(plans: Sequence[StepPlan]) -> list[str]:
    """Return the steps without dependents."""
    needed = {name for plan in plans for name in plan.needs}
    return [plan.name for plan in plans if plan.name not in needed]


@st.composite
def task_bodies(draw: st.DrawFn, names: Sequence[str]) -> list[str]:
    """Draw a body that calls each step once and awaits all of them.

    It uses tasks, nested gathers, waits, loops over tasks, task groups and plain awaits.
    """
    waiting = list(draw(st.permutations(names)))
    tasks: list[str] = []
    lines: list[str] = []
    while waiting or tasks:
        lines.append(draw(_statement(waiting, tasks)))
    return lines


@st.composite
def _statement(draw: st.DrawFn, waiting: list[str], tasks: list[str]) -> str:
    kinds = [*(["run", "start", "group"] if waiting else []), *(["join", "loop"] if tasks else []), "gather", "wait"]
    match draw(st.sampled_from(kinds)):
        case "run":
            return f"await {waiting.pop()}()"
        case "start":
            return _start(waiting.pop(), tasks)
        case "join":
            return f"await {tasks.pop(draw(st.integers(0, len(tasks) - 1)))}"
        case "loop":
            return f"for task in [{', '.join(_some(draw, tasks))}]: await task"
        case "wait":
            joined = _some(draw, tasks)
            return f"await asyncio.wait([{', '.join(joined)}])" if joined else "pass"
        case "group":
            return _group(draw, waiting)
        case _:
            gathered = _gather(draw, waiting, tasks, nested=False)
            return f"await {gathered}" if gathered else "pass"


def _start(name: str, tasks: list[str]) -> str:
    tasks.append(f"task_{name}")
    return f"task_{name} = asyncio.create_task({name}())"


def _some(draw: st.DrawFn, names: list[str]) -> list[str]:
    """Remove and return at most three names."""
    return [names.pop() for _ in range(draw(st.integers(0, min(3, len(names)))))]


def _group(draw: st.DrawFn, waiting: list[str]) -> str:
    lines = ["async with asyncio.TaskGroup() as group:", "    pass"]
    calls = (
        f"group.create_task({name}())" if draw(st.booleans()) else f"await {name}()" for name in _some(draw, waiting)
    )
    return "\n".join([*lines, *(f"    {call}" for call in calls)])


def _gather(draw: st.DrawFn, waiting: list[str], tasks: list[str], *, nested: bool) -> str:
    members = [f"{name}()" for name in _some(draw, waiting)] + _some(draw, tasks)
    if not nested and waiting and draw(st.booleans()):
        members += filter(None, [_gather(draw, waiting, tasks, nested=True)])
    return f"asyncio.gather({', '.join(draw(st.permutations(members)))})" if members else ""
