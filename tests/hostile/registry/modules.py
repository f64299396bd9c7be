"""Inputs with many modules, classes, names or statements."""

from __future__ import annotations

from tests.hostile.hostile_input import HEAD, Files, HostileInput, entry

_SLEEP = "await step.sleep('x', '5 min')"
_RUN = f"    async def run(self, event, step):\n        {_SLEEP}\n"
_CONFIGURATION = 'name = "w"\nmain = "entry.py"\ncompatibility_date = "2026-03-01"\n'


def _workflow(name: str, base: str = "WorkflowEntrypoint") -> str:
    return f"class {name}({base}):\n{_RUN}"


def _functions(size: int) -> str:
    return "".join(f"async def f{n}(step): {_SLEEP}\n" for n in range(size))


def _names(letter: str, size: int) -> str:
    return ", ".join(f"{letter}{n}" for n in range(size))


def _class_chain(size: int) -> Files:
    return {"entry.py": HEAD + _workflow("B0") + "".join(f"class B{n}(B{n - 1}): pass\n" for n in range(1, size))}


def _class_chain_of_files(size: int) -> Files:
    files = {f"b{n}.py": f"from b{n - 1} import B{n - 1}\nclass B{n}(B{n - 1}): pass\n" for n in range(1, size)}
    return {"b0.py": HEAD + _workflow("B0"), **files}


def _diamonds(size: int) -> Files:
    levels = "class L{0}(B{1}): pass\nclass R{0}(B{1}): pass\nclass B{0}(L{0}, R{0}): pass\n"
    return {"entry.py": HEAD + _workflow("B0") + "".join(levels.format(n, n - 1) for n in range(1, size))}


def _contradicting_bases(size: int) -> Files:
    bases = [f"M{n}" for n in range(size)]
    text = HEAD + _workflow("B0") + "".join(f"class {base}: pass\n" for base in bases)
    two = f"class P({', '.join(bases)}): pass\nclass Q({', '.join(reversed(bases))}): pass\n"
    return {"entry.py": f"{text}{two}class A(P, Q, B0): pass\n"}


def _workflows(size: int) -> Files:
    return {"entry.py": HEAD + "".join(_workflow(f"B{n}") for n in range(size))}


def _configured(size: int, class_name: str = "B") -> Files:
    listed = (f'[[workflows]]\nname = "w{n}"\nbinding = "W{n}"\nclass_name = "{class_name}{n}"\n' for n in range(size))
    return {**_workflows(size), "wrangler.toml": _CONFIGURATION + "".join(listed)}


def _workflow_files(size: int) -> Files:
    return {f"b{n}.py": HEAD + _workflow(f"B{n}") for n in range(size)}


def _ring(size: int) -> Files:
    call = "import b{1}\nasync def f{0}(step):\n    await step.sleep('x', '5 min')\n    await b{1}.f{1}(step)\n"
    return {
        **entry("await b0.f0(step)", "import b0\n"),
        **{f"b{n}.py": call.format(n, (n + 1) % size) for n in range(size)},
    }


def _packages(size: int) -> Files:
    inner = {"p/" * n + "__init__.py": "from .p import *\n" for n in range(1, size)}
    return {**entry("await step.sleep('x', Z)", "from p import *\n"), **inner, "p/" * size + "__init__.py": "Z = 1\n"}


def _star_chain(size: int) -> Files:
    chain = {f"m{n}.py": f"from m{n + 1} import *\n" for n in range(size)}
    return {**entry("await step.sleep('x', Z)", "from m0 import *\n"), **chain, f"m{size}.py": "Z = 1\n"}


def _starred(size: int) -> Files:
    calls = "\n".join(f"await f{n}(step)" for n in range(size))
    return {**entry(calls, "from m import *\n"), "m.py": _functions(size)}


def _imported(size: int) -> Files:
    calls = "\n".join(f"await f{n}(step)" for n in range(size))
    return {**entry(calls, f"from m import {_names('f', size)}\n"), "m.py": _functions(size)}


def _missing(size: int) -> Files:
    calls = "\n".join(f"await g{n}(step)" for n in range(size))
    return {**entry(calls, f"from m import {_names('g', size)}\n"), "m.py": _functions(size)}


def _assigned(size: int) -> Files:
    settings = {"settings.py": "".join(f"x{n} = {n}\n" for n in range(size))}
    writers = {f"m{n}.py": f"import settings\nsettings.x{n} = 1\n" for n in range(size)}
    imports = "import settings\n" + "".join(f"import m{n}\n" for n in range(size))
    body = "\n".join(f"await step.sleep('x', settings.x{n})" for n in range(size))
    return {**entry(body, imports), **settings, **writers}


def _imports_in_a_try(size: int) -> Files:
    """Return imports in one `try`, of modules that fill a list."""
    imports = "".join("    import job\n" for _ in range(size))
    before = f"import jobs\nfrom jobs import JOBS\ntry:\n{imports}except ImportError:\n    pass\n"
    jobs = "JOBS = []\ndef register(job):\n    JOBS.append(job)\n    return job\n"
    job = "from jobs import register\n@register\nasync def rest(step):\n    await step.sleep('rest', 1)\n"
    return {**entry("for job in JOBS:\n    await job(step)", before), "jobs.py": jobs, "job.py": job}


INPUTS = [
    HostileInput("chain of classes", _class_chain, 400),
    HostileInput("chain of classes over files", _class_chain_of_files, 300),
    HostileInput("diamonds of classes", _diamonds, 50),
    HostileInput("bases that contradict each other", _contradicting_bases, 100),
    HostileInput("workflows in one file", _workflows, 700),
    HostileInput("configured workflows", _configured, 300),
    HostileInput("configured workflows that are missing", lambda size: _configured(size, "C"), 300),
    HostileInput("files of workflows", _workflow_files, 200),
    HostileInput("ring of modules", _ring, 500),
    HostileInput("packages in each other", _packages, 60),
    HostileInput("chain of stars", _star_chain, 300),
    HostileInput("names of a star", _starred, 500),
    HostileInput("names of one import", _imported, 500),
    HostileInput("missing names of one import", _missing, 200),
    HostileInput(
        "one name imported often", lambda size: entry("f(step)", f"from m import {', '.join(['f'] * size)}\n"), 1_000
    ),
    HostileInput(
        "import statements", lambda size: entry(_SLEEP, "".join(f"import m{n}\n" for n in range(size))), 1_000
    ),
    HostileInput("modules that assign to each other", _assigned, 100),
    HostileInput("functions of a module", lambda size: entry(_SLEEP, _functions(size)), 5_000),
    HostileInput(
        "one name bound often",
        lambda size: entry("await step.sleep('x', F)", "".join(f"F = {n}\n" for n in range(size))),
        2_000,
    ),
    HostileInput(
        "names bound twice",
        lambda size: entry("\n".join(f"f{n}(step)" for n in range(size)), (_functions(size)) * 2),
        300,
    ),
    HostileInput("blank lines", lambda size: entry(_SLEEP, "\n" * size), 10_000),
    HostileInput("statements on one line", lambda size: entry("; ".join(["x = 1"] * size)), 20_000),
    HostileInput("short statements", lambda size: {"entry.py": "a\n" * size + HEAD + _workflow("B")}, 50_000),
    HostileInput("elements of a list", lambda size: entry("x = [" + "0," * size + "]"), 50_000),
    HostileInput(
        "steps", lambda size: entry("\n".join(f"await step.sleep('x{n}', '5 minutes')" for n in range(size))), 2_000
    ),
    HostileInput("imports in one try", _imports_in_a_try, 500),
]
