"""Test SG130: names without an import or another definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Applicability, Finding
from stepgraph.fixing import compute_fixes
from stepgraph.syntax.module import SourceModule
from tests.checks.projects import CONFIGURATION, ENTRY, check_project, format_findings
from tests.checks.snippets import codes_in

SDK_IMPORT = "from workers import WorkflowEntrypoint"


def using(expression: str, imports: str = SDK_IMPORT, suffix: str = "") -> str:
    """Return a module whose step evaluates an expression."""
    return f"""{imports}


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return {expression}

        await charge()
{suffix}"""


def missing(text: str) -> list[str]:
    """Return the advice of the findings in a module."""
    return [finding.advice for finding in findings_in(text)]


def findings_in(text: str) -> list[Finding]:
    return [finding for finding in check_analysis(analyze_source(text)) if finding.code == "SG130"]


def test_message_names_the_import() -> None:
    assert list(map(str, findings_in(using('await fetch("https://example.com")')))) == [
        (
            "<string>:8:26: error: undefined name `fetch`: it raises a NameError, and this code fails whenever it runs."
            " Add `from workers import fetch`. [SG130]"
        )
    ]


def test_base_class_is_still_a_workflow() -> None:
    text = ENTRY.replace(SDK_IMPORT, "")

    assert [each.step_count for each in analyze_source(text).workflows] == [1]
    assert [finding.message for finding in findings_in(text)] == [
        "undefined name `WorkflowEntrypoint`: it raises a NameError, and the Worker never starts."
    ]


def test_several_uses_are_one_finding() -> None:
    assert len(findings_in(using("json.dumps(json.loads('1')), json.loads('2')"))) == 1


@pytest.mark.parametrize(
    ("expression", "statement"),
    [
        ("datetime.now()", "from datetime import datetime"),
        ("datetime.timedelta(days=1)", "import datetime"),
        ("to_js({})", "from pyodide.ffi import to_js"),
        ("console.log(1)", "from js import console"),
    ],
)
def test_advice_names_the_module(expression: str, statement: str) -> None:
    assert missing(using(expression)) == [f"Add `{statement}`."]


def test_method_of_the_class_needs_self() -> None:
    method = "\n    async def fetch(self, url):\n        return url\n"

    (finding,) = findings_in(using('await fetch("x")', suffix=method))
    assert finding.advice == "Write `self.fetch` in a method, or import the name that you mean."
    assert finding.fix is None


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("PAUSE = timedelta(days=1)", "timedelta"),
        ("class Default(WorkerEntrypoint):\n    pass", "WorkerEntrypoint"),
        ("@lru_cache\ndef settings():\n    return 1", "lru_cache"),
        ("def settings(started=time.time()):\n    return started", "time"),
    ],
)
def test_body_of_the_module(statement: str, name: str) -> None:
    assert [finding.message for finding in findings_in(f"{ENTRY}\n\n{statement}\n")] == [
        f"undefined name `{name}`: it raises a NameError, and the Worker never starts."
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SQUARES = [time * 2 for time in range(3)]",
        "LATER = lambda: json.dumps(1)",
        "def settings(path: Path) -> Any: ...",
        "SETTINGS = dict(json=1)",
        "PAUSE: timedelta",
        "if (time := 1):\n    print(time)",
        "for os in ():\n    print(os)",
    ],
)
def test_body_of_the_module_that_needs_no_import(statement: str) -> None:
    assert missing(f"{ENTRY}\n\n{statement}\n") == []


def test_undefined_name_explains_the_argument_that_callers_pass() -> None:
    text = """
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.charge(step)

    async def charge(self):
        await step.sleep("settle", "1 hour")
"""
    (finding,) = check_analysis(analyze_source(text))
    assert (finding.code, finding.advice) == ("SG130", "Add a parameter `step`, and pass it in each call.")


def test_helper_that_is_never_called() -> None:
    assert missing(using("1", suffix='\nasync def load():\n    return await fetch("x")\n')) == []


def test_branch_that_is_never_taken() -> None:
    assert missing(using("fetch('x') if DEBUG else 1", f"{SDK_IMPORT}\n\nDEBUG = False")) == []


@pytest.mark.parametrize(
    "imports",
    [
        "from workers import *",
        f"{SDK_IMPORT}\nglobals()['fetch'] = print",
        f"{SDK_IMPORT}\nexec('from workers import fetch')",
        f"import builtins\n{SDK_IMPORT}\nbuiltins.fetch = print",
        f"{SDK_IMPORT}\ntry:\n    from workers import fetch\nexcept ImportError:\n    pass",
        f"{SDK_IMPORT}\nif WorkflowEntrypoint:\n    fetch = print",
        f"{SDK_IMPORT}\n\ndef load():\n    global fetch\n    from workers import fetch",
    ],
)
def test_name_that_may_be_bound(imports: str) -> None:
    assert missing(using('fetch("x")', imports)) == []


@pytest.mark.parametrize(
    "expression",
    ["[json for json in [1]]", "(lambda time: time)(1)", "(json := 1) and json", "sum(os for os in [1])"],
)
def test_name_bound_by_an_expression(expression: str) -> None:
    assert missing(using(expression)) == []


def test_use_that_expects_a_name_error() -> None:
    attempt = "        try:\n            print(console)\n        except NameError:\n            pass\n        await"

    assert missing(ENTRY.replace("        await", attempt)) == []


@pytest.mark.parametrize("statement", ["from pyodide.ffi import to_js", "import pyodide.ffi", "x: js.Object = 1"])
def test_names_of_modules_and_types_in_a_try(statement: str) -> None:
    body = f"""
        try:
            {statement}
            await charge()
        except Exception:
            pass
"""
    assert missing(using("1", suffix=body)) == []


def test_name_set_by_another_module(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": "import setup\n" + using('fetch("x")', suffix="\nsetup.install()\n"),
        "setup.py": "def install():\n    import entry\n    entry.fetch = print\n",
    }

    assert check_project(tmp_path, files, "SG130") == []


@pytest.mark.parametrize("statement", ["module.LEVEL = 3", 'module.__dict__["LEVEL"] = 3'])
def test_name_set_by_an_object_that_may_be_the_module(statement: str, tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": "import setup\n" + using("print(LEVEL)", suffix="\nsetup.install(__import__(__name__))\n"),
        "setup.py": f"def install(module):\n    {statement}\n",
    }

    assert check_project(tmp_path, files, "SG130") == []


def test_helper_of_another_module(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": "from rates import load\n" + using("await load()"),
        "rates.py": "async def load():\n    return await fetch('x')\n",
    }

    assert [line.split(": ")[0] for line in format_findings(check_project(tmp_path, files, "SG130"), tmp_path)] == [
        "rates.py:2:18"
    ]


def fixed(text: str) -> str:
    """Return a module after the fixes of its missing imports."""
    (file,) = compute_fixes(findings_in(text), unsafe=True)
    return file.after.decode()


def test_fix_extends_an_import() -> None:
    assert fixed(using('await fetch("x")')).splitlines()[0] == f"{SDK_IMPORT}, fetch"


def test_fix_keeps_lines_of_a_list() -> None:
    imports = "from workers import (\n    Response,\n    WorkflowEntrypoint,\n)"

    assert fixed(using('await fetch("x")', imports)).startswith(
        "from workers import (\n    Response,\n    WorkflowEntrypoint,\n    fetch,\n)\n"
    )


def test_fix_adds_imports_below_the_first() -> None:
    imports = f'"""Orders."""\n\nfrom __future__ import annotations\n\n{SDK_IMPORT}'

    assert fixed(using("json.dumps(time.time())", imports)).startswith(f"{imports}\nimport time\nimport json\n\n\n")


def test_fix_of_a_module_without_imports() -> None:
    assert fixed(ENTRY.replace(SDK_IMPORT, '"""Orders."""')).startswith(f'"""Orders."""\n{SDK_IMPORT}\n')


def test_fix_of_an_ambiguous_name_is_unsafe() -> None:
    (fetch,), (json,) = findings_in(using("fetch")), findings_in(using("json"))

    assert fetch.fix is not None
    assert json.fix is not None
    assert (fetch.fix.applicability, json.fix.applicability) == (Applicability.UNSAFE, Applicability.SAFE)


TYPES_ONLY = f"""from typing import TYPE_CHECKING
{SDK_IMPORT}
if TYPE_CHECKING:
    from workers import Response"""


def test_name_that_only_type_checkers_import() -> None:
    assert list(map(str, findings_in(using("isinstance(1, Response)", TYPES_ONLY)))) == [
        (
            "<string>:11:34: error: `Response` is imported only for type checkers: it raises a NameError, and this code"
            " fails whenever it runs. Import it outside of `if TYPE_CHECKING`. [SG130]"
        )
    ]


@pytest.mark.parametrize(
    ("expression", "imports"),
    [
        ('cast("Response", 1)', f"from typing import cast\n{TYPES_ONLY}"),
        ("[Response for Response in [1]]", TYPES_ONLY),
        ("Response", f"{TYPES_ONLY}\nelse:\n    Response = None"),
        ("Response", f"{TYPES_ONLY}\nResponse = print"),
    ],
)
def test_name_that_is_bound_at_run_time(expression: str, imports: str) -> None:
    assert missing(using(expression, imports)) == []


def test_annotation_with_a_name_for_type_checkers() -> None:
    text = using("1", TYPES_ONLY).replace("def charge()", "def charge() -> Response | list[print()]")

    assert missing(text) == []


def with_helper(body: str, before: str = "", attribute: str = "") -> str:
    """Return a module whose `run` calls a method without a parameter for the step object."""
    return f"""{SDK_IMPORT}
{before}

class Orders(WorkflowEntrypoint):{attribute}
    async def run(self, event, step):
        await self.charge(event["payload"])

    async def charge(self, order):
        {body}
"""


def test_step_object_that_is_not_passed() -> None:
    text = with_helper('await step.sleep("a", 1000)\n        await step.sleep("b", 1000)')
    assert list(map(str, findings_in(text))) == [
        (
            "<string>:9:15: error: undefined name `step`: it raises a NameError, and this code fails whenever it runs."
            " Add a parameter `step`, and pass it in each call. [SG130]"
        )
    ]


def test_step_object_in_an_attribute() -> None:
    text = with_helper("await step.sleep('a', 1000)", attribute="\n    step = None")
    assert missing(text) == ["Write `self.step`."]


@pytest.mark.parametrize(
    "body",
    [
        "return [step for step in order]",
        "return sum(step['amount'] for step in order)",
        "return sorted(order, key=lambda step: step['name'])",
        "for step in order: print(step)",
        "if (step := order.get('step')): print(step)",
        "match order:\n            case {'step': step}: print(step)",
        "with open('a') as step: print(step)",
        "try:\n            print(step)\n        except NameError:\n            pass",
        "return {step: event for step, event in order.items()}",
    ],
)
def test_other_uses_of_the_name(body: str) -> None:
    assert missing(with_helper(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        "return [json for json in order]",
        "return any(time['end'] for time in order)",
        "return {json: 1 for json in order}",
    ],
)
def test_variable_of_a_comprehension_in_a_helper(body: str) -> None:
    assert missing(with_helper(body)) == []


@pytest.mark.parametrize("before", ["step = 1", "from elsewhere import *", "globals()['step'] = 1"])
def test_step_of_the_module(before: str) -> None:
    assert missing(with_helper("print(step)", before)) == []


def test_misspelled_step(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": using("1").replace("await charge()", "await chrge()"),
    }

    assert format_findings(check_project(tmp_path, files, "SG202"), tmp_path) == []
    assert [each.advice for each in check_project(tmp_path, files, "SG130")] == ["Did you mean `charge`?"]


@pytest.mark.parametrize("call", ["charge_all(step)", "gather(a())", "charge_all(step)\nawait charge_all(step)"])
def test_undefined_function_that_receives_steps(call: str) -> None:
    body = f"@step.do('a')\nasync def a():\n    return 1\n\nawait a()\nawait {call}"
    assert codes_in(body) == ["SG130"]


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("amount", "Define or import `amount`, or correct the name."),
        ("null", "Did you mean `None`?"),
        ("lne([1])", "Did you mean `len`?"),
        ("[charg for _ in [1]]", "Did you mean `charge`?"),
        ("[quota for other in [1]]", "Define or import `quota`, or correct the name."),
        ("(lambda: quota)()", "Define or import `quota`, or correct the name."),
    ],
)
def test_advice_for_an_undefined_name(expression: str, advice: str) -> None:
    assert missing(using(expression)) == [advice]


@pytest.mark.parametrize("statement", ["LIMIT = LIMTS[0]", "@retry\ndef load(): ...", "class Error(BaseFault): ..."])
def test_undefined_name_in_the_body_of_the_module(statement: str) -> None:
    (finding,) = findings_in(f"{ENTRY}\n\n{statement}\n")
    assert finding.message.endswith("it raises a NameError, and the Worker never starts.")


@pytest.mark.parametrize(
    ("expression", "suffix"),
    [
        ("__file__", ""),
        ("unicode('a') if sys.version_info < (3,) else 'a'", "\nimport sys\n"),
        ("limit", "\n\ndef load():\n    global limit\n    limit = 1\n"),
        ("limit", "\nfor limit in range(3):\n    pass\n"),
        ("limit", "\nwith open('a') as (limit, *rest):\n    pass\n"),
        ("limit", "\nimport setup\nsetup.install(charge.__globals__)\n"),
        ("limit", "\nvars()['limit'] = 1\n"),
        ("_('a')", "\nimport gettext\ngettext.install('orders')\n"),
        ("box(1)", "\n\ndef box[T](value: T) -> list[T]:\n    return [cast(T, value)]\n\nfrom typing import cast\n"),
        ("1", "\n\nclass Box[T](Generic[T]):\n    pass\n\nfrom typing import Generic\n"),
        ("1", "\nlimit: Limit = 1\ntype Pair = tuple[Left, Right]\n"),
    ],
)
def test_name_that_may_be_defined(expression: str, suffix: str) -> None:
    assert missing(using(expression, suffix=suffix)) == []


def test_local_variables_of_every_statement() -> None:
    body = """
        match order:
            case {"a": first, **others} | [first, *others] as both:
                print(first, others, both)
        try:
            raise ValueError
        except* ValueError as group:
            print(group)
        for (index, [head, *tail]) in order:
            print(index, head, tail)
        import os.path as paths, xml.dom
        from math import (pi as circle, tau)
        print(paths, xml, circle, tau, (last := order), last)
        async with order as opened, order as closed:
            print(opened, closed)
        def inner(*args, key=None, **options):
            nonlocal order
            return inner, args, key, options
        class Local:
            size = 1
            double = size * 2
        print(inner, Local, [x for y in order if (z := y) for x in y], z)
        del order"""
    assert missing(with_helper(body)) == []


def test_modules_are_searched_once_for_all_undefined_names(monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[bytes] = []
    mentions = SourceModule.mentions

    def count(module: SourceModule, word: bytes) -> bool:
        words.append(word)
        return mentions(module, word)

    monkeypatch.setattr(SourceModule, "mentions", count)
    names = [f"missing_{number}" for number in range(20)]
    assert len(missing(using(" + ".join(names)))) == 20
    assert words.count(b"__globals__") == 1


_METHODS = """    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.amount = 5

    async def _refund(
        self,
        step,
    ):
        await step.sleep("wait", 1000)
"""


def _undefined_attributes(body: str, methods: str = _METHODS, before: str = "") -> list[str]:
    source = f"from workers import WorkflowEntrypoint\n{before}\n\nclass W(WorkflowEntrypoint):\n{methods}\n"
    source += f"    async def run(self, event, step):\n        await step.sleep('rest', 1000)\n        {body}\n"
    return [f"{each.code}: {each.advice}" for each in check_analysis(analyze_source(source, "entry.py"))]


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("print(self.amonut)", "Did you mean `amount`?"),
        ("await self.refund(step)", "Did you mean `_refund`?"),
        ("print(self.envs)", "Did you mean `env`?"),
        ("await self.ship(step)", "Define `ship`, or correct the name."),
        ("await self.ship(step)\n        await self.ship(step)", "Define `ship`, or correct the name."),
    ],
)
def test_undefined_attribute(body: str, advice: str) -> None:
    assert _undefined_attributes(body) == [f"SG130: {advice}"]


@pytest.mark.parametrize(
    ("body", "methods", "before"),
    [
        ("print(self.ctx, self.env, self.unrelated)", _METHODS, ""),
        ("print(self.amonut)", f"{_METHODS}\n    def set(self):\n        self.amonut = 1", ""),
        ("print(self.amonut)", f"{_METHODS}\n    amonut: int", ""),
        ("print(self.amonut)", f"{_METHODS}\n    def __getattr__(self, name):\n        return 1", ""),
        ("print(getattr(self, 'amonut', 1))", _METHODS, ""),
        ("setattr(self, event['payload'], 1)\n        print(self.amonut)", _METHODS, ""),
        ("elsewhere.prepare(self)\n        print(self.amonut)", _METHODS, "import elsewhere"),
        ("print(self.amonut)", _METHODS, "def prepare(flow):\n    flow.amonut = 1\n"),
        ("try:\n            print(self.amonut)\n        except AttributeError:\n            pass", _METHODS, ""),
    ],
)
def test_attribute_that_other_code_may_define(body: str, methods: str, before: str) -> None:
    assert _undefined_attributes(body, methods, before) == []


def test_attribute_read_often_has_one_suggestion() -> None:
    methods = f"{_METHODS}\n    {' = '.join(f'x{number}' for number in range(500))} = 1"
    body = "print(self.unrelated)\n        " * 21 + "print(self.amonut)"
    assert _undefined_attributes(body, methods) == ["SG130: Did you mean `amount`?"]


def test_attribute_of_a_derived_class() -> None:
    base = "from workers import WorkflowEntrypoint\n\nclass Base(WorkflowEntrypoint):\n    limit = 1\n"
    base += "    async def run(self, event, step):\n        await self.execute(step)\n        print(self.limits)\n"
    derived = "\nclass Derived(Base):\n    limits = 1\n"
    derived += "    async def execute(self, step):\n        await step.sleep('s', 1000)\n"
    findings = check_analysis(analyze_source(base + derived, "flows.py"))
    assert [each.code for each in findings if each.code != "SG004"] == []


def test_step_object_outside_of_run() -> None:
    text = f'{ENTRY}\n    @step.do("charge")\n    async def charge(self):\n        return 10\n'
    assert missing(text) == ["The step object is a parameter of `run`: declare the step in `run`."]
