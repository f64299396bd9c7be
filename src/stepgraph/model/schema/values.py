"""What nodes are described with: step configuration, wait options and payload shapes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from stepgraph.model.schema.base import Duration, Model, Number


class UnknownShape(Model):
    """A value of a payload of which nothing is known but that it is read."""

    type: Literal["unknown"]


class ObjectShape(Model):
    """An object of a payload, with the keys that are read of it."""

    type: Literal["object"]
    fields: dict[str, Shape]


Shape = TypeAliasType("Shape", Annotated[UnknownShape | ObjectShape, Field(discriminator="type")])


class Retries(Model):
    """How a step is retried: `limit` counts retries, `delay` is in milliseconds or a text."""

    limit: Number
    delay: Duration
    backoff: Literal["constant", "linear", "exponential"]


class StepConfig(Model):
    """The retries of a step and its timeout, in milliseconds or as a text."""

    retries: Retries
    timeout: Duration


class WaitOptions(Model):
    """The type of the event that is waited for and how long, in milliseconds or as a text."""

    event_type: str
    timeout: Duration
