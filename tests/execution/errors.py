"""Conversion of exceptions between Python and the engine. Most exceptions lose their type."""

from __future__ import annotations

import traceback

from tests.execution.javascript import JsException

NON_RETRYABLE = "NonRetryableError"


class NonRetryableError(Exception):
    """An error that tests inject. The SDK recognizes it by name, because its own class exists only during a run."""


def engine_error(message: str) -> JsException:
    """Return an error raised by the engine, which arrives as a plain `Error`."""
    return JsException("Error", message)


def to_js_exception(error: BaseException) -> JsException:
    """Convert a Python exception to a JavaScript error whose message is the traceback."""
    if isinstance(error, JsException):
        return error
    return JsException("Error", "PythonError: " + "".join(traceback.format_exception(error)))


def as_thrown(error: BaseException) -> BaseException:
    """Return the exception that step code throws: `NonRetryableError` becomes an error that the engine recognizes by
    name.
    """
    if type(error).__name__ != NON_RETRYABLE:
        return error
    last_line = traceback.format_exception(error)[-1].rstrip().rpartition("\n")[2]
    message = last_line.partition(": ")[2]
    return JsException("Error", f"{NON_RETRYABLE}: {message}" if message else NON_RETRYABLE)


def is_non_retryable(error: JsException) -> bool:
    """Return whether the engine does not retry after this error."""
    return error.message.startswith(NON_RETRYABLE)
