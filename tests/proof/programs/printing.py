"""What a program consists of, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class Statement(Protocol):
    """A part of a program that has lines of its own."""

    def lines(self) -> Iterator[str]: ...


class Expression(Protocol):
    """A part of a line: its text is its `str`."""

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Text:
    """An expression of which nothing but its text matters."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Line:
    """A statement of one line, from parts that stand one after another."""

    parts: tuple[Expression | str, ...]

    def lines(self) -> Iterator[str]:
        yield "".join(map(str, self.parts))


def line(*parts: Expression | str) -> Line:
    return Line(parts)


@dataclass(frozen=True, slots=True)
class Block:
    """Statements one after another, which may be none."""

    statements: tuple[Statement, ...] = ()

    def lines(self) -> Iterator[str]:
        if not self.statements:
            yield "pass"
        for statement in self.statements:
            yield from statement.lines()

    def then(self, *statements: Statement) -> Block:
        return Block((*self.statements, *statements))


@dataclass(frozen=True, slots=True)
class Clause:
    """A line that ends in a colon, and what stands below it."""

    head: str
    body: Block

    def lines(self) -> Iterator[str]:
        yield f"{self.head}:"
        yield from indented(self.body)


@dataclass(frozen=True, slots=True)
class Compound:
    """Clauses that belong together: an `if` and its `else`, a `try` and its handlers."""

    clauses: tuple[Clause, ...]

    def lines(self) -> Iterator[str]:
        for clause in self.clauses:
            yield from clause.lines()


def indented(statement: Statement) -> Iterator[str]:
    for text in statement.lines():
        yield f"    {text}"


def listed(members: Sequence[Expression | str]) -> str:
    return ", ".join(map(str, members))
