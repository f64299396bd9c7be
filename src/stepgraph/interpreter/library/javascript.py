"""Models of JavaScript promises and of Pyodide."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.library.asyncio_ import awaits_work_without_steps, make_gathering, start_elements
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.ir.values import Value
from stepgraph.model.payload import ParallelKind


@models("js.Promise.all", "js.Promise.any", "js.Promise.race", "js.Promise.allSettled")
def _promise(call: LibraryCall) -> Value:
    interpreter = call.interpreter
    members = start_elements(interpreter, call.arguments.items[0]) if call.arguments.items else []
    promise = make_gathering(interpreter, _KINDS[call.name], members, call.place, call.last_task_before)
    interpreter.work.unordered |= promise.started_tasks  # JavaScript starts them in later microtasks, in no fixed order
    if promise.kind != "all":
        return promise
    return replace(promise, awaits_work_without_steps=awaits_work_without_steps(interpreter, members))


_KINDS: Final[dict[str, ParallelKind]] = {
    "js.Promise.all": "all",
    "js.Promise.any": "any",
    "js.Promise.race": "race",
    "js.Promise.allSettled": "all_settled",
}


@models("pyodide.ffi.to_js")
def _convert(call: LibraryCall) -> Value:
    return call.first
