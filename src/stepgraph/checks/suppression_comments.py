"""Suppression comments in Python modules and configurations.

`stepgraph: ignore[SG118] reason` suppresses the listed rules in a line or statement. `stepgraph: ignore-file`
suppresses all rules in a file, and `stepgraph: ignore-file[SG118]` suppresses the listed rules.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Final

from msgspec import Struct, field

from stepgraph.checks.selectors import ALL
from stepgraph.model.span import Span
from stepgraph.project.configuration.document import LineIndex
from stepgraph.project.root import is_configuration_name


class Comment(Struct, frozen=True):
    """A comment in a Python module or a configuration."""

    path: str
    line: int
    """The line of the comment, from 1."""
    column: int
    """The column of the comment marker, from 1."""
    text: str
    """The text, including the comment marker."""
    first_line: int
    """The first line that the comment applies to, from 1."""
    last_line: int
    """The last line that the comment applies to, from 1."""
    class_name: str = ""
    """The name of the top-level class that contains or follows the comment, or an empty string."""


class SuppressedRule(Struct, frozen=True):
    """A rule in a suppression comment."""

    text: str
    """The code, code prefix or name as written, which may be invalid."""
    span: Span


class SuppressionComment(Struct, frozen=True):
    """A suppression: a part of a comment that begins with `stepgraph` or `noqa`."""

    comment: Comment
    span: Span
    """The location of the suppression, without its reason."""
    text: str
    """The source at the location."""
    rules: tuple[SuppressedRule, ...] = ()
    """The suppressed rules, or none if the form is invalid or names no rule. For a whole file, all rules by default."""
    reason: str = ""
    """The reason, or an empty string without a reason."""
    applies_to_file: bool = False
    """Whether the comment applies to all lines of its file."""


# A file with neither word contains no suppressions.
_WORDS: Final = ("stepgraph", "noqa")


def parse_suppression_comments(files: Mapping[str, bytes]) -> Iterator[SuppressionComment]:
    """Yield the suppressions in files. `files` maps the path of each file to its content."""
    for path, content in files.items():
        lowered = content.lower()
        if any(word.encode() in lowered for word in _WORDS):
            for comment in _comments(path, content):
                yield from parse_suppressions(comment)


def _comments(path: str, content: bytes) -> list[Comment]:
    is_configuration = is_configuration_name(path.rsplit("/", 1)[-1])
    return configuration_comments(path, content) if is_configuration else python_comments(path, content)


# A marker after other text than white space, as in `write "# stepgraph: ignore"`, only quotes a suppression.
_MARKER: Final = r"(?<!\S)(?:#|//|/\*)[ \t]*"
_CODE: Final = r"(?:SG\d|[a-z]+-[a-z])"
# This also matches unknown directives, misspelled suppressions and `noqa` comments with codes of rules, to report them.
_SUPPRESSION: Final = (
    _MARKER
    + r"(?P<whole>stepgraph:[ \t]*+(?=[^\s#])"
    + rf"|stepgraph[ \t]*+(?:ignor[\w-]*+[ \t]*+|[\w-]++)\[[ \t]*+{_CODE}"
    + r"|noqa:[ \t]*+(?:[a-z]+\d+[ \t,]++)*+SG\d{3}\b)"
)
_IGNORE: Final = re.compile(r"stepgraph:[ \t]*ignore\[(?P<rules>[^\]#]*)\](?P<reason>[^#]*)")
# A code without brackets is not a reason: a comment for all rules would hide more than its author expects.
_IGNORE_FILE: Final = re.compile(
    r"stepgraph:[ \t]*(?P<name>ignore-file)"
    r"(?:\[(?P<rules>[^\]#]*)\]|(?![\w\[-]))(?P<reason>[^#]*)"
)
_RULE_WITHOUT_LIST: Final = r"[ \t:=(]*+SG\d{3}\b"
_BETWEEN_COMMAS: Final = "[^,]+"


def parse_suppressions(comment: Comment) -> Iterator[SuppressionComment]:
    """Yield the suppressions in a comment, which may also contain directives of other tools."""
    line = comment.text.split("\n", 1)[0]
    for suppression in re.finditer(_SUPPRESSION, line, re.IGNORECASE):
        start = suppression.start("whole")
        file_match = _match_file_suppression(line, start)
        match = file_match or _IGNORE.match(line, start)
        if match is None:
            end = line.find("#", start)
            text = line[start : None if end < 0 else end].rstrip()
            yield SuppressionComment(comment, _span(comment, start, start + len(text)), text)
            continue
        end = match.start("reason")
        reason = match["reason"].strip(" \t:-")
        span, text = _span(comment, start, end), line[start:end].rstrip()
        yield SuppressionComment(comment, span, text, _rules_in(comment, match), reason, file_match is not None)


def _match_file_suppression(line: str, start: int) -> re.Match[str] | None:
    """Return the match of a suppression for a whole file, or None if a rule without brackets follows."""
    match = _IGNORE_FILE.match(line, start)
    is_invalid = match is not None and match["rules"] is None and re.match(_RULE_WITHOUT_LIST, match["reason"])
    return None if is_invalid else match


def _rules_in(comment: Comment, match: re.Match[str]) -> tuple[SuppressedRule, ...]:
    """Return the distinct rules of a suppression. A suppression of a file without a list covers all rules."""
    if match["rules"] is None:
        return (SuppressedRule(ALL, _span(comment, *match.span("name"))),)
    offset = match.start("rules")
    rules = {
        rule: SuppressedRule(rule, _span(comment, offset + start, offset + start + len(rule)))
        for rule, start in _split_list(match["rules"])
    }
    return tuple(rules.values())


def _split_list(text: str) -> Iterator[tuple[str, int]]:
    """Yield the stripped items of a comma-separated list, each with its offset."""
    for item in re.finditer(_BETWEEN_COMMAS, text):
        stripped = item[0].lstrip()
        if stripped:
            yield stripped.rstrip(), item.end() - len(stripped)


def _span(comment: Comment, start: int, end: int) -> Span:
    return Span(comment.path, comment.line, comment.column + start, comment.line, comment.column + end)


def configuration_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a valid configuration.

    A comment on its own line applies to the next line with code, and any other comment to its own line.
    """
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    position = LineIndex(text).position
    positioned = [(position(offset), comment) for offset, comment in _positioned_comments(path, text)]
    lines = text.split("\n")
    next_code_line = _next_code_lines(lines, {line for (line, _), _ in positioned} & _comment_only_lines(lines))
    comments = []
    for (line, column), comment in positioned:
        target = next_code_line.get(line, line)
        comments.append(Comment(path, line, column, comment.removesuffix("*/"), target, target))
    return comments


def _positioned_comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    # Imported here because most runs need at most one of the two parsers.
    if path.endswith(".toml"):
        from stepgraph.project.configuration.toml import toml_comments

        return toml_comments(text)
    from stepgraph.project.configuration.jsonc import jsonc_comments

    return jsonc_comments(text)


def _next_code_lines(lines: list[str], comment_lines: set[int]) -> dict[int, int]:
    """Map each line number to the first line with code at or after it. Lines after the last code line have no entry."""
    next_code_line: dict[int, int] = {}
    for number in range(len(lines), 0, -1):
        if number not in comment_lines and lines[number - 1].strip():
            next_code_line[number] = number
        elif number + 1 in next_code_line:
            next_code_line[number] = next_code_line[number + 1]
    return next_code_line


def _comment_only_lines(lines: list[str]) -> set[int]:
    """Return the numbers of lines that consist of a comment. Block comments on several lines do not count."""
    return {
        number
        for number, line in enumerate(lines, 1)
        if line.lstrip().startswith(("#", "//")) or (line.lstrip().startswith("/*") and line.rstrip().endswith("*/"))
    }


NO_CODE: Final = frozenset(
    {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.COMMENT}
)
"""The types of the tokens between statements."""


def python_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a module that contain `stepgraph` or `noqa`, up to the first syntax error.

    A comment at the end of a statement applies to all lines of the statement, because a formatter may have wrapped the
    statement. A comment at the end of any other line applies to that line. A comment on its own line applies to the
    next statement, unless it is indented more deeply, or, inside a statement, to the next line of the statement.
    """
    collector = _CommentCollector(path)
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        for token in tokenize.tokenize(BytesIO(lines).readline):
            collector.feed(token)
    except (SyntaxError, tokenize.TokenError):
        pass  # an invalid module has no findings that a comment could suppress
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
    """The first line of the current statement, from 1, or 0 between statements."""
    _first_column: int = 0
    """The column of the current statement, from 0."""
    _class_name: str = ""
    """The name of the current top-level class, or an empty string outside classes."""
    _expects_class_name: bool = False
    """Whether the next token is the name of a class."""

    def feed(self, token: tokenize.TokenInfo) -> None:
        if token.type == tokenize.COMMENT:
            lowered = token.string.lower()
            if not any(word in lowered for word in _WORDS):
                return
            is_alone = not token.line[: token.start[1]].strip()
            own_line_comments = self._inner if self._first_line else self._leading
            (own_line_comments if is_alone else self._trailing).append(token)
        elif token.type == tokenize.NEWLINE:
            self._end_statement(token.start[0])
        elif token.type not in NO_CODE:
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
            self._first_line, self._first_column = line, column
            if column == 0:
                self._class_name, self._expects_class_name = "", token.string == "class"
        elif self._inner:
            self._add(self._inner, line, line)
            self._inner = []

    def _end_statement(self, last_line: int) -> None:
        for comment in self._leading:
            if comment.start[1] > self._first_column:  # the comment belongs to the block before the statement
                self._add([comment], comment.start[0], comment.start[0])
            else:
                self._add([comment], self._first_line, last_line)
        self._add(self._inner, self._first_line, last_line)
        for comment in self._trailing:
            line = comment.start[0]
            self._add([comment], self._first_line if line == last_line else line, line)
        self._leading, self._inner, self._trailing, self._first_line = [], [], [], 0

    def _add(self, tokens: list[tokenize.TokenInfo], first: int, last: int) -> None:
        for token in tokens:
            line, column = token.start
            self.comments.append(
                Comment(
                    path=self.path,
                    line=line,
                    column=column + 1,
                    text=token.string,
                    first_line=first,
                    last_line=last,
                    class_name=self._class_name,
                )
            )
