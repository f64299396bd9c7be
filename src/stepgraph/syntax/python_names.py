"""Names of the platform and of common modules of the standard library in Python 3.11, the oldest supported version."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

PUBLIC_NAMES: Final = {
    "asyncio": (
        "ALL_COMPLETED AbstractChildWatcher AbstractEventLoop AbstractEventLoopPolicy AbstractServer Barrier "
        "BaseEventLoop BaseProtocol BaseTransport BoundedSemaphore BrokenBarrierError BufferedProtocol "
        "CancelledError Condition DatagramProtocol DatagramTransport DefaultEventLoopPolicy Event FIRST_COMPLETED "
        "FIRST_EXCEPTION FastChildWatcher Future Handle IncompleteReadError InvalidStateError LifoQueue "
        "LimitOverrunError Lock MultiLoopChildWatcher PidfdChildWatcher PriorityQueue Protocol Queue QueueEmpty "
        "QueueFull ReadTransport Runner SafeChildWatcher SelectorEventLoop Semaphore SendfileNotAvailableError "
        "Server StreamReader StreamReaderProtocol StreamWriter SubprocessProtocol SubprocessTransport Task "
        "TaskGroup ThreadedChildWatcher Timeout TimeoutError TimerHandle Transport WriteTransport all_tasks "
        "as_completed base_events base_futures base_subprocess base_tasks constants coroutines "
        "create_subprocess_exec create_subprocess_shell create_task current_task ensure_future events exceptions "
        "format_helpers futures gather get_child_watcher get_event_loop get_event_loop_policy get_running_loop "
        "iscoroutine iscoroutinefunction isfuture locks log mixins new_event_loop open_connection "
        "open_unix_connection protocols queues run run_coroutine_threadsafe runners selector_events "
        "set_child_watcher set_event_loop set_event_loop_policy shield sleep sslproto staggered start_server "
        "start_unix_server streams subprocess taskgroups tasks threads timeout timeout_at timeouts to_thread "
        "transports trsock unix_events wait wait_for wrap_future"
    ),
    "collections": ("ChainMap Counter OrderedDict UserDict UserList UserString abc defaultdict deque namedtuple"),
    "contextlib": (
        "AbstractAsyncContextManager AbstractContextManager AsyncContextDecorator AsyncExitStack ContextDecorator "
        "ExitStack aclosing asynccontextmanager chdir closing contextmanager deque nullcontext redirect_stderr "
        "redirect_stdout suppress wraps"
    ),
    "dataclasses": (
        "Field FrozenInstanceError FunctionType GenericAlias InitVar KW_ONLY MISSING asdict astuple dataclass "
        "field fields is_dataclass make_dataclass replace"
    ),
    "enum": (
        "CONFORM CONTINUOUS DynamicClassAttribute EJECT Enum EnumCheck EnumMeta EnumType Flag FlagBoundary IntEnum "
        "IntFlag KEEP MappingProxyType NAMED_FLAGS ReprEnum STRICT StrEnum UNIQUE auto bin global_enum "
        "global_enum_repr global_flag_repr global_str member nonmember pickle_by_enum_name pickle_by_global_name "
        "property reduce show_flag_values unique verify"
    ),
    "functools": (
        "GenericAlias RLock WRAPPER_ASSIGNMENTS WRAPPER_UPDATES cache cached_property cmp_to_key get_cache_token "
        "lru_cache namedtuple partial partialmethod recursive_repr reduce singledispatch singledispatchmethod "
        "total_ordering update_wrapper wraps"
    ),
    "itertools": (
        "accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse "
        "groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest"
    ),
    "json": ("JSONDecodeError JSONDecoder JSONEncoder decoder detect_encoding dump dumps encoder load loads scanner"),
    "operator": (
        "abs add and_ attrgetter call concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat "
        "ifloordiv ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter "
        "itruediv ixor le length_hint lshift lt matmul methodcaller mod mul ne neg not_ or_ pos pow rshift setitem "
        "sub truediv truth xor"
    ),
    "typing": (
        "ABCMeta AbstractSet Annotated Any AnyStr AsyncContextManager AsyncGenerator AsyncIterable AsyncIterator "
        "Awaitable BinaryIO ByteString CT_co Callable ChainMap ClassVar Collection Concatenate Container "
        "ContextManager Coroutine Counter DefaultDict Deque Dict EXCLUDED_ATTRIBUTES Final ForwardRef FrozenSet "
        "Generator Generic GenericAlias Hashable IO ItemsView Iterable Iterator KT KeysView List Literal "
        "LiteralString Mapping MappingView Match MethodDescriptorType MethodWrapperType MutableMapping "
        "MutableSequence MutableSet NamedTuple NamedTupleMeta Never NewType NoReturn NotRequired Optional "
        "OrderedDict ParamSpec ParamSpecArgs ParamSpecKwargs Pattern Protocol Required Reversible Self Sequence "
        "Set Sized SupportsAbs SupportsBytes SupportsComplex SupportsFloat SupportsIndex SupportsInt SupportsRound "
        "T TYPE_CHECKING T_co T_contra Text TextIO Tuple Type TypeAlias TypeGuard TypeVar TypeVarTuple TypedDict "
        "Union Unpack VT VT_co V_co ValuesView WrapperDescriptorType abstractmethod assert_never assert_type cast "
        "clear_overloads dataclass_transform defaultdict final get_args get_origin get_overloads get_type_hints io "
        "is_typeddict no_type_check no_type_check_decorator overload re reveal_type runtime_checkable"
    ),
    "types": (
        "AsyncGeneratorType BuiltinFunctionType BuiltinMethodType CellType ClassMethodDescriptorType CodeType "
        "CoroutineType DynamicClassAttribute EllipsisType FrameType FunctionType GeneratorType GenericAlias "
        "GetSetDescriptorType LambdaType MappingProxyType MemberDescriptorType MethodDescriptorType MethodType "
        "MethodWrapperType ModuleType NoneType NotImplementedType SimpleNamespace TracebackType UnionType "
        "WrapperDescriptorType coroutine new_class prepare_class resolve_bases"
    ),
    "warnings": (
        "WarningMessage catch_warnings defaultaction filters filterwarnings formatwarning onceregistry "
        "resetwarnings showwarning simplefilter warn warn_explicit"
    ),
}
"""The names without a leading underscore in each module, separated by spaces."""

SUBMODULES: Final = {
    "asyncio": (
        "base_events base_futures base_subprocess base_tasks constants coroutines events exceptions format_helpers "
        "futures locks log mixins protocols queues runners selector_events staggered streams subprocess taskgroups "
        "tasks threads timeouts transports trsock unix_events"
    ),
    "collections": "abc",
    "concurrent": "futures",
    "concurrent.futures": "process thread",
    "email": (
        "base64mime charset contentmanager encoders errors feedparser generator header headerregistry iterators "
        "message mime parser policy quoprimime utils"
    ),
    "email.mime": "application audio base image message multipart nonmultipart text",
    "html": "entities parser",
    "http": "client cookiejar cookies server",
    "importlib": "abc machinery metadata readers resources simple util",
    "importlib.resources": "abc readers simple",
    "json": "decoder encoder scanner tool",
    "logging": "config handlers",
    "os": "path",
    "unittest": "async_case case loader main mock result runner signals suite util",
    "urllib": "error parse request response robotparser",
    "wsgiref": "handlers headers simple_server types util validate",
    "xml": "dom etree parsers sax",
    "xml.dom": "domreg expatbuilder minicompat minidom pulldom xmlbuilder",
    "xml.etree": "ElementInclude ElementPath ElementTree",
    "xml.parsers": "expat",
    "xml.sax": "expatreader handler saxutils xmlreader",
    "xmlrpc": "client server",
}
"""The submodules of each package, separated by spaces."""

COROUTINE_FUNCTIONS: Final = frozenset(
    [
        *("asyncio.sleep", "pyodide.http.pyfetch", "workers.fetch"),
        *(
            f"{response}().{method}"
            for response in ("pyodide.http.FetchResponse", "workers.Response")
            for method in ("buffer", "bytes", "json", "memoryview", "text")
        ),
        *(f"workers.Response().{method}" for method in ("blob", "formData", "form_data")),
    ]
)
"""The functions and methods outside of projects that return a coroutine, by dotted name."""


def is_coroutine_attribute(name: str) -> bool:
    """Return whether coroutines may have an attribute. Other ones belong to the result, so an `await` is missing."""
    return name in ("close", "send", "throw") or name.startswith(("__", "cr_"))


class ImportableName(Struct, frozen=True):
    """The import that binds a name."""

    module: str
    """The dotted name of the module to import, or to import the name from."""
    is_member: bool
    """Whether the name is a member of the module, rather than the module."""

    def qualified(self, name: str) -> str:
        """Return the dotted name of the object that the import binds to `name`."""
        return f"{self.module}.{name}" if self.is_member else self.module

    def statement(self, name: str) -> str:
        """Return the import statement."""
        return f"from {self.module} import {name}" if self.is_member else f"import {self.module}"


# Modules whose names are rarely meant as anything else.
_MODULES: Final = (
    "asyncio base64 collections contextlib csv dataclasses datetime functools hashlib hmac inspect itertools js"
    " json logging math os pyodide random re sys textwrap time traceback typing uuid workers zlib"
)
# The public classes and functions of the SDK, of Pyodide, of JavaScript and of the standard library, by module. A
# name stands below the module that the documentation of Workers imports it from. Type aliases are omitted.
_MEMBERS: Final = {
    "workers": (
        "DurableObject FormData Request Response WorkerEntrypoint WorkflowEntrypoint env fetch import_from_javascript"
        " python_from_rpc python_to_rpc waitUntil wait_until"
    ),
    "workers.workflows": "NonRetryableError",
    "pyodide.ffi": "JsException JsProxy create_once_callable create_proxy run_sync to_js",
    "js": (
        "AbortController Headers JSON Object Promise ReadableStream TextDecoder TextEncoder URL URLSearchParams"
        " Uint8Array caches console crypto setTimeout"
    ),
    "abc": "ABC abstractmethod",
    "base64": "b64decode b64encode",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "contextlib": "asynccontextmanager contextmanager suppress",
    "dataclasses": "asdict dataclass",
    "datetime": "UTC timedelta timezone",
    "decimal": "Decimal",
    "enum": "Enum IntEnum StrEnum",
    "functools": "lru_cache partial wraps",
    "io": "BytesIO StringIO",
    "pathlib": "Path",
    "typing": "Any Optional TypedDict",
    "urllib.parse": "parse_qs quote_plus urlencode urljoin urlparse",
    "uuid": "uuid4",
    "zoneinfo": "ZoneInfo",
}

IMPORTABLE_NAMES: Final = {name: ImportableName(name, is_member=False) for name in _MODULES.split()} | {
    name: ImportableName(module, is_member=True) for module, names in _MEMBERS.items() for name in names.split()
}
"""The import of each name. An undefined name that is not here may have any meaning."""
