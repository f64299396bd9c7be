"""What becomes of an exception on its way from Python to the engine."""

from __future__ import annotations

import traceback

from tests.execution.javascript import JsException

NON_RETRYABLE = "NonRetryableError"


def in_javascript(error: BaseException) -> JsException:
    """Python's errors arrive as one of JavaScript's, whose message is the traceback."""
    if isinstance(error, JsException):
        return error
    return JsException("PythonError", "".join(traceback.format_exception(error)))


def not_to_be_retried(error: BaseException) -> JsException:
    """An error of the one type that the engine knows, with the message of the last line."""
    last = traceback.format_exception(error)[-1].rstrip().rpartition("\n")[2]
    return JsException(NON_RETRYABLE, last.partition(": ")[2])
