"""The names that the arguments of calls decide for the runs of steps in functions.

`await self.charge(step, "card")` decides the name of the step `charge {method}` in the function `charge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from stepgraph.execution.names import NamePattern
from stepgraph.model.details import NO_DETAILS, ComparableDetails, text_of_run
from stepgraph.model.expressions import partial_text
from stepgraph.model.payload import Node
from stepgraph.model.walk import is_step


class RunNames(Struct, frozen=True):
    """The names that the arguments of calls decide, for any step and the calls around it."""

    texts: Mapping[str, tuple[str, str]]
    """The names of steps with marks for parameters, and their names in the graph, by path."""
    passed: Mapping[str, Mapping[str, str]]
    """The values that each call passes, by mark."""
    _names: dict[tuple[str, tuple[str, ...]], str | None] = field(default_factory=dict)
    """The results of `name_of` so far."""

    @classmethod
    def of(cls, nodes: Mapping[str, Node], details: ComparableDetails) -> RunNames:
        """Return the names of the steps of a graph, by the path of its nodes."""
        texts: dict[str, tuple[str, str]] = {}
        passed: dict[str, Mapping[str, str]] = {}
        for path, node in nodes.items():
            computed = details.texts_of(node)
            if computed.parametric_name and is_step(node):
                texts[path] = computed.parametric_name, node["name"]
            if computed.passed:
                passed[path] = dict(computed.passed)
        return cls(texts, passed)

    def name_of(self, path: str, calls: tuple[str, ...]) -> str | None:
        """Return the name of a run, with unknown expressions in braces. Return None if calls decide nothing of it.

        `path` is the path of the step, and `calls` are the paths of the calls around it, outermost first.
        """
        if path not in self.texts:
            return None
        if (path, calls) not in self._names:
            text, name = self.texts[path]
            passed = (self.passed.get(call, {}) for call in reversed(calls))
            self._names[path, calls] = partial_text(text_of_run(text, passed), name)
        return self._names[path, calls]

    def may_be(self, path: str, calls: tuple[str, ...], name: str) -> bool:
        """Return whether a log may contain a run under a name."""
        pattern = self.name_of(path, calls)
        return pattern is None or NamePattern.of(pattern).matches(name)


NO_NAMES: Final = RunNames.of({}, NO_DETAILS)
