"""What happens to steps and waits by seed: how long they take, how they fail, whether an event comes."""

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
_FATES = ("first", "several", "all", "all", "for good")
_SHARES_OF_STEPS_THAT_FAIL = (0.05, 0.1, 0.3, 0.5)
_SHARES_THAT_GO_WELL = (0, 0, 0, 0.2, 0.5, 0.8)
"""The first ones do in some worlds, so that the last ones of many have their turn to fail."""
_SHARES_OF_EVENTS_THAT_COME = (0.1, 0.3, 0.8, 1, 1, 1, 1, 1)
_SEVERAL = 3
_MANY = 35  # waits that double each time come to the end of all calendars
_LONGEST_STEP = 10
_LONGEST_WAITS = (3, 3, 5, 7)  # in powers of ten: seconds of minutes, hours or months


class Fate:
    """The same for the same seed. Without `failures`, no attempt fails; `steps` is how many the program declares."""

    def __init__(self, seed: int, *, failures: bool, steps: int = 0) -> None:
        self._seed = seed
        self._failures = failures
        self._share_that_fails = lots.one_of(_SHARES_OF_STEPS_THAT_FAIL, seed, "share")
        self._first_to_fail = steps * lots.one_of(_SHARES_THAT_GO_WELL, seed, "go well")
        self._begun: dict[tuple[str, int], int] = {}

    def fails(self, name: str, count: int, attempt: int) -> Exception | None:
        """Let one attempt fail, or several, or all, or the first one for good."""
        if not self._failures or self._goes_well(name, count):
            return None
        error = lots.one_of(_ERRORS, self._seed, "error", name, count)(f"seed {self._seed}")
        match lots.one_of(_FATES, self._seed, "fate", name, count):
            case "for good":
                return NonRetryableError(f"seed {self._seed}")
            case "first" if attempt > 1:
                return None
            case "several" if attempt > _SEVERAL:
                return None
            case _ if attempt > _MANY:
                return NonRetryableError(f"seed {self._seed}")
        return error

    def takes(self, name: str, count: int, attempt: int) -> float:
        """Let an attempt take no time, or up to ten seconds, whole ones as often as not, so that some end together."""
        time = lots.share(self._seed, "takes", name, count, attempt) * _LONGEST_STEP
        return lots.one_of((0, round(time), round(time), time, time), self._seed, "exact", name, count, attempt)

    def arrives(self, name: str, count: int) -> float:
        """Let an event come after minutes, hours or months."""
        longest = lots.one_of(_LONGEST_WAITS, self._seed, "longest wait")
        return float(10 ** (lots.share(self._seed, "arrives", name, count) * (longest + 1) - 1))

    def comes(self, name: str, count: int) -> bool:
        """Tell whether an event comes at all."""
        share = lots.one_of(_SHARES_OF_EVENTS_THAT_COME, self._seed, "come", name)
        return lots.share(self._seed, "comes", name, count) < share

    def _goes_well(self, name: str, count: int) -> bool:
        begun = self._begun.setdefault((name, count), len(self._begun))
        return begun < self._first_to_fail or lots.share(self._seed, "fails", name, count) >= self._share_that_fails
