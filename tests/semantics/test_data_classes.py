"""Data classes: arguments and defaults of fields."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of_module, module_of

HEAD = """\
import attr
import dataclasses
import typing
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import ClassVar as Shared, NamedTuple

from workers import WorkflowEntrypoint


async def a(step):
    await step.sleep("a", 1)


async def b(step):
    await step.sleep("b", 1)


async def c(step):
    await step.sleep("c", 1)


"""
RUN = """

class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""


def calls_of(classes: str, body: str) -> list[str]:
    """Return the functions that `run` calls in order. The graph must be complete."""
    source = HEAD + textwrap.dedent(classes) + RUN + textwrap.indent(textwrap.dedent(body), " " * 8)
    (workflow,) = (w for w in module_of(source).workflows if w.class_name == "W")
    assert workflow.complete, workflow.notes
    lines = graph_of_module(source).split("\ndef ")[0].splitlines()
    return [line.removeprefix("call ") for line in lines]


def test_a_function_as_default_is_not_bound() -> None:
    declared = "@dataclass\nclass Mode:\n    main: object = a\n    last: object = lambda step: b(step)"
    assert calls_of(declared, "await Mode().main(step)\nawait Mode().last(step)") == ["a", "b"]


def test_a_named_tuple_has_its_defaults() -> None:
    declared = "class Mode(NamedTuple):\n    main: object = a\n    last: object = b"
    assert calls_of(declared, "x, y = Mode()\nawait x(step)\nawait Mode().last(step)") == ["a", "b"]


@pytest.mark.slow
def test_fields_describe_their_defaults() -> None:
    declared = """
        @dataclass(frozen=True)
        class Mode:
            one: object = field(default=a)
            two: object = dataclasses.field(default_factory=lambda: b)
    """
    assert calls_of(declared, "await Mode().one(step)\nawait Mode().two(step)") == ["a", "b"]


def test_an_assignment_to_the_class_keeps_the_default() -> None:
    declared = "@dataclass\nclass Mode:\n    main: object = a"
    assert calls_of(declared, "Mode.main = b\nawait Mode().main(step)") == ["a"]


def test_a_field_declared_again_keeps_its_position() -> None:
    declared = """
        @dataclass
        class Base:
            one: object = a
            two: object = a

        @dataclass
        class Child(Base):
            three: object = c
            one: object = b
    """
    body = "child = Child(c, b)\nawait child.one(step)\nawait child.two(step)\nawait Child().one(step)"
    assert calls_of(declared, body) == ["c", "b", "b"]


@pytest.mark.parametrize(
    "field",
    [
        "kind: typing.ClassVar[str] = 'x'",
        "kind: Shared = 'x'",
        "kind: 'typing.ClassVar[str]' = 'x'",
        "kind: list = field(init=False, default_factory=list)",
        "kind: object = field(kw_only=True, default=None)",
    ],
)
def test_these_fields_take_no_positional_argument(field: str) -> None:
    declared = f"@dataclass\nclass Mode:\n    {field}\n    one: object = None\n    two: object = None"
    assert calls_of(declared, "mode = Mode(a, b)\nawait mode.one(step)\nawait mode.two(step)") == ["a", "b"]


@pytest.mark.parametrize(
    "base",
    [
        "@dataclass\nclass Base:\n    _: KW_ONLY\n    late: object = None",
        "@dataclass(kw_only=True)\nclass Base:\n    late: object = None",
    ],
)
def test_keyword_only_fields_follow_the_others(base: str) -> None:
    declared = f"{base}\n\n@dataclass\nclass Mode(Base):\n    one: object = None"
    assert calls_of(declared, "mode = Mode(a, late=b)\nawait mode.one(step)\nawait mode.late(step)") == ["a", "b"]


def test_a_generated_initializer_hides_one_of_a_base() -> None:
    declared = """
        class Plain:
            zero: object = a

            def __init__(self, fn):
                self.fn = fn

        @dataclass
        class Mode(Plain):
            one: object = None
    """
    assert calls_of(declared, "await Mode(b).one(step)") == ["b"]


def test_annotations_of_a_plain_subclass_are_not_fields() -> None:
    declared = "@dataclass\nclass Base:\n    one: object = a\n\nclass Mode(Base):\n    zero: object = b"
    assert calls_of(declared, "await Mode(c).one(step)") == ["c"]


def test_annotations_of_a_plain_class_are_not_fields() -> None:
    base = "class Base:\n    fns: tuple = ()\n    one: object = None\n\n"
    declared = f"{base}class Mode(Base):\n    fns = (a,)\n    one = staticmethod(b)"
    body = "for fn in Mode().fns:\n    await fn(step)\nawait Mode().one(step)"
    assert calls_of(declared, body) == ["a", "b"]


@pytest.mark.parametrize("call", ["super().__init__(b)", "Base.__init__(self, b)"])
def test_an_initializer_calls_a_generated_one(call: str) -> None:
    declared = f"""
        @dataclass
        class Base:
            one: object = a

        class Mode(Base):
            def __init__(self):
                {call}
    """
    assert calls_of(declared, "await Mode().one(step)") == ["b"]


def test_post_init_receives_its_parameters() -> None:
    declared = """
        @dataclass
        class Mode:
            first: InitVar[object]
            second: object = b

            def __post_init__(self, first):
                self.act = first
    """
    assert calls_of(declared, "mode = Mode(a, c)\nawait mode.act(step)\nawait mode.second(step)") == ["a", "c"]


def test_replace_runs_post_init_again() -> None:
    declared = """
        @dataclass
        class Mode:
            fast: object
            slow: object = b

            def __post_init__(self):
                self.act = self.fast
    """
    body = "mode = Mode(a)\nmode.act = b\nmode = dataclasses.replace(mode, fast=c)"
    assert calls_of(declared, body + "\nawait mode.act(step)\nawait mode.slow(step)") == ["c", "b"]


def test_attrs_fields_need_no_annotation() -> None:
    declared = "@attr.s\nclass Mode:\n    one = attr.ib(default=a)\n    _two = attr.ib(default=a)"
    body = "mode = Mode(c, two=b)\nawait mode.one(step)\nawait mode._two(step)\nawait Mode().one(step)"
    assert calls_of(declared, body) == ["c", "b", "a"]


@pytest.mark.parametrize("decorator", ["@dataclass", "@dataclass(config={'arbitrary_types_allowed': True})"])
def test_pydantic_dataclasses_have_fields(decorator: str) -> None:
    imports = "from pydantic import Field\nfrom pydantic.dataclasses import dataclass\n"
    declared = f"{imports}{decorator}\nclass Mode:\n    one: object\n    two: list = Field(default_factory=list)"
    body = "mode = Mode(c)\nmode.two.append(b)\nawait mode.one(step)\nawait mode.two[0](step)"
    assert calls_of(declared, body) == ["c", "b"]


@pytest.mark.parametrize(
    "created",
    [
        "Mode.model_validate(event['payload'])",
        "Mode.model_validate({'name': 'x'}, strict=True)",
        "Mode.model_validate_json(event['payload']['text'])",
        "[Mode.model_validate(each) for each in event['payload']][0]",
    ],
)
def test_a_validated_model_has_the_methods_of_its_class(created: str) -> None:
    declared = "from pydantic import BaseModel\nclass Mode(BaseModel):\n    name: str\n    async def act(self, step):\n"
    assert calls_of(declared + "        await a(step)", f"mode = {created}\nawait mode.act(step)") == ["act"]


def test_a_payload_leaves_functions_at_their_defaults() -> None:
    declared = "@dataclass\nclass Mode:\n    name: str\n    act: object = a"
    assert calls_of(declared, "await Mode(**event['payload']).act(step)") == ["a"]


def test_unknown_arguments_may_set_a_field() -> None:
    source = HEAD + "@dataclass\nclass Mode:\n    act: object = a\n" + RUN
    source += "        options = {}\n        if event:\n            options['act'] = b\n"
    (workflow,) = module_of(source + "        await Mode(**options).act(step)\n").workflows
    assert not workflow.complete


def test_unknown_arguments_set_a_field_without_a_default() -> None:
    declared = "@dataclass\nclass Order:\n    name: str\n    count: int = 1"
    body = "order = Order(**event['payload'])\nawait step.do('s')(lambda: order.name + 'x')()"
    assert calls_of(declared, body) == ["s"]


PLAIN = """\
class Base:
    items: tuple = ()
    shared: list = []
    async def act(self, step):
        for item in self.items:
            await item(step)
class Derived(Base):
    items = (a, b)
"""


def test_annotated_names_of_a_plain_class_are_class_variables() -> None:
    assert calls_of(PLAIN, "await Derived().act(step)") == ["act"]
    assert calls_of(PLAIN, "for item in Derived().items:\n    await item(step)") == ["a", "b"]
    assert calls_of(PLAIN, "Base().shared.append(c)\nfor item in Derived().shared:\n    await item(step)") == ["c"]
