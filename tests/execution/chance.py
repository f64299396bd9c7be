"""Failures and durations by chance, the same for the same seed, in whatever order steps ask for theirs."""

from __future__ import annotations

import random

from tests.execution.engine import Fails, Takes


def fails_by_chance(seed: int, share: float) -> Fails:
    """Let this share of all attempts fail, with an error of one of the kinds that arrive in ways of their own."""

    def fails(name: str, count: int, attempt: int) -> Exception | None:
        chance = _chance(seed, "fails", name, count, attempt)
        if chance.random() >= share:
            return None
        return chance.choice([ValueError, TypeError, KeyError])(f"seed {seed}")

    return fails


def takes_by_chance(seed: int, most: float) -> Takes:
    """Let each attempt take up to so many seconds."""
    return lambda name, count, attempt: _chance(seed, "takes", name, count, attempt).uniform(0, most)


def _chance(*of: object) -> random.Random:
    return random.Random(repr(of))  # noqa: S311 # nothing is secret here
