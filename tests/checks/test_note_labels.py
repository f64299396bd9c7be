"""A note has the code and level of the finding that a check reports for the same code."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.catalogue import RULES
from stepgraph.model.note import _LABEL_OF_CODE, Note
from stepgraph.model.span import Span
from tests.checks.snippets import module_source

_LABELS_OF_RULES = {f"{rule.severity}[{rule.code}]" for rule in RULES}


@pytest.mark.parametrize("code", [*_LABEL_OF_CODE, "unresolved-call"])
def test_label_is_of_a_rule(code: str) -> None:
    assert Note(code, "", "", Span("entry.py", 1, 1, 1, 2)).label in _LABELS_OF_RULES


@pytest.mark.parametrize(
    "body",
    [
        "@step.do('a')\nasync def a(b): ...\nawait a()",
        "@step.do('a')\nasync def a(): ...\na()",
        "@step.do\nasync def a(): ...\nawait a()",
        "@step.do('a')\nasync def a(): ...\nhooks[0](step)\nawait a()",
    ],
)
def test_check_reports_notes_under_the_same_label(body: str) -> None:
    analysis = analyze_source(module_source(body))
    (workflow,) = analysis.workflows

    reported = {f"{finding.severity}[{finding.code}]" for finding in check_analysis(analysis)}
    assert workflow.notes
    assert {note.label for note in workflow.notes} <= reported
