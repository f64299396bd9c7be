"""What becomes of an exception on its way from Python to the engine and back: most lose their names."""

from __future__ import annotations

import traceback

from tests.execution.javascript import JsException

NON_RETRYABLE = "NonRetryableError"


class NonRetryableError(Exception):
    """For failures that tests bring about: the SDK goes by the name, and outside of a run its own is not there."""


def engine_error(message: str) -> JsException:
    """An error of the engine's own; what it calls it there, it is just an error where it arrives."""
    return JsException("Error", message)


def in_javascript(error: BaseException) -> JsException:
    """Python's errors arrive as one of JavaScript's, whose message has the traceback."""
    if isinstance(error, JsException):
        return error
    return JsException("Error", "PythonError: " + "".join(traceback.format_exception(error)))


def thrown(error: BaseException) -> BaseException:
    """Give what a step's code throws: of the error that is not to be retried, one whose name the engine knows."""
    if type(error).__name__ != NON_RETRYABLE:
        return error
    last_line = traceback.format_exception(error)[-1].rstrip().rpartition("\n")[2]
    message = last_line.partition(": ")[2]
    return JsException("Error", f"{NON_RETRYABLE}: {message}" if message else NON_RETRYABLE)


def is_final(error: JsException) -> bool:
    """Tell whether the engine does not retry after this error."""
    return error.message.startswith(NON_RETRYABLE)
