"""Reports as workflow commands of GitHub Actions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from stepgraph.escaping.plain_text import visible
from stepgraph.report.annotations import render_github
from stepgraph.report.report import SourceFile
from tests.report.example import example
from tests.report.reports import HOSTILE, everywhere, finding, report, workflow

Command = tuple[str, dict[str, str], str]


def commands(output: str) -> list[Command]:
    """Return the name, properties and text of each command in an output."""
    results = []
    for line in output.split("\n"):
        assert "##[" not in line or line.lstrip().startswith("::"), "a command in the old form"
        if line.strip().startswith("::"):
            head, _, text = line.strip().removeprefix("::").partition("::")
            name, _, given_properties = head.partition(" ")
            pairs = (pair.partition("=") for pair in given_properties.split(",") if pair)
            properties = {key: _unescaped(value, "\r\n:,") for key, _, value in pairs}
            results.append((name, properties, _unescaped(text, "\r\n")))
    return results


def _unescaped(text: str, marks: str) -> str:
    for mark in marks:
        text = text.replace(f"%{ord(mark):02X}", mark)
    return text.replace("%25", "%")


def test_each_finding_is_an_annotation() -> None:
    assert commands(render_github(example()))[2:] == [
        (
            "warning",
            {
                "file": "src/orders.py",
                "line": "22",
                "endLine": "22",
                "col": "49",
                "endColumn": "56",
                "title": "SG205 unknown-duration-unit",
            },
            (
                "`5 min` is 5 milliseconds: the engine takes a unit that it does not know for milliseconds.\n"
                "Write `5 minutes`."
            ),
        ),
        (
            "notice",
            {"file": "src/orders.py", "line": "23", "endLine": "26", "col": "15", "endColumn": "10", "title": "SG004"},
            "`settle` is not known, and is given the step object, so steps that it runs are missing.",
        ),
    ]


def test_annotation_is_one_escaped_line() -> None:
    sample = report(finding("50% of a, b: c.", "Mend it.", code="SG205"))
    assert render_github(sample, quiet=True) == (
        "::error file=src/orders.py,line=4,endLine=4,col=9,endColumn=10,title=SG205 unknown-duration-unit"
        "::50%25 of a, b: c.%0AMend it.\n"
    )


def test_paths_are_relative_to_repository_root() -> None:
    sample = replace(report(finding()), files={"src/orders.py": SourceFile((), "apps/shop, old/orders.py")})
    assert "file=apps/shop%2C old/orders.py," in render_github(sample)


def test_summary_is_plain_text() -> None:
    assert render_github(report()).splitlines()[-1] == "no findings in 1 workflow"


def test_nothing_to_check_is_an_annotation() -> None:
    assert commands(render_github(report(workflows=[]))) == [
        ("error", {"title": "stepgraph check"}, "no workflow was found, so nothing was checked")
    ]


def test_required_graph_is_an_annotation() -> None:
    (command,) = commands(render_github(replace(report(workflows=[workflow(complete=False)]), require_dag=True)))
    assert command[:2] == ("error", {"file": "src/orders.py", "line": "1", "title": "stepgraph check"})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped_in_commands(text: str) -> None:
    _check_commands(text)


@pytest.mark.slow
@given(st.text(alphabet=st.characters(codec=None), max_size=50))
def test_any_text_is_escaped_in_commands(text: str) -> None:
    _check_commands(text)


def _check_commands(text: str) -> None:
    sample = everywhere(text, 3)
    output = commands(render_github(sample))
    assert [name for name, _, _ in output] == ["error", "warning", "notice", "error"]
    for number, (_, properties, message) in enumerate(output[:3]):
        assert properties["file"] == visible(text)
        assert message.split("\n")[0].rstrip() == f"m{number}m {visible(text)}".rstrip()
