"""`stepgraph graph --findings`, and the drawings of the library, which equal those of the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stepgraph import WorkflowAnalysis, analyze_source, check_analysis
from tests.cli.conftest import Command
from tests.cli.sources import module, write

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for item in event["payload"]["items"]:
            await step.sleep("cool down", "5 min")
        await unknown(step)
"""
FINDING = "warning SG205: unknown unit min: the engine reads &#39;5 min&#39; as 5 milliseconds."


@pytest.fixture(autouse=True)
def orders(stepgraph: Command) -> WorkflowAnalysis:  # noqa: ARG001 - it changes into the folder
    write("orders.py", SOURCE)
    return analyze_source(SOURCE, "orders.py").workflows[0]


def badges(drawing: str) -> list[str]:
    """Return the titles of the badges at figures."""
    return re.findall(
        r'<g class="finding [a-z -]+"><title>([^<]*)</title\s*>\s*<g transform="translate\([0-9]+ -8\)"\s*>', drawing
    )


@pytest.mark.parametrize("form", ["svg", "html"])
def test_findings_are_badges_at_their_steps(stepgraph: Command, form: str) -> None:
    drawing = stepgraph("graph", "-f", form, "--findings").out
    assert [title for title in badges(drawing) if title.startswith(FINDING)]


def test_findings_are_signs_in_an_outline(stepgraph: Command) -> None:
    lines = stepgraph("graph", "--findings").out.splitlines()
    assert lines[3] == "   └─ ◔ cool down  sleep 5 min  ! SG205"
    assert stepgraph("graph").out.splitlines()[3] == "   └─ ◔ cool down  sleep 5 min"


def test_findings_are_on_by_default_only_in_pages(stepgraph: Command) -> None:
    assert "SG205" in stepgraph("graph", "-f", "html").out
    assert "SG205" not in stepgraph("graph", "-f", "html", "--no-findings").out
    assert "SG205" not in stepgraph("graph", "-f", "svg").out


def test_a_page_without_findings_still_lists_notes(stepgraph: Command) -> None:
    page = stepgraph("graph", "-f", "html", "--no-findings").out
    assert "<summary>Notes " in page
    assert "the step object is passed to unknown" in page


@pytest.mark.slow
def test_a_png_shows_findings(stepgraph: Command) -> None:
    pytest.importorskip("resvg_py")
    for name, option in (("plain.png", "--no-findings"), ("checked.png", "--findings")):
        assert stepgraph("graph", "-o", name, option).code == 0
    assert Path("plain.png").read_bytes() != Path("checked.png").read_bytes()


@pytest.mark.parametrize(
    "settings",
    [
        '[tool.stepgraph]\nignore = ["SG205"]\n',
        '[tool.stepgraph]\nseverity = { SG205 = "off" }\n',
        '[tool.stepgraph.per-file-ignores]\n"orders.py" = ["SG205"]\n',
    ],
)
def test_the_settings_of_the_project_apply(stepgraph: Command, settings: str) -> None:
    write("pyproject.toml", settings)
    assert "SG205" not in stepgraph("graph", "-f", "html").out


def test_the_severities_of_the_project_apply(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph.severity]\nSG205 = "error"\n')
    assert "error SG205" in stepgraph("graph", "-f", "svg", "--findings").out


def test_suppressed_findings_are_not_shown(stepgraph: Command) -> None:
    write("orders.py", SOURCE.replace('"5 min")', '"5 min")  # stepgraph: ignore[SG205]'))
    assert ">SG205</a>" not in stepgraph("graph", "-f", "html").out


def test_findings_in_the_baseline_are_not_shown(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nbaseline = "base.json"\n')
    assert stepgraph("check", "--update-baseline").code == 0
    assert len(json.loads(Path("base.json").read_text(encoding="utf-8"))["findings"]) == 2
    page = stepgraph("graph", "-f", "html").out
    assert "SG205" not in page
    assert "the step object is passed to unknown" in page, "the graph is incomplete, even if this is accepted"


def test_a_missing_baseline_is_an_error(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nbaseline = "base.json"\n')
    assert stepgraph("graph", "-f", "html").code == 2
    assert stepgraph("graph", "-f", "html", "--no-findings").code == 0


def test_a_drawing_of_new_findings_requires_no_baseline(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nfail-on = "new"\n')
    assert stepgraph("graph", "-f", "html").code == 0


def test_findings_of_configurations_are_in_the_first_list(stepgraph: Command) -> None:
    write("wrangler.toml", 'main = "orders.py"\n[[workflows]]\nname = "a b"\nbinding = "A"\nclass_name = "Orders"\n')
    page = stepgraph("graph", "-f", "html").out
    assert page.count(">SG113</a>") == 1


def test_formats_without_badges_refuse_the_option(stepgraph: Command) -> None:
    (message,) = stepgraph("graph", "-f", "dot", "--findings").messages
    assert message.startswith("stepgraph: --findings does not apply to the format dot, only to text, svg, png, html.")


def test_the_engine_dot_refuses_the_option(stepgraph: Command) -> None:
    run = stepgraph("graph", "-f", "svg", "--engine", "dot", "--findings")
    assert run.messages == ["stepgraph: --findings does not apply to the engine dot. Try `stepgraph graph --help`."]


def test_a_cached_graph_has_the_badges_of_a_new_one(stepgraph: Command) -> None:
    write("orders.py", SOURCE.replace("        await unknown", "            await unknown"))
    first, second = (stepgraph("graph", "-f", "svg").out for _ in range(2))
    assert first == second == stepgraph("graph", "-f", "svg", "--no-cache").out
    assert [title.partition(":")[0] for title in badges(first)] == ["incomplete SG004"]


def test_each_workflow_has_its_own_findings(stepgraph: Command) -> None:
    write("orders.py", module(*(SOURCE.split("\n", 1)[1].replace("Orders", name) for name in ("Ant", "Bee"))))
    assert stepgraph("graph", "-o", "pages/", "-f", "html").code == 0
    assert [page.read_text(encoding="utf-8").count(">SG205</a>") for page in sorted(Path("pages").iterdir())] == [1, 1]


@pytest.mark.parametrize(
    ("form", "arguments"),
    [
        ("svg", []),
        ("svg", ["--theme", "dark"]),
        ("svg", ["--depth", "1"]),
        ("svg", ["--fit", "none"]),
        ("mermaid", []),
        ("dot", []),
        ("text", []),
    ],
)
def test_drawings_equal_the_output_of_the_command(
    stepgraph: Command, orders: WorkflowAnalysis, form: str, arguments: list[str]
) -> None:
    options = dict(zip([option.removeprefix("--") for option in arguments[::2]], arguments[1::2], strict=True))
    depth = int(options["depth"]) if "depth" in options else None
    fit = None if "fit" in options else 800
    drawn = {
        "svg": lambda: orders.svg(theme="dark" if "theme" in options else "auto", depth=depth, fit=fit),
        "mermaid": orders.mermaid,
        "dot": orders.dot,
        "text": orders.outline,
    }
    command = stepgraph("graph", "orders.py", "-f", form, *arguments)
    assert drawn[form]() == command.out


def test_a_page_with_findings_equals_the_output_of_the_command(stepgraph: Command) -> None:
    analysis = analyze_source(SOURCE, "orders.py")
    page = analysis.workflows[0].html(findings=check_analysis(analysis))
    assert page == stepgraph("graph", "orders.py", "-f", "html").out
