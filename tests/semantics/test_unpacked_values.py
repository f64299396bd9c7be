"""Values in arguments and settings that code unpacks: `step.sleep(*pair)`, `config={**options}`."""

from __future__ import annotations

import pytest

from stepgraph.model.payload import StepConfig
from tests.semantics.notation import graph_of, workflow_of

DEFAULT = "10 minutes"


def timeout_of(config: str, head: str) -> str | float:
    """Return the timeout of a step with `config` in a function, which is called with two timeouts."""
    workflow = workflow_of(f"""
        async def job({head}):
            @step.do("x", config={config})
            async def x(): ...
            await x()

        await job(timeout="1 minute")
        await job(timeout="2 minutes")
    """)
    assert workflow.graph is not None
    (function,) = workflow.graph["workflow"]["functions"].values()
    return settings_in(function["nodes"][0])["timeout"]


def settings_in(node: object) -> StepConfig:
    assert isinstance(node, dict)
    config: StepConfig = node["config"]
    return config


@pytest.mark.parametrize(
    ("config", "timeout"),
    [
        ("{**options}", "{options}"),
        ("options", DEFAULT),
        ('{"timeout": options["timeout"]}', '{options["timeout"]}'),
        ('{"timeout": options.get("timeout")}', '{options.get("timeout")}'),
        ("{} | options", "{options}"),
        ('options | {"sensitive": "output"}', "{options}"),
        ("dict(options)", DEFAULT),
    ],
)
def test_a_value_of_the_keyword_arguments_is_source(config: str, timeout: str) -> None:
    assert timeout_of(config, "**options") == timeout


def test_unpacked_arguments_of_a_caller_are_source() -> None:
    assert graph_of("""
        async def job(*names, **options):
            await step.sleep(*names)
            await step.wait_for_event("w", **options)

        await job("one", 1, event_type="paid")
        await job("two", 2, event_type="sent")
    """).splitlines() == [
        "call job",
        "call job",
        "def job",
        "  sleep '{names}' '{names}'",
        "  wait 'w' '{options}' '24 hours'",
    ]


@pytest.mark.parametrize(
    ("use", "name"),
    [
        ("step.sleep(*names)", "{names}"),
        ("step.sleep(*[*names])", "{[*names]}"),
        ("step.sleep([*names][0], 5)", "{[*names][0]}"),
        ("step.sleep((names + [])[0], 5)", "{(names + [])[0]}"),
        ("step.sleep((names * 1)[0], 5)", "{(names * 1)[0]}"),
        ("step.sleep((table | {})['name'], 5)", "{(table | {})['name']}"),
        ("step.sleep(**table)", "{table}"),
        ("step.sleep(first, 5)", "{first}"),
    ],
)
def test_unpacked_constants_that_may_have_changed_are_source(use: str, name: str) -> None:
    assert graph_of(f"""
        import external
        names, table = ["old", 5], {{"name": "old", "duration": 5}}
        external.change(names)
        external.change(table)
        first, second = names
        await {use}
    """).startswith(f"sleep {name!r} ")


def test_unpacked_constants_that_did_not_change_are_shown() -> None:
    assert graph_of("""
        names, table = ("one", 1), {"name": "two", "duration": 2}
        await step.sleep(*names)
        await step.sleep(**table)
        first, second = names
        await step.sleep(first, [*names, 3][2])
    """).splitlines() == ["sleep 'one' 1", "sleep 'two' 2", "sleep 'one' 3"]


@pytest.mark.parametrize(
    ("call", "node"),
    [
        ("step.sleep(*unknown)", "sleep '{unknown}' '{unknown}'"),
        ('step.sleep(*unknown, "5 minutes")', "sleep '{unknown}' '{unknown}'"),
        ('step.sleep("x", **unknown)', "sleep 'x' '{unknown}'"),
        ('step.wait_for_event("x", "paid", **unknown)', "wait 'x' 'paid' '{unknown}'"),
        ('step.sleep("x", **{**unknown, "duration": 5})', "sleep 'x' 5"),
        ('step.sleep("x", **{"duration": 5, **unknown})', """sleep 'x' '{{"duration": 5, **unknown}}'"""),
        ('step.sleep("x", **{"duration": 5, unknown: 6})', """sleep 'x' '{{"duration": 5, unknown: 6}}'"""),
    ],
)
def test_a_value_that_unknown_arguments_may_have_is_source(call: str, node: str) -> None:
    assert graph_of(f'unknown = event["payload"]["unknown"]\nawait {call}') == node


def test_a_config_in_unknown_arguments_is_reported() -> None:
    workflow = workflow_of("""
        @step.do("x", **event["payload"]["options"])
        async def x(): ...
        await x()
    """)

    assert [note.code for note in workflow.notes] == ["dynamic-config"]


def test_config_that_differs_by_call_is_reported_at_the_step() -> None:
    workflow = workflow_of("""
        async def do(name, function, **options):
            await step.do(name, **options)(function)()

        await do("x", lambda: 1, config={"timeout": "1 hour"})
    """)

    assert [note.message for note in workflow.notes] == ["the step's config `options` is not statically known."]


@pytest.mark.parametrize(
    "config",
    ["{**BASE, **unknown}", "BASE | unknown", "{**BASE, unknown: 1}"],
)
def test_a_possibly_replaced_timeout_is_shown_as_source(config: str) -> None:
    workflow = workflow_of(f"""
        BASE = {{"timeout": "8 minutes", "retries": {{"limit": 3, "delay": 1}}}}
        unknown = event["payload"]["unknown"]

        @step.do("x", config={config})
        async def x(): ...
        await x()
    """)

    assert workflow.graph is not None
    assert settings_in(workflow.graph["workflow"]["nodes"][0]) == {
        "retries": {"limit": 5, "delay": 1000, "backoff": "exponential"},
        "timeout": f"{{{config}}}",
    }
    assert [note.code for note in workflow.notes] == ["dynamic-config"]


def test_a_conditional_entry_replaces_only_its_key() -> None:
    workflow = workflow_of("""
        base = {"timeout": "8 minutes", "retries": {"limit": 3, "delay": 1}}

        @step.do("x", config={**base, **({"timeout": 1} if x else {})})
        async def x(): ...
        await x()
    """)

    assert workflow.graph is not None
    assert settings_in(workflow.graph["workflow"]["nodes"][0]) == {
        "retries": {"limit": 3, "delay": 1, "backoff": "exponential"},
        "timeout": '{{**base, **({"timeout": 1} if x else {})}}',
    }
