"""What becomes of an exception on its way from Python to the engine and back: most lose their names."""

from __future__ import annotations

import traceback

from tests.execution.javascript import JsException

NON_RETRYABLE = "NonRetryableError"


def engine_error(message: str) -> JsException:
    """An error of the engine's own; what it calls it there, it is just an error where it arrives."""
    return JsException("Error", message)


def in_javascript(error: BaseException) -> JsException:
    """Python's errors arrive as one of JavaScript's, whose message has the traceback."""
    if isinstance(error, JsException):
        return error
    return JsException("Error", "PythonError: " + "".join(traceback.format_exception(error)))


def not_to_be_retried(error: BaseException) -> JsException:
    """An error whose name the engine knows, with the message that is in the last line of the traceback."""
    last = traceback.format_exception(error)[-1].rstrip().rpartition("\n")[2]
    message = last.partition(": ")[2]
    return JsException("Error", f"{NON_RETRYABLE}: {message}" if message else NON_RETRYABLE)


def is_final(error: JsException) -> bool:
    """Tell whether the engine does not retry after this error."""
    return error.message.startswith(NON_RETRYABLE)
