"""The changes of suppression comments: a new comment, one more rule in a comment, and the removal of an unused rule."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from msgspec import Struct

from stepgraph.checks.diagnostic import empty_span
from stepgraph.checks.selectors import ALL, INPUT_RULES, SUPPRESSION_RULES
from stepgraph.checks.suppression_comments import NO_CODE, SuppressionComment, parse_suppression_comments
from stepgraph.model.span import Span
from stepgraph.project.encoding import coding_line, source_lines
from stepgraph.project.root import is_configuration_name

_HASH: Final = "#"
_SHEBANG: Final = "#!"
_STRING_START: Final = "STRING_START"
_STRING_END: Final = "STRING_END"


class SuppressionEdit(Struct, frozen=True):
    """A change of a file."""

    span: Span
    """The replaced text, in the file before the change."""
    text: str
    """The new text."""


def suppress_here(code: str, span: Span, content: bytes) -> SuppressionEdit | None:
    """Return the change that suppresses a rule at the location of a finding, or None if a comment cannot.

    The comment is at the end of the line of the finding, or of its statement if that line cannot have a comment. In a
    configuration, it is on the line above.
    """
    if code in INPUT_RULES | SUPPRESSION_RULES:
        return None
    for suppression in parse_suppression_comments({span.path: content}):
        if suppression.rules and not suppression.applies_to_file and _applies_to(suppression, span):
            return _add_rule(suppression, code)
    lines = source_lines(content)
    if span.line > len(lines):
        return None
    directive = f"{_marker(span.path)} stepgraph: ignore[{code}]"
    if _is_configuration(span.path):
        line = lines[span.line - 1]
        indent = line[: len(line) - len(line.lstrip())]
        return _new_line(span.path, span.line, f"{indent}{directive}", content)
    number = _line_for_comment(content, span)
    if number is None or lines[number - 1].startswith(_SHEBANG):
        return None
    line = lines[number - 1]
    end = len(line.rstrip(" \t"))
    separator = "  " if end else ""
    return SuppressionEdit(Span(span.path, number, end + 1, number, len(line) + 1), f"{separator}{directive}")


def suppress_in_file(code: str, path: str, content: bytes) -> SuppressionEdit | None:
    """Return the change that suppresses a rule in a whole file, or None if a comment cannot.

    A new comment is at the start of the file, after the lines with the interpreter and the encoding.
    """
    if code in INPUT_RULES | SUPPRESSION_RULES:
        return None
    for suppression in parse_suppression_comments({path: content}):
        if suppression.applies_to_file and suppression.rules and suppression.rules[0].text != ALL:
            return _add_rule(suppression, code)
    directive = f"{_marker(path)} stepgraph: ignore-file[{code}]"
    return _new_line(path, _first_line(path, content), directive, content)


def remove_suppression(span: Span, content: bytes) -> SuppressionEdit | None:
    """Return the change that removes the rule at a span from its suppression, or None for a comment with `/*`.

    With its last rule, the suppression is removed, and with its last suppression the comment. Other directives stay.
    """
    for suppression in parse_suppression_comments({span.path: content}):
        rules = [rule.span for rule in suppression.rules]
        if span not in rules:
            continue
        index, line = rules.index(span), source_lines(content)[span.line - 1]
        if index + 1 < len(rules):
            return _removal(span, span.column, rules[index + 1].column)
        if index:
            return _removal(span, rules[index - 1].end_column, span.end_column)
        return _remove_directive(suppression, line)
    return None


def _remove_directive(suppression: SuppressionComment, line: str) -> SuppressionEdit | None:
    span, marker = suppression.span, _marker(suppression.span.path)
    code = line[: span.column - 1].rstrip().removesuffix(marker)
    if not line.startswith(marker, len(code)):
        return None
    next_directive = line.find(_HASH, span.end_column - 1) if marker == _HASH else -1
    if next_directive >= 0:
        return _removal(span, len(code) + 1, next_directive + 1)
    if code.strip():
        return _removal(span, len(code.rstrip()) + 1, len(line) + 1)
    return SuppressionEdit(Span(span.path, span.line, 1, span.line + 1, 1), "")


def _removal(span: Span, start: int, end: int) -> SuppressionEdit:
    """Return the removal of text between two columns of the line of a span."""
    return SuppressionEdit(Span(span.path, span.line, start, span.line, end), "")


def _applies_to(suppression: SuppressionComment, span: Span) -> bool:
    comment = suppression.comment
    return comment.line == span.end_line or comment.first_line <= span.line <= comment.last_line


def _add_rule(suppression: SuppressionComment, code: str) -> SuppressionEdit:
    last = suppression.rules[-1].span
    return SuppressionEdit(empty_span(last.path, (last.end_line, last.end_column)), f", {code}")


def _new_line(path: str, line: int, text: str, content: bytes) -> SuppressionEdit:
    """Return the insertion of a line, with the line end of the file."""
    line_end = "\r\n" if b"\r\n" in content else "\n"
    return SuppressionEdit(empty_span(path, (line, 1)), f"{text}{line_end}")


def _is_configuration(path: str) -> bool:
    return is_configuration_name(path.rpartition("/")[2])


def _marker(path: str) -> str:
    return "//" if _is_configuration(path) and not path.endswith(".toml") else _HASH


def _first_line(path: str, content: bytes) -> int:
    """Return the number of the first line of a file that may be a comment."""
    if _is_configuration(path):
        return 1
    declared = coding_line(content)
    if declared is not None:
        return len(source_lines(content[: declared.offset])) + 1
    return 2 if source_lines(content)[0].startswith(_SHEBANG) else 1


class _Statement(Struct, frozen=True):
    """The lines of a statement without the statements inside it, or a line between statements."""

    first_line: int
    last_line: int
    line_ends: frozenset[int]
    """The lines whose ends may have a comment. The others end in a string or with a backslash."""


def _line_for_comment(content: bytes, span: Span) -> int | None:
    """Return the line whose end can have a comment for a span in a module, or None for a module with a syntax error."""
    statement = next((each for each in _statements(content) if each.last_line >= span.line), None)
    if statement is None:
        return None
    if statement.first_line > span.line:
        return span.line
    return span.end_line if span.end_line in statement.line_ends else statement.last_line


def _statements(content: bytes) -> Iterator[_Statement]:
    """Yield the statements of a module, up to the first syntax error."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first_line, open_strings = 0, 0
    line_ends: set[int] = set()
    try:
        for token in tokenize.tokenize(BytesIO(lines).readline):
            line = token.start[0]
            # From Python 3.12 on, a line of an f-string may end in an expression.
            name = tokenize.tok_name[token.type]
            open_strings += name.endswith(_STRING_START) - name.endswith(_STRING_END)
            if token.type in (tokenize.NL, tokenize.NEWLINE) and not open_strings:
                line_ends.add(line)
            if token.type == tokenize.NEWLINE:
                yield _Statement(first_line or line, line, frozenset(line_ends))
                first_line, line_ends = 0, set()
            elif token.type not in NO_CODE:
                first_line = first_line or line
    except (SyntaxError, tokenize.TokenError):
        return
