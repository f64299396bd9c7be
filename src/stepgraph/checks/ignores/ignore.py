"""What a comment says is to be ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from stepgraph.checks.ignores.comment import Comment
from stepgraph.model.span import Span

_MARK: Final = r"(?:#|//|/\*)[ \t]*"
_CODE: Final = r"(?:SG\d|[a-z]+-[a-z])"
# What is meant to ignore something. Other comments may begin with the name of this package, too.
_MEANT: Final = re.compile(
    _MARK
    + r"(?P<whole>stepgraph:[ \t]*+ignore(?:-[\w-]++)?(?![\w-])"
    + rf"|stepgraph[ \t]*+(?::[ \t]*+)?(?:ignor[\w-]*+[ \t]*+|[\w-]++)\[[ \t]*+{_CODE}"
    + r"|stepgraph:[ \t]*+(?:noqa|disable|skip)[ \t]*+$)",
    re.IGNORECASE,
)
_IGNORE: Final = re.compile(r"stepgraph:[ \t]*ignore\[(?P<rules>[^\]#]*)\](?P<reason>[^#]*)")
_BETWEEN_COMMAS: Final = re.compile("[^,]+")


class NamedRule(Struct, frozen=True):
    """A rule as a comment names it, and where."""

    text: str
    span: Span


class Ignore(Struct, frozen=True):
    """What a comment says, from its word `stepgraph` on, which `span` is the place of.

    Without any `rules` it does not say what to ignore, at least not in the form that is understood. The `reason` may be
    empty.
    """

    comment: Comment
    span: Span
    text: str
    rules: tuple[NamedRule, ...] = ()
    reason: str = ""


def ignores_in(comment: Comment) -> Iterator[Ignore]:
    """Yield what a comment says is to be ignored, which may follow what it says to other tools."""
    line = comment.text.split("\n", 1)[0]
    for meant in _MEANT.finditer(line):
        start = meant.start("whole")
        found = _IGNORE.match(line, start)
        if found is None:
            end = line.find("#", start)
            text = line[start : None if end < 0 else end].rstrip()
            yield Ignore(comment, _span(comment, start, start + len(text)), text)
            continue
        offset = found.start("rules")
        rules = {
            rule: NamedRule(rule, _span(comment, offset + start, offset + start + len(rule)))
            for rule, start in _listed(found["rules"])
        }
        end = found.end("rules") + 1
        reason = found["reason"].strip(" \t:-")
        yield Ignore(comment, _span(comment, start, end), line[start:end], tuple(rules.values()), reason)


def _listed(text: str) -> Iterator[tuple[str, int]]:
    """Yield the parts of a list with commas, without the space around them, and where each begins."""
    for part in _BETWEEN_COMMAS.finditer(text):
        stripped = part[0].lstrip()
        if stripped:
            yield stripped.rstrip(), part.end() - len(stripped)


def _span(comment: Comment, start: int, end: int) -> Span:
    return Span(comment.path, comment.line, comment.column + start, comment.line, comment.column + end)
