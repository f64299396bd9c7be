"""Read YAML files of the repository."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def read_yaml(name: str) -> object:
    """Return the content of a YAML file in the root of the repository."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
