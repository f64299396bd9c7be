"""What is read of wrangler's configuration, and what is said of mistakes in it."""

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
from stepgraph.project.configuration.document import Document
from stepgraph.project.configuration.document import Path as PathInDocument
from stepgraph.project.configuration.jsonc import JsoncDocument
from stepgraph.project.configuration.toml import TomlDocument
from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow, read_configuration
from tests.project.trees import here, plant


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, environment: str | None = None, name: str = "wrangler.jsonc") -> Configuration:
    """Return the configuration that a file with this text is."""
    plant(Path(), {name: text})
    return read_configuration(name, here(), environment)


def read_data(data: dict[str, object], environment: str | None = None) -> Configuration:
    """Return the configuration that a file with this data is."""
    return read(json.dumps(data), environment)


def told(configuration: Configuration) -> list[str]:
    """Return what is said to be wrong with a configuration."""
    return [str(problem) for problem in configuration.problems]


def refused(text: str, environment: str | None = None, name: str = "wrangler.jsonc") -> str:
    """Return why a file with this text is no configuration."""
    with pytest.raises(InputError) as caught:
        read(text, environment, name)
    return str(caught.value)


def workflow(**fields: object) -> dict[str, object]:
    """Return an entry of `workflows`, complete where the fields do not say otherwise."""
    return {"binding": "ORDERS", "name": "orders", "class_name": "Orders", **fields}


def test_comments_and_trailing_commas_are_no_part_of_the_data() -> None:
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


def test_what_looks_like_a_comment_or_trailing_comma_in_text_is_text() -> None:
    document = JsoncDocument(r'{"url": "https://x/*y*/", "list": ",]", "quote": "\"//,}"}')
    assert document.data == {"url": "https://x/*y*/", "list": ",]", "quote": '"//,}'}


def test_a_position_is_the_line_and_column_at_which_a_value_begins() -> None:
    document = JsoncDocument('{ // first\n  "a": [1,\n\t{"b": "x"}, /*\n*/ null]\n}')
    assert document.position(("a",)) == (2, 8)
    assert document.position(("a", 0)) == (2, 9)
    assert document.position(("a", 1)) == (3, 2)
    assert document.position(("a", 1, "b")) == (3, 8)
    assert document.position(("a", 2)) == (4, 4)


def test_the_position_of_what_is_missing_is_that_of_what_it_is_missing_in() -> None:
    document = JsoncDocument('{\n  "a": [{"b": 1}]\n}')
    assert document.position(("a", 0, "missing")) == (2, 9)
    assert document.position(("a", 7)) == (2, 8)
    assert document.position(("missing", "altogether")) == (1, 1)


def test_a_key_is_found_however_it_is_spelt() -> None:
    document = JsoncDocument('{"\\u0061": 1, "b // c": 2, "]": {"": 3}}')
    assert document.data == {"a": 1, "b // c": 2, "]": {"": 3}}
    assert document.position(("a",)) == (1, 12)
    assert document.position(("b // c",)) == (1, 25)
    assert document.position(("]", "")) == (1, 38)


def test_a_repeated_key_is_a_problem_where_it_stands_again_and_the_last_value_counts() -> None:
    configuration = read('{\n  "name": "a",\n  "workflows": [{"name": "x"}],\n  "name": "b", "workflows": []\n}')
    assert configuration.name == "b"
    assert told(configuration) == [
        "wrangler.jsonc:4:3: `name` is given twice. Remove one of them.",
        "wrangler.jsonc:4:16: `workflows` is given twice. Remove one of them.",
    ]


def test_a_repeated_key_is_named_with_all_that_it_is_in() -> None:
    configuration = read('{"env": {"a": {}, "b": {"main": "a.py",\n "main": "b.py"}}}')
    assert told(configuration) == ["wrangler.jsonc:2:2: `env.b.main` is given twice. Remove one of them."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: not valid JSON: expecting value."),
        ('{"a": 1,\n "b" 2}', "2:6: not valid JSON: expecting ':' delimiter."),
        ('{"a": 1\n "b": 2}', "2:2: not valid JSON: expecting ',' delimiter."),
        ('{"a": 1,,}', "1:9: not valid JSON: expecting property name enclosed in double quotes."),
        ('{"a": 1} x', "1:10: not valid JSON: extra data."),
        ("{'a': 1}", "1:2: not valid JSON: expecting property name enclosed in double quotes."),
        ('{"a": "x\ny"}', "1:9: not valid JSON: invalid control character."),
        ('{"a": "x', "1:7: not valid JSON: unterminated string."),
        ('{"a": /* never\nclosed', "1:7: not valid JSON: this comment is not closed."),
        ('{"a": /* b\n*/ /* c */ ]}', "2:12: not valid JSON: expecting value."),
        ('{"NaN": 1, "a": NaN}', "1:17: not valid JSON: NaN is no value of JSON."),
        ('{"a": -Infinity}', "1:7: not valid JSON: -Infinity is no value of JSON."),
        ("[1]", "1:1: not valid JSON: an object is expected."),
        ("[" * 100_000, "1:1: not valid JSON: nested too deeply."),
        (f'{{"a": {"1" * 5000}}}', "1:1: not valid JSON: a number in it has too many digits."),
    ],
)
def test_malformed_json_is_refused_with_its_place(text: str, said: str) -> None:
    assert refused(text) == f"wrangler.jsonc:{said}"


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
    """Draw data, and a text of it with comments and trailing commas wherever there may be some."""
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
    """Yield the values in some data by their paths, the data itself first."""
    yield path, value
    inner: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, element in inner:
        yield from parts_of(element, (*path, key))


def text_at(document: Document, text: str, path: PathInDocument) -> str:
    """Return what follows in a text from where a part of it stands."""
    line, column = document.position(path)
    rest = text
    for _ in range(line - 1):
        rest = rest[rest.index("\n") + 1 :]
    return rest[column - 1 :]


@given(jsonc_texts())
def test_data_is_read_back_whatever_comments_and_commas_are_in_it(drawn: tuple[str, dict[str, object]]) -> None:
    text, data = drawn
    document = JsoncDocument(text)
    assert document.data == data
    assert document.repeated == ()


@given(jsonc_texts())
def test_each_value_stands_where_it_is_said_to(drawn: tuple[str, dict[str, object]]) -> None:
    text, data = drawn
    document = JsoncDocument(text)
    for path, value in parts_of(data):
        if not path:
            continue
        found = text_at(document, text, path)
        if isinstance(value, dict | list):
            assert found.startswith("{" if isinstance(value, dict) else "[")
        else:
            assert json.JSONDecoder().raw_decode(found)[0] == value


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
def test_values_of_toml_have_their_positions_too(path: PathInDocument, line: int, column: int) -> None:
    assert TomlDocument(TOML).position(path) == (line, column)


def test_the_position_of_what_is_missing_in_toml_is_that_of_what_it_is_missing_in() -> None:
    assert TomlDocument(TOML).position(("workflows", 0, "class_name")) == (7, 1)
    assert TomlDocument(TOML).position(("missing",)) == (1, 1)


def test_lines_of_toml_may_end_as_on_windows() -> None:
    assert TomlDocument("a = 1\r\n[b]\r\n  c = 2\r\n").position(("b", "c")) == (3, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = 2\na = 3\n", "3:6: not valid TOML: cannot overwrite a value."),
        ("a = \n", "1:5: not valid TOML: invalid value."),
        ("a = [1,\n", "2:1: not valid TOML: invalid value."),
        ("a\n", "1:2: not valid TOML: expected '=' after a key in a key/value pair."),
        ("a = " + "[" * 10_000, "1:1: not valid TOML: nested too deeply."),
        ("a = " + "1" * 5000, "1:1: not valid TOML: a number in it has too many digits."),
    ],
)
def test_malformed_toml_is_refused_with_its_place(text: str, said: str) -> None:
    assert refused(text, name="wrangler.toml") == f"wrangler.toml:{said}"


@pytest.mark.parametrize(("name", "text"), [("wrangler.json", '{"name": 3}'), ("wrangler.toml", "name = 3")])
def test_a_byte_order_mark_is_no_part_of_the_first_line(name: str, text: str) -> None:
    (said,) = told(read(f"\ufeff{text}", name=name))
    assert said == f"{name}:1:{text.index('3') + 1}: `name` is a number, where text is expected."


@pytest.mark.parametrize("name", ["wrangler.jsonc", "wrangler.toml"])
def test_a_configuration_is_utf_8_whatever_a_comment_says(name: str) -> None:
    Path(name).write_bytes(b"# coding: latin-1\n# \xe9\n")
    with pytest.raises(InputError) as caught:
        read_configuration(name, here())
    assert str(caught.value) == f"{name}:2:3: not UTF-8: byte 0xe9. Save it as UTF-8."


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", 3, "`name` is a number, where text is expected."),
        ("name", "", "`name` is empty, where text is expected."),
        ("main", ["a.py"], "`main` is a list, where text is expected."),
        ("base_dir", True, "`base_dir` is true or false, where text is expected."),
        ("compatibility_date", "soon", "`soon` is no date such as 2026-03-01."),
        ("compatibility_flags", "a", "`compatibility_flags` is text, where a list of texts is expected."),
        ("workflows", {}, "`workflows` is an object, where a list of objects is expected."),
        ("exports", [], "`exports` is a list, where an object is expected."),
        ("env", "test", "`env` is text, where an object is expected."),
    ],
)
def test_a_field_of_a_wrong_type_is_a_problem_at_its_value(field: str, value: object, said: str) -> None:
    configuration = read_data({field: value}, "test")
    assert told(configuration) == [f"wrangler.jsonc:1:{len(field) + 6}: {said}"]


def test_an_export_that_is_no_object_is_a_problem_and_the_others_are_kept() -> None:
    configuration = read('{"exports": {"Odd": 3,\n "Orders": {"type": "workflow", "name": "orders"}}}')
    assert told(configuration) == ["wrangler.jsonc:1:21: `Odd` is a number, where an object is expected."]
    assert [found.class_name for found in configuration.workflows] == ["Orders"]


def test_the_elements_of_lists_are_told_apart() -> None:
    configuration = read('{"compatibility_flags": ["a", null, 1],\n "workflows": [null, "orders"]}')
    assert told(configuration) == [
        "wrangler.jsonc:1:31: this is null, where text is expected.",
        "wrangler.jsonc:1:37: this is a number, where text is expected.",
        "wrangler.jsonc:2:16: this is null, where an object is expected.",
        "wrangler.jsonc:2:22: this is text, where an object is expected.",
    ]


def test_a_date_of_toml_is_no_text() -> None:
    assert told(read("compatibility_date = 2026-03-01\n", name="wrangler.toml")) == [
        "wrangler.toml:1:22: `compatibility_date` is a date, where text is expected."
    ]


def test_null_is_as_good_as_nothing() -> None:
    configuration = read_data({"name": None, "workflows": None, "exports": None, "env": None}, "test")
    assert (configuration.name, configuration.workflows, told(configuration)) == ("", (), [])


def test_workflows_come_in_order_each_at_its_class_name() -> None:
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


def test_an_entry_without_name_or_class_name_is_a_problem_and_the_others_are_kept() -> None:
    configuration = read_data({"workflows": [{"binding": "A"}, {"name": "a"}, workflow()]})
    assert [found.name for found in configuration.workflows] == ["orders"]
    assert told(configuration) == [
        "wrangler.jsonc:1:16: `name` is missing in this entry of `workflows`.",
        "wrangler.jsonc:1:16: `class_name` is missing in this entry of `workflows`.",
        "wrangler.jsonc:1:34: `class_name` is missing in this entry of `workflows`.",
    ]


def test_workflows_of_toml_are_tables_in_an_array() -> None:
    configuration = read(
        '[[workflows]]\nname = "orders"\nclass_name = "Orders"\n\n[[workflows]]\nname = "other"\n', name="wrangler.toml"
    )
    assert configuration.workflows == (ConfiguredWorkflow("orders", "Orders", 3, 14),)
    assert told(configuration) == ["wrangler.toml:5:1: `class_name` is missing in this entry of `workflows`."]


def test_two_workflows_of_one_name_are_a_problem_and_the_first_counts() -> None:
    configuration = read('{"workflows": [{"name": "a", "class_name": "A"},\n {"name": "a", "class_name": "B"}]}')
    assert [found.class_name for found in configuration.workflows] == ["A"]
    assert told(configuration) == [
        "wrangler.jsonc:2:11: `a` is the name of another workflow above. Rename one of them."
    ]


def test_two_workflows_of_one_class_are_none() -> None:
    configuration = read_data({"workflows": [workflow(name="a"), workflow(name="b")]})
    assert [found.name for found in configuration.workflows] == ["a", "b"]
    assert told(configuration) == []
    assert configuration.named("Orders") == configuration.workflows[0]


def test_a_script_name_is_another_worker() -> None:
    configuration = read_data({"name": "shop", "workflows": [workflow(script_name="billing")]})
    assert configuration.workflows[0].script_name == "billing"
    assert configuration.named("Orders") is None


def test_a_script_name_that_is_the_workers_own_is_this_one() -> None:
    configuration = read_data({"name": "shop", "workflows": [workflow(script_name="shop")]})
    assert configuration.workflows[0].script_name is None


def test_in_an_environment_the_workers_own_name_is_the_deployed_one() -> None:
    entries = [workflow(script_name="shop"), workflow(name="b", script_name="shop-test")]
    configuration = read_data({"name": "shop", "env": {"test": {"workflows": entries}}}, "test")
    assert [found.script_name for found in configuration.workflows] == ["shop", None]


def test_limits_say_how_many_steps_an_instance_may_run() -> None:
    configuration = read_data({"workflows": [workflow(limits={"steps": 25000}), workflow(name="b", limits={})]})
    assert [found.steps for found in configuration.workflows] == [25000, None]


@pytest.mark.parametrize(
    ("steps", "shown"), [("ten", "text"), (0, "0"), (1.5, "1.5"), (-3, "-3"), (True, "true or false")]
)
def test_a_limit_that_is_no_whole_number_above_0_is_a_problem(steps: object, shown: str) -> None:
    configuration = read(
        f'{{"workflows": [{{"name": "a", "class_name": "A", "limits":\n{{"steps": {json.dumps(steps)}}}}}]}}'
    )
    assert configuration.workflows[0].steps is None
    assert told(configuration) == [
        f"wrangler.jsonc:2:11: `steps` is {shown}, where a whole number above 0 is expected."
    ]


def test_exports_of_the_type_workflow_are_workflows_too() -> None:
    configuration = read("""{
  "workflows": [{"name": "orders", "class_name": "Orders"}],
  "exports": {
    "Refunds": {"type": "workflow", "name": "refunds", "limits": {"steps": 7}},
    "Counter": {"type": "durable-object"}
  }
}""")
    assert configuration.workflows == (
        ConfiguredWorkflow("orders", "Orders", 2, 50),
        ConfiguredWorkflow("refunds", "Refunds", 4, 16, steps=7),
    )
    assert told(configuration) == []


def test_a_workflow_that_is_exported_and_bound_is_one() -> None:
    exports = {"Orders": {"type": "workflow", "name": "orders"}}
    configuration = read_data({"workflows": [workflow()], "exports": exports})
    assert len(configuration.workflows) == 1
    assert told(configuration) == []


def test_an_export_under_the_name_of_a_workflow_of_another_class_is_a_problem() -> None:
    configuration = read("""{
  "workflows": [{"name": "orders", "class_name": "Orders"}],
  "exports": {"Refunds": {"type": "workflow", "name": "orders"}, "Empty": {"type": "workflow"}}
}""")
    assert told(configuration) == [
        "wrangler.jsonc:3:55: `orders` is the name of another workflow, of `Orders`.",
        "wrangler.jsonc:3:75: `name` is missing.",
    ]


TOP: Final[dict[str, object]] = {
    "name": "shop",
    "main": "src/entry.py",
    "compatibility_date": "2026-03-01",
    "workflows": [workflow()],
}


def in_environment(environment: dict[str, object], name: str = "test") -> Configuration:
    """Return the configuration of an environment below the usual top."""
    return read_data({**TOP, "env": {name: environment}}, name)


def test_without_an_environment_the_top_counts() -> None:
    configuration = read_data({**TOP, "env": {"test": {"name": "other", "workflows": []}}})
    assert configuration.name == "shop"
    assert [found.name for found in configuration.workflows] == ["orders"]


def test_an_environment_inherits_main_and_the_date_and_has_workflows_of_its_own() -> None:
    configuration = in_environment({"workflows": [workflow(name="orders-test")]})
    assert configuration.main == "src/entry.py"
    assert configuration.mode is DependencyMode.IMPLICIT
    assert [found.name for found in configuration.workflows] == ["orders-test"]


def test_an_environment_may_say_otherwise() -> None:
    configuration = in_environment({"main": "test.py", "compatibility_date": "2025-01-01", "workflows": []})
    assert configuration.main == "test.py"
    assert configuration.mode is DependencyMode.LEGACY


def test_workflows_are_not_inherited_which_is_hinted_at() -> None:
    configuration = read('{"workflows": [{"name": "a", "class_name": "A"}],\n "env": {"test": {}}}', "test")
    assert configuration.workflows == ()
    assert told(configuration) == []
    (hint,) = configuration.hints
    assert str(hint) == (
        "wrangler.jsonc:2:18: the environment `test` has no `workflows`, and does not inherit those of the top level. "
        "Repeat them in `env.test`."
    )


def test_an_environment_that_has_none_on_purpose_needs_no_hint() -> None:
    assert in_environment({"workflows": []}).hints == ()


@pytest.mark.parametrize(("key", "column"), [("workflow", 14), ("Workflows", 15), ("work_flows", 16)])
def test_a_name_near_that_of_the_workflows_is_hinted_at(key: str, column: int) -> None:
    configuration = read(f'{{"name": "shop",\n "{key}": [{{"name": "a", "class_name": "A"}}]}}')
    assert configuration.workflows == ()
    assert [str(hint) for hint in configuration.hints] == [
        f"wrangler.jsonc:2:{column}: `{key}` is nothing that wrangler knows. Did you mean `workflows`?"
    ]


def test_exports_are_inherited_unless_the_environment_has_its_own() -> None:
    exports = {"Orders": {"type": "workflow", "name": "orders"}}
    inherited = read_data({"exports": exports, "env": {"test": {}}}, "test")
    own = read_data({"exports": exports, "env": {"test": {"exports": {}}}}, "test")
    assert [found.name for found in inherited.workflows] == ["orders"]
    assert own.workflows == ()


def test_the_deployed_name_is_that_of_the_environment_or_made_of_the_top_one() -> None:
    assert in_environment({"workflows": []}).name == "shop-test"
    assert in_environment({"workflows": [], "name": "shop-for-tests"}).name == "shop-for-tests"


def test_without_a_name_there_is_none() -> None:
    assert read_data({"env": {"test": {}}}, "test").name == ""


def test_where_there_are_no_environments_the_top_is_for_all_of_them() -> None:
    configuration = read_data(TOP, "test")
    assert configuration.name == "shop-test"
    assert [found.name for found in configuration.workflows] == ["orders"]


@pytest.mark.parametrize(
    ("environments", "advice"),
    [('{"a": {}, "b": {}}', " There are `a`, `b`."), ('{"a": {}}', " There is `a`."), ("{}", "")],
)
def test_an_environment_that_is_not_there_is_refused_with_those_that_are(environments: str, advice: str) -> None:
    said = refused(f'{{\n  "env": {environments}\n}}', "test")
    assert said == f"wrangler.jsonc:2:10: there is no environment `test`.{advice}"


def test_paths_are_relative_to_the_configuration() -> None:
    configuration = read('{"main": "./src/entry.py", "base_dir": "src"}', name="apps/shop/wrangler.json")
    assert (configuration.main, configuration.base_dir) == ("apps/shop/src/entry.py", "apps/shop/src")


def test_the_position_of_main_is_that_of_the_one_that_counts() -> None:
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
def test_the_mode_of_dependencies_follows_from_date_and_flags(
    date: str | None, flags: list[str], mode: DependencyMode | None
) -> None:
    assert read_data({"compatibility_date": date, "compatibility_flags": flags}).mode is mode


def test_an_environment_with_flags_of_its_own_does_not_inherit_any() -> None:
    top = {"compatibility_date": "2026-03-01", "compatibility_flags": ["no_python_workflows_implicit_dependencies"]}
    assert read_data({**top, "env": {"test": {}}}, "test").mode is DependencyMode.LEGACY
    assert read_data({**top, "env": {"test": {"compatibility_flags": []}}}, "test").mode is DependencyMode.IMPLICIT


def test_a_folder_is_no_configuration() -> None:
    Path("wrangler.toml").mkdir()
    assert why_unreadable("wrangler.toml") == "wrangler.toml: a folder, where a configuration file is meant."


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_a_pipe_is_no_configuration_and_is_not_waited_for() -> None:
    os.mkfifo("wrangler.toml")
    assert why_unreadable("wrangler.toml") == "wrangler.toml: a pipe, not a file."


def test_a_link_that_leads_nowhere_is_no_configuration() -> None:
    Path("wrangler.json").symlink_to("missing.json")
    assert why_unreadable("wrangler.json") == "wrangler.json: a symbolic link that leads to no file."


def test_a_link_that_leads_back_to_itself_is_no_configuration() -> None:
    Path("wrangler.json").symlink_to("wrangler.json")
    assert why_unreadable("wrangler.json") == "wrangler.json: a symbolic link that leads back to itself."


def test_a_configuration_without_permission_is_told_as_any_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("wrangler.json").write_text("{}", encoding="utf-8")

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert why_unreadable("wrangler.json") == "wrangler.json: permission denied. Make it readable, or leave it out."


def test_a_configuration_that_has_gone_is_told_as_any_file() -> None:
    assert why_unreadable("wrangler.json").startswith("wrangler.json: no such file or folder.")


def why_unreadable(name: str) -> str:
    """Return why what stands at a path is no configuration."""
    with pytest.raises(InputError) as caught:
        read_configuration(name, here())
    return str(caught.value)


def test_a_base_dir_that_is_not_there_is_a_problem_at_its_value() -> None:
    text = '{\n  "main": "src/entry.py",\n  "base_dir": "lib"\n}'
    assert told(read(text, name="shop/wrangler.json")) == [
        "shop/wrangler.json:3:15: `base_dir` is `shop/lib`, and there is no such folder."
    ]


def test_a_base_dir_of_another_language_may_yet_have_to_be_built() -> None:
    assert told(read('{"main": "dist/index.js", "base_dir": "dist"}')) == []


@pytest.mark.parametrize("field", ["name", "main", "base_dir"])
@pytest.mark.parametrize(
    ("escape", "said"),
    [("u0000", "a null character"), ("ud800", "half of a surrogate pair"), ("udfff", "half of a surrogate pair")],
)
def test_a_name_or_path_that_none_can_be_is_a_problem_at_its_value(field: str, escape: str, said: str) -> None:
    configuration = read(f'{{"{field}": "a\\{escape}"}}')
    assert told(configuration) == [f"wrangler.jsonc:1:{len(field) + 6}: `{field}` has {said} in it."]
    assert (configuration.name, configuration.main, configuration.base_dir) == ("", None, None)


def test_a_class_with_a_name_that_none_can_have_is_no_workflow() -> None:
    configuration = read('{"exports": {"A\\ud800": {"type": "workflow", "name": "orders"}}}')
    assert told(configuration) == ["wrangler.jsonc:1:25: a name in this object has half of a surrogate pair in it."]
    assert configuration.workflows == ()
