"""True orders, determined by running programs with asyncio on a virtual clock, with a separate step object.

The step object works like the SDK's `_WorkflowStepWrapper`, except that a step counts as started from its call on.
Therefore, no step that the graph shows once runs twice. The analysis shares no code with it.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import types
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.execution.virtual_clock import VirtualClock

SHORT, LONG = 1.0, 1_000_000.0

Relation = frozenset[tuple[str, str]]


@dataclass
class Trace:
    """Start and end times of steps."""

    began: list[tuple[float, str]] = field(default_factory=list)
    over: dict[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> Counter[str]:
        return Counter(name for _, name in self.began)


class ReferenceStep:
    """The step object, with dependencies by parameter name and a duration for each step."""

    def __init__(self, durations: Mapping[str, float], trace: Trace) -> None:
        self.durations = durations
        self.trace = trace
        self.steps: dict[str, Callable[[], Awaitable[object]]] = {}
        self.begun: dict[Callable[[], Awaitable[object]], asyncio.Future[None]] = {}
        self.remembered: set[Callable[[], Awaitable[object]]] = set()

    def do(self, name: str | None = None, *, concurrent: bool = False) -> Callable[..., Any]:
        def declare(function: Callable[..., Any]) -> Callable[[], Awaitable[object]]:
            step_name = name or function.__name__
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
                self.trace.began.append((now(), step_name))
                await asyncio.create_task(asyncio.sleep(self.durations.get(step_name, SHORT)))
                self.trace.over[step_name] = now()
                self.remembered.add(call)
                over.set_result(None)

            self.steps[step_name] = call
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
    """The export of `workers`."""


def execute(source: str, durations: Mapping[str, float]) -> Trace:
    """Run the workflow `W` of a module."""
    workers = types.ModuleType("workers")
    workers.WorkflowEntrypoint = WorkflowEntrypoint  # type: ignore[attr-defined]
    original = sys.modules.get("workers")
    sys.modules["workers"] = workers
    namespace: dict[str, Any] = {}
    try:
        exec(compile(source, "entry.py", "exec"), namespace)  # noqa: S102 - programs made by the tests themselves
    finally:
        if original is None:
            del sys.modules["workers"]
        else:
            sys.modules["workers"] = original
    trace = Trace()
    _run_to_the_end(namespace["W"]().run({"payload": {}}, ReferenceStep(durations, trace)))
    return trace


def _run_to_the_end(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine and its background tasks on a virtual clock."""
    loop = VirtualClock()

    async def whole() -> None:
        await coroutine
        background = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*background, return_exceptions=True)

    try:
        loop.run_until_complete(whole())
    finally:
        loop.close()


def true_order(source: str, steps: Iterable[str]) -> Relation:
    """Return the pairs (first, second) where the first step ends before the second starts in every run.

    A violation in any run also occurs if the first step takes forever and all others take no time, so one run for each
    step suffices.
    """
    names = list(steps)
    certain: set[tuple[str, str]] | None = None
    for slow in names:
        trace = execute(source, {slow: LONG})
        observed = {(u, v) for u in trace.over for began, v in trace.began if u != v and trace.over[u] <= began}
        certain = observed if certain is None else certain & observed
    return frozenset(certain or ())
