"""JSONC and TOML: the data of configurations, and the positions of their values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.note import InputError
from stepgraph.project.configuration.document import ConfigurationDocument
from stepgraph.project.configuration.document import Path as PathInDocument
from stepgraph.project.configuration.jsonc import JsoncDocument
from stepgraph.project.configuration.toml import TomlDocument
from stepgraph.project.configuration.wrangler import read_configuration
from tests.project.configurations import messages_of, read, refused
from tests.project.trees import here

pytestmark = pytest.mark.usefixtures("empty_directory")


def test_comments_and_trailing_commas_are_skipped() -> None:
    document = JsoncDocument("""
        // the Worker
        {
          "name": "shop", /* not "store", ] */
          "workflows": [
            {"name": "orders", "class_name": "Orders",}, // the first
            /* {"name": "old"}, */
          ], // the last
        }
        /* the end */
    """)
    assert document.data == {"name": "shop", "workflows": [{"name": "orders", "class_name": "Orders"}]}


def test_comment_markers_and_commas_in_strings_are_data() -> None:
    document = JsoncDocument(r'{"url": "https://x/*y*/", "list": ",]", "quote": "\"//,}"}')
    assert document.data == {"url": "https://x/*y*/", "list": ",]", "quote": '"//,}'}


def test_positions_are_lines_and_columns_of_values() -> None:
    document = JsoncDocument('{ // first\n  "a": [1,\n\t{"b": "x"}, /*\n*/ null]\n}')
    assert document.position(("a",)) == (2, 8)
    assert document.position(("a", 0)) == (2, 9)
    assert document.position(("a", 1)) == (3, 2)
    assert document.position(("a", 1, "b")) == (3, 8)
    assert document.position(("a", 2)) == (4, 4)


def test_a_missing_value_has_the_position_of_its_parent() -> None:
    document = JsoncDocument('{\n  "a": [{"b": 1}]\n}')
    assert document.position(("a", 0, "missing")) == (2, 9)
    assert document.position(("a", 7)) == (2, 8)
    assert document.position(("missing", "altogether")) == (1, 1)


def test_keys_with_escapes_have_positions() -> None:
    document = JsoncDocument('{"\\u0061": 1, "b // c": 2, "]": {"": 3}}')
    assert document.data == {"a": 1, "b // c": 2, "]": {"": 3}}
    assert document.position(("a",)) == (1, 12)
    assert document.position(("b // c",)) == (1, 25)
    assert document.position(("]", "")) == (1, 38)


def test_a_duplicate_key_is_reported_and_its_last_value_used() -> None:
    configuration = read('{\n  "name": "a",\n  "workflows": [{"name": "x"}],\n  "name": "b", "workflows": []\n}')
    assert configuration.name == "b"
    assert messages_of(configuration) == [
        "wrangler.jsonc:4:3: `name` is a duplicate field. Remove one of them.",
        "wrangler.jsonc:4:16: `workflows` is a duplicate field. Remove one of them.",
    ]


def test_a_duplicate_key_is_reported_with_its_path() -> None:
    configuration = read('{"env": {"a": {}, "b": {"main": "a.py",\n "main": "b.py"}}}')
    assert messages_of(configuration) == ["wrangler.jsonc:2:2: `env.b.main` is a duplicate field. Remove one of them."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: expected an object, got an empty file."),
        ('{"a": 1,\n "b" 2}', "2:6: not valid JSON: expecting ':' delimiter."),
        ('{"a": 1\n "b": 2}', "2:2: not valid JSON: expecting ',' delimiter."),
        ('{"a": 1,,}', "1:9: not valid JSON: expecting property name enclosed in double quotes."),
        ('{"a": 1} x', "1:10: not valid JSON: extra data."),
        ("{'a': 1}", "1:2: not valid JSON: expecting property name enclosed in double quotes."),
        ('{"a": "x\ny"}', "1:9: not valid JSON: invalid control character."),
        ('{"a": 1,\n', "2:1: not valid JSON: unexpected end of file."),
        ('{"a": "x', "1:7: not valid JSON: unterminated string."),
        ('{"a": /* never\nclosed', "1:7: not valid JSON: unclosed comment."),
        ('{"a": /* b\n*/ /* c */ ]}', "2:12: not valid JSON: expecting value."),
        ('{"NaN": 1, "a": NaN}', "1:17: not valid JSON: NaN is not a JSON value."),
        ('{"a": -Infinity}', "1:7: not valid JSON: -Infinity is not a JSON value."),
        ("[1]", "1:1: expected an object, got a list."),
        ("[" * 100_000, "1:1: nested too deeply."),
        (f'{{"a": {"1" * 5000}}}', "1:1: a number has too many digits."),
    ],
)
def test_malformed_json_is_reported_with_its_position(text: str, message: str) -> None:
    assert refused(text) == f"wrangler.jsonc:{message}"


Scalar: Final[st.SearchStrategy[object]] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)


JsonValue: Final = st.recursive(
    Scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


Filling: Final = st.sampled_from(["", "", " ", "\n\t", '// "x", ]}\n', '/* ", [{ */', "/**/", "/* // */ "])


@st.composite
def jsonc_texts(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """Draw data, and its text with comments and trailing commas in all valid positions."""
    data = draw(st.dictionaries(st.text(), JsonValue, max_size=5))
    return draw(Filling) + _dumped(draw, data) + draw(Filling), data


def _dumped(draw: st.DrawFn, value: object) -> str:
    match value:
        case dict():
            pairs = (f"{json.dumps(k)}{draw(Filling)}:{draw(Filling)}{_dumped(draw, v)}" for k, v in value.items())
            return _enclosed(draw, "{}", list(pairs))
        case list():
            return _enclosed(draw, "[]", [_dumped(draw, element) for element in value])
        case _:
            return json.dumps(value, ensure_ascii=draw(st.booleans()))


def _enclosed(draw: st.DrawFn, brackets: str, parts: list[str]) -> str:
    filled = ",".join(f"{draw(Filling)}{part}{draw(Filling)}" for part in parts)
    trailing: bool = draw(st.booleans())
    comma = "," if parts and trailing else ""
    return f"{brackets[0]}{filled}{comma}{draw(Filling)}{brackets[1]}"


def parts_of(value: object, path: PathInDocument = ()) -> Iterator[tuple[PathInDocument, object]]:
    """Yield the paths and values in data, starting with the data itself."""
    yield path, value
    inner: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, element in inner:
        yield from parts_of(element, (*path, key))


def text_at(document: ConfigurationDocument, text: str, path: PathInDocument) -> str:
    """Return the rest of a text from the position of a value."""
    line, column = document.position(path)
    rest = text
    for _ in range(line - 1):
        rest = rest[rest.index("\n") + 1 :]
    return rest[column - 1 :]


@pytest.mark.slow
@given(jsonc_texts())
def test_comments_and_commas_do_not_change_the_data(drawn: tuple[str, dict[str, object]]) -> None:
    text, data = drawn
    document = JsoncDocument(text)
    assert document.data == data
    assert document.duplicates == ()


@pytest.mark.slow
@given(jsonc_texts())
def test_each_value_is_at_its_position(drawn: tuple[str, dict[str, object]]) -> None:
    text, data = drawn
    document = JsoncDocument(text)
    for path, value in parts_of(data):
        if not path:
            continue
        value_text = text_at(document, text, path)
        if isinstance(value, dict | list):
            assert value_text.startswith("{" if isinstance(value, dict) else "[")
        else:
            assert json.JSONDecoder().raw_decode(value_text)[0] == value


TOML: Final = '''\
name = "shop" # the Worker
"main" = 'src/entry.py'

[env.test]
vars = { TEXT = "x, ]", INNER.deep = 2 }

[[workflows]]
name = "orders"
limits = { steps = "ten" }
[[workflows]]
 "class_name" = 3
limits.steps = 4
text = """
not = [
"""
list = [
  1, # ]
  [2, "x"],
]
[[workflows.schedules]]
cron = 2020-01-01 10:00:00
[exports.Orders]
type = "workflow"
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("name",), 1, 8),
        (("main",), 2, 10),
        (("env", "test"), 4, 1),
        (("env", "test", "vars"), 5, 8),
        (("env", "test", "vars", "TEXT"), 5, 17),
        (("env", "test", "vars", "INNER", "deep"), 5, 38),
        (("workflows",), 7, 1),
        (("workflows", 0, "limits", "steps"), 9, 20),
        (("workflows", 1), 10, 1),
        (("workflows", 1, "class_name"), 11, 17),
        (("workflows", 1, "limits"), 12, 1),
        (("workflows", 1, "limits", "steps"), 12, 16),
        (("workflows", 1, "text"), 13, 8),
        (("workflows", 1, "list", 1, 1), 18, 7),
        (("workflows", 1, "schedules", 0, "cron"), 21, 8),
        (("exports", "Orders", "type"), 23, 8),
    ],
)
def test_toml_values_have_positions(path: PathInDocument, line: int, column: int) -> None:
    assert TomlDocument(TOML).position(path) == (line, column)


def test_a_missing_toml_value_has_the_position_of_its_parent() -> None:
    assert TomlDocument(TOML).position(("workflows", 0, "class_name")) == (7, 1)
    assert TomlDocument(TOML).position(("missing",)) == (1, 1)


def test_toml_may_have_windows_line_ends() -> None:
    assert TomlDocument("a = 1\r\n[b]\r\n  c = 2\r\n").position(("b", "c")) == (3, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = 2\na = 3\n", "3:6: not valid TOML: cannot overwrite a value."),
        ("a = \n", "1:5: not valid TOML: invalid value."),
        ("a = [1,\n", "2:1: not valid TOML: invalid value."),
        ("a\n", "1:2: not valid TOML: expected '=' after a key in a key/value pair."),
        ("a = " + "[" * 10_000, "1:1: nested too deeply."),
        ("a = " + "1" * 5000, "1:1: a number has too many digits."),
    ],
)
def test_malformed_toml_is_reported_with_its_position(text: str, message: str) -> None:
    assert refused(text, name="wrangler.toml") == f"wrangler.toml:{message}"


@pytest.mark.parametrize(("name", "text"), [("wrangler.json", '{"name": 3}'), ("wrangler.toml", "name = 3")])
def test_a_byte_order_mark_does_not_count_as_a_column(name: str, text: str) -> None:
    (message,) = messages_of(read(f"\ufeff{text}", name=name))
    assert message == f"{name}:1:{text.index('3') + 1}: `name` must be a string, got a number."


@pytest.mark.parametrize("name", ["wrangler.jsonc", "wrangler.toml"])
def test_a_coding_comment_in_a_configuration_is_ignored(name: str) -> None:
    Path(name).write_bytes(b"# coding: latin-1\n# \xe9\n")
    with pytest.raises(InputError) as caught:
        read_configuration(name, here())
    assert str(caught.value) == f"{name}:2:3: not UTF-8: byte 0xe9. Save it as UTF-8."


@pytest.mark.parametrize("name", ["wrangler.jsonc", "wrangler.toml"])
def test_utf_16_is_reported(name: str) -> None:
    Path(name).write_bytes('{"name": "a"}'.encode("utf-16"))
    with pytest.raises(InputError) as caught:
        read_configuration(name, here())
    assert str(caught.value) == f"{name}:1:1: encoded as UTF-16, not UTF-8. Save it as UTF-8."
