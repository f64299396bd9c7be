"""Test SG002: code that Python does not compile, such as asynchronous code in functions without `async`."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from tests.checks.projects import CONFIGURATION, ENTRY, check_project
from tests.checks.snippets import codes_in, only_finding


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
