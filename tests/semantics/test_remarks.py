"""Remarks that the payload lacks: results that steps receive, workflows that they start, and lost errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import WorkflowAnalysis, analyze_paths
from stepgraph.model.details import parts_of
from tests.semantics.notation import HEADER, dependent_workflow_of, module_of, workflow_of


def remarks_of(workflow: WorkflowAnalysis) -> list[str]:
    """Return the remarks on a workflow in document order."""
    assert workflow.graph is not None
    return [remark for part in parts_of(workflow.graph) for remark in workflow.details.remarks(part)]


def remarks_on(body: str) -> list[str]:
    """Return the remarks on a workflow with this body of `run`."""
    return remarks_of(workflow_of(body))


# Results


def test_a_step_receives_the_results_of_the_steps_that_it_names() -> None:
    assert remarks_of(dependent_workflow_of("a b c(a, b)", "await c()")) == ["receives a, b"]


def test_a_step_without_dependencies_has_no_remark() -> None:
    assert remarks_of(dependent_workflow_of("a b", "await a()\nawait b()")) == []


def test_ctx_is_not_a_result() -> None:
    assert remarks_of(dependent_workflow_of("a b(ctx, a)", "await b()")) == ["receives a"]


LEGACY = """\
        @step.do("load order")
        async def load():
            ...

        @step.do("load price")
        async def price():
            ...

        @step.do("bill", depends={depends})
        async def bill({parameters}):
            ...

        await bill()
"""


@pytest.mark.parametrize(
    ("depends", "parameters", "remark"),
    [
        ("[load]", "order", "receives order from load order"),
        ("[load, price]", "order, cost", "receives order from load order, cost from load price"),
        ("[load if event else price]", "found", "receives found from load order or load price"),
        ("[load]", "ctx, order", "receives order from load order"),
        ("[load, price]", "order", "receives order from load order, load price"),
        ("[load]", "load_order", "receives load order"),
    ],
)
def test_a_parameter_receives_the_step_at_its_position(depends: str, parameters: str, remark: str) -> None:
    source = HEADER + LEGACY.format(depends=depends, parameters=parameters)
    assert remark in remarks_of(module_of(source).workflows[0])


def test_a_result_that_depends_on_the_path_names_each_step() -> None:
    body = "if event:\n    @step.do('x')\n    async def x(): ...\nelse:\n    @step.do('x')\n    async def x(): ...\n"
    body += "@step.do('y')\nasync def y(x): ...\nawait y()"
    assert remarks_on(body) == ["receives x"]


# Awaits


STARTED = "t = asyncio.create_task(a())\n"


@pytest.mark.parametrize(
    ("body", "remark"),
    [
        ("try:\n    await t\nexcept Exception:\n    await b()", "await t"),
        ("try:\n    await asyncio.wait_for(t, 5)\nfinally:\n    await b()", "await asyncio.wait_for(t, 5)"),
        ("if event:\n    await t\nelse:\n    await b()", "await t"),
        ("u = asyncio.create_task(b())\nif event:\n    await t\n    await u\nelse:\n    await b()", "await t; await u"),
    ],
)
def test_a_part_without_steps_shows_its_awaits(body: str, remark: str) -> None:
    assert remark in remarks_on(STARTED + body)


def test_a_part_with_steps_does_not_show_its_awaits() -> None:
    assert remarks_on(STARTED + "try:\n    await t\n    await b()\nexcept Exception:\n    await b()") == []


# Workflows


def project(folder: Path, run: str) -> WorkflowAnalysis:
    """Return the first workflow of a project that binds two workflows."""
    (folder / "wrangler.jsonc").write_text(
        '{"name": "shop", "main": "entry.py", "compatibility_date": "2026-03-01", "workflows": ['
        '{"name": "orders", "binding": "ORDERS", "class_name": "W"},'
        '{"name": "billing", "binding": "BILL", "class_name": "Billing", "script_name": "money"}]}'
    )
    indented = "".join(f"        {line}\n" for line in run.splitlines())
    (folder / "entry.py").write_text(f"{HEADER}{indented}\n\nasync def bill(env):\n    await env.BILL.create()\n")
    return analyze_paths([str(folder)]).workflows[0]


@pytest.mark.parametrize(
    ("body", "remark"),
    [
        ("await self.env.ORDERS.create(id='1')", "starts workflow orders (W)"),
        ("await self.env.ORDERS.create_batch([])", "starts workflow orders (W)"),
        ("await self.env.BILL.create()", "starts workflow billing (Billing) of the Worker money"),
        ("await bill(self.env)", "starts workflow billing (Billing) of the Worker money"),
        (
            "await self.env.ORDERS.create(); await self.env.BILL.create()",
            "starts workflows orders (W), billing (Billing) of the Worker money",
        ),
    ],
)
def test_a_step_starts_a_workflow(body: str, remark: str, tmp_path: Path) -> None:
    run = f"@step.do('begin')\nasync def begin():\n    {body}\nawait begin()"
    assert remarks_of(project(tmp_path, run)) == [remark]


@pytest.mark.slow
def test_steps_that_share_a_function_start_the_same_workflow(tmp_path: Path) -> None:
    run = "for name in ('x', 'y'):\n    @step.do(name)\n    async def begin():\n        await bill(self.env)\n"
    run += "    await begin()\n@step.do('z')\nasync def z():\n    await bill(self.env)\nawait z()"
    assert set(remarks_of(project(tmp_path, run))) == {"starts workflow billing (Billing) of the Worker money"}
    assert len(remarks_of(project(tmp_path, run))) >= 2


@pytest.mark.parametrize(
    "body",
    [
        "await self.env.OTHER.create()",  # no workflow of the configuration
        "await self.env.ORDERS.get('1')",
        "await self.env.ORDERS.create.later()",
    ],
)
def test_other_bindings_and_methods_start_no_workflow(body: str, tmp_path: Path) -> None:
    run = f"@step.do('begin')\nasync def begin():\n    {body}\nawait begin()"
    assert remarks_of(project(tmp_path, run)) == []


def test_a_step_next_to_one_that_starts_a_workflow_has_no_remark(tmp_path: Path) -> None:
    run = "@step.do('begin')\nasync def begin():\n    await bill(self.env)\n@step.do('end')\nasync def end(): ...\n"
    run += "await begin()\nawait end()"
    workflow = project(tmp_path, run)
    assert workflow.graph is not None
    begin, end = workflow.graph["workflow"]["nodes"]
    assert workflow.details.remarks(begin) == ("starts workflow billing (Billing) of the Worker money",)
    assert workflow.details.remarks(end) == ()


# Errors


def handled(handler: str) -> list[str]:
    return remarks_on(f"try:\n    await a()\n{handler}\nawait b()")


@pytest.mark.parametrize(
    "handler",
    [
        "except Exception:\n    pass",
        "except:\n    print('lost')",
        "except Exception as error:\n    event['errors'].append(error)",
        "except (Exception):\n    result = None",
    ],
)
def test_a_handler_that_continues_swallows_the_error(handler: str) -> None:
    assert handled(handler) == ["swallows the error"]


def test_a_handler_for_a_type_swallows_that_error_only() -> None:
    assert handled("except KeyError:\n    pass") == ["swallows the error", "any other error"]


@pytest.mark.parametrize(
    "handler",
    [
        "except Exception:\n    await c()",
        "except Exception:\n    fail(event)",  # what it does is unknown
        "except Exception:\n    self.fail(event)",
        "except Exception:\n    assert event",
    ],
)
def test_a_handler_that_may_raise_or_runs_steps_swallows_nothing(handler: str) -> None:
    assert "swallows the error" not in handled(handler)


def test_a_suppressing_manager_swallows_the_error() -> None:
    assert remarks_on("with contextlib.suppress(Exception):\n    await a()\nawait b()") == ["swallows the error"]


@pytest.mark.parametrize("statement", ["raise ValueError('no') from error", "return"])
def test_a_handler_that_ends_in_a_drawn_exit_has_no_remark(statement: str) -> None:
    assert remarks_on(f"try:\n    await a()\nexcept Exception as error:\n    {statement}") == []


def test_a_handler_that_raises_on_one_path_has_no_remark() -> None:
    assert remarks_on("try:\n    await a()\nexcept Exception:\n    if event:\n        raise") == []


def test_a_gather_that_discards_returned_errors_swallows_them() -> None:
    assert remarks_on("await asyncio.gather(a(), b(), return_exceptions=True)") == ["swallows errors"]


@pytest.mark.parametrize(
    "body",
    [
        "found = await asyncio.gather(a(), b(), return_exceptions=True)",
        "await asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())])",
    ],
)
def test_a_group_that_keeps_errors_does_not_raise_them(body: str) -> None:
    assert remarks_on(body) == ["does not raise errors"]


def test_a_plain_gather_has_no_remark() -> None:
    assert remarks_on("await asyncio.gather(a(), b())") == []


# Exits


def test_a_raise_that_no_handler_takes_is_not_caught() -> None:
    body = (
        "try:\n    await a()\n    if event:\n        raise ValueError('no')\n    await b()\nexcept KeyError:\n    pass"
    )
    assert remarks_on(body)[0] == "not caught here"


def test_a_raise_in_a_handler_is_not_caught() -> None:
    body = "try:\n    await a()\nexcept Exception:\n    raise ValueError('no')\nawait b()"
    assert remarks_on(body) == ["not caught here"]


def test_a_raise_without_a_try_has_no_remark() -> None:
    assert remarks_on("if event:\n    raise ValueError('no')\nawait a()") == []


def test_a_raise_after_a_try_has_no_remark() -> None:
    body = "try:\n    await a()\nfinally:\n    await b()\nif event:\n    raise ValueError('no')\nawait c()"
    assert remarks_on(body) == []


def test_a_raise_in_a_function_that_a_try_calls_has_no_remark() -> None:
    text = """
    async def pay():
        await a()
        if event:
            raise ValueError("no")
        await b()

    try:
        await pay()
    finally:
        await c()
    """
    assert "not caught here" not in remarks_on(text)


def test_a_return_has_no_remark() -> None:
    assert remarks_on("if event:\n    return 1\nawait a()") == []


LOOP = "try:\n    for x in event:\n        await a()\n        if x:\n            raise {error}\n    await b()\n"


def test_a_handler_of_its_type_catches_a_raise_in_a_loop() -> None:
    body = LOOP.format(error="ValueError(x)") + "except ValueError:\n    await c()"
    assert remarks_on(body)[0] == "caught outside the loop"


def test_a_raise_of_an_unknown_type_may_be_caught() -> None:
    body = LOOP.format(error="event['error']") + "except ValueError:\n    await c()"
    assert remarks_on(body)[0] == "may be caught outside the loop"


# Bounds


def test_a_long_remark_is_cut() -> None:
    name = "n" * 200
    (remark,) = remarks_of(dependent_workflow_of(f"{name} b({name})", "await b()"))
    assert len(remark) == 120
    assert remark.endswith("…")


@pytest.mark.slow
def test_deep_expressions_have_details() -> None:
    (workflow,) = module_of(
        f"{HEADER}        for x in [{'-' * 900}event]:\n            await step.sleep('x', 1)"
    ).workflows
    assert workflow.details.items != ()
