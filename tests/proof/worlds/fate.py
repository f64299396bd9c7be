"""What happens to steps and waits by seed: how long they take, how they fail, whether an event comes."""

from __future__ import annotations

from collections.abc import Callable

from tests.execution.errors import NonRetryableError
from tests.proof.worlds import lots

_ERRORS: tuple[Callable[[str], Exception], ...] = (ValueError, TypeError, KeyError, RuntimeError)
_FATES = ("first", "first", "several", "all", "all", "for good")
_SHARE_OF_STEPS_THAT_FAIL = 0.2
_SHARES_OF_EVENTS_THAT_COME = (0.3, 0.75, 0.9, 1)
_SEVERAL = 3
_MANY = 35  # waits that double each time come to the end of all calendars
_LONGEST_STEP = 10
_LONGEST_WAIT = 7  # in powers of ten: seconds of some months


class Fate:
    """The same for the same seed, in whatever order it is asked; without `failures`, no attempt fails."""

    def __init__(self, seed: int, *, failures: bool) -> None:
        self._seed = seed
        self._failures = failures

    def fails(self, name: str, count: int, attempt: int) -> Exception | None:
        """Let one attempt fail, or several, or all, or the first one for good."""
        if not self._failures or lots.share(self._seed, "fails", name, count) >= _SHARE_OF_STEPS_THAT_FAIL:
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
        """Let an event come after moments, hours or months."""
        return float(10 ** (lots.share(self._seed, "arrives", name, count) * (_LONGEST_WAIT + 1) - 1))

    def comes(self, name: str, count: int) -> bool:
        """Tell whether an event comes at all."""
        return lots.share(self._seed, "comes", name, count) < lots.one_of(_SHARES_OF_EVENTS_THAT_COME, self._seed)
