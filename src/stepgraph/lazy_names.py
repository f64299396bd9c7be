"""The public names of a package, whose modules are imported on first access."""

from __future__ import annotations

TYPE_CHECKING = False  # as in the package, whose import counts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping


def lazy_names(
    namespace: MutableMapping[str, object], modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package from its `globals()` and the module of each public name.

    `__getattr__` raises AttributeError for other names. Python adds a similar name from `__dir__` to the message.
    """

    def import_name(name: str) -> object:
        module_name = modules.get(name)
        if module_name is None:
            message = f"module {namespace['__name__']!r} has no attribute {name!r}"
            raise AttributeError(message)
        from importlib import import_module

        value: object = getattr(import_module(module_name), name)
        namespace[name] = value
        return value

    def list_names() -> list[str]:
        return sorted(modules)

    return import_name, list_names
