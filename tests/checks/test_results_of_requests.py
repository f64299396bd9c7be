"""Test whether responses, tasks and handles can be stored."""

from __future__ import annotations

import pytest

from tests.checks.snippets import codes_in, only_finding

_RESPONSES = "import asyncio\nimport js\nfrom workers import Response, fetch"


def codes_of_response(*lines: str) -> list[str]:
    """Return the codes of the findings in a step with this body."""
    body = "\n".join(f"    {line}" for line in lines)
    return codes_in(f'@step.do("ask")\nasync def ask():\n{body}\n\nawait ask()', _RESPONSES)


@pytest.mark.parametrize(
    "value",
    ["await fetch('/')", "await js.fetch('/')", "[await self.env.API.fetch('/')]", "Response('x')"],
)
def test_response_is_reported(value: str) -> None:
    assert codes_of_response(f"return {value}") == ["SG121"]


def test_awaited_timeout_of_a_request_is_reported() -> None:
    assert codes_of_response("response = await asyncio.wait_for(fetch('/'), 5)", "return response") == ["SG121"]


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("await self.env.ORDERS.create(params={'id': 1})", "Return its `.id`."),
        ("[await self.env.ORDERS.create(id='a', params={})]", "Return its `.id`."),
        ("await self.env.ORDERS.create_batch([{'id': 'a'}])", "Return the `.id` of each of them."),
    ],
)
def test_handle_of_a_workflow_instance_is_reported(value: str, advice: str) -> None:
    body = f'@step.do("start")\nasync def start():\n    return {value}\n\nawait start()'
    finding = only_finding(body)
    assert (finding.code, finding.advice) == ("SG121", advice)


@pytest.mark.parametrize(
    "lines",
    [
        ("instance = await self.env.ORDERS.create(params={'id': 1})", "return instance.id"),
        ("instance = await self.env.ORDERS.create(params={'id': 1})", "return await instance.status()"),
        ("return await self.env.USERS.create(name='Ada')",),
        ("response = await fetch('/')", "return response.status"),
        ("response = await fetch('/')", "return {'text': await response.text(), 'ok': response.ok}"),
        ("response = await fetch('/')", "return dict(response.headers)"),
        ("response = await fetch('/')", "response = await response.json()", "return response"),
        ("return await self.env.AI.run('model', prompt='hello')",),
        ("return {'rows': await self.env.DB.prepare('select 1').all()}",),
    ],
)
def test_contents_of_a_response_and_plain_results_are_storable(lines: tuple[str, ...]) -> None:
    assert codes_of_response(*lines) == []


def test_parts_of_the_result_of_a_finished_task() -> None:
    body = """
        async def ask(person):
            await step.sleep(f"wait for {person}", 10_000)
            return person, "yes"

        pending = {asyncio.create_task(ask(person)) for person in event["payload"]["people"]}
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                person, answer = task.result()
                await step.do(f"store {answer}")(lambda: person)()
    """
    assert codes_in(body, before="import asyncio") == []
