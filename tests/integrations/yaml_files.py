"""Reading YAML of a known shape."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def read_yaml(name: str) -> object:
    """Return what a YAML file at the top of the repository holds."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
