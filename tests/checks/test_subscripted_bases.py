"""Test SG132: base classes with type arguments that Python cannot evaluate."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_module

_MODULE = """
from abc import ABC
from typing import Generic, TypeVar
from workers import WorkflowEntrypoint

T = TypeVar("T")

class Storage(Generic[T]):
    pass

{base}

class Orders({derived}):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


@pytest.mark.parametrize(
    "base",
    [
        "class Flow(WorkflowEntrypoint, Generic[T]): ...",
        "class Flow(WorkflowEntrypoint, ABC, Generic[T]): ...",
        "class Flow[T](WorkflowEntrypoint): ...",
        "class Flow(WorkflowEntrypoint): ...",
        "class Base(WorkflowEntrypoint): ...\n\nclass Flow(Base, Generic[T]): ...",
        "if T:\n    class Flow(WorkflowEntrypoint, Generic[T]): ...",
    ],
)
def test_bases_without_type_parameters(base: str) -> None:
    assert flagged_in_module("SG132", _MODULE.format(base=base, derived="Flow[int]")) == ["Flow[int]"]


def test_base_of_a_base() -> None:
    base = "class Flow(WorkflowEntrypoint, Generic[T]): ...\n\nclass Middle(Flow[int]): ..."
    assert flagged_in_module("SG132", _MODULE.format(base=base, derived="Middle")) == ["Flow[int]"]


def test_entry_point_with_type_arguments() -> None:
    assert flagged_in_module("SG132", _MODULE.format(base="", derived="WorkflowEntrypoint[dict]")) == [
        "WorkflowEntrypoint[dict]"
    ]


@pytest.mark.parametrize(
    ("base", "derived"),
    [
        ("class Flow(Generic[T], WorkflowEntrypoint): ...", "Flow[int]"),
        ("class Flow(WorkflowEntrypoint, Generic[T]): ...", "Flow"),
        ("class Flow(WorkflowEntrypoint, Storage[T]): ...", "Flow[int]"),
        ("class Flow(Storage[T], WorkflowEntrypoint): ...", "Flow[int]"),
        ("class Flow(WorkflowEntrypoint):\n    def __class_getitem__(cls, item): return cls", "Flow[int]"),
        ("from elsewhere import Mixin\n\nclass Flow(WorkflowEntrypoint, Mixin): ...", "Flow[int]"),
        ("from elsewhere import Flow", "Flow[int], WorkflowEntrypoint"),
        ("", "WorkflowEntrypoint, Storage[int]"),
    ],
)
def test_bases_that_python_evaluates(base: str, derived: str) -> None:
    assert flagged_in_module("SG132", _MODULE.format(base=base, derived=derived)) == []
