"""The orders that really happen: programs executed with asyncio, on a virtual clock, with a step object of our own.

It does what the SDK's does (`_WorkflowStepWrapper`), but for one thing: a step counts as begun from its call on, not
only once its dependencies are over, so that none runs twice that is shown once. That shares no code with the analysis.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import types
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.order.virtual_clock import run

SHORT, LONG = 1.0, 1_000_000.0

Relation = frozenset[tuple[str, str]]


@dataclass
class Trace:
    """When the runs of steps began and were over."""

    began: list[tuple[float, str]] = field(default_factory=list)
    over: dict[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> Counter[str]:
        return Counter(name for _, name in self.began)


class ReferenceStep:
    """The step object: dependencies by the names of parameters, each step of a given duration."""

    def __init__(self, durations: Mapping[str, float], trace: Trace) -> None:
        self.durations = durations
        self.trace = trace
        self.steps: dict[str, Callable[[], Awaitable[object]]] = {}
        self.begun: dict[Callable[[], Awaitable[object]], asyncio.Future[None]] = {}
        self.remembered: set[Callable[[], Awaitable[object]]] = set()

    def do(self, name: str | None = None, *, concurrent: bool = False) -> Callable[..., Any]:
        def declare(function: Callable[..., Any]) -> Callable[[], Awaitable[object]]:
            own = name or function.__name__
            parameters = list(inspect.signature(function).parameters)

            async def call() -> None:
                over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self.begun[call] = over
                if concurrent:
                    await asyncio.gather(*map(self.resolve, parameters))
                else:
                    for parameter in parameters:
                        await self.resolve(parameter)
                now = asyncio.get_running_loop().time
                self.trace.began.append((now(), own))
                await asyncio.create_task(asyncio.sleep(self.durations.get(own, SHORT)))
                self.trace.over[own] = now()
                self.remembered.add(call)
                over.set_result(None)

            self.steps[own] = call
            return call

        return declare

    async def resolve(self, parameter: str) -> None:
        if parameter == "ctx":
            return
        step = self.steps[parameter]
        if step in self.remembered:
            return
        if step in self.begun:
            await self.begun[step]
        else:
            await step()


class WorkflowEntrypoint:
    """What `workers` exports, as far as the programs need it."""


def execute(source: str, durations: Mapping[str, float]) -> Trace:
    """Run the workflow `W` of a module and return what happened."""
    workers = types.ModuleType("workers")
    workers.WorkflowEntrypoint = WorkflowEntrypoint  # type: ignore[attr-defined]
    known = sys.modules.get("workers")
    sys.modules["workers"] = workers
    namespace: dict[str, Any] = {}
    try:
        exec(compile(source, "entry.py", "exec"), namespace)  # noqa: S102 - programs made by the tests themselves
    finally:
        if known is None:
            del sys.modules["workers"]
        else:
            sys.modules["workers"] = known
    trace = Trace()
    run(namespace["W"]().run({"payload": {}}, ReferenceStep(durations, trace)))
    return trace


def true_order(source: str, steps: Iterable[str]) -> Relation:
    """Return which step is over before which other begins, in every run.

    A step that began before another one was over in some run does so in the run in which that one takes forever and all
    others no time. So a run for each step shows all that is not certain.
    """
    names = list(steps)
    certain: set[tuple[str, str]] | None = None
    for slow in names:
        trace = execute(source, {slow: LONG})
        found = {(u, v) for u in trace.over for began, v in trace.began if u != v and trace.over[u] <= began}
        certain = found if certain is None else certain & found
    return frozenset(certain or ())
