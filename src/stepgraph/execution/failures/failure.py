"""The reason why an instance failed: the failed step or the program, its error, and statements that did not stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.execution.failures.errors import (
    InstanceError,
    original_type,
    raised_type,
    text_between,
    type_in_program,
)
from stepgraph.execution.failures.handlers import PassedStatement, passed_statements, regions_around
from stepgraph.execution.instance import Instance, all_entries, instance_of
from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.match import Place
from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.names import NamePattern
from stepgraph.execution.parts import Path
from stepgraph.execution.regions import Region, regions_of
from stepgraph.execution.restarts import RestartPoint, restart_points
from stepgraph.limits import RESTART_POINTS
from stepgraph.model.details import NO_DETAILS, ComparableDetails, Detail, Part
from stepgraph.model.payload import Graph

Cause: TypeAlias = Literal[
    "step_failed",
    "wait_timed_out",
    "result_rejected",
    "config_rejected",
    "name_rejected",
    "step_limit",
    "time_has_passed",
    "program_raised",
    "retrying",
]
"""The cause of a failure.

- `step_failed`: the last attempt of a step failed
- `wait_timed_out`: no event arrived in time
- `result_rejected`: the engine cannot store the result of a step
- `config_rejected`, `name_rejected`: the engine refuses to run a step, which then has no log entry
- `step_limit`: the instance has begun too many steps
- `time_has_passed`: a `sleep_until` was called with a time in the past
- `program_raised`: code between steps raised an exception
- `retrying`: the instance has not failed, but a step has, and waits for its next attempt
"""

_REJECTED_CONFIG: Final = ('Step config for "', '" is in a ')
_REJECTED_NAME: Final = ('Step name "', '" exceeds max length ')
_STEP_LIMIT: Final = ("The limit of ", " steps has been reached")
_PAST_TIME: Final = "You can't sleep until a time in the past"


class Failure(Struct, frozen=True):
    """The reason why an instance failed, or why a step of a running instance is retried."""

    instance: Instance
    cause: Cause
    error: str
    """The error of the instance or, for `retrying`, of the last attempt."""
    entry: PlacedEntry | None = None
    """The step or wait that failed, or None if the program raised the error or the log does not determine it."""
    candidates: tuple[PlacedEntry, ...] = ()
    """The steps with the error of the instance, if several have it."""
    inner: PlacedEntry | None = None
    """The step in the body of the failed step that failed first, or None."""
    type_name: str = ""
    """The exception type that the program received for the error of `entry`."""
    rejected: tuple[Path, ...] = ()
    """The nodes of a step that the engine refused to run."""
    rejected_name: str = ""
    """The name of the step that the engine refused to run, or whose result it refused."""
    before: tuple[PlacedEntry, ...] = ()
    """The entries that began before the failure, in the order of the log."""
    last: PlacedEntry | None = None
    """The last entry that ended before the program raised the error, or None."""
    expected: tuple[Path, ...] = ()
    """The steps that could have begun next when the program raised the error."""
    raises: tuple[Part, ...] = ()
    """The parts of the graph with a `raise` of the type of the error."""
    passed: tuple[PassedStatement, ...] = ()
    """The statements that could have stopped the error, innermost first."""
    is_path_known: bool = False
    """Whether `passed` is complete. It is empty if the log does not show which call of a function failed."""
    restarts: tuple[RestartPoint, ...] = ()
    """The steps from which the instance can be restarted, the last one first."""
    expired_sleeps: tuple[PlacedEntry, ...] = ()
    """The finished sleeps until a fixed time, at which a restart fails once the time has passed."""


def failure_of(instance: Instance, graph: Graph, details: ComparableDetails = NO_DETAILS) -> Failure | None:
    """Return the reason why an instance failed, or why a step of it is retried.

    Returns None if it neither failed nor waits for the next attempt of a step.
    """
    diagnosis = _Diagnosis(instance, graph, details, regions_of(graph["workflow"]), all_entries(instance))
    if instance.log.has_failed:
        return diagnosis.failed()
    return None if instance.log.status == "complete" else diagnosis.retrying()


class _Diagnosis(Struct, frozen=True):
    """The diagnosis of one failure."""

    instance: Instance
    graph: Graph
    details: ComparableDetails
    regions: Mapping[Path, Region]
    entries: tuple[PlacedEntry, ...]

    def retrying(self) -> Failure | None:
        entry = next((each for each in self.entries if each.log.is_between_attempts), None)
        if entry is None:
            return None
        return self._of_entry(Failure(self.instance, "retrying", entry.log.error), entry)

    def failed(self) -> Failure:
        failure = Failure(self.instance, "program_raised", self.instance.log.error)
        candidates = self._candidates()
        if not candidates:
            return self._of_program(failure)
        steps = _paths_of(candidates)
        outer = [each for each in candidates if not self._is_inside(each, steps)]
        certain = [each for each in outer if each.log.index == self.instance.failure]
        entry = max(certain or outer, key=self._end)
        rivals = tuple(each for each in certain or outer if each is entry or _overlap(each.log, entry.log))
        failure = replace(failure, cause=_cause_of_entry(entry.log, failure.error))
        if len(rivals) > 1:
            return self._with_restarts(replace(failure, candidates=rivals), min(each.log.index for each in rivals))
        failure = replace(failure, inner=self._inner(entry))
        return self._with_restarts(self._of_entry(failure, entry), entry.log.index)

    def _inner(self, entry: PlacedEntry) -> PlacedEntry | None:
        """Return the last failed step in the body of a failed step with the same error, or None."""
        steps = _paths_of([entry])
        failed = (each for each in reversed(self.entries) if each.log.outcome == "failed")
        inside = (each for each in failed if self._is_inside(each, steps))
        error = InstanceError.of(entry.log.error)
        return next((each for each in inside if error.is_same(each.log.error)), None)

    def _candidates(self) -> list[PlacedEntry]:
        """Return the failed entries with the error of the instance that ended before it, or else at any time."""
        error, end = self.instance.log.error, self.instance.log.end
        if not error:
            return self._last_failed()
        comparable = InstanceError.of(error)
        failed = [each for each in self.entries if comparable.is_of(each.log)]
        in_time = [each for each in failed if end is None or each.log.end is None or each.log.end <= end]
        return in_time or failed

    def _last_failed(self) -> list[PlacedEntry]:
        """Return the entry that ended last, if it failed: the probable reason if the log lacks the error."""
        ended = [each for each in self.entries if each.log.end is not None]
        last = max(ended, key=self._end, default=None)
        return [last] if last is not None and last.log.outcome == "failed" else []

    def _is_inside(self, entry: PlacedEntry, steps: frozenset[Path]) -> bool:
        """Return whether an entry is a run of a step in the body of one of the steps."""
        places = entry.places
        return bool(places) and all(
            any(outer.path in steps for outer in regions_around(place, self.regions)[1:]) for place in places
        )

    def _end(self, entry: PlacedEntry) -> tuple[float, int]:
        return (float("inf") if entry.log.end is None else entry.log.end, entry.log.index)

    def _of_entry(self, failure: Failure, entry: PlacedEntry) -> Failure:
        type_name = type_in_program(entry.log)
        # An instance with a result that cannot be stored ends without returning to the program.
        places = () if failure.cause == "result_rejected" else entry.places
        paths = {self._passed(place, type_name) for place in places}
        passed = next(iter(paths)) if len(paths) == 1 else ()
        return replace(
            failure,
            entry=entry,
            type_name=type_name,
            before=self._before(entry.log.index),
            passed=tuple(self._with_earlier_error(each, entry) for each in passed),
            is_path_known=len(paths) == 1,
        )

    def _passed(self, place: Place, type_name: str) -> tuple[PassedStatement, ...]:
        return passed_statements(regions_around(place, self.regions), self.details, type_name)

    def _with_earlier_error(self, passed: PassedStatement, entry: PlacedEntry) -> PassedStatement:
        """Add the failed entry in the same `try` that led to its handler or `finally`."""
        if passed.reason not in ("in_handler", "in_finally"):
            return passed
        failed = (each for each in reversed(self._before(entry.log.index)) if each.log.outcome == "failed")
        is_inside = (each.log for each in failed if _is_below(each.place, f"{passed.path}."))
        return replace(passed, earlier=next(is_inside, None))

    def _of_program(self, failure: Failure) -> Failure:
        failure = self._rejected(failure)
        expected = self._expected()
        sleeps = self._expired_sleeps()
        if failure.cause == "time_has_passed":
            paths = [each.place.path for each in sleeps if each.place is not None]
            paths += [path for path in expected if self._is_until(path)]
            failure = replace(failure, rejected=tuple(dict.fromkeys(paths)))
        end = self.instance.log.end
        ended = [each for each in self.entries if each.log.end is not None and (end is None or each.log.end <= end)]
        failure = replace(
            failure,
            before=self.entries,
            last=max(ended, key=self._end, default=None),
            expected=expected,
            raises=self._raises() if failure.cause == "program_raised" else (),
        )
        indexes = [each.log.index for each in (sleeps if failure.cause == "time_has_passed" else ())]
        return self._with_restarts(failure, min(indexes, default=len(self.entries)))

    def _rejected(self, failure: Failure) -> Failure:
        """Add the cause of an error of the engine for a step that has no log entry."""
        error = failure.error
        if _PAST_TIME in error:
            return replace(failure, cause="time_has_passed")
        if text_between(error, *_STEP_LIMIT) is not None:
            return replace(failure, cause="step_limit")
        for cause, texts in _REJECTIONS.items():
            name = text_between(error, *texts)
            if name is not None:
                return replace(failure, cause=cause, rejected_name=name, rejected=self._steps_named(name))
        return failure

    def _steps_named(self, name: str) -> tuple[Path, ...]:
        return tuple(
            path
            for path, region in self.regions.items()
            if region.node is not None
            and region.node["type"] == "step_do"
            and NamePattern.of(region.node["name"]).matches(name)
        )

    def _expected(self) -> tuple[Path, ...]:
        """Return the steps that could have begun next when the instance ended."""
        if not self.instance.fits:
            return ()
        running = replace(self.instance.log, status="running", end=None, error="")
        return tuple(dict.fromkeys(place.path for place in instance_of(running, self.graph, details=self.details).next))

    def _raises(self) -> tuple[Part, ...]:
        type_name = original_type(self.instance.log.error)
        if not type_name:
            return ()
        return tuple(
            part
            for part, detail in self.details.items
            if any(raised_type(text) == type_name for text in _raised(detail))
        )

    def _before(self, index: int) -> tuple[PlacedEntry, ...]:
        return tuple(each for each in self.entries if each.log.index < index)

    def _is_in_step(self, place: Place) -> bool:
        return any(outer.is_step for outer in regions_around(place, self.regions)[1:])

    def _expired_sleeps(self) -> list[PlacedEntry]:
        return [
            each
            for each in self.entries
            if each.log.kind == "sleep"
            and each.log.outcome == "done"
            and each.place is not None
            and self._is_until(each.place.path)
        ]

    def _is_until(self, path: Path) -> bool:
        region = self.regions.get(path)
        return region is not None and region.kind == "step_sleep_until"

    def _with_restarts(self, failure: Failure, last: int) -> Failure:
        entries = [each.log for each in self.entries]
        points = restart_points(entries, last, self._nested(), RESTART_POINTS)
        return replace(failure, restarts=tuple(points), expired_sleeps=tuple(self._expired_sleeps()))

    def _nested(self) -> frozenset[int]:
        return frozenset(
            each.log.index for each in self.entries if any(self._is_in_step(place) for place in each.places)
        )


_REJECTIONS: Final[Mapping[Cause, tuple[str, str]]] = {
    "config_rejected": _REJECTED_CONFIG,
    "name_rejected": _REJECTED_NAME,
}


def _cause_of_entry(entry: LogEntry, error: str) -> Cause:
    if entry.kind != "step":
        return "wait_timed_out"
    return "step_failed" if InstanceError.of(error).rejected_result is None else "result_rejected"


def _paths_of(entries: Sequence[PlacedEntry]) -> frozenset[Path]:
    return frozenset(place.path for each in entries for place in each.places)


def _overlap(first: LogEntry, second: LogEntry) -> bool:
    """Return whether two entries may have run concurrently."""
    return not (first.ended_before(second) or second.ended_before(first))


def _is_below(place: Place | None, prefix: str) -> bool:
    return place is not None and any(path.startswith(prefix) for path in (place.path, *place.calls))


def _raised(detail: Detail) -> tuple[str, ...]:
    """Return the `raise` statements of a part."""
    return (detail.source, detail.final_raise, *(statement for _, statement in detail.guards))
