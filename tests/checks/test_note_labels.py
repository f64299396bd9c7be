"""A note has the code and level of the finding that a check reports for the same code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stepgraph import Analysis, analyze_paths
from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.page import Example, read_page
from stepgraph.model.note import _LABEL_OF_CODE, Note
from stepgraph.model.span import Span
from tests.checks.examples import analyze_example
from tests.checks.snippets import module_source
from tests.effort import sample
from tests.fixtures.files import FIXTURES

_LABELS_OF_RULES = {f"{rule.severity}[{rule.code}]" for rule in RULES}
_A = "@step.do('a')\nasync def a(): ...\n"
_TASK = f"import asyncio\n{_A}t = asyncio.create_task(a())\n"
_CLEANUP = "async def work():\n    try: await a()\n    finally: await step.sleep('s', '1 hour')\n"
_FOLDERS = ("counterexamples", "dag", "mistakes", "orders", "readme", "shop")
_EXAMPLES = [
    pytest.param(example, id=f"{rule.code} {example.title}")
    for rule in RULES
    for page in [read_page(rule)]
    for example in (*page.flagged, *page.clean)
]


def _unreported(analysis: Analysis) -> Iterator[str]:
    """Yield the notes with the code of a rule that a check does not report.

    Of an error and a note with the same cause, a check reports only the error.
    """
    findings = check_analysis(analysis)
    reported = {f"{finding.severity}[{finding.code}]" for finding in findings}
    has_error = any(finding.severity is Severity.ERROR for finding in findings)
    for workflow in analysis.workflows:
        for note in workflow.notes:
            is_consequence = has_error and note.label in ("note[SG004]", "note[SG005]")
            if note.label != "note" and note.label not in reported and not is_consequence:
                yield note.labeled_text


@pytest.mark.parametrize("code", [*_LABEL_OF_CODE, "unresolved-call"])
def test_label_is_of_a_rule(code: str) -> None:
    assert Note(code, "", "", Span("entry.py", 1, 1, 1, 2)).label in _LABELS_OF_RULES


def test_remarks_on_the_graph_have_no_rule() -> None:
    assert Note("shielded-step", "", "", Span("entry.py", 1, 1, 1, 2), incomplete=False).label == "note"


@pytest.mark.parametrize(
    "body",
    [
        "@step.do('a')\nasync def a(b): ...\nawait a()",
        f"{_A}a()",
        f"{_A}begin = lambda: a()\nbegin()",
        f"{_A}self.later = a()",
        "@step.do\nasync def a(): ...\nawait a()",
        f"{_A}hooks[0](step)\nawait a()",
        f"{_TASK}t.cancel()",
        (
            f"import asyncio\n{_A}{_CLEANUP}async with asyncio.TaskGroup() as g:\n"
            "    g.create_task(work())\n    g.create_task(a())"
        ),
        f"import asyncio\n{_A}await asyncio.wait_for(a(), 5)",
        "@step.do('a', config={'retries': {'limit': '3', 'delay': 1}})\nasync def a(): ...\nawait a()",
        (
            "import asyncio\n@step.do('a')\nasync def a(b): ...\nt = asyncio.create_task(a())\n"
            "@step.do('b')\nasync def b(): ...\nawait t"
        ),
        (
            "@step.do('a')\nasync def a(b): ...\nif event['payload']:\n    @step.do('b')\n    async def b(a): ...\n"
            "else:\n    @step.do('b')\n    async def b(): ...\nawait a()"
        ),
        "@step.do('a')\nasync def a(b): ...\nhooks[0](step)\nawait a()",
        "@step.do('a')\nasync def a(b): ...\nsetattr(a, '__name__', 'c')\nawait a()",
    ],
)
def test_check_reports_notes_under_the_same_label(body: str) -> None:
    analysis = analyze_source(module_source(body))
    (workflow,) = analysis.workflows

    assert workflow.notes
    assert list(_unreported(analysis)) == []


@pytest.mark.parametrize(
    "body",
    [
        f"{_TASK}try: await asyncio.wait_for(asyncio.shield(t), 5)\nexcept TimeoutError: pass\nawait t",
        "import asyncio\nasync def nap(): await step.sleep('s', '1 day')\nt = asyncio.create_task(nap())\nt.cancel()",
        "import asyncio\nasync def beat(): print(1)\nt = asyncio.create_task(beat())\nt.cancel()",
        "try:\n    @step.do\n    async def a(): ...\nexcept TypeError:\n    print('old SDK')",
    ],
)
def test_correct_code_has_no_note_of_a_rule(body: str) -> None:
    (workflow,) = analyze_source(module_source(body)).workflows

    assert [note.label for note in workflow.notes if note.label not in ("note", "note[SG004]")] == []


@pytest.mark.parametrize("folder", [*_FOLDERS, pytest.param("gallery", marks=pytest.mark.slow)])
def test_check_reports_the_notes_of_fixtures(folder: str) -> None:
    assert list(_unreported(analyze_paths([FIXTURES / folder]))) == []


@pytest.mark.slow
@pytest.mark.parametrize("example", sample(_EXAMPLES, 150))
def test_check_reports_the_notes_of_examples(example: Example, tmp_path: Path) -> None:
    assert list(_unreported(analyze_example(example, tmp_path))) == []
