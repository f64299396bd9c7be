"""Which results the function of a step receives."""

from __future__ import annotations

from msgspec import Struct


class StepInput(Struct, frozen=True):
    """A parameter of a step's function that receives the result of another step."""

    parameter: str
    """The name of the parameter, empty if it is unknown which one it is."""
    steps: tuple[str, ...]
    """The names of the steps, exactly one of which runs."""
