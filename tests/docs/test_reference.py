"""Tables of the reference and the architecture match the code."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from docs.generate.files import ROOT
from stepgraph.cli.console import ExitCode
from stepgraph.cli.formats import DIFF_FORMATS, DRAWINGS, FORMATS, REPORT_FORMATS
from stepgraph.diff.step_types import TRAITS, WAITS
from stepgraph.execution.engine_rules import Effect
from stepgraph.model.walk import NODE_TYPES, STEP_TYPES
from stepgraph.render.outline_rows import (
    BLOCK_MARK,
    EXIT_MARKS,
    FUNCTION_MARK,
    IF_MARK,
    LOOP_MARK,
    PARALLEL_MARK,
    REPEATED_MARK,
    SWITCH_MARK,
    TRY_MARK,
)
from stepgraph.render.step_types import step_style
from stepgraph.testing.workflow_graph import StepKind
from tests.model.payloads import NEVER_EMITTED

CHECK = (ROOT / "docs/reference/check.md").read_text(encoding="utf-8")
API = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")


def test_each_exit_code_is_documented() -> None:
    codes = [int(code) for code in re.findall(r"^\| (\d) \|", CHECK, re.MULTILINE)]
    assert codes == [code for code in ExitCode if code is not ExitCode.INTERRUPTED]


@pytest.mark.parametrize(("page", "names"), [("check.md", list(REPORT_FORMATS)), ("diagrams.md", list(FORMATS))])
def test_each_format_is_documented(page: str, names: list[str]) -> None:
    text = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    table = text.split("## Formats")[1].split("\n\n")[1]
    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(rows) == sorted(names), f"the table of formats in docs/reference/{page} differs from the registry"


@pytest.mark.parametrize(
    ("page", "suffixes"),
    [
        ("check.md", {name: form.suffix for name, form in REPORT_FORMATS.items() if name not in {"text", "github"}}),
        ("diagrams.md", {name: form.suffix for name, form in FORMATS.items()}),
    ],
)
def test_each_suffix_of_a_format_is_documented(page: str, suffixes: dict[str, str]) -> None:
    rows = (ROOT / "docs/reference" / page).read_text(encoding="utf-8").split("## Formats")[1].splitlines()
    missing = {
        name: suffix
        for name, suffix in suffixes.items()
        if not any(row.startswith(f"| `{name}` |") and f"`{suffix}`" in row for row in rows)
    }
    assert missing == {}, f"the table of formats in docs/reference/{page} lacks these extensions"


def paragraph(page: str, start: str) -> str:
    """Return the paragraph of a page that begins with a string."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return text[text.index(f"\n{start}") + 1 :].split("\n\n")[0]


def test_the_readme_names_each_format_of_a_graph() -> None:
    words = {"text": "outline", "svg": "picture", "html": "page"}
    text = paragraph("README.md", "**See.**").lower()
    missing = [name for name in FORMATS if words.get(name, name) not in text]
    assert missing == [], "README.md does not name these formats in the paragraph 'See'"


def test_the_index_names_each_suffix_of_a_drawing() -> None:
    text = paragraph("docs/index.md", "The extension selects the format")
    missing = [form.suffix for name, form in DRAWINGS.items() if name != "text" and f"`{form.suffix}`" not in text]
    assert missing == [], "docs/index.md does not name these extensions in 'The extension selects the format'"


def test_the_page_on_reviews_names_each_format_of_a_diff() -> None:
    words = {"text": "list of changes", "svg": "picture"}
    text = (ROOT / "docs/how-to/reviews.md").read_text(encoding="utf-8").lower()
    missing = [name for name in DIFF_FORMATS if words.get(name, name) not in text]
    assert missing == [], "docs/how-to/reviews.md does not name these formats"


@pytest.mark.parametrize("option", ["--expand", "--theme", "--legend", "--engine"])
def test_the_formats_of_each_drawing_option_are_documented(option: str) -> None:
    text = paragraph("docs/reference/diagrams.md", "`--depth N`")
    assert f"`{option}`" in text
    missing = [name for name, form in FORMATS.items() if option in form.options and f"`{name}`" not in text]
    assert missing == [], f"docs/reference/diagrams.md does not name these formats beside {option}"


def test_paths_in_the_architecture_exist() -> None:
    paths = set(re.findall(r"`((?:[a-z0-9_]+/)+(?:[a-z0-9_]+\.py)?)`", ARCHITECTURE))
    assert len(paths) > 100
    assert [path for path in paths if not ((ROOT / "src/stepgraph" / path).exists() or (ROOT / path).exists())] == []


def test_paths_for_contributors_exist() -> None:
    paths = set(re.findall(r"(?:tests|benchmarks|fixtures|docs)/[\w/.]*\w", CONTRIBUTING))
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_each_node_type_is_documented() -> None:
    page = (ROOT / "docs/explanation/semantics.md").read_text(encoding="utf-8")
    types = re.findall(r"`(\w+)`", page.split("have the types")[1].split(". ")[0])
    # Functions are not nodes of `run`.
    emitted = set(NODE_TYPES) - NEVER_EMITTED - {"function_def"}
    assert sorted(types) == sorted(emitted), (
        "docs/explanation/semantics.md should list the node types that the analysis emits after 'have the types'; "
        "add a type that it never emits to NEVER_EMITTED in tests/model/payloads.py"
    )


def test_the_page_on_reviews_names_each_wait() -> None:
    text = (ROOT / "docs/how-to/reviews.md").read_text(encoding="utf-8")
    named = re.findall(r"\bat ([a-z ]+?)(?=,| and|$)", text.split("instances wait only ")[1].split(".")[0])
    waits = {TRAITS[step_type].plural for step_type in WAITS}
    assert sorted(named) == sorted(waits), "docs/how-to/reviews.md should list these in 'instances wait only'"


def test_the_page_on_reviews_names_each_breaking_setting() -> None:
    text = (ROOT / "docs/how-to/reviews.md").read_text(encoding="utf-8")
    row = text.split("| `breaking` |")[1].split("\n")[0]
    settings = [setting for step_type in WAITS for setting in TRAITS[step_type].settings]
    breaking = {setting.noun for setting in settings if setting.impact.effect is Effect.BREAKING}
    missing = sorted(noun for noun in breaking if f"the old {noun}" not in row)
    assert missing == [], (
        "the row `breaking` of docs/how-to/reviews.md should name these settings, as in 'wait for the old event type'"
    )


def test_each_kind_of_step_settings_is_documented() -> None:
    (row,) = re.findall(r"^\| `kind` \| `StepKind` \|.*$", API, re.MULTILINE)
    missing = [kind for kind in get_args(StepKind) if f"`{kind}`" not in row]
    assert missing == [], "name these kinds in the docstring of `StepSettings.kind`, then run `python -m docs.generate`"


ICONS = {
    "step_do": "a bolt",
    "step_sleep": "a clock",
    "step_sleep_until": "a calendar",
    "step_wait_for_event": "an envelope",
}


def test_icons_has_each_step_type() -> None:
    assert set(ICONS) == set(STEP_TYPES), "describe the icon of each step type in ICONS of tests/docs/test_reference.py"


def test_each_icon_of_a_step_is_documented() -> None:
    text = paragraph("docs/how-to/reading-diagrams.md", "- **Steps** are boxes with an icon").split("\n- ")[0]
    missing = [icon for icon in ICONS.values() if icon not in " ".join(text.split())]
    assert missing == [], "docs/how-to/reading-diagrams.md should name these icons in 'Steps are boxes with an icon'"


def test_each_symbol_of_the_outline_is_documented() -> None:
    page = (ROOT / "docs/how-to/reading-diagrams.md").read_text(encoding="utf-8")
    table = page.split("| symbol |")[1].split("\n\n")[0]
    marks = {
        *(step_style(step_type).mark for step_type in STEP_TYPES),
        *EXIT_MARKS.values(),
        REPEATED_MARK,
        BLOCK_MARK,
        FUNCTION_MARK,
        IF_MARK,
        LOOP_MARK,
    }
    missing = {mark for mark in {*marks, PARALLEL_MARK, SWITCH_MARK, TRY_MARK} if f"`{mark}`" not in table}
    assert missing == set(), "add these symbols to the table in docs/how-to/reading-diagrams.md"
