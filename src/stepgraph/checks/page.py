"""The documentation of rules: the Markdown page next to the module of each rule.

A page has the sections of `RulePage`. A paragraph that ends in a colon is the title of the example below it. An example
is the body of `run`, with the imports of its module on top, or a module that defines the class, or several files, each
below a paragraph with its path. Flagged lines end in a comment with the code of the rule.
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
_BLOCK: Final = re.compile(
    r"^(?P<level>#+) (?P<heading>.+)$"
    r"|^(?P<fence>`{3,})(?P<info>.*)\n(?P<code>(?:.*\n)*?)(?P=fence)$"
    r"|^(?P<paragraph>[^\n#`].*(?:\n[^\n].*)*|`[^`\n].*(?:\n[^\n].*)*)$",
    re.MULTILINE,
)
_PATH: Final = re.compile(r"`([\w./-]+)`")


class Example(Struct, frozen=True):
    """A small project with or without findings of a rule, used as documentation and as a test."""

    title: str
    """A phrase that describes the example."""
    files: tuple[tuple[str, str], ...]
    """The paths and texts of the files. The main module is `entry.py` unless a configuration names another."""
    mode: DependencyMode = DependencyMode.IMPLICIT
    """The dependency mode, unless a configuration among the files decides it."""
    snippet: str = ""
    """The part of a single file that the page shows, or empty text if it shows the files."""

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
    """The examples of the section *Use instead*: code without findings."""
    source: str
    """The section *Source*: the evidence for the rule, and how it was verified."""


class _PagePart(Struct, frozen=True):
    """A heading, a paragraph, or a code block."""

    text: str
    level: int = 0
    """The level of a heading, or 0."""
    info: str | None = None
    """The info string of a code block, or None."""


def in_run(title: str, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example from the body of `run` and its imports, one per line."""
    lines = [*dedent(imports).strip().splitlines(), "from workers import WorkflowEntrypoint"]
    other_imports = "".join(f"{line}\n" for line in lines if not line.startswith("from workers"))
    sdk_imports = "".join(f"{line}\n" for line in lines if line.startswith("from workers"))
    separator = "\n" if other_imports else ""
    source = f"{other_imports}{separator}{sdk_imports}\n\n{_CLASS}{indent(dedent(body).strip(), ' ' * 8)}\n"
    return Example(title, ((ENTRY, source),), mode)


@cache
def read_page(rule: Rule) -> RulePage:
    """Read the page of a rule."""
    package, _, name = rule.module.rpartition(".")
    return parse_page(files(package).joinpath(f"{name}.md").read_text("utf-8"))


def parse_page(text: str) -> RulePage:
    """Parse a page. Raises KeyError for a page without a section, and ValueError for an example without a title."""
    sections: dict[str, list[_PagePart]] = {"": []}
    heading = ""
    for block in _blocks(text):
        if block.level > 1:
            heading = block.text
            sections[heading] = []
        elif not block.level:
            sections[heading].append(block)
    return RulePage(
        text=text,
        summary=_prose(sections[""]),
        why=_prose(sections["Why this is bad"]),
        flagged=tuple(_examples(sections["Example"])),
        fix=_prose(sections["Use instead"]),
        clean=tuple(_examples(sections["Use instead"])),
        source=_prose(sections["Source"]),
    )


def _blocks(text: str) -> Iterator[_PagePart]:
    for match in _BLOCK.finditer(text):
        if match["heading"] is not None:
            yield _PagePart(match["heading"], level=len(match["level"]))
        elif match["fence"] is not None:
            yield _PagePart(match["code"], info=match["info"])
        else:
            yield _PagePart(match["paragraph"])


def _prose(blocks: list[_PagePart]) -> str:
    """Return the paragraphs above the first example, each on one line unless it is a list."""
    paragraphs = takewhile(lambda block: block.info is None and not block.text.endswith(":"), blocks)
    return "\n\n".join(
        block.text if block.text.startswith("- ") else " ".join(block.text.split("\n")) for block in paragraphs
    )


def _examples(blocks: list[_PagePart]) -> Iterator[Example]:
    title, path = "", ""
    example: Example | None = None
    for block in blocks:
        if block.info is None and (match := _PATH.fullmatch(block.text)):
            path = match[1]
        elif block.info is None:
            if example is not None:
                yield example
            title, path, example = block.text.removesuffix(":"), "", None
        elif not title:
            raise ValueError(f"an example without a title: {block.text!r}")
        elif not path:
            example = _example_of_snippet(title, block)
        else:
            earlier = () if example is None else example.files
            example = Example(title, (*earlier, (path, block.text)), _mode(block))
    if example is not None:
        yield example


def _example_of_snippet(title: str, block: _PagePart) -> Example:
    """Return an example from a module, or from the body of `run` below the imports of its module."""
    mode = _mode(block)
    lines = block.text.splitlines()
    if any(line.startswith("class ") for line in lines):
        return Example(title, ((ENTRY, block.text),), mode, snippet=block.text)
    imports = list(takewhile(lambda line: line.startswith(("import ", "from ")), lines))
    example = in_run(title, "\n".join(lines[len(imports) :]), imports="\n".join(imports), mode=mode)
    return Example(title, example.files, mode, snippet=block.text)


def _mode(block: _PagePart) -> DependencyMode:
    legacy = block.info is not None and f"mode={DependencyMode.LEGACY.value}" in block.info.split()
    return DependencyMode.LEGACY if legacy else DependencyMode.IMPLICIT
