"""The typed dictionaries of the pipeline and the pydantic models describe the same shapes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Literal, NotRequired, TypeAlias, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from stepgraph.model import payload, schema

Form: TypeAlias = "str | tuple[Form, ...] | frozenset[Form]"
"""A type with nothing but its meaning on the wire: two types of one form take the same JSON."""

MODEL_NAMES = {"VersionGraph": "VersionGraphResponse", "Version": "VersionGetResponse"}

PAIRS: dict[str, tuple[type, type[BaseModel]]] = {
    name: (shape, getattr(schema, MODEL_NAMES.get(name, name)))
    for name, shape in vars(payload).items()
    if is_typeddict(shape) and name != "VersionIdentity"  # which is a part of two others
}

OF_DEPLOYED_VERSIONS_ONLY = {"concurrency", "default_retention"}


def form(hint: object) -> Form:
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeAliasType):
        return form(hint.__value__)
    if origin in {Annotated, NotRequired}:
        return form(arguments[0])
    if origin is Literal:
        return ("literal", *sorted(arguments))
    if origin in {Union, UnionType}:
        return union(form(member) for member in arguments)
    if origin in {list, dict}:
        return (origin.__name__, *(form(argument) for argument in arguments))
    assert isinstance(hint, type), hint
    return "str" if hint is datetime else hint.__name__


def union(members: Iterable[Form]) -> Form:
    flat = frozenset(inner for member in members for inner in (member if isinstance(member, frozenset) else [member]))
    return next(iter(flat)) if len(flat) == 1 else flat


def without_none(optional: Form) -> Form:
    assert isinstance(optional, frozenset)
    return union(optional - {NoneType.__name__})


def of_typed_dict(shape: type) -> dict[str, tuple[bool, Form]]:
    """Return for each key whether it is required, and the form of its values."""
    hints = get_type_hints(shape, include_extras=True)
    total: bool = shape.__total__  # type: ignore[attr-defined]
    return {key: (total and get_origin(hint) is not NotRequired, form(hint)) for key, hint in hints.items()}


def of_model(shape: type[BaseModel]) -> dict[str, tuple[bool, Form]]:
    """Return for each field whether it is required, and the form of its values other than absence."""
    hints = get_type_hints(shape, include_extras=True)
    fields = {name: field for name, field in shape.model_fields.items() if name not in OF_DEPLOYED_VERSIONS_ONLY}
    return {
        name: (field.is_required(), form(hints[name]) if field.is_required() else without_none(form(hints[name])))
        for name, field in fields.items()
    }


def test_every_model_has_its_typed_dictionary() -> None:
    models = {name for name, model in vars(schema).items() if isinstance(model, type) and issubclass(model, BaseModel)}
    assert models - {model.__name__ for _, model in PAIRS.values()} == {
        "Concurrency",
        "DefaultRetention",
        "VersionListResponse",
    }


@pytest.mark.parametrize(("typed_dict", "model"), PAIRS.values(), ids=PAIRS.keys())
def test_the_model_has_the_fields_of_the_typed_dictionary(typed_dict: type, model: type[BaseModel]) -> None:
    assert of_model(model) == of_typed_dict(typed_dict)


def test_the_union_of_nodes_has_the_same_members() -> None:
    assert form(schema.Node) == form(payload.Node)
