"""Attributes that a module assigns, and the modules and classes that own them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import import_binding, imported_module
from stepgraph.syntax.deferred.blocks import DeferredBlock, sketch_of
from stepgraph.syntax.deferred.unvisited import FactsByName, UnvisitedBodies
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, mutated_values
from stepgraph.syntax.walk import all_nodes, assigned_targets, statements, statements_below, suites

METHODS: Final = "|".join(sorted(COLLECTION_MUTATORS)).encode()
LETTER: Final = rb"[\w\x80-\xff]"
"""A byte of a name, which may have characters outside of ASCII."""
EQUALS: Final = rb"(?:<<|>>|\*\*|//|[-+*/%@&|^])?=(?!=)"

_CONTINUATION: Final = rb"\\\r?\n"
_COMMENT: Final = rb"#[^\n]*+"
# A target in several lines, which may have comments: after a dot, or in parentheses.
_LONG_TARGET: Final = rb"\.\s*+#|\)\s*+%s" % EQUALS
_SPLIT_TARGET: Final = re.compile(rb"\n[^()\[\]\n]*+[)\]][^\S\n]*+(?:%s|in\b)" % EQUALS)
"""The last line of a target in several lines, such as `] = 1, 2`, after the end of the line before it."""
# A source without a match assigns and mutates no attribute, so its tree is not searched. Each alternative starts with a
# character, so that the search skips all others.
_ASSIGNMENT = re.compile(
    rb"a(?:(?<=\bseta|\bdela)ttr\b|ttr__\()"
    rb"|\.\s*+%(letter)s++[\s)]*+(?::[^\n=:]*+)?%(equals)s"
    rb"|\]\s*+%(equals)s" % {b"letter": LETTER, b"equals": EQUALS}
)
# Compiling a pattern with the names of all mutators takes a millisecond.
_CALLED_METHOD: Final = rb"\.(\w++)\("
_MUTATORS: Final = frozenset(name.encode() for name in COLLECTION_MUTATORS)
# Patterns, each with a word that every match contains. They also match unrelated lines, so only matches of the group
# count.
_LINE_PATTERNS = (
    (b",", re.compile(rb"\.\s*+%s++\s*+,[^\n(=]*+(=(?!=))?" % LETTER)),
    (b"as", re.compile(rb"as(?<=\bas)\s[^\n:,.]*+(\.)?")),
    (b"del", re.compile(rb"del(?<=\bdel)\s[^\n.\[]*+([.\[])?")),
)
_FOR_CLAUSE = rb"for(?<=\bfor)\s([^\n:]*+)"
_IN_KEYWORD = rb"\bin\b"

# The types of statements that bind modules and classes. Class patterns are slow for the many other statements.
_OWNER_STATEMENTS: Final = frozenset([cst.ClassDef, cst.Import, cst.ImportFrom])

NAMESPACES: Final = (b"globals()", b"vars(", b"locals()", b"exec(", b"__dict__", b"sys.modules", b"delattr", b"patch")
"""Source text of code that may change an attribute by a call, or in the dict of its owner."""

ANY_NAME = "*"
"""The attribute name that stands for a computed name, as in `setattr(order, key, value)`."""


class AttributeChange(Struct, frozen=True):
    """An assignment, deletion or mutation of an attribute, or a mutation of a collection imported from a module."""

    owner: str
    """The last component of the name of a module or class, such as `settings` or `Order`; empty for other objects."""
    is_assigned: bool
    """Whether the attribute is assigned or deleted. Otherwise, its collection is mutated."""
    is_of_self: bool = False
    """Whether the attribute is an attribute of `self`."""
    method: str = ""
    """The method of a class of the module whose `self` has the attribute, such as `Order.__init__`, or empty."""


class AssignedAttributes(Struct):
    """The attributes that a module assigns, deletes or mutates, including those that `setattr` sets."""

    _changes: FactsByName[str, AttributeChange] | None = None
    """The changes by the name of the attribute; None if there are none."""
    _import_bindings: dict[str, list[str]] = field(default_factory=dict)
    """The names that imports bind to each name of another module."""

    def of(self, attribute: str) -> Collection[AttributeChange]:
        """Return the changes of an attribute, or the assignments of computed names for `ANY_NAME`."""
        if self._changes is None:
            return ()
        bindings = self._import_bindings.get(attribute, ())
        words = () if attribute == ANY_NAME else (f".{attribute}", *bindings)
        return self._changes.about(attribute, ("setattr", *words))

    def assigns(self, attribute: str) -> bool:
        """Return whether the module assigns or deletes an attribute of any object."""
        return any(change.is_assigned for change in self.of(attribute))

    def methods_assigning(self, attribute: str) -> Collection[str] | None:
        """Return the methods that assign an attribute of `self`. Return None if other code may assign it."""
        methods = {change.method for change in self.of(attribute) if change.is_assigned}
        return None if "" in methods else methods

    def all(self) -> Mapping[str, Collection[AttributeChange]]:
        """Return all changes, by the name of the attribute."""
        return {} if self._changes is None else self._changes.all()


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the attributes that a module assigns, deletes or mutates."""
    if not module.once(may_assign):
        return AssignedAttributes()
    owner_names: dict[str, str] = {}
    imported_names: dict[str, tuple[str, str]] = {}
    for statement in statements_below(module.tree, into_functions=True, sketched=True, words=("class", "import")):
        if type(statement) not in _OWNER_STATEMENTS:
            continue
        match statement:
            case cst.Import() | cst.ImportFrom() if not isinstance(statement.names, cst.ImportStar):
                owner_names |= {import_binding(alias): alias.evaluated_name for alias in statement.names}
                imported_names |= _imported_names(statement)
            case cst.ClassDef(name=cst.Name(value=name)):
                owner_names[name] = name
    search = _AttributeSearch(owner_names, imported_names, calls_setattr=module.mentions(b"setattr"))
    changes = FactsByName(UnvisitedBodies[str](module), search.changes_in_body)
    changes.add(search.changes_in_skeleton(module.tree, changes.unvisited))
    import_bindings: dict[str, list[str]] = {}
    for binding, (_, name) in imported_names.items():
        import_bindings.setdefault(name, []).append(binding)
    return AssignedAttributes(changes, import_bindings)


class _AttributeSearch(Struct, frozen=True):
    """A search for changes of attributes in the statements of a module."""

    owner_names: Mapping[str, str]
    """The dotted name of each imported module and the name of each class, by the name that is bound to it."""
    imported_names: Mapping[str, tuple[str, str]]
    """The last component of the module, and the name in the module, of each imported name, by the bound name."""
    calls_setattr: bool
    """Whether the module may call `setattr`."""

    def changes_in_skeleton(
        self, tree: cst.Module, unvisited: UnvisitedBodies[str]
    ) -> Iterator[tuple[str, AttributeChange]]:
        """Yield the attribute and the change for each change outside deferred bodies. Add these to `unvisited`."""
        for statement, owner in _with_owners(tree, skeleton=True):
            yield from self._changes_by(statement, owner)
            if type(statement) is cst.FunctionDef or type(statement) is cst.ClassDef:
                unvisited.defer(statement.body, _owner_within(statement, owner))
        yield from self._calls(all_nodes(tree, skeleton=True))

    def changes_in_body(self, body: cst.BaseSuite, owner: str) -> Iterator[tuple[str, AttributeChange]]:
        """Yield the attribute and the change for each change in the body of a function or class."""
        for statement, inner_owner in _with_owners(body, owner):
            yield from self._changes_by(statement, inner_owner)
        yield from self._calls(all_nodes(body, sketched=True))

    def _changes_by(self, statement: cst.CSTNode, owner: str) -> Iterator[tuple[str, AttributeChange]]:
        method = owner if "." in owner else ""
        for target, name in attribute_targets(statement):
            yield self._assignment(target, name, method)
        for value in mutated_values(statement):
            if isinstance(value, cst.Name) and value.value in self.imported_names:
                module, name = self.imported_names[value.value]
                yield name, AttributeChange(module, is_assigned=False)
            elif isinstance(value, cst.Attribute):
                owner_name = name_of_owner(value.value, self.owner_names)
                yield value.attr.value, AttributeChange(owner_name, is_assigned=False)

    def _assignment(self, owner: cst.BaseExpression, name: str, method: str = "") -> tuple[str, AttributeChange]:
        is_of_self = isinstance(owner, cst.Name) and owner.value == "self"
        return name, AttributeChange(
            name_of_owner(owner, self.owner_names),
            is_assigned=True,
            is_of_self=is_of_self,
            method=method if is_of_self else "",
        )

    def _calls(self, nodes: Iterator[cst.CSTNode]) -> Iterator[tuple[str, AttributeChange]]:
        """Yield the assignments by calls of `setattr`, including calls in lambdas."""
        for node in nodes if self.calls_setattr else ():
            match node:
                case cst.Call(func=cst.Name(value="setattr"), args=[owner, attribute, *_]):
                    text = attribute.value.raw_value if isinstance(attribute.value, cst.SimpleString) else ANY_NAME
                    yield self._assignment(owner.value, str(text))


_MODULE: Final = "<module>"
"""The owner of the statements of a module outside of functions and classes."""


def _with_owners(
    body: cst.BaseSuite | cst.Module, owner: str = _MODULE, *, skeleton: bool = False
) -> Iterator[tuple[cst.CSTNode, str]]:
    """Yield the statements below a block, each with its owner, as in `_owner_within`.

    With `skeleton`, the statements in deferred bodies are omitted. Otherwise, sketches represent these bodies.
    """
    stack = [(statements(body if skeleton else sketch_of(body)), owner)]
    while stack:
        block, owner = stack[-1]
        statement = next(block, None)
        if statement is None:
            stack.pop()
            continue
        yield statement, owner
        inner = [suite for suite in suites(statement) if not (skeleton and type(suite) is DeferredBlock)]
        if inner:
            inner_owner = _owner_within(statement, owner)
            stack += ((statements(suite if skeleton else sketch_of(suite)), inner_owner) for suite in reversed(inner))


def _owner_within(statement: cst.CSTNode, owner: str) -> str:
    """Return the owner of the statements in a statement: a class of the module, or a method of one for its `self`.

    Nested classes, and functions with another `self`, have no owner.
    """
    match statement:
        case cst.ClassDef(name=cst.Name(value=name)):
            return name if owner == _MODULE else ""
        case cst.FunctionDef(name=cst.Name(value=name), params=cst.Parameters(posonly_params=first, params=others)):
            has_self = any(parameter.name.value == "self" for parameter in (*first, *others))
            is_method = owner not in ("", _MODULE) and "." not in owner
            if is_method:
                return f"{owner}.{name}" if has_self else ""
            return "" if has_self or owner == _MODULE else owner
        case _:
            return owner


def may_assign(module: SourceModule) -> bool:
    """Return whether a module may assign or mutate an attribute. Only the result False is certain."""
    source = joined_lines(module.utf_8_source)
    if _ASSIGNMENT.search(source) or has_split_target(source) or _assigns_in_for(source):
        return True
    if not _MUTATORS.isdisjoint(re.findall(_CALLED_METHOD, source)):
        return True
    return any(match[1] for word, pattern in _LINE_PATTERNS if word in source for match in pattern.finditer(source))


def may_write_at_import(module: SourceModule) -> bool:
    """Return whether a module may change an attribute, also by a call or in a namespace dict."""
    return module.once(may_assign) or any(map(module.mentions, NAMESPACES))


def has_split_target(source: bytes) -> bool:
    """Return whether the target of an assignment may begin on an earlier line."""
    return _SPLIT_TARGET.search(source) is not None


def joined_lines(source: bytes) -> bytes:
    """Return a source without continued lines, in which patterns find the targets of assignments.

    If a target may contain comments, a copy without them follows. It may lack code after number signs in strings.
    """
    joined = re.sub(_CONTINUATION, b" ", source) if b"\\" in source else source
    has_long_target = b"#" in joined and re.search(_LONG_TARGET, joined)
    return b"%s\n%s" % (joined, re.sub(_COMMENT, b"", joined)) if has_long_target else joined


def _assigns_in_for(source: bytes) -> bool:
    """Return whether the target of a `for` contains a dot."""
    if b"for" not in source:
        return False
    lines = (line for line in re.findall(_FOR_CLAUSE, source) if b"." in line)
    clauses = (re.split(_IN_KEYWORD, clause, maxsplit=1) for line in lines for clause in line.split(b"for "))
    return any(len(clause) > 1 and b"." in clause[0] for clause in clauses)


def _imported_names(statement: cst.Import | cst.ImportFrom) -> Mapping[str, tuple[str, str]]:
    """Return, for each name that a `from` import binds, the last component of the module and the name in the module."""
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return {}
    owner = imported_module(statement)[1].rsplit(".", 1)[-1]
    return {import_binding(alias): (owner, alias.evaluated_name) for alias in statement.names}


def name_of_owner(owner: cst.BaseExpression, owner_names: Mapping[str, str]) -> str:
    """Return the last component of the name of a module or class, or an empty string for other objects."""
    if isinstance(owner, cst.Name):
        return owner_names.get(owner.value, "").rsplit(".", 1)[-1]
    if isinstance(owner, cst.Attribute):
        return owner.attr.value if name_of_owner(owner.value, owner_names) else ""
    return ""


def attribute_targets(statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the object and name of each attribute that a statement assigns or deletes."""
    for target in assigned_targets(statement):
        if type(target) is cst.Attribute:
            yield target.value, target.attr.value
