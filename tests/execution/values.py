"""Names for values of which only a run knows more."""

from __future__ import annotations

from typing import Any, TypeAlias

JsValue: TypeAlias = Any
PyValue: TypeAlias = Any
