"""The parts of a generated program, which print themselves as source code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class Statement(Protocol):
    """A part of a program that consists of lines."""

    def lines(self) -> Iterator[str]: ...


class Expression(Protocol):
    """A part of a line. `str()` returns its source."""

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SourceExpression:
    """An expression that consists of source text."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class LineStatement:
    """A one-line statement, the concatenation of its parts."""

    parts: tuple[Expression | str, ...]

    def lines(self) -> Iterator[str]:
        yield "".join(map(str, self.parts))


def line(*parts: Expression | str) -> LineStatement:
    return LineStatement(parts)


@dataclass(frozen=True, slots=True)
class Block:
    """A sequence of statements, possibly empty."""

    statements: tuple[Statement, ...] = ()

    def lines(self) -> Iterator[str]:
        if not self.statements:
            yield "pass"
        for statement in self.statements:
            yield from statement.lines()

    def then(self, *statements: Statement) -> Block:
        return Block((*self.statements, *statements))


def source(text: str) -> Block:
    """Return the lines of a source text as a block."""
    return Block(tuple(map(line, text.splitlines())))


@dataclass(frozen=True, slots=True)
class Clause:
    """The head of a compound statement, without its colon, and its body."""

    head: str
    body: Block

    def lines(self) -> Iterator[str]:
        yield f"{self.head}:"
        yield from indent_lines(self.body)


@dataclass(frozen=True, slots=True)
class Compound:
    """Clauses of one statement, such as `if` and `else`, or `try` and its handlers."""

    clauses: tuple[Clause, ...]

    def lines(self) -> Iterator[str]:
        for clause in self.clauses:
            yield from clause.lines()


def indent_lines(statement: Statement) -> Iterator[str]:
    for text in statement.lines():
        yield f"    {text}" if text else ""


def comma_separated(members: Sequence[Expression | str]) -> str:
    return ", ".join(map(str, members))
