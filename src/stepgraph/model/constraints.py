"""Constraints of payload fields beyond their types, for pydantic.

The constraints are part of `stepgraph.model.payload`, which must be cheap to import. Pydantic is therefore imported
only when a validator is built. In the validation context `LENIENT`, the constraints accept types and words of other API
versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, LiteralString, TypeAlias, TypeVar, get_args, get_type_hints

# On Python 3.11, pydantic rejects `typing.TypedDict`. This import is cheap, because LibCST needs the module, too.
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, ValidatorFunctionWrapHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

    CoreSchema = core_schema.CoreSchema

LENIENT: Final = "lenient"
"""The validation context in which unknown types and words are valid."""

UNKNOWN_TAG: Final = "\0unknown"
"""The tag of the union member for unknown types."""


class Closed(TypedDict):
    """The base class of payload and report shapes. Values must have the documented types, without additional fields."""


Closed.__pydantic_config__ = {  # type: ignore[attr-defined]
    "strict": True,
    "extra": "forbid",
    "allow_inf_nan": False,
    "use_attribute_docstrings": True,
    # A length limit makes pydantic decode strings and thus reject lone surrogates, which cannot be printed.
    "str_min_length": 0,
}


class NullIsAbsent:
    """A field that can be null or absent, with the same meaning. The API's Python client writes null."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticOmit, core_schema

        def validate(value: object) -> object:
            if value is None:
                raise PydanticOmit
            return value

        return core_schema.no_info_before_validator_function(validate, handler(source))


Value = TypeVar("Value")
OrNull: TypeAlias = Annotated[Value, NullIsAbsent()]


class MembersMessage:
    """A union with a single error message and description, instead of one for each member."""

    def __init__(self, message: LiteralString, json_schema: Mapping[str, object]) -> None:
        self.message: LiteralString = message
        self.json_schema = json_schema

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, ValidationError, core_schema

        def validate(value: object, members: ValidatorFunctionWrapHandler) -> object:
            try:
                return members(value)
            except ValidationError:
                raise PydanticCustomError("union", self.message) from None

        return core_schema.no_info_wrap_validator_function(validate, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.json_schema)


class IsoTimestamp:
    """A date and time in ISO 8601."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, core_schema

        def validate(value: object) -> str:
            try:
                if isinstance(value, str):
                    datetime.fromisoformat(value)
                    return value
            except ValueError:
                pass
            message = "should be a date and time in ISO 8601"
            raise PydanticCustomError("timestamp", message)

        return core_schema.no_info_before_validator_function(validate, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": "date-time"}


class Word:
    """One of several words. Lenient validation accepts any string."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        def validate(value: object, words: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
            return value if info.context is LENIENT and isinstance(value, str) else words(value)

        return core_schema.with_info_wrap_validator_function(validate, handler(source))


class Tagged:
    """A union whose field `type` selects the member. Lenient validation accepts other types as the member `unknown`."""

    def __init__(self, unknown: type) -> None:
        self.unknown = unknown

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

        members: dict[Any, CoreSchema] = {_tag(member): handler.generate_schema(member) for member in get_args(source)}

        def validate(value: object, info: ValidationInfo) -> object:
            if not isinstance(value, dict):
                raise PydanticKnownError("dict_type")
            tag = value.get("type")
            if tag is None:
                raise PydanticKnownError("union_tag_not_found", {"discriminator": "'type'"})
            if not isinstance(tag, str):
                raise PydanticCustomError("union_tag_type", "should be a string")
            if tag not in members and info.context is not LENIENT:
                tags = ", ".join(f"'{member}'" for member in members)
                context = {"discriminator": "'type'", "tag": tag, "expected_tags": tags}
                raise PydanticKnownError("union_tag_invalid", context)
            return value

        def tag_of(value: dict[str, object]) -> object:
            return value["type"] if value["type"] in members else UNKNOWN_TAG

        # One union for both modes: members with two references count twice against pydantic's depth limit.
        union = core_schema.tagged_union_schema({**members, UNKNOWN_TAG: handler.generate_schema(self.unknown)}, tag_of)
        return core_schema.with_info_before_validator_function(validate, union)


def _tag(member: type) -> str:
    """Return the value of the field `type` of a typed dictionary."""
    return str(get_args(get_type_hints(member)["type"])[0])
