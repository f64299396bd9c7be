"""The rules by which the engine resumes an instance. The effects of new code follow from these rules.

To resume an instance, the engine runs the code from the start. A call of a step, sleep or wait whose result is stored
does not run again; the engine returns the result, or raises the stored error. It finds the result by `ResultKey` and
the number of previous calls with the same key, as in `charge-1`. Code, configuration and conditions of finished steps
do not matter. A sleep or wait that has not ended continues under the same key; any other begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.durations import as_float, parse_duration
from stepgraph.json_text import canonical_json


class ResultKey(Struct, frozen=True):
    """The key of stored results. Calls with equal keys are counted in the order in which they start."""

    kind: str
    """The type of the step."""
    name: str
    """The name of the step."""
    duration: str
    """The duration of a sleep in milliseconds or as source, or an empty string for other steps."""


def result_key(kind: str, fields: Mapping[str, object]) -> ResultKey:
    """Return the key of the results of a step with the fields of its payload."""
    name = fields.get("name")
    return ResultKey(kind, name if isinstance(name, str) else "", _duration_key(fields) if kind == "step_sleep" else "")


def _duration_key(fields: Mapping[str, object]) -> str:
    duration = fields.get("duration")
    milliseconds = milliseconds_of(duration)
    return canonical_json(duration) if milliseconds is None else f"{milliseconds:g}"


def milliseconds_of(duration: object) -> float | None:
    """Return a duration of a payload in milliseconds, or None if it is unknown before the run or invalid."""
    if isinstance(duration, str):
        parsed = None if "{" in duration else parse_duration(duration)
        return None if parsed is None else parsed.milliseconds
    return as_float(duration) if isinstance(duration, int | float) and not isinstance(duration, bool) else None


def has_computed_duration(kind: str, fields: Mapping[str, object]) -> bool:
    """Return whether the duration of a sleep may change between its call and a resume, which then begins it again."""
    return kind == "step_sleep_until" or (kind == "step_sleep" and milliseconds_of(fields.get("duration")) is None)


InFlight: TypeAlias = Literal["waits", "retries"]
"""Where instances are assumed to be: at sleeps and waits only, or also at steps that may take a minute or more."""


class Effect(IntEnum):
    """Effect of a change on all instances that may be in flight, from best to worst."""

    SAFE = 0
    """The engine uses all saved results as before."""
    OUT_OF_ORDER = 1
    """A step runs after the instance resumes, although steps that now follow it have already run."""
    BREAKING = 2
    """The engine loses saved results, uses them for other steps, or restarts or abandons a wait."""

    @property
    def label(self) -> str:
        """The name in reports, such as `out of order`."""
        return self.name.lower().replace("_", " ")


InstanceEffect: TypeAlias = Literal["resumes", "out_of_order", "reruns", "stuck", "fails", "unknown"]
"""Effect of new code on one instance.

`resumes`: it continues where it is. `out_of_order`: a step runs, although steps that now follow it have already run.
`reruns`: finished work, or a sleep or wait that has begun, runs again. `stuck`: it waits for something that never
happens. `fails`: it ends with an error. `unknown`: the log and the code do not determine the effect, or a step gets the
result of another one.
"""

BEST_TO_WORST: Final[Sequence[InstanceEffect]] = ("resumes", "out_of_order", "unknown", "reruns", "stuck", "fails")
"""A certain effect is worse than an unknown one, except for a changed order, which may not matter."""
