"""The regions of a graph that an instance may still run, or might have run if it had not ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct, field

from stepgraph.execution.parts import Path
from stepgraph.execution.regions import Region


class Reach(Struct):
    """Determines whether a region without runs is within reach."""

    entered: AbstractSet[Path]
    """The regions in which steps have certainly begun."""
    with_steps: AbstractSet[Path]
    """The regions with steps, including steps in functions that they call."""
    with_unawaited: AbstractSet[Path]
    """The regions with work that nothing awaits, including work in functions that they call."""
    open: set[Path] = field(default_factory=set)
    """The regions with steps that can still begin, including steps in functions that they may still call."""
    _first_entered: dict[Path, int] = field(default_factory=dict)
    """The index of the first child in which steps have begun, by the path of the parent."""
    _last_entered: dict[Path, int] = field(default_factory=dict)
    """The index of the last child in which steps have begun, by the path of the parent."""

    @classmethod
    def of(cls, regions: Mapping[Path, Region], entered: AbstractSet[Path], reachable: Iterable[Path]) -> Reach:
        """Return the regions within reach if the steps with the paths `reachable` can still begin."""
        callers = _callers(regions)
        reach = cls(
            entered,
            _enclosing((region for region in regions.values() if region.is_step), callers),
            _enclosing((region for region in regions.values() if region.is_unawaited), callers),
        )
        for region in (regions[path] for path in entered):
            if region.parent is not None:
                parent, index = region.parent.path, region.index
                reach._first_entered[parent] = min(index, reach._first_entered.get(parent, index))
                reach._last_entered[parent] = max(index, reach._last_entered.get(parent, index))
        open_steps = (regions[path] for path in reachable if path in regions)
        reach.open.update(_enclosing(open_steps, callers, lambda call: not reach.is_passed(call)))
        return reach

    def __contains__(self, region: Region) -> bool:
        """Return whether a region is within reach. A region without steps is within reach if its parent is."""
        while region.path not in self.with_steps and region.parent is not None:
            if self.is_passed(region):
                return False
            region = region.parent
        return region.path in self.open

    def is_passed(self, region: Region) -> bool:
        """Return whether the instance is certainly past a region, and no pass of a loop or call can return to it.

        Work in a group may continue after the group, if nothing awaits it or if another member has failed.
        """
        if region.path in self.with_unawaited:
            return False
        is_passed = False
        for each in (region, *region.enclosing()):
            parent = each.parent
            if parent is None:
                return is_passed and each.kind == "workflow"
            if parent.kind == "parallel":
                return False
            is_passed = is_passed or self._is_before_last(each, parent)
            if parent.kind in {"loop", "step_do"}:  # which may run its nodes again
                is_passed = False
        return is_passed

    def follows_entered(self, region: Region) -> bool:
        """Return whether steps have begun in a sibling before a region."""
        first = None if region.parent is None else self._first_entered.get(region.parent.path)
        return first is not None and first < region.index

    def _is_before_last(self, region: Region, parent: Region) -> bool:
        """Return whether a child of a region cannot run after the children in which steps have begun."""
        last = self._last_entered.get(parent.path)
        if last is None:
            return False
        return region.path not in self.entered if parent.is_choice else last > region.index


def _callers(regions: Mapping[Path, Region]) -> dict[str, list[Region]]:
    """Return the calls of each function, by name."""
    callers: dict[str, list[Region]] = {}
    for region in regions.values():
        if region.node is not None and region.node["type"] == "function_call":
            callers.setdefault(region.node["name"], []).append(region)
    return callers


def _enclosing(
    regions: Iterable[Region],
    callers: Mapping[str, list[Region]],
    is_included: Callable[[Region], bool] = lambda _: True,
) -> set[Path]:
    """Return the paths of regions, of their enclosing regions, and of the included calls that lead to these."""
    paths: set[Path] = set()
    pending = list(regions)
    while pending:
        region: Region | None = pending.pop()
        while region is not None and region.path not in paths:
            paths.add(region.path)
            if region.node is not None and region.node["type"] == "function_def":
                pending += filter(is_included, callers.get(region.node["name"], ()))
            region = region.parent
    return paths
