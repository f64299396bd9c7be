"""Scenarios: seeded inputs for all values that the source does not specify."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from types import ModuleType

from tests.execution import wall_clock
from tests.execution.engine import UNANSWERED
from tests.execution.platform import Mode
from tests.execution.runner import Options
from tests.execution.stub_values import StubValue
from tests.execution.values import PyValue
from tests.proof.worlds import lots
from tests.proof.worlds.fate import StepOutcomes
from tests.proof.worlds.hints import NEEDED, Constant, Hints, Later
from tests.proof.worlds.imports import seeded_module, stub_module
from tests.proof.worlds.unknown import ScenarioValue, Service

MAX_STEPS = 150
_MAX_SIZES = 100
_SHARES_OF_HINTED = (0.5, 0.8, 0.95)
_SHARES_OF_NONE = (0.03, 0.1, 0.5)
_SHARE_NEAR_MOMENTS = 0.8
_FAILING_RESPONSES = 0.03
_MAX_RESPONSE_SECONDS = 20
_HALF = 0.5
_PROBABILITIES = (0.03, 0.03, 0.4, 0.6, 0.97, 0.97)
_PROBABILITY_SETS = (_PROBABILITIES, _PROBABILITIES, (0.8, 0.97), (0.8, 0.97), (0.03, 0.2))
"""Ranges of probabilities. In some scenarios most conditions are true, or false, to reach rare combinations."""
_MAX_DAYS_BEFORE = 200
_PLATFORM = frozenset({"workers", "js", "pyodide"})


class Scenario:
    """A scenario. Values are identified by keys derived from the seed, so the order of queries does not matter."""

    def __init__(self, seed: int, hints: Hints, *, failures: bool = False) -> None:
        self._seed = seed
        self._start = self._start_time(hints.moments)
        self._truth_probabilities = lots.one_of(_PROBABILITY_SETS, seed, "temper")
        self._hints = hints
        self._failures = failures
        self._sizes = 0

    def options(self, mode: Mode = "implicit") -> Options:
        """Return the options for one execution in this scenario."""
        step_outcomes = StepOutcomes(self._seed, failures=self._failures, steps=self._hints.steps)

        def answers(name: str, count: int, _event_type: str) -> PyValue:
            return self._payload(name, count) if step_outcomes.event_arrives(name, count) else UNANSWERED

        return {
            "mode": mode,
            "payload": self._payload(),
            "fails": step_outcomes.fails,
            "answers": answers,
            "takes": step_outcomes.takes,
            "arrives": step_outcomes.arrives,
            "unknown": self.service,
            "imports": self._import_module,
            "step_limit": MAX_STEPS,
            "start": self._start,
            "finish": lots.share(self._seed, "finish") < _HALF,
        }

    def service(self, name: str) -> StubValue:
        """Return the value of a binding or import."""
        return Service(self, lots.number(self._seed, name), name.rpartition(".")[2])

    def value(self, key: int, word: str, depth: int = 0) -> PyValue:
        """Return the value of this word, usually a constant that the program compares with it."""
        hinted = self._hints.constants.get(word)
        if not hinted or not self._is_hinted(hinted, key, word):
            return ScenarioValue(self, key, word, depth)
        constant = lots.one_of(hinted, *(self._favorite_key(word) or (key, "constant")))
        return self._timestamp(constant) if isinstance(constant, Later) else constant

    def probability(self, word: str, question: str) -> float:
        """Return the probability of True for this word, which differs between scenarios."""
        probabilities = self._truth_probabilities if question == "truth" else _PROBABILITIES
        return lots.one_of(probabilities, self._seed, "leaning", word, question)

    def hinted(self, word: str) -> tuple[Constant, ...]:
        return self._hints.constants.get(word, ())

    def may_have_items(self) -> bool:
        """Return whether collections may have further items. The limit makes recursion over items end."""
        self._sizes += 1
        return self._sizes < _MAX_SIZES

    def delay(self, key: int) -> float:
        if self._failures and lots.share(key, "fails") < _FAILING_RESPONSES:
            raise lots.one_of((ValueError, OSError), key, "error")(f"seed {self._seed}")
        delay = lots.share(key, "delay") * 2 - 1
        return max(0.0, delay) * _MAX_RESPONSE_SECONDS

    def _is_hinted(self, hinted: tuple[Constant, ...], key: int, word: str) -> bool:
        if not NEEDED.isdisjoint(hinted):
            return True
        shares = _SHARES_OF_NONE if hinted == (None,) else _SHARES_OF_HINTED
        return lots.share(key, "hinted") < lots.one_of(shares, self._seed, "hinted", word)

    def _favorite_key(self, word: str) -> tuple[PyValue, ...]:
        """Return a key shared by all values of the word, in half of the scenarios."""
        return (self._seed, "favourite", word) if lots.share(self._seed, "has favourite", word) < _HALF else ()

    def _start_time(self, moments: Sequence[dt.datetime]) -> dt.datetime:
        """Return the start time: usually before a datetime in the program."""
        if not moments or lots.share(self._seed, "start") >= _SHARE_NEAR_MOMENTS:
            return wall_clock.START
        days = round(lots.share(self._seed, "before") * _MAX_DAYS_BEFORE)
        return lots.one_of(moments, self._seed, "moment") - dt.timedelta(days=days)

    def _timestamp(self, later: Later) -> int:
        return int((self._start + dt.timedelta(days=later.days)).timestamp() * 1000)

    def _payload(self, *of: PyValue) -> ScenarioValue:
        return ScenarioValue(self, lots.number(self._seed, "payload", *of), "payload")

    def _import_module(self, name: str) -> ModuleType | None:
        if replacement := seeded_module(name, self._seed):
            return replacement
        top = name.partition(".")[0]
        return None if top in sys.stdlib_module_names or top in _PLATFORM else stub_module(name, self.service)
