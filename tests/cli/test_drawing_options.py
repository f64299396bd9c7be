"""The drawing options, and the formats that support them."""

from __future__ import annotations

from typing import get_args

import pytest

from stepgraph.cli import output_options
from stepgraph.cli.formats import FORMATS
from stepgraph.render.flow import dot
from stepgraph.render.folding import FoldedKind
from stepgraph.render.svg import drawing
from stepgraph.render.view import Expansion, Theme
from tests.cli.conftest import Command, Run
from tests.cli.graphs import response, save, sleep
from tests.render.graphs import call, do, function, graph
from tests.text_formats import TEXT_DRAWINGS

LOOP = {"type": "loop", "nodes": [sleep("a"), {"type": "if", "branches": [{"condition": "x", "nodes": [sleep("b")]}]}]}

KINDS = "Available: loop, parallel, try, if, switch, block, function, step."


@pytest.fixture(autouse=True)
def orders(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    save("orders.json", response("Orders", LOOP))


def test_option_values_match_the_renderers() -> None:
    assert get_args(FoldedKind) == output_options.FOLDABLE
    assert get_args(Expansion) == output_options.EXPANSIONS
    assert get_args(Theme) == output_options.THEMES


def test_depth_folds_deeper_nodes(stepgraph: Command) -> None:
    assert stepgraph("render", "orders.json", "--depth", "1").out == "Orders  2 steps\n└─ ↻ loop  (a, b · 2 steps)\n"


def test_kinds_are_folded_at_any_depth(stepgraph: Command) -> None:
    assert stepgraph("render", "orders.json", "--fold", " if, loop ,").out == (
        "Orders  2 steps\n└─ ↻ loop  (a, b · 2 steps)\n"
    )
    assert stepgraph("render", "orders.json", "--fold", "if").out.endswith("└─ ◇ if x …  (b · 1 step)\n")


def supporting(option: str) -> str:
    """Return the names of the formats that support an option."""
    return ", ".join(name for name, form in FORMATS.items() if option in form.options)


# Folded parts of a page can be opened, so it still has them.
@pytest.mark.parametrize("form", sorted(TEXT_DRAWINGS.keys() - {"html"}))
def test_all_drawings_can_be_folded(stepgraph: Command, form: str) -> None:
    whole = stepgraph("render", "orders.json", "-f", form)
    folded = stepgraph("render", "orders.json", "-f", form, "--fold", "loop")
    assert (whole.code, folded.code) == (0, 0)
    advice = (
        "each drawing supports --fold: add _FOLDING to the format in cli/formats.py, "
        "and draw folded nodes with `folded_node_text` of render/folding.py"
    )
    assert "2 steps" in folded.out, advice
    assert len(folded.out) < len(whole.out), advice


def test_folded_parts_of_a_page_can_be_opened(stepgraph: Command) -> None:
    page = stepgraph("render", "orders.json", "-f", "html", "--fold", "loop")
    assert page.code == 0
    assert '"folded": ["orders--node.loop"]' in page.out.replace('"folded":[', '"folded": [')


def test_legend_adds_a_legend(stepgraph: Command) -> None:
    assert "Legend" not in stepgraph("render", "orders.json", "-f", "svg").out
    assert "Legend" in stepgraph("render", "orders.json", "-f", "svg", "--legend").out


def test_an_svg_has_themes(stepgraph: Command) -> None:
    plain = stepgraph("render", "orders.json", "-f", "svg").out
    assert stepgraph("render", "orders.json", "-f", "svg", "--theme", "auto", "--expand", "first").out == plain
    others = (stepgraph("render", "orders.json", "-f", "svg", "--theme", theme).out for theme in ("light", "dark"))
    assert len({plain, *others}) == 3


@pytest.mark.parametrize("name", ["dot", "mermaid"])
def test_functions_of_a_chart_can_be_drawn_apart(stepgraph: Command, name: str) -> None:
    save("calls.json", graph(call("f"), functions={"f": function("f", do("a"))}))
    drawn = stepgraph("render", "calls.json", "-f", name, "--expand", "none").out
    assert "drawn separately" in drawn.replace("<br/>", " ")


def test_an_svg_can_be_laid_out_by_graphviz(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dot, "svg_of", lambda source: f"<svg of {source}")
    drawn = stepgraph("render", "orders.json", "-f", "svg", "--engine", "dot", "--depth", "1").out
    assert drawn == f"<svg of {stepgraph('render', 'orders.json', '-f', 'dot', '--depth', '1').out}"


def test_missing_graphviz_is_an_error(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dot, "_candidate_paths", lambda: iter(()))
    assert stepgraph("render", "orders.json", "-f", "svg", "--engine", "dot") == Run(
        2,
        "",
        ["stepgraph: Graphviz was not found. Install it, or run `pip install graphviz-pure==0.2.2`."],
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--depth", "0"], "invalid value `0` for `--depth`: expected a whole number of at least 1."),
        (
            ["--fold", "loop,fi"],
            f"invalid value for `--fold`: unknown kind `fi`. {KINDS}",
        ),
        (["--fold", "if,loops"], "invalid value for `--fold`: unknown kind `loops`. Did you mean `loop`?"),
        (
            ["--fold", ","],
            f"invalid value for `--fold`: missing kind. {KINDS}",
        ),
        (["--theme", "dark"], f"--theme does not apply to the format text, only to {supporting('--theme')}."),
        (["--legend"], f"--legend does not apply to the format text, only to {supporting('--legend')}."),
        (
            ["--expand", "all"],
            f"--expand does not apply to the format text, only to {supporting('--expand')}.",
        ),
        (
            ["--engine", "dot", "-f", "dot"],
            f"--engine does not apply to the format dot, only to {supporting('--engine')}.",
        ),
        (["--engine", "dot", "-f", "svg", "--legend"], "--legend does not apply to the engine dot."),
    ],
)
def test_unsupported_options_are_refused(stepgraph: Command, arguments: list[str], text: str) -> None:
    assert stepgraph("render", "orders.json", *arguments) == Run(
        2, "", [f"stepgraph: {text} Try `stepgraph render --help`."]
    )


def test_json_cannot_be_folded(stepgraph: Command) -> None:
    (stderr,) = stepgraph("graph", "-f", "json", "--depth", "2").messages
    assert stderr.startswith(f"stepgraph: --depth does not apply to the format json, only to {supporting('--depth')}.")


def test_a_large_picture_has_a_warning(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MAX_WIDTH", 1)
    run = stepgraph("render", "orders.json", "-f", "svg")
    (stderr,) = run.messages
    assert run.code == 0
    assert run.out.startswith("<svg")
    assert stderr.startswith("Orders: the picture is ")
    assert stepgraph("render", "orders.json", "-f", "svg", "--quiet").messages == []


def test_suffixes_of_formats_are_unique() -> None:
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)


def test_mermaid_of_one_workflow_is_a_diagram(stepgraph: Command) -> None:
    out = stepgraph("render", "orders.json", "-f", "mermaid").out
    assert "```" not in out
    assert "flowchart" in out


def test_mermaid_of_several_workflows_is_markdown(stepgraph: Command) -> None:
    save("both.json", [response("Bee"), response("Ant")])
    lines = stepgraph("render", "both.json", "-f", "mermaid").out.splitlines()
    assert [line for line in lines if line.startswith(("#", "```"))] == [
        "## Bee",
        "```mermaid",
        "```",
        "## Ant",
        "```mermaid",
        "```",
    ]
