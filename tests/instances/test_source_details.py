"""Logs of analyzed workflows. Their details contain code that the payload omits."""

from __future__ import annotations

import pytest

from stepgraph import instance
from tests.instances.instance_logs import JSON, running, sleep, step, wait
from tests.instances.source_workflows import next_of, opened, workflow_of

RAISES = workflow_of("""
    try:
        await do_charge()
        raise ValueError("no")
    except ValueError:
        await do_refund()
    await do_ship()
""")


def test_a_raise_at_the_end_of_a_body_leads_to_the_handler() -> None:
    assert next_of(RAISES, step("charge-1", 0, 5)) == {"refund": ""}


def test_a_handler_after_a_raise_needs_no_failure() -> None:
    assert next_of(RAISES, opened("charge-1")) == {"refund": ""}


GUARDED = workflow_of("""
    try:
        if await do_check():
            raise ValueError("no")
    except ValueError:
        await do_reject()
    await do_ship()
""")


def test_a_handler_after_a_conditional_raise_needs_no_failure() -> None:
    assert next_of(GUARDED, opened("check-1")) == {"reject": "", "ship": "after `check-1`"}


def test_a_conditional_raise_is_an_exception_of_the_code() -> None:
    assert next_of(GUARDED, step("check-1", 0, 5)) == {"reject": "if the code raises an exception", "ship": ""}


def test_an_error_that_a_handler_raises_again_skips_the_rest() -> None:
    body = """
        try:
            try:
                await do_charge()
            except Exception:
                await do_log()
                raise
            await do_ship()
        except Exception:
            await do_alert()
        await do_end()
    """
    failed = [step("charge-1", 0, 5, "Error: no"), step("log-1", 10, 15)]
    assert next_of(workflow_of(body), *failed) == {"alert": ""}


ELSE = workflow_of("""
    try:
        try:
            await do_charge()
        except Exception:
            await do_refund()
        else:
            await do_ship()
    except Exception:
        await do_alert()
""")


def test_a_handler_does_not_catch_failures_of_the_else() -> None:
    assert list(next_of(ELSE, step("charge-1", 0, 5), opened("ship-1", 10))) == ["alert"]


def test_the_else_follows_the_body() -> None:
    code_raises = "if the code raises an exception"
    assert next_of(ELSE, step("charge-1", 0, 5)) == {"ship": "", "alert": code_raises}


def test_steps_after_a_suppressed_error_need_the_error() -> None:
    body = """
        try:
            await do_a()
            await do_b()
        except Exception:
            pass
        await do_c()
    """
    assert next_of(workflow_of(body), step("a-1", 0, 5)) == {"b": "", "c": "if the code raises an exception"}


@pytest.mark.parametrize(("iterable", "names"), [("range(3)", {"try"}), ("event['rows']", {"try", "give_up"})])
def test_the_else_of_a_loop_follows_its_first_pass(iterable: str, names: set[str]) -> None:
    body = f"""
        for attempt in {iterable}:
            if await do_try():
                break
        else:
            await do_give_up()
        await do_report()
    """
    assert set(next_of(workflow_of(body))) == names


@pytest.mark.parametrize(
    ("call", "condition"),
    [
        ("await asyncio.gather(do_charge(), do_load())", "if `charge-1` fails"),
        ("await asyncio.wait_for(do_charge(), 1)", "if `charge-1` fails or the code raises an exception"),
    ],
)
def test_a_handler_may_catch_errors_of_the_code(call: str, condition: str) -> None:
    body = f"""
        import asyncio
        try:
            {call}
        except TimeoutError:
            await do_refund()
    """
    assert next_of(workflow_of(body), opened("charge-1"))["refund"] == condition


@pytest.mark.parametrize(
    ("code", "error", "condition"),
    [
        ("assert loaded", "Exception", "if `load-1` fails or the code raises an exception"),
        ("assert loaded", "JsException", "if `load-1` fails"),
        ("loaded['total']", "KeyError", "if `load-1` fails or the code raises an exception"),
        ("loaded['total']", "Exception", "if `load-1` fails"),
    ],
)
def test_a_handler_may_be_written_for_own_errors(code: str, error: str, condition: str) -> None:
    body = f"""
        from pyodide.ffi import JsException
        try:
            loaded = await do_load()
            {code}
        except {error}:
            await do_refund()
    """
    assert next_of(workflow_of(body), opened("load-1"))["refund"] == condition


HANDLED = """
    for row in event["rows"]:
        try:
            await do_a()
        except Exception:
            await do_h()
            continue
        finally:
            await do_f()
        await do_c()
    await do_end()
"""
UNROLLED = """
    for row in event["rows"]:
        for task in (do_a, do_b):
            if await task():
                await do_h()
                continue
            await do_c()
        await do_d()
"""


@pytest.mark.parametrize(
    ("body", "entries", "names"),
    [
        (HANDLED, [step("a-1", 0, 5, "no"), step("h-1", 10, 15), step("f-1", 20, 25)], {"a", "end"}),
        (HANDLED, [step("a-1", 0, 5), step("f-1", 10, 15)], {"c"}),
        (UNROLLED, [step("a-1", 0, 5), step("c-1", 10, 15), step("b-1", 20, 25), step("h-1", 30, 35)], {"d"}),
    ],
)
def test_a_continue_ends_the_pass(body: str, entries: list[JSON], names: set[str]) -> None:
    following = next_of(workflow_of(body), *entries)
    assert {name for name, condition in following.items() if not condition} == names


def test_a_finally_may_follow_an_exception_of_the_code() -> None:
    body = """
        try:
            try:
                await do_a()
            finally:
                await do_f()
            await do_b()
        finally:
            await do_g()
    """
    following = next_of(workflow_of(body), step("a-1", 0, 5), step("f-1", 10, 15))
    assert following == {"b": "", "g": "if the code raises an exception"}


def test_a_handler_of_an_awaited_task_needs_its_failure() -> None:
    body = """
        import asyncio
        task = asyncio.create_task(do_a())
        await do_b()
        try:
            await task
        except Exception:
            await do_h()
    """
    workflow = workflow_of(body)
    assert next_of(workflow, opened("a-1"), step("b-1", 10, 15)) == {"h": "if `a-1` fails"}
    assert next_of(workflow, step("a-1", 0, 20, "no"), step("b-1", 10, 15)) == {"h": ""}


def test_a_filter_may_skip_all_passes_of_a_comprehension() -> None:
    body = """
        rows = [await do_load() for number in range(3) if event["all"]]
        await do_report()
    """
    assert set(next_of(workflow_of(body))) == {"load", "report"}


def test_a_return_may_precede_a_raise_at_the_end_of_a_function() -> None:
    body = """
        async def check():
            if await do_check():
                return
            raise ValueError("no")
        try:
            await check()
            await do_ship()
        except ValueError:
            await do_refund()
    """
    assert "ship" in next_of(workflow_of(body), step("check-1", 0, 5))


NESTED = workflow_of("""
    @step.do("outer")
    async def outer():
        await do_inner()
    for row in event["rows"]:
        await outer()
    approved = await step.wait_for_event("approval", "approved")
""")
OUTER = [step("outer-1", 0, 20), step("inner-1", 5, 10)]


def test_stored_results_answer_nested_calls_after_a_resume() -> None:
    assert instance(running(*OUTER, step("outer-2", 30, 40), wait("approval-1", 50, None)), NESTED).fits


def test_nested_steps_without_an_earlier_run_have_entries() -> None:
    log = running(step("outer-1", 0, 20), wait("approval-1", 50, None))
    problem = "entry 2 of 2, `approval-1`, does not fit: expected `inner` after `outer-1`"
    assert instance(log, NESTED).problem == problem


@pytest.mark.parametrize("entry", [step("nap30-1", 0, 5), sleep("nap-1", 0, 5)])
def test_a_step_and_a_sleep_with_one_key_share_an_entry(entry: JSON) -> None:
    calls = ["await step.sleep('nap', 30)", "await do_nap30()"]
    body = "\n".join([*(calls if entry["type"] == "sleep" else reversed(calls)), "await do_end()"])
    assert instance(running(entry, opened("end-1", 10)), workflow_of(body)).fits


SETTLED = """
    import asyncio
    async def pack():
        await do_pack()
    {group}
    await do_ship()
"""


@pytest.mark.parametrize(
    ("group", "following"),
    [
        ("await asyncio.gather(do_pack(), return_exceptions=True)", {"ship": ""}),
        ("await asyncio.gather(pack(), return_exceptions=True)", {"ship": ""}),
        ("await asyncio.wait([asyncio.create_task(pack())])", {"ship": ""}),
        ("await asyncio.gather(asyncio.gather(do_pack(), return_exceptions=True))", {"ship": ""}),
        ("await asyncio.gather(do_pack())", {}),
    ],
)
def test_the_error_of_the_only_member_of_a_group_may_be_a_result(group: str, following: dict[str, str]) -> None:
    assert next_of(workflow_of(SETTLED.format(group=group)), step("pack-1", 0, 5, "no")) == following


def test_a_call_whose_error_is_a_result_has_not_failed() -> None:
    workflow = workflow_of(SETTLED.format(group="await asyncio.gather(pack(), return_exceptions=True)"))
    placed = instance(running(step("pack-1", 0, 5, "no"), step("ship-1", 6, 9)), workflow)
    assert [placed.nodes[path].state for path in ("nodes[0]", 'functions["pack"]')] == ["done", "failed"]


POLLS = workflow_of("""
    while not await do_ready():
        if event["payload"]["late"]:
            await do_alert()
            break
        await step.sleep("pause", 10)
    else:
        await do_use()
    await do_end()
""")


def test_the_else_of_a_while_follows_its_test() -> None:
    assert set(next_of(POLLS, step("ready-1", 0, 5))) == {"alert", "pause", "use"}
    assert set(next_of(POLLS, step("ready-1", 0, 5), step("alert-1", 6, 9))) == {"end"}


def test_a_pass_of_a_while_is_followed_by_its_test() -> None:
    assert set(next_of(POLLS, step("ready-1", 0, 5), sleep("pause-1", 6, 16))) == {"ready"}


def test_the_else_of_a_while_in_a_saved_graph_fits() -> None:
    entries = step("ready-1", 0, 5), sleep("pause-1", 6, 16), step("ready-2", 17, 20), step("use-1", 21, 25)
    assert POLLS.graph is not None
    assert instance(running(*entries), POLLS.graph).problem == ""


LEVELS = workflow_of("""
    for level in ("first", "second"):
        await do_ask()
        if event["payload"][level]:
            break
    else:
        await do_refuse()
    await do_end()
""")


def test_a_loop_with_a_constant_number_of_passes_runs_all() -> None:
    asked = step("ask-1", 0, 5), step("ask-2", 6, 9)
    assert set(next_of(LEVELS, *asked[:1])) == {"ask", "end"}
    assert set(next_of(LEVELS, *asked)) == {"refuse", "end"}


def test_a_pass_above_a_constant_number_does_not_fit() -> None:
    asked = step("ask-1", 0, 5), step("ask-2", 6, 9), step("ask-3", 10, 15)
    assert instance(running(*asked), LEVELS).misfit is not None
    assert instance(running(asked[0], step("refuse-1", 6, 9)), LEVELS).misfit is not None


SOME = workflow_of("""
    for day in range(3):
        if event["payload"][day]:
            await do_send()
    await do_end()
""")


def test_passes_without_steps_count() -> None:
    sent = [step(f"send-{count}", count * 10, count * 10 + 5) for count in (1, 2, 3)]
    assert [set(next_of(SOME, *sent[:count])) for count in range(4)] == [{"send", "end"}] * 3 + [{"end"}]


BOOKED = workflow_of("""
    await do_check()
    try:
        await asyncio.gather(do_book(), do_pay())
    except Exception:
        await do_cancel()
    await do_end()
""")


def test_code_without_errors_of_its_own_leads_to_no_handler() -> None:
    assert set(next_of(BOOKED, step("check-1", 0, 5))) == {"book", "pay"}
    failing = next_of(BOOKED, step("check-1", 0, 5), step("book-1", 6, 9), opened("pay-1", 7))
    assert failing == {"cancel": "if `pay-1` fails", "end": "after `pay-1`"}


@pytest.mark.parametrize(("status", "names"), [("running", {"book", "pay"}), ("paused", {"book", "pay", "cancel"})])
def test_a_pause_of_a_development_server_leads_to_handlers(status: str, names: set[str]) -> None:
    local = {**running(step("check-1", 0, 5)), "params": None, "queued": None, "step_count": 1}
    assert set(instance({**local, "status": status}, BOOKED).next_names) == names


@pytest.mark.parametrize("code", ["await task", "await asyncio.wait_for(do_pay(), 5)", "await do_pay(), check()"])
def test_other_code_may_lead_to_a_handler(code: str) -> None:
    body = f"""
        task = asyncio.create_task(do_book())
        await do_check()
        try:
            {code}
        except Exception:
            await do_cancel()
    """
    assert "cancel" in next_of(workflow_of(body), step("book-1", 0, 5), step("check-1", 6, 9))


CANCELED = workflow_of("""
    try:
        await do_charge()
    except Exception:
        await do_cancel()
        return
    await do_ship()
""")


def test_steps_after_the_jump_of_a_handler_are_skipped() -> None:
    canceled = step("charge-1", 0, 5, "Error: no"), opened("cancel-1", 10)
    logs = running(opened("charge-1")), running(*canceled)
    assert [instance(log, CANCELED).nodes["nodes[1]"].state for log in logs] == ["not_reached", "skipped"]


POLL = workflow_of("""
    while True:
        try:
            decision = await step.wait_for_event("decision", "decided")
        except Exception:
            break
        if decision.payload["ok"]:
            break
        await do_remind()
    await do_report()
""")


def test_a_step_after_a_handler_that_only_a_wait_reaches_awaits_it() -> None:
    assert next_of(POLL, wait("decision-1", 0, None)) == {
        "remind": "after `decision-1`",
        "report": "after `decision-1`",
    }


TIMEOUT = """
    import asyncio
    try:
        {}
    except Exception:
        pass
    await do_report()
"""


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        ("await step.wait_for_event('decision', 'decided')", "after `decision-1`"),
        ("await asyncio.wait_for(step.wait_for_event('decision', 'decided'), 5)", ""),
    ],
)
def test_a_step_after_a_handler_of_a_timeout_awaits_no_wait(body: str, condition: str) -> None:
    assert next_of(workflow_of(TIMEOUT.format(body)), wait("decision-1", 0, None)) == {"report": condition}


WITH_TIMEOUT = """
    import asyncio
    async def decide():
        try:
            await step.wait_for_event("decision", "decided")
        except {}:
            pass
        await do_report()
    await asyncio.wait_for(decide(), 5)
"""


@pytest.mark.parametrize(
    ("caught", "condition"),
    [("Exception", "after `decision-1`"), ("BaseException", ""), ("asyncio.CancelledError", "")],
)
def test_a_handler_of_a_cancellation_awaits_no_wait(caught: str, condition: str) -> None:
    assert next_of(workflow_of(WITH_TIMEOUT.format(caught)), wait("decision-1", 0, None)) == {"report": condition}
