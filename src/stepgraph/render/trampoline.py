"""Recursion as deep as the graph is: a function that yields its calls of itself runs on a stack of our own."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")

Call: TypeAlias = Generator["Call[Result]", Result, Result]
"""A call that says `result = yield function(argument)` where recursion would say `result = function(argument)`."""


def run(call: Call[Result]) -> Result:
    """Return what `call` returns. Its depth is bound by memory, not by Python's recursion limit."""
    stack = [call]
    results: list[Result] = []
    while True:
        try:
            inner = stack[-1].send(results.pop()) if results else next(stack[-1])
        except StopIteration as done:
            stack.pop()
            if not stack:
                result: Result = done.value
                return result
            results.append(done.value)
        else:
            stack.append(inner)
