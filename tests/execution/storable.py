"""What can be sent from the worker to the engine and back, and what of that can be kept."""

from __future__ import annotations

from collections.abc import Iterator

from tests.execution.anything import Anything
from tests.execution.javascript import (
    JsArray,
    JsBytes,
    JsDate,
    JsError,
    JsException,
    JsMap,
    JsNull,
    JsObject,
    JsProxy,
    JsSet,
    PyProxy,
    number,
)
from tests.execution.values import JsValue

MOST_BYTES = 2**20

_BIG = 2**53 - 1  # from here on, Pyodide makes a BigInt of an int
_KEPT = (JsArray, JsBytes, JsDate, JsError, JsException, JsMap, JsObject, JsSet)


def copied(value: JsValue) -> JsValue:
    """Copy a JavaScript value, as a call from one isolate into another does; functions and the web's objects stay."""
    match value:
        case None | bool() | int() | str() | JsNull() | Anything() | JsDate() | JsBytes() | JsError() | JsException():
            return value
        case float():
            return number(value)
        case JsObject():
            return JsObject({key: copied(content) for key, content in value.entries.items()})
        case JsMap():
            return JsMap({copied(key): copied(content) for key, content in value.entries.items()})
        case JsArray():
            return JsArray([copied(item) for item in value.items])
        case JsSet():
            return JsSet([copied(member) for member in value.members])
        case PyProxy() if callable(value.target):
            return value
        case JsProxy() if not isinstance(value, PyProxy):
            return value
    raise JsException("DataCloneError", f"{type(getattr(value, 'target', value)).__name__} could not be serialized.")


def members(value: JsValue) -> Iterator[JsValue]:
    """Give what a copied value consists of, keys and itself included."""
    yield value
    match value:
        case JsObject() | JsMap():
            parts = [*value.entries.keys(), *value.entries.values()]
        case JsArray():
            parts = value.items
        case JsSet():
            parts = value.members
        case _:
            return
    for part in parts:
        yield from members(part)


def can_be_kept(value: JsValue) -> bool:
    """Tell whether the engine can keep a copied value: it cannot keep what stayed where it was."""
    return all(isinstance(part, _KEPT) or not isinstance(part, JsProxy) for part in members(value))


def can_be_logged(value: JsValue) -> bool:
    """Tell whether there is no number in a copied value for which JSON has nothing."""
    return all(not isinstance(part, int) or abs(part) < _BIG for part in members(value))


def size(value: JsValue) -> int:
    """How many bytes a copied value takes, at least."""
    return sum(
        len(part.encode(errors="surrogatepass"))
        if isinstance(part, str)
        else len(part.content)
        if isinstance(part, JsBytes)
        else 1
        for part in members(value)
    )
