"""Imports: names of other modules of the project."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import notation, text
from tests.semantics.projects import graph_of, notes_of, project_of, running, workflow_of

pytestmark = pytest.mark.usefixtures("empty_directory")


REST = """
async def rest(step):
    await step.sleep("rest", 1)
"""
RESTED = "call rest\ndef rest\n  sleep 'rest' 1"


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


def test_a_star_takes_the_public_names() -> None:
    helpers = REST + "\nasync def _hidden(step):\n    await step.sleep('hidden', 1)\n"
    body = "await rest(step)\nawait _hidden(step)"
    workflow = workflow_of(running("from helpers import *\n", body), helpers=helpers)
    assert notation(workflow.graph) == RESTED
    assert not workflow.complete


def test_a_star_import_takes_the_names_in_all() -> None:
    helpers = """
        __all__ = ["_hidden"]
        __all__ += ["rest"]

        async def _hidden(step):
            await step.sleep("hidden", 1)

        async def rest(step):
            await step.sleep("rest", 1)

        async def other(step):
            await step.sleep("other", 1)
    """
    workflow = workflow_of(
        running("from helpers import *\n", "await rest(step)\nawait _hidden(step)\nawait other(step)"), helpers=helpers
    )
    assert notation(workflow.graph) == text("""
        call rest
        call _hidden
        def rest
          sleep 'rest' 1
        def _hidden
          sleep 'hidden' 1
    """)
    assert not workflow.complete


SEVERAL = """
async def rest(step):
    await step.sleep("rest", 1)

async def other(step):
    await step.sleep("other", 1)

async def _hidden(step):
    await step.sleep("hidden", 1)
"""
EACH = 'await rest(step)\nawait other(step)\nawait _hidden(step)\nawait step.sleep("after", 1)'


def star_imports_of(listing: str) -> list[str]:
    """Return the functions that a star import gets from the module `SEVERAL` followed by `listing`."""
    workflow = workflow_of(running("from helpers import *\n", EACH), helpers=SEVERAL + textwrap.dedent(listing))
    return [line.removeprefix("call ") for line in notation(workflow.graph).splitlines() if line.startswith("call ")]


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ('__all__ = []\n__all__.append("_hidden")', ["_hidden"]),
        ('__all__ = ["rest"]\n__all__.extend(["_hidden", "other"])', ["rest", "other", "_hidden"]),
        ('__all__ = ["rest", "other"]\n__all__.remove("rest")', ["other"]),
        ('__all__ = ["rest"]\n__all__ = ["other"]', ["other"]),
        ('__all__ = ["rest"] + ["_hidden"]', ["rest", "_hidden"]),
        ('__all__: list[str] = ["other"]', ["other"]),
    ],
)
def test_all_may_be_made_by_several_statements(listing: str, names: list[str]) -> None:
    assert star_imports_of(listing) == names


@pytest.mark.parametrize(
    "listing",
    [
        'if DEBUG:\n    __all__ = ["_hidden"]',
        'if DEBUG:\n    __all__ = ["_hidden"]\nelse:\n    __all__ = ["rest"]',
        '__all__ = ["rest"]\nif DEBUG:\n    __all__.append("_hidden")',
        '__all__ = ["_hidden"]\nif DEBUG:\n    __all__.remove("_hidden")',
        '__all__ = ["_hidden", *NAMES]',
        '__all__ = ["_hidden"] + NAMES',
        '__all__ = ["_hidden"]\n__all__.insert(0, NAME)',
        '__all__ = ["_hidden"]\n__all__[0] = NAME',
        '__all__ = ["_hidden"]\n__all__.append(NAME)',
    ],
)
def test_a_star_import_with_an_unknown_all(listing: str) -> None:
    assert star_imports_of(listing) == ["rest", "other", "_hidden"]


def test_of_several_stars_the_last_that_has_a_name_counts() -> None:
    first = 'async def rest(step):\n    await step.sleep("first", 1)\n'
    stars = "from first import *\nfrom second import *\nfrom third import *\n"
    assert graph_of(stars, "await rest(step)", first=first, second=REST, third="x = 1") == RESTED


def test_star_imports_are_transitive() -> None:
    assert graph_of("from a import *\n", "await rest(step)", a="from b import *", b="from c import *", c=REST) == RESTED


def test_cyclic_star_imports_terminate() -> None:
    a = "from b import *\n"
    assert graph_of("from a import *\n", "await rest(step)", a=a, b=f"from a import *\n{REST}") == RESTED


def test_a_cyclic_star_import_resolves_to_an_earlier_star() -> None:
    modules = {"b": "from c import *\nfrom a import *\n", "c": REST}
    assert graph_of("from a import *\n", "await rest(step)", a="from b import *\n", **modules) == RESTED


def test_cyclic_exports_resolve_to_the_defining_module() -> None:
    a = '__all__ = ["rest"]\nfrom c import *\nfrom b import *\n'
    b = '__all__ = ["rest"]\nfrom a import *\n'
    assert graph_of("from b import *\n", "await rest(step)", a=a, b=b, c=REST) == RESTED


def test_a_cyclic_export_without_a_definition_is_missing() -> None:
    a = '__all__ = ["rest"]\nfrom b import *\n'
    b = '__all__ = ["rest"]\nfrom a import *\n'
    (note,) = (note for note in notes_of("from a import *\n", "await rest(step)", a=a, b=b) if "missing-name" in note)
    assert note == (
        "a.py:2:1: b.py has no `rest`. The import fails when the module is loaded. Correct it. [missing-name]"
    )


def test_mutual_star_imports_visit_each_module_once() -> None:
    names = [f"m{number}" for number in range(20)]
    modules = {name: "".join(f"from {imported} import *\n" for imported in names if imported != name) for name in names}
    modules["m19"] += REST
    assert graph_of("from m0 import *\n", "await rest(step)", **modules) == RESTED


def test_repeated_diamonds_of_stars_visit_each_module_once() -> None:
    stars = {number: f"from a{number} import *\nfrom b{number} import *\n" for number in range(41)}
    modules = {f"{side}{number}": stars[number + 1] for number in range(40) for side in "ab"}
    assert graph_of(stars[0], "await rest(step)", **modules, a40=REST, b40="x = 1\n") == RESTED


@pytest.mark.slow
def test_a_long_chain_of_stars_is_followed() -> None:
    modules = {f"m{number}": f"from m{number + 1} import *\n" for number in range(1500)}
    assert graph_of("from m0 import *\n", "await rest(step)", **modules, m1500=REST) == RESTED


def test_a_star_takes_a_module_of_a_package_that_is_listed() -> None:
    shop = '__all__ = ["cards"]\n'
    assert graph_of("from shop import *\n", "await cards.rest(step)", shop__=shop, shop__cards=REST) == RESTED


def test_an_exported_name_of_an_external_star_is_external() -> None:
    head = "from helpers import *\nfrom api import *\n"
    api = '__all__ = ["sleep"]\nfrom asyncio import *\n'
    helpers = REST.replace("def rest", "def sleep")
    assert graph_of(head, "await sleep(1)\nawait step.sleep('after', 1)", api=api, helpers=helpers) == "sleep 'after' 1"


def test_a_name_of_the_module_itself_goes_before_a_star() -> None:
    assert graph_of(
        'from helpers import *\nasync def rest(step):\n    await step.sleep("own", 1)\n',
        "await rest(step)",
        helpers=REST,
    ) == RESTED.replace("sleep 'rest'", "sleep 'own'")


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


@pytest.mark.parametrize("error", ["ImportError", "ModuleNotFoundError", "Exception"])
def test_a_fallback_is_ignored_if_the_import_succeeds(error: str) -> None:
    head = f"""
        try:
            from helpers import rest
        except {error}:
            async def rest(step):
                await step.sleep("fallback", 1)
    """
    assert graph_of(head, "await rest(step)", helpers=REST) == RESTED


def test_of_several_imports_in_a_try_the_last_counts() -> None:
    head = """
        try:
            from helpers import other as rest
            from helpers import rest
        except ImportError:
            async def rest(step):
                await step.sleep("fallback", 1)
    """
    assert graph_of(head, "await rest(step)", helpers=SEVERAL) == RESTED


def test_a_fallback_is_used_if_one_of_several_imports_fails() -> None:
    head = """
        try:
            from helpers import other as rest
            from vendored import rest
        except ImportError:
            from fallback import rest
    """
    assert graph_of(head, "await rest(step)", helpers=SEVERAL, fallback=REST) == RESTED


def test_a_fallback_is_used_if_the_import_fails() -> None:
    head = """
        try:
            from vendored import rest
        except ImportError:
            from helpers import rest
    """
    assert graph_of(head, "await rest(step)", helpers=REST) == RESTED


EITHER = text("""
    switch rest
    | case rest 1
      call helpers.rest
    | case rest 2
      call entry.rest
    def helpers.rest
      sleep 'rest' 1
    def entry.rest
      sleep 'fallback' 1
""")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("if sys.platform:\n    raise ImportError\n", "ImportError"),
        ("import orjson\n", "ImportError"),
        ("import importlib\nimportlib.import_module('orjson')\n", "ModuleNotFoundError"),
        ("import os\nKEY = os.environ['KEY']\n", "KeyError"),
        ("import os\nKEY = os.environ['KEY']\n", "(ImportError, LookupError)"),
        ("def check():\n    raise RuntimeError\ncheck()\n", "RuntimeError"),
        ("class Config:\n    import orjson\n", "Exception"),
        ("from other import value\n", "ImportError"),
        ("try:\n    import orjson\nexcept ImportError:\n    raise\n", "ImportError"),
    ],
)
def test_a_fallback_counts_where_the_imported_module_may_raise(body: str, error: str) -> None:
    head = f"""
        try:
            from helpers import rest
        except {error}:
            async def rest(step):
                await step.sleep("fallback", 1)
    """
    assert graph_of(head, "await rest(step)", helpers=body + REST, other="import orjson\nvalue = 1\n") == EITHER


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("import os, logging\nLOG = logging.getLogger(os.environ['NAME'])\n", "ImportError"),
        ("raise ValueError\n", "ImportError"),
        ("try:\n    import orjson\nexcept ImportError:\n    orjson = None\n", "ImportError"),
        ("import contextlib\nwith contextlib.suppress(ImportError):\n    import orjson\n", "ImportError"),
        ("def later():\n    import orjson\n", "ImportError"),
        ("import entry\n", "ImportError"),
        ("if TYPE_CHECKING:\n    import orjson\n", "ImportError"),
    ],
)
def test_a_fallback_for_other_errors_does_not_count(body: str, error: str) -> None:
    head = f"""
        try:
            from helpers import rest
        except {error}:
            async def rest(step):
                await step.sleep("fallback", 1)
    """
    assert graph_of(head, "await rest(step)", helpers=body + REST) == RESTED


def test_a_fallback_is_used_for_names_that_python_may_lack() -> None:
    for name in ("asyncio import no_such", "itertools import batched"):
        head = f"""
            try:
                from {name}
                async def rest(step):
                    await step.sleep("rest", 1)
            except ImportError:
                async def rest(step):
                    await step.sleep("fallback", 1)
        """
        assert graph_of(head, "await rest(step)") == text("""
            switch rest
            | case rest 1
              call rest
            | case rest 2
              call rest #2
            def rest
              sleep 'rest' 1
            def rest #2
              sleep 'fallback' 1
        """)


def test_a_suppressed_import_that_may_fail() -> None:
    head = """
        import contextlib
        async def rest(step):
            await step.sleep("fallback", 1)
        with contextlib.suppress(ImportError):
            from helpers import rest
    """
    assert graph_of(head, "await rest(step)", helpers="import orjson\n" + REST) == EITHER
    assert graph_of(head, "await rest(step)", helpers=REST) == RESTED


def test_a_fallback_of_none_is_ignored() -> None:
    head = """
        try:
            from helpers import rest
        except ImportError:
            rest = None
    """
    assert graph_of(head, "if rest:\n    await rest(step)", helpers=REST) == text("""
        if rest
          call rest
        def rest
          sleep 'rest' 1
    """)


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


def test_a_missing_module_of_the_project_is_noted() -> None:
    assert notes_of("from shop.cards import rest\n", "await rest(step)", shop__="")[0] == (
        "entry.py:1:1: the project has no module `shop.cards`. "
        "The import fails when the module is loaded. Correct it. [missing-module]"
    )
    assert notes_of("from .helpers import rest\n", "await rest(step)")[0] == (
        "entry.py:1:1: the project has no module `.helpers`. "
        "The import fails when the module is loaded. Correct it. [missing-module]"
    )


def test_an_external_module_is_noted_if_it_gets_the_step_object() -> None:
    (note,) = notes_of("from somewhere import rest\n", "await rest(step)")
    assert note == (
        "entry.py:7:20: the step object is passed to `rest`, which is outside the project. "
        "Steps that run there are missing from the graph. Call them directly. [escapes]"
    )


def test_a_missing_name_is_noted_with_a_suggestion() -> None:
    assert notes_of("from helpers import rset\n", "await rset(step)", helpers=REST)[0] == (
        "entry.py:1:1: helpers.py has no `rset`. Did you mean `rest`? [missing-name]"
    )
    assert notes_of("import helpers\n", "await helpers.rset(step)", helpers=REST)[0] == (
        "entry.py:7:15: helpers.py has no `rset`. Did you mean `rest`? [missing-name]"
    )


def test_a_missing_name_without_similar_names_is_noted() -> None:
    assert notes_of("from helpers import xyz\n", "await xyz(step)", helpers=REST)[0] == (
        "entry.py:1:1: helpers.py has no `xyz`. The import fails when the module is loaded. Correct it. [missing-name]"
    )
    assert notes_of("import helpers\n", "await helpers.xyz(step)", helpers=REST)[0] == (
        "entry.py:7:15: helpers.py has no `xyz`. Accessing it fails at run time. [missing-name]"
    )


def test_a_module_of_a_package_is_near_as_well() -> None:
    assert notes_of("from shop import card\n", "await card.rest(step)", shop__="", shop__cards=REST)[0] == (
        "entry.py:1:1: shop/__init__.py has no `card`. Did you mean `cards`? [missing-name]"
    )


def test_names_created_at_run_time_are_not_missing() -> None:
    helpers = "def __getattr__(name): ..."
    (note,) = notes_of("import helpers\n", "await helpers.rest(step)", helpers=helpers)
    assert note.endswith("[escapes]")


def test_an_invalid_module_is_noted_and_is_a_problem() -> None:
    analysis = project_of(
        running("from helpers import rest\n", 'await rest(step)\nawait step.sleep("kept", 1)'), helpers="def (:\n"
    )
    (workflow,) = analysis.workflows
    assert notation(workflow.graph) == "sleep 'kept' 1"
    assert not workflow.complete
    (problem,) = analysis.problems
    assert problem.location == "helpers.py:1:5"
    note = workflow.notes[0]
    assert (note.code, note.span.line, note.span.column) == ("broken-module", 1, 1)
    assert note.message.startswith("`from helpers import rest` cannot be resolved: helpers.py:1:5: syntax error")


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


def test_a_star_import_of_a_missing_module_is_noted() -> None:
    assert notes_of("from .nothing import *\n", "await rest(step)")[0].startswith(
        "entry.py:1:1: the project has no module `.nothing`."
    )


def test_a_star_from_a_module_that_is_broken_is_noted() -> None:
    notes = notes_of("from helpers import *\n", "await rest(step)", helpers="def (:\n")
    assert notes[0].startswith("entry.py:1:1: `from helpers import *` cannot be resolved: helpers.py:1:5: ")


def test_a_fallback_counts_where_the_module_lacks_the_name() -> None:
    head = """
        try:
            from helpers import newer as rest
        except ImportError:
            from helpers import rest
    """
    assert graph_of(head, "await rest(step)", helpers=REST) == RESTED


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


@pytest.mark.parametrize(
    "attempt",
    [
        "try:\n    import helpers\nexcept ImportError:\n    import elsewhere as helpers\n",
        "try:\n    from shop import helpers\nexcept ImportError:\n    helpers = None\n",
    ],
)
def test_an_existing_module_is_used_in_a_try(attempt: str) -> None:
    assert graph_of(attempt, "await helpers.rest(step)", helpers=REST, shop__="", shop__helpers=REST) == RESTED


def test_a_fallback_is_ignored_for_a_module_with_another_error() -> None:
    head = "try:\n    from broken import rest\nexcept ImportError:\n    from helpers import rest\n"
    assert notes_of(head, "await rest(step)", broken="def (\n", helpers=REST)[0].endswith("[broken-module]")


def test_missing_names_of_a_namespace_package_are_external() -> None:
    notes = notes_of("import shop.pay\n", "await shop.other.rest(step)", shop__pay=REST)
    assert [note.rsplit(" ", 1)[1] for note in notes] == ["[escapes]"]


def test_a_module_that_is_broken_assigns_nothing_to_others() -> None:
    broken = "import helpers\nhelpers.rest = 1\ndef (\n"
    project = project_of(
        running("import broken\nimport helpers\n", "await helpers.rest(step)"), broken=broken, helpers=REST
    )
    assert notation(project.workflows[0].graph) == RESTED
    assert "assigned-elsewhere" not in [note.code for note in project.workflows[0].notes]


def test_a_star_import_in_a_function_binds_nothing() -> None:
    assert graph_of("", "from helpers import *\nawait step.sleep('x', 1)", helpers=REST) == "sleep 'x' 1"


def test_of_several_names_in_one_import_the_last_counts() -> None:
    unused = "async def other(step): ...\n"
    assert (
        graph_of("from helpers import other as job, rest as job\n", "await job(step)", helpers=unused + REST) == RESTED
    )


REGISTRY = """
    HANDLERS = {empty}

    def register(fn):
        {add}
        return fn
"""
CHANNEL = """
    {imports}

    @{register}
    async def {name}(step):
        await step.sleep("{name}", 1)
"""


def channel(name: str, imports: str = "from registry import register", register: str = "register") -> str:
    return CHANNEL.format(name=name, imports=imports, register=register)


@pytest.mark.parametrize(
    ("empty", "add", "loop"),
    [
        ("[]", "HANDLERS.append(fn)", "registry.HANDLERS"),
        ("{}", "HANDLERS[fn.__name__] = fn", "registry.HANDLERS.values()"),
        ("[]", "HANDLERS.extend([fn])", "list(registry.HANDLERS)"),
    ],
)
def test_a_registry_that_other_modules_fill(empty: str, add: str, loop: str) -> None:
    graph = graph_of(
        "import registry\nimport email_channel\nimport sms_channel\n",
        f"for handler in {loop}:\n    await handler(step)",
        registry=REGISTRY.format(empty=empty, add=add),
        email_channel=channel("email"),
        sms_channel=channel("sms", "import registry", "registry.register"),
    )
    assert "def email\n  sleep 'email' 1" in graph
    assert "def sms\n  sleep 'sms' 1" in graph


def test_a_registry_that_is_filled_in_two_modules() -> None:
    assert graph_of(
        "import registry\nimport email_channel\n",
        "for handler in registry.HANDLERS:\n    await handler(step)",
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)") + channel("log", "").replace("\n    \n", "\n"),
        email_channel=channel("email"),
    ) == text("""
        call log
        call email
        def log
          sleep 'log' 1
        def email
          sleep 'email' 1
    """)


def test_a_registry_of_a_class_that_other_modules_fill() -> None:
    assert graph_of(
        "from registry import Registry\nimport email_channel\n",
        "for handler in Registry.handlers:\n    await handler(step)",
        registry="""
            class Registry:
                handlers = []

                @classmethod
                def register(cls, fn):
                    cls.handlers.append(fn)
                    return fn
        """,
        email_channel=channel("email", "from registry import Registry", "Registry.register"),
    ) == text("""
        call email
        def email
          sleep 'email' 1
    """)


def test_a_registry_whose_functions_take_no_step() -> None:
    assert graph_of(
        "import registry\nimport email_channel\n",
        "registry.STEP = step\nfor handler in registry.HANDLERS:\n    await handler()",
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)") + "\n    STEP = None\n",
        email_channel="""
            import registry

            @registry.register
            async def email():
                await registry.STEP.sleep("email", 1)
        """,
    ).startswith("call email")


def calls_of(head: str, body: str, **modules: str) -> list[str]:
    """Return the functions that `run` calls, with a module `registry`. The graph must be complete."""
    registry = REGISTRY.format(empty="[]", add="HANDLERS.append(fn)")
    lines = graph_of(head, body, registry=registry, **modules).splitlines()
    return [line.removeprefix("call ") for line in lines if line.startswith("call ")]


LOOP = "for handler in HANDLERS:\n    await handler(step)"
OWN = "from registry import HANDLERS, register\n" + textwrap.dedent(channel("first", ""))
LAST = textwrap.dedent(channel("last", ""))


def test_an_import_between_registrations() -> None:
    assert calls_of(OWN + "import email_channel\n" + LAST, LOOP, email_channel=channel("email")) == [
        "first",
        "email",
        "last",
    ]


def test_a_module_that_registers_before_its_import() -> None:
    sms = channel("sms") + "\n    import email_channel\n"
    head = "import sms_channel\nimport email_channel\nfrom registry import HANDLERS\n"
    assert calls_of(head, LOOP, sms_channel=sms, email_channel=channel("email")) == ["sms", "email"]


def test_a_module_copies_a_registry_between_registrations() -> None:
    email = channel("email") + "\n    import registry\n    COPY = list(registry.HANDLERS)\n"
    head = OWN + "import email_channel\n" + LAST
    assert calls_of(head, LOOP.replace("HANDLERS", "email_channel.COPY"), email_channel=email) == ["first", "email"]


def test_a_registration_by_a_function_of_a_third_module() -> None:
    helpers = "import registry\n\ndef handles(fn):\n    return registry.register(fn)\n"
    email = channel("email", "from helpers import handles", "handles")
    head = "import email_channel\nfrom registry import HANDLERS\n"
    assert calls_of(head, LOOP, helpers=helpers, email_channel=email) == ["email"]


def test_a_package_registers_before_its_modules() -> None:
    head = "import channels.sms\nfrom registry import HANDLERS\n"
    modules = {"channels__": channel("email"), "channels__sms": channel("sms")}
    assert calls_of(head, LOOP, **modules) == ["email", "sms"]


@pytest.mark.parametrize(
    "listing",
    [
        '__all__ = ["email", "sms"]',
        '__all__ = [\n    "email",  # first\n    "sms",\n]',
        '__all__ = ("email",)\n__all__ += ("sms",)',
        '__all__: list[str] = []\n__all__.append("email")\n__all__.extend(["sms"])',
    ],
)
@pytest.mark.parametrize("head", ["from channels import *", "import more"])
def test_a_star_import_runs_the_listed_modules(head: str, listing: str) -> None:
    modules = {"channels__": listing + "\n", "channels__email": channel("email"), "channels__sms": channel("sms")}
    head = f"{head}\nfrom registry import HANDLERS\n"
    assert calls_of(head, LOOP, **modules, more="from channels import *\n") == ["email", "sms"]


def test_a_star_import_runs_no_module_that_is_not_listed() -> None:
    modules = {"channels__": "email = 1\n", "channels__email": channel("email"), "channels__sms": channel("sms")}
    assert calls_of(f"{OWN}from channels import *\n", LOOP, **modules) == ["first"]


def test_a_star_import_of_all_files_is_noted() -> None:
    (note,) = notes_of(
        f"{OWN}from channels import *\n",
        LOOP,
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)"),
        channels__='import glob\n__all__ = [name[9:-3] for name in glob.glob("channels/*.py")]\n',
        channels__email=channel("email"),
    )
    assert "a call such as `import_module`" in note


def test_other_modules_register_with_an_object() -> None:
    core = """
        class App:
            def __init__(self):
                self.handlers = []

            def register(self, fn):
                self.handlers.append(fn)
                return fn

        app = App()
    """
    head = "from core import app\nimport email_channel\n" + textwrap.dedent(channel("last", "", "app.register"))
    email = channel("email", "from core import app", "app.register")
    loop = LOOP.replace("HANDLERS", "app.handlers")
    assert calls_of(head, loop, core=core, email_channel=email) == ["email", "last"]


def test_an_import_in_a_try_between_registrations() -> None:
    head = OWN + "try:\n    import email_channel\nexcept ImportError:\n    pass\n" + LAST
    assert calls_of(head, LOOP, email_channel=channel("email")) == ["first", "email", "last"]


@pytest.mark.parametrize(
    "conditional_import",
    [
        "if os.environ.get('SMS'):\n    import email_channel",
        "if os.environ.get('SMS'):\n    pass\nelse:\n    import email_channel",
        "match os.environ:\n    case {}:\n        import email_channel",
        "for _ in os.environ:\n    import email_channel",
        "try:\n    import library\n    import email_channel\nexcept ImportError:\n    pass",
        "try:\n    import library\nexcept ImportError:\n    import email_channel",
        "try:\n    import library\nexcept ImportError:\n    pass\nelse:\n    import email_channel",
        "with contextlib.suppress(ImportError):\n    import library, email_channel",
    ],
)
def test_an_import_on_some_paths_of_a_module_is_noted(conditional_import: str) -> None:
    (note,) = notes_of(
        f"import contextlib, os\n{OWN}{conditional_import}\n",
        LOOP,
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)"),
        email_channel=channel("email"),
    )
    assert "email_channel` runs only on some paths" in note


@pytest.mark.parametrize(
    "statement",
    [
        "NAMES = [fn.__name__ for fn in HANDLERS]",
        "SMS: object = register",
        "class Sms:\n    handlers = HANDLERS\n\n    def put(self, fn=register):\n        self.handlers.append(fn)",
    ],
)
def test_an_import_on_some_paths_of_a_module_that_only_reads(statement: str) -> None:
    head = f"{OWN}try:\n    import library, sms\nexcept ImportError:\n    pass\n"
    assert calls_of(head, LOOP, sms=f"from registry import HANDLERS, register\n\n{statement}\n") == ["first"]


@pytest.mark.parametrize(
    "unconditional_import",
    [
        "try:\n    import library, email_channel\nexcept ImportError as error:\n    raise RuntimeError from error",
        "try:\n    import json\nexcept ImportError:\n    pass\nelse:\n    import email_channel",
        "try:\n    import library\nfinally:\n    import email_channel",
        "if not TYPE_CHECKING:\n    import email_channel",
        "with library.measured():\n    import email_channel",
    ],
)
def test_a_nested_import_that_always_runs(unconditional_import: str) -> None:
    head = f"from typing import TYPE_CHECKING\nimport library\n{OWN}{unconditional_import}\n"
    assert calls_of(head, LOOP, email_channel=channel("email")) == ["first", "email"]


@pytest.mark.parametrize(
    "dead_import",
    [
        "if TYPE_CHECKING:\n    import email_channel",
        'if __name__ == "__main__":\n    from email_channel import email',
        "try:\n    import registry\nexcept ImportError:\n    import email_channel",
        "if True:\n    pass\nelse:\n    import email_channel",
    ],
)
def test_a_nested_import_that_never_runs(dead_import: str) -> None:
    head = f"from typing import TYPE_CHECKING\n{OWN}{dead_import}\n"
    assert calls_of(head, LOOP, email_channel=channel("email")) == ["first"]


def test_an_import_in_run_registers() -> None:
    assert calls_of(OWN, "import email_channel\n" + LOOP, email_channel=channel("email")) == ["first", "email"]


def test_an_import_in_run_registers_after_a_loop() -> None:
    body = f"{LOOP}\nimport email_channel\n{LOOP}"
    assert calls_of(OWN, body, email_channel=channel("email")) == ["first", "first", "email"]


def test_an_import_in_run_fills_a_list_that_was_read_before() -> None:
    more = (
        'from jobs import JOBS\n\nasync def second(step):\n    await step.sleep("second", 1)\n\nJOBS.append(second)\n'
    )
    loop = LOOP.replace("HANDLERS", "JOBS")
    body = f"{loop}\nimport more\n{loop}"
    assert calls_of("from jobs import JOBS\n", body, jobs=JOBS, more=more) == ["first", "first", "second"]


def test_an_import_in_run_of_a_module_that_was_imported_before() -> None:
    head = OWN + "def load():\n    import email_channel\nload()\n" + LAST
    body = f"import email_channel\n{LOOP}"
    assert calls_of(head, body, email_channel=channel("email")) == ["first", "email", "last"]


def test_a_function_of_the_module_imports_between_registrations() -> None:
    head = OWN + "def load():\n    import email_channel\nload()\n" + LAST
    assert calls_of(head, LOOP, email_channel=channel("email")) == ["first", "email", "last"]


def test_an_import_on_some_paths_that_registers_is_noted() -> None:
    (note,) = notes_of(
        OWN,
        "if event['payload']['x']:\n    import email_channel\n" + LOOP,
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)"),
        email_channel=channel("email"),
    )
    assert "`import email_channel` runs only on some paths" in note


def test_a_conditional_import_of_a_module_with_a_registry() -> None:
    registry = textwrap.dedent(REGISTRY.format(empty="[]", add="HANDLERS.append(fn)")) + textwrap.dedent(
        channel("sms", "")
    )
    body = "if event['payload']['x']:\n    import sms_channel\n" + LOOP
    assert calls_of(OWN, body, sms_channel=registry) == ["first"]


@pytest.mark.parametrize("imports", ["importlib.import_module(name)", "__import__(name)"])
def test_a_registry_filled_by_computed_imports(imports: str) -> None:
    (note,) = notes_of(
        f"import importlib\nimport registry\n\nfor name in NAMES:\n    {imports}\n",
        "registry.start(step)\nfor handler in registry.HANDLERS:\n    await handler()",
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)") + "\n    def start(step): pass\n",
    )
    assert "a call such as `import_module`" in note


JOBS = 'async def first(step):\n    await step.sleep("first", 1)\n\nJOBS = [first]\n'
COMPUTED_IMPORT = """
import importlib
from jobs import JOBS

for name in NAMES:
    importlib.import_module(f"plugins.{name}")
"""


@pytest.mark.parametrize("change", ["JOBS.append(second)", "import jobs\njobs.JOBS = [second]"])
def test_a_list_that_a_computed_import_may_fill_is_noted(change: str) -> None:
    plugin = f'from jobs import JOBS\n\nasync def second(step):\n    await step.sleep("second", 1)\n\n{change}\n'
    (note,) = notes_of(COMPUTED_IMPORT, LOOP.replace("HANDLERS", "JOBS"), jobs=JOBS, plugins__second=plugin)
    assert "`JOBS` may be changed by modules that a call such as `import_module` imports" in note


def test_a_computed_import_of_modules_that_fill_no_list() -> None:
    plugin = "from jobs import JOBS\n\nOTHERS = []\nOTHERS.append(JOBS)\n"
    loop = LOOP.replace("HANDLERS", "JOBS")
    assert calls_of(COMPUTED_IMPORT, loop, jobs=JOBS, plugins__second=plugin) == ["first"]


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
