"""The settings that an editor sends. All others are in `pyproject.toml`, so that `check` uses them, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from stepgraph.escaping.plain_text import brief_line

SECTION: Final = "stepgraph"
"""The name of the settings in the configuration of an editor."""

_ENVIRONMENT: Final = "environment"
_KEYS: Final = (_ENVIRONMENT,)
_MAX_WARNINGS: Final = 3


class ClientSettings(Struct, frozen=True):
    """The settings of an editor for a directory."""

    environment: str | None = None
    """The environment of the configurations of wrangler, or None for their top level."""
    warnings: tuple[str, ...] = ()
    """The errors in the settings."""


def read_client_settings(data: object, default: ClientSettings | None = None) -> ClientSettings:
    """Return the settings in JSON data, which may have them in the section `stepgraph`, or `default` without any."""
    if isinstance(data, Mapping) and isinstance(data.get(SECTION), Mapping):
        data = data[SECTION]
    if not data:
        return default or ClientSettings()
    if not isinstance(data, Mapping):
        return ClientSettings(warnings=("the settings must be an object.",))
    warnings = [_unknown(name) for name in data if name not in _KEYS][:_MAX_WARNINGS]
    environment = data.get(_ENVIRONMENT)
    if environment is not None and not isinstance(environment, str):
        warnings.append(f"`{_ENVIRONMENT}` must be a string: the name of an environment in the wrangler configuration.")
        environment = None
    return ClientSettings(environment or None, tuple(warnings))


def _unknown(name: object) -> str:
    shown = brief_line(str(name))
    return f"unknown setting `{shown}`. Available: `{_ENVIRONMENT}`. All other settings are in pyproject.toml."
