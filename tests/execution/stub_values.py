"""A universal stub for bindings, payloads and events that a test does not specify."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Self

from tests.execution.values import PyValue


class StubValue:
    """A value that supports every operation.

    Attributes, items, calls, awaits and arithmetic return further stubs. It converts to 1 and has two elements.
    """

    def __init__(self, name: str = "anything") -> None:
        self.__name = name

    def __getattr__(self, name: str) -> PyValue:
        # `constructor` and `then` would make it a JavaScript object, and dunder names would enable Python protocols.
        if name in ("constructor", "then") or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return self if name == "js_object" else StubValue(f"{self.__name}.{name}")

    def __setattr__(self, name: str, value: PyValue) -> None:
        self.__dict__[name] = value

    def __getitem__(self, key: PyValue) -> StubValue:
        return StubValue(f"{self.__name}[{key!r}]")

    def __setitem__(self, key: PyValue, value: PyValue) -> None:
        pass

    def __call__(self, *_args: PyValue, **_keywords: PyValue) -> StubValue:
        return StubValue(f"{self.__name}()")

    def __await__(self) -> Iterator[PyValue]:
        return _completed(self)

    def __iter__(self) -> Iterator[StubValue]:
        return iter([self[0], self[1]])

    async def __aiter__(self) -> PyValue:
        for member in self:
            yield member

    def __len__(self) -> int:
        return 2

    def __contains__(self, _member: PyValue) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        pass

    def __bool__(self) -> bool:
        return True

    def __int__(self) -> int:
        return 1

    def __index__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0

    def __str__(self) -> str:
        return self.__name

    def __repr__(self) -> str:
        return self.__name

    def __format__(self, _spec: str) -> str:
        return self.__name

    def __compare(self, _other: PyValue) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = __compare

    def _combine(self, _other: PyValue) -> PyValue:
        return self

    def __combine(self, other: PyValue) -> PyValue:
        return self._combine(other)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __combine
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __combine
    __or__ = __ror__ = __and__ = __rand__ = __xor__ = __rxor__ = __pow__ = __rpow__ = __combine


def _completed(result: StubValue) -> Generator[PyValue, None, StubValue]:
    yield from ()
    return result


StubFactory = Callable[[str], StubValue]
"""Returns the value for the dotted name of an unspecified value."""

_unknown: list[StubFactory] = [StubValue]


def stub_value(name: str) -> StubValue:
    """Return the value of this name in the current run."""
    return _unknown[-1](name)


@contextmanager
def stub_values_from(unknown: StubFactory) -> Iterator[None]:
    """Use another factory for unspecified values within a block."""
    _unknown.append(unknown)
    try:
        yield
    finally:
        _unknown.pop()
