"""The names and durations of the runs of steps in functions, with the values that the calls around a run pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from msgspec import Struct, field

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import Tree
from stepgraph.model.details import PARAMETER_MARK
from stepgraph.replay.passed_part import RunChain

_MAX_CHARACTERS: Final = 2_000
"""The maximum length of a text."""


class RunTexts(Struct, frozen=True):
    """Compares the texts of the runs of deployed steps with those of their counterparts."""

    matching: Matching
    _has_same_name: dict[RunChain, bool] = field(default_factory=dict)
    _has_same_duration: dict[RunChain, bool] = field(default_factory=dict)

    def has_same_name(self, chain: RunChain) -> bool:
        """Return whether a run of a step certainly computes its name in the same way in both versions."""
        if chain not in self._has_same_name:
            names = self.matching.old.parametric_names, self.matching.new.parametric_names
            self._has_same_name[chain] = self._are_same(chain, *names)
        return self._has_same_name[chain]

    def has_same_duration(self, chain: RunChain) -> bool:
        """Return whether a run of a sleep certainly computes its duration in the same way in both versions."""
        if chain not in self._has_same_duration:
            durations = self.matching.old.parametric_durations, self.matching.new.parametric_durations
            self._has_same_duration[chain] = self._are_same(chain, *durations)
        return self._has_same_duration[chain]

    def _are_same(self, chain: RunChain, old: Mapping[int, str], new: Mapping[int, str]) -> bool:
        counterparts = [each for number in chain if (each := self.matching.to_new[number]) is not None]
        if len(counterparts) != len(chain) or counterparts[-1] not in new:
            return False
        before, after = _text(self.matching.old, chain, old), _text(self.matching.new, counterparts, new)
        return bool(before) and self.matching.is_same_definition(before, after)


def _text(tree: Tree, chain: RunChain | list[int], parametric: Mapping[int, str]) -> str:
    """Return the text of a run of a step in a version, or an empty string if it is unknown."""
    text = parametric.get(chain[-1], "")
    for call in reversed(chain[:-1]):
        text = PARAMETER_MARK.sub(partial(_value, dict(tree.passed.get(call, ()))), text)
        if len(text) > _MAX_CHARACTERS:
            return ""
    return text if PARAMETER_MARK.search(text) is None else ""


def _value(passed: Mapping[str, str], mark: re.Match[str]) -> str:
    """Return the value of a parameter, or its mark if the value is unknown."""
    return passed.get(mark[0]) or mark[0]
