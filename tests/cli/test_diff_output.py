"""The output of `stepgraph diff`: formats, themes, and escaping."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.repositories import git, needs_git
from tests.cli.sources import write_steps, write_unresolved
from tests.text_formats import TEXT_DIFFS

pytestmark = needs_git


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_an_incomplete_graph_makes_the_diff_incomplete(stepgraph: Command) -> None:
    write_unresolved()
    run = stepgraph("diff", "HEAD")
    assert run.out.startswith("no structural changes in 1 workflow. 1 graph is incomplete. ")
    assert [line.partition(":")[0] for line in run.messages] == [
        "orders.py",
        "the diff of `Orders` may be incomplete, for the reasons above.",
    ]
    assert stepgraph("diff", "HEAD", "-q").messages == []


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_new_version_without_graph_removes_steps(stepgraph: Command) -> None:
    write_steps()
    assert stepgraph("diff", "HEAD").out.splitlines()[1] == "  - sleep 'rest' removed"


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_workflow_selects_one_workflow(stepgraph: Command) -> None:
    write_steps("nap", path="other.py", name="Other")
    assert stepgraph("diff", "HEAD", "--workflow", "Orders").out.startswith("no structural changes in 1 workflow")
    assert stepgraph("diff", "HEAD", "--workflow", "Order").messages == [
        "stepgraph: no workflow named `Order`. Did you mean `Orders`, `Other`?"
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_the_suffix_selects_the_format(stepgraph: Command) -> None:
    write_steps("rest", "and rest")
    stderr = "1 change in 1 workflow (1 safe)."
    assert stepgraph("diff", "HEAD", "-o", "diff.md") == Run(0, "", [f"wrote diff.md: {stderr}"])
    assert Path("diff.md").read_text(encoding="utf-8").startswith(f"## ✅ Workflows: {stderr}\n")
    assert stepgraph("diff", "HEAD", "-o", "diff.json", "-q") == Run(0, "", [])
    assert json.loads(Path("diff.json").read_bytes())["summary"]["text"] == stderr
    assert stepgraph("diff", "HEAD", "-o", "diff.svg", "-q") == Run(0, "", [])
    assert Path("diff.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_theme_selects_the_colors(stepgraph: Command) -> None:
    write_steps("rest", "and rest")
    dark = "@media screen and (prefers-color-scheme:dark)"
    assert dark in stepgraph("diff", "HEAD", "-f", "svg").out
    light, dark_only = (stepgraph("diff", "HEAD", "-f", "svg", "--theme", theme).out for theme in ("light", "dark"))
    assert dark not in light + dark_only
    assert light != dark_only


@pytest.mark.usefixtures("repository")
def test_theme_is_refused_for_other_formats(stepgraph: Command) -> None:
    assert stepgraph("diff", "HEAD", "--theme", "dark") == Run(
        2,
        "",
        ["stepgraph: --theme does not apply to the format text, only to svg, html, png. Try `stepgraph diff --help`."],
    )


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_page_shows_the_source_locations_of_both_versions(stepgraph: Command) -> None:
    write_steps("rest", "and rest")
    assert stepgraph("diff", "HEAD", "-o", "changes.html").messages == [
        "wrote changes.html: 1 change in 1 workflow (1 safe)."
    ]
    page = Path("changes.html").read_text(encoding="utf-8")
    assert '"place":"HEAD:orders.py:' in page
    assert '"place":"orders.py:' in page


@pytest.mark.usefixtures("repository")
def test_full_is_refused_for_other_formats(stepgraph: Command) -> None:
    message = "--full does not apply to the format text, only to markdown, svg, html, png."
    assert stepgraph("diff", "HEAD", "--full") == Run(2, "", [f"stepgraph: {message} Try `stepgraph diff --help`."])


@pytest.mark.usefixtures("repository")
def test_a_source_is_not_overwritten(stepgraph: Command) -> None:
    assert stepgraph("diff", "HEAD", "-o", "orders.py").messages == [
        "stepgraph: orders.py is a source file, so it is not overwritten. Name another file."
    ]


@pytest.mark.slow
@pytest.mark.parametrize("form", TEXT_DIFFS)
def test_output_is_deterministic(
    stepgraph: Command, repository: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    write_steps("renamed", "and rest")
    first = stepgraph("diff", "-f", form)
    clone = f"{repository}-elsewhere"
    git("clone", "--quiet", str(repository), clone)
    monkeypatch.chdir(clone)
    git("remote", "remove", "origin")
    write_steps("renamed", "and rest")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert stepgraph("diff", "-f", form) == first


@pytest.mark.usefixtures("repository")
def test_control_characters_in_names_are_escaped(stepgraph: Command) -> None:
    write_steps("rest", "\\x1b[2J\\u202egone")
    run = stepgraph("diff", "HEAD")
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out
