"""The modules that Workers' runtime gives to Python, and the SDK on top of them, for as long as a block runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Literal

from tests.execution import javascript, wall_clock, web
from tests.execution.anything import Anything, anything
from tests.execution.errors import thrown
from tests.execution.javascript import JsProxy
from tests.execution.promises import Promises
from tests.execution.values import PyValue

Mode = Literal["implicit", "legacy"]

_SDK = "workers"
_STEP_WRAPPER = "python_modules/workers/workflows.js"

_flags = ModuleType("_cloudflare_compat_flags")
_sdk: dict[str, ModuleType] = {}  # what has been imported of it, which takes longer than all else


@contextmanager
def platform(mode: Mode = "implicit") -> Iterator[ModuleType]:
    """Let `workers`, `js`, `pyodide` and the like be imported; gives `workers`."""
    stand_ins = {**_STAND_INS, **_sdk}
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    there = len(sys.modules)
    _flags.python_workflows_implicit_dependencies = mode == "implicit"  # type: ignore[attr-defined]
    try:
        yield importlib.import_module(_SDK)
    finally:
        if not _sdk or len(sys.modules) != there:
            _sdk.update((name, module) for name, module in sys.modules.items() if name.partition(".")[0] == _SDK)
        restore_modules({**dict.fromkeys(_sdk), **before})


def restore_modules(before: Mapping[str, ModuleType | None]) -> None:
    """Put back what `sys.modules` held under these names."""
    for name, module in before.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module


class _StepOfWorkflowsJs:
    """The step object as the SDK's JavaScript wraps it: an error that is not to be retried says so by its name."""

    def __init__(self, step: PyValue) -> None:
        self._step = step

    def __getattr__(self, name: str) -> PyValue:
        return getattr(self._step, name)

    def do(self, name: PyValue, *rest: PyValue, **keywords: PyValue) -> PyValue:
        return self._step.do(name, *(_named(part) if callable(part) else part for part in rest), **keywords)


def _named(callback: Callable[[PyValue], Awaitable[PyValue]]) -> Callable[[PyValue], Awaitable[PyValue]]:
    async def called(context: PyValue) -> PyValue:
        try:
            return await callback(context)
        except Exception as error:
            known = thrown(error)
            if known is error:
                raise
            raise known from error

    return called


def _wrapped(step: PyValue) -> PyValue:
    """Python gets back what is its own: the step object that one `run` hands to another is not wrapped again."""
    return _StepOfWorkflowsJs(step) if isinstance(step, JsProxy) else step


async def _imported(name: str) -> PyValue:
    return SimpleNamespace(wrapWorkflowStep=_wrapped) if name == _STEP_WRAPPER else anything(name)


@contextmanager
def _patched_env(_replacements: PyValue) -> Iterator[None]:
    yield


def _module(name: str, **members: PyValue) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


class _JsClass(SimpleNamespace):
    """A class of JavaScript's: Python calls its constructor by `new`; what else it has may give anything."""

    def __getattr__(self, name: str) -> PyValue:
        return getattr(anything("class"), name)


def _stand_ins() -> dict[str, ModuleType]:
    ffi = _module(
        "pyodide.ffi",
        ConversionError=javascript.ConversionError,
        JsArray=javascript.JsArray,
        JsBuffer=javascript.JsBytes,
        JsException=javascript.JsException,
        JsMap=javascript.JsMap,
        JsProxy=javascript.JsProxy,
        create_once_callable=javascript.PyProxy,
        create_proxy=javascript.PyProxy,
        destroy_proxies=lambda _proxies: None,
        jsnull=javascript.jsnull,
        to_js=javascript.to_js,
    )
    http = _module("pyodide.http", FetchResponse=web.FetchResponse, pyfetch=web.pyfetch)
    js = _module(
        "js",
        Array=_JsClass(new=lambda *items: javascript.JsArray(items)),
        Date=_JsClass(new=javascript.JsDate, now=lambda: wall_clock.now() * 1000),
        Error=_JsClass(new=lambda message="": javascript.JsError(message)),
        Headers=_JsClass(new=web.JsHeaders),
        Object=_JsClass(fromEntries=javascript.from_entries, new=javascript.JsObject),
        Promise=Promises,
        Response=_JsClass(new=web.JsResponse),
        fetch=web.fetch,
        __getattr__=anything,
    )
    helper = _module(
        "_pyodide_entrypoint_helper",
        cloudflareSocketsModule=Anything("sockets"),
        cloudflareWorkersModule=Anything("workers"),
        doAnImport=_imported,
        patchWaitUntil=lambda _context: None,
        patch_env_helper=_patched_env,
    )
    pyodide = _module("pyodide", __version__="0.28.2", __path__=[], ffi=ffi, http=http)
    modules = [_flags, helper, js, pyodide, ffi, http]
    _flags.python_request_headers_preserve_commas = True  # type: ignore[attr-defined]
    return {module.__name__: module for module in modules}


_STAND_INS = _stand_ins()
