"""Private names in class bodies, which Python mangles: `__name` in the class `Order` is `_Order__name`."""

from __future__ import annotations

from stepgraph.interpreter.values.objects import ClassValue, LexicalScope


def mangle(scope: LexicalScope, name: str) -> str:
    """Return an attribute name that code in a scope uses, as Python mangles private names: `_Class__name`."""
    if not is_private(name):
        return name
    enclosing: LexicalScope | None = scope
    while enclosing is not None and enclosing.owner is None:
        enclosing = enclosing.parent
    if enclosing is None or enclosing.owner is None:
        return name
    prefix = enclosing.owner.name.lstrip("_")
    return f"_{prefix}{name}" if prefix else name


def is_private(name: str) -> bool:
    """Whether Python mangles a name in the body of a class."""
    return name.startswith("__") and not name.endswith("__")


def body_name(owner: ClassValue, name: str) -> str:
    """Return the name by which the body of a class binds a member: `__name` for `_Class__name`."""
    class_name = owner.name.lstrip("_")
    private_name = name.removeprefix(f"_{class_name}")
    if not class_name or name == private_name:
        return f"_{name}" if class_name and is_private(name) else name  # no body binds a private name as written
    return private_name if is_private(private_name) else name
