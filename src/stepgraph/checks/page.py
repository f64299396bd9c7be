"""The documentation of rules: the Markdown page next to the module of each rule.

A page has the sections of `RulePage`. A paragraph that ends in a colon is the title of the example below it. An example
has one of three forms: the body of `run` below the imports of its module; a whole module with the class; one or more
files, each below a paragraph with its path. Flagged lines end in a comment with the code of the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import takewhile
from textwrap import dedent, indent
from typing import Final

from msgspec import Struct

from stepgraph.checks.rule import Rule
from stepgraph.project.configuration.compatibility import DependencyMode

ENTRY: Final = "entry.py"
_CLASS: Final = """\
class Example(WorkflowEntrypoint):
    async def run(self, event, step):
"""
_FENCE: Final = "```"
_PATH: Final = re.compile(r"`([\w./-]+)`")


class Example(Struct, frozen=True):
    """A small project with or without findings of a rule, used as documentation and as a test."""

    title: str
    """A phrase that describes the example."""
    files: tuple[tuple[str, str], ...]
    """The paths and texts of the files. The main module is `entry.py` unless a configuration names another."""
    mode: DependencyMode = DependencyMode.IMPLICIT
    """The dependency mode, unless a configuration among the files sets the mode."""
    snippet: str = ""
    """The code block of an example without paths, or an empty string if the page shows files with their paths."""

    @property
    def source(self) -> str:
        """The text of the first file."""
        return self.files[0][1]


class RulePage(Struct, frozen=True):
    """The documentation of a rule."""

    text: str
    """The whole page."""
    summary: str
    """One sentence about the flagged code."""
    why: str
    """The section *Why this is bad*: the effect of the flagged code at run time."""
    flagged: tuple[Example, ...]
    """The section *Example*: code with findings."""
    fix: str
    """The text of the section *Use instead*: the change that resolves a finding."""
    clean: tuple[Example, ...]
    """The examples of the section *Use instead*: code without errors and warnings."""
    evidence: str
    """The section *Source*: the evidence for the rule, and how it was verified."""


class _PagePart(Struct, frozen=True):
    """A heading, a paragraph, or a code block."""

    text: str
    level: int = 0
    """The level of a heading, or 0 for any other part."""
    info: str | None = None
    """The info string of a code block, or None for any other part."""


def in_run(title: str, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example from the body of `run`. `imports` contains the imports of the module, one per line."""
    lines = [*dedent(imports).strip().splitlines(), "from workers import WorkflowEntrypoint"]
    other_imports = "".join(f"{line}\n" for line in lines if not line.startswith("from workers"))
    sdk_imports = "".join(f"{line}\n" for line in lines if line.startswith("from workers"))
    separator = "\n" if other_imports else ""
    source = f"{other_imports}{separator}{sdk_imports}\n\n{_CLASS}{indent(dedent(body).strip(), ' ' * 8)}\n"
    return Example(title, ((ENTRY, source),), mode)


@cache
def read_page(rule: Rule) -> RulePage:
    """Return the page of a rule, read from the Markdown file next to the module of the rule."""
    package, _, name = rule.module.rpartition(".")
    return parse_page(files(package).joinpath(f"{name}.md").read_text("utf-8"))


def parse_page(text: str) -> RulePage:
    """Parse a page. Raises KeyError for a missing section, and ValueError for an example without a title."""
    sections: dict[str, list[_PagePart]] = {"": []}
    heading = ""
    for part in _parts(text):
        if part.level > 1:
            heading = part.text
            sections[heading] = []
        elif not part.level:
            sections[heading].append(part)
    return RulePage(
        text=text,
        summary=_prose(sections[""]),
        why=_prose(sections["Why this is bad"]),
        flagged=tuple(_examples(sections["Example"])),
        fix=_prose(sections["Use instead"]),
        clean=tuple(_examples(sections["Use instead"])),
        evidence=_prose(sections["Source"]),
    )


def _parts(text: str) -> Iterator[_PagePart]:
    paragraph: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        if line and not line.startswith(("#", _FENCE)):
            paragraph.append(line)
            continue
        if paragraph:
            yield _PagePart("\n".join(paragraph))
            paragraph = []
        if line.startswith(_FENCE):
            yield _code_part(line, lines)
        elif line:
            marks, _, heading = line.partition(" ")
            yield _PagePart(heading, level=len(marks))
    if paragraph:
        yield _PagePart("\n".join(paragraph))


def _code_part(opening: str, lines: Iterator[str]) -> _PagePart:
    """Return the code block below its opening line. Consumes the lines up to the closing fence."""
    info = opening.lstrip("`")
    fence = opening.removesuffix(info)
    return _PagePart("".join(f"{line}\n" for line in takewhile(lambda line: line != fence, lines)), info=info)


def _prose(parts: list[_PagePart]) -> str:
    """Return the paragraphs above the first example, each on one line unless it is a list."""
    paragraphs = takewhile(lambda part: part.info is None and not part.text.endswith(":"), parts)
    return "\n\n".join(
        part.text if part.text.startswith("- ") else " ".join(part.text.split("\n")) for part in paragraphs
    )


def _examples(parts: list[_PagePart]) -> Iterator[Example]:
    title, path = "", ""
    example: Example | None = None
    for part in parts:
        if part.info is None and (match := _PATH.fullmatch(part.text)):
            path = match[1]
        elif part.info is None:
            if example is not None:
                yield example
            title, path, example = part.text.removesuffix(":"), "", None
        elif not title:
            raise ValueError(f"an example without a title: {part.text!r}")
        elif not path:
            example = example_of_snippet(title, part.text, _mode(part))
        else:
            earlier = () if example is None else example.files
            example = Example(title, (*earlier, (path, part.text)), _mode(part))
    if example is not None:
        yield example


def example_of_snippet(title: str, snippet: str, mode: DependencyMode) -> Example:
    """Return an example from a module, or from the body of `run` below the imports of its module."""
    lines = snippet.splitlines()
    if any(line.startswith("class ") for line in lines):
        return Example(title, ((ENTRY, snippet),), mode, snippet=snippet)
    imports = list(takewhile(lambda line: line.startswith(("import ", "from ")), lines))
    example = in_run(title, "\n".join(lines[len(imports) :]), imports="\n".join(imports), mode=mode)
    return Example(title, example.files, mode, snippet=snippet)


def _mode(part: _PagePart) -> DependencyMode:
    legacy = part.info is not None and f"mode={DependencyMode.LEGACY.value}" in part.info.split()
    return DependencyMode.LEGACY if legacy else DependencyMode.IMPLICIT
