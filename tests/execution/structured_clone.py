"""Cloning of values between the worker and the engine, and limits of storage."""

from __future__ import annotations

from collections.abc import Iterator

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
from tests.execution.stub_values import StubValue
from tests.execution.values import JsValue

MAX_BYTES = 2**20

_BIG = 2**53 - 1  # Pyodide converts larger integers to BigInt
_STORABLE = (JsArray, JsBytes, JsDate, JsError, JsException, JsMap, JsObject, JsSet)


def structured_clone(value: JsValue) -> JsValue:
    """Clone a JavaScript value as a call between isolates does. Functions and web objects are passed by reference."""
    match value:
        case None | bool() | int() | str() | JsNull() | StubValue() | JsDate() | JsBytes() | JsError() | JsException():
            return value
        case float():
            return number(value)
        case JsObject():
            return JsObject({key: structured_clone(content) for key, content in value.entries.items()})
        case JsMap():
            return JsMap({structured_clone(key): structured_clone(content) for key, content in value.entries.items()})
        case JsArray():
            return JsArray([structured_clone(item) for item in value.items])
        case JsSet():
            return JsSet([structured_clone(member) for member in value.members])
        case PyProxy() if callable(value.target):
            return value
        case JsProxy() if not isinstance(value, PyProxy):
            return value
    raise JsException("DataCloneError", f"{type(getattr(value, 'target', value)).__name__} could not be serialized.")


def walk(value: JsValue) -> Iterator[JsValue]:
    """Yield a cloned value and all values in it, including keys."""
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
        yield from walk(part)


def is_storable(value: JsValue) -> bool:
    """Return whether the engine can store a cloned value, which excludes values passed by reference."""
    return all(isinstance(part, _STORABLE) or not isinstance(part, JsProxy) for part in walk(value))


def is_json_serializable(value: JsValue) -> bool:
    """Return whether JSON can represent all numbers in a cloned value."""
    return all(not isinstance(part, int) or abs(part) < _BIG for part in walk(value))


def size(value: JsValue) -> int:
    """Return a lower bound of the size of a cloned value in bytes."""
    return sum(
        len(part.encode(errors="surrogatepass"))
        if isinstance(part, str)
        else len(part.content)
        if isinstance(part, JsBytes)
        else 1
        for part in walk(value)
    )
