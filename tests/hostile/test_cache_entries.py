"""Hostile files in the cache count as absent; `STEPGRAPH_EXAMPLES=10000` is the long run."""

from __future__ import annotations

import os

import pytest

from tests.hostile.cache_entries import Counts, tried

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes, owners and pipes are those of POSIX")

COUNT = min(10_000, int(os.environ.get("STEPGRAPH_EXAMPLES", "150")))


@pytest.fixture(scope="module")
def counts() -> Counts:
    return tried(COUNT)


@pytest.mark.slow
def test_hostile_entries_count_as_absent(counts: Counts) -> None:
    assert (counts.inputs, counts.believed) == (COUNT, [])


def test_hostile_entries_change_no_answer(counts: Counts) -> None:
    assert counts.different == []


def test_hostile_entries_never_block(counts: Counts) -> None:
    assert counts.hangs == []


def test_hostile_entries_write_nothing_outside(counts: Counts) -> None:
    assert counts.writes == []
