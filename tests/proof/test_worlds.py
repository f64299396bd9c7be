"""What a source does not say is answered from a seed: differently in each world, the same in each run of one."""

from __future__ import annotations

import pytest

from tests.execution.bodies import source_of
from tests.execution.running import Execution, execute
from tests.proof.worlds.hints import hints_of
from tests.proof.worlds.world import MOST_STEPS, World


def in_world(seed: int, body: str, *, failures: bool = False) -> Execution:
    source = source_of(body)
    return execute(source, **World(seed, hints_of(source), failures=failures).options())


def results(body: str, worlds: int = 60) -> set[object]:
    """Return what comes of a body in many worlds, in words."""
    executions = [in_world(seed, body) for seed in range(worlds)]
    return {repr(each.error) if each.failed else each.result for each in executions}


SHORTEST = """
    @step.do("load")
    async def load():
        return await self.env.ORDERS.load(event["payload"]["id"])

    order = await load()
    for item in order["items"]:
        await step.do(f"pack {item['name']}")(load)()
"""


def test_a_world_is_the_same_each_time() -> None:
    for seed in range(20):
        assert in_world(seed, SHORTEST, failures=True).events == in_world(seed, SHORTEST, failures=True).events


def test_worlds_differ() -> None:
    runs = {tuple(event.key for event in in_world(seed, SHORTEST).events) for seed in range(60)}
    assert len(runs) > 20


def test_a_collection_has_up_to_three_members() -> None:
    assert results('return len(list(event["payload"]["items"]))') == {0, 1, 2, 3}


def test_a_value_is_true_in_one_world_and_false_in_another() -> None:
    assert results('return bool(event["payload"]["paid"])') == {True, False}


def test_a_value_is_true_to_itself() -> None:
    body = """
        order = event["payload"]["order"]
        return all(bool(order["paid"]) == bool(order["paid"]) for _ in range(8))
    """
    assert results(body) == {True}


def test_a_number_is_not_below_one_and_above_a_higher_one() -> None:
    body = 'total = event["payload"]["total"]\nreturn (total < 10) <= (total < 20)'
    assert results(body) == {True}


@pytest.mark.parametrize(
    "body",
    [
        """
        match event["payload"]["kind"]:
            case "card" | "cash":
                return 1
            case "check":
                return 2
            case _:
                return 3
        """,
        """
        match event["payload"]:
            case {"approved": True}:
                return 1
            case {"approved": False, "reason": reason}:
                return 2
            case _:
                return 3
        """,
        """
        ways = {"card": 1, "cash": 2, "check": 3}
        return ways[event["payload"]["kind"]] if event["payload"]["kind"] in ways else 3
        """,
        """
        kind = event["payload"]["kind"]
        return 1 if kind == "card" else 2 if kind == "cash" else 3
        """,
        """
        total = event["payload"]["total"]
        return 1 if total < 0 else 2 if total > 500 else 3
        """,
        """
        found = await self.env.ORDERS.find(event["payload"]["id"])
        return 1 if found is None else 2 if found else 3
        """,
    ],
    ids=["cases", "patterns of mappings", "a table", "texts", "numbers", "none"],
)
def test_each_way_through_a_choice_is_taken_in_some_world(body: str) -> None:
    assert results(body) == {1, 2, 3}


def test_a_constant_counts_for_the_value_that_is_handed_on_to_where_it_stands() -> None:
    body = """
        async def find():
            return await self.env.ORDERS.search(event["payload"]["id"])

        async def chosen(order):
            return order is None

        return await chosen(await find())
    """
    assert results(body) == {True, False}


def test_as_many_values_are_unpacked_as_there_are_variables() -> None:
    body = """
        one, two = event["payload"]["pair"]
        (three, four, five), *_ = [event["payload"]["more"]]
        return len({str(each) for each in (one, two)}) > 0
    """
    assert results(body) == {True}


def test_a_loop_over_unknown_values_ends() -> None:
    body = """
        while not await self.env.ORDERS.are_done():
            await step.do("look")(lambda: None)()
        while event["payload"]["goes_on"]:
            pass
    """
    for seed in range(30):
        assert len(in_world(seed, body).started) <= MOST_STEPS
        assert "computed" not in str(in_world(seed, body).error)


def test_recursion_over_unknown_values_ends() -> None:
    body = """
        def count(node):
            return 1 + sum(count(child) for child in node["children"])

        return count(event["payload"]) < 200
    """
    assert results(body) == {True}


def test_modules_that_are_not_there_are_imported() -> None:
    body = """
        import stripe.errors
        from acme.billing import BillingError, Client

        class Own(Client):
            pass

        try:
            await Client("key").charge(event["payload"]["card"])
            raise BillingError("no")
        except BillingError as error:
            return str(error)
    """
    assert results(body, worlds=10) == {"no"}


def test_what_is_random_goes_by_the_seed() -> None:
    body = "import random, uuid\nreturn [random.randint(1, 6), str(uuid.uuid4())]"
    assert in_world(1, body).result == in_world(1, body).result
    assert in_world(1, body).result != in_world(2, body).result


def test_steps_side_by_side_end_in_different_orders() -> None:
    body = 'await asyncio.gather(step.do("a")(lambda: 1)(), step.do("b")(lambda: 2)())'
    ends = {tuple(event.key for event in in_world(seed, body).events if event.what == "end") for seed in range(20)}
    assert ends == {("a-1", "b-1"), ("b-1", "a-1")}


def test_an_event_comes_or_does_not() -> None:
    body = """
        try:
            await step.wait_for_event("approval", "approved", timeout="1 day")
        except Exception:
            return "late"
        return "in time"
    """
    assert results(body) == {"late", "in time"}


def test_no_step_fails_without_failures() -> None:
    for seed in range(30):
        assert {event.what for event in in_world(seed, SHORTEST).events} <= {"start", "end"}


def test_steps_fail_once_or_always_or_for_good() -> None:
    body = """
        try:
            await step.do("charge", config={"retries": {"limit": 5, "delay": 1}})(lambda: 1)()
        except NonRetryableError:
            return "for good"
        except (ValueError, TypeError):
            return "always"
        except JsException:
            return "always, without a type"
        return "charged"
    """
    executions = [in_world(seed, body, failures=True) for seed in range(400)]
    assert {each.result for each in executions} == {"for good", "always", "always, without a type", "charged"}
    retries = {sum(event.what == "retry" for event in each.events) for each in executions}
    assert retries == {0, 1, 3, 5}
