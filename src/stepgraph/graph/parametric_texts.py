"""The names and durations of steps in functions that depend on parameters, and the values that calls pass for these."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.model.details import Part, parameter_marks, parts_of
from stepgraph.model.walk import STEP_TYPES
from stepgraph.syntax.definitions.defined_texts import defined_name, parametric_condition, passed_value

if TYPE_CHECKING:
    from stepgraph.graph.places import Places
    from stepgraph.model.payload import Graph
    from stepgraph.syntax.definitions.variable_definitions import DefinitionScope
    from stepgraph.syntax.module import SourcePlace


class ParametricTexts(Struct):
    """The texts of parts with marks for parameters, by the identity of the part."""

    names: dict[int, str] = field(default_factory=dict)
    """The names of steps and conditions of branches that depend on parameters."""
    durations: dict[int, str] = field(default_factory=dict)
    """The durations of sleeps that depend on parameters."""
    passed: defaultdict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """The values that calls pass, after the marks of the parameters."""

    @classmethod
    def of(
        cls, graph: Graph, places: Places, functions: Mapping[str, SourcePlace], scope: DefinitionScope
    ) -> ParametricTexts:
        """Return the texts of a graph with the places of its functions."""
        texts = cls()
        for part in parts_of(graph) if functions else ():
            place = places.of(part) or places.record_of(part).choice
            if place is None:
                continue
            if isinstance(condition := part.get("condition"), str):
                text = parametric_condition(condition, place, scope)
                if parameter_marks(text):
                    texts.names[id(part)] = text
            if part.get("type") not in STEP_TYPES:
                continue
            for field_name, by_part in (("name", texts.names), ("duration", texts.durations)):
                text = defined_name(str(part.get(field_name, "")), place, scope, is_parametric=True)
                if parameter_marks(text):
                    by_part[id(part)] = text
        texts._add_passed(graph, places, functions, scope)
        return texts

    def _add_passed(
        self, graph: Graph, places: Places, functions: Mapping[str, SourcePlace], scope: DefinitionScope
    ) -> None:
        """Add the values for all parameters in the texts, and for those in these values."""
        calls: defaultdict[str, list[tuple[Part, SourcePlace]]] = defaultdict(list)
        for part in parts_of(graph) if scope.marks else ():
            place = places.of(part)
            if place is not None and part.get("type") == "function_call":
                calls[str(part["name"])].append((part, place))
        keys = {place.node: key for key, place in functions.items()}
        marks = deque(self._marks((*self.names.values(), *self.durations.values()), scope))
        visited = set(marks)
        while marks:
            mark = marks.popleft()
            function, parameter = scope.marks[mark]
            key = keys[function]
            for part, place in calls[key]:
                value = passed_value(place, functions[key], parameter, scope)
                self.passed[id(part)].append((mark, value))
                added = [each for each in self._marks([value], scope) if each not in visited]
                visited.update(added)
                marks.extend(added)

    @staticmethod
    def _marks(texts: Iterable[str], scope: DefinitionScope) -> list[str]:
        """Return the different marks in texts."""
        marks = dict.fromkeys(mark for text in texts for mark in parameter_marks(text))
        return [mark for mark in marks if mark in scope.marks]
