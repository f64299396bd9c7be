"""Execute a workflow class on the published SDK and record the result."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import importlib
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TypedDict

from tests.execution import virtual_clock, wall_clock
from tests.execution.engine import Answers, Arrives, Engine, EngineEvent, Fails, Takes, Unanswered
from tests.execution.javascript import JsDate, JsObject
from tests.execution.limits import EngineLimit, cpu_time_limit
from tests.execution.modules import Imports, find_workflow, importable_modules
from tests.execution.platform import Mode, platform
from tests.execution.structured_clone import structured_clone
from tests.execution.stub_values import StubFactory, StubValue, stub_value, stub_values_from
from tests.execution.values import JsValue, PyValue
from tests.execution.wait_for import python_312_wait_for

ENTRY = "entry"
_UNKNOWN = object()


@dataclass
class Execution:
    """The result of a run."""

    result: PyValue = None
    error: BaseException | None = None
    events: list[EngineEvent] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    event_count_at_end: int | None = None
    """Number of events when the run ended. Cancelled work may add events after it."""

    @property
    def failed(self) -> bool:
        return self.error is not None

    @property
    def started(self) -> list[str]:
        """The keys of the steps in the order of their starts."""
        return [event.key for event in self.events if event.type == "start"]


class Options(TypedDict, total=False):
    """Keyword arguments of `execute`."""

    mode: Mode
    payload: PyValue
    env: Mapping[str, PyValue] | None
    fails: Fails
    answers: Answers
    takes: Takes
    arrives: Arrives | None
    unknown: StubFactory
    imports: Imports
    start: dt.datetime | None
    created: dt.datetime | None
    step_limit: int
    seconds: float
    finish: bool


def execute(  # noqa: PLR0913 # all have defaults
    source: str | Mapping[str, str],
    class_name: str | None = None,
    *,
    mode: Mode = "implicit",
    payload: PyValue = _UNKNOWN,
    env: Mapping[str, PyValue] | None = None,
    fails: Fails = lambda *_: None,
    answers: Answers = lambda *_: stub_value("payload"),
    takes: Takes = lambda *_: 0,
    arrives: Arrives | None = None,
    unknown: StubFactory = StubValue,
    imports: Imports = lambda _: None,
    start: dt.datetime | None = None,
    created: dt.datetime | None = None,
    step_limit: int = 10_000,
    seconds: float = 5,
    finish: bool = False,
) -> Execution:
    """Import the first module and run its workflow.

    Work in flight when the run ends is cancelled, unless `finish` is set. `seconds` limits the CPU time. `created` is
    the timestamp of the event, by default the start of the run. Unspecified values come from `unknown`.
    """
    sources = {ENTRY: dedent(source)} if isinstance(source, str) else dict(source)
    execution = Execution()
    with (
        warnings.catch_warnings(record=True) as caught,
        platform(mode) as sdk,
        _environment(sources, imports, unknown, start),
    ):
        warnings.simplefilter("always")

        def answer(name: str, count: int, event_type: str) -> PyValue:
            payload = answers(name, count, event_type)
            return payload if isinstance(payload, Unanswered) else sdk.python_to_rpc(payload)

        async def run_workflow() -> PyValue:
            engine = Engine(
                execution.events, fails=fails, answers=answer, takes=takes, arrives=arrives, step_limit=step_limit
            )
            start_payload = stub_value("payload") if payload is _UNKNOWN else payload
            instance: PyValue = workflow(StubValue("ctx"), _Env(env or {}))
            event = _event(sdk.python_to_rpc(start_payload), created)
            run = asyncio.ensure_future(instance.run(event, engine))
            await asyncio.wait({run, engine.ended}, return_when=asyncio.FIRST_COMPLETED)
            while finish and run.done() and (tasks := asyncio.all_tasks() - {asyncio.current_task()}):
                await asyncio.wait(tasks)
            execution.event_count_at_end = len(execution.events)
            result = (run if run.done() else engine.ended).result()
            return sdk.python_from_rpc(structured_clone(result))

        try:
            with cpu_time_limit(seconds), python_312_wait_for():
                entry = importlib.import_module(next(iter(sources)))
                workflow = find_workflow(entry, sdk.WorkflowEntrypoint, class_name)
                execution.result = virtual_clock.run(run_workflow())
        except (Exception, asyncio.CancelledError, SystemExit, EngineLimit) as error:  # noqa: BLE001 # the result
            execution.error = error
        _release_objects(execution.error)
        for warning in caught:  # warnings keep their sources alive
            warning.source = None
    execution.warnings = [str(warning.message) for warning in caught if issubclass(warning.category, RuntimeWarning)]
    return execution


class _Env:
    """The bindings: specified values, and stubs for all others."""

    def __init__(self, bindings: Mapping[str, PyValue]) -> None:
        self.__dict__.update(bindings)

    def __getattr__(self, name: str) -> PyValue:
        if name == "constructor" or name.startswith("__"):
            raise AttributeError(name)
        return stub_value(f"env.{name}")


def _event(payload: JsValue, created: dt.datetime | None) -> JsObject:
    timestamp = JsDate((wall_clock.now() if created is None else created.timestamp()) * 1000)
    return JsObject({"payload": payload, "timestamp": timestamp, "instanceId": "instance", "workflowName": "workflow"})


@contextmanager
def _environment(
    sources: Mapping[str, str], imports: Imports, unknown: StubFactory, start: dt.datetime | None
) -> Iterator[None]:
    with (
        stub_values_from(unknown),
        wall_clock.start_time(start),
        importable_modules(sources, imports),
        _without_garbage_collection(),
    ):
        yield


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection, so that all objects of a run stay young and are collected quickly."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _release_objects(error: BaseException | None) -> None:
    """Free the objects of the run, so that warnings about coroutines never awaited are emitted now."""
    stack, visited = [error], set()
    while stack:
        if (error := stack.pop()) is not None and id(error) not in visited:
            visited.add(id(error))
            traceback.clear_frames(error.__traceback__)
            error.__traceback__ = None  # cleared frames still reference their functions
            stack += [error.__cause__, error.__context__]
            stack += error.exceptions if isinstance(error, BaseExceptionGroup) else []
    gc.collect(1)
