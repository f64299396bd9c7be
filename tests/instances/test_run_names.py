"""Logs of steps whose names are decided by the arguments of calls."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source, instance
from stepgraph.execution.instance import Instance
from stepgraph.render.instance_text import InstanceText
from tests.instances.instance_logs import running, sleep, step

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        if event["payload"]["vip"]:
            await self.charge(step, "card")
        else:
            await self.charge(step, "invoice")
        await self.charge(step, event["payload"]["fee"])

    async def charge(self, step, what):
        await self.named(step, f"charge {what}")

    async def named(self, step, name):
        @step.do(f"{self.env.SHOP}: {name}")
        async def work(): ...

        await work()
"""


def instance_with(*names: str, source: str = SOURCE) -> Instance:
    """Return an instance with ended steps, each with its name in the log."""
    (workflow,) = analyze_source(source).workflows
    return instance(running(*(step(f"{name}-1", 10 * at, 10 * at + 5) for at, name in enumerate(names))), workflow)


NAMED = SOURCE.replace("self.charge(step", "self.named(step")


def test_the_name_of_an_entry_shows_the_call() -> None:
    card, invoice = (instance_with(f"Oslo: {name}", source=NAMED).entries[0].place for name in ("card", "invoice"))
    assert card is not None
    assert invoice is not None
    assert card.calls == ("nodes[0].branches[0].nodes[0]",)
    assert invoice.calls == ("nodes[0].branches[1].nodes[0]",)


def test_an_entry_with_a_name_that_no_call_passes_does_not_fit() -> None:
    assert instance_with("Oslo: invoice", source=NAMED).fits
    assert instance_with("Oslo: gift", source=NAMED).problem.startswith("entry 1 of 1, `Oslo: gift-1`, does not fit")


def test_a_misfit_names_the_steps_that_calls_could_run() -> None:
    (workflow,) = analyze_source(NAMED).workflows
    assert workflow.graph is not None
    refused = instance_with("Oslo: gift", source=NAMED)
    assert refused.problem == (
        "entry 1 of 1, `Oslo: gift-1`, does not fit: expected `{self.env.SHOP}: card` or `{self.env.SHOP}: invoice` at"
        " the start"
    )
    expected = InstanceText.of(refused, workflow.graph["workflow"]).expected_steps()
    assert [each.name for each in expected] == ["{self.env.SHOP}: card", "{self.env.SHOP}: invoice"]


def test_an_argument_that_only_the_run_decides_may_be_any_name() -> None:
    assert instance_with("Oslo: card", "Oslo: anything", source=NAMED).fits


@pytest.mark.slow
def test_functions_may_join_the_arguments_of_outer_calls() -> None:
    assert instance_with("Oslo: charge invoice").fits
    assert not instance_with("Oslo: charge gift").fits
    assert not instance_with("Oslo: invoice").fits


@pytest.mark.slow
def test_a_joined_name_may_have_an_unknown_part() -> None:
    assert instance_with("Oslo: charge card", "Oslo: charge anything").fits
    assert not instance_with("Oslo: charge card", "Oslo: refund").fits


def test_next_steps_have_the_names_that_calls_pass() -> None:
    (workflow,) = analyze_source(SOURCE).workflows
    assert workflow.graph is not None
    text = InstanceText.of(instance(running(), workflow), workflow.graph["workflow"])
    names = [each.name for each in text.next_steps()]
    assert names == ["{self.env.SHOP}: charge card", "{self.env.SHOP}: charge invoice"]


def test_a_name_may_contain_an_unclosed_brace() -> None:
    source = NAMED.replace("{self.env.SHOP}: {name}", "{name} {{")
    assert instance_with("card {", source=source).fits
    assert not instance_with("gift {", source=source).fits


_CONCURRENT = """
import asyncio
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        async def named(name):
            return await step.do(name)(self.work)()

        async def charge(what):
            return await named(f"charge {what}")

        for charged in asyncio.as_completed([CALLS]):
            await charged
"""


@pytest.mark.parametrize(
    ("calls", "names"),
    [
        ('named("a"), named("b")', ("b", "a")),
        ('charge("card"), charge("gift")', ("charge gift", "charge card")),
        ('charge("card"), charge("card"), charge("gift")', ("charge gift", "charge card")),
        (", ".join(f'charge("{number}")' for number in range(60)), tuple(f"charge {n}" for n in reversed(range(60)))),
    ],
    ids=["direct", "indirect", "equal", "many"],
)
def test_concurrent_calls_with_other_names_begin_in_any_order(calls: str, names: tuple[str, ...]) -> None:
    assert instance_with(*names, source=_CONCURRENT.replace("CALLS", calls)).fits


def test_concurrent_calls_that_pass_other_values_to_equal_names_are_one_state() -> None:
    calls = ", ".join(f"priced({number})" for number in range(60))
    source = _CONCURRENT.replace("[CALLS]", f"[{calls}]").replace(
        "async def charge(what)",
        "async def priced(price):\n            return await named('priced')\n\n        async def charge(what)",
    )
    (workflow,) = analyze_source(source).workflows
    log = running(*(step(f"priced-{number + 1}", number, 100) for number in range(60)))
    assert instance(log, workflow).fits


TENANTS = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass
class Context:
    step: object
    tenant: str = "eu"

    async def charge(self, name):
        await self.step.do(f"{self.tenant} {name}")(self.work)()

    async def work(self): ...

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await Context(step).charge("card")
        await Context(step, tenant="us").charge("invoice")
"""


def test_a_constructor_may_replace_the_default_of_a_field() -> None:
    assert instance_with("eu card", "us invoice", source=TENANTS).fits


def test_copies_of_a_function_have_the_names_their_calls_pass() -> None:
    assert not instance_with("eu gift", source=TENANTS).fits
    assert not instance_with("eu card", "us gift", source=TENANTS).fits


@pytest.mark.slow
def test_a_function_may_pass_an_argument_on() -> None:
    source = SOURCE.replace('f"charge {what}"', "what")
    assert instance_with("Oslo: invoice", source=source).fits
    assert not instance_with("Oslo: gift", source=source).fits


def test_next_names_contain_the_arguments_of_calls() -> None:
    names = instance_with(source=NAMED).next_names
    assert names == ("{self.env.SHOP}: card", "{self.env.SHOP}: invoice")


LITERAL = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.pause(step, "card")
        await self.pause(step, "invoice")

    async def pause(self, step, what):
        @step.do("charge {what}")
        async def work(): ...

        await work()
        await step.sleep(NAME, "1 day")
"""


@pytest.mark.parametrize("name", ['"cool {what}"', '"cool " "{what}"', '"cool " + "{what}"', 'f"cool {{what}}"'])
def test_braces_in_a_literal_are_text(name: str) -> None:
    source = LITERAL.replace("NAME", name).replace("charge {what}", "charge")
    (workflow,) = analyze_source(source).workflows
    log = running(step("charge-1", 0, 5), sleep("cool {what}-1", 10, 15), step("charge-2", 20, 25))
    assert instance(log, workflow).fits


def test_braces_in_a_literal_name_of_a_step_are_text() -> None:
    (workflow,) = analyze_source(LITERAL.replace("NAME", '"a"')).workflows
    log = running(step("charge {what}-1", 0, 5), sleep("a-1", 10, 15), step("charge {what}-2", 20, 25))
    assert instance(log, workflow).fits
    assert "charge card" not in workflow.outline()
