"""Hostile files in the cache are cache misses. `STEPGRAPH_EXAMPLES=10000` runs more trials."""

from __future__ import annotations

import os

import pytest

from tests.hostile.cache_entries import CacheEntryCounts, run_trials

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes, owners and pipes are those of POSIX")

COUNT = min(10_000, int(os.environ.get("STEPGRAPH_EXAMPLES", "50")))


@pytest.fixture(scope="module")
def counts() -> CacheEntryCounts:
    return run_trials(COUNT)


@pytest.mark.slow
def test_hostile_entries_are_cache_misses(counts: CacheEntryCounts) -> None:
    assert (counts.inputs, counts.trusted) == (COUNT, [])


@pytest.mark.slow
def test_hostile_entries_do_not_change_the_output(counts: CacheEntryCounts) -> None:
    assert counts.different == []


@pytest.mark.slow
def test_hostile_entries_never_block(counts: CacheEntryCounts) -> None:
    assert counts.hangs == []


@pytest.mark.slow
def test_hostile_entries_write_nothing_outside(counts: CacheEntryCounts) -> None:
    assert counts.writes == []
