"""What can be kept: the copy that goes from the worker to the engine and back, or the error that there is none."""

from __future__ import annotations

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
    JsSet,
    number,
)
from tests.execution.values import JsValue

MOST_BYTES = 2**20


def copied(value: JsValue) -> JsValue:
    """Copy a JavaScript value, as a call from one isolate into another does."""
    match value:
        case None | bool() | int() | str() | JsNull() | Anything() | JsDate() | JsBytes() | JsError():
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
    raise JsException("DataCloneError", f"{type(getattr(value, 'target', value)).__name__} could not be cloned.")


def size(value: JsValue) -> int:
    """How many bytes a value takes, at least."""
    match value:
        case str():
            return len(value.encode(errors="surrogatepass"))
        case JsBytes():
            return len(value.content)
        case JsObject() | JsMap():
            return sum(size(key) + size(content) for key, content in value.entries.items())
        case JsArray():
            return sum(map(size, value.items))
        case JsSet():
            return sum(map(size, value.members))
    return 1
