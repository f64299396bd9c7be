"""Test names with variables in braces, in a string without the prefix `f`."""

from __future__ import annotations

import pytest

from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.snippets import codes_in, edits_of, flagged_in_run, only_finding


@pytest.mark.parametrize(
    "name",
    [
        '"pause {order}"',
        '"pause {order.id}"',
        "'pause {order[\"id\"]}'",
        '"pause {order!r:>10}"',
        '"pause {order + 1}"',
        'r"pause {order}"',
        '"pause {limit} of {order}"',
        '"pause {order:{limit}}"',
        '"pause {order:>{limit}.{limit + 1}}"',
    ],
)
def test_fields_of_variables(name: str) -> None:
    body = f"order = event['payload']\nawait step.sleep({name}, '1 day')"
    assert flagged_in_run("SG218", body, "limit = 3") == [name]


@pytest.mark.parametrize(
    "name",
    [
        'f"pause {order}"',
        '"pause {other}"',
        '"pause {order} of {other}"',
        '"pause {order:{other}}"',
        '"pause {order:{}}"',
        '"pause {order:{0}}"',
        '"pause {id}"',
        '"pause {}"',
        '"pause {0}"',
        '"pause {order"',
        '"pause {{order}}"',
        '"pause {order}".format(order=order)',
        '"pause %s {order}" % order',
        "TEMPLATE",
    ],
)
def test_names_without_fields_of_variables(name: str) -> None:
    body = f"order = event['payload']\nawait step.sleep({name}, '1 day')"
    assert flagged_in_run("SG218", body, 'TEMPLATE = "pause {order}"') == []


def test_literals_in_a_concatenation() -> None:
    body = """
    order = event["payload"]
    await step.sleep(f"pause {order} " "of {order}", "1 day")
    await step.sleep(order + "{order}", "1 day")
    """
    assert flagged_in_run("SG218", body) == ['"of {order}"', '"{order}"']


def test_name_of_a_step_by_keyword() -> None:
    body = "order = event['payload']\nawait step.wait_for_event(name='approve {order}', event_type='approved')"
    assert flagged_in_run("SG218", body) == ["'approve {order}'"]


def test_name_that_a_function_receives() -> None:
    body = """
    order = event["payload"]

    async def run_step(title, note):
        print(note)

        @step.do(title)
        async def work():
            return order

        await work()

    await run_step("charge {order}", "about {order}")
    await run_step(f"ship {order}", note="")
    """
    assert flagged_in_run("SG218", body) == ['"charge {order}"']


def test_template_that_a_function_formats() -> None:
    body = """
    order = event["payload"]

    async def pause(template, **values):
        await step.sleep(template.format(**values), "1 day")

    await pause("pause {order}", order=order)
    """
    assert flagged_in_run("SG218", body) == []


def test_variable_of_the_class_is_not_in_scope() -> None:
    module = """
    from workers import WorkflowEntrypoint


    class Example(WorkflowEntrypoint):
        order = 1

        async def run(self, event, step):
            await step.sleep("pause {order}", "1 day")
    """
    assert codes_in("await step.sleep('a', '1 day')", module) == []


def test_message_and_fix() -> None:
    finding = only_finding("order = event['payload']\nawait step.sleep('pause {order}', '1 day')")

    assert finding.code == "SG218"
    assert finding.message == (
        "the name contains `{order}` as text, so it is the same in each run: the string lacks the prefix `f`."
    )
    assert finding.advice == "Write `f'pause {order}'`."
    (edit,) = edits_of(finding)
    assert isinstance(edit, Replacement)
    assert edit.text == "f'pause {order}'"


def test_message_names_the_fields_in_a_format_specification() -> None:
    finding = only_finding("order, width = event['payload']\nawait step.sleep('pause {order:{width}}', '1 day')")
    assert finding.message.startswith("the name contains `{order}`, `{width}` as text")


def test_no_fix_if_the_string_cannot_have_the_prefix() -> None:
    assert edits_of(only_finding("order = event['payload']\nawait step.sleep(u'{order}', '1 day')")) == ()


def test_names_that_the_engine_rejects_are_not_reported_again() -> None:
    deep = "-" * 60_000 + "order"
    body = f"order = event['payload']\n\n@step.do('ship {{{deep}}}')\nasync def ship(): ...\n\nawait ship()"
    assert codes_in(body) == ["SG111"]
