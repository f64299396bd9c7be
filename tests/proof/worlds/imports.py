"""Replacements for imported modules that are missing or random."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import ModuleType

from tests.execution.values import PyValue


def stub_module(name: str, give: Callable[[str], PyValue]) -> ModuleType:
    """Return a module with any attribute. Error classes and base classes are real."""
    module = ModuleType(name)
    module.__path__ = []

    def member(asked: str) -> PyValue:
        if asked.startswith("__"):
            raise AttributeError(asked)
        if asked.endswith(("Error", "Exception")):
            return _error(asked)
        return give(f"{name}.{asked}")

    module.__dict__["__getattr__"] = member
    return module


@lru_cache
def _error(name: str) -> type[Exception]:
    return type(name, (Exception,), {})


def seeded_module(name: str, seed: int) -> ModuleType | None:
    """Return a seeded replacement of a random module of the standard library, or None."""
    chance = random.Random(seed)  # noqa: S311 # not used for security
    match name:
        case "random":
            return _patched_module(
                random, {name: getattr(chance, name) for name in random.__all__ if hasattr(chance, name)}
            )
        case "uuid":
            return _patched_module(uuid, {"uuid4": lambda: uuid.UUID(int=chance.getrandbits(128), version=4)})
    return None


def _patched_module(module: ModuleType, changed: Mapping[str, PyValue]) -> ModuleType:
    replacement = ModuleType(module.__name__)
    replacement.__dict__.update({**vars(module), **changed})
    return replacement
