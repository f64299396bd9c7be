"""Rules explained as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import indent
from typing import Final

from stepgraph.checks.example import Example
from stepgraph.checks.rule import Rule
from stepgraph.render.cells import cell_width, wrap
from stepgraph.render.outline.terminal import Ink, Piece, Terminal
from stepgraph.report.explained.sources import shown_source
from stepgraph.report.table import table
from stepgraph.report.wording import LABELS

_HEADINGS: Final = ("CODE", "NAME", "SEVERITY", "SUMMARY")
_INDENT: Final = "    "
_LABEL_WIDTH: Final = 8
_NARROWEST_SUMMARY: Final = 24
_MOST_LINES: Final = 1000


def rules_table(rules: Sequence[Rule], width: int | None = None) -> str:
    """Return a row for each rule, with its summary broken into several where it is wider than `width` cells allow."""
    starts = [(rule.code, rule.name, LABELS[rule.severity]) for rule in rules]
    # A row with a summary of one cell tells how wide all before the summaries is.
    before = max(map(cell_width, table(_HEADINGS, [(*start, "x") for start in starts]).splitlines()[1:]), default=0)
    room = None if width is None else max(width - before + 1, _NARROWEST_SUMMARY)
    rows: list[tuple[str, ...]] = []
    for rule, start in zip(rules, starts, strict=True):
        first, *others = _broken(rule.summary, room)
        rows += [(*start, first), *(("", "", "", line) for line in others)]
    return table(_HEADINGS, rows)


def explanation(rule: Rule, *, color: bool = False, width: int | None = None) -> str:
    """Return all that is to be said about a rule, its paragraphs broken into lines of `width` cells if it is given."""
    terminal = Terminal(color=color, width=None)
    head = [Piece(f"{rule.code} {rule.name}", Ink.STRONG), Piece(f"  {LABELS[rule.severity]}")]
    lines = [terminal.line(head), "", *_broken(rule.summary, width), "", *_reasons(rule, terminal, width)]
    for label, examples in (("Flagged", rule.flagged()), ("Clean", rule.clean())):
        for example in examples:
            lines += ["", terminal.line([Piece(f"{label}: ", Ink.QUIET), Piece(example.title)]), *_code(example)]
    return "".join(f"{line}\n" for line in lines)


def _reasons(rule: Rule, terminal: Terminal, width: int | None) -> Iterator[str]:
    for label, text in (("Why", rule.why), ("Fix", rule.fix), ("Source", rule.source)):
        first, *others = _broken(text, None if width is None else width - _LABEL_WIDTH)
        yield terminal.line([Piece(label.ljust(_LABEL_WIDTH), Ink.QUIET), Piece(first)])
        for line in others:
            yield " " * _LABEL_WIDTH + line


def _code(example: Example) -> Iterator[str]:
    for path, text in example.files:
        yield ""
        if len(example.files) > 1:
            yield f"  {path}"
        yield from indent(shown_source(text), _INDENT).splitlines()


def _broken(text: str, width: int | None) -> tuple[str, ...]:
    return (text,) if width is None else wrap(text, width, _MOST_LINES)
