"""Imports in try statements, of which one counts if the other fails."""

from __future__ import annotations

import pytest

from tests.semantics.notation import text
from tests.semantics.projects import REST, RESTED, SEVERAL, graph_of

pytestmark = pytest.mark.usefixtures("empty_directory")


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


def test_a_fallback_is_used_if_the_package_lacks_the_module() -> None:
    parts = """
        try:
            from ._fast import rest
        except ImportError:
            from ._slow import rest
    """
    head = "from parts import rest\n"
    assert graph_of(head, "await rest(step)", parts__=parts, parts___slow=REST) == RESTED


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
