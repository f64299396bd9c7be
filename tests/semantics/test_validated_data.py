"""Objects that libraries create from data by the annotations of fields."""

from __future__ import annotations

import pytest

from stepgraph import WorkflowAnalysis, analyze_source
from tests.semantics.notation import notation, text

HEAD = """\
from __future__ import annotations
from typing import Annotated, Optional, Union
import cattrs, dacite, msgspec
from dataclasses import dataclass
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, field_validator
from workers import WorkflowEntrypoint

class Line(BaseModel):
    sku: str
    async def reserve(self, step):
        await step.sleep("reserve", 1)

class Pickup(BaseModel):
    async def send(self, step):
        await step.sleep("pick up", 1)

class Parcel(BaseModel):
    async def send(self, step):
        await step.sleep("send", 1)

Delivery = Annotated[Pickup | Parcel, Field(discriminator="kind")]
"""

RUN = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        data = event["payload"]
"""


def _workflow(declared: str, body: str) -> WorkflowAnalysis:
    indented = "".join(f"        {line}\n" for line in body.splitlines())
    (workflow,) = analyze_source(f"{HEAD}{declared}\n{RUN}{indented}").workflows
    return workflow


LOOP = "loop\n  call reserve\ndef reserve\n  sleep 'reserve' 1"


@pytest.mark.parametrize(
    "annotation",
    ["list[Line]", "list['Line']", "tuple[Line, ...]", "list[Annotated[Line, 1]] | None", "Optional[list[Line]]"],
)
def test_a_loop_over_a_field_of_models(annotation: str) -> None:
    workflow = _workflow(
        f"class Order(BaseModel):\n    lines: {annotation}",
        "order = Order(**data)\nfor line in order.lines:\n    await line.reserve(step)",
    )
    assert workflow.complete
    assert notation(workflow.graph) == LOOP


@pytest.mark.parametrize(
    "created",
    [
        "TypeAdapter(list[Line]).validate_python(data)",
        "msgspec.convert(data, list[Line])",
        "msgspec.json.decode(data, type=list[Line])",
        "cattrs.structure(data, list[Line])",
    ],
)
def test_data_is_converted_to_a_list_of_models(created: str) -> None:
    workflow = _workflow("", f"lines = {created}\nfor line in lines:\n    await line.reserve(step)")
    assert workflow.complete
    assert notation(workflow.graph) == LOOP


def test_a_dataclass_from_a_dictionary_has_objects_as_fields() -> None:
    workflow = _workflow(
        "@dataclass\nclass Order:\n    first: Line | None",
        "order = dacite.from_dict(Order, data)\nif order.first:\n    await order.first.reserve(step)",
    )
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        if order.first
          call reserve
        def reserve
          sleep 'reserve' 1
    """)


def test_a_field_with_several_classes_is_a_switch() -> None:
    workflow = _workflow(
        "class Order(BaseModel):\n    delivery: Delivery",
        "order = Order.model_validate(data)\nawait order.delivery.send(step)",
    )
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        switch order.delivery
        | case Pickup
          call Pickup.send
        | case Parcel
          call Parcel.send
        def Pickup.send
          sleep 'pick up' 1
        def Parcel.send
          sleep 'send' 1
    """)


def test_an_adapter_of_several_classes_is_a_switch() -> None:
    workflow = _workflow(
        "adapter = TypeAdapter(Delivery)",
        "delivery = adapter.validate_python(data)\nawait delivery.send(step)",
    )
    assert notation(workflow.graph).splitlines()[:3] == ["switch delivery", "| case Pickup", "  call Pickup.send"]


def test_a_test_of_the_class_selects_one_of_several_classes() -> None:
    workflow = _workflow(
        "",
        "delivery = msgspec.convert(data, Delivery)\nif isinstance(delivery, Parcel):\n    await delivery.send(step)",
    )
    assert notation(workflow.graph) == text("""
        if isinstance(delivery, Parcel)
          call send
        def send
          sleep 'send' 1
    """)


def test_a_model_with_models_of_its_own_class() -> None:
    declared = (
        "class Node(BaseModel):\n    children: list[Node]\n    async def visit(self, step):\n"
        "        await step.sleep('visit', 1)\n        for child in self.children:\n            await child.visit(step)"
    )
    workflow = _workflow(declared, "await Node(**data).visit(step)")
    assert workflow.complete
    assert notation(workflow.graph) == "call visit\ndef visit\n  sleep 'visit' 1\n  loop\n    call visit"


@pytest.mark.parametrize(
    "fields",
    [
        "    line: Line\n    @field_validator('line', mode='wrap')\n    def choose(cls, value): return value",
        "    line: Annotated[Line, BeforeValidator(choose)]",
        "    line: object",
    ],
)
def test_a_field_that_may_hold_other_objects_is_unknown(fields: str) -> None:
    workflow = _workflow(f"class Order(BaseModel):\n{fields}", "await Order(**data).line.reserve(step)")
    assert not workflow.complete


def test_a_dataclass_does_not_convert_its_fields() -> None:
    workflow = _workflow("@dataclass\nclass Order:\n    line: Line", "await Order(**data).line.reserve(step)")
    assert not workflow.complete


def test_models_that_share_the_classes_of_their_fields() -> None:
    """Without sharing, the number of objects doubles with each of the classes."""
    classes = "class C0(BaseModel):\n    line: Line\n" + "".join(
        f"class C{n}(BaseModel):\n    left: C{n - 1}\n    right: C{n - 1}\n" for n in range(1, 20)
    )
    workflow = _workflow(classes, f"await C19(**data){'.left.right' * 9}.left.line.reserve(step)")
    assert notation(workflow.graph) == "call reserve\ndef reserve\n  sleep 'reserve' 1"
