"""Run a workflow class on the SDK as published, and tell what came of it."""

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
from tests.execution.anything import Anything, Unknown, answered_by, anything
from tests.execution.engine import Answers, Arrives, Engine, Event, Fails, Takes, Unanswered
from tests.execution.javascript import JsDate, JsObject
from tests.execution.limits import EngineLimit, computing_at_most
from tests.execution.modules import Imports, exported, modules
from tests.execution.platform import Mode, platform
from tests.execution.storable import copied
from tests.execution.values import JsValue, PyValue
from tests.execution.waiting import waiting_as_workers_do

ENTRY = "entry"
_UNKNOWN = object()


@dataclass
class Execution:
    """What came of a run."""

    result: PyValue = None
    error: BaseException | None = None
    events: list[Event] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    before_the_cut: int | None = None
    """How many events there were when the run was over. What is cut off then may do this and that on its way out."""

    @property
    def failed(self) -> bool:
        return self.error is not None

    @property
    def started(self) -> list[str]:
        """The keys of the steps, in the order of their starts."""
        return [event.key for event in self.events if event.what == "start"]


class Options(TypedDict, total=False):
    """All that can be said of a run but what is run."""

    mode: Mode
    payload: PyValue
    env: Mapping[str, PyValue] | None
    fails: Fails
    answers: Answers
    takes: Takes
    arrives: Arrives | None
    unknown: Unknown
    imports: Imports
    start: dt.datetime | None
    step_limit: int
    seconds: float
    finish: bool


def execute(  # noqa: PLR0913 # a run has many sides, of which most runs name none
    source: str | Mapping[str, str],
    class_name: str | None = None,
    *,
    mode: Mode = "implicit",
    payload: PyValue = _UNKNOWN,
    env: Mapping[str, PyValue] | None = None,
    fails: Fails = lambda *_: None,
    answers: Answers = lambda *_: anything("payload"),
    takes: Takes = lambda *_: 0,
    arrives: Arrives | None = None,
    unknown: Unknown = Anything,
    imports: Imports = lambda _: None,
    start: dt.datetime | None = None,
    step_limit: int = 10_000,
    seconds: float = 5,
    finish: bool = False,
) -> Execution:
    """Import the entry module (the first of several), and run its workflow to the end.

    What is under way then is cut off, unless it is to `finish`. The run may compute for so many `seconds`.
    What none of this says is `unknown`.
    """
    sources = {ENTRY: dedent(source)} if isinstance(source, str) else dict(source)
    execution = Execution()
    with (
        warnings.catch_warnings(record=True) as caught,
        platform(mode) as sdk,
        _as_given(sources, imports, unknown, start),
    ):
        warnings.simplefilter("always")

        def answer(name: str, count: int, event_type: str) -> PyValue:
            given = answers(name, count, event_type)
            return given if isinstance(given, Unanswered) else sdk.python_to_rpc(given)

        async def whole() -> PyValue:
            engine = Engine(
                execution.events, fails=fails, answers=answer, takes=takes, arrives=arrives, step_limit=step_limit
            )
            given = anything("payload") if payload is _UNKNOWN else payload
            instance: PyValue = workflow(Anything("ctx"), _Env(env or {}))
            run = asyncio.ensure_future(instance.run(_event(sdk.python_to_rpc(given)), engine))
            await asyncio.wait({run, engine.ended}, return_when=asyncio.FIRST_COMPLETED)
            while finish and run.done() and (left := asyncio.all_tasks() - {asyncio.current_task()}):
                await asyncio.wait(left)
            execution.before_the_cut = len(execution.events)
            result = (run if run.done() else engine.ended).result()
            return sdk.python_from_rpc(copied(result))

        try:
            with computing_at_most(seconds), waiting_as_workers_do():
                entry = importlib.import_module(next(iter(sources)))
                workflow = exported(entry, sdk.WorkflowEntrypoint, class_name)
                execution.result = virtual_clock.run(whole())
        except (Exception, asyncio.CancelledError, SystemExit, EngineLimit) as error:  # noqa: BLE001 # it came of the run
            execution.error = error
        _let_go(execution.error)
        for warning in caught:  # more of them, as each holds on to what it is of
            warning.source = None
    execution.warnings = [str(warning.message) for warning in caught if issubclass(warning.category, RuntimeWarning)]
    return execution


class _Env:
    """The bindings: those that are given, and others that answer anything."""

    def __init__(self, given: Mapping[str, PyValue]) -> None:
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> PyValue:
        if name == "constructor" or name.startswith("__"):
            raise AttributeError(name)
        return anything(f"env.{name}")


def _event(payload: JsValue) -> JsObject:
    timestamp = JsDate(wall_clock.now() * 1000)
    return JsObject({"payload": payload, "timestamp": timestamp, "instanceId": "instance", "workflowName": "workflow"})


@contextmanager
def _as_given(
    sources: Mapping[str, str], imports: Imports, unknown: Unknown, start: dt.datetime | None
) -> Iterator[None]:
    with answered_by(unknown), wall_clock.starting_at(start), modules(sources, imports), _all_young():
        yield


@contextmanager
def _all_young() -> Iterator[None]:
    """Keep Python from collecting, so that it takes all that a run has left for young, and finds it quickly."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _let_go(error: BaseException | None) -> None:
    """Free what the run has left, so that coroutines never awaited are warned of now."""
    left, seen = [error], set()
    while left:
        if (error := left.pop()) is not None and id(error) not in seen:
            seen.add(id(error))
            traceback.clear_frames(error.__traceback__)
            error.__traceback__ = None  # frames hold on to their functions all the same
            left += [error.__cause__, error.__context__]
            left += error.exceptions if isinstance(error, BaseExceptionGroup) else []
    gc.collect(1)
