"""Inputs with a long string: a name, a comment, a line or a configuration."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.hostile_input import Files, HostileInput, entry

_SLEEP = "await step.sleep('x', '5 min')"


def _duration(make: Callable[[int], str]) -> Callable[[int], Files]:
    return lambda size: entry(f"await step.sleep('x', {make(size)!r})")


def _comment(make: Callable[[int], str]) -> Callable[[int], Files]:
    return lambda size: entry(_SLEEP, f"# {make(size)}\n")


def _trailing_comment(make: Callable[[int], str]) -> Callable[[int], Files]:
    """Return an input with a comment after a finding."""
    return lambda size: entry(f"{_SLEEP}  # {make(size)}")


def _template(size: int) -> Files:
    named = f"@step.do(f'{'a{i}' * 6}b')\n    async def one():\n        return 1\n"
    return entry(
        f"for i in range(3):\n    {named}@step.do('two')\nasync def two({'a' * size}):\n    return 1\nawait two()"
    )


def _ignores(make: Callable[[int], str], path: str) -> Callable[[int], Files]:
    table = '[tool.stepgraph.per-file-ignores]\n"{}" = ["SG101"]\n'
    return lambda size: {"pyproject.toml": table.format(make(size)), path: entry(_SLEEP)["entry.py"]}


def _configured(name: str, make: Callable[[int], str]) -> Callable[[int], Files]:
    return lambda size: {name: make(size), **entry(_SLEEP)}


def _class_like_text(size: int) -> Files:
    """Return a module with a workflow, and a module of text that resembles class definitions."""
    text = f"# orkflow Orders class a({'class a(' * size}\n#={'a.' * size}\n# class a[{'class a[' * size}\n# Orders"
    return {**entry(_SLEEP), "other.py": text}


_TOML = "name = 'x'\nmain = 'entry.py'\n"
_JSON = '{"name": "x", "main": "entry.py", '

INPUTS = [
    HostileInput("duration of many parts", _duration(lambda size: "1 a " * size + "!"), 28),
    HostileInput("duration of many digits", _duration(lambda size: "1" * size + "x"), 45_000),
    HostileInput("duration of many spaces", _duration(lambda size: f"{'1' * size}{' ' * size}{'a' * size}!"), 20_000),
    HostileInput("duration of many separators", _duration(lambda size: "1 day" + " and , " * size + "!"), 2_000),
    HostileInput("ISO duration of many digits", _duration(lambda size: f"P{'1' * size}D"), 5_000),
    HostileInput(
        "duration of a long field", lambda size: entry(f"await step.sleep('x', f'{{{'a' * size}}} min')"), 20_000
    ),
    HostileInput("template and a long parameter", _template, 200),
    HostileInput("ignored files: stars", _ignores(lambda size: "*a" * size + "b.py", f"{'a' * 100}.py"), 7),
    HostileInput("ignored files: folders", _ignores(lambda size: "**/" * size + "x.py", "d/" * 100 + "y.py"), 12),
    HostileInput("comment of `for` and dots", _comment(lambda size: "for ...." * size), 6_000),
    HostileInput("comment of attributes", _comment(lambda size: ".x, " * size), 10_000),
    HostileInput("comment of annotations", _comment(lambda size: ".x: " * size), 10_000),
    HostileInput("comment of items", _comment(lambda size: "x[" * size), 10_000),
    HostileInput("comment of `setattr(`", _comment(lambda size: "setattr(" * size), 10_000),
    HostileInput("comment of codings", _comment(lambda size: "coding" * size), 10_000),
    HostileInput(
        "comments that ignore, on one line", _trailing_comment(lambda size: "# stepgraph: ignore[SG101] " * size), 1_000
    ),
    HostileInput(
        "comment that ignores many rules", _trailing_comment(lambda size: f"stepgraph: ignore[{'SG1, ' * size}]"), 1_000
    ),
    HostileInput("comment of marks", _trailing_comment(lambda size: "#stepgraph: ignore-" * size), 10_000),
    HostileInput("comment of spaces", _trailing_comment(lambda size: f"stepgraph: ignore[a{' ' * size}"), 20_000),
    HostileInput("comments of many lines", lambda size: entry(_SLEEP, "# stepgraph: ignore[SG101]\n" * size), 1_000),
    HostileInput("text that looks like a class", _class_like_text, 10_000),
    HostileInput("findings on one line", lambda size: entry("; ".join([_SLEEP] * size)), 2_000),
    HostileInput(
        "findings on one line, with comments",
        lambda size: entry("; ".join([_SLEEP] * size) + " # stepgraph: ignore[SG205]" * size),
        500,
    ),
    HostileInput("line of a long text", lambda size: entry(f"x = '{'a' * size}'\n{_SLEEP}"), 400_000),
    HostileInput(
        "escaped quotes without an end", lambda size: entry(f'x = "{chr(92)}"{chr(92) + chr(34) * size}'), 10_000
    ),
    HostileInput("formatted texts without an end", lambda size: entry("x = " + "f'{" * size), 10_000),
    HostileInput(
        "TOML: dotted name", _configured("wrangler.toml", lambda size: ".".join(["a"] * size) + " = 1"), 24_000
    ),
    HostileInput(
        "TOML: dotted table", _configured("wrangler.toml", lambda size: f"[{'.'.join(['a'] * size)}]"), 24_000
    ),
    HostileInput("TOML: arrays", _configured("wrangler.toml", lambda size: f"a = {'[' * size}{']' * size}"), 24_000),
    HostileInput(
        "TOML: long names",
        _configured(
            "wrangler.toml",
            lambda size: _TOML + "".join(f"{'a.' * 90}b{n} = 1\n" for n in range(size)),
        ),
        400,
    ),
    HostileInput(
        "TOML: faults", _configured("wrangler.toml", lambda size: _TOML + "[[workflows]]\nname=1\n" * size), 1_000
    ),
    HostileInput(
        "TOML: comments", _configured("wrangler.toml", lambda size: _TOML + "# stepgraph: ignore\n" * size), 2_000
    ),
    HostileInput(
        "JSON: arrays", _configured("wrangler.json", lambda size: f'{{"a":{"[" * size}{"]" * size}}}'), 24_000
    ),
    HostileInput(
        "JSON: repeated names", _configured("wrangler.json", lambda size: _JSON + '"a":1,' * size + "}"), 2_000
    ),
    HostileInput("JSON: comments without an end", _configured("wrangler.json", lambda size: "{" + "/*" * size), 20_000),
    HostileInput("JSON: quotes without an end", _configured("wrangler.json", lambda size: "{" + '"\\' * size), 20_000),
]
