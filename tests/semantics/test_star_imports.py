"""Star imports, and the names that modules export to them."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import notation, text
from tests.semantics.projects import REST, RESTED, SEVERAL, graph_of, notes_of, running, workflow_of

pytestmark = pytest.mark.usefixtures("empty_directory")


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
        '__all__ = ["rest"] if DEBUG else ["_hidden"]',
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
