"""Generate `llms.txt`, the index of the documentation for language models, and the skill for coding agents.

`llms.txt` follows llmstxt.org, and the skill follows the specification of agentskills.io.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Final

from docs.generate.files import ROOT
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.page import read_page
from stepgraph.checks.rule import HOME, Rule
from stepgraph.report.rules import GROUPS, rule_path

INDEX: Final = "docs/llms.txt"
SKILL_NAME: Final = "cloudflare-python-workflows"
SKILL: Final = f"docs/skills/{SKILL_NAME}/SKILL.md"
MOST_SKILL_LINES: Final = 250
"""The skill is short enough to be read whole."""

_GUIDE: Final = "docs/how-to/writing-workflows.md"
_DESCRIPTION: Final = (
    "Write, change and check Cloudflare Workflows in Python. Covers steps, dependencies, sleeps, waits, errors,"
    " results, triggers, configuration, common mistakes and the checker stepgraph. Use it for code with"
    " workers.WorkflowEntrypoint."
)
_INTRODUCTION: Final = f"""\
These facts were observed on the SDK and the engine; code of the JavaScript API does not work. The code of a rule at the
end of a line marks a mistake, followed by the correct code. Install the checker from its repository:

```sh
pip install 'git+{HOME}'
```
"""
_SUMMARY: Final = (
    "stepgraph checks and draws Cloudflare Python Workflows before they are deployed. It reads the code without running"
    " it."
)
# Notes on pages whose first sentence says nothing about the page.
_NOTES: Final = {
    "explanation/glossary": "Terms of the documentation and the code",
    "contributing": "Tests, requirements for a change, and the generated documentation",
    "how-to/github-actions": "Check workflows, report findings and keep diagrams up to date in GitHub Actions",
    "how-to/gitlab-ci": "Check workflows and report findings in merge requests of GitLab",
    "how-to/reading-diagrams": "The nodes, lines and marks of a diagram",
    "how-to/troubleshooting": "Causes of common messages, such as missing workflows and incomplete graphs",
    "how-to/writing-workflows": "What the Python SDK and the engine accept, with common mistakes and correct code",
    "reference/diagrams": "Formats, options and sizes of drawings",
    "reference/rules": "All rules with their severity, confidence and fixes",
}
_RAW: Final = f"{HOME.replace('github.com', 'raw.githubusercontent.com')}/main"
_LINE_WIDTH: Final = 120
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"

_CHECKED_BLOCK: Final = re.compile(r"^<!-- check: (\w+) -->\n```python$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^<!-- .* -->\n", re.MULTILINE)
_LINK: Final = re.compile(r"!?\[([^]]*)\]\([^)]*\)")
_NAVIGATION: Final = re.compile(r"```\{toctree\}\n:caption: ([^\n]+)\n:maxdepth: 1\n\n(.*?)```", re.DOTALL)
_SENTENCE_END: Final = re.compile(r"(?<=[.:])\s")


def agents_files() -> dict[str, str]:
    """Return the index and the skill by path. Raises ValueError for a skill that is too long."""
    skill = _skill()
    if skill.count("\n") > MOST_SKILL_LINES:
        raise ValueError(f"the skill has more than {MOST_SKILL_LINES} lines. Shorten {_GUIDE}.")
    return {INDEX: _index(), SKILL: skill}


def _skill() -> str:
    guide = (ROOT / _GUIDE).read_text(encoding="utf-8")
    title, _, body = guide.partition("\n\n")
    _, _, sections = body.partition("\n\n")  # the introduction is for the readers of the site
    blocks = _CHECKED_BLOCK.sub(r"```python mode=\1", sections).replace("```python mode=implicit", "```python")
    facts = _LINK.sub(r"\1", _COMMENT.sub("", blocks))
    header = f"---\nname: {SKILL_NAME}\ndescription: {_DESCRIPTION}\n---\n"
    parts = [header, f"{title}\n", _INTRODUCTION, facts, "## Rules\n", *_rule_names()]
    return "\n".join(parts)


def _rule_names() -> Iterator[str]:
    """Yield the names of all rules that report code, by group."""
    yield "`stepgraph rules CODE` explains a rule.\n"
    for group in GROUPS:
        rules = [rule for rule in RULES if rule.code.startswith(group.prefix)]
        names = ", ".join(f"{rule.code}{_NO_BREAK}{rule.name}" for rule in rules)
        yield _wrapped(f"**{group.title}.** {group.meaning} {names}.") + "\n"


def _index() -> str:
    skill = f"- [Skill for coding agents]({_RAW}/{SKILL}): facts, mistakes and the use of stepgraph, in one file"
    sections = [f"# stepgraph\n\n> {_SUMMARY}\n", f"## Start here\n\n{skill}\n"]
    for caption, paths in _NAVIGATION.findall((ROOT / "docs/index.md").read_text(encoding="utf-8")):
        sections.append(f"## {caption}\n\n" + "".join(map(_page_line, paths.split())))
    sections.append("## Rules\n\n" + "".join(map(_rule_line, _by_group(RULES))))
    return "\n".join(sections)


def _by_group(rules: Sequence[Rule]) -> list[Rule]:
    return [rule for group in GROUPS for rule in rules if rule.code.startswith(group.prefix)]


def _page_line(path: str) -> str:
    """Return the entry of a page: its title, and a note or the first sentence of its first paragraph."""
    heading, *paragraphs = (ROOT / f"docs/{path}.md").read_text(encoding="utf-8").split("\n\n")
    prose = (part for part in paragraphs if part[0].isalpha() or part[0] in "[`*")
    first = " ".join(_LINK.sub(r"\1", next(prose)).split())
    note = _NOTES.get(path) or _SENTENCE_END.split(first, maxsplit=1)[0].rstrip(".:")
    return f"- [{heading.removeprefix('# ')}]({_RAW}/docs/{path}.md): {note}\n"


def _rule_line(rule: Rule) -> str:
    url = f"{_RAW}/docs/reference/{rule_path(rule.code)}"
    return f"- [{rule.code} {rule.name}]({url}): {read_page(rule).summary.removesuffix('.')}\n"


def _wrapped(text: str) -> str:
    lines = fill(text, _LINE_WIDTH, break_long_words=False, break_on_hyphens=False)
    return lines.replace(_NO_BREAK, " ")
