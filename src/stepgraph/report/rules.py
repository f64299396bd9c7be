"""The documentation of rules as JSON data, text and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import indent
from typing import Final

from msgspec import Struct

from stepgraph.checks.example import Example
from stepgraph.checks.rule import Rule
from stepgraph.escaping.markdown import fenced
from stepgraph.escaping.plain_text import visible_lines
from stepgraph.render.terminal import Ink, Piece, Terminal, table
from stepgraph.render.text_width import cell_width, wrap
from stepgraph.report.report import LABELS, rule_url


class RuleGroup(Struct, frozen=True):
    """Rules with a common purpose."""

    prefix: str
    """Start of the codes."""
    title: str
    """Title."""
    meaning: str
    """Consequence of the findings, in one sentence."""
    tag: str
    """Tag for programs."""


GROUPS: Final = (
    RuleGroup("SG1", "Fails at run time", "The engine or the SDK refuses it, so that the instance fails.", "failure"),
    RuleGroup("SG2", "Does something else than it says", "It runs, and not as it reads.", "surprise"),
    RuleGroup(
        "SG3", "Breaks on replay", "Code outside of steps runs again after a sleep, a restart or a retry.", "replay"
    ),
    RuleGroup("SG0", "The analysis itself", "What could not be read, resolved, or ignored.", "analysis"),
)


def group_of(rule: Rule) -> RuleGroup:
    """Return the group of a rule. Raises StopIteration for an unknown prefix."""
    return next(group for group in GROUPS if rule.code.startswith(group.prefix))


def visible_source(text: str) -> str:
    """Return a source with invisible characters escaped, except for line ends."""
    return visible_lines(text)


def rule_data(rule: Rule) -> dict[str, object]:
    """Return the documentation of a rule as JSON data."""
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
        {"title": example.title, "files": [{"path": path, "text": text} for path, text in example.files]}
        for example in examples
    ]


_HEADINGS: Final = ("CODE", "NAME", "SEVERITY", "SUMMARY")
_INDENT: Final = "    "
_LABEL_WIDTH: Final = 8
_MIN_SUMMARY_WIDTH: Final = 24
_MAX_LINES: Final = 1000


def rules_table(rules: Sequence[Rule], width: int | None = None) -> str:
    """Return a row for each rule. Summaries are wrapped at `width` cells if it is set."""
    starts = [(rule.code, rule.name, LABELS[rule.severity]) for rule in rules]
    # Rows with summaries of one cell give the width of the other columns.
    one_cell_rows = table(_HEADINGS, [(*start, "x") for start in starts]).splitlines()[1:]
    start_width = max(map(cell_width, one_cell_rows), default=0)
    summary_width = None if width is None else max(width - start_width + 1, _MIN_SUMMARY_WIDTH)
    rows: list[tuple[str, ...]] = []
    for rule, start in zip(rules, starts, strict=True):
        first, *rest = _wrapped(rule.summary, summary_width)
        rows += [(*start, first), *(("", "", "", line) for line in rest)]
    return table(_HEADINGS, rows)


def explanation(rule: Rule, *, color: bool = False, width: int | None = None) -> str:
    """Return the documentation of a rule as text, wrapped at `width` cells if it is set."""
    terminal = Terminal(color=color, width=None)
    head = [Piece(f"{rule.code} {rule.name}", Ink.STRONG), Piece(f"  {LABELS[rule.severity]}")]
    lines = [terminal.line(head), "", *_wrapped(rule.summary, width), "", *_reasons(rule, terminal, width)]
    for label, examples in (("Flagged", rule.flagged()), ("Clean", rule.clean())):
        for example in examples:
            lines += ["", terminal.line([Piece(f"{label}: ", Ink.QUIET), Piece(example.title)]), *_code(example)]
    return "".join(f"{line}\n" for line in lines)


def _reasons(rule: Rule, terminal: Terminal, width: int | None) -> Iterator[str]:
    for label, text in (("Why", rule.why), ("Fix", rule.fix), ("Source", rule.source)):
        first, *rest = _wrapped(text, None if width is None else width - _LABEL_WIDTH)
        yield terminal.line([Piece(label.ljust(_LABEL_WIDTH), Ink.QUIET), Piece(first)])
        for line in rest:
            yield " " * _LABEL_WIDTH + line


def _code(example: Example) -> Iterator[str]:
    for path, text in example.files:
        yield ""
        if len(example.files) > 1:
            yield f"  {path}"
        yield from indent(visible_source(text), _INDENT).splitlines()


def _wrapped(text: str, width: int | None) -> tuple[str, ...]:
    return (text,) if width is None else wrap(text, width, _MAX_LINES)


_START: Final = """\
# Rules

What `stepgraph check` looks for. An error fails at run time, a warning does something else than it says, a note is no
fault. Confidence in a rule is high where what it says follows from what is written, and medium where the code may
mean it. `stepgraph rules` prints the same. [Configuration](configuration.md) says how to select and ignore rules.
"""


def rules_page(rules: Sequence[Rule]) -> str:
    """Return the reference page: tables of all rules, then a section for each."""
    grouped = [(group, [rule for rule in rules if rule.code.startswith(group.prefix)]) for group in GROUPS]
    parts = [_START, *(_overview(group, group_rules) for group, group_rules in grouped if group_rules)]
    parts += (rule_section(rule) for _, group_rules in grouped for rule in group_rules)
    return "\n".join(parts)


def rule_section(rule: Rule) -> str:
    """Return the section of a rule with the anchor `#sg101`. Most examples are folded."""
    anchor = f'<a id="{rule.code.lower()}"></a>'
    kind = f"{LABELS[rule.severity].capitalize()}, {rule.confidence.value} confidence."
    rest = "\n".join([*_examples("Flagged", rule.flagged()[1:]), *_examples("Clean", rule.clean()[1:])])
    folded = f"<details>\n<summary>More examples</summary>\n\n{rest}\n</details>\n"
    return f"{anchor}\n\n## {rule.code} {rule.name}\n\n{kind}\n\n{rule_body(rule)}\n{folded}"


def rule_body(rule: Rule) -> str:
    """Return the section without heading, with one flagged and one clean example."""
    parts = [
        f"{rule.summary} {rule.why}\n",
        f"**Fix.** {rule.fix}\n",
        f"**Known from.** {rule.source}\n",
        *_examples("Flagged", rule.flagged()[:1]),
        *_examples("Clean", rule.clean()[:1]),
    ]
    return "\n".join(parts)


def _overview(group: RuleGroup, rules: Sequence[Rule]) -> str:
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
        yield fenced(visible_source(text), "python" if path.endswith(".py") else path.rpartition(".")[2])
