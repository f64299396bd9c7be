"""Findings as diagnostics."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from lsprotocol.types import Diagnostic, DiagnosticSeverity, DiagnosticTag

from stepgraph.cli.main import main
from stepgraph.lsp.sessions import diagnostics
from stepgraph.lsp.sessions.diagnostics import diagnostics_of
from tests.checks.filtering import in_run
from tests.lsp.editor import OpenProject
from tests.lsp.views import Workspace

SLEEP = in_run('step.sleep("rest", "5 min")')
HELPER = """\
from workers import fetch


async def load():
    return await fetch("https://example.com")
"""
CALLS = in_run("await load()\nawait charge(10)").replace("\n\n\n", "\nfrom helper import load\n\n\n", 1)


def published(folder: Path, files: dict[str, str], *opened: str) -> dict[str, list[Diagnostic]]:
    """Return the diagnostics of each file of a project, by its path."""
    workspace = Workspace(folder, files)
    for path in opened:
        workspace.open(path, files[path])
    return {Path(uri).name: of_file for uri, of_file in diagnostics_of(workspace.folder_view).items()}


def only_diagnostic(folder: Path, files: dict[str, str], path: str, code: str) -> Diagnostic:
    """Return the diagnostic of a rule in an open file."""
    (diagnostic,) = (each for each in published(folder, files, path)[path] if each.code == code)
    return diagnostic


def test_the_data_is_the_finding_of_the_json_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"entry.py": CALLS, "helper.py": HELPER, "other.py": SLEEP.replace("Orders", "Others")}
    of_files = published(tmp_path, files, "entry.py")
    monkeypatch.chdir(tmp_path)
    main(["check", "-f", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    data = [diagnostic.data for of_file in of_files.values() for diagnostic in of_file]
    assert {finding["code"] for finding in findings} >= {"SG118", "SG203", "SG205", "SG303"}
    assert sorted(map(json.dumps, data)) == sorted(map(json.dumps, findings))


@pytest.mark.slow
def test_the_advice_is_below_the_problem(tmp_path: Path) -> None:
    diagnostic = only_diagnostic(tmp_path, {"entry.py": SLEEP}, "entry.py", "SG205")
    assert diagnostic.message == "unknown unit `min`: the engine reads '5 min' as 5 milliseconds.\nWrite \"5 minutes\"."
    assert str(diagnostic.range) == "9:27-9:34"
    assert diagnostic.severity is DiagnosticSeverity.Warning
    assert diagnostic.code_description is not None
    assert diagnostic.code_description.href.endswith("/docs/reference/rules/SG205.md")
    assert diagnostic.source == "stepgraph"


def test_a_location_in_another_file_is_related(tmp_path: Path) -> None:
    files = {"entry.py": CALLS, "helper.py": HELPER}
    (related,) = only_diagnostic(tmp_path, files, "entry.py", "SG303").related_information or ()
    assert (related.location.uri, str(related.location.range)) == ((tmp_path / "helper.py").as_uri(), "4:17-4:45")


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("SG007", "await charge()  # stepgraph: ignore[SG118]"),
        ("SG202", "await step.sleep('rest', '1 hour')"),
        ("SG210", "try:\n    await charge()\nexcept KeyError:\n    pass"),
    ],
)
def test_code_without_effect_is_faded(code: str, body: str, tmp_path: Path) -> None:
    diagnostic = only_diagnostic(tmp_path, {"entry.py": in_run(body)}, "entry.py", code)
    assert diagnostic.tags == (DiagnosticTag.Unnecessary,)


@pytest.mark.parametrize(
    ("path", "text", "code", "expected"),
    [
        (
            "wrangler.toml",
            'main="entry.py"\nworkflows=[{name="o", class_name="O", binding="O"}]\n',
            "SG114",
            "1:33-1:36",
        ),
        ("wrangler.json", '{"main": "entry.py",\n "workflows": 7}', "SG003", "1:14-1:15"),
        ("wrangler.json", '{"main": "entry.py",\n\n', "SG003", "0:0-0:20"),
        ("pyproject.toml", "[tool.stepgraph]\nignore = ['SG2', 'SG999']\n", "SG003", "1:17-1:24"),
        ("entry.py", f"{SLEEP}    def f(:\n", "SG002", "10:10-10:11"),
    ],
)
def test_an_empty_span_becomes_a_word(path: str, text: str, code: str, expected: str, tmp_path: Path) -> None:
    diagnostic = only_diagnostic(tmp_path, {"entry.py": SLEEP, path: text}, path, code)
    assert str(diagnostic.range) == expected


def test_a_span_in_an_unread_file_stays_as_it_is(tmp_path: Path) -> None:
    files = {"entry.py": SLEEP, "pyproject.toml": "[tool.stepgraph]\nignore = ['SG2', 'SG999']\n"}
    (diagnostic,) = published(tmp_path, files)["pyproject.toml"]
    assert str(diagnostic.range) == "1:17-1:17"


def test_invisible_characters_are_escaped(tmp_path: Path) -> None:
    text = in_run("await charge('\u202e')")
    diagnostic = only_diagnostic(tmp_path, {"entry.py": text}, "entry.py", "SG118")
    assert diagnostic.message.startswith("unexpected argument `'\\u202e'`: ")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names of files")
def test_undecodable_bytes_of_a_path_are_replaced(tmp_path: Path) -> None:
    (diagnostic, *_) = published(tmp_path, {os.fsdecode(b"caf\xe9.py"): SLEEP})["caf%E9.py"]
    assert isinstance(diagnostic.data, dict)
    assert diagnostic.data["path"] == "caf?.py"


def test_the_most_severe_findings_of_a_file_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "PUBLISHED_DIAGNOSTICS", 2)
    body = "step.sleep('a', '5 min')\nstep.sleep('b', '5 min')\nawait charge(1)"
    of_file = published(tmp_path, {"entry.py": in_run(body)})["entry.py"]
    assert [each.code for each in of_file] == ["SG203", "SG118", None]
    assert of_file[2].message == "3 more findings in this file. `stepgraph check` reports all of them."


@pytest.mark.slow
def test_ten_thousand_findings_are_published(project: OpenProject) -> None:
    sleeps = [f'step.sleep("{number}", "5 min")' for number in range(5_000)]
    project.open("entry.py", in_run("\n".join(["await charge()", *sleeps])))
    assert len(project.diagnostics("entry.py")) == 10_000
