"""A world in which a workflow runs: by its seed, it answers whatever the source does not say."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from types import ModuleType

from tests.execution import wall_clock
from tests.execution.anything import Anything
from tests.execution.engine import UNANSWERED
from tests.execution.platform import Mode
from tests.execution.running import Options
from tests.execution.values import PyValue
from tests.proof.worlds import lots
from tests.proof.worlds.fate import Fate
from tests.proof.worlds.hints import NEEDED, Constant, Hints, Later
from tests.proof.worlds.imports import module_of, seeded
from tests.proof.worlds.unknown import Service, Unknown

MOST_STEPS = 150
_MOST_SIZES = 100
_SHARES_OF_HINTED = (0.5, 0.8, 0.95)
_SHARES_OF_NONE = (0.03, 0.1, 0.5)
_SHARE_NEAR_MOMENTS = 0.8
_SHARE_OF_ANSWERS_THAT_FAIL = 0.03
_LONGEST_ANSWER = 20
_HALF = 0.5
_LEANINGS = (0.03, 0.03, 0.4, 0.6, 0.97, 0.97)
_TEMPERS = (_LEANINGS, _LEANINGS, (0.8, 0.97), (0.8, 0.97), (0.03, 0.2))
"""In some worlds most is true, or most is false: what many things have to come together for happens in these."""
_MOST_DAYS_BEFORE = 200
_PLATFORM = frozenset({"workers", "js", "pyodide"})


class World:
    """What is asked is known by a key that follows from the seed, so that the order of asking makes no difference."""

    def __init__(self, seed: int, hints: Hints, *, failures: bool = False) -> None:
        self._seed = seed
        self._start = self._started(hints.moments)
        self._tempers = lots.one_of(_TEMPERS, seed, "temper")
        self._hints = hints
        self._failures = failures
        self._sizes = 0

    def options(self, mode: Mode = "implicit") -> Options:
        """Return how to run a workflow in this world, once."""
        fate = Fate(self._seed, failures=self._failures, steps=self._hints.steps)

        def answers(name: str, count: int, _event_type: str) -> PyValue:
            return self._payload(name, count) if fate.comes(name, count) else UNANSWERED

        return {
            "mode": mode,
            "payload": self._payload(),
            "fails": fate.fails,
            "answers": answers,
            "takes": fate.takes,
            "arrives": fate.arrives,
            "unknown": self.service,
            "imports": self._imported,
            "step_limit": MOST_STEPS,
            "start": self._start,
            "finish": lots.share(self._seed, "finish") < _HALF,
        }

    def service(self, name: str) -> Anything:
        """Give what bindings and the like are."""
        return Service(self, lots.number(self._seed, name), name.rpartition(".")[2])

    def value(self, key: int, word: str, depth: int = 0) -> PyValue:
        """Give what goes by this word: a constant that the program holds against such values, more often than not."""
        hinted = self._hints.constants.get(word)
        if not hinted or not self._is_hinted(hinted, key, word):
            return Unknown(self, key, word, depth)
        constant = lots.one_of(hinted, *(self._favourite(word) or (key, "constant")))
        return self._moment(constant) if isinstance(constant, Later) else constant

    def leaning(self, word: str, question: str) -> float:
        """Let values of a word lean to one side in one world, and to the other in another."""
        leanings = self._tempers if question == "truth" else _LEANINGS
        return lots.one_of(leanings, self._seed, "leaning", word, question)

    def hinted(self, word: str) -> tuple[Constant, ...]:
        return self._hints.constants.get(word, ())

    def is_generous(self) -> bool:
        """Tell whether there may be more of anything: recursion over what lies in what is found is to end."""
        self._sizes += 1
        return self._sizes < _MOST_SIZES

    def delay(self, key: int) -> float:
        if self._failures and lots.share(key, "fails") < _SHARE_OF_ANSWERS_THAT_FAIL:
            raise lots.one_of((ValueError, OSError), key, "error")(f"seed {self._seed}")
        delay = lots.share(key, "delay") * 2 - 1
        return max(0.0, delay) * _LONGEST_ANSWER

    def _is_hinted(self, hinted: tuple[Constant, ...], key: int, word: str) -> bool:
        if not NEEDED.isdisjoint(hinted):
            return True
        shares = _SHARES_OF_NONE if hinted == (None,) else _SHARES_OF_HINTED
        return lots.share(key, "hinted") < lots.one_of(shares, self._seed, "hinted", word)

    def _favourite(self, word: str) -> tuple[PyValue, ...]:
        """In every other world, all values of a word are the same constant."""
        return (self._seed, "favourite", word) if lots.share(self._seed, "has favourite", word) < _HALF else ()

    def _started(self, moments: Sequence[dt.datetime]) -> dt.datetime:
        """Begin before a time that is written in the program, more often than not."""
        if not moments or lots.share(self._seed, "start") >= _SHARE_NEAR_MOMENTS:
            return wall_clock.START
        days = round(lots.share(self._seed, "before") * _MOST_DAYS_BEFORE)
        return lots.one_of(moments, self._seed, "moment") - dt.timedelta(days=days)

    def _moment(self, later: Later) -> int:
        return int((self._start + dt.timedelta(days=later.days)).timestamp() * 1000)

    def _payload(self, *of: PyValue) -> Unknown:
        return Unknown(self, lots.number(self._seed, "payload", *of), "payload")

    def _imported(self, name: str) -> ModuleType | None:
        if stand_in := seeded(name, self._seed):
            return stand_in
        top = name.partition(".")[0]
        return None if top in sys.stdlib_module_names or top in _PLATFORM else module_of(name, self.service)
