"""What all models of the API share: strictness, and the types of single values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, LiteralString, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """The base of every model of the API: strict, closed and frozen."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        # With any bound pydantic decodes a string, and so refuses lone surrogates, which no output could hold.
        str_min_length=0,
    )


Value = TypeVar("Value")


def _is_absent(value: object) -> bool:
    return value is None


IfKnown: TypeAlias = Annotated[Value | None, Field(exclude_if=_is_absent)]
"""A field that may be left out: None in Python, no key in JSON. Give it the default None."""


def _in_one_message(message: LiteralString) -> WrapValidator:
    """Return a validator that says `message` once, where a union would complain once for each of its members."""

    def validate(value: object, members: ValidatorFunctionWrapHandler) -> object:
        try:
            return members(value)
        except ValidationError:
            raise PydanticCustomError("union", message) from None

    return WrapValidator(validate)


def _read_iso(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("timestamp", "should be a date and time in ISO 8601") from None


Number: TypeAlias = Annotated[
    int | float,
    _in_one_message("should be a number"),
    WithJsonSchema({"type": "number"}),
]
"""A JSON number: integers stay integers; a boolean, an infinity or a NaN is no number."""

Duration: TypeAlias = Annotated[
    int | float | str,
    _in_one_message("should be a number of milliseconds or a string"),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
"""A number of milliseconds, or a text such as `10 minutes`."""

Timestamp: TypeAlias = Annotated[datetime, BeforeValidator(_read_iso)]
"""A `datetime`, or its ISO 8601 text; dumped as ISO 8601."""

Starts: TypeAlias = Annotated[
    IfKnown[Number],
    Field(
        description="In a group: the clock at which it begins, after all of the group that resolves there or before."
    ),
]
Resolves: TypeAlias = Annotated[
    IfKnown[Number], Field(description="In a group: the clock from which on it is known to be over.")
]
