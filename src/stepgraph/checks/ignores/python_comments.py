"""Parser of comments in Python modules that name this package."""

from __future__ import annotations

import tokenize
from io import BytesIO
from typing import Final

from msgspec import Struct, field

from stepgraph.checks.ignores.ignore import Comment

_NAME: Final = "stepgraph"
_NO_CODE: Final = frozenset(
    {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.COMMENT}
)


def python_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a module that name this package, up to the first syntax error.

    A comment at the end of a statement applies to all lines of the statement, because a formatter may have wrapped it.
    A comment at the end of any other line applies to that line. A comment on its own line applies to the next
    statement or, inside a statement, to the next line of the statement.
    """
    collector = _CommentCollector(path)
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        for token in tokenize.tokenize(BytesIO(lines).readline):
            collector.feed(token)
    except (SyntaxError, tokenize.TokenError):
        pass  # rules report nothing else in an invalid module
    collector.close()
    return collector.comments


class _CommentCollector(Struct):
    """A collector of comments from a stream of tokens."""

    path: str
    comments: list[Comment] = field(default_factory=list)
    _leading: list[tokenize.TokenInfo] = field(default_factory=list)
    """Comments on their own lines before the current statement."""
    _inner: list[tokenize.TokenInfo] = field(default_factory=list)
    """Comments on their own lines inside the current statement, before its next line."""
    _trailing: list[tokenize.TokenInfo] = field(default_factory=list)
    """Comments at the ends of lines of the current statement."""
    _first_line: int = 0
    """The first line of the current statement, from 1. Between statements, it is 0."""
    _class_name: str = ""
    """The current top-level class. Empty outside of classes."""
    _expects_class_name: bool = False
    """Whether the next token is the name of a class."""

    def feed(self, token: tokenize.TokenInfo) -> None:
        if token.type == tokenize.COMMENT:
            if _NAME not in token.string.lower():
                return
            is_alone = not token.line[: token.start[1]].strip()
            own_line_comments = self._inner if self._first_line else self._leading
            (own_line_comments if is_alone else self._trailing).append(token)
        elif token.type == tokenize.NEWLINE:
            self._end_statement(token.start[0])
        elif token.type not in _NO_CODE:
            self._feed_code(token)

    def close(self) -> None:
        """Collect the comments after the last statement."""
        for comment in (*self._leading, *self._inner, *self._trailing):
            self._add([comment], comment.start[0], comment.start[0])

    def _feed_code(self, token: tokenize.TokenInfo) -> None:
        line, column = token.start
        if self._expects_class_name:
            self._class_name, self._expects_class_name = token.string, False
        if self._first_line == 0:
            self._first_line = line
            if column == 0:
                self._class_name, self._expects_class_name = "", token.string == "class"
        elif self._inner:
            self._add(self._inner, line, line)
            self._inner = []

    def _end_statement(self, last_line: int) -> None:
        self._add([*self._leading, *self._inner], self._first_line, last_line)
        for comment in self._trailing:
            line = comment.start[0]
            self._add([comment], self._first_line if line == last_line else line, line)
        self._leading, self._inner, self._trailing, self._first_line = [], [], [], 0

    def _add(self, tokens: list[tokenize.TokenInfo], first: int, last: int) -> None:
        for token in tokens:
            line, column = token.start
            self.comments.append(Comment(self.path, line, column + 1, token.string, first, last, self._class_name))
