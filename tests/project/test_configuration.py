"""Reading wrangler's configuration, and messages about mistakes in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.note import InputError
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.project.configuration.document import ConfigurationDocument
from stepgraph.project.configuration.document import Path as PathInDocument
from stepgraph.project.configuration.jsonc import JsoncDocument
from stepgraph.project.configuration.toml import TomlDocument
from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow, read_configuration
from tests.project.trees import here, plant


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, environment: str | None = None, name: str = "wrangler.jsonc") -> Configuration:
    """Read a configuration from text."""
    plant(Path(), {name: text})
    return read_configuration(name, here(), environment)


def read_data(data: dict[str, object], environment: str | None = None) -> Configuration:
    """Read a configuration from data."""
    return read(json.dumps(data), environment)


def messages_of(configuration: Configuration) -> list[str]:
    """Return the messages of a configuration's problems."""
    return [str(problem) for problem in configuration.problems]


def refused(text: str, environment: str | None = None, name: str = "wrangler.jsonc") -> str:
    """Return the error message for an invalid configuration."""
    with pytest.raises(InputError) as caught:
        read(text, environment, name)
    return str(caught.value)


def workflow(**fields: object) -> dict[str, object]:
    """Return an entry of `workflows` with defaults for missing fields."""
    name = str(fields.get("name", "orders"))
    return {"binding": name.upper(), "name": name, "class_name": "Orders", **fields}


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


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", 3, "`name` must be a string, got a number."),
        ("name", "", "`name` must not be empty."),
        ("main", ["a.py"], "`main` must be a string, got a list."),
        ("base_dir", True, "`base_dir` must be a string, got a boolean."),
        ("compatibility_date", "soon", "invalid date `soon`: expected a date such as 2026-03-01."),
        ("compatibility_date", "2026-13-01", "invalid date `2026-13-01`: expected a date such as 2026-03-01."),
        ("compatibility_flags", "a", '`compatibility_flags` must be a list of strings, got a string. Write `["a"]`.'),
        ("workflows", {}, "`workflows` must be a list of objects, got an object."),
        ("exports", [], "`exports` must be an object, got a list."),
        ("env", "test", "`env` must be an object, got a string."),
    ],
)
def test_a_field_of_the_wrong_type_is_reported_at_its_value(field: str, value: object, message: str) -> None:
    configuration = read_data({field: value}, "test")
    assert messages_of(configuration) == [f"wrangler.jsonc:1:{len(field) + 6}: {message}"]


def test_an_invalid_export_does_not_hide_the_others() -> None:
    configuration = read('{"exports": {"Odd": 3,\n "Orders": {"type": "workflow", "name": "orders"}}}')
    assert messages_of(configuration) == ["wrangler.jsonc:1:21: `Odd` must be an object, got a number."]
    assert [workflow.class_name for workflow in configuration.workflows] == ["Orders"]


def test_invalid_list_elements_have_their_own_positions() -> None:
    configuration = read('{"compatibility_flags": ["a", null, 1],\n "workflows": [null, "orders"]}')
    assert messages_of(configuration) == [
        "wrangler.jsonc:1:31: `compatibility_flags` must contain only strings, got null.",
        "wrangler.jsonc:1:37: `compatibility_flags` must contain only strings, got a number.",
        "wrangler.jsonc:2:16: `workflows` must contain only objects, got null.",
        "wrangler.jsonc:2:22: `workflows` must contain only objects, got a string.",
    ]


def test_a_toml_date_is_not_a_string() -> None:
    assert messages_of(read("compatibility_date = 2026-03-01\n", name="wrangler.toml")) == [
        "wrangler.toml:1:22: `compatibility_date` must be a string, got a date."
    ]


def test_null_counts_as_missing() -> None:
    configuration = read_data({"name": None, "workflows": None, "exports": None, "env": None}, "test")
    assert (configuration.name, configuration.workflows, messages_of(configuration)) == ("", (), [])


def test_workflows_are_in_order_with_class_positions() -> None:
    configuration = read("""{
  "workflows": [
    {"binding": "A", "name": "orders", "class_name": "Orders"},
    {"binding": "B", "name": "refunds",
     "class_name": "Refunds"}
  ]
}""")
    assert configuration.workflows == (
        ConfiguredWorkflow("orders", "Orders", 3, 54),
        ConfiguredWorkflow("refunds", "Refunds", 5, 20),
    )


def test_an_incomplete_workflow_does_not_hide_the_others() -> None:
    configuration = read_data({"workflows": [{"binding": "A"}, {"binding": "B", "name": "a"}, workflow()]})
    assert [workflow.name for workflow in configuration.workflows] == ["orders"]
    assert messages_of(configuration) == [
        "wrangler.jsonc:1:16: `name` is missing in this entry of `workflows`.",
        "wrangler.jsonc:1:16: `class_name` is missing in this entry of `workflows`.",
        "wrangler.jsonc:1:34: `class_name` is missing in this entry of `workflows`.",
    ]


def test_a_misspelled_field_of_a_workflow_is_named() -> None:
    assert messages_of(read_data({"workflows": [{"binding": "A", "name": "a", "className": "Orders"}]})) == [
        (
            "wrangler.jsonc:1:46: `class_name` is missing in this entry of `workflows`. Rename `className` to"
            " `class_name`."
        )
    ]


def test_a_toml_table_in_place_of_an_array() -> None:
    assert messages_of(read("[env.test.workflows]\nname = 'a'\n", "test", "wrangler.toml")) == [
        (
            "wrangler.toml:1:1: `workflows` must be a list of tables, got a table. Write `[[env.test.workflows]]` in"
            " place of `[env.test.workflows]`."
        )
    ]


def test_a_merge_conflict_is_named() -> None:
    text = "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> change\n"
    assert refused(f"b = 1\n{text}", name="wrangler.toml").startswith("wrangler.toml:2:1: unresolved merge conflict.")


def test_workflows_of_toml_are_tables_in_an_array() -> None:
    configuration = read(
        '[[workflows]]\nname = "orders"\nclass_name = "Orders"\nbinding = "A"\n\n'
        '[[workflows]]\nname = "b"\nbinding = "B"\n',
        name="wrangler.toml",
    )
    assert configuration.workflows == (ConfiguredWorkflow("orders", "Orders", 3, 14),)
    assert messages_of(configuration) == ["wrangler.toml:6:1: `class_name` is missing in this entry of `workflows`."]


def test_a_duplicate_workflow_name_is_reported() -> None:
    configuration = read_data({"workflows": [workflow(), workflow(binding="B", class_name="Refunds")]})
    assert [workflow.class_name for workflow in configuration.workflows] == ["Orders"]
    assert messages_of(configuration) == [
        "wrangler.jsonc:1:106: `orders` is already the name of another workflow. Rename one of them."
    ]


def test_a_missing_binding_is_reported() -> None:
    configuration = read('{"workflows": [\n  {"name": "orders", "class_name": "Orders"}]}')
    assert [workflow.name for workflow in configuration.workflows] == ["orders"]
    assert messages_of(configuration) == ["wrangler.jsonc:2:3: `binding` is missing in this entry of `workflows`."]


def test_a_duplicate_binding_is_reported() -> None:
    entry = '{"binding": "ORDERS", "class_name": "Orders", "name": '
    configuration = read(f'{{"workflows": [\n{entry} "orders"}},\n{entry} "refunds"}}]}}')
    assert [workflow.name for workflow in configuration.workflows] == ["orders", "refunds"]
    assert messages_of(configuration) == [
        "wrangler.jsonc:3:13: `ORDERS` is already the binding of another workflow. Rename one of them."
    ]


def test_placeholders_may_share_a_binding() -> None:
    assert messages_of(read_data({"workflows": [workflow(binding="${B}"), workflow(name="b", binding="${B}")]})) == []


def test_workflows_beyond_the_limit_are_reported() -> None:
    configuration = read_data({"workflows": [workflow(name=f"w{number}") for number in range(1_001)]})
    assert [each.name for each in configuration.workflows[-2:]] == ["w998", "w999"]
    assert messages_of(configuration) == [
        "wrangler.jsonc:1:15: more than 1,000 workflows, so the others are not analyzed. Split the Worker."
    ]


@pytest.mark.parametrize(("environments", "workflows", "read_environments"), [(101, 1, 100), (3, 600, 1)])
def test_environments_beyond_the_limit_are_noted(environments: int, workflows: int, read_environments: int) -> None:
    names = [workflow(name=f"w{number}") for number in range(workflows)]
    configuration = read_data({"env": {f"e{number}": {"workflows": names} for number in range(environments)}})
    assert len(configuration.environments) == read_environments
    assert messages_of(configuration) == []
    (hint,) = configuration.hints
    assert str(hint) == (
        "wrangler.jsonc:1:9: more than 100 environments, or 1,000 workflows in them, so the others are not checked."
        " Select one with --env."
    )


def test_environments_inherit_exported_workflows() -> None:
    exports = {"Orders": {"type": "workflow", "name": "orders"}, "Counter": {"type": "durable-object"}}
    environments = {"a": {}, "b": {"exports": {}}, "c": {"exports": {"Mail": {"type": "workflow", "name": "mail"}}}}
    configuration = read_data({"exports": exports, "env": environments})
    assert [[each.class_name for each in other.workflows] for other in configuration.environments] == [
        ["Orders"],
        ["Mail"],
    ]


def test_two_workflows_may_share_a_class() -> None:
    configuration = read_data({"workflows": [workflow(name="a"), workflow(name="b")]})
    assert [workflow.name for workflow in configuration.workflows] == ["a", "b"]
    assert messages_of(configuration) == []
    assert configuration.workflow_of_class("Orders") == configuration.workflows[0]


def test_a_script_name_refers_to_another_worker() -> None:
    configuration = read_data({"name": "shop", "workflows": [workflow(script_name="billing")]})
    assert configuration.workflows[0].script_name == "billing"
    assert configuration.workflow_of_class("Orders") is None


def test_the_workers_own_script_name_is_this_worker() -> None:
    configuration = read_data({"name": "shop", "workflows": [workflow(script_name="shop")]})
    assert configuration.workflows[0].script_name is None


def test_script_names_match_the_deployed_name_of_an_environment() -> None:
    entries = [workflow(script_name="shop"), workflow(name="b", script_name="shop-test")]
    configuration = read_data({"name": "shop", "env": {"test": {"workflows": entries}}}, "test")
    assert [workflow.script_name for workflow in configuration.workflows] == ["shop", None]


def test_limits_set_the_maximum_of_steps() -> None:
    configuration = read_data({"workflows": [workflow(limits={"steps": 25000}), workflow(name="b", limits={})]})
    assert [workflow.steps for workflow in configuration.workflows] == [25000, None]


@pytest.mark.parametrize(
    ("steps", "shown"), [("ten", "a string"), (0, "0"), (1.5, "1.5"), (-3, "-3"), (True, "a boolean")]
)
def test_a_limit_must_be_a_positive_integer(steps: object, shown: str) -> None:
    configuration = read(
        '{"workflows": [{"binding": "A", "name": "a", "class_name": "A",'
        f' "limits":\n{{"steps": {json.dumps(steps)}}}}}]}}'
    )
    assert configuration.workflows[0].steps is None
    assert messages_of(configuration) == [f"wrangler.jsonc:2:11: `steps` must be a positive integer, got {shown}."]


def test_exports_of_type_workflow_are_workflows() -> None:
    configuration = read("""{
  "workflows": [{"name": "orders", "class_name": "Orders", "binding": "A"}],
  "exports": {
    "Refunds": {"type": "workflow", "name": "refunds", "limits": {"steps": 7}},
    "Counter": {"type": "durable-object"}
  }
}""")
    assert configuration.workflows == (
        ConfiguredWorkflow("orders", "Orders", 2, 50),
        ConfiguredWorkflow("refunds", "Refunds", 4, 16, steps=7),
    )
    assert messages_of(configuration) == []


def test_an_exported_and_bound_workflow_counts_once() -> None:
    exports = {"Orders": {"type": "workflow", "name": "orders"}}
    configuration = read_data({"workflows": [workflow()], "exports": exports})
    assert len(configuration.workflows) == 1
    assert messages_of(configuration) == []


def test_an_export_may_not_reuse_the_name_of_another_class() -> None:
    configuration = read("""{
  "workflows": [{"name": "orders", "class_name": "Orders", "binding": "A"}],
  "exports": {"Refunds": {"type": "workflow", "name": "orders"}, "Empty": {"type": "workflow"}}
}""")
    assert messages_of(configuration) == [
        "wrangler.jsonc:3:55: `orders` is already the name of the workflow of `Orders`.",
        "wrangler.jsonc:3:75: `name` is missing.",
    ]


TOP: Final[dict[str, object]] = {
    "name": "shop",
    "main": "src/entry.py",
    "compatibility_date": "2026-03-01",
    "workflows": [workflow()],
}


def in_environment(environment: dict[str, object], name: str = "test") -> Configuration:
    """Return the configuration of an environment, with default top-level fields."""
    return read_data({**TOP, "env": {name: environment}}, name)


def test_without_an_environment_the_top_level_is_used() -> None:
    configuration = read_data({**TOP, "env": {"test": {"name": "other", "workflows": []}}})
    assert configuration.name == "shop"
    assert [workflow.name for workflow in configuration.workflows] == ["orders"]


def test_an_environment_inherits_all_but_workflows() -> None:
    configuration = in_environment({"workflows": [workflow(name="orders-test")]})
    assert configuration.main == "src/entry.py"
    assert configuration.mode is DependencyMode.IMPLICIT
    assert [workflow.name for workflow in configuration.workflows] == ["orders-test"]


def test_an_environment_overrides_inherited_fields() -> None:
    configuration = in_environment({"main": "test.py", "compatibility_date": "2025-01-01", "workflows": []})
    assert configuration.main == "test.py"
    assert configuration.mode is DependencyMode.LEGACY


def test_an_environment_without_workflows_has_a_hint() -> None:
    configuration = read('{"workflows": [{"name": "a", "class_name": "A"}],\n "env": {"test": {}}}', "test")
    assert configuration.workflows == ()
    assert messages_of(configuration) == []
    (hint,) = configuration.hints
    assert str(hint) == (
        "wrangler.jsonc:2:18: environment `test` has no `workflows`, and environments do not inherit them from the top"
        " level. "
        "Repeat them in `env.test`."
    )


def test_an_environment_with_empty_workflows_has_no_hint() -> None:
    assert in_environment({"workflows": []}).hints == ()


@pytest.mark.parametrize("key", ["workflow", "Workflows", "work_flows"])
def test_a_misspelled_workflows_key_has_a_hint(key: str) -> None:
    configuration = read(f'{{"name": "shop",\n "{key}": [{{"name": "a", "class_name": "A"}}]}}')
    assert configuration.workflows == ()
    assert [str(hint) for hint in configuration.hints] == [
        f"wrangler.jsonc:2:2: unknown field `{key}`. Did you mean `workflows`?"
    ]


def test_an_environment_inherits_exports_unless_it_sets_them() -> None:
    exports = {"Orders": {"type": "workflow", "name": "orders"}}
    inherited = read_data({"exports": exports, "env": {"test": {}}}, "test")
    overriding = read_data({"exports": exports, "env": {"test": {"exports": {}}}}, "test")
    assert [workflow.name for workflow in inherited.workflows] == ["orders"]
    assert overriding.workflows == ()


def test_the_deployed_name_has_the_environment_as_suffix() -> None:
    assert in_environment({"workflows": []}).name == "shop-test"
    assert in_environment({"workflows": [], "name": "shop-for-tests"}).name == "shop-for-tests"


def test_the_name_may_be_missing() -> None:
    assert read_data({"env": {"test": {}}}, "test").name == ""


def test_without_environments_the_top_level_is_for_all() -> None:
    configuration = read_data(TOP, "test")
    assert configuration.name == "shop-test"
    assert [workflow.name for workflow in configuration.workflows] == ["orders"]


@pytest.mark.parametrize(
    ("environments", "advice"),
    [('{"a": {}, "b": {}}', " Available: `a`, `b`."), ('{"a": {}}', " Available: `a`."), ("{}", "")],
)
def test_an_unknown_environment_is_an_error_listing_the_others(environments: str, advice: str) -> None:
    message = refused(f'{{\n  "env": {environments}\n}}', "test")
    assert message == f"wrangler.jsonc:2:10: unknown environment `test`.{advice}"


def test_paths_are_relative_to_the_configuration() -> None:
    configuration = read('{"main": "./src/entry.py", "base_dir": "src"}', name="apps/shop/wrangler.json")
    assert (configuration.main, configuration.base_dir) == ("apps/shop/src/entry.py", "apps/shop/src")


def test_the_position_of_main_is_in_the_effective_table() -> None:
    text = '{"main": "a.py",\n "env": {"own": {"main": "b.py"}, "none": {}}}'
    assert read(text).main_position == (1, 10)
    assert read(text, "own").main_position == (2, 26)
    assert read(text, "none").main_position == (1, 10)


@pytest.mark.parametrize(
    ("date", "flags", "mode"),
    [
        ("2026-02-25", [], DependencyMode.IMPLICIT),
        ("2026-02-24", [], DependencyMode.LEGACY),
        ("2026-02-24", ["python_workers", "python_workflows_implicit_dependencies"], DependencyMode.IMPLICIT),
        ("2026-02-25", ["no_python_workflows_implicit_dependencies"], DependencyMode.LEGACY),
        (None, ["python_workflows_implicit_dependencies"], DependencyMode.IMPLICIT),
        (None, [], None),
    ],
)
def test_date_and_flags_select_the_dependency_mode(
    date: str | None, flags: list[str], mode: DependencyMode | None
) -> None:
    assert read_data({"compatibility_date": date, "compatibility_flags": flags}).mode is mode


def test_flags_of_an_environment_replace_those_above() -> None:
    top = {"compatibility_date": "2026-03-01", "compatibility_flags": ["no_python_workflows_implicit_dependencies"]}
    assert read_data({**top, "env": {"test": {}}}, "test").mode is DependencyMode.LEGACY
    assert read_data({**top, "env": {"test": {"compatibility_flags": []}}}, "test").mode is DependencyMode.IMPLICIT


def test_a_folder_is_not_a_configuration() -> None:
    Path("wrangler.toml").mkdir()
    assert why_unreadable("wrangler.toml") == "wrangler.toml: is a directory, not a configuration file."


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_a_pipe_is_not_a_configuration_and_does_not_block() -> None:
    os.mkfifo("wrangler.toml")
    assert why_unreadable("wrangler.toml") == "wrangler.toml: is a pipe, not a file."


def test_a_broken_link_is_not_a_configuration() -> None:
    Path("wrangler.json").symlink_to("missing.json")
    assert why_unreadable("wrangler.json") == "wrangler.json: a symbolic link that leads to a missing file."


def test_a_link_to_itself_is_not_a_configuration() -> None:
    Path("wrangler.json").symlink_to("wrangler.json")
    assert why_unreadable("wrangler.json") == "wrangler.json: a symbolic link that leads back to itself."


def test_a_configuration_without_permission_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("wrangler.json").write_text("{}", encoding="utf-8")

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert why_unreadable("wrangler.json") == "wrangler.json: permission denied. Make it readable, or omit it."


def test_a_deleted_configuration_is_unreadable() -> None:
    assert why_unreadable("wrangler.json").startswith("wrangler.json: file not found.")


def why_unreadable(name: str) -> str:
    """Return the error message for a path that is not a configuration."""
    with pytest.raises(InputError) as caught:
        read_configuration(name, here())
    return str(caught.value)


def test_a_missing_base_dir_is_reported_at_its_value() -> None:
    text = '{\n  "main": "src/entry.py",\n  "base_dir": "lib"\n}'
    assert messages_of(read(text, name="shop/wrangler.json")) == [
        "shop/wrangler.json:3:15: `base_dir` is `shop/lib`, which does not exist."
    ]


def test_a_base_dir_of_another_language_may_be_missing() -> None:
    assert messages_of(read('{"main": "dist/index.js", "base_dir": "dist"}')) == []


@pytest.mark.parametrize("field", ["name", "main", "base_dir"])
@pytest.mark.parametrize(
    ("escape", "character"),
    [("u0000", "a null character"), ("ud800", "half of a surrogate pair"), ("udfff", "half of a surrogate pair")],
)
def test_an_impossible_name_is_reported_at_its_value(field: str, escape: str, character: str) -> None:
    configuration = read(f'{{"{field}": "a\\{escape}"}}')
    assert messages_of(configuration) == [f"wrangler.jsonc:1:{len(field) + 6}: `{field}` contains {character}."]
    assert (configuration.name, configuration.main, configuration.base_dir) == ("", None, None)


@pytest.mark.parametrize("field", ["main", "base_dir"])
def test_a_path_has_a_limited_length(field: str) -> None:
    configuration = read_data({field: "../" * 200_000 + "a.py"})
    message = f"`{field}` is longer than 4,096 characters, so it is not a path."
    assert messages_of(configuration) == [f"wrangler.jsonc:1:{len(field) + 6}: {message}"]
    assert (configuration.main, configuration.base_dir) == (None, None)


def test_an_export_with_an_impossible_name_is_not_a_workflow() -> None:
    configuration = read('{"exports": {"A\\ud800": {"type": "workflow", "name": "orders"}}}')
    assert messages_of(configuration) == [
        "wrangler.jsonc:1:25: a name in this object contains half of a surrogate pair."
    ]
    assert configuration.workflows == ()
