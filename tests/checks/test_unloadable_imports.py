"""Test SG129: imports of the Worker's modules by names that the Worker does not load them by."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_paths, analyze_source, check_analysis
from stepgraph.checks.diagnostic import Finding
from stepgraph.fixing import compute_fixes
from tests.checks.projects import CONFIGURATION, ENTRY, check_project
from tests.checks.snippets import codes_in, only_finding

RATES = "def load():\n    return 1\n"
IN_SRC = CONFIGURATION.replace("entry.py", "src/entry.py")


def entry(imports: str, use: str = "load()") -> str:
    """Return a main module whose step uses an imported name."""
    return f"""{imports}
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return {use}

        await charge()
"""


def in_src(imports: str, use: str = "load()", **modules: str) -> dict[str, str]:
    """Return a project with its modules in `src/`. A double underscore in a name stands for a slash."""
    files = {f"src/{name.replace('__', '/')}.py": text for name, text in {"rates": RATES, **modules}.items()}
    return {"wrangler.toml": IN_SRC, "src/entry.py": entry(imports, use), **files}


def findings(folder: Path, files: dict[str, str]) -> list[Finding]:
    return check_project(folder, files, "SG129")


def lines(folder: Path, files: dict[str, str]) -> list[str]:
    """Return the location and advice of each finding."""
    return [
        f"{Path(each.span.path).relative_to(folder).as_posix()}:{each.span.line} {each.advice}"
        for each in findings(folder, files)
    ]


def test_message_names_the_module_root(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, in_src("from .rates import load"))

    assert finding.message.replace(f"{tmp_path}/", "") == (
        "relative import `.rates` in a module without a package, because modules are loaded by their names in `src/`:"
        " the import fails, and the Worker never starts."
    )


@pytest.mark.parametrize(
    ("imports", "use", "advice"),
    [
        ("from .rates import load as l, X", "l()", "Write `from rates import load as l, X`."),
        ("from .rates import *", "load()", "Write `from rates import *`."),
        ("from . import rates", "rates.load()", "Write `import rates`."),
        ("from .bank.eu import load", "load()", "Write `from bank.eu import load`."),
        ("from . import __version__", "__version__", "Import a module below `src/` by its name there."),
        ("from src.rates import load", "load()", "Write `from rates import load`."),
        ("from src import rates as r", "r.load()", "Write `import rates as r`."),
        ("import src.rates as r", "r.load()", "Write `import rates as r`."),
        ("import src.rates", "src.rates.load()", "Write `import rates`, and `rates` for `src.rates`."),
    ],
)
def test_advice_names_the_import(imports: str, use: str, advice: str, tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, in_src(imports, use, bank__eu=RATES))

    assert finding.advice.replace(f"{tmp_path}/", "") == advice


def test_module_that_imports_a_sibling(tmp_path: Path) -> None:
    files = in_src("from rates import load", rates="from .currencies import EUR\n" + RATES, currencies="EUR = 1\n")

    assert lines(tmp_path, files) == ["src/rates.py:1 Write `from currencies import EUR`."]


def test_module_that_no_lookup_needs(tmp_path: Path) -> None:
    files = in_src("import audit\nfrom rates import load", audit="import sinks\n", sinks="from . import audit\n")

    assert lines(tmp_path, files) == ["src/sinks.py:1 Write `import audit`."]


def test_import_in_run(tmp_path: Path) -> None:
    files = in_src("", "1")
    files["src/entry.py"] = files["src/entry.py"].replace(
        "        @step", "        from .rates import load\n\n        @step"
    )

    (finding,) = findings(tmp_path, files)
    assert finding.message.endswith("the import fails, and this code fails whenever it runs.")


def test_module_named_like_a_standard_one(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, in_src("from .json import load", json=RATES))

    assert finding.advice == "Rename the module `json`, because Python has a module of this name, too."
    assert finding.fix is None


@pytest.mark.parametrize(
    ("imports", "modules"),
    [
        ("from bank.eu import load", {"bank__eu": "from .rates import load\n", "bank__rates": RATES}),
        ("from bank import load", {"bank____init__": "from .rates import load\n", "bank__rates": RATES}),
        ("from src.rates import load", {"src__rates": RATES}),
        ("try:\n    from .rates import load\nexcept ImportError:\n    from rates import load", {}),
        ("try:\n    from src.rates import load\nexcept ImportError:\n    from rates import load", {}),
        ("import sys\nsys.path.append('..')\nfrom src.rates import load", {}),
        ("import sys\nsys.modules['src'] = sys\nfrom src.rates import load", {"rates": "from .currencies import EUR"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .rates import load", {}),
        ("from source.rates import load", {}),
    ],
)
def test_import_that_may_succeed(imports: str, modules: dict[str, str], tmp_path: Path) -> None:
    assert findings(tmp_path, in_src(imports, **modules)) == []


def test_vendored_package(tmp_path: Path) -> None:
    files = in_src("from bank import load") | {
        "python_modules/bank/__init__.py": "from .rates import load\n",
        "python_modules/bank/rates.py": RATES,
    }

    assert findings(tmp_path, files) == []


def test_vendored_package_named_like_the_source_folder(tmp_path: Path) -> None:
    files = in_src("from src.rates import load") | {"python_modules/src/__init__.py": ""}

    assert findings(tmp_path, files) == []


def test_module_root_above_the_source_folder(tmp_path: Path) -> None:
    files = in_src("from src.rates import load\nfrom .rates import load")

    assert findings(tmp_path, files | {"wrangler.toml": f'base_dir = "."\n{IN_SRC}'}) == []


def test_test_module_next_to_main(tmp_path: Path) -> None:
    files = {"wrangler.toml": IN_SRC, "src/test_entry.py": entry("from .rates import load"), "src/rates.py": RATES}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)

    assert "SG129" not in [each.code for each in check_analysis(analyze_paths([tmp_path / "src/test_entry.py"]))]


def test_project_without_a_configuration(tmp_path: Path) -> None:
    files = {"shop/entry.py": entry("from .rates import load"), "shop/rates.py": RATES}

    assert findings(tmp_path, files) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from .rates import (\n    load,  # EUR\n)", "from rates import (\n    load,  # EUR\n)"),
        ("from . import rates, bank as b; x = 1", "import rates, bank as b; x = 1"),
        ("from src.bank.eu import load", "from bank.eu import load"),
        ("import src.rates as rates, json", "import rates as rates, json"),
        ("from .rates import *", "from rates import *"),
    ],
)
def test_the_fix_names_an_importable_module(before: str, after: str, tmp_path: Path) -> None:
    (file,) = compute_fixes(findings(tmp_path, in_src(before, "1", bank____init__="", bank__eu=RATES)), unsafe=False)

    assert file.after.decode() == entry(after, "1")


@pytest.mark.parametrize(
    ("imports", "line"),
    [
        ('import importlib\nrates = importlib.import_module("src.rates")', 2),
        ('from importlib import import_module\nload = import_module("src.rates").load', 2),
        ('rates = __import__("src.rates")', 1),
        ('rates = __import__("src.rates", fromlist=["load"])', 1),
    ],
)
def test_module_imported_by_a_call(tmp_path: Path, imports: str, line: int) -> None:
    assert lines(tmp_path, in_src(imports, "1")) == [f'src/entry.py:{line} Write `"rates"`.']


@pytest.mark.slow
def test_module_imported_by_a_call_in_a_step(tmp_path: Path) -> None:
    files = in_src("import importlib", 'importlib.import_module("src.rates").load()')
    (finding,) = findings(tmp_path, files)

    assert finding.message.endswith("the import fails, and this code fails whenever it runs.")
    assert b'importlib.import_module("rates").load()' in compute_fixes([finding], unsafe=False)[0].after


@pytest.mark.parametrize(
    "imports",
    [
        'import importlib\nrates = importlib.import_module("rates")',
        'try:\n    rates = __import__("src.rates")\nexcept ImportError:\n    rates = None',
        "def __import__(name):\n    return name\n\nrates = [__import__]",
        'import importlib\nload = lambda: importlib.import_module("src.rates")',
    ],
)
def test_calls_that_import_no_module_at_load(tmp_path: Path, imports: str) -> None:
    assert lines(tmp_path, in_src(imports, "1")) == []


def test_run_without_async() -> None:
    (finding,) = check_analysis(analyze_source(ENTRY.replace("async def", "def")))
    assert str(finding) == (
        "<string>:6:9: error: syntax error: `await` in the function `run`, which is not `async`."
        " Write `async def run`, or move the code to an async function. [SG002]"
    )


def test_step_without_async() -> None:
    body = '@step.do("read")\ndef read():\n    return await self.env.KV.get("a")\n\nawait read()'
    assert only_finding(body).message == "syntax error: `await` in the function `read`, which is not `async`."


def test_each_function_is_reported_once() -> None:
    body = '@step.do("read")\ndef read():\n    await self.env.A.get("a")\n    await self.env.B.get("b")\n\nawait read()'
    assert codes_in(body) == ["SG002"]


@pytest.mark.parametrize(
    ("statement", "keyword"),
    [
        ("async for key in self.env.KV.list(): pass", "async for"),
        ("async with self.lock: pass", "async with"),
        ("return [await self.env.KV.get(key) for key in 'ab']", "await"),
    ],
)
def test_other_asynchronous_code(statement: str, keyword: str) -> None:
    body = f'@step.do("read")\ndef read():\n    {statement}\n\nawait read()'
    assert only_finding(body).message == f"syntax error: `{keyword}` in the function `read`, which is not `async`."


@pytest.mark.parametrize(
    "function",
    [
        "def make():\n    async def read():\n        await self.env.KV.get('a')\n    return read\n\nread = make()",
        "def make():\n    return (await self.env.KV.get(key) for key in 'ab')\n\nasync def read():\n    make()",
    ],
)
def test_plain_functions_may_contain_async_code(function: str) -> None:
    assert "SG002" not in codes_in(
        f'{function}\n\n@step.do("read")\nasync def step_read():\n    await read()\n\nawait step_read()'
    )


@pytest.mark.parametrize(
    ("statement", "message", "advice"),
    [
        ("rates = await print()", "'await' outside function", "Move it into an async function."),
        ("load = lambda: await print()", "'await' outside async function", "Move it into an async function."),
        ("def load():\n    await print()", "'await' outside async function", "Move it into an async function."),
        ("return 1", "'return' outside function", ""),
        ("def load(key, key): ...", "duplicate argument 'key' in function definition", ""),
        ("class Jobs:\n    def load(self):\n        nonlocal key", "no binding for nonlocal 'key' found", ""),
        ("async def load():\n    yield 1\n    return 2", "'return' with value in async generator", ""),
    ],
)
def test_module_that_python_cannot_compile(statement: str, message: str, advice: str) -> None:
    (finding,) = check_analysis(analyze_source(f"{ENTRY}\n\n{statement}\n"))
    assert (finding.code, finding.message, finding.advice) == ("SG002", f"syntax error: {message}.", advice)


_ESCAPES = 'Write `\\\\` for each backslash, or a raw string, such as `r"C:\\Users"`.'


@pytest.mark.parametrize(
    ("value", "message", "advice"),
    [
        (r"'C:\Users'", r"truncated \UXXXXXXXX escape.", _ESCAPES),
        (r"f'\Users'", r"truncated \UXXXXXXXX escape.", _ESCAPES),
        (r"'\N{'", r"malformed \N character escape.", _ESCAPES),
        (r"b'\xg'", r"(value error) invalid \x escape at position 0.", _ESCAPES),
        ("b'é'", "bytes can only contain ASCII literal characters.", ""),
    ],
)
def test_invalid_content_of_a_string(value: str, message: str, advice: str) -> None:
    (finding,) = check_analysis(analyze_source(f"{ENTRY}\n\nPATH = {value}\n"))
    assert (finding.code, finding.advice) == ("SG002", advice)
    assert finding.message.endswith(message)


def test_unknown_character_name() -> None:
    """A newer version of Python may know the character."""
    assert check_analysis(analyze_source(f"{ENTRY}\n\nSIGN = '\\N{{new sign}}'\n")) == ()


@pytest.mark.parametrize(
    "statement",
    ["def first[T](values: list[T]) -> T: ...", "type Pair = tuple[int, int]", "TEXT = f'{'a'}'", "PATTERN = '\\d'"],
)
def test_syntax_of_another_version_of_python(statement: str) -> None:
    assert check_analysis(analyze_source(f"{ENTRY}\n\n{statement}\n")) == ()


def _advice_before_314(statements: str, folder: Path, date: str = "2026-09-07") -> list[str]:
    """Return the advice of the findings in a module that ends in statements, in a Worker with a compatibility date."""
    configuration = CONFIGURATION.replace("2026-03-01", date)
    files = {"entry.py": f"{ENTRY}\n\n{statements}\n", "wrangler.toml": configuration}
    return [finding.advice for finding in check_project(folder, files, "SG002")]


_RUN_PYTHON_314 = "or run Python 3.14, with a `compatibility_date` of 2026-09-08 or later."


@pytest.mark.parametrize(
    ("statements", "start"),
    [
        ("try:\n    pass\nexcept ValueError, TypeError:\n    pass", "Write `(ValueError, TypeError)`, "),
        ("try:\n    pass\nexcept* ValueError, errors.Late:\n    pass", "Write `(ValueError, errors.Late)`, "),
        ("def greet(name):\n    return t'Hello {name}'", "Write an f-string, "),
        ("try:\n    pass\nexcept load()[0], \\\n    TypeError:\n    pass", "Write `(load()[0], TypeError)`, "),
        ("try:\n    pass\nexcept \\\n    ValueError, TypeError:\n    pass", "Write `(ValueError, TypeError)`, "),
        ('TEXT = rT"Hello"', "Write an f-string, "),
        ("\n\n".join(f"def f{n}():\n    return {'t' * (n == 300)}'{n}'" for n in range(600)), "Write an f-string, "),
    ],
)
def test_syntax_of_python_314(statements: str, start: str, tmp_path: Path) -> None:
    assert _advice_before_314(statements, tmp_path) == [start + _RUN_PYTHON_314]


def test_worker_with_python_314(tmp_path: Path) -> None:
    assert _advice_before_314("TEXT = t'Hello'", tmp_path, "2026-09-08") == []


@pytest.mark.parametrize(
    "statements",
    [
        "try:\n    pass\nexcept (ValueError, TypeError):\n    pass",
        "try:\n    pass\nexcept types['a, b']:\n    pass",
        'TEXT = """\nexcept ValueError, TypeError:\n"""',
        "TEXT = 'write ' 't' \"don't\"  # except A, t'b'",
    ],
)
def test_syntax_of_older_versions(statements: str, tmp_path: Path) -> None:
    assert _advice_before_314(statements, tmp_path) == []


def _lines_with_new_syntax(imports: str, folder: Path) -> list[tuple[str, int]]:
    """Return the locations of the findings in a project whose entry module may import a template string."""
    entry = imports + "\n\n" + ENTRY.replace('"rest"', 'greet("rest")')
    files = {"entry.py": entry, "new.py": "def greet(name):\n    return t'{name}'\n", "wrangler.toml": CONFIGURATION}
    return [(Path(each.span.path).name, each.span.line) for each in check_project(folder, files, "SG002")]


@pytest.mark.parametrize(
    "imports",
    [
        "import sys\n\nif sys.version_info >= (3, 14):\n    from new import greet\nelse:\n    greet = str",
        "try:\n    from new import greet\nexcept SyntaxError:\n    greet = str",
    ],
)
def test_syntax_in_a_module_for_newer_versions(imports: str, tmp_path: Path) -> None:
    assert _lines_with_new_syntax(imports, tmp_path) == []


def test_syntax_in_an_imported_module(tmp_path: Path) -> None:
    assert _lines_with_new_syntax("from new import greet", tmp_path) == [("new.py", 2)]
