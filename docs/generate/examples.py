"""Run the examples on handwritten pages in an empty directory, and update the output that the pages show.

A comment before a block determines its meaning:

    file: PATH       the content of a file; `change: PATH` is a diff that is applied to it
    run: COMMAND     the output of a command; `shows: COMMAND` is a part of the output
    here: COMMAND    the output of a command in the root of this repository
    check: MODE      the body of `run` in a dependency mode, with the codes of its findings at the ends of lines
    not run: REASON  not an example

Commands must succeed, except that stepgraph and pytest may report findings, and that a comment can state the exit code:
`run, ends in 3: COMMAND`. Blocks of `sh` without a comment are run line by line. Comments without a block prepare the
directory: `before: COMMAND`, and `copy: FROM TO` from this repository. Any other block or comment is an error, so that
every example is tested.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from docs.generate.api import PAGE as API
from docs.generate.commands import PAGE as COMMANDS
from docs.generate.files import ROOT
from docs.generate.gallery import PAGE as GALLERY
from docs.generate.marked_code import reject_unmarked_findings
from docs.generate.rules import INDEX as RULES
from docs.generate.sandbox import Sandbox
from docs.generate.schemas import PAGE as SCHEMAS
from stepgraph.project.configuration.compatibility import DependencyMode

_GENERATED: Final = {API, COMMANDS, GALLERY, RULES, SCHEMAS}
_GENERATED_FOLDERS: Final = ("docs/reference/rules/", "docs/skills/")

_EXAMPLE: Final = re.compile(
    r"^<!-- (?P<before>before|copy): (?P<done>[^\n]+) -->$"
    r"|^(?P<head>(?:<!-- (?P<what>[a-z ]+)(?:, ends in (?P<code>\d+))?: (?P<of>[^\n]+) -->\n)?"
    r"```(?P<language>[^`\n]*)\n)(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# A directive for Sphinx, which is not an example.
_SPHINX_DIRECTIVE: Final = "{toctree}"

# Anything that resembles an example.
_FENCE: Final = re.compile(r"[ >]*(?:`{3,}|~{3,})")
_COMMENT: Final = "<!--"

# Commands that exit with 1 if they report findings.
_REPORTING: Final = ("stepgraph", "pytest")


class ExampleBlock(NamedTuple):
    """A fenced block of a page, with the comment before it."""

    action: str
    """The first words of the comment, such as `run`, or an empty string without a comment."""
    argument: str
    """The path or command of the comment."""
    exit_code: int | None
    """The exit code that the comment states."""
    language: str
    text: str


def pages() -> list[str]:
    """Return the paths of the handwritten pages, relative to the root of the repository."""
    paths = (page.relative_to(ROOT).as_posix() for page in sorted((ROOT / "docs").rglob("*.md")))
    return [
        "README.md",
        *(page for page in paths if page not in _GENERATED and not page.startswith(_GENERATED_FOLDERS)),
    ]


def examples_files() -> dict[str, str]:
    """Return the pages with current output. Raises ValueError if an example fails."""
    return {page: run_examples(page, (ROOT / page).read_text(encoding="utf-8")) for page in pages()}


def blocks(page: str) -> Iterator[ExampleBlock]:
    """Yield the blocks of a page in order."""
    for match in _EXAMPLE.finditer(page):
        if match["before"] is None:
            yield _block(match)


def run_examples(name: str, page: str) -> str:
    """Run the examples of a page in order, and return the page with current output.

    Raises ValueError with the location on the page if a command fails, if its output lacks a part that the page shows,
    or if a block or comment is unknown.
    """
    _reject_unknown(name, page)
    with TemporaryDirectory() as scratch:
        runner = _ExampleRunner(Sandbox.create(Path(scratch)))

        def replace(match: re.Match[str]) -> str:
            try:
                return runner.replace(match)
            except ValueError as error:
                line = page.count("\n", 0, match.start()) + 1
                raise ValueError(f"{name}:{line}: {error}") from None

        return _EXAMPLE.sub(replace, page)


def _block(match: re.Match[str]) -> ExampleBlock:
    exit_code = None if match["code"] is None else int(match["code"])
    return ExampleBlock(match["what"] or "", match["of"] or "", exit_code, match["language"], match["text"])


def _reject_unknown(name: str, page: str) -> None:
    """Raise ValueError if the rest of a page resembles an example or a comment on one."""
    rest = _EXAMPLE.sub(lambda match: "\n" * match[0].count("\n"), page)
    for line, text in enumerate(rest.splitlines(), 1):
        if _FENCE.match(text) or _COMMENT in text:
            raise ValueError(f"{name}:{line}: `{text.strip()}` is not a known block or comment.")


@dataclass(frozen=True, slots=True)
class _ExampleRunner:
    """Runs the examples of a page in a sandbox."""

    sandbox: Sandbox

    def replace(self, match: re.Match[str]) -> str:
        """Run a matched part of a page, and return it with current output."""
        if match["before"] == "copy":
            self._copy(*match["done"].split())
            return match[0]
        if match["before"]:
            self._run_lines(match["done"])
            return match[0]
        return f"{match['head']}{self._replacement(_block(match))}```"

    def _replacement(self, block: ExampleBlock) -> str:
        """Run a block, and return its current text."""
        match block.action:
            case "file":
                self.sandbox.write(block.argument, block.text)
            case "change":
                self.sandbox.write(block.argument, _apply_change(self.sandbox.read(block.argument), block.text))
            case "run":
                return self._output(block)
            case "here":
                return self._output(block, ROOT)
            case "shows":
                output = self._output(block)
                if block.text not in output:
                    raise ValueError(f"{block.argument} does not print\n{block.text}but\n{output}")
            case "check":
                reject_unmarked_findings(block.text, DependencyMode(block.argument))
            case "not run":
                pass
            case "" if block.language == "sh":
                self._run_lines(block.text)
            case "" if block.language == _SPHINX_DIRECTIVE:
                pass
            case _:
                raise ValueError("this block has no comment that states how to run it.")
        return block.text

    def _output(self, block: ExampleBlock, folder: Path | None = None) -> str:
        """Return the output of the command of a block."""
        default = (0, 1) if block.argument.startswith(_REPORTING) else (0,)
        allowed_codes = default if block.exit_code is None else (block.exit_code,)
        return self.sandbox.run(block.argument, allowed_codes=allowed_codes, folder=folder)

    def _run_lines(self, text: str) -> None:
        for line in text.replace("\\\n", "").splitlines():
            # Other blocks show findings of `stepgraph`, but tests must pass.
            self.sandbox.run(line, allowed_codes=(0, 1) if line.startswith(_REPORTING[0]) else (0,))

    def _copy(self, source: str, target: str) -> None:
        path = self.sandbox.folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, path, dirs_exist_ok=True)
        else:
            shutil.copyfile(ROOT / source, path)


def _apply_change(text: str, diff: str) -> str:
    """Replace the removed lines of a diff with its added lines."""
    lines = diff.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    if text.count(old) != 1:
        raise ValueError(f"the removed lines do not occur exactly once:\n{old}")
    return text.replace(old, new)
