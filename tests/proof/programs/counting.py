"""Check a number of random programs and count the results."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.proof.programs.judging import Tally
from tests.proof.programs.modules import GeneratedProgram, programs


def count_random_programs(examples: int, number: int = 0) -> Tally:
    """Check the runs of random programs. `number` seeds their generation."""
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
    def count(program: GeneratedProgram) -> None:
        tally.add(program)

    count()
    return tally
