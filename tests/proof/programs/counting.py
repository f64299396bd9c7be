"""So many random programs, and what came of them, in counts."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.proof.programs.judging import Tally
from tests.proof.programs.modules import Program, programs


def counted(examples: int, number: int = 0) -> Tally:
    """Judge the runs of so many random programs; another `number` gives others, the same one the same."""
    tally = Tally()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def count(program: Program) -> None:
        tally.add(program)

    count()
    return tally
