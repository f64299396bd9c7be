"""Names in the package: those of classes, and those that docstrings and comments mention."""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from tokenize import COMMENT, DEDENT, ENCODING, INDENT, NAME, NEWLINE, NL, STRING, generate_tokens
from typing import Final

import pytest

from docs.generate.files import ROOT

PACKAGE: Final = ROOT / "src/stepgraph"
# Not the workflow classes in examples.
CLASS: Final = re.compile(r"^ *class (\w+)\b(?!\(WorkflowEntrypoint)", re.MULTILINE)
QUOTED: Final = re.compile(r"`([A-Za-z_][\w.]*)(?:\(\))?`")
# Constants and classes of several words. Single words also occur as names in examples, as keys, and in Python.
CHECKED: Final = re.compile(r"_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|_?(?:[A-Z][a-z0-9]+){2,}")
BEFORE_A_STATEMENT: Final = (NEWLINE, INDENT, DEDENT, ENCODING)


def tokens_of(source: str) -> Iterator[tuple[bool, str]]:
    """Yield names, strings and comments, each after a flag that is True for docstrings and comments."""
    previous = NEWLINE
    for token in generate_tokens(StringIO(source).readline):
        if token.type == NL:
            continue
        if token.type == COMMENT:
            yield True, token.string
            continue
        if token.type == STRING:
            yield previous in BEFORE_A_STATEMENT, token.string
        elif token.type == NAME:
            yield False, token.string
        previous = token.type


def quoted_names(prose: str) -> set[str]:
    """Return the names of classes and constants in backticks, including parts of dotted names."""
    parts = (part for quoted in QUOTED.findall(prose) for part in quoted.split("."))
    return {part for part in parts if CHECKED.fullmatch(part)}


def missing_names(sources: list[str]) -> list[str]:
    """Return the names in docstrings and comments that neither the code nor Python's builtins contain."""
    quoted: set[str] = set()
    names = set(dir(builtins))
    for source in sources:
        for is_prose, text in tokens_of(source):
            if is_prose:
                quoted |= quoted_names(text)
            else:
                names.update(re.findall(r"\w+", text))
    return sorted(quoted - names)


@pytest.mark.slow
def test_docstrings_name_classes_and_constants_that_exist() -> None:
    assert missing_names([path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]) == []


def test_a_name_that_no_code_contains_is_missing() -> None:
    source = '"""Use `MOST_ITEMS` or `Tried.OldName`."""\nLIMIT = 1  # as `MAX_ITEMS`\nMAX_ITEMS = "NewName"\n'
    assert missing_names([source]) == ["MOST_ITEMS", "OldName"]


@pytest.mark.slow
def test_class_names_are_unique() -> None:
    names = [name for path in PACKAGE.rglob("*.py") for name in CLASS.findall(path.read_text(encoding="utf-8"))]
    assert sorted(name for name, count in Counter(names).items() if count > 1) == []
