"""Imports: names of other modules of the project."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text
from tests.semantics.projects import REST, RESTED, graph_of, project_of, running, workflow_of

pytestmark = pytest.mark.usefixtures("empty_directory")


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("from helpers import rest", "rest(step)"),
        ("from helpers import rest as pause", "pause(step)"),
        ("from helpers import (\n    rest,\n)", "rest(step)"),
        ("import helpers", "helpers.rest(step)"),
        ("import helpers as h", "h.rest(step)"),
        ("import helpers\nh = helpers\npause = h.rest", "pause(step)"),
        ("from helpers import *", "rest(step)"),
    ],
)
def test_each_form_of_import_resolves_a_function(head: str, call: str) -> None:
    assert graph_of(head + "\n", f"await {call}", helpers=REST) == RESTED


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("import shop.pay.cards", "shop.pay.cards.rest(step)"),
        ("import shop.pay.cards as cards", "cards.rest(step)"),
        ("import shop.pay.cards\nimport shop.pay as pay", "pay.cards.rest(step)"),
        ("from shop.pay import cards", "cards.rest(step)"),
        ("from shop.pay.cards import rest", "rest(step)"),
        ("from shop import pay", "pay.cards.rest(step)"),
    ],
)
def test_modules_of_packages_are_found_by_their_dotted_names(head: str, call: str) -> None:
    assert graph_of(head + "\n", f"await {call}", shop__="", shop__pay__="", shop__pay__cards=REST) == RESTED


def test_modules_of_namespace_packages_are_found() -> None:
    assert graph_of("import shop.pay.cards as cards\n", "await cards.rest(step)", shop__pay__cards=REST) == RESTED


@pytest.mark.parametrize(
    "package",
    [
        "from shop.cards import rest",
        "from .cards import rest",
        "from .cards import rest as rest",
        "from . import cards\nrest = cards.rest",
        "from .cards import *",
        "import shop.cards\nrest = shop.cards.rest",
    ],
)
def test_a_package_exports_names_of_its_modules(package: str) -> None:
    assert graph_of("from shop import rest\n", "await rest(step)", shop__=package, shop__cards=REST) == RESTED


def test_a_module_may_have_the_name_of_its_exported_function() -> None:
    assert graph_of(
        "from shop import rest\n", "await rest(step)", shop__="from .rest import rest", shop__rest=REST
    ) == (RESTED)


def test_modules_of_a_package_import_each_other_by_dots() -> None:
    assert graph_of(
        "from shop.pay.cards import charge\n",
        "await charge(step)",
        shop__="",
        shop__common=REST,
        shop__pay__="",
        shop__pay__cards="""
                from . import later
                from .. import common

                async def charge(step):
                    await common.rest(step)
                    await later.settle(step)
            """,
        shop__pay__later="""
                from ..common import rest

                async def settle(step):
                    await rest(step)
            """,
    ) == text("""
            call charge
            def charge
              call rest
              call settle
            def rest
              sleep 'rest' 1
            def settle
              call rest
        """)


def test_a_computed_name_may_be_one_of_a_star_import() -> None:
    tasks = "from impl import *\nasync def do_y(step):\n    await step.sleep('y', 1)\n"
    impl = "async def do_x(step):\n    await step.sleep('x', 1)\n"
    graph = graph_of("import tasks\n", "await getattr(tasks, f'do_{event}')(step)", tasks=tasks, impl=impl)
    assert "do_x" in graph
    assert "do_y" in graph


def test_modules_may_import_the_same_name_from_each_other() -> None:
    first, second = (f"from helpers import rest\nfrom {other} import *\n" for other in ("second", "first"))
    graph = graph_of("from first import *\n", "await rest(step)", first=first, second=second, helpers=REST)
    assert graph == RESTED


@pytest.mark.parametrize("steps", ['vars(helpers)["STEPS"]', 'helpers.__dict__["STEPS"]'])
@pytest.mark.parametrize("change", ["rows = {}\nrows.append(helpers.rest)", "add({})"])
def test_a_list_in_the_namespace_of_a_module_may_be_filled(steps: str, change: str) -> None:
    head = f"import helpers\n\ndef add(rows):\n    rows.append(helpers.rest)\n\n{change.format(steps)}\n"
    workflow = workflow_of(running(head, "await helpers.STEPS[-1](step)"), helpers=f"{REST}\nSTEPS = [print]\n")
    assert not workflow.complete


def test_functions_import_for_themselves() -> None:
    assert graph_of("", "from helpers import rest\nawait rest(step)", helpers=REST) == RESTED
    assert graph_of("", "import helpers as h\nawait h.rest(step)", helpers=REST) == RESTED
    helpers = "async def rest(step):\n    from . import x\n    await step.sleep(x.NAME, 1)\n"
    assert graph_of("from p.m import rest\n", "await rest(step)", p__m=helpers, p__x='NAME = "rest"') == RESTED


def test_imports_for_type_checking_do_not_override() -> None:
    head = """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from typed import rest
        else:
            from helpers import rest
    """
    assert graph_of(head, "await rest(step)", helpers=REST, typed="async def rest(step): ...") == RESTED


def test_an_import_for_type_checking_resolves_a_name() -> None:
    head = """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from helpers import Rester
    """
    assert graph_of(head, 'await step.sleep("rest", 1)', helpers="class Rester: ...") == "sleep 'rest' 1"


def test_modules_may_import_each_other() -> None:
    module_one = """
        import two

        async def first(step):
            await step.sleep("first", 1)
            await two.second(step)
    """
    two = """
        import one

        async def second(step):
            await one.first(step)
    """
    assert graph_of("from one import first\n", "await first(step)", one=module_one, two=two) == text("""
        call first
        def first
          sleep 'first' 1
          call second
        def second
          call first
    """)


def test_a_module_may_import_the_one_with_the_workflow() -> None:
    head = "import helpers\nasync def rest(step):\n    await step.sleep('rest', 1)\n\n"
    helpers = "import entry\n\nasync def twice(step):\n    await entry.rest(step)\n    await entry.rest(step)\n"
    assert graph_of(head, "await helpers.twice(step)", helpers=helpers) == text("""
        call twice
        def twice
          call rest
          call rest
        def rest
          sleep 'rest' 1
    """)


def test_constants_of_modules_are_folded() -> None:
    assert (
        graph_of(
            "import settings\nfrom settings import PAUSE, NAMES as N\nfrom shop import *\n",
            'await step.sleep(f"{settings.PREFIX} {N[0]}", PAUSE * 2)\nawait step.sleep(SHOP, settings.Names.LONG)',
            settings='PREFIX = "pre"\nPAUSE = 30 * 1000\nNAMES = ["first"]\n\nclass Names:\n    LONG = "1 day"\n',
            shop='from settings import PREFIX\nSHOP = PREFIX + "-shop"',
        )
        == "sleep 'pre first' 60000\nsleep 'pre-shop' '1 day'"
    )


def test_a_name_rebound_by_another_module_is_not_constant() -> None:
    assert graph_of("from settings import A\n", "await step.sleep(A, 1)", settings='A = "x"\nA = "y"\n') == (
        "sleep '{A}' 1"
    )


BASE = """
from workers import WorkflowEntrypoint


class Base(WorkflowEntrypoint):
    LABEL = "base"

    async def run(self, event, step):
        await step.sleep(self.LABEL, 1)
        await self.finish(step)

    async def finish(self, step):
        await step.sleep("finish", 1)
"""


def test_a_workflow_inherits_run_from_a_class_of_another_module() -> None:
    entry = 'from base import Base\n\nclass W(Base):\n    LABEL = "own"\n'
    assert notation(workflow_of(entry, base=BASE).graph) == text("""
        sleep 'own' 1
        call finish
        def finish
          sleep 'finish' 1
    """)


def test_super_is_the_class_of_the_other_module() -> None:
    entry = """
        import base

        class W(base.Base):
            async def run(self, event, step):
                await super().run(event, step)
                await step.sleep("after", 1)

            async def finish(self, step):
                await super().finish(step)
    """
    assert notation(workflow_of(entry, base=BASE).graph) == text("""
        call Base.run
        sleep 'after' 1
        def Base.run
          sleep 'base' 1
          call W.finish
        def W.finish
          call Base.finish
        def Base.finish
          sleep 'finish' 1
    """)


def test_a_workflow_is_located_at_its_class() -> None:
    (workflow,) = project_of("from orders import W\n", orders=running("", 'await step.sleep("rest", 1)')).workflows
    assert str(workflow.span).startswith("orders.py:4:1")
    assert notation(workflow.graph) == "sleep 'rest' 1"


def test_objects_of_imported_classes_carry_the_step_object() -> None:
    mailer = """
        class Mailer:
            def __init__(self, step):
                self.step = step

            async def send(self):
                await self.step.sleep("mail", 1)
    """
    assert graph_of("from mail import Mailer\n", "await Mailer(step).send()", mail=mailer) == text("""
        call send
        def send
          sleep 'mail' 1
    """)


def test_functions_with_equal_names_are_qualified_by_modules() -> None:
    body = "await rest(step)\nawait a.rest(step)\nawait cards.rest(step)"
    head = "import a\nfrom shop import cards\n\nasync def rest(step):\n    await step.sleep('own', 1)\n\n"
    assert graph_of(head, body, a=REST, shop__cards=REST).splitlines()[:3] == [
        "call entry.rest",
        "call a.rest",
        "call shop.cards.rest",
    ]


def test_functions_of_equally_named_modules_are_qualified() -> None:
    body = "await x.rest(step)\nawait y.rest(step)"
    head = "import shop.cards as x\nimport bank.cards as y\n"
    modules = {"shop__cards": REST, "bank__cards": REST}
    assert graph_of(head, body, **modules).splitlines()[:2] == ["call shop.cards.rest", "call bank.cards.rest"]


def test_modules_that_are_not_needed_are_not_read() -> None:
    analysis = project_of(running("import helpers\n", 'await step.sleep("rest", 1)'), helpers="def (:\n")
    assert analysis.problems == ()
    assert analysis.workflows[0].complete


@pytest.mark.parametrize("name", ["workers", "asyncio", "typing", "js", "functools"])
def test_a_file_does_not_shadow_a_module_of_the_platform(name: str) -> None:
    modules = {name: "def gather(*_): ...\nWorkflowEntrypoint = object\n"}
    head = "import asyncio, functools, typing, js\n"
    assert graph_of(head, 'await asyncio.gather(step.sleep("a", 1), step.sleep("b", 1))', **modules) == text("""
        parallel all
          sleep 'a' 1 [1>2]
          sleep 'b' 1 [1>2]
    """)


def test_a_module_in_a_package_may_have_such_a_name() -> None:
    assert graph_of("from shop import time\n", "await time.rest(step)", shop__="", shop__time=REST) == RESTED


def test_imported_step_functions_are_steps_at_their_calls() -> None:
    steps = """
        def make(step):
            @step.do("charge")
            async def charge():
                return 1

            return charge
    """
    assert graph_of("from steps import make\n", "charge = make(step)\nawait charge()", steps=steps) == "charge"


def test_a_package_and_its_modules_may_need_each_other() -> None:
    package = "from .cards import charge\n" + REST
    cards = "import shop\n\nasync def charge(step):\n    await shop.rest(step)\n"
    assert graph_of("import shop\n", "await shop.charge(step)", shop__=package, shop__cards=cards) == text("""
        call charge
        def charge
          call rest
        def rest
          sleep 'rest' 1
    """)


def test_several_modules_of_a_package_may_be_imported_one_by_one() -> None:
    pay = REST.replace("rest", "pay")
    assert graph_of(
        "import shop.rests\nimport shop.pays\n",
        "await shop.rests.rest(step)\nawait shop.pays.pay(step)",
        shop__="",
        shop__rests=REST,
        shop__pays=pay,
    ) == text("""
        call rest
        call pay
        def rest
          sleep 'rest' 1
        def pay
          sleep 'pay' 1
    """)


def test_a_function_decorated_in_its_module_is_resolved() -> None:
    tools = """
        import functools

        def logged(function):
            @functools.wraps(function)
            async def inner(*args):
                return await function(*args)
            return inner
    """
    helpers = "from tools import logged\n\n@logged\nasync def rest(step):\n    await step.sleep('rest', 1)\n"
    assert graph_of("from helpers import rest\n", "await rest(step)", helpers=helpers, tools=tools).count("rest") >= 2


def test_an_import_in_a_class_is_a_name_of_the_class() -> None:
    entry = """
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            from helpers import LABEL

            async def run(self, event, step):
                await step.sleep(self.LABEL, 1)
    """
    assert notation(workflow_of(entry, helpers='LABEL = "label"').graph) == "sleep 'label' 1"


def test_a_chain_of_aliases_resolves_to_the_function() -> None:
    assert (
        graph_of(
            "from a import one\n",
            "await one(step)",
            a="from b import two as one",
            b="import c\ntwo = c.rest",
            c=REST,
        )
        == RESTED
    )


def test_cyclic_aliases_terminate() -> None:
    workflow = workflow_of(running("from a import x\n", "await x(step)"), a="from b import x", b="from a import x")
    assert not workflow.complete


@pytest.mark.parametrize(
    ("order", "shown"), [("DELAY = 1\nfrom helpers import *", 5), ("from helpers import *\nDELAY = 1", 1)]
)
def test_the_later_of_a_star_import_and_a_definition_counts(order: str, shown: int) -> None:
    graph = graph_of(order + "\n", 'await step.sleep("rest", DELAY)', helpers="DELAY = 5")
    assert graph == f"sleep 'rest' {shown}"


OWN_ACT = "async def act(step):\n    await step.sleep('own', 1)\n"


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (OWN_ACT + "FIRST = act\nfrom one import *\n", ["own", "one"]),
        (OWN_ACT + "FIRST = [act][0]\nfrom one import *\n", ["own", "one"]),
        (OWN_ACT + "def FIRST(step, fn=act):\n    return fn(step)\nfrom one import *\n", ["own", "one"]),
        ("from one import *\nFIRST = act\n" + OWN_ACT, ["one", "own"]),
        ("from one import *\nFIRST = act\nfrom two import *\n", ["one", "two"]),
        (OWN_ACT + "from one import *\nFIRST = act\n" + OWN_ACT.replace("own", "new"), ["one", "new"]),
    ],
)
def test_a_name_between_star_imports_is_from_the_first(head: str, names: list[str]) -> None:
    modules = {name: f"async def act(step):\n    await step.sleep('{name}', 1)\n" for name in ("one", "two")}
    for call, name in zip(("FIRST", "act"), names, strict=True):
        assert f"sleep '{name}' 1" in graph_of(head, f"await {call}(step)", **modules)


def test_a_module_lists_the_workflows_that_it_exports() -> None:
    entry = "from flows import Orders\n\n\nclass Default:\n    pass\n"
    flows = running("", "await step.sleep('rest', 1)").replace("class W", "class Orders")
    assert [workflow.class_name for workflow in project_of(entry, flows=flows).workflows] == ["Orders"]


def test_a_package_may_take_a_name_from_itself() -> None:
    package = REST + "from shop import rest as pause\n"
    assert graph_of("from shop import pause\n", "await pause(step)", shop__=package) == RESTED


def test_a_star_import_in_a_function_binds_nothing() -> None:
    assert graph_of("", "from helpers import *\nawait step.sleep('x', 1)", helpers=REST) == "sleep 'x' 1"


def test_of_several_names_in_one_import_the_last_counts() -> None:
    unused = "async def other(step): ...\n"
    assert (
        graph_of("from helpers import other as job, rest as job\n", "await job(step)", helpers=unused + REST) == RESTED
    )


@pytest.mark.parametrize("target", ["service.svc.go", "svc.go", "s.svc.go"])
def test_a_method_that_another_module_replaces_on_an_object(target: str) -> None:
    graph = graph_of(
        "import service\nimport patch\n",
        "await service.svc.go(step)",
        service="""
            class Service:
                async def go(self, step):
                    await step.sleep("one", 1)

            svc = Service()
        """,
        patch=f"""
            import service
            import service as s
            from service import svc

            async def other(step):
                await step.sleep("two", 1)

            {target} = other
        """,
    )
    assert graph == text("""
        call other
        def other
          sleep 'two' 1
    """)
