"""x."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import indent
from typing import Final

from msgspec import Struct

from stepgraph.checks.example import Example
from stepgraph.checks.rule import Rule
from stepgraph.escaping.markdown import fenced
from stepgraph.escaping.visible import visible_lines
from stepgraph.render.cells import cell_width, wrap
from stepgraph.render.outline.terminal import Ink, Piece, Terminal
from stepgraph.report.report import rule_url
from stepgraph.report.table import table
from stepgraph.report.wording import LABELS


class Group(Struct, frozen=True):
    """Rules of one kind: how their codes begin, a title, what that means, and the tag that programs know them by."""

    prefix: str
    title: str
    meaning: str
    tag: str


GROUPS: Final = (
    Group("SG1", "Fails at run time", "The engine or the SDK refuses it, so that the instance fails.", "failure"),
    Group("SG2", "Does something else than it says", "It runs, and not as it reads.", "surprise"),
    Group("SG3", "Breaks on replay", "Code outside of steps runs again after a sleep, a restart or a retry.", "replay"),
    Group("SG0", "The analysis itself", "What could not be read, resolved, or ignored.", "analysis"),
)


def group_of(rule: Rule) -> Group:
    """Return the group of a rule. Raises StopIteration where its code begins like none."""
    return next(group for group in GROUPS if rule.code.startswith(group.prefix))


def shown_source(text: str) -> str:
    """Return a source with what would be invisible spelt out, but for the ends of its lines."""
    return visible_lines(text)


def rule_data(rule: Rule) -> dict[str, object]:
    """Return all that is to be said about a rule."""
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "summary": rule.summary,
        "why": rule.why,
        "fix": rule.fix,
        "source": rule.source,
        "url": rule_url(rule.code),
        "flagged": _example_data(rule.flagged()),
        "clean": _example_data(rule.clean()),
    }


def _example_data(examples: Iterable[Example]) -> list[dict[str, object]]:
    return [
        {"title": one.title, "files": [{"path": path, "text": text} for path, text in one.files]} for one in examples
    ]


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


def explanation(rule: Rule, *, colour: bool = False, width: int | None = None) -> str:
    """Return all that is to be said about a rule, its paragraphs broken into lines of `width` cells if it is given."""
    terminal = Terminal(colour=colour, width=None)
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


_START: Final = """\
# Rules

What `stepgraph check` looks for. An error fails at run time, a warning does something else than it says, a note is no
fault. Confidence in a rule is high where what it says follows from what is written, and medium where the code may
mean it. `stepgraph rules` prints the same. [Configuration](configuration.md) says how to select and ignore rules.
"""


def rules_page(rules: Sequence[Rule]) -> str:
    """Return the page on all rules: tables of them, then a section for each."""
    grouped = [(group, [rule for rule in rules if rule.code.startswith(group.prefix)]) for group in GROUPS]
    parts = [_START, *(_overview(group, own) for group, own in grouped if own)]
    parts += (rule_section(rule) for _, own in grouped for rule in own)
    return "\n".join(parts)


def rule_section(rule: Rule) -> str:
    """Return a section on a rule, which is reached by `#sg101`, with most of its examples folded."""
    anchor = f'<a id="{rule.code.lower()}"></a>'
    kind = f"{LABELS[rule.severity].capitalize()}, {rule.confidence.value} confidence."
    more = "\n".join([*_examples("Flagged", rule.flagged()[1:]), *_examples("Clean", rule.clean()[1:])])
    folded = f"<details>\n<summary>More examples</summary>\n\n{more}\n</details>\n"
    return f"{anchor}\n\n## {rule.code} {rule.name}\n\n{kind}\n\n{rule_body(rule)}\n{folded}"


def rule_body(rule: Rule) -> str:
    """Return what is said about a rule, without a heading, and with an example of what is flagged and what is not."""
    parts = [
        f"{rule.summary} {rule.why}\n",
        f"**Fix.** {rule.fix}\n",
        f"**Known from.** {rule.source}\n",
        *_examples("Flagged", rule.flagged()[:1]),
        *_examples("Clean", rule.clean()[:1]),
    ]
    return "\n".join(parts)


def _overview(group: Group, rules: Sequence[Rule]) -> str:
    rows = [
        f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.name} | {_cell(rule.summary)} |\n" for rule in rules
    ]
    head = f"| {group.prefix} | name | what is flagged |\n| --- | --- | --- |\n"
    return f"**{group.title}.** {group.meaning}\n\n{head}{''.join(rows)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _examples(kind: str, examples: Sequence[Example]) -> Iterator[str]:
    for example in examples:
        yield "\n".join([f"{kind}, {example.title}:\n", *_files(example)])


def _files(example: Example) -> Iterator[str]:
    for path, text in example.files:
        if len(example.files) > 1:
            yield f"`{path}`\n"
        yield fenced(shown_source(text), "python" if path.endswith(".py") else path.rpartition(".")[2])
