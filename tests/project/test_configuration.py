"""Reading wrangler's configuration, and messages about mistakes in it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from stepgraph.model.note import InputError
from stepgraph.project.configuration.wrangler import ConfiguredWorkflow, read_configuration
from tests.project.configurations import messages_of, read, read_data, refused, workflow
from tests.project.trees import here

pytestmark = pytest.mark.usefixtures("empty_directory")


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


@pytest.mark.parametrize("name", ["className", "class-name", "class", "classname"])
def test_a_misspelled_field_of_a_workflow_is_named(name: str) -> None:
    assert messages_of(read_data({"workflows": [{"binding": "A", "name": "a", name: "Orders"}]})) == [
        f"wrangler.jsonc:1:46: `class_name` is missing in this entry of `workflows`. Rename `{name}` to `class_name`."
    ]


def test_another_field_is_no_misspelling() -> None:
    entry = {"binding": "A", "script_name": "shop", "class_name": "Orders"}
    assert messages_of(read_data({"workflows": [entry]})) == [
        "wrangler.jsonc:1:16: `name` is missing in this entry of `workflows`."
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


def test_a_folder_is_not_a_configuration() -> None:
    Path("wrangler.toml").mkdir()
    assert why_unreadable("wrangler.toml") == "wrangler.toml: a directory, not a file."


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_a_pipe_is_not_a_configuration_and_does_not_block() -> None:
    os.mkfifo("wrangler.toml")
    assert why_unreadable("wrangler.toml") == "wrangler.toml: a pipe, not a file."


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


@pytest.mark.slow
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
