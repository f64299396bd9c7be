"""The module `world` imported by generated programs, whose functions return random values by seed."""

from __future__ import annotations

import random

from tests.execution.engine import UNANSWERED, Answers, Fails, Takes

_SOURCE = """\
import contextlib
import random

_chance = random.Random({seed})


def flip():
    return _chance.random() < 0.5


def more():
    return _chance.random() < 0.4


def rows():
    return list(range(_chance.choice([0, 1, 2, 2])))


async def stream():
    for row in rows():
        yield row


def pick(*choices):
    return _chance.choice(choices)


def wanted(choose):
    return choose()


@contextlib.contextmanager
def held():
    yield


@contextlib.asynccontextmanager
async def held_later():
    yield
"""


def world(seed: int) -> str:
    """Return the source of the module for a seed."""
    return _SOURCE.format(seed=seed)


def payload(seed: int) -> dict[str, bool]:
    chance = random.Random(seed)  # noqa: S311 # not used for security
    return {"one": chance.random() < 0.5, "two": chance.random() < 0.5}


def fails(seed: int, share: float) -> Fails:
    """Let this share of steps fail permanently, and as many only once."""

    def failures(name: str, count: int, attempt: int) -> Exception | None:
        chance = _chance(seed, "fails", name, count)
        lot = chance.random()
        error = chance.choice([ValueError, TypeError, KeyError])
        if lot < share or (lot < 2 * share and attempt == 1):
            return error(f"seed {seed}")
        return None

    return failures


def takes(seed: int) -> Takes:
    """Draw durations from a few values, so that some steps end at the same time."""
    return lambda name, count, attempt: _chance(seed, "takes", name, count, attempt).choice([0, 0, 0.5, 1, 1, 3])


def answers(seed: int, share: float) -> Answers:
    """Let this share of events never arrive."""

    def answer(name: str, count: int, _event_type: str) -> object:
        return UNANSWERED if _chance(seed, "answers", name, count).random() < share else {"answer": 1}

    return answer


def _chance(*of: object) -> random.Random:
    return random.Random(repr(of))  # noqa: S311 # not used for security
