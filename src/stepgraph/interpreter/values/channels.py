"""Queues and futures as values: code puts values in, and other code gets them out."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.interpreter.values.containers import Collection
from stepgraph.ir.values import Value
from stepgraph.syntax.module import Place


class Queue(Value, Struct, eq=False):
    """A queue of `asyncio` or of the module `queue`."""

    contents: Collection
    """All values that were put into it, in any order: they stay when they are taken out."""
    is_async: bool
    """Whether `get` returns an awaitable."""


class Future(Value, Struct, eq=False):
    """An `asyncio.Future`, or a pending `get` of a queue."""

    contents: Collection
    """The values that it may have."""
    place: Place
