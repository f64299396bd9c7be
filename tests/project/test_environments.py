"""The environments of a configuration: inherited fields, names, and hints."""

from __future__ import annotations

from typing import Final

import pytest

from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.project.configuration.wrangler import Configuration
from tests.project.configurations import messages_of, read, read_data, refused, workflow

pytestmark = pytest.mark.usefixtures("empty_directory")

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
