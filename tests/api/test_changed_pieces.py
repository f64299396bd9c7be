"""The analysis of a long module after an edit, which parses only the changed pieces, equals a fresh analysis."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import WorkflowAnalysis
from stepgraph.checks.diagnostic import Finding, without_edits
from stepgraph.incremental import IncrementalAnalysis
from stepgraph.model.span import Span
from stepgraph.project.sources import find_sources
from stepgraph.syntax.pieces.joining import JoinedModule
from tests.cli.sources import module, workflow, write

NAMES = [f"charge the card of order {number}" for number in range(100, 230)]
STEP = '        await step.sleep("charge the card of order 150"'
EDITS = {
    "changed name": ("order 150", "order 151"),
    "added lines": (STEP, f"\n        # rest\n        await step.sleep('rest', 1)\n{STEP}"),
    "added import": ("import WorkflowEntrypoint", "import WorkflowEntrypoint\nimport random"),
    "condition": (STEP, f"        if event:\n    {STEP}"),
}


def check(incremental: IncrementalAnalysis) -> tuple[WorkflowAnalysis, list[Span | None], list[Finding]]:
    """Return the workflow, the locations of its nodes, and the findings."""
    analysis, findings = incremental.check(find_sources(["."]))
    (shown,) = analysis.workflows
    assert shown.graph is not None
    return shown, [shown.span_of(node) for node in shown.graph["workflow"]["nodes"]], list(map(without_edits, findings))


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_module_is_analyzed_like_a_new_one(
    edit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = module(workflow("Orders", *NAMES))
    incremental = IncrementalAnalysis(keeps_locations=True)
    write("orders.py", source)
    before = check(incremental)
    old, new = EDITS[edit]
    assert old in source
    assert len(source) > 8_000  # shorter modules have no pieces
    write("orders.py", source.replace(old, new))

    after = check(incremental)
    assert after == check(IncrementalAnalysis(keeps_locations=True))
    assert after != before


def test_versions_of_a_short_module_share_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = module(workflow("Orders", *NAMES[:60]))
    assert 3_000 < len(source) < 8_000
    incremental = IncrementalAnalysis()
    versions: list[JoinedModule] = []
    for text in (source, source.replace("order 150", "order 9")):
        write("orders.py", text)
        incremental.check(find_sources(["."]))
        parsed = incremental.parsed.earlier_version("orders.py")
        assert parsed is not None
        assert parsed.joined is not None
        versions.append(parsed.joined)
    first, second = (set(map(id, version.pieces)) for version in versions)
    assert first & second
