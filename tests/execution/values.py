"""Aliases for values that have types only at run time."""

from __future__ import annotations

from typing import Any, TypeAlias

JsValue: TypeAlias = Any
PyValue: TypeAlias = Any
