"""Function bodies that are parsed on first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

import libcst as cst
from libcst._nodes.internal import CodegenState
from msgspec import Struct, field

from stepgraph.limits import HELD_TOKENS
from stepgraph.syntax.positions import PositionState

if TYPE_CHECKING:
    from types import MemberDescriptorType

    from stepgraph.syntax.deferred.reads import ReadRecorder

STUB: Final = "0"
"""The code that stands for a function body in the skeleton of a module."""

_BODY: Final = cast("MemberDescriptorType", vars(cst.IndentedBlock)["body"])
"""The slot of the statements of a block. In a block that is not parsed yet, it contains an `UnparsedBody`."""


class UnparsedBody(Protocol):
    """The source of a function body."""

    statements: Sequence[cst.BaseStatement] | None
    """The statements, or None if they are not parsed yet."""

    def read(self, block: DeferredBlock) -> Sequence[cst.BaseStatement]:
        """Return the statements of the body, which are those of `block`. They are parsed on first use."""

    def may_contain(self, words: Sequence[str]) -> bool:
        """Return whether the body may contain one of the words."""

    @property
    def annotation_names(self) -> frozenset[str]:
        """The names in the annotations of a class: of its variables, and of the signatures of its methods."""

    def sketch(self) -> cst.BaseSuite | None:
        """Return the body for `sketch_of`. Return None if it is parsed or cannot be sketched."""


class ParsedTokens(Struct):
    """The size of the parsed modules in memory, and the modules that lack a body that was needed."""

    room: int = HELD_TOKENS
    """The maximum number of tokens."""
    recorder: ReadRecorder | None = None
    """The recorder of reads from these modules, or None if no later analysis reuses the modules."""
    tokens: int = 0
    """The number of tokens of the modules, without the bodies that are not parsed."""
    is_exceeded: bool = False
    """Whether a body was not parsed because of `room`."""
    incomplete_paths: dict[str, None] = field(default_factory=dict)
    """The paths of the modules with a body that was needed, but is empty because it could not be parsed."""


class DeferredBlock(cst.IndentedBlock):
    """The body of a function or short class, parsed when its statements are first accessed.

    It remains in the tree of the skeleton, whose code contains a stub in its place. Positions in the skeleton refer to
    this code.
    """

    __slots__ = ()  # type: ignore[misc] # the stubs of abc declare it per instance

    @staticmethod
    def replace(block: cst.IndentedBlock, source: UnparsedBody) -> DeferredBlock:
        """Return a block with the statements in a source, and with the layout of another block."""
        deferred = object.__new__(DeferredBlock)
        for name in ("header", "indent", "footer"):
            object.__setattr__(deferred, name, getattr(block, name))
        _BODY.__set__(deferred, source)
        return deferred

    @property
    def body(self) -> Sequence[cst.BaseStatement]:
        """The statements, parsed on first use."""
        statements = _BODY.__get__(self)
        return statements if isinstance(statements, tuple) else cast("UnparsedBody", statements).read(self)

    @body.setter
    def body(self, statements: Sequence[cst.BaseStatement]) -> None:
        """Set the statements, in the constructor of the base class."""
        _BODY.__set__(self, statements)

    @property
    def source(self) -> UnparsedBody | None:
        """The source of the statements, or None for a copy of a block."""
        statements = _BODY.__get__(self)
        return None if isinstance(statements, tuple) else cast("UnparsedBody", statements)

    def _codegen_impl(self, state: CodegenState) -> None:
        if not isinstance(state, PositionState):
            super()._codegen_impl(state)
            return
        self.header._codegen(state)  # noqa: SLF001 - as the method of the base class does
        state.increase_indent(state.default_indent if self.indent is None else self.indent)
        state.add_indent_tokens()
        with state.record_syntactic_position(self):
            state.add_token(STUB)
        state.add_token(state.default_newline)
        for line in self.footer:
            line._codegen(state)  # noqa: SLF001
        state.decrease_indent()


Node = TypeVar("Node", bound=cst.CSTNode)


def sketch_of(body: Node) -> Node | cst.BaseSuite:
    """Return a block for a search that needs neither its layout nor its positions.

    For an unparsed block, the result is its sketch: nodes without layout that do not belong to the module. Creating
    them takes a third of the time of parsing.
    """
    if type(body) is not DeferredBlock:
        return body
    source = cast("DeferredBlock", body).source
    return body if source is None else source.sketch() or body


def may_contain(body: cst.BaseSuite, words: Sequence[str]) -> bool:
    """Return whether a block may contain one of the words."""
    source = body.source if type(body) is DeferredBlock else None
    return source is None or source.may_contain(words)


def annotation_names_in(body: cst.BaseSuite) -> frozenset[str] | None:
    """Return the names in the annotations of the body of a class, or None if it is a part of the skeleton."""
    source = body.source if type(body) is DeferredBlock else None
    return None if source is None else source.annotation_names
