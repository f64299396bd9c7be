"""The effects of new code on running instances, independent of the output format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from stepgraph.execution.engine_rules import BEST_TO_WORST, InstanceEffect
from stepgraph.phrases import counted, enumeration
from stepgraph.replay.replay import Replay


class ReplayFailOn(StrEnum):
    """The least bad effect that fails a replay."""

    ANY = "any"
    """Any effect but `resumes`."""
    UNKNOWN = "unknown"
    """`unknown`, `reruns`, `stuck` or `fails`."""
    RERUNS = "reruns"
    """`reruns`, `stuck` or `fails`."""
    STUCK = "stuck"
    """`stuck` or `fails`."""
    NONE = "none"
    """No effect."""

    def fails(self, effect: InstanceEffect) -> bool:
        """Return whether an effect fails the replay."""
        if self is ReplayFailOn.NONE:
            return False
        least = "out_of_order" if self is ReplayFailOn.ANY else self.value
        return effect in BEST_TO_WORST[list(map(str, BEST_TO_WORST)).index(least) :]


class ReplayedInstance(Struct, frozen=True):
    """An instance, and the effect of new code on it."""

    title: str
    """The id of the instance, the path of its log, or `standard input`."""
    id: str
    """The id, or an empty string for a log from a file."""
    path: str | None
    """The file of the log, or None."""
    status: str
    """The status of the API, such as `running`."""
    workflow: str
    """The title of its workflow in the new code, or an empty string if it is not determined."""
    replay: Replay
    location: str = ""
    """The location in the source of the node that the first reason is about, or an empty string."""


class ReplayReport(Struct, frozen=True):
    """The effects of new code on instances."""

    instances: tuple[ReplayedInstance, ...]
    """The instances in flight, in the order of the logs."""
    ended: int
    """The number of instances that have ended, which new code does not affect."""
    deployed: str | None
    """The title of the deployed version, or None if it is unknown."""
    fail_on: ReplayFailOn
    version: str
    """The version of stepgraph."""
    has_saved_graph: bool = False
    """Whether the deployed or the new version is a saved graph."""

    @property
    def fails(self) -> bool:
        """Whether an effect is one that fails the replay."""
        return any(self.fail_on.fails(instance.replay.effect) for instance in self.instances)

    def count(self, effect: InstanceEffect) -> int:
        """Return the number of instances with an effect."""
        return sum(instance.replay.effect == effect for instance in self.instances)


_WITHOUT_DEPLOYED: Final = (
    "Assumes that conditions and loops decide as before, and that event types and the durations of open sleeps are "
    "unchanged. To compare them, name the deployed version with --from."
)
_WITH_DEPLOYED: Final = "Assumes that unchanged conditions and loops decide as before."
_WITH_SAVED_GRAPH: Final = (
    "Assumes that conditions and loops with the same text decide as before: saved graphs lack the values of constants "
    "and the code of functions. To compare these, name a revision or directory with --from."
)


def effect_text(effect: InstanceEffect) -> str:
    """Return an effect in words, such as `out of order`."""
    return effect.replace("_", " ")


def count_line(report: ReplayReport) -> str:
    """Return the number of instances and effects: `3 instances in flight (reruns: 1, resumes: 2)`."""
    counts = Counter(instance.replay.effect for instance in report.instances)
    effects = [f"{effect_text(effect)}: {counts[effect]}" for effect in reversed(BEST_TO_WORST) if counts[effect]]
    line = f"{counted(len(report.instances), 'instance')} in flight ({', '.join(effects)})"
    return f"{line}, {counted(report.ended, 'other')} ended" if report.ended else line


def assumption(report: ReplayReport) -> str:
    """Return the assumption behind the effects as a sentence."""
    if report.deployed is None:
        return _WITHOUT_DEPLOYED
    return _WITH_SAVED_GRAPH if report.has_saved_graph else _WITH_DEPLOYED


_ADVICE: Final[Mapping[InstanceEffect, str]] = {
    "fails": "keep the `except` clause of the stored error, or restart the instance after the deployment",
    "stuck": "send the event (any event for a sleep), or keep the old sleep or wait",
    "reruns": "keep the old name and duration, or move the change after the step that the instance is at",
    "unknown": "check the named code, or deploy when the instance has ended",
    "out_of_order": "check that the order of these steps does not matter",
}
_ADVICE_WITHOUT_DEPLOYED: Final = "name the deployed version with --from"


def advice(report: ReplayReport) -> list[str]:
    """Return the remedy for each effect in the report, the worst first: `reruns: keep the old name`."""
    texts = {**_ADVICE, "unknown": _ADVICE_WITHOUT_DEPLOYED} if report.deployed is None else _ADVICE
    return [
        f"{effect_text(effect)}: {texts[effect]}"
        for effect in reversed(BEST_TO_WORST)
        if effect in texts and report.count(effect)
    ]


def remarks_on(replay: Replay) -> list[str]:
    """Return the reasons for an effect, or for an instance that resumes where it continues, and the notes."""
    return [*(replay.reasons or [_continuation(replay)]), *replay.notes]


def _continuation(replay: Replay) -> str:
    orphans = f" The new code does not call {_listed(replay.orphans)}." if replay.orphans else ""
    if replay.taken_up:
        return f"Continues at {_listed(replay.taken_up)}.{orphans}"
    if replay.reused:
        return f"Continues after `{replay.reused[-1]}`.{orphans}"
    return f"Starts from the beginning.{orphans}" if orphans else "Has not run a step."


_MAX_NAMES: Final = 3


def _listed(names: tuple[str, ...]) -> str:
    return enumeration(names, most=_MAX_NAMES)
