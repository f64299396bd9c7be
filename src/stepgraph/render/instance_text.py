"""An instance in sentences: its status, its open steps, the next steps, and the reason why a log does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.instance import EntryState, Instance, PlacedEntry
from stepgraph.execution.log import EntryKind, InstanceLog, LogEntry
from stepgraph.execution.matching.match import Place
from stepgraph.execution.names import NamePattern
from stepgraph.execution.open_entries import deadline, next_attempt
from stepgraph.execution.parts import Path
from stepgraph.model.walk import is_step, paths_of
from stepgraph.phrases import capitalized, elapsed_text, enumeration, instant_text, shortened
from stepgraph.render.progress_text import retry_text

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Step, Workflow


_STATUS_WORDS: Final[Mapping[str, str]] = {"waitingForPause": "pausing", "rollingBack": "rolling back"}
"""The words for the statuses of the API that are not words themselves."""
_OPEN_WORDS: Final[Mapping[EntryState, str]] = {
    "retrying": "retrying",
    "sleeping": "sleeping at",
    "waiting": "waiting at",
    "running": "running",
}
_END: Final = "the end of the workflow"
_END_WITH_ERROR: Final = "the end of the workflow, with an error"
MAX_STEPS: Final = 20
"""The maximum number of next or expected steps that reports list."""
_MAX_NAMES: Final = 8
"""The maximum number of steps or entries that a sentence names."""
_MAX_NAME_CHARACTERS: Final = 100


def log_defect(entries: Sequence[LogEntry]) -> str:
    """Return a defect of a log with advice, or an empty string for a sound log.

    The engine lists entries in the order of their starts, counts the calls of each name from one, and does not
    retry a step after a success.
    """
    defects = (*_repetitions(entries), *_disorder(entries), *_gaps(entries), *_late_attempts(entries))
    return next(iter(defects), "")


def _repetitions(entries: Sequence[LogEntry]) -> Iterator[str]:
    """Yield the first repeated entry. Sleeps of one name have equal counters if their durations differ."""
    numbers: dict[tuple[EntryKind, str], int] = {}
    for number, entry in enumerate(entries, 1):
        earlier = numbers.setdefault((entry.kind, entry.log_name), number)
        if earlier != number and (entry.kind != "sleep" or entry.start == entries[earlier - 1].start):
            repeated = f"{_entry(number, entry)}, repeats entry {earlier}"
            yield f"{capitalized(repeated)}. Save the log again, without entries of other instances."
            return


def _disorder(entries: Sequence[LogEntry]) -> Iterator[str]:
    for number, (first, second) in enumerate(pairwise(entries), 1):
        if first.start is not None and second.start is not None and second.start < first.start:
            names = f"{_entry(number + 1, second)}, began before {_entry(number, first)}"
            yield f"{capitalized(names)}: sort the `steps` of the log by `start`."
            return


def _gaps(entries: Sequence[LogEntry]) -> Iterator[str]:
    """Yield the first entry whose counter skips a number. Several sleeps with other durations may have its number."""
    names: set[tuple[EntryKind, str]] = set()
    for number, entry in enumerate(entries, 1):
        names.add((entry.kind, entry.log_name))
        previous = f"{entry.name}-{entry.count - 1}"
        if entry.count > 1 and (entry.kind, previous) not in names:
            missing = f"The log lacks an entry `{brief_line(previous)}` before {_entry(number, entry)}"
            yield f"{missing}. Save the complete log."
            return


def _late_attempts(entries: Sequence[LogEntry]) -> Iterator[str]:
    """Yield the first entry with an attempt after a successful one."""
    for number, entry in enumerate(entries, 1):
        if any(attempt.succeeded for attempt in entry.attempts[:-1]):
            yield f"{capitalized(_entry(number, entry))}, has an attempt after a successful one. Save the log again."
            return


def _entry(number: int, entry: LogEntry) -> str:
    return f"entry {number}, `{brief_line(entry.log_name)}`"


def status_words(log: InstanceLog) -> str:
    """Return the status in words: `rolling back`."""
    return shortened(_STATUS_WORDS.get(log.status, log.status))


def status_text(log: InstanceLog) -> str:
    """Return the status with its time: `running · started 2026-11-27 10:38:07 UTC`."""
    words = status_words(log)
    if log.start is None:
        return words
    if log.has_ended and log.end is not None:
        return f"{words} after {elapsed_text(log.end - log.start)} · ended {instant_text(log.end)}"
    return f"{words} · started {instant_text(log.start)}"


def misfit_advice(instance: Instance, *, is_incomplete: bool) -> str:
    """Return the advice on a log that does not fit a graph, which may be incomplete."""
    if defect := log_defect(instance.log.entries):
        return defect
    advice = "If the instance runs another version of the code, check it out, or pass its graph with --graph FILE."
    if is_incomplete:
        advice = f"The graph is incomplete and may lack the step: see `stepgraph check`. {advice}"
    if instance.entries:
        return advice
    return f"If the log is from another workflow, pass the PATHS of its code. {advice}"


class ListedStep(Struct, frozen=True):
    """A step in a list, such as the steps that can begin next."""

    step: Step
    condition: str = ""
    """The condition under which it begins, such as "if `charge` fails", or an empty string."""
    run_name: str = ""
    """The name in the log without its counter, as far as it is known."""

    @property
    def name(self) -> str:
        """The name in the log, or in the graph."""
        return self.run_name or self.step["name"]


class InstanceText(Struct, frozen=True):
    """The sentences about an instance."""

    instance: Instance
    nodes: Mapping[Path, Node]
    """The nodes of the graph, by path."""

    @classmethod
    def of(cls, instance: Instance, workflow: Workflow) -> InstanceText:
        """Return the sentences about an instance of the workflow that it was matched with."""
        return cls(instance, dict(paths_of(workflow)))

    def failed_step(self) -> ListedStep | None:
        """Return the step whose failure ended the instance, or None if it is unknown."""
        entry = next((each for each in self.instance.entries if each.log.index == self.instance.failure), None)
        node = None if entry is None or entry.place is None else self.nodes.get(entry.place.path)
        return ListedStep(node, run_name=entry.log.name) if entry and node is not None and is_step(node) else None

    def open_lines(self, limit: int = _MAX_NAMES) -> Iterator[str]:
        """Yield a line for each entry that has not ended, such as `waiting at 'payment' since ..., until ...`.

        Beyond `limit` entries, the last line is the number of the others.
        """
        entries = self.instance.current
        for each in entries[:limit]:
            yield self._open_line(each)
        if remaining := len(entries[limit:]):
            yield f"{remaining} more {'has' if remaining == 1 else 'have'} not ended"

    def _open_line(self, entry: PlacedEntry) -> str:
        log = entry.log
        since = "" if log.start is None else f" since {instant_text(log.start)}"
        verb = f"{'was ' if self.instance.log.has_ended else ''}{_OPEN_WORDS[entry.state]}"
        line = f"{verb} {_name(log.log_name)}{since}"
        is_paused = self.instance.log.status == "paused"
        if entry.state == "retrying":
            due = None if self.instance.log.has_ended else next_attempt(log)
            resume = ", after a resume" if is_paused else ""
            attempt = "" if due is None else f", next attempt at {instant_text(due)}{resume}"
            return f"{line}: {retry_text(log)}{attempt}"
        node = None if entry.place is None else self.nodes.get(entry.place.path)
        end = deadline(log, node if node is not None and is_step(node) else None)
        is_stopped = self.instance.log.has_ended or is_paused
        return line if end is None or is_stopped else f"{line}, until {instant_text(end)}"

    def end(self) -> str:
        """Return the end of a running instance without a next step in words, or an empty string for other instances."""
        if not self.instance.fits or self.instance.log.has_ended or self.instance.next:
            return ""
        return _END_WITH_ERROR if self.instance.ends_with_error else _END

    def next_steps(self) -> Iterator[ListedStep]:
        """Yield the steps that can begin next, once for each name that calls give them."""
        for (path, name), places in self._by_name(self.instance.next).items():
            step = self.nodes.get(path)
            if step is not None and is_step(step):
                yield ListedStep(step, _condition_of(self.instance, places), name)

    def _by_name(self, places: Iterable[Place]) -> dict[tuple[Path, str], list[Place]]:
        """Return runs by step and by the name that calls give them."""
        runs: dict[tuple[Path, str], list[Place]] = {}
        for place in places:
            runs.setdefault((place.path, self.instance.run_name(place)), []).append(place)
        return runs

    def ambiguity(self) -> str:
        """Return a sentence about the entries that fit several steps, or an empty string if there are none."""
        ambiguous = [each for each in self.instance.entries if each.alternatives]
        if not ambiguous:
            return ""
        verb = "fits" if len(ambiguous) == 1 else "fit"
        return f"{_enumeration(ambiguous)} {verb} several steps, and the log does not show which."

    def ignored(self) -> str:
        """Return a sentence about the entries that are not shown, or an empty string if there are none."""
        count = self.instance.log.ignored_entries
        if not count:
            return ""
        entries = "1 entry is" if count == 1 else f"{count:,} entries are"
        return f"{entries} ignored, because the type is unknown, such as that of a rollback, or the name is missing."

    def defect(self) -> str:
        """Return a defect of a log that fits, with advice, or an empty string. The advice on a misfit contains it."""
        return log_defect(self.instance.log.entries) if self.instance.misfit is None else ""

    def misfit(self) -> str:
        """Return the sentence about a log that does not fit, or an empty string for one that fits."""
        misfit, entries = self.instance.misfit, self.instance.log.entries
        if misfit is None:
            return ""
        entry = next((each for each in entries if each.index == misfit.index), None)
        return f"{self.instance.problem}.{'' if entry is None else self._unknown_name(entry)}"

    def expected_steps(self) -> Iterator[ListedStep]:
        """Yield the steps that could have begun in place of the entry that does not fit, as `next_steps` does."""
        misfit = self.instance.misfit
        for path, name in () if misfit is None else self._by_name(misfit.expected):
            step = self.nodes.get(path)
            if step is not None and is_step(step):
                yield ListedStep(step, run_name=name)

    def _unknown_name(self, entry: LogEntry) -> str:
        """Return a sentence about an entry whose name no step of the graph has, or an empty string."""
        names = {node["name"] for node in self.nodes.values() if is_step(node)}
        if any(NamePattern.of(name).matches(entry.name) for name in names):
            return ""
        return f" No step of the graph is named {_name(entry.name)}."


def next_conditions(instance: Instance) -> dict[Path, str]:
    """Return the conditions under which the next steps begin, such as "if `charge` fails", by path.

    A step that can begin at once, or under several conditions, has an empty string.
    """
    places: dict[Path, list[Place]] = {}
    for place in instance.next:
        places.setdefault(place.path, []).append(place)
    return {path: _condition_of(instance, same) for path, same in places.items()}


def _condition_of(instance: Instance, places: Sequence[Place]) -> str:
    """Return the condition under which one of several runs begins, as in `next_conditions`."""
    conditions = {_condition(instance, place) for place in places}
    return (conditions.pop() if len(conditions) == 1 else "") or _after(instance, places)


def _after(instance: Instance, places: Sequence[Place]) -> str:
    """Return the open entries that must end before any of several runs: "after `approval-1`", or an empty string."""
    awaited = frozenset.intersection(*(frozenset(instance.awaited.get(place, ())) for place in places))
    entries = [each for each in instance.current if each.log.index in awaited]
    return f"after {_enumeration(entries)}" if entries else ""


def _condition(instance: Instance, place: Place) -> str:
    """Return the error after which a next step begins, or an empty string."""
    if instance.begins_after_error(place):
        return "if the code raises an exception"
    failing = instance.failing.get(place, ())
    condition = _failure_condition([each for each in instance.current if each.log.index in failing])
    is_certain = not condition or place not in instance.after_own_error
    return condition if is_certain else f"{condition} or the code raises an exception"


def _failure_condition(protected: Sequence[PlacedEntry]) -> str:
    if not protected:
        return ""
    names = _enumeration(protected, "or")
    return f"if {names} times out" if all(each.state == "waiting" for each in protected) else f"if {names} fails"


def _enumeration(entries: Sequence[PlacedEntry], conjunction: str = "and") -> str:
    names = (shortened(each.log.log_name, _MAX_NAME_CHARACTERS) for each in entries)
    return enumeration(names, conjunction, _MAX_NAMES)


def _name(name: str) -> str:
    """Return a name in backquotes, cut to a legible length."""
    return f"`{shortened(name, _MAX_NAME_CHARACTERS)}`"
