"""Facts about code that Python, or an older version of it, cannot compile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.facts import Fact
from stepgraph.model.span import Span
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.syntax.compile_errors import NewSyntax

AsyncKeyword: TypeAlias = Literal["await", "async for", "async with"]


class MisplacedAwait(Fact, Struct, frozen=True):
    """Asynchronous code in the body of a function without `async`, which Python does not compile."""

    keyword: AsyncKeyword
    function: SourcePlace
    """The location of the name of the function."""
    place: SourcePlace
    """The location of the expression or statement."""


class CompileFailure(Fact, Struct, frozen=True):
    """A module that Python can parse but not compile, with the location of the error."""

    message: str
    """The message of Python's compiler."""
    span: Span


class NewSyntaxUsed(Fact, Struct, frozen=True):
    """Code that Python compiles only from version 3.14 on."""

    syntax: NewSyntax
