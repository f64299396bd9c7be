"""Tables of the reference and the architecture match the code."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from docs.generate.files import ROOT
from stepgraph.cli.errors import ExitCode
from stepgraph.cli.formats import FORMATS, REPORT_FORMATS
from stepgraph.model.walk import NODE_TYPES, STEP_TYPES
from stepgraph.render.outline import (
    BLOCK_MARK,
    EXIT_MARKS,
    FUNCTION_MARK,
    IF_MARK,
    LOOP_MARK,
    PARALLEL_MARK,
    REPEATED_MARK,
    SWITCH_MARK,
    TRY_MARK,
    step_mark,
)
from stepgraph.testing.workflow_graph import StepKind

CHECK = (ROOT / "docs/reference/check.md").read_text(encoding="utf-8")
DIAGRAMS = (ROOT / "docs/reference/diagrams.md").read_text(encoding="utf-8")
API = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")


def test_each_exit_code_is_documented() -> None:
    codes = [int(code) for code in re.findall(r"^\| (\d) \|", CHECK, re.MULTILINE)]
    assert codes == [code for code in ExitCode if code is not ExitCode.INTERRUPTED]


@pytest.mark.parametrize(("page", "names"), [(CHECK, list(REPORT_FORMATS)), (DIAGRAMS, list(FORMATS))])
def test_each_format_is_documented(page: str, names: list[str]) -> None:
    table = page.split("## Formats")[1].split("\n\n")[1]
    assert sorted(re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE)) == sorted(names)


def test_each_suffix_of_a_format_is_documented() -> None:
    for page, forms in ((CHECK, REPORT_FORMATS), (DIAGRAMS, FORMATS)):
        for name, form in forms.items():
            (row,) = re.findall(rf"^\| `{name}` \|.*$", page.split("## Formats")[1], re.MULTILINE)
            assert f"`{form.suffix}`" in row or name in {"text", "github"}


@pytest.mark.parametrize("path", re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", ARCHITECTURE))
def test_paths_in_the_architecture_exist(path: str) -> None:
    assert (ROOT / "src/stepgraph" / path).exists() or (ROOT / path).exists()


@pytest.mark.parametrize("path", re.findall(r"(?:tests|benchmarks|fixtures|docs)/[\w/.]*\w", CONTRIBUTING))
def test_paths_for_contributors_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_each_node_type_is_documented() -> None:
    page = (ROOT / "docs/explanation/semantics.md").read_text(encoding="utf-8")
    types = re.findall(r"`(\w+)`", page.split("consists of")[1].split("nodes.")[0])
    # Functions are not nodes of `run`, and the graphs of stepgraph have no `start`.
    assert sorted({*types, "function_def", "start"}) == sorted(NODE_TYPES)


def test_each_kind_of_step_settings_is_documented() -> None:
    (row,) = re.findall(r"^\| `kind` \| `StepKind` \|.*$", API, re.MULTILINE)
    assert [kind for kind in get_args(StepKind) if f"`{kind}`" not in row] == []


def test_each_symbol_of_the_outline_is_documented() -> None:
    page = (ROOT / "docs/how-to/reading-diagrams.md").read_text(encoding="utf-8")
    table = page.split("| symbol |")[1].split("\n\n")[0]
    marks = {
        *map(step_mark, STEP_TYPES),
        *EXIT_MARKS.values(),
        REPEATED_MARK,
        BLOCK_MARK,
        FUNCTION_MARK,
        IF_MARK,
        LOOP_MARK,
    }
    assert {mark for mark in {*marks, PARALLEL_MARK, SWITCH_MARK, TRY_MARK} if f"`{mark}`" not in table} == set()
