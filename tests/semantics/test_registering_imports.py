"""Registries that several modules fill while they load."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    "setup",
    [
        "def setup():\n    from registry import HANDLERS\n    HANDLERS.append(sms)\nsetup()",
        "def lazy(fn):\n    from registry import register\n    return register(fn)\nlazy(sms)",
        "def handlers():\n    from registry import HANDLERS\n    return HANDLERS\nhandlers().append(sms)",
        "class Setup:\n    def load():\n        import registry\n        registry.HANDLERS.append(sms)\n    load()",
    ],
)
def test_a_module_that_a_function_imports_registers_before_the_function_continues(setup: str) -> None:
    sms = "async def sms(step):\n    await step.sleep('sms', 1)\n"
    graph = graph_of(
        "import sms_channel\nfrom registry import HANDLERS\n",
        "for handler in HANDLERS:\n    await handler(step)",
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)") + channel("log", "").replace("\n    \n", "\n"),
        sms_channel=sms + setup,
    )
    assert graph.startswith("call log\ncall sms\n")


def test_modules_that_functions_of_imported_modules_import() -> None:
    sms = "async def sms(step):\n    await step.sleep('sms', 1)\n"
    graph = graph_of(
        "import sms_channel\nfrom registry import HANDLERS\n",
        "for handler in HANDLERS:\n    await handler(step)",
        registry=REGISTRY.format(empty="[]", add="HANDLERS.append(fn)"),
        sms_channel=sms + "def setup():\n    from email_channel import register\n    register(sms)\nsetup()",
        email_channel=channel("email") + "    def more():\n        import log_channel\n    more()\n",
        log_channel=channel("log"),
    )
    assert graph.startswith("call email\ncall log\ncall sms\n")


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
