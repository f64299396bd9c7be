"""Configurations of wrangler to read in tests, and messages about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepgraph.model.note import InputError
from stepgraph.project.configuration.wrangler import Configuration, read_configuration
from tests.project.trees import here, plant


def read(text: str, environment: str | None = None, name: str = "wrangler.jsonc") -> Configuration:
    """Read a configuration from text."""
    plant(Path(), {name: text})
    return read_configuration(name, here(), environment)


def read_data(data: dict[str, object], environment: str | None = None) -> Configuration:
    """Read a configuration from data."""
    return read(json.dumps(data), environment)


def messages_of(configuration: Configuration) -> list[str]:
    """Return the messages of a configuration's problems."""
    return [str(problem) for problem in configuration.problems]


def refused(text: str, environment: str | None = None, name: str = "wrangler.jsonc") -> str:
    """Return the error message for an invalid configuration."""
    with pytest.raises(InputError) as caught:
        read(text, environment, name)
    return str(caught.value)


def workflow(**fields: object) -> dict[str, object]:
    """Return an entry of `workflows` with defaults for missing fields."""
    name = str(fields.get("name", "orders"))
    return {"binding": name.upper(), "name": name, "class_name": "Orders", **fields}
