"""Rules explained in Markdown: the page of the documentation, and each rule for itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from stepgraph.checks.example import Example
from stepgraph.checks.rule import Rule
from stepgraph.escaping.markdown import fenced
from stepgraph.report.explained.sources import shown_source
from stepgraph.report.groups import GROUPS, Group
from stepgraph.report.wording import LABELS

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
