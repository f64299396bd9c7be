"""The flows and mutations of collections in the statements of a module, for its may-alias analysis.

A collection flows from name to name through assignments, loops, arguments and results.
"""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import ParameterNames, first_name, import_binding, last_name, pattern_names
from stepgraph.syntax.deferred.blocks import DeferredBlock
from stepgraph.syntax.mutation.access_paths import UNKNOWN_NAME, AccessPath, CalledFunction, dotted_owner
from stepgraph.syntax.mutation.changes import (
    COLLECTION_MUTATORS,
    COPYING_CALLS,
    ELEMENT_METHODS,
    EXTENDING_METHODS,
    MUTATING_FUNCTIONS,
    PAIRING_CALLS,
    READING_CALLS,
    SPECIAL_MUTATORS,
    WORKFLOW_STARTS,
)
from stepgraph.syntax.mutation.collection_sources import Paths, collection_sources, elements_at, literal_attribute
from stepgraph.syntax.mutation.definitions import Definitions, opaque_imports
from stepgraph.syntax.walk import children, statements_below

_FOLLOWED_CALLS: Final = (
    READING_CALLS
    | COPYING_CALLS
    | PAIRING_CALLS
    | EXTENDING_METHODS
    | ELEMENT_METHODS
    | MUTATING_FUNCTIONS
    | COLLECTION_MUTATORS
)


_FLOW_STATEMENTS: Final = frozenset(
    [
        *(cst.Assign, cst.AnnAssign, cst.AugAssign, cst.For, cst.With, cst.Del),
        *(cst.Match, cst.Try, cst.TryStar, cst.ImportFrom),
    ]
)
# Statements that may bind names to values from unmodeled code, and expressions with such values.
_VALUE_STATEMENTS: Final = frozenset([cst.Assign, cst.AnnAssign, cst.For, cst.With])
_UNKNOWN_TYPES: Final = frozenset([cst.Call, cst.Await, cst.Attribute, cst.Subscript, cst.Yield])
# Expressions other than calls and attributes through which collections flow.
_FLOW_TYPES: Final = frozenset([cst.Parameters, cst.NamedExpr, cst.CompFor])
NAMESPACE_CALLS: Final = ("globals", "locals")
"""Calls that return the names of a module or function in a dictionary."""


def is_followed_call(call: cst.Call) -> bool:
    """Return whether the flow through a call is known. Calls `type(name, bases, attributes)` make unknown classes."""
    name = last_name(call.func)
    return (name in _FOLLOWED_CALLS and (name != "type" or len(call.args) == 1)) or _starts_workflow(call)


def _starts_workflow(call: cst.Call) -> bool:
    """Return whether a call starts a workflow: `self.env.ORDERS.create(options)`. The SDK copies the arguments."""
    match call.func:
        case cst.Attribute(value=cst.Attribute(value=owner), attr=cst.Name(value=name)):
            return last_name(owner) == "env" and name in WORKFLOW_STARTS
        case _:
            return False


def _declares_step(node: cst.BaseExpression) -> bool:
    """Return whether an expression is `step.do(name)`. The SDK does not change the function that this decorates."""
    return isinstance(node, cst.Call) and last_name(node.func) == "do"


def _presets_step(call: cst.Call) -> bool:
    """Return whether a call is `partial(step.do, config=CONFIG)`. The SDK does not change or return the arguments."""
    match call.args:
        case [cst.Arg(value=function), *_]:
            return last_name(call.func) == "partial" and last_name(function) == "do"
        case _:
            return False


class FlowCollector(Struct):
    """A collector of the flows and mutations in the statements of a module."""

    definitions: Definitions
    has_generators: bool
    """Whether the module may contain a `yield`."""
    flows: dict[str, set[tuple[AccessPath, str]]] = field(default_factory=dict)
    """The access paths of each name that flow to another name, each with that other name."""
    written: dict[str, set[AccessPath]] = field(default_factory=dict)
    """The access paths of each name whose collections are mutated."""
    written_by_libraries: dict[str, set[AccessPath]] = field(default_factory=dict)
    """The part of `written` that code outside the project mutates."""
    passed_to_others: dict[str, set[tuple[AccessPath, CalledFunction]]] = field(default_factory=dict)
    """The access paths of each name that imported functions and methods receive, with these functions.

    They are not part of `written`.
    """
    unknown_arguments: set[CalledFunction] = field(default_factory=set)
    """Imported functions that receive results of unmodeled code."""
    unknown: set[str] = field(default_factory=set)
    """Names whose values may come from unmodeled code."""
    assigned: set[str] = field(default_factory=set)
    """Names that the module binds."""
    keeps_names: bool = False
    """Whether the module reads its names from a dictionary, as in `globals()["NAME"]`."""
    keeps_names_of_modules: bool = False
    """Whether the module may read any name of an imported module, as in `getattr(settings, name)`."""
    mutates_results: bool = False
    """Whether the module mutates the result of unmodeled code, or a name in `unknown`."""
    called_results: set[int] = field(default_factory=set)
    """The calls whose results are called at once, by `id`. Such a result is no collection."""

    def mutates_unknown(self) -> bool:
        """Return whether a value from unmodeled code may be mutated, other than by imported functions."""
        reached = self._reached_from_unknown()
        return self.mutates_results or any(name in reached or name not in self.assigned for name in self.written)

    def _reached_from_unknown(self) -> set[str]:
        """Return the names whose values may come from unmodeled code, directly or through other names."""
        pending, reached = list(self.unknown), set(self.unknown)
        while pending:
            for _, target in self.flows.get(pending.pop(), ()):
                if target not in reached:
                    reached.add(target)
                    pending.append(target)
        return reached

    def unknown_callees(self) -> frozenset[CalledFunction]:
        """Return the imported functions that may receive a value from unmodeled code."""
        reached = self._reached_from_unknown()
        return frozenset(
            called
            for name, passed in self.passed_to_others.items()
            if name in reached or name not in self.assigned
            for _, called in passed
            if not called.may_be_method
        ).union(self.unknown_arguments)

    def collect_results(self, body: cst.BaseSuite, function: str) -> None:
        """Record the flow of returned and yielded values in a body to the name of its function."""
        for statement in statements_below(body, sketched=True):
            self._record_results(statement, function)

    def _record_results(self, statement: cst.CSTNode, function: str) -> None:
        if type(statement) is cst.Return and statement.value is not None:
            self._record_flow(self._sources(statement.value), function)
            self._keep(self._sources(statement.value))
        for node in _nodes_outside_blocks(statement) if self.has_generators else ():
            if type(node) is not cst.Yield:
                continue
            match node.value:
                case cst.From(item=iterable):
                    self._record_flow(self._sources(iterable), function)
                case cst.BaseExpression() as value:
                    self._keep(self._sources(value))
                    self._record_flow(tuple(path.in_collection() for path in self._sources(value)), function)

    def collect_flows(self, statement: cst.CSTNode) -> None:
        """Record the flows and mutations of a statement, and the results of a function without a deferred body."""
        if type(statement) in _FLOW_STATEMENTS:
            self._collect_statement_flows(statement)
        if type(statement) is cst.FunctionDef or type(statement) is cst.ClassDef:
            for decorator in statement.decorators:
                self._collect_nodes(decorator)
            self._collect_definition(statement)
        if type(statement) is not cst.ClassDef:
            self._collect_nodes(statement)

    def _collect_definition(self, statement: cst.FunctionDef | cst.ClassDef) -> None:
        """Record a function and its results, except those in a deferred body, or a class."""
        name = statement.name.value
        if type(statement) is cst.ClassDef:
            self._add_unknown(name)
            return
        self.assigned.add(name)
        if type(statement.body) is not DeferredBlock:
            self.collect_results(statement.body, name)

    def _collect_statement_flows(self, statement: cst.CSTNode) -> None:
        match statement:
            case cst.Assign(targets=targets, value=value):
                for target in targets:
                    self._record_assignment(target.target, self._sources(value))
            case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
                self._record_assignment(target, self._sources(value))
            case cst.AnnAssign(target=target):
                self._record_unknown(target)
            case cst.AugAssign(target=target, value=value):
                self._mutate_value(target)
                self._record_store(target, elements_at(self._sources(value)))
            case cst.For(target=target, iter=iterable):
                self._record_assignment(target, elements_at(self._sources(iterable)))
            case cst.With(items=items):
                for item in items:
                    if item.asname is not None:
                        self._record_assignment(item.asname.name, self._sources(item.item))
            case cst.Del(target=target):
                self._record_deletion(target)
            case cst.ImportFrom():
                for alias in opaque_imports(statement):
                    self._record_flow((AccessPath(alias.evaluated_name),), import_binding(alias))
            case cst.Match(subject=subject, cases=cases):
                for case in cases:
                    self._record_captures(case.pattern, self._sources(subject))
            case cst.Try(handlers=handlers) | cst.TryStar(handlers=handlers):
                for handler in handlers:
                    if handler.name is not None:
                        self._record_unknown(handler.name.name)
        if type(statement) in _VALUE_STATEMENTS:
            self._record_unknown_values(statement)

    def _collect_nodes(self, root: cst.CSTNode) -> None:
        called: set[int] = set()
        methods: list[cst.Attribute] = []
        for node in _nodes_outside_blocks(root):
            if type(node) is cst.Call:
                called.add(id(node.func))
                self._collect_call_flows(node)
            elif type(node) is cst.Attribute:
                if node.attr.value in COLLECTION_MUTATORS and id(node) not in called:
                    methods.append(node)
            elif type(node) in _FLOW_TYPES:
                self._collect_expression_flows(node)
        if methods:
            leaving = self._nodes_leaving(root)
            for method in methods:
                self._mutate_value(method.value, by_library=id(method) in leaving)

    def _nodes_leaving(self, statement: cst.CSTNode) -> set[int]:
        """Return the identities of the nodes whose values a statement stores in an object or passes to other code."""
        owners = [
            argument
            for node in _nodes_outside_blocks(statement)
            if isinstance(node, cst.Call) and not self._is_followed_call(node)
            for argument in node.args
        ]
        stores = isinstance(statement, cst.Assign | cst.AnnAssign) and not _binds_names(statement)
        return {
            id(node) for owner in (*owners, *([statement] if stores else ())) for node in _nodes_outside_blocks(owner)
        }

    def _record_unknown_values(self, statement: cst.CSTNode) -> None:
        """Record the targets that a statement binds to a value from unmodeled code."""
        match statement:
            case cst.Assign(targets=targets, value=value) if self._is_unknown(value):
                for target in targets:
                    self._record_unknown(target.target)
            case cst.AnnAssign(target=single, value=cst.BaseExpression() as value) if self._is_unknown(value):
                self._record_unknown(single)
            case cst.For(target=single, iter=value) if self._is_unknown(value):
                self._record_unknown(single)
            case cst.With(items=items):
                for item in items:
                    if item.asname is not None:
                        self._record_unknown(item.asname.name)

    def _record_unknown(self, target: cst.BaseExpression) -> None:
        match target:
            case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
                self._add_unknown(name)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                for element in elements:
                    self._record_unknown(element.value)

    def _add_unknown(self, name: str) -> None:
        self.unknown.add(name)
        self.mutates_results = self.mutates_results or name in self.written

    def _is_unknown(self, value: cst.BaseExpression) -> bool:
        """Return whether an expression is the result of unmodeled code, or a value sent to a generator."""
        if type(value) not in _UNKNOWN_TYPES:
            return False
        match value:
            case cst.Call():
                is_followed = bool(self._sources(value)) or is_followed_call(value)
                return not is_followed or self._is_opaque(value.func)
            case cst.Await(expression=inner) | cst.Attribute(value=inner) | cst.Subscript(value=inner):
                return self._is_unknown(inner)
            case _:
                return isinstance(value, cst.Yield)

    def _keep(self, sources: Paths) -> None:
        """Record that unmodeled code may store the collections at `sources`, or their elements."""
        self._record_flow((*sources, *elements_at(sources)), UNKNOWN_NAME)

    def _record_captures(self, pattern: cst.CSTNode, sources: Paths) -> None:
        """Record that a value, its elements, or a list of its elements flow to the names of a pattern."""
        elements = elements_at(sources)
        in_list = tuple(path.in_collection() for path in elements)
        for name in pattern_names(pattern):
            self.assigned.add(name)
            self._record_flow((*sources, *elements, *elements_at(elements), *in_list), name)

    def _collect_expression_flows(self, node: cst.CSTNode) -> None:
        match node:
            case cst.Parameters():
                self._collect_parameters(node)
            case cst.NamedExpr(target=target, value=value):
                self._record_assignment(target, self._sources(value))
            case cst.CompFor(target=target, iter=iterable):
                self._record_assignment(target, elements_at(self._sources(iterable)))

    def _collect_parameters(self, parameters: cst.Parameters) -> None:
        """Record that unknown code may pass values to parameters, and that their default values flow to them."""
        for parameter in (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params):
            self._add_unknown(parameter.name.value)
            if parameter.default is not None:
                self._record_flow(self._sources(parameter.default), parameter.name.value)

    def _collect_call_flows(self, call: cst.Call) -> None:
        arguments = [self._sources(argument.value) for argument in call.args]
        if type(call.func) is cst.Call:
            self.called_results.add(id(call.func))
        self.keeps_names = self.keeps_names or last_name(call.func) in NAMESPACE_CALLS
        self.keeps_names_of_modules = self.keeps_names_of_modules or self._reads_names_of_modules(call)
        if not any(arguments) and not isinstance(call.func, cst.Attribute):
            return
        name = last_name(call.func)
        may_be_method = isinstance(call.func, cst.Attribute) and name in COLLECTION_MUTATORS
        is_imported = bool(name) and name not in MUTATING_FUNCTIONS and self._is_opaque(call.func)
        if not is_imported and not self._is_followed_call(call):
            self._keep(tuple(path for sources in arguments for path in sources))
        if name == "getattr":
            self._mutate(arguments[0])
        if isinstance(call.func, cst.Attribute) and (name in COLLECTION_MUTATORS or name in SPECIAL_MUTATORS):
            self._mutate_value(call.func.value, by_library=name in SPECIAL_MUTATORS)
            if isinstance(call.func.value, cst.Name) and call.func.value.value in ("dict", "list", "set"):
                self._mutate(arguments[0] if arguments else (), by_library=True)
            stored = tuple(path for sources in arguments for path in sources)
            self._record_store(call.func.value, elements_at(stored) if name in EXTENDING_METHODS else stored)
        elif (not name and not self._is_sdk_call(_declares_step(call.func))) or name in MUTATING_FUNCTIONS:
            mutated = tuple(path for sources in arguments for path in (*sources, *elements_at(sources)))
            self._mutate(mutated, by_library=True)
        if may_be_method or is_imported:
            owner = dotted_owner(call.func) if is_imported and not may_be_method else ""
            self._record_passed(call, arguments, CalledFunction(owner, name, may_be_method, None))
        for parameters in self.definitions.parameters_of(name):
            for index, (argument, sources) in enumerate(zip(call.args, arguments, strict=True)):
                self._bind_argument(parameters, argument, index, sources)
        for argument in call.args:
            passed = self.definitions.parameters_of(last_name(argument.value))
            if type(argument.value) is cst.Lambda:
                passed = [ParameterNames.from_node(argument.value.params)]
            for parameters in passed:
                for parameter in parameters.names:
                    self._record_flow(
                        tuple(path for sources in arguments for path in (*sources, *elements_at(sources))), parameter
                    )

    def _record_passed(self, call: cst.Call, arguments: list[Paths], called: CalledFunction) -> None:
        """Record the arguments that a function of another module receives."""
        for index, (argument, sources) in enumerate(zip(call.args, arguments, strict=True)):
            keyword = None if argument.keyword is None else argument.keyword.value
            position = None if argument.star or any(each.star for each in call.args[:index]) else index
            receiver = called._replace(argument=position if keyword is None else keyword)
            for path in (*sources, *elements_at(sources)):
                self.passed_to_others.setdefault(path.name, set()).add((path, receiver))
            if not (any(arguments) or called.may_be_method):
                self.unknown_arguments.add(receiver)

    def _is_followed_call(self, call: cst.Call) -> bool:
        """Return whether the flow of the arguments of a call is known."""
        if self.definitions.parameters_of(last_name(call.func)) or is_followed_call(call):
            return True
        return self._is_sdk_call(_presets_step(call))

    def _is_sdk_call(self, calls_do: bool) -> bool:  # noqa: FBT001 - the condition is the subject
        """Return whether a function named `do` is the method of the SDK, because the module defines no other."""
        return calls_do and not self.definitions.parameters_of("do")

    def _bind_argument(self, parameters: ParameterNames, argument: cst.Arg, index: int, sources: Paths) -> None:
        if argument.star:
            for parameter in parameters.names:
                self._record_flow(elements_at(sources), parameter)
        elif argument.keyword is not None:
            self._record_flow(sources, argument.keyword.value)
            if parameters.keywords is not None:
                self._record_flow(tuple(path.in_collection() for path in sources), parameters.keywords)
        else:
            # A method called on its class takes the receiver as the first argument.
            for position in {index, index - parameters.has_receiver} - {-1}:
                self._bind_position(parameters, position, sources)

    def _bind_position(self, parameters: ParameterNames, position: int, sources: Paths) -> None:
        if position < len(parameters.positional):
            self._record_flow(sources, parameters.positional[position])
        elif parameters.rest is not None:
            self._record_flow(tuple(path.in_collection() for path in sources), parameters.rest)

    def _sources(self, node: cst.BaseExpression) -> Paths:
        return collection_sources(node, self.definitions)

    def _is_opaque(self, function: cst.BaseExpression) -> bool:
        return self.definitions.is_opaque(first_name(function))

    def _reads_names_of_modules(self, call: cst.Call) -> bool:
        """Return whether a call may return any name of an imported module."""
        if type(call.func) is not cst.Name or id(call) in self.called_results:
            return False
        match call:
            case cst.Call(func=cst.Name(value="getattr"), args=[owner, *_]):
                return self._is_opaque(owner.value) and not literal_attribute(call)
            case cst.Call(func=cst.Name(value="vars"), args=[owner]):
                return self._is_opaque(owner.value)
            case _:
                return False

    def _record_deletion(self, target: cst.BaseExpression) -> None:
        for item in target.elements if isinstance(target, cst.Tuple) else (target,):
            node = item.value if isinstance(item, cst.Element) else item
            if isinstance(node, cst.Subscript):
                self._mutate_value(node.value)

    def _record_assignment(self, target: cst.BaseExpression, sources: Paths) -> None:
        match target:
            case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
                self.assigned.add(name)
                self._record_flow(sources, name)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                parts = elements_at(sources)
                for element in elements:
                    is_starred = isinstance(element, cst.StarredElement)
                    element_paths = tuple(path.in_collection() for path in parts) if is_starred else parts
                    self._record_assignment(element.value, element_paths)
            case cst.Subscript(value=owner):
                self._mutate_value(owner)
                self._record_store(owner, sources)

    def _record_store(self, owner: cst.BaseExpression, sources: Paths) -> None:
        """Record that a value stored in a collection flows to each name from which the collection flows."""
        in_collection = tuple(path.in_collection() for path in sources)
        for path in self._sources(owner):
            self._record_flow(in_collection, path.name)

    def _record_flow(self, sources: Paths, name: str) -> None:
        for path in sources:
            if path != AccessPath(name):
                self.flows.setdefault(path.name, set()).add((path, name))

    def _mutate_value(self, node: cst.BaseExpression, *, by_library: bool = False) -> None:
        self.mutates_results = self.mutates_results or self._is_unknown(node)
        self._mutate(self._sources(node), by_library=by_library)

    def _mutate(self, sources: Paths, *, by_library: bool = False) -> None:
        self.mutates_results = self.mutates_results or not sources
        for path in sources:
            self.mutates_results = self.mutates_results or path.name in self.unknown
            self.written.setdefault(path.name, set()).add(path)
            if by_library:
                self.written_by_libraries.setdefault(path.name, set()).add(path)


def _binds_names(statement: cst.Assign | cst.AnnAssign) -> bool:
    """Return whether all targets of an assignment are names."""
    targets = (
        [statement.target] if isinstance(statement, cst.AnnAssign) else [each.target for each in statement.targets]
    )
    return all(isinstance(target, cst.Name) for target in targets)


def _nodes_outside_blocks(statement: cst.CSTNode) -> list[cst.CSTNode]:
    """Return the nodes of a statement except names, literals, and nodes in blocks and decorators, parents first."""
    nodes = [statement]
    for node in nodes:
        nodes += [child for child in children(node) if type(child) not in _SKIPPED_TYPES]
    return nodes


_SKIPPED_TYPES: Final = frozenset(
    [
        *(cst.Name, cst.Integer, cst.Float, cst.SimpleString),
        *(cst.IndentedBlock, DeferredBlock, cst.SimpleStatementSuite, cst.Decorator),
        *(cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler),
    ]
)
