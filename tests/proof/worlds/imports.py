"""Modules that a workflow imports and that are not there, or not the same in each run."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

from tests.execution.values import PyValue


def module_of(name: str, give: Callable[[str], PyValue]) -> ModuleType:
    """Return a module that has whatever is asked of it; errors and classes to derive from are real ones."""
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


def seeded_random(seed: int) -> ModuleType:
    """Return the module `random`, whose functions give the same in each run of a seed."""
    chance = random.Random(seed)  # noqa: S311 # nothing is secret here
    module = ModuleType("random")
    module.__dict__.update(vars(random))
    module.__dict__.update({name: getattr(chance, name) for name in random.__all__ if hasattr(chance, name)})
    return module
