"""Names, durations and times as the graph shows them: constants as they are, anything else as source in braces."""

from __future__ import annotations

import math
from typing import Final

from stepgraph.model.payload import Number
from stepgraph.program.values import Argument, Constant, Moment, Template, Value
from stepgraph.syntax.module import Place

# Bits of a whole number beyond which no reader of JSON takes it for one.
WIDEST_NUMBER: Final = 512


def text_of(value: Value, place: Place) -> str:
    """Return a value as text, for which `place` is the source."""
    match value:
        case Constant(value=str(text)) | Template(text=text):
            return text
        case _:
            return "{" + place.text + "}"


def name_text(argument: Argument | None) -> str:
    """Return the name of a step."""
    return "{}" if argument is None else text_of(argument.value, argument.place)


def duration_text(argument: Argument | None) -> Number | str:
    """Return a duration: milliseconds, or text as given."""
    return "{}" if argument is None else duration_of(argument.value, argument.place)


def duration_of(value: Value, place: Place) -> Number | str:
    """Return a duration: milliseconds, or text as given."""
    number = number_of(value)
    return text_of(value, place) if number is None else number


def number_of(value: Value) -> Number | None:
    """Return a constant as a JSON number, None if it is none."""
    match value:
        case Constant(value=bool()):
            return None
        case Constant(value=int(number)) if number.bit_length() > WIDEST_NUMBER:
            return None
        case Constant(value=int(number) | float(number)) if math.isfinite(number):
            return number
        case _:
            return None


def timestamp_text(argument: Argument | None) -> str:
    """Return a point in time: text as given, a constant datetime as ISO 8601, a constant number as its digits."""
    if argument is None:
        return "{}"
    if isinstance(argument.value, Moment):
        return argument.value.text
    number = number_of(argument.value)
    if number is None:
        return text_of(argument.value, argument.place)
    return str(int(number)) if number == int(number) else repr(number)
