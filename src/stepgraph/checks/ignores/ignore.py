"""Parser of suppression comments: `stepgraph: ignore[SG118] reason`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from stepgraph.model.span import Span


class Comment(Struct, frozen=True):
    """A comment of a Python module or a configuration."""

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
    """The top-level class that contains the comment, or follows it. Empty outside of classes."""


_MARKER: Final = r"(?:#|//|/\*)[ \t]*"
_CODE: Final = r"(?:SG\d|[a-z]+-[a-z])"
# Includes misspelled suppressions, to report them, but no other comments that begin with the name of this package.
_SUPPRESSION: Final = re.compile(
    _MARKER
    + r"(?P<whole>stepgraph:[ \t]*+ignore(?:-[\w-]++)?(?![\w-])"
    + rf"|stepgraph[ \t]*+(?::[ \t]*+)?(?:ignor[\w-]*+[ \t]*+|[\w-]++)\[[ \t]*+{_CODE}"
    + r"|stepgraph:[ \t]*+(?:noqa|disable|skip)[ \t]*+$)",
    re.IGNORECASE,
)
_IGNORE: Final = re.compile(r"stepgraph:[ \t]*ignore\[(?P<rules>[^\]#]*)\](?P<reason>[^#]*)")
_BETWEEN_COMMAS: Final = re.compile("[^,]+")


class SuppressedRule(Struct, frozen=True):
    """A rule in a suppression comment."""

    text: str
    """The code or name as written. It may be invalid."""
    span: Span


class SuppressionComment(Struct, frozen=True):
    """A suppression: the part of a comment from the word `stepgraph` on."""

    comment: Comment
    span: Span
    """The location of the suppression, without the rest of its comment."""
    text: str
    rules: tuple[SuppressedRule, ...] = ()
    """The suppressed rules. Empty if the form is invalid, or names no rule."""
    reason: str = ""
    """The reason, which is optional."""


def parse_suppressions(comment: Comment) -> Iterator[SuppressionComment]:
    """Yield the suppressions in a comment, which may begin with directives of other tools."""
    line = comment.text.split("\n", 1)[0]
    for suppression in _SUPPRESSION.finditer(line):
        start = suppression.start("whole")
        match = _IGNORE.match(line, start)
        if match is None:
            end = line.find("#", start)
            text = line[start : None if end < 0 else end].rstrip()
            yield SuppressionComment(comment, _span(comment, start, start + len(text)), text)
            continue
        offset = match.start("rules")
        rules = {
            rule: SuppressedRule(rule, _span(comment, offset + start, offset + start + len(rule)))
            for rule, start in _split_list(match["rules"])
        }
        end = match.end("rules") + 1
        reason = match["reason"].strip(" \t:-")
        yield SuppressionComment(comment, _span(comment, start, end), line[start:end], tuple(rules.values()), reason)


def _split_list(text: str) -> Iterator[tuple[str, int]]:
    """Yield the stripped items of a comma-separated list, each with its offset."""
    for item in _BETWEEN_COMMAS.finditer(text):
        stripped = item[0].lstrip()
        if stripped:
            yield stripped.rstrip(), item.end() - len(stripped)


def _span(comment: Comment, start: int, end: int) -> Span:
    return Span(comment.path, comment.line, comment.column + start, comment.line, comment.column + end)
