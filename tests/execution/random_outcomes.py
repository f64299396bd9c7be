"""Random failures and durations, reproducible by seed and independent of the order in which steps run."""

from __future__ import annotations

import random

from tests.execution.engine import Fails, Takes


def random_failures(seed: int, share: float) -> Fails:
    """Fail this share of attempts, with an error type from each class that the engine treats differently."""

    def fails(name: str, count: int, attempt: int) -> Exception | None:
        generator = _generator(seed, "fails", name, count, attempt)
        if generator.random() >= share:
            return None
        return generator.choice([ValueError, TypeError, KeyError])(f"seed {seed}")

    return fails


def random_durations(seed: int, max_seconds: float) -> Takes:
    """Let each attempt take up to `max_seconds`."""
    return lambda name, count, attempt: _generator(seed, "takes", name, count, attempt).uniform(0, max_seconds)


def _generator(*key: object) -> random.Random:
    return random.Random(repr(key))  # noqa: S311 # not used for security
