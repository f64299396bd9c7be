"""Seeded durations and failures of steps, and arrivals of events."""

from __future__ import annotations

from collections.abc import Callable

from tests.execution.errors import NonRetryableError
from tests.proof.worlds import lots

_ERRORS: tuple[Callable[[str], Exception], ...] = (
    ValueError,
    ValueError,
    ValueError,
    TypeError,
    KeyError,
    RuntimeError,
)
_FAILURE_KINDS = ("first", "several", "all", "all", "for good")
_FAILING_SHARES = (0.05, 0.1, 0.3, 0.5)
_SUCCEEDING_SHARES = (0, 0, 0, 0.2, 0.5, 0.8)
"""In some scenarios the first steps succeed, so that the last of many steps can fail."""
_ARRIVING_SHARES = (0.1, 0.3, 0.8, 1, 1, 1, 1, 1)
_SEVERAL_ATTEMPTS = 3
_MAX_ATTEMPTS = 35  # exponential delays would exceed the range of datetimes
_MAX_STEP_SECONDS = 10
_MAX_WAIT_EXPONENTS = (3, 3, 5, 7)  # powers of ten in seconds: minutes, hours or months


class StepOutcomes:
    """Deterministic outcomes of steps and waits.

    `failures` enables failing attempts. `steps` is the number of steps that the program declares.
    """

    def __init__(self, seed: int, *, failures: bool, steps: int = 0) -> None:
        self._seed = seed
        self._failures = failures
        self._failing_share = lots.one_of(_FAILING_SHARES, seed, "share")
        self._first_to_fail = steps * lots.one_of(_SUCCEEDING_SHARES, seed, "go well")
        self._positions: dict[tuple[str, int], int] = {}

    def fails(self, name: str, count: int, attempt: int) -> Exception | None:
        """Return the error of an attempt: of the first, of several, of all, or a non-retryable one."""
        if not self._failures or self._succeeds(name, count):
            return None
        error = lots.one_of(_ERRORS, self._seed, "error", name, count)(f"seed {self._seed}")
        match lots.one_of(_FAILURE_KINDS, self._seed, "fate", name, count):
            case "for good":
                return NonRetryableError(f"seed {self._seed}")
            case "first" if attempt > 1:
                return None
            case "several" if attempt > _SEVERAL_ATTEMPTS:
                return None
            case _ if attempt > _MAX_ATTEMPTS:
                return NonRetryableError(f"seed {self._seed}")
        return error

    def takes(self, name: str, count: int, attempt: int) -> float:
        """Return the duration of an attempt: up to ten seconds, often whole, so that some steps end together."""
        time = lots.share(self._seed, "takes", name, count, attempt) * _MAX_STEP_SECONDS
        return lots.one_of((0, round(time), round(time), time, time), self._seed, "exact", name, count, attempt)

    def arrives(self, name: str, count: int) -> float:
        """Return the seconds until an event arrives: minutes, hours or months."""
        longest = lots.one_of(_MAX_WAIT_EXPONENTS, self._seed, "longest wait")
        return float(10 ** (lots.share(self._seed, "arrives", name, count) * (longest + 1) - 1))

    def event_arrives(self, name: str, count: int) -> bool:
        """Return whether an event arrives at all."""
        share = lots.one_of(_ARRIVING_SHARES, self._seed, "come", name)
        return lots.share(self._seed, "comes", name, count) < share

    def _succeeds(self, name: str, count: int) -> bool:
        position = self._positions.setdefault((name, count), len(self._positions))
        return position < self._first_to_fail or lots.share(self._seed, "fails", name, count) >= self._failing_share
