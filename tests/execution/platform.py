"""Fakes of the modules of the Workers runtime, with the real SDK on top."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Literal

from tests.execution import javascript, wall_clock, web
from tests.execution.errors import as_thrown
from tests.execution.javascript import JsProxy
from tests.execution.promises import Promises
from tests.execution.stub_values import StubValue, stub_value
from tests.execution.values import PyValue

Mode = Literal["implicit", "legacy"]

_SDK = "workers"
_STEP_WRAPPER = "python_modules/workers/workflows.js"

_flags = ModuleType("_cloudflare_compat_flags")
_sdk: dict[str, ModuleType] = {}  # modules of the SDK, cached because importing them is slow


@contextmanager
def platform(mode: Mode = "implicit") -> Iterator[ModuleType]:
    """Make `workers`, `js`, `pyodide` and related modules importable within a block. Yield `workers`."""
    fakes = {**_FAKE_MODULES, **_sdk}
    before = {name: sys.modules.get(name) for name in fakes}
    sys.modules.update(fakes)
    module_count = len(sys.modules)
    _flags.python_workflows_implicit_dependencies = mode == "implicit"  # type: ignore[attr-defined]
    try:
        yield importlib.import_module(_SDK)
    finally:
        if not _sdk or len(sys.modules) != module_count:
            _sdk.update((name, module) for name, module in sys.modules.items() if name.partition(".")[0] == _SDK)
        restore_modules({**dict.fromkeys(_sdk), **before})


def restore_modules(before: Mapping[str, ModuleType | None]) -> None:
    """Restore these entries of `sys.modules`."""
    for name, module in before.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module


class _StepOfWorkflowsJs:
    """The step object as wrapped by the JavaScript of the SDK, which marks non-retryable errors by name."""

    def __init__(self, step: PyValue) -> None:
        self._step = step

    def __getattr__(self, name: str) -> PyValue:
        return getattr(self._step, name)

    def do(self, name: PyValue, *args: PyValue, **keywords: PyValue) -> PyValue:
        return self._step.do(name, *(_mark_errors(arg) if callable(arg) else arg for arg in args), **keywords)


def _mark_errors(callback: Callable[[PyValue], Awaitable[PyValue]]) -> Callable[[PyValue], Awaitable[PyValue]]:
    async def called(context: PyValue) -> PyValue:
        try:
            return await callback(context)
        except Exception as error:
            thrown = as_thrown(error)
            if thrown is error:
                raise
            raise thrown from error

    return called


def _wrap_step(step: PyValue) -> PyValue:
    """Wrap JavaScript objects only. A step object that is passed on to another `run` stays unchanged."""
    return _StepOfWorkflowsJs(step) if isinstance(step, JsProxy) else step


async def _import_module(name: str) -> PyValue:
    return SimpleNamespace(wrapWorkflowStep=_wrap_step) if name == _STEP_WRAPPER else stub_value(name)


@contextmanager
def _patched_env(_replacements: PyValue) -> Iterator[None]:
    yield


def _module(name: str, **members: PyValue) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


class _JsClass(SimpleNamespace):
    """A JavaScript class, constructed with `new`. Other attributes are stubs."""

    def __getattr__(self, name: str) -> PyValue:
        return getattr(stub_value("class"), name)


def _global_value(name: str) -> StubValue:
    """Return a global value of JavaScript. The classes of the module `cloudflare:workers` are not global."""
    if name.startswith("Workflow"):
        raise AttributeError(name)
    return stub_value(name)


def _fake_modules() -> dict[str, ModuleType]:
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
        __getattr__=_global_value,
    )
    helper = _module(
        "_pyodide_entrypoint_helper",
        cloudflareSocketsModule=StubValue("sockets"),
        cloudflareWorkersModule=StubValue("workers"),
        doAnImport=_import_module,
        patchWaitUntil=lambda _context: None,
        patch_env_helper=_patched_env,
    )
    pyodide = _module("pyodide", __version__="0.28.2", __path__=[], ffi=ffi, http=http)
    modules = [_flags, helper, js, pyodide, ffi, http]
    _flags.python_request_headers_preserve_commas = True  # type: ignore[attr-defined]
    return {module.__name__: module for module in modules}


_FAKE_MODULES = _fake_modules()
