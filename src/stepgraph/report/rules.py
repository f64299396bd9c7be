"""The documentation of rules as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import indent
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.page import Example, read_page
from stepgraph.checks.rule import Rule, rule_url
from stepgraph.checks.selectors import INPUT_RULES, SUPPRESSION_RULES
from stepgraph.escaping.markdown import fenced
from stepgraph.escaping.plain_text import visible_lines
from stepgraph.phrases import counted
from stepgraph.render.terminal import Ink, LinePiece, Terminal, table
from stepgraph.render.text_width import cell_width, wrap
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.model import rules_report as shapes


class RuleGroup(Struct, frozen=True):
    """Rules with a common purpose."""

    prefix: str
    """Start of the codes."""
    title: str
    """Heading of the group."""
    meaning: str
    """Consequence of the findings, in one sentence."""
    tag: str
    """Tag of the rules in SARIF."""


GROUPS: Final = (
    RuleGroup("SG1", "Run-time failures", "The SDK or Cloudflare's engine rejects the code.", "failure"),
    RuleGroup(
        "SG2",
        "Unexpected behavior",
        "The code runs, but behaves differently than it appears to.",
        "unexpected-behavior",
    ),
    RuleGroup(
        "SG3", "Replay hazards", "Code outside of steps runs again after a sleep, a restart or a retry.", "replay"
    ),
    RuleGroup("SG0", "The analysis", "stepgraph cannot process part of the input, a setting or a comment.", "analysis"),
)

_HEADINGS: Final = ("CODE", "NAME", "SEVERITY", "SUMMARY")
_INDENT: Final = "  "
_CODE_INDENT: Final = "      "
_MIN_SUMMARY_WIDTH: Final = 24
_MAX_LINES: Final = 1000

_INDEX_START: Final = """\
# Rules

`stepgraph check` reports these problems. Errors mark code that fails at run time or at deployment, warnings mark
code that behaves differently than it appears to, and notes are informational. `stepgraph rules SG101` explains a rule
in the terminal, and `stepgraph rules -f json` prints all rules with their examples. [Configuration](configuration.md)
describes how to select and ignore rules.

Confidence is *high* if a finding follows from values known from the source, and its effect was observed on the SDK or
the engine. It is *medium* if the effect depends on timing or on values of the run, or if the code may be intended.
`stepgraph check --fix` applies *safe* fixes, and with `--unsafe-fixes` also *unsafe* ones; not every finding of a rule
has a fix.
"""


_ABOUT_SOURCES: Final = "[About the sources](../rules.md#sources)"
_INDEX_END: Final = """\
## Sources

Each page names the evidence for its rule. *Verified by execution* means that tests run the code on these versions.

- **SDK**: [`workers-runtime-sdk`](https://pypi.org/project/workers-runtime-sdk/) 1.9.5, the package behind
  `import workers`.
- **Engine**: Cloudflare's open-source engine, `packages/workflows-shared` of
  [workers-sdk](https://github.com/cloudflare/workers-sdk), as in wrangler 4.164.0. It parses durations with
  [`itty-time`](https://github.com/kwhitley/itty-time).
- **workerd**: [the runtime](https://github.com/cloudflare/workerd) of Workers.
- **Rules of Workflows** and **documentation**: [Cloudflare's
  documentation](https://developers.cloudflare.com/workflows/build/rules-of-workflows/) of Workflows.
- **Limits page**: [Limits](https://developers.cloudflare.com/workflows/reference/limits/) in that documentation.
"""


def group_of(rule: Rule) -> RuleGroup:
    """Return the group of a rule. Raises StopIteration for an unknown prefix."""
    return next(group for group in GROUPS if rule.code.startswith(group.prefix))


def traits_of(rule: Rule) -> str:
    """Return the severity and the confidence of a rule, and the kinds of its fixes, if any."""
    fixes = [f"{' or '.join(rule.fixes)} fix"] if rule.fixes else []
    return ", ".join([rule.severity.value, f"{rule.confidence.value} confidence", *fixes])


def rules_table(rules: Sequence[Rule], width: int | None = None) -> str:
    """Return a row for each rule. Summaries are wrapped at `width` cells if it is set."""
    starts = [(rule.code, rule.name, rule.severity.value) for rule in rules]
    # Rows with one-cell summaries determine the width of the other columns.
    one_cell_rows = table(_HEADINGS, [(*start, "x") for start in starts]).splitlines()[1:]
    start_width = max(map(cell_width, one_cell_rows), default=0)
    summary_width = None if width is None else max(width - start_width + 1, _MIN_SUMMARY_WIDTH)
    rows: list[tuple[str, ...]] = []
    for rule, start in zip(rules, starts, strict=True):
        first, *continued = _wrapped(read_page(rule).summary, summary_width)
        rows += [(*start, first), *(("", "", "", line) for line in continued)]
    return table(_HEADINGS, rows)


def explanation(rule: Rule, *, whole: bool = False, color: bool = False, width: int | None = None) -> str:
    """Return the documentation of a rule as text, wrapped at `width` cells if it is set.

    With `whole`, it contains the whole page, otherwise the summary, the reason, the fix, and the first flagged and
    clean example: of whole files, the definitions that differ.
    """
    page, terminal = read_page(rule), Terminal(color=color, width=None)
    flagged, clean = page.flagged, page.clean
    if not whole:
        flagged, clean = _differing(flagged[0], clean[0]), _differing(clean[0], flagged[0])
    lines = [
        terminal.line([LinePiece(f"{rule.code} {rule.name}", Ink.STRONG), LinePiece(f"  {traits_of(rule)}")]),
        "",
        *_wrapped(page.summary, width),
        *_section("Why this is bad", terminal, page.why, width),
        *_section("Example", terminal, "", width, flagged),
        *_section("Use instead", terminal, page.fix, width, clean),
    ]
    if whole:
        lines += _section("Source", terminal, page.evidence, width)
        lines += _section("Suppressing", terminal, suppressing(rule), width)
    else:
        examples = counted(len(page.flagged) + len(page.clean) - 2, "more example")
        content = f"how to suppress the rule, its evidence, and {examples}"
        lines += ["", f"`stepgraph rules {rule.code} --all` shows {content}."]
    return "".join(f"{line}\n" for line in lines)


def suppressing(rule: Rule) -> str:
    """Return instructions for suppressing findings of a rule, in Markdown."""
    if rule.code in INPUT_RULES:
        return "These findings cannot be ignored, because part of the input was not analyzed."
    setting = f'`ignore = ["{rule.code}"]` in `[tool.stepgraph]` of `pyproject.toml`'
    if rule.code in SUPPRESSION_RULES:
        return f"Set {setting}. A comment has no effect."
    comment = f"stepgraph: ignore[{rule.code}]"
    json_comment = f" (in JSON: `// {comment} reason`)" if _flags_configurations(rule) else ""
    return f"End the line with `# {comment} reason`{json_comment}, or set {setting}."


def _flags_configurations(rule: Rule) -> bool:
    """Return whether an example of the rule has a finding in a configuration."""
    files = (file for example in read_page(rule).flagged for file in example.files)
    return any(not path.endswith(".py") and f" {rule.code}" in text for path, text in files)


def _section(
    title: str, terminal: Terminal, text: str, width: int | None, examples: Iterable[Example] = ()
) -> Iterator[str]:
    yield ""
    yield terminal.line([LinePiece(title, Ink.STRONG)])
    text_width = None if width is None else width - len(_INDENT)
    lines = (line for paragraph in text.split("\n\n") for line in paragraph.split("\n") if line)
    yield from (_INDENT + part for line in lines for part in _wrapped(line, text_width))
    for number, example in enumerate(examples):
        if number:
            yield ""
        yield terminal.line([LinePiece(f"{_INDENT}{example.title}:", Ink.QUIET)])
        for path, code in _displayed_files(example):
            if path:
                yield f"{_INDENT}{path}"
            yield from indent(visible_lines(code), _CODE_INDENT).splitlines()


def _differing(example: Example, counterpart: Example) -> tuple[Example, ...]:
    """Reduce an example of whole files to the definitions that differ from another example, if there are any."""
    shared = {block for _, text in counterpart.files for block in _definitions(text)}
    remaining = ((path, [block for block in _definitions(text) if block not in shared]) for path, text in example.files)
    files = tuple((path, "\n\n\n".join(blocks)) for path, blocks in remaining if blocks)
    return (example if example.snippet or not files else replace(example, files=files),)


def _definitions(text: str) -> list[str]:
    """Return the parts of a module between two blank lines."""
    return text.rstrip("\n").split("\n\n\n")


def _displayed_files(example: Example) -> tuple[tuple[str, str], ...]:
    """Return the paths and texts that an example shows: a snippet without its path, or all files."""
    return (("", example.snippet),) if example.snippet else example.files


def _wrapped(text: str, width: int | None) -> tuple[str, ...]:
    return (text,) if width is None else wrap(text, width, _MAX_LINES)


def rules_index(rules: Sequence[Rule]) -> str:
    """Return the reference page with a table of each group of rules."""
    grouped = [(group, [rule for rule in rules if rule.code.startswith(group.prefix)]) for group in GROUPS]
    tables = (_overview(group, group_rules) for group, group_rules in grouped if group_rules)
    return "\n".join([_INDEX_START, *tables, _INDEX_END])


def _overview(group: RuleGroup, rules: Sequence[Rule]) -> str:
    rows = [
        f"| [{rule.code}]({rule_path(rule.code)}) | {rule.name} | {rule.severity.value} | {rule.confidence.value} |"
        f" {', '.join(rule.fixes)} | {_cell(rule)} |\n"
        for rule in rules
    ]
    head = "| rule | name | severity | confidence | fixes | flagged code |\n| --- | --- | --- | --- | --- | --- |\n"
    return f"## {group.title}\n\n{group.meaning}\n\n{head}{''.join(rows)}"


def rule_path(code: str) -> str:
    """Return the path of a rule's page, relative to the directory of the index."""
    return f"rules/{code}.md"


def _cell(rule: Rule) -> str:
    return read_page(rule).summary.replace("|", "\\|")


def rule_page(rule: Rule) -> str:
    """Return the documentation page of a rule: its Markdown page, its severity, and instructions for suppression."""
    head, _, body = visible_lines(read_page(rule).text).partition("\n\n")
    traits = traits_of(rule)
    beginning = f"{head}\n\n*{traits[0].upper()}{traits[1:]}.*\n\n{body}"
    return f"{beginning}\n{_ABOUT_SOURCES}\n\n## Suppressing\n\n{suppressing(rule)}\n"


def rule_help(rule: Rule) -> str:
    """Return a short version of a rule's page, without headings and with one flagged and one clean example."""
    page = read_page(rule)
    parts = [
        f"{page.summary} {page.why}\n",
        *_markdown(page.flagged[:1]),
        f"**Use instead.** {page.fix}\n",
        *_markdown(page.clean[:1]),
        f"**Source.** {page.evidence}\n",
    ]
    return "\n".join(parts)


def _markdown(examples: Sequence[Example]) -> Iterator[str]:
    for example in examples:
        yield f"{example.title}:\n"
        for path, text in _displayed_files(example):
            if path:
                yield f"`{path}`\n"
            yield fenced(visible_lines(text), "python" if path.endswith(".py") or not path else path.rpartition(".")[2])


def rules_report(rules: Sequence[Rule]) -> shapes.RulesReport:
    """Return the documentation of rules as JSON data."""
    return {
        "version": 1,
        "tool": {"name": "stepgraph", "version": __version__},
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> shapes.DocumentedRule:
    page = read_page(rule)
    return {
        "code": rule.code,
        "name": rule.name,
        "group": group_of(rule).title,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "fixable": [applicability.value for applicability in rule.fixes],
        "ignorable": rule.code not in INPUT_RULES,
        "summary": page.summary,
        "explanation": page.why,
        "remedy": page.fix,
        "evidence": page.evidence,
        "url": rule_url(rule.code),
        "flagged": _examples(page.flagged),
        "clean": _examples(page.clean),
    }


def _examples(examples: Iterable[Example]) -> list[shapes.RuleExample]:
    return [
        {
            "title": example.title,
            "mode": example.mode.value,
            "files": [{"path": path, "text": text} for path, text in example.files],
        }
        for example in examples
    ]
