"""Test minimal programs for which the analysis was once wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.effort import scenario_seeds
from tests.fixtures.files import FIXTURES
from tests.proof.programs.judging import Tally
from tests.proof.programs.modules import GeneratedProgram

FOLDER = FIXTURES / "counterexamples"
SEEDS = scenario_seeds(30)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_runs_of_counterexamples_are_paths(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tally = Tally()
    tally.add(GeneratedProgram({"entry": source}, "legacy" if "depends=" in source else "implicit"), SEEDS)
    assert tally.traces > len(SEEDS) / 2
    assert not [str(rejection) for rejection in tally.rejections]
