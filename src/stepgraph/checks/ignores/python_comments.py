"""The comments of a Python module that name this package."""

from __future__ import annotations

import tokenize
from io import BytesIO
from typing import Final

from msgspec import Struct, field

from stepgraph.checks.ignores.comment import Comment

_NAME: Final = "stepgraph"
_NO_CODE: Final = frozenset(
    {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.COMMENT}
)


def python_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a module that name this package, up to where it is no Python.

    A comment at the end of a statement is about all lines of the statement, for a formatter may have broken it; one at
    the end of another line, about that. One that stands alone is about the statement that follows or, between the lines
    of a statement, about the next of them.
    """
    comments = _Comments(path)
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        for token in tokenize.tokenize(BytesIO(lines).readline):
            comments.take(token)
    except (SyntaxError, tokenize.TokenError):
        pass  # nothing is found in such a module
    comments.end()
    return comments.found


class _Comments(Struct):
    """The comments among tokens that come one by one."""

    path: str
    found: list[Comment] = field(default_factory=list)
    _above: list[tokenize.TokenInfo] = field(default_factory=list)
    _within: list[tokenize.TokenInfo] = field(default_factory=list)
    _beside: list[tokenize.TokenInfo] = field(default_factory=list)
    _first_line: int = 0  # of the statement, 0 between two of them
    _class_name: str = ""
    _names_class: bool = False

    def take(self, token: tokenize.TokenInfo) -> None:
        if token.type == tokenize.COMMENT:
            if _NAME not in token.string.lower():
                return
            is_alone = not token.line[: token.start[1]].strip()
            around = self._within if self._first_line else self._above
            (around if is_alone else self._beside).append(token)
        elif token.type == tokenize.NEWLINE:
            self._end_statement(token.start[0])
        elif token.type not in _NO_CODE:
            self._take_code(token)

    def end(self) -> None:
        """Take what is left for comments that nothing follows."""
        for comment in (*self._above, *self._within, *self._beside):
            self._add([comment], comment.start[0], comment.start[0])

    def _take_code(self, token: tokenize.TokenInfo) -> None:
        line, column = token.start
        if self._names_class:
            self._class_name, self._names_class = token.string, False
        if self._first_line == 0:
            self._first_line = line
            if column == 0:
                self._class_name, self._names_class = "", token.string == "class"
        elif self._within:
            self._add(self._within, line, line)
            self._within = []

    def _end_statement(self, last_line: int) -> None:
        self._add([*self._above, *self._within], self._first_line, last_line)
        for comment in self._beside:
            line = comment.start[0]
            self._add([comment], self._first_line if line == last_line else line, line)
        self._above, self._within, self._beside, self._first_line = [], [], [], 0

    def _add(self, tokens: list[tokenize.TokenInfo], first: int, last: int) -> None:
        for token in tokens:
            line, column = token.start
            self.found.append(Comment(self.path, line, column + 1, token.string, first, last, self._class_name))
