"""Models of the built-in functions for asynchronous iterators."""

from __future__ import annotations

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.python.loops.generators import take_first
from stepgraph.interpreter.values.calls import GeneratorCall
from stepgraph.interpreter.values.tasks import Gathering
from stepgraph.ir.values import Value


@models("builtins.anext")
def _anext(call: LibraryCall) -> Value:
    """Model `await anext(generator)`, which runs the code of the generator up to its first `yield`."""
    if isinstance(call.first, GeneratorCall) and call.is_awaited:
        value = take_first(call.interpreter, call.first, call.place)
        if value is not None:
            return Gathering("all", (), result=value)
    return call.unmodeled()
