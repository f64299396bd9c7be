"""The settings of a step and the parameters of its function, as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.model.vocabulary import DEFAULT_BACKOFF, DEFAULT_DELAY, DEFAULT_RETRIES, DEFAULT_TIMEOUT
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Backoff, Number


class MergedStepConfig(Struct, frozen=True):
    """The configuration of a step, merged with the engine's defaults."""

    limit: Number = DEFAULT_RETRIES
    """The maximum number of retries."""
    delay: Number | str = DEFAULT_DELAY
    """The delay before the first retry, in milliseconds or as source text."""
    backoff: Backoff = DEFAULT_BACKOFF
    timeout: Number | str = DEFAULT_TIMEOUT
    """The time limit of one attempt, in milliseconds or as source text."""


class StepParameter(Struct, frozen=True):
    """A parameter of a step's function."""

    name: str
    """The name of the parameter: `ctx`, or the name of a required step. In legacy mode, any name is allowed."""
    place: SourcePlace
    has_default: bool
    """Whether the parameter has a default, which the SDK ignores."""
