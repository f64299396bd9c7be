"""Random text in each format, in all positions of source text."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.formats import REPORT_FORMATS, FormatOptions
from stepgraph.cli.main import main
from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.escaping.report_fields import url_path
from stepgraph.model.note import Note
from stepgraph.model.span import Code, Span
from stepgraph.project.source_links import LineUrl, SourceLinks
from stepgraph.subject import Subject
from tests.escaping.hostile_texts import HOSTILE
from tests.escaping.readers import FORMATS_WITH_TABS, command_lines, hidden_lines, without_annotations
from tests.render import graphs
from tests.report import comparisons, reports
from tests.text_formats import TEXT_DIFFS, TEXT_DRAWINGS


class HostileLinks(SourceLinks):
    """Links to files with any names, even those that no file can have."""

    def of(self, code: Code) -> LineUrl:
        return (f"https://example.com/{url_path(code.path)}#L", "")


OPTIONS: Final = FormatOptions(source_links=HostileLinks("https://example.com/{path}#L{line}"))
ANY_TEXT: Final = st.text(st.characters(codec=None), max_size=40) | st.lists(
    st.sampled_from(HOSTILE) | st.sampled_from("#[]: \n\r\u200d`|@/w."), max_size=3
).map("".join)


def drawing_of(text: str, name: str) -> str:
    """Draw a workflow with this name in a format."""
    note = Note("unresolved-call", text, text, Span(text, 1, 1, 1, 2))
    drawn = graphs.everywhere(text)
    workflow = DrawnWorkflow(
        name=text,
        class_name=text,
        graph=drawn,
        notes=(note,),
        location=lambda: text,
        node_location=lambda _: text,
        find_node=lambda _: drawn["workflow"]["nodes"][0],
        complete=False,
        code=lambda _: Code(text, b"", (text,), 1, 1, 1),
    )
    return TEXT_DRAWINGS[name].write([Subject(workflow, lambda: text)], OPTIONS).text


def report_of(text: str, name: str) -> str:
    """Return a report with the text in all positions, in a format."""
    return REPORT_FORMATS[name].write(reports.everywhere(text, 3), OPTIONS).text


def diff_of(text: str, name: str) -> str:
    """Return a diff with the text in all positions, in a format."""
    return TEXT_DIFFS[name].write(comparisons.everywhere(text), OPTIONS).text


WRITERS: Final[dict[str, Callable[[str], str]]] = {
    f"{command} {name}": partial(write, name=name)
    for command, write, names in (
        ("graph", drawing_of, TEXT_DRAWINGS),
        ("check", report_of, REPORT_FORMATS),
        ("diff", diff_of, TEXT_DIFFS),
    )
    for name in names
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=12, deadline=None)
@given(text=ANY_TEXT)
def test_random_text_has_no_effect(name: str, text: str) -> None:
    output = WRITERS[name](text)
    lines = without_annotations(output)[0] if name == "check github" else output
    assert hidden_lines(output, tabs=name.split()[1] in FORMATS_WITH_TABS) == []
    assert command_lines(lines) == []
    if name.endswith(("json", "sarif", "gitlab")):
        json.loads(output)
    if name.endswith("svg"):
        ET.fromstring(output)  # noqa: S314 - it is our own


BRANCHES: Final = [
    "::add-mask::x",
    "##\uff3badd-mask]x",
    "a@b.co",
    "#12",
    "invoice\u202efdp",
    "</td><b>",
    "`a`|b",
    "@octo",
]
GIT: Final = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]


@pytest.mark.slow
@pytest.mark.parametrize("branch", BRANCHES)
def test_branch_names_have_no_effect(
    branch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("entry.py").write_text("", encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"], ["checkout", "-qb", "other"]):
        subprocess.run([*GIT, *arguments], check=True)
    if subprocess.run([*GIT, "branch", "--", branch], check=False, capture_output=True).returncode:
        pytest.skip("git allows no such branch")
    for form in TEXT_DIFFS:
        main(["diff", branch, "-f", form])
        out, err = (text.decode() for text in capfdbinary.readouterr())
        assert hidden_lines(out + err) == [], form
        assert command_lines(out) + command_lines(err) == [], form
