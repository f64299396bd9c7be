"""Modules that a workflow imports and that are not there, or not the same in each run."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
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


def seeded(name: str, seed: int) -> ModuleType | None:
    """Return a module of the standard library that gives the same in each run of a seed, if it is one by chance."""
    chance = random.Random(seed)  # noqa: S311 # nothing is secret here
    match name:
        case "random":
            return _with(random, {name: getattr(chance, name) for name in random.__all__ if hasattr(chance, name)})
        case "uuid":
            return _with(uuid, {"uuid4": lambda: uuid.UUID(int=chance.getrandbits(128), version=4)})
    return None


def _with(module: ModuleType, changed: Mapping[str, PyValue]) -> ModuleType:
    stand_in = ModuleType(module.__name__)
    stand_in.__dict__.update({**vars(module), **changed})
    return stand_in
