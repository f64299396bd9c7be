"""Constants that calls pass to functions of other modules."""

from __future__ import annotations

import pytest

from tests.semantics.projects import graph_of

pytestmark = pytest.mark.usefixtures("empty_directory")

TABLE = 'TABLE = {"key": "old"}\n'
READER = f"{TABLE}def table():\n    return TABLE\n"
WRITE = "def write(options):\n    options['key'] = 'new'"
STEPS = "async def send(step, options):\n    await step.sleep(options['pause'], 1)\n"


@pytest.mark.parametrize(
    ("send", "call"),
    [
        (STEPS, "await send(step, TABLE)"),
        (STEPS, "await send(step, options=TABLE)"),
        ("def send(*parts, **options):\n    print(parts, options)", "send(step, TABLE, table=TABLE)"),
        ("from steps import send", "send(step, TABLE)"),
        ("from steps import write as send", "send(step, TABLE)"),
        ("def send(options, changes):\n    changes['key'] = options['key']", "send(TABLE, {})"),
        ("class send:\n    def __init__(self, options):\n        self.options = options", "send(TABLE)"),
    ],
)
def test_a_constant_that_an_imported_function_reads_is_shown(send: str, call: str) -> None:
    steps = "def send(step, options):\n    print(options)\ndef write(step, options):\n    print(options)"
    head = f"from shop import send\n{TABLE}"
    graph = graph_of(head, f'{call}\nawait step.sleep(TABLE["key"], 1)', shop=send, steps=steps)
    assert "sleep 'old' 1" in graph


@pytest.mark.parametrize(
    ("send", "call"),
    [
        ("def send(options):\n    options['key'] = 'new'", "send(TABLE)"),
        ("def send(*options):\n    options[0]['key'] = 'new'", "send(TABLE)"),
        ("def send(**options):\n    options['table']['key'] = 'new'", "send(table=TABLE)"),
        ("def send(options):\n    for each in options:\n        each['key'] = 'new'", "send([TABLE])"),
        ("def send(options):\n    return options", 'send(TABLE)["key"] = "new"'),
        ("from steps import write\ndef send(options):\n    write(options)", "send(TABLE)"),
        ("from steps import write as send", "send(TABLE)"),
        ("from elsewhere import send", "send(TABLE)"),
        ("try:\n    from elsewhere import send\nexcept ImportError:\n    def send(options): ...", "send(TABLE)"),
        ("import elsewhere\nsend = elsewhere.send", "send(TABLE)"),
        ("import elsewhere\ndef send(options): ...\nsend = elsewhere.traced(send)", "send(TABLE)"),
        ("def send(options): ...\nimport steps\nsteps.rename()", "shop.send(TABLE)"),
        ("LAST = []\ndef send(options):\n    LAST.append(options)", 'send(TABLE)\nshop.LAST[0]["key"] = "new"'),
        ("class send:\n    def __init__(self, options):\n        self.box = options", 'send(TABLE).box["key"] = "new"'),
    ],
)
def test_a_constant_for_an_imported_function_is_hidden(send: str, call: str) -> None:
    modules = {"shop": send, "steps": f"{WRITE}\ndef rename():\n    import shop\n    shop.send = write"}
    head = f"import shop\nfrom shop import send\n{TABLE}"
    graph = graph_of(head, f'{call}\nawait step.sleep(TABLE["key"], 1)', **modules)
    assert graph == "sleep '{TABLE[\"key\"]}' 1"


@pytest.mark.parametrize(
    ("modules", "call", "shown"),
    [
        ({"shop": STEPS}, "import shop\nawait shop.send(step, TABLE)", True),
        ({"shop__": "", "shop__steps": STEPS}, "from shop import steps\nawait steps.send(step, TABLE)", True),
        ({"shop__": "", "shop__steps": STEPS}, "import shop.steps\nawait shop.steps.send(step, TABLE)", True),
        (
            {"shop__": "", "shop__steps": f"{STEPS}client = {{}}"},
            "from shop import steps\nsteps.client.send(0, TABLE)",
            False,
        ),
        ({"shop": STEPS}, "from shop import send\nasync def call(send):\n    send(0, TABLE)\nawait call(print)", False),
        ({"shop": STEPS}, "from shop import send\nsend = print if event else send\nsend(0, TABLE)", False),
        ({"shop": "from steps import client\ndef send(table): ...", "steps": "client = {}"}, "import shop\n{}", False),
    ],
)
def test_functions_of_imported_modules(modules: dict[str, str], call: str, *, shown: bool) -> None:
    body = call.format("shop.client.send(TABLE)")
    graph = graph_of(TABLE, f'{body}\nawait step.sleep(TABLE["key"], 1)', **modules)
    assert ("'old'" in graph) is shown


def test_returned_constants_and_imported_functions_with_step() -> None:
    head = f"from shop import send\n{READER}"
    graph = graph_of(head, 'await send(step, {})\nawait step.sleep(TABLE["key"], 1)', shop=STEPS)
    assert "sleep 'old' 1" in graph
