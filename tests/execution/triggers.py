"""Run the `fetch` handler of a Worker on the published SDK, and record the workflow instances that it starts."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping

from tests.execution import virtual_clock
from tests.execution.javascript import JsArray, JsException, JsObject, JsProxy
from tests.execution.modules import importable_modules
from tests.execution.platform import Mode, platform
from tests.execution.stub_values import StubValue, stub_value
from tests.execution.values import JsValue, PyValue

_VALID_ID = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,99}")


class Started:
    """The requests of a Worker to start instances, and the resulting payloads."""

    def __init__(self) -> None:
        self.requests = 0
        self.payloads: list[PyValue] = []
        self.error: Exception | None = None


class _WorkflowBinding(JsProxy):
    """The binding of a workflow (engine: `WorkflowBinding` in `binding.ts`).

    As in Pyodide, keyword arguments become the last argument, which is an object.
    """

    js_name = "WorkflowImpl"

    def __init__(self, started: Started, to_python: PyValue) -> None:
        self._started = started
        self._to_python = to_python

    async def create(self, *args: JsValue, **keywords: JsValue) -> JsObject:
        self._started.requests += 1
        return self._start(*args, *([JsObject(keywords)] if keywords else []))

    async def createBatch(self, batch: JsArray) -> JsArray:  # noqa: N802 # JavaScript API
        self._started.requests += 1
        return JsArray([self._start(options) for options in batch])

    def _start(self, options: JsValue = None, *_ignored: JsValue) -> JsObject:
        entries = options.entries if isinstance(options, JsObject) else {}
        instance_id = entries.get("id", "random")
        if not isinstance(instance_id, str) or not _VALID_ID.fullmatch(instance_id):
            raise JsException("Error", "Workflow instance has invalid id")
        self._started.payloads.append(self._to_python(entries.get("params", JsObject())))
        return JsObject({"id": instance_id})


class _Env:
    def __init__(self, binding: _WorkflowBinding) -> None:
        self.ORDERS = binding

    def __getattr__(self, name: str) -> PyValue:
        if name == "constructor" or name.startswith("__"):
            raise AttributeError(name)
        return stub_value(f"env.{name}")


def run_fetch(sources: Mapping[str, str], mode: Mode = "implicit") -> Started:
    """Call the `fetch` of the class `Default` in the first module, with a stub as the request."""
    started = Started()
    with platform(mode) as sdk, importable_modules(sources):
        entry = importlib.import_module(next(iter(sources)))
        worker = entry.Default(StubValue("ctx"), _Env(_WorkflowBinding(started, sdk.python_from_rpc)))
        try:
            virtual_clock.run(worker.fetch(stub_value("request")))
        except JsException as error:
            started.error = error
    return started
