"""Test the rules on calls that start workflow instances."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from stepgraph.checks.diagnostic import Finding
from stepgraph.fixing import compute_fixes
from tests.checks.projects import CONFIGURATION, check_project

_CONFIGURATION = f"""{CONFIGURATION}
[[workflows]]
binding = "BILLS"
name = "bills"
class_name = "Bills"
script_name = "money"
"""
_READS_URL = 'url = event["payload"]["url"]\nawait step.sleep("rest", "1 hour")'
_CREATE = "self.env.ORDERS.create"


def findings(folder: Path, code: str, fetch: str, run: str = _READS_URL, more: str = "") -> list[Finding]:
    """Return the findings of a rule in a Worker with this `fetch`, workflow and further code."""
    entry = (
        "import asyncio, json, time, uuid\nfrom datetime import UTC, date, datetime\nfrom js import Object\n"
        "from pyodide.ffi import to_js\n"
        "from workers import WorkerEntrypoint, WorkflowEntrypoint, env as global_env\n\n\n"
        f"class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n{indent(run, ' ' * 8)}\n\n\n"
        f"class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n{indent(fetch, ' ' * 8)}\n\n\n"
        f"{dedent(more)}"
    )
    return check_project(folder, {"wrangler.toml": _CONFIGURATION, "entry.py": entry}, code)


def messages(diagnostics: list[Finding]) -> list[str]:
    return [finding.message for finding in diagnostics]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (f"{_CREATE}(payload=1)", "unknown option `payload`: Cloudflare ignores it, so `run` gets no payload."),
        (f"{_CREATE}(url=1, page=2)", "unknown options `url`, `page`: Cloudflare ignores them, so `run` gets"),
        (f'{_CREATE}(**{{"data": 1}})', "unknown option `data`: Cloudflare ignores it, so `run` gets no payload."),
        (f'{_CREATE}({{"url": 1}})', "unknown option `url`: Cloudflare ignores it, so `run` gets no payload."),
        (f'{_CREATE}(to_js({{"url": 1}}, dict_converter=Object.fromEntries))', "unknown option `url`: Cloudflare"),
        (
            f'{_CREATE}(params={{"url": 1}}, location_hint="weur")',
            "unknown option `location_hint`: Cloudflare ignores it.",
        ),
        (f'{_CREATE}("a", params={{"url": 1}})', '`{"url": 1}` has no effect: after a positional argument, which has'),
        (f'{_CREATE}(request.id, {{"url": 1}})', '`{"url": 1}` has no effect: after a positional argument, which has'),
        (f'{_CREATE}("a")', '`"a"` is a string, but a positional argument must be the dictionary of options: Cloud'),
        (
            f'{_CREATE}(id="a b", params=request)',
            "the id 'a b' contains a space: Cloudflare rejects it, and no instance",
        ),
        (f'{_CREATE}(id=f"{{request.id}}:1", params=request)', "the id contains ':': Cloudflare rejects it, and no"),
        (f'{_CREATE}(id="-a", params=request)', "the id '-a' starts with a hyphen: Cloudflare rejects it, and no"),
        (f'{_CREATE}(id="", params=request)', "the id is empty: Cloudflare rejects it, and no instance starts."),
        (
            f'{_CREATE}(id="{"a" * 101}", params=request)',
            "the id has 101 characters, more than 100: Cloudflare rejects",
        ),
        (
            f'{_CREATE}(id=f"a-{{datetime.now().isoformat()}}")',
            "the id contains ':', from `datetime.now().isoformat()`: ",
        ),
        (
            f"{_CREATE}(id=datetime.now(UTC).isoformat())",
            "the id contains ':', from `datetime.now(UTC).isoformat()`: Cl",
        ),
        (f"{_CREATE}(id=str(time.time()))", "the id contains '.', from `str(time.time())`: Cloudflare rejects it, and"),
        (f"{_CREATE}(id=7, params=request)", "the id is `7`, not a string: Cloudflare rejects it, and no instance"),
        (
            f"{_CREATE}(id=uuid.uuid4(), params=request)",
            "the id is a UUID, not a string: Cloudflare rejects it, and no",
        ),
        ('self.env.ORDERS.create_batch([{"url": 1}])', "unknown option `url`: Cloudflare ignores it, so `run` gets no"),
        (
            "self.env.ORDERS.create_batch(batch=[])",
            "unknown argument `batch=`: a batch is one list, which the call lac",
        ),
        (
            'self.env.ORDERS.create_batch({"id": "a"}, {"id": "b"})',
            '`{"id": "a"}` is a dictionary, but a batch is one l',
        ),
        ('self.env.ORDERS.create_batch([{"id": "a.b", "params": 1}])', "the id 'a.b' contains '.': Cloudflare rejects"),
        (
            "self.env.BILLS.create(payload=1)",
            "unknown option `payload`: Cloudflare ignores it, so `run` gets no payload.",
        ),
        ('getattr(self.env, "ORDERS").create(payload=1)', "unknown option `payload`: Cloudflare ignores it, so `run`"),
        (
            "global_env.ORDERS.create(payload=1)",
            "unknown option `payload`: Cloudflare ignores it, so `run` gets no payl",
        ),
        ('request.scope["env"].ORDERS.create(payload=1)', "unknown option `payload`: Cloudflare ignores it, so `run`"),
    ],
)
def test_ignored_or_rejected_options(call: str, message: str, tmp_path: Path) -> None:
    (text,) = messages(findings(tmp_path, "SG128", f"await {call}"))
    assert text.startswith(message)


def test_options_before_ignored_keywords_may_have_the_params(tmp_path: Path) -> None:
    (text,) = messages(findings(tmp_path, "SG128", f'await {_CREATE}({{"params": {{"url": 1}}}}, id="a")'))
    assert text.endswith("Cloudflare ignores further arguments.")


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    [
        f"{_CREATE}()",
        f"{_CREATE}(None)",
        f"{_CREATE}(request.options)",
        f"{_CREATE}(**request.options)",
        f'{_CREATE}(id=str(uuid.uuid4()), params={{}}, retention={{}}, locationHint="weur")',
        f'{_CREATE}(id=f"order-{{request.id}}_{{request.page:03d}}", params=request)',
        f"{_CREATE}(id=request.id, params=request)",
        f"{_CREATE}(id=None, params=request)",
        f'{_CREATE}(id=f"a-{{datetime.now():%Y%m%d}}-{{int(time.time())}}-{{date.today()}}")',
        f'{_CREATE}(id=datetime.now().strftime("%Y%m%d"))',
        f'{_CREATE}(id=datetime.now().isoformat(timespec="hours"))',
        "self.env.ORDERS.create_batch(instances=[])",
        'self.env.ORDERS.create_batch({"instances": []})',
        "self.env.ORDERS.create_batch(*request.batches)",
        "self.env.ORDERS.create_batch(request.batch)",
        "self.env.OTHER.create(payload=1)",
        "self.env.ORDERS.get(payload=1)",
        "self.orders.create(payload=1)",
    ],
)
def test_valid_options_and_other_objects(call: str, tmp_path: Path) -> None:
    assert findings(tmp_path, "SG128", f"await {call}") == []


@pytest.mark.parametrize(
    ("code", "call", "fixed"),
    [
        ("SG128", f'{_CREATE}(payload={{"url": 1}})', f'{_CREATE}(params={{"url": 1}})'),
        ("SG128", f'{_CREATE}({{"url": 1}})', f'{_CREATE}(params={{"url": 1}})'),
        ("SG128", f'{_CREATE}({{"data": 1}})', f'{_CREATE}({{"params": 1}})'),
        ("SG128", f'{_CREATE}("a", params=1)', f'{_CREATE}(id="a", params=1)'),
        ("SG128", f"{_CREATE}(id=uuid.uuid4())", f"{_CREATE}(id=str(uuid.uuid4()))"),
        ("SG128", f'{_CREATE}(id="a b")', f'{_CREATE}(id="a-b")'),
        ("SG128", "self.env.ORDERS.create_batch(batch=[{}])", "self.env.ORDERS.create_batch([{}])"),
        (
            "SG128",
            'self.env.ORDERS.create_batch([{"url": 1}])',
            'self.env.ORDERS.create_batch([{"params": {"url": 1}}])',
        ),
        ("SG215", f'{_CREATE}(params={{"payload": request}})', f"{_CREATE}(params=request)"),
    ],
)
def test_fixes(code: str, call: str, fixed: str, tmp_path: Path) -> None:
    results = findings(tmp_path, code, f"await {call}")
    (file,) = compute_fixes(results, unsafe=True)
    assert file.after.decode() == file.before.decode().replace(call, fixed)


def test_renamed_option_keeps_its_layout(tmp_path: Path) -> None:
    (file,) = compute_fixes(
        findings(tmp_path, "SG128", f'await {_CREATE}(\n    payload={{"url": 1}},  # the page\n)'), unsafe=False
    )
    assert file.after.decode() == file.before.decode().replace("payload=", "params=")


@pytest.mark.parametrize(
    ("option", "applicability"),
    [("payload=1", "safe"), ('payload={"url": 1}', "safe"), ('payload={"payload": 1}', "unsafe"), ("data=1", "unsafe")],
)
def test_only_the_option_payload_has_a_safe_fix(option: str, applicability: str, tmp_path: Path) -> None:
    (diagnostic,) = findings(tmp_path, "SG128", f"await {_CREATE}({option})")
    assert diagnostic.fix is not None
    assert diagnostic.fix.applicability == applicability


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ('print(event["payload"].get("url"))', "but `run` reads `url` (line 10)."),
        ('p = event.get("payload", {})\nif request:\n    print(p["url"])', "but `run` reads `url` (line 12)."),
    ],
)
def test_payload_of_optional_keys_is_one_level_too_deep(run: str, message: str, tmp_path: Path) -> None:
    run = f'{run}\nawait step.sleep("s", 1000)'
    (text,) = messages(findings(tmp_path, "SG215", f'await {_CREATE}(params={{"payload": request}})', run))
    assert text == f"`params` is one level too deep: it has only the key `payload`, {message}"


@pytest.mark.parametrize(
    "run",
    [
        'print(event["payload"])',
        'print(event["payload"].get("url", event["payload"]["payload"]))',
        'print(event["payload"].get("payload"))',
        'print(event["payload"].keys())',
    ],
)
def test_payload_may_be_a_key_of_params(run: str, tmp_path: Path) -> None:
    run = f'{run}\nawait step.sleep("s", 1000)'
    assert findings(tmp_path, "SG215", f'await {_CREATE}(params={{"payload": request}})', run) == []


@pytest.mark.parametrize(
    ("trigger", "start"),
    [
        (
            f'{_CREATE}(params={{"page": 1}})',
            "`params` lacks `url`, but `run` reads `url` (line 10), and fails without",
        ),
        (
            f'{_CREATE}(id="a")',
            "the instance gets no `params`, but `run` reads `url` (line 10), and fails without it",
        ),
        (f'{_CREATE}(params={{"payload": request}})', "`params` is one level too deep: it has only the key `payload`,"),
        (f'{_CREATE}(params={{"x": {{"url": 1}}}})', "`params` is one level too deep: it has only the key `x`, but `r"),
        (
            f"{_CREATE}(params=json.dumps(request))",
            "`params` is a string, but `run` reads `url` (line 10), and fails with",
        ),
        (f"{_CREATE}(params=[1])", "`params` is a list, but `run` reads `url` (line 10), and fails without it."),
        (
            f'{_CREATE}({{"params": {{}}}})',
            "`params` lacks `url`, but `run` reads `url` (line 10), and fails without",
        ),
        (
            'self.env.ORDERS.create_batch([{"params": {"i": i}} for i in request])',
            "`params` lacks `url`, but `run` rea",
        ),
        (
            "start(self.env, {'data': 1})",
            "`params` lacks `url`, but `run` reads `url` (line 10), and fails without it",
        ),
        (
            f"{_CREATE}(params=build(1))",
            "`params` lacks `url`, but `run` reads `url` (line 10), and fails without it",
        ),
    ],
)
def test_params_lack_a_needed_key(trigger: str, start: str, tmp_path: Path) -> None:
    helpers = """
        async def start(env, params):
            await env.ORDERS.create(params=params)

        def build(page):
            return {"page": page, "size": 2}
        """
    (text,) = messages(findings(tmp_path, "SG215", f"await {trigger}", more=helpers))
    assert text.startswith(start)


@pytest.mark.parametrize(
    "fetch",
    [
        f'await {_CREATE}(params={{"url": 1, "page": 2}})',
        f"await {_CREATE}(params=request.body)",
        f"await {_CREATE}(params={{**request.body}})",
        f"params = {{}}\nfill(params)\nawait {_CREATE}(params=params)",
        f'params = {{}}\nparams["url"] = 1\nawait {_CREATE}(params=params)',
        f'params = {{}}\nif request:\n    params = {{"url": 1}}\nawait {_CREATE}(params=params)',
        f'await {_CREATE}(params={{"url": 1}} if request else {{}})',
        f"await {_CREATE}(params={{request.key: 1}})",
        f'await {_CREATE}(data={{"page": 1}})',  # SG128
        'await self.env.BILLS.create(params={"page": 1})',
    ],
)
def test_params_may_have_the_needed_key(fetch: str, tmp_path: Path) -> None:
    more = 'def fill(params):\n    params["url"] = 1\n'
    assert findings(tmp_path, "SG215", fetch, more=more) == []


_PARSE = 'def parse(e):\n    return e["payload"]["url"]\n\n'
_STEP = '@step.do("load")\nasync def load():\n    return event["payload"]["url"]\n\n'


@pytest.mark.parametrize(
    "run",
    [
        'payload = event["payload"]\nprint(payload["url"])',
        "print(f\"{event['payload']['url']}\")",
        "print(event.payload.url)",
        'if event["payload"]["url"]:\n    await step.sleep("rest", "1 hour")',
        'if request:\n    raise ValueError("no")\nprint(event["payload"]["url"])',
        'with open("x"):\n    print(event["payload"]["url"])',
        'try:\n    print(event["payload"]["url"])\nfinally:\n    print("end")',
        f"{_STEP}await load()",
        f"async def work(e):\n{indent(_STEP.replace('event', 'e'), '    ')}\n    await load()\n\nawait work(event)",
        'async def work(p):\n    print(p["url"])\n    await step.sleep("s", 1000)\n\nawait work(event["payload"])',
        f"{_STEP}await asyncio.gather(load())",
        'def parse(e):\n    return e["payload"]["url"]\n\nparse(event)',
        'async def parse(e):\n    return e["payload"]["url"]\n\nprint(await parse(event))',
        'class Parsed:\n    def __init__(self, e):\n        self.url = e["payload"]["url"]\n\nprint(Parsed(event).url)',
        'def read(p):\n    return p["url"]\n\ndef parse(e):\n    return read(e["payload"])\n\nparse(event)',
        f'{_STEP}@step.do("use")\nasync def use(load):\n    return load\n\nawait use()',
    ],
)
def test_keys_that_each_run_reads(run: str, tmp_path: Path) -> None:
    assert len(findings(tmp_path, "SG215", f"await {_CREATE}(params={{}})", run)) == 1


@pytest.mark.parametrize(
    "run",
    [
        'print(json.loads(event["payload"])["url"])',
        'print(event["payload"].get("url"))',
        "print(event.payload.get('url'), event.payload.keys())",
        'if "url" in event["payload"]:\n    print(event["payload"]["url"])',
        'if request:\n    print(event["payload"]["url"])',
        'if request:\n    return\nprint(event["payload"]["url"])',
        'print(request and event["payload"]["url"])',
        'print(event["payload"]["url"] if request else None)',
        'print([event["payload"]["url"] for _ in request])',
        'for _ in request:\n    print(event["payload"]["url"])',
        'try:\n    print(event["payload"]["url"])\nexcept KeyError:\n    print("none")',
        'with suppress(KeyError):\n    print(event["payload"]["url"])',
        'event["payload"]["url"] = 1\nprint(event["payload"]["url"])',
        'event["payload"].setdefault("url", 1)\nprint(event["payload"]["url"])',
        'payload = {"url": 1, **event["payload"]}\nprint(payload["url"])',
        'print(lambda: event["payload"]["url"])',
        'approval = await step.wait_for_event("w", "t")\nprint(approval["payload"]["url"])',
        f"{_STEP}if request:\n    await load()",
        f"{_STEP}if request:\n    return\nawait load()",
        f"{_STEP}try:\n    await load()\nexcept Exception:\n    print('none')",
        f"{_STEP}for _ in request:\n    await load()",
        f"{_PARSE}if request:\n    parse(event)",
        f"{_PARSE}try:\n    parse(event)\nexcept KeyError:\n    print('none')",
        f"{_PARSE}parse({{'payload': {{'url': 1}}}})\nif request:\n    parse(event)",
        f"{_PARSE}print(lambda: parse(event))",
        f"{_PARSE}def other(e):\n    return e\n\n(parse if request else other)(event)",
        'def parse(e):\n    yield e["payload"]["url"]\n\nparse(event)',
    ],
)
def test_keys_that_some_runs_do_not_need(run: str, tmp_path: Path) -> None:
    assert findings(tmp_path, "SG215", f"await {_CREATE}(params={{}})", f'{run}\nawait step.sleep("s", 1000)') == []


def test_finding_names_the_module_of_the_trigger_and_of_the_read(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": "from flow import Orders\nfrom starts import start\n\n\nasync def on_fetch(request, env):\n"
        "    await start(env)\n",
        "starts.py": 'async def start(env):\n    await env.ORDERS.create(params={"page": 1})\n',
        "flow.py": "from workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
        "    async def run(self, event, step):\n"
        f"{indent(_READS_URL, ' ' * 8)}\n",
    }
    (finding,) = check_project(tmp_path, files, "SG215")
    assert (Path(finding.span.path).name, finding.span.line) == ("starts.py", 2)
    assert "`url` (line 6 of " in finding.message
    assert finding.message.endswith("flow.py), and fails without it.")


def test_triggers_in_all_kinds_of_functions(tmp_path: Path) -> None:
    more = """
        class Service:
            def __init__(self, env, size=1):
                self.orders = env.ORDERS

            async def start(self, key):
                await self.orders.create(payload=key)  # here

        class Room(DurableObject):
            async def alarm(self):
                await self.env.ORDERS.create(payload=1)  # here

        def binding(env, name):
            return getattr(env, name, None)

        async def on_scheduled(controller, env, ctx):
            orders = binding(env, "ORDERS")
            if orders:
                try:
                    await orders.create(payload=1)  # here
                except Exception as error:
                    print(error)

        def application(env):
            app = FastAPI()

            @app.post("/")
            async def post(item):
                await env.ORDERS.create(payload=item)  # here

            return app

        async def unrelated(orders, ORDERS):
            await orders.create(payload=1)
            await ORDERS.create(payload=1)
        """
    wrong_triggers = findings(tmp_path, "SG128", "pass", more=more)
    lines = (tmp_path / "entry.py").read_text(encoding="utf-8").splitlines()
    assert {finding.span.line for finding in wrong_triggers} == {
        n for n, line in enumerate(lines, 1) if line.endswith("# here")
    }


def test_trigger_in_a_step_of_another_workflow(tmp_path: Path) -> None:
    more = """
        class Nightly(WorkflowEntrypoint):
            async def run(self, event, step):
                @step.do("start")
                async def start():
                    await self.env.ORDERS.create(params={"page": 1})

                await start()
        """
    nightly = '\n[[workflows]]\nbinding = "NIGHTLY"\nname = "nightly"\nclass_name = "Nightly"\n'
    (tmp_path / "wrangler.toml").write_text(_CONFIGURATION + nightly)
    wrong_triggers = check_project(
        tmp_path,
        {
            "entry.py": "from workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
            f"    async def run(self, event, step):\n{indent(_READS_URL, ' ' * 8)}\n\n{dedent(more)}"
        },
        "SG215",
    )
    assert [finding.workflow for finding in wrong_triggers] == ["orders"]


@pytest.mark.parametrize(
    "loop",
    [
        f'for i in request:\n    print(i)\n    await {_CREATE}(params={{"url": i}})',
        f'for i in request:\n    if i.done:\n        continue\n    x = {{"url": i}}\n    await {_CREATE}(params=x)',
        f'found = []\nfor i in request:\n    found.append(await {_CREATE}(params={{"url": i}}))',
        f'await asyncio.gather(*[{_CREATE}(params={{"url": i}}) for i in request])',
        f'found = [await {_CREATE}(params={{"url": i}}) for i in request]',
        f"found = []\nfor i in request:\n    found.append({_CREATE}(params=i))\nawait asyncio.gather(*found)",
    ],
)
def test_loop_that_only_starts_instances(loop: str, tmp_path: Path) -> None:
    assert len(findings(tmp_path, "SG216", loop)) == 1


@pytest.mark.parametrize(
    "loop",
    [
        f'for i in request:\n    await {_CREATE}(params={{"url": 1}})',
        f'for i in request:\n    x = await {_CREATE}(params={{"url": i}})\n    print(x.id)',
        f'for i in request:\n    await {_CREATE}(params={{"url": i}})\n    await asyncio.sleep(1)',
        f'for i in request:\n    await {_CREATE}(params={{"url": i}})\n    break',
        f'for i in request:\n    await {_CREATE}(params={{"url": i}})\n    i.ack()',
        f'await asyncio.gather(*[{_CREATE}(params={{"url": i}}) for i in request], return_exceptions=True)',
        f"for i in request:\n    try:\n        await {_CREATE}(params=i)\n    except Exception:\n        pass",
        f'while request:\n    i = request.pop()\n    await {_CREATE}(params={{"url": i}})',
        f'for i in request:\n    for j in i:\n        await {_CREATE}(params={{"url": j}})\n        await j()',
        'await self.env.ORDERS.create_batch([{"params": {"url": i}} for i in request])',
        "for batch in request:\n    await self.env.ORDERS.create_batch(batch)",
    ],
)
def test_loop_that_does_more_than_start_instances(loop: str, tmp_path: Path) -> None:
    assert findings(tmp_path, "SG216", loop) == []
