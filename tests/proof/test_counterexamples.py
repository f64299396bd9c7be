"""Programs that were once drawn wrongly: found by random programs, and written down as short as they could be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.programs.judging import Tally
from tests.proof.programs.modules import Program

FOLDER = Path(__file__).parents[2] / "fixtures" / "counterexamples"
SEEDS = range(100)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_each_run_is_a_path_through_the_graph(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tally = Tally()
    tally.add(Program({"entry": source}, "legacy" if "depends=" in source else "implicit"), SEEDS)
    assert tally.traces > len(SEEDS) / 2
    assert not [str(rejection) for rejection in tally.rejections]
