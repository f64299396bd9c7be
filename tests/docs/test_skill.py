"""The skill for coding agents contains code that the check accepts, and mistakes that it reports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate.agents import INDEX, MOST_SKILL_LINES, SKILL, SKILL_NAME
from docs.generate.files import ROOT
from docs.generate.marked_code import reject_unmarked_findings
from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.catalogue import BY_CODE, RULES
from stepgraph.checks.page import example_of_snippet
from stepgraph.project.configuration.compatibility import DependencyMode
from tests.checks.execution import error_text, execute_only

TEXT = (ROOT / SKILL).read_text(encoding="utf-8")
LLMS = (ROOT / INDEX).read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: mode=(\w+))?\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
CODE = [
    pytest.param(mode, text, id=str(number)) for number, (info, mode, text) in enumerate(BLOCKS) if info == "python"
]


def test_the_front_matter_follows_the_specification() -> None:
    _, front_matter, _ = TEXT.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front_matter.splitlines())
    assert fields.keys() == {"name", "description"}
    assert fields["name"] == SKILL_NAME == (ROOT / SKILL).parent.name
    assert len(fields["description"]) <= 1024
    assert ": " not in fields["description"].partition(": ")[2]


def test_the_skill_can_be_read_whole() -> None:
    assert TEXT.count("\n") <= MOST_SKILL_LINES
    assert [info for info, _, _ in BLOCKS] == ["sh", "jsonc", *["python"] * len(CODE)]


@pytest.mark.parametrize(("mode", "code"), CODE)
def test_code_has_the_findings_at_the_ends_of_its_lines(mode: str, code: str) -> None:
    reject_unmarked_findings(code, DependencyMode(mode or "implicit"))


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "code"), [each for each in CODE if "  # SG" not in str(each.values[1])])
def test_correct_code_runs_on_the_sdk(mode: str, code: str, tmp_path: Path) -> None:
    example = example_of_snippet("", code, DependencyMode(mode or "implicit"))

    execution = execute_only(example, tmp_path, payload={"total": 10, "items": [1, 2]})

    assert execution.error is None, error_text(execution)


def test_an_unmarked_finding_is_rejected() -> None:
    message = 'the marked and the reported findings differ: SG206 at `await step.sleep("nap", 30)`.'
    with pytest.raises(ValueError, match=re.escape(message)):
        reject_unmarked_findings('await step.sleep("nap", 30)\n', DependencyMode.IMPLICIT)


def test_the_complete_worker_has_no_findings(tmp_path: Path) -> None:
    _, (_, _, configuration), (_, _, source), *_ = BLOCKS
    (tmp_path / "src").mkdir()
    (tmp_path / "wrangler.jsonc").write_text(configuration, encoding="utf-8")
    (tmp_path / "src/entry.py").write_text(source, encoding="utf-8")

    analysis = analyze_paths([tmp_path])

    assert [workflow.complete for workflow in analysis.workflows] == [True]
    assert check_analysis(analysis) == ()


def test_marked_rules_exist() -> None:
    assert set(re.findall(r"SG\d{3}", TEXT)) == BY_CODE.keys()


def test_the_index_has_a_line_for_each_rule_and_page() -> None:
    entries = re.findall(r"^- \[([^]]+)\]\((\S+)\): .+[^.]$", LLMS, re.MULTILINE)
    assert [name for name, _ in entries if name.startswith("SG")] == sorted(
        (f"{rule.code} {rule.name}" for rule in RULES), key=lambda name: (name.startswith("SG0"), name)
    )
    paths = [url.partition("/main/")[2] for _, url in entries]
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    assert LLMS.startswith("# stepgraph\n\n> ")
    lines = [line for line in LLMS.splitlines() if line and not line.startswith(("#", ">"))]
    assert len(lines) == len(entries)
