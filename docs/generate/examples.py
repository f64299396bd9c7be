"""The examples on pages that people write: each is done, in an empty folder, and what commands print is written anew.

A comment before a block says what it is:

    file: PATH       is written there; `change: PATH` is a diff of what is there
    run: COMMAND     what the command prints; `shows: COMMAND` is a part of that
    here: COMMAND    what it prints in the root of this repository
    not run: WHY     is not done

A command has to succeed, but for stepgraph and pytest, which may have something to say, and one that is said to end
in another code: `run, ends in 3: COMMAND`. Blocks of `sh` without a comment are done line by line. Comments without a
block do what a reader has done before: `before: COMMAND`, and `copy: FROM TO` from this repository. Any other block,
and any other comment, is an error, so that none is forgotten.
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
from docs.generate.reader import Reader
from docs.generate.rules import PAGE as RULES
from docs.generate.schemas import PAGE as SCHEMAS

_MADE: Final = {API, COMMANDS, GALLERY, RULES, SCHEMAS}

_EXAMPLE: Final = re.compile(
    r"^<!-- (?P<before>before|copy): (?P<done>[^\n]+) -->$"
    r"|^(?P<head>(?:<!-- (?P<what>[a-z ]+)(?:, ends in (?P<code>\d+))?: (?P<of>[^\n]+) -->\n)?"
    r"```(?P<language>[^`\n]*)\n)(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# What the documentation's generator reads, and readers do not see as an example.
_OF_THE_GENERATOR: Final = "{toctree}"

# Anything that may be meant as an example.
_FENCE: Final = re.compile(r"[ >]*(?:`{3,}|~{3,})")
_COMMENT: Final = "<!--"

# These end in 1 where they have something to say.
_TELLING: Final = ("stepgraph", "pytest")


class Block(NamedTuple):
    """A block of a page: what is said of it (`run`, of a command, in which code that ends), its language, its text."""

    what: str
    of: str
    code: int | None
    language: str
    text: str


def pages() -> list[str]:
    """Return the paths of the pages that people write, from the root of the repository."""
    found = (page.relative_to(ROOT).as_posix() for page in sorted((ROOT / "docs").rglob("*.md")))
    return ["README.md", *(page for page in found if page not in _MADE)]


def examples_files() -> dict[str, str]:
    """Return the pages with what commands print today. Raises ValueError where something is not as a page says."""
    return {page: followed(page, (ROOT / page).read_text(encoding="utf-8")) for page in pages()}


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page, in its order."""
    for found in _EXAMPLE.finditer(page):
        if found["before"] is None:
            yield _block(found)


def followed(name: str, page: str) -> str:
    """Return a page, after all of its examples were done one after another, with what commands print today.

    Raises ValueError, with the place on the page, where a command fails, something is not shown that the page says is,
    or a block or comment is none of those known.
    """
    _demand_known(name, page)
    with TemporaryDirectory() as scratch:
        follower = _Follower(Reader.at(Path(scratch)))

        def done(found: re.Match[str]) -> str:
            try:
                return follower.does(found)
            except ValueError as error:
                line = page.count("\n", 0, found.start()) + 1
                raise ValueError(f"{name}:{line}: {error}") from None

        return _EXAMPLE.sub(done, page)


def _block(found: re.Match[str]) -> Block:
    code = None if found["code"] is None else int(found["code"])
    return Block(found["what"] or "", found["of"] or "", code, found["language"], found["text"])


def _demand_known(name: str, page: str) -> None:
    """Raise ValueError where something looks like an example, or like a comment on one, and is not read as such."""
    rest = _EXAMPLE.sub(lambda found: "\n" * found[0].count("\n"), page)
    for line, text in enumerate(rest.splitlines(), 1):
        if _FENCE.match(text) or _COMMENT in text:
            raise ValueError(f"{name}:{line}: `{text.strip()}` is no block or comment of the known kinds.")


@dataclass(frozen=True, slots=True)
class _Follower:
    """Does what a page says, in the folder of its reader."""

    reader: Reader

    def does(self, found: re.Match[str]) -> str:
        """Do what a part of a page says, and return that part with what is printed today."""
        if found["before"] == "copy":
            self._copy(*found["done"].split())
            return found[0]
        if found["before"]:
            self._run_lines(found["done"])
            return found[0]
        return f"{found['head']}{self._text(_block(found))}```"

    def _text(self, block: Block) -> str:
        """Do what a block says, and return its text of today."""
        match block.what:
            case "file":
                self.reader.writes(block.of, block.text)
            case "change":
                self.reader.writes(block.of, _changed(self.reader.reads(block.of), block.text))
            case "run":
                return self._told(block)
            case "here":
                return self._told(block, ROOT)
            case "shows":
                said = self._told(block)
                if block.text not in said:
                    raise ValueError(f"{block.of} does not show\n{block.text}but\n{said}")
            case "not run":
                pass
            case "" if block.language == "sh":
                self._run_lines(block.text)
            case "" if block.language == _OF_THE_GENERATOR:
                pass
            case _:
                raise ValueError("this block is neither done nor said not to be.")
        return block.text

    def _told(self, block: Block, folder: Path | None = None) -> str:
        """Return what the command of a block prints."""
        usual = (0, 1) if block.of.startswith(_TELLING) else (0,)
        return self.reader.runs(block.of, fine=usual if block.code is None else (block.code,), folder=folder)

    def _run_lines(self, text: str) -> None:
        for line in text.replace("\\\n", "").splitlines():
            # Tests that are to be run pass; what the command finds is shown by other blocks.
            self.reader.runs(line, fine=(0, 1) if line.startswith(_TELLING[0]) else (0,))

    def _copy(self, source: str, target: str) -> None:
        path = self.reader.folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, path, dirs_exist_ok=True)
        else:
            shutil.copyfile(ROOT / source, path)


def _changed(text: str, diff: str) -> str:
    """Return a text with lines put in the place of others: those marked with a minus, and a plus."""
    lines = diff.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    if text.count(old) != 1:
        raise ValueError(f"there is no one place for\n{old}")
    return text.replace(old, new)
