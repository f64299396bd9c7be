"""JSON text of payloads, including data that is too deep for `json`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.json_text import canonical_json, pretty_json
from stepgraph.limits import INDENTED_LEVELS

BLANK_LETTERS = "\u115f\u1160\u3164\uffa0#"


def data_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    """Return JSON data with these strings as keys and values."""
    numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    scalars = st.none() | st.booleans() | numbers | texts
    return st.recursive(scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(texts, below, max_size=4))


json_data = data_of(st.text())


def nested(depth: int) -> object:
    data: object = 1
    for _ in range(depth):
        data = {"nodes": [data]}
    return data


def test_pretty_json_is_indented_and_ends_with_a_line_break() -> None:
    assert pretty_json({"b": [1, {"a": None}], "a": {}, "c": []}) == (
        '{\n  "b": [\n    1,\n    {\n      "a": null\n    }\n  ],\n  "a": {},\n  "c": []\n}\n'
    )


def test_pretty_text_keeps_letters_of_all_scripts() -> None:
    assert pretty_json("注文 \n") == '"注文 \\n"\n'


def test_canonical_json_is_sorted_compact_ascii() -> None:
    assert canonical_json({"b": [1, True], "a": "é"}) == r'{"a":"\u00e9","b":[1,true]}'


@pytest.mark.slow
@given(data_of(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters=BLANK_LETTERS))))
def test_pretty_json_equals_the_output_of_json(data: object) -> None:
    assert pretty_json(data) == json.dumps(data, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.slow
@given(json_data)
def test_pretty_text_has_the_value_of_any_data(data: object) -> None:
    assert json.loads(pretty_json(data)) == data


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x00\x1b\x7f\x9b", "\\u0000\\u001b\\u007f\\u009b"),
        ("a\x7f", "a\\u007f"),
        ("\u202e\u2028\u2029\u200b\ufe0f", "\\u202e\\u2028\\u2029\\u200b\\ufe0f"),
        ("\ud800 \udcff", "\\ud800 \\udcff"),
        ("\U000e0041\U0010ffff", "\\udb40\\udc41\\udbff\\udfff"),
        ("##[add-mask]", "\\u0023#[add-mask]"),
        ("\\##vso[task.setvariable]", "\\\\\\u0023#vso[task.setvariable]"),
        ("::add-mask::x", "::add-mask::x"),
        ("# ##", "# ##"),
    ],
)
def test_pretty_json_escapes_control_characters(text: str, written: str) -> None:
    assert pretty_json({text: text}) == f'{{\n  "{written}": "{written}"\n}}\n'
    assert json.loads(pretty_json(text)) == text


@pytest.mark.slow
@given(json_data)
def test_canonical_json_equals_the_output_of_json(data: object) -> None:
    assert canonical_json(data) == json.dumps(data, sort_keys=True, separators=(",", ":"))


@pytest.mark.slow
def test_canonical_text_of_deep_data_has_the_same_form() -> None:
    assert canonical_json(nested(100_000)) == '{"nodes":[' * 100_000 + "1" + "]}" * 100_000


def test_pretty_text_may_be_deep() -> None:
    assert pretty_json(nested(2_000)).startswith('{\n  "nodes": [\n    {\n')


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_a_number_that_json_cannot_represent_is_an_error(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        pretty_json([number])
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([number])


def test_indentation_stops_at_a_hundred_levels() -> None:
    data = [{"first": nested(200)}, {"second": 1}]
    lines = pretty_json(data).splitlines()
    assert max(len(line) - len(line.lstrip(" ")) for line in lines) == 2 * INDENTED_LEVELS
    assert json.loads("\n".join(lines)) == data
