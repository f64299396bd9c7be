"""Steps and calls that new code renames or exchanges, recognized by their functions and arguments."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import (
    EXCHANGED,
    SLEEPING,
    code_of,
    counted,
)
from tests.instances.short_logs import ended, log_of, opened

REPLACED_BY_OTHER = [
    ("charge", "PAYMENTS.charge", "charge card", "resumes"),
    ("charge", "MAIL.send", "send receipt", "reruns"),
    ("mail", "PAYMENTS.charge", "send receipt", "reruns"),
    ("mail", "MAIL.send", "charge payment", "reruns"),
    ("mail", "MAIL.send", "send receipt", "out_of_order"),
]


def test_a_step_renamed_and_moved_after_the_stop_runs_again() -> None:
    """Its function shows that it is the same step."""
    first = EXCHANGED.replace("$1", "load order").replace("$2", "charge card")
    second = (
        first.replace("        await load()\n", "").replace('"load order"', '"read order"') + "        await load()\n"
    )
    (deployed, old_details), (code, new_details) = code_of(first), code_of(second)
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(SLEEPING)
    assert (replay.effect, replay.reasons) == (
        "reruns",
        ("`read order-1` runs, because the result of its work is stored under another name, `load order-1`.",),
    )


@pytest.mark.parametrize("functions", ["load charge", "charge load", "read pay"])
def test_steps_with_exchanged_names_get_exchanged_results(functions: str) -> None:
    """The functions may exchange their names, too."""
    first = EXCHANGED.replace("$1", "load order").replace("$2", "charge card")
    second = EXCHANGED.replace("$1", "charge card").replace("$2", "load order")
    second = second.replace(" load()", " $1()").replace(" charge()", " $2()")
    for number, name in enumerate(functions.split(), 1):
        second = second.replace(f"${number}", name)
    (deployed, old_details), (code, new_details) = code_of(first), code_of(second)
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(SLEEPING)
    assert replay.effect == "unknown"
    assert replay.reasons == tuple(
        f"`{name}` gets the stored result of `{name}-1`, a run of another step, so that it never runs itself."
        for name in ("charge card", "load order")
    )


CALLS = """
from asyncio import gather

from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        {calls}
        await step.sleep("cool down", 2000)

    async def book(self, step, city):
        @step.do("confirm")
        async def confirm():
            await self.env.HOTELS.confirm(city)
        await confirm()
"""


OSLO, ROME, BERN = (f'await self.book(step, "{city}")' for city in ("Oslo", "Rome", "Bern"))


CONFIRMED = counted(log_of("paused", ended("confirm"), ended("confirm"), opened("cool down", "sleep")))


def effect_of_calls(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the effect of other calls on an instance that has booked twice, with the reasons."""
    versions = [code_of(CALLS.format(calls="\n        ".join(each))) for each in (old, new)]
    replay = NewCode.of(versions[1][0], versions[0][0], (versions[0][1], versions[1][1])).replay(CONFIRMED)
    return replay.effect, replay.reasons


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((OSLO, ROME), (ROME, OSLO)),
        (
            ('await gather(self.book(step, "Oslo"), self.book(step, "Rome"))',),
            ('await gather(self.book(step, "Rome"), self.book(step, "Oslo"))',),
        ),
    ],
)
def test_exchanged_calls_get_results_of_each_other(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    reason = '`book(step, "Rome")` may get stored results of `book(step, "Oslo")`.'
    assert effect_of_calls(old, new) == ("unknown", (reason,))


def test_an_added_call_gets_the_results_of_the_next_one() -> None:
    effect, reasons = effect_of_calls((OSLO, ROME), (BERN, OSLO, ROME))
    assert (effect, reasons[0]) == (
        "unknown",
        '`book(step, "Bern")` may get stored results of `book(step, "Oslo")`.',
    )


@pytest.mark.parametrize(
    "new", [(OSLO,), (BERN, ROME), ("city = 'Oslo'", "await self.book(step, city)", ROME), (OSLO, ROME, BERN)]
)
def test_other_changes_of_calls(new: tuple[str, ...]) -> None:
    effect, _ = effect_of_calls((OSLO, ROME), new)
    assert effect == ("out_of_order" if len(new) == 3 and BERN in new else "resumes")


def test_a_removed_call_leaves_its_results_to_the_next_one() -> None:
    effect, reasons = effect_of_calls((OSLO, ROME), (ROME,))
    assert effect == "unknown"
    assert reasons[0].startswith("`confirm` gets the stored result of `confirm-1`, a run of another step, ")


def test_equal_names_in_a_group_are_exchanged() -> None:
    steps = (
        '@step.do("confirm")\n        async def a(): return 1',
        '@step.do("confirm")\n        async def b(): return 2',
    )
    effect, _ = effect_of_calls((*steps, "await gather(a(), b())"), (*steps, "await gather(b(), a())"))
    assert effect == "unknown"


@pytest.mark.parametrize(
    ("old", "new", "notes"),
    [
        ("ORDERS.load", "ORDERS.read", ("load order-1",)),
        ("async def load", "async def read", ()),
        ("        @step.do", "        # Loads.\n        @step.do", ()),
        ("    return await", "    order = await", ("load order-1", "charge card-1")),
    ],
)
def test_finished_steps_with_changed_code_keep_their_results(old: str, new: str, notes: tuple[str, ...]) -> None:
    first = EXCHANGED.replace("$1", "load order").replace("$2", "charge card")
    second = first.replace(old, new).replace("await load()", f"await {'read' if 'def read' in new else 'load'}()")
    (deployed, old_details), (code, new_details) = code_of(first), code_of(second)
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(SLEEPING)
    verb = "keep their stored results" if len(notes) > 1 else "keeps its stored result"
    names = " and ".join(f"`{each}`" for each in notes)
    text = f"{names} {verb}, so the changed code of the step does not run."
    assert (replay.effect, replay.notes) == ("resumes", (text,) if notes else ())


@pytest.mark.parametrize(("function_name", "body", "name", "effect"), REPLACED_BY_OTHER)
def test_a_renamed_step_keeps_a_name_or_its_code(
    function_name: str, body: str, name: str, effect: InstanceEffect
) -> None:
    """A step with another name, function name and code in its place is another step."""
    first = EXCHANGED.replace("$1", "load order").replace("$2", "charge card")
    second = first.replace("charge()", f"{function_name}()").replace(f"PAYMENTS.{function_name}", body)
    second = second.replace("PAYMENTS.charge", body).replace('"charge card"', f'"{name}"')
    (deployed, old_details), (code, new_details) = code_of(first), code_of(second)
    assert NewCode.of(code, deployed, (old_details, new_details)).replay(SLEEPING).effect == effect


@pytest.mark.parametrize(
    ("code", "digests"),
    [("...", 1), ("pass", 1), ("return order", 1), ('"""Load."""\n            return 1', 1), ("f()", 2)],
)
def test_functions_that_do_nothing_have_no_digest_of_code(code: str, digests: int) -> None:
    _, details = code_of(EXCHANGED.replace("return await self.env.ORDERS.load()", code))
    assert [len(each.function.split()) for _, each in details.texts if each.function] == [digests, 2]
