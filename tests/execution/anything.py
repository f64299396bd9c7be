"""A value that answers whatever it is asked: what bindings, payloads and events are where a test names none."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Self

from tests.execution.values import PyValue


class Anything:
    """Every attribute, item, call, await and sum of it is one more of its kind; it counts as 1, and has two members."""

    def __init__(self, name: str = "anything") -> None:
        self.__name = name

    def __getattr__(self, name: str) -> PyValue:
        # `constructor` and `then` would make it an object of JavaScript's, dunder names something of Python's
        if name in ("constructor", "then") or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return self if name == "js_object" else Anything(f"{self.__name}.{name}")

    def __setattr__(self, name: str, value: PyValue) -> None:
        self.__dict__[name] = value

    def __getitem__(self, key: PyValue) -> Anything:
        return Anything(f"{self.__name}[{key!r}]")

    def __setitem__(self, key: PyValue, value: PyValue) -> None:
        pass

    def __call__(self, *_args: PyValue, **_keywords: PyValue) -> Anything:
        return Anything(f"{self.__name}()")

    def __await__(self) -> Iterator[PyValue]:
        return _at_once(self)

    def __iter__(self) -> Iterator[Anything]:
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

    def __compared(self, _other: PyValue) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = __compared

    def _reckoned(self, _other: PyValue) -> PyValue:
        return self

    def __reckoned(self, other: PyValue) -> PyValue:
        return self._reckoned(other)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __reckoned
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __reckoned
    __or__ = __ror__ = __and__ = __rand__ = __xor__ = __rxor__ = __pow__ = __rpow__ = __reckoned


def _at_once(result: Anything) -> Generator[PyValue, None, Anything]:
    yield from ()
    return result


Unknown = Callable[[str], Anything]
"""The name of what no test gives, to what there is in its place."""

_unknown: list[Unknown] = [Anything]


def anything(name: str) -> Anything:
    """What there is under this name in the run that is under way."""
    return _unknown[-1](name)


@contextmanager
def answered_by(unknown: Unknown) -> Iterator[None]:
    """Let all that no test gives be what this gives, for as long as a block runs."""
    _unknown.append(unknown)
    try:
        yield
    finally:
        _unknown.pop()
