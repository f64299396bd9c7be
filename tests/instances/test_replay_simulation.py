"""The effect of random edits on instances, compared with a simulation of the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from stepgraph.replay.new_code import NewCode
from tests.effort import sample
from tests.instances.simulation import Simulation, calls_of, effect_of, graph_of, log_of_run


def outcomes(seeds: Iterable[int]) -> Counter[str]:
    """Return how many effects are predicted, unknown, other effects, or wrongly none, after one random edit."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        simulation = Simulation(seed)
        old = simulation.body()
        stop = simulation.stop(old)
        new = simulation.edited(old)
        calls = list(calls_of(old))[:stop]
        replay = NewCode.of(graph_of(new), graph_of(old)).replay(log_of_run(calls))
        expected = effect_of(calls, list(calls_of(new)))
        wrong = {"unknown": "unknown", "resumes": f"wrongly none: {seed}"}
        counts["predicted" if replay.effect == expected else wrong.get(replay.effect, "other")] += 1
    return counts


@pytest.mark.slow
def test_effects_of_edits_are_predicted() -> None:
    assert outcomes(range(100)) == {"predicted": 100}


@pytest.mark.slow
def test_effects_of_many_edits_are_predicted() -> None:
    seeds = sample(range(100, 4000), 600)
    counts = outcomes(seeds)
    assert counts.keys() <= {"predicted", "unknown", "other"}
    assert counts["unknown"] + counts["other"] < len(seeds) / 200


@pytest.mark.slow
def test_unchanged_code_resumes() -> None:
    for seed in range(100):
        simulation = Simulation(seed)
        body = simulation.body()
        log = log_of_run(list(calls_of(body))[: simulation.stop(body)])
        assert [NewCode.of(graph_of(body), deployed).replay(log).effect for deployed in (None, graph_of(body))] == [
            "resumes",
            "resumes",
        ]
