"""Test the scenarios: unspecified values differ between seeds and are stable within one."""

from __future__ import annotations

import pytest

from tests.execution.run_body import module_source
from tests.execution.runner import Execution, execute
from tests.proof.worlds.hints import collect_hints
from tests.proof.worlds.world import MAX_STEPS, Scenario


def run_scenario(seed: int, body: str, *, failures: bool = False) -> Execution:
    source = module_source(body)
    return execute(source, **Scenario(seed, collect_hints(source), failures=failures).options())


def results(body: str, scenario_seeds: int = 60) -> set[object]:
    """Return the distinct results and errors of a body in many scenarios."""
    executions = [run_scenario(seed, body) for seed in range(scenario_seeds)]
    return {repr(each.error) if each.failed else each.result for each in executions}


SHORT_BODY = """
    @step.do("load")
    async def load():
        return await self.env.ORDERS.load(event["payload"]["id"])

    order = await load()
    for item in order["items"]:
        await step.do(f"pack {item['name']}")(load)()
"""


@pytest.mark.slow
def test_scenario_is_deterministic() -> None:
    for seed in range(20):
        assert (
            run_scenario(seed, SHORT_BODY, failures=True).events == run_scenario(seed, SHORT_BODY, failures=True).events
        )


@pytest.mark.slow
def test_scenarios_differ() -> None:
    runs = {tuple(event.key for event in run_scenario(seed, SHORT_BODY).events) for seed in range(60)}
    assert len(runs) > 20


def test_collections_have_up_to_three_items() -> None:
    assert results('return len(list(event["payload"]["items"]))') == {0, 1, 2, 3}


def test_truth_varies_between_scenarios() -> None:
    assert results('return bool(event["payload"]["paid"])') == {True, False}


def test_truth_of_a_value_is_stable() -> None:
    body = """
        order = event["payload"]["order"]
        return all(bool(order["paid"]) == bool(order["paid"]) for _ in range(8))
    """
    assert results(body) == {True}


def test_comparisons_are_consistent() -> None:
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
    ids=["cases", "patterns of mappings", "a dictionary", "strings", "numbers", "none"],
)
def test_each_branch_is_taken_in_some_scenario(body: str) -> None:
    assert results(body) == {1, 2, 3}


def test_constants_reach_values_through_calls() -> None:
    body = """
        async def find():
            return await self.env.ORDERS.search(event["payload"]["id"])

        async def chosen(order):
            return order is None

        return await chosen(await find())
    """
    assert results(body) == {True, False}


def test_unpacking_yields_the_expected_number() -> None:
    body = """
        one, two = event["payload"]["pair"]
        (three, four, five), *_ = [event["payload"]["more"]]
        return len({str(each) for each in (one, two)}) > 0
    """
    assert results(body) == {True}


@pytest.mark.slow
def test_loop_over_unspecified_values_ends() -> None:
    body = """
        while not await self.env.ORDERS.are_done():
            await step.do("look")(lambda: None)()
        while event["payload"]["continues"]:
            pass
    """
    for seed in range(30):
        assert len(run_scenario(seed, body).started) <= MAX_STEPS
        assert "computed" not in str(run_scenario(seed, body).error)


def test_recursion_over_unspecified_values_ends() -> None:
    body = """
        def count(node):
            return 1 + sum(count(child) for child in node["children"])

        return count(event["payload"]) < 200
    """
    assert results(body) == {True}


def test_missing_modules_are_imported() -> None:
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
    assert results(body, scenario_seeds=10) == {"no"}


def test_random_modules_are_seeded() -> None:
    body = "import random, uuid\nreturn [random.randint(1, 6), str(uuid.uuid4())]"
    assert run_scenario(1, body).result == run_scenario(1, body).result
    assert run_scenario(1, body).result != run_scenario(2, body).result


def test_concurrent_steps_end_in_varying_orders() -> None:
    body = 'await asyncio.gather(step.do("a")(lambda: 1)(), step.do("b")(lambda: 2)())'
    ends = {tuple(event.key for event in run_scenario(seed, body).events if event.type == "end") for seed in range(20)}
    assert ends == {("a-1", "b-1"), ("b-1", "a-1")}


def test_events_may_arrive() -> None:
    body = """
        try:
            await step.wait_for_event("approval", "approved", timeout="1 day")
        except Exception:
            return "late"
        return "in time"
    """
    assert results(body) == {"late", "in time"}


def test_no_step_fails_by_default() -> None:
    for seed in range(30):
        assert {event.type for event in run_scenario(seed, SHORT_BODY).events} <= {"start", "end"}


@pytest.mark.slow
def test_kinds_of_failures() -> None:
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
    executions = [run_scenario(seed, body, failures=True) for seed in range(400)]
    assert {each.result for each in executions} == {"for good", "always", "always, without a type", "charged"}
    retries = {sum(event.type == "retry" for event in each.events) for each in executions}
    assert retries == {0, 1, 3, 5}
