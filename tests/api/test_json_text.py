"""Payloads as JSON text: as `json` writes them, and deeper."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.json_text import canonical_json, pretty_json

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
json_data = st.recursive(
    scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4)
)


def nested(depth: int) -> object:
    data: object = 1
    for _ in range(depth):
        data = {"nodes": [data]}
    return data


def test_pretty_text_has_two_spaces_a_level_and_a_line_break_at_its_end() -> None:
    assert pretty_json({"b": [1, {"a": None}], "a": {}, "c": []}) == (
        '{\n  "b": [\n    1,\n    {\n      "a": null\n    }\n  ],\n  "a": {},\n  "c": []\n}\n'
    )


def test_pretty_text_keeps_letters_of_all_scripts() -> None:
    assert pretty_json("注文 \n") == '"注文 \\n"\n'


def test_canonical_text_has_sorted_keys_and_no_spaces_and_is_ascii() -> None:
    assert canonical_json({"b": [1, True], "a": "é"}) == r'{"a":"\u00e9","b":[1,true]}'


@given(json_data)
def test_pretty_text_is_what_json_writes(data: object) -> None:
    assert pretty_json(data) == json.dumps(data, indent=2, ensure_ascii=False) + "\n"


@given(json_data)
def test_canonical_text_is_what_json_writes(data: object) -> None:
    assert canonical_json(data) == json.dumps(data, sort_keys=True, separators=(",", ":"))


def test_canonical_text_of_deep_data_has_the_same_form() -> None:
    assert canonical_json(nested(100_000)) == '{"nodes":[' * 100_000 + "1" + "]}" * 100_000


def test_pretty_text_may_be_deep() -> None:
    assert pretty_json(nested(2_000)).startswith('{\n  "nodes": [\n    {\n')


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_a_number_that_json_cannot_hold_is_an_error(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        pretty_json([number])
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([number])
