"""The classes of a project: their base classes, and the classes of the objects on which a method may run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name
from stepgraph.syntax.definitions.dotted_names import NameDefinition, locate
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.walk import statements_below

PlacedClass: TypeAlias = tuple[cst.ClassDef, SourceModule]
"""A class and its module."""

ENTRYPOINT: Final = "WorkflowEntrypoint"
_MAX_CLASSES: Final = 20
"""The maximum number of classes that are searched for a member."""
PLAIN_BASES: Final = frozenset({"ABC", "Generic", "Protocol", "object"})
"""The last names of base classes from other packages that call special methods only."""
_CONSTANT_BASES: Final = PLAIN_BASES | {"TypedDict", ENTRYPOINT}
"""The last names of base classes from other packages that do not change the constants in their subclasses."""
_OTHER_BASES: Final = _CONSTANT_BASES | {"Exception", "Enum", "NamedTuple"}
"""The last names of base classes from other packages that do not derive from classes of the project."""


class ClassHierarchy:
    """The classes of a project."""

    def __init__(
        self,
        importer: Importer | None,
        workflow: SourcePlace | None,
        modules_with: Callable[[SourceModule], Sequence[SourceModule]],
    ) -> None:
        """Prepare the classes. `workflow` is the class of the object on which the engine calls `run`."""
        self._importer = importer
        self._workflow: PlacedClass | None = None
        if workflow is not None and isinstance(workflow.node, cst.ClassDef):
            self._workflow = workflow.node, workflow.module
        self.modules_with = modules_with
        """Returns the modules with the code of the graph, including a module."""
        self._subclasses: defaultdict[int, list[PlacedClass]] = defaultdict(list)
        """The subclasses of each class, by its identity."""
        self._visited: set[str] = set()
        """The paths of the modules whose classes are in `_subclasses`."""

    def with_bases(self, owner: cst.ClassDef, module: SourceModule) -> Iterator[PlacedClass]:
        """Yield a class and its base classes in the project, in about the order of Python's search for members."""
        pending = [(owner, module)]
        visited: set[int] = set()
        while pending and len(visited) < _MAX_CLASSES:
            each, inside = pending.pop(0)
            if id(each) not in visited:
                visited.add(id(each))
                yield each, inside
                bases = (self.class_of(base.value, inside) for base in each.bases)
                pending[:0] = (base for base in bases if base is not None)

    def receivers(self, owner: cst.ClassDef, module: SourceModule) -> Sequence[PlacedClass]:
        """Return the classes of the objects on which a method of a class may run.

        The engine makes a single object of a workflow. Objects of other classes may be objects of their subclasses.
        """
        classes = self._workflow_with_base(owner) or [(owner, module)]
        return classes if self._is_entrypoint(owner, module) else [*classes, *self._subclasses_of(owner, module)]

    def are_related(self, first: PlacedClass, second: PlacedClass) -> bool:
        """Return whether an object may belong to both classes: a class and its subclass, or two bases of a class."""
        derived = (first, *self._workflow_with_base(first[0]), *self._subclasses_of(*first))
        return self._has_base(second, first[0]) or any(self._has_base(each, second[0]) for each in derived)

    def may_delegate(self, calling: PlacedClass, target: PlacedClass) -> bool:
        """Return whether `super()` in a method of a class may stand for another class.

        The other class follows the class among the bases of some object. Subclasses never do.
        """
        if self._has_base(target, calling[0]):
            return False
        derived = [calling, *self._workflow_with_base(calling[0]), *self._subclasses_of(*calling)]
        bases = [base for each in derived for base in self.with_bases(*each)]
        return any(each is target[0] for each, _ in bases) or not all(map(self._has_known_bases, bases))

    def _has_known_bases(self, owner: PlacedClass) -> bool:
        return all(
            last_name(base.value.value if isinstance(base.value, cst.Subscript) else base.value) in _OTHER_BASES
            or self.class_of(base.value, owner[1]) is not None
            for base in owner[0].bases
        )

    def _has_base(self, owner: PlacedClass, base: cst.ClassDef) -> bool:
        return any(each is base for each, _ in self.with_bases(*owner))

    def is_workflow(self, owner: cst.ClassDef) -> bool:
        """Return whether the workflow is the only object with a class."""
        classes = [] if self._workflow is None else [*self.with_bases(*self._workflow)]
        return any(each is owner and self._is_entrypoint(each, module) for each, module in classes)

    def is_plain(self, owner: cst.ClassDef, module: SourceModule) -> bool:
        """Return whether the constants in the body of a class are the values of its attributes."""
        return not (owner.keywords or owner.decorators) and all(
            base_name(base) in _CONSTANT_BASES or self.class_of(base.value, module) is not None for base in owner.bases
        )

    def _workflow_with_base(self, base: cst.ClassDef) -> Sequence[PlacedClass]:
        """Return the class of the workflow if it is a class or derives from it."""
        return [] if self._workflow is None or not self._has_base(self._workflow, base) else [self._workflow]

    def _is_entrypoint(self, owner: cst.ClassDef, module: SourceModule) -> bool:
        """Return whether only the engine makes objects of a class, since it is the class of a workflow."""
        classes = self.with_bases(owner, module)
        return any(last_name(base.value) == ENTRYPOINT for each, _ in classes for base in each.bases)

    def _subclasses_of(self, owner: cst.ClassDef, module: SourceModule) -> Sequence[PlacedClass]:
        """Return the subclasses of a class, except classes of workflows."""
        for each in self.modules_with(module):
            if each.path in self._visited:
                continue
            self._visited.add(each.path)
            for derived in each.once(_derived_classes):
                if not self._is_entrypoint(derived, each):
                    _, *bases = self.with_bases(derived, each)
                    for base, _ in bases:
                        self._subclasses[id(base)].append((derived, each))
        return self._subclasses.get(id(owner), ())

    def class_of(self, base: cst.BaseExpression, module: SourceModule) -> PlacedClass | None:
        """Return the class of the project that an expression in a module names, outside of functions, or None."""
        names = dotted_names(base.value if isinstance(base, cst.Subscript) else base)
        target = locate(names, module, self._importer) if names else None
        if not isinstance(target, NameDefinition) or target.used < len(names):
            return None
        match bindings_of(target.module.tree, target.module).binders[target.name]:
            case [cst.ClassDef() as owner]:
                return owner, target.module
            case _:
                return None


def base_name(base: cst.Arg) -> str:
    """Return the last name of a base class without type arguments, or an empty string for other expressions."""
    return last_name(base.value.value if isinstance(base.value, cst.Subscript) else base.value)


def is_class_method(method: cst.FunctionDef) -> bool:
    """Return whether the first argument of a method is the class itself."""
    return any(last_name(each.decorator) == "classmethod" for each in method.decorators)


def class_around(method: cst.FunctionDef, module: SourceModule) -> cst.ClassDef | None:
    """Return the class whose object is the first argument of a method, or None for another function."""
    owner = next(iter(module.scopes_around(method)), None)
    is_static = any(last_name(each.decorator) == "staticmethod" for each in method.decorators)
    return owner if isinstance(owner, cst.ClassDef) and not is_static else None


def _derived_classes(module: SourceModule) -> Sequence[cst.ClassDef]:
    """Return the classes of a module with base classes."""
    classes = statements_below(module.tree, into_functions=True)
    return [each for each in classes if isinstance(each, cst.ClassDef) and each.bases]
