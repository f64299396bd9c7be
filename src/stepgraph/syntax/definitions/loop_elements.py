"""The elements of collections that loops iterate over, if the code lists them.

A loop over `STAGES = [Stage("load", "1 minute"), Stage("save", "2 minutes")]` that reads `stage.name` depends on the
names only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, expressions_of_definition, last_name
from stepgraph.syntax.definitions.write_index import heads_of
from stepgraph.syntax.literals import key_of, string_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import MUTATING_FUNCTIONS
from stepgraph.syntax.walk import ancestors_of, assigned_targets, expressions_below, statements_below

MAX_ELEMENTS: Final = 100
"""The maximum number of elements that are read."""
ITEM_OF: Final = "in"
"""The component between a parameter and a collection in the name of a mark for the item with the parameter as key.

It is a keyword, and thus no attribute.
"""
EACH_OF: Final = "for"
"""The component after a parameter in the name of a mark for attributes of each element of the collection in it."""
_READING_METHODS: Final = frozenset({"get", "items", "keys", "values"})
_ANY_ITEM: Final = "[]"
_KEY_METHODS: Final = frozenset({"pop", "setdefault", "__delitem__", "__setitem__"})
"""The methods that change the item with the key or index in their first argument."""
_ITEM_MUTATORS: Final = _KEY_METHODS | {"clear", "insert", "popitem", "remove", "reverse", "sort", "update"}
_COLLECTIONS: Final = frozenset({"Counter", "OrderedDict", "defaultdict", "deque", "dict", "list", "set"})
"""The functions that make collections."""


def listed_elements(collection: cst.BaseExpression) -> Sequence[cst.BaseExpression] | None:
    """Return the elements of a literal list or tuple, or those that a method of a literal dictionary lists."""
    match collection:
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            is_plain = all(isinstance(each, cst.Element) for each in elements)
            return [each.value for each in elements] if is_plain and len(elements) <= MAX_ELEMENTS else None
        case cst.Call(func=cst.Attribute(value=cst.Dict() as pairs, attr=cst.Name(method)), args=[]):
            return _listed_pairs(pairs, method)
        case _:
            return None


def _listed_pairs(pairs: cst.Dict, method: str) -> Sequence[cst.BaseExpression] | None:
    elements = [each for each in pairs.elements if isinstance(each, cst.DictElement)]
    if len(elements) < len(pairs.elements) or len(elements) > MAX_ELEMENTS:
        return None
    keys = {string_of(each.key) for each in elements} - {None}
    if len(keys) < len(elements):
        return None  # A repeated key has one value, and other keys may be equal.
    match method:
        case "items":
            return [cst.Tuple([cst.Element(each.key), cst.Element(each.value)]) for each in elements]
        case "keys":
            return [each.key for each in elements]
        case "values":
            return [each.value for each in elements]
        case _:
            return None


def listed_items(collection: cst.BaseExpression) -> dict[str, cst.BaseExpression]:
    """Return the items of a literal list, tuple or call of `dict` by the components of paths for their keys.

    Return an empty dictionary for another collection.
    """
    match collection:
        case cst.List() | cst.Tuple():
            return {item_name(number): each for number, each in enumerate(listed_elements(collection) or ())}
        case cst.Call(func=cst.Name("dict"), args=arguments) if len(arguments) <= MAX_ELEMENTS:
            values = {item_name(each.keyword.value): each.value for each in arguments if each.keyword is not None}
            return values if len(values) == len(arguments) else {}
        case _:
            return {}


def item_name(key: object) -> str:
    """Return the component of a path for an item with an index or key."""
    return f"[{key!r}]"


def item_of_key(key: cst.BaseExpression) -> str:
    """Return the component of a path for an item with a literal key or index, or an empty string for another key."""
    value = key_of(key)
    return "" if value is None else item_name(value)


def is_item(component: str) -> bool:
    """Return whether a component of a path stands for an item, not for an attribute."""
    return component.startswith("[")


def may_have_aliases(name: str, module: SourceModule) -> bool:
    """Return whether code of a module may use a collection by its name other than to read its items."""
    if not module.mentions(name.encode()):
        return False
    return not all(_reads_items(use, module) for use in module.once(_uses_by_name).get(name, ()))


def _uses_by_name(module: SourceModule) -> Mapping[str, Sequence[cst.CSTNode]]:
    """Return the expressions that are names, and imports of names as other ones, by name."""
    uses: defaultdict[str, list[cst.CSTNode]] = defaultdict(list)
    for statement in statements_below(module.tree, into_functions=True):
        match statement:
            case cst.ImportFrom(names=[*aliases]):
                for alias in aliases:
                    if alias.asname is not None:
                        uses[alias.evaluated_name].append(alias)
                continue
            case cst.FunctionDef() | cst.ClassDef():
                heads = [*expressions_of_definition(statement)]
            case _:
                heads = heads_of(statement)
        for head in heads:
            for each in expressions_below(head, into_lambdas=True):
                if isinstance(each, cst.Name):
                    uses[each.value].append(each)
    return uses


def _reads_items(use: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether code around a name reads an item, iterates over the collection, or defines the name."""
    parent = module.parents.get(id(use))
    match parent:
        case cst.Subscript(value=value) | cst.For(iter=value) | cst.CompFor(iter=value) | cst.AnnAssign(target=value):
            return value is use
        case cst.Attribute(attr=attribute) if attribute is use:
            return _reads_items(parent, module)
        case cst.Arg(keyword=keyword) if keyword is use:
            return True
        case cst.Attribute(value=value, attr=cst.Name(method)):
            call = module.parents.get(id(parent))
            return value is use and method in _READING_METHODS and isinstance(call, cst.Call) and call.func is parent
        case cst.ComparisonTarget(operator=cst.In() | cst.NotIn()) | cst.AssignTarget():
            return True
        case _:
            return False


def may_change_item(item: str, module: SourceModule) -> bool:
    """Return whether code of a module may change an item of a dictionary or list that it has not made itself."""
    changed = module.once(_changed_items)
    return item in changed or _ANY_ITEM in changed


def _changed_items(module: SourceModule) -> frozenset[str]:
    items: set[str] = set()
    for statement in statements_below(module.tree, into_functions=True):
        for target in assigned_targets(statement):
            if isinstance(target, cst.Subscript) and not _is_new(target.value, module):
                items.add(_item_of_target(target) or _ANY_ITEM)
        for head in heads_of(statement):
            nodes = [*expressions_below(head, into_lambdas=True)]
            called = {id(each.func) for each in nodes if isinstance(each, cst.Call)}
            items.update(chain.from_iterable(_items_of(each, module) for each in nodes if id(each) not in called))
    return frozenset(items)


def _items_of(node: cst.CSTNode, module: SourceModule) -> Iterator[str]:
    """Yield the items that a mutating operator, method or function may change. A method that is not called may run."""
    match node:
        case cst.AugAssign(target=target, operator=cst.BitOrAssign()) if not _is_new(target, module):
            yield _ANY_ITEM
        case cst.Attribute(attr=cst.Name(method)) if method in _ITEM_MUTATORS:
            yield _ANY_ITEM
        case cst.Call(func=cst.Attribute(owner, cst.Name(method)), args=arguments) if method in _ITEM_MUTATORS:
            if not _is_new(owner, module):
                key = arguments[0].value if arguments and arguments[0].keyword is None else None
                item = "" if key is None or method not in _KEY_METHODS else item_of_key(key)
                yield item or _ANY_ITEM
        case cst.Call(func=function) if last_name(function) in MUTATING_FUNCTIONS:
            yield _ANY_ITEM


def _item_of_target(target: cst.Subscript) -> str:
    match target.slice:
        case [cst.SubscriptElement(cst.Index(key))]:
            return item_of_key(key)
        case _:
            return ""


def _is_new(owner: cst.BaseExpression, module: SourceModule) -> bool:
    """Return whether an expression names a local variable with a new collection only."""
    if not isinstance(owner, cst.Name):
        return False
    functions = (each for each in ancestors_of(module.parents, owner) if isinstance(each, cst.FunctionDef))
    bindings = (bindings_of(each, module) for each in functions)
    binders = next((each.binders[owner.value] for each in bindings if each.binds(owner.value)), ())
    values = [each.value if isinstance(each, cst.Assign | cst.AnnAssign) else None for each in binders]
    return bool(values) and all(_makes_collection(each) for each in values)


def _makes_collection(value: cst.BaseExpression | None) -> bool:
    match value:
        case cst.Dict() | cst.List() | cst.Set() | cst.DictComp() | cst.ListComp():
            return True
        case cst.Call(func=function):
            return last_name(function) in _COLLECTIONS
        case _:
            return False
