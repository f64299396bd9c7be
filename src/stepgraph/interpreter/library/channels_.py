"""Models of queues and futures. What code gets out may be any value that was put in so far."""

from __future__ import annotations

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.channels import Future, Queue
from stepgraph.ir.values import Value


@models(
    "asyncio.Queue",
    "asyncio.LifoQueue",
    "asyncio.PriorityQueue",
    "queue.LifoQueue",
    "queue.PriorityQueue",
    "queue.Queue",
    "queue.SimpleQueue",
)
def _queue(call: LibraryCall) -> Value:
    return Queue(make_result_collection(call.interpreter, "list", ()), call.name.startswith("asyncio."))


@models("asyncio.Future", "asyncio.loop.create_future")
def _future(call: LibraryCall) -> Value:
    return Future(make_result_collection(call.interpreter, "list", ()), call.place)
