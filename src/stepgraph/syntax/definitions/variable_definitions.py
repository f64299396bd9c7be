"""The definitions of local variables, which replace their names in an expression.

The value of a variable with a single assignment replaces its name, so extracting a variable changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.assignment_expressions import is_certain
from stepgraph.syntax.definitions.bound_values import (
    augmentation,
    clause_of,
    declaration_of_step,
    enumeration_start,
    numbered_elements,
    only_path,
    only_value,
    target_path,
    text_without_settings,
    written_values,
)
from stepgraph.syntax.definitions.class_hierarchy import class_around
from stepgraph.syntax.definitions.collected_lists import collected_list
from stepgraph.syntax.definitions.counting_loops import counting_loop
from stepgraph.syntax.definitions.definition_scope import DefinitionExpansion, functions_around
from stepgraph.syntax.definitions.function_calls import arguments_for, is_collection, names_function, parameter_position
from stepgraph.syntax.definitions.loop_elements import is_item, may_change_item
from stepgraph.syntax.definitions.name_replacement import NameReplacer, Numbers, UnknownDefinitionError
from stepgraph.syntax.definitions.normal_values import (
    expression_text,
    normal_expression_text,
    normal_test_text,
    parse_value,
    parsed_prefix,
    passed_constant,
)
from stepgraph.syntax.definitions.raising_code import HandlingStatement
from stepgraph.syntax.definitions.variable_changes import (
    BlockStatement,
    LoopStatement,
    ReachingStatements,
    deciding_parts,
    may_run_before,
    reaching_statements,
)
from stepgraph.syntax.definitions.write_index import locations_in
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of

_MAX_BINDERS: Final = 100
"""The maximum number of statements that bind a variable."""
_ENUMERATED: Final = ".1"
"""The path of the element in a pair of `enumerate`."""
_NUMBER: Final = ".0"
"""The path of the number in a pair of `enumerate`."""
_READ: Final = "<read>"
"""The mark in the definitions of a variable at which it is read, if others follow, as in a loop."""


class SimpleCall(Struct, frozen=True):
    """A call in an expression."""

    node: cst.Call
    caller: VariableDefinitions
    at: cst.CSTNode
    function: int
    """The node and the function of the expression, as in `VariableDefinitions.expand`."""

    def value_of(self, expression: cst.BaseExpression, numbers: Numbers) -> cst.BaseExpression:
        """Return the value of a part of the call."""
        return self.caller.numbered(expression_text(expression), self.at, self.function, numbers)


class VariableDefinitions(Struct):
    """The definitions of the local variables of nested functions."""

    module: SourceModule
    functions: Sequence[cst.FunctionDef]
    """The functions, innermost first."""
    expansion: DefinitionExpansion

    def expand(self, text: str, at: cst.CSTNode, function: int) -> str:
        """Return an expression at a node of one of the functions, with the definitions of its variables."""
        numbers = Numbers()
        return numbers.defined(self.code(text, at, function, numbers))

    def code(self, text: str, at: cst.CSTNode, function: int, numbers: Numbers) -> str:
        """Return an expression as `expand` does, without the definitions, which `numbers` contains."""
        return normal_expression_text(self.numbered(text, at, function, numbers))

    def numbered(
        self, text: str, at: cst.CSTNode, function: int, numbers: Numbers, attribute: str = ""
    ) -> cst.BaseExpression:
        """Return an expression as `code` does: for an object, or for its attribute if the name is not empty."""
        self.expansion.scope.spend(len(text))
        expression = parse_value(text)
        if isinstance(expression, cst.Name):
            self.expansion.reads.add(expression.value)
            return self._variable(expression.value, at, function, numbers, attribute)
        constants: list[str] = []
        is_outermost = not self.expansion.calls

        def value_of_dotted(names: Sequence[str]) -> tuple[cst.BaseExpression, int] | None:
            # Imported here because few expressions read attributes.
            from stepgraph.syntax.definitions.attribute_values import attribute_value

            value = attribute_value(self, names, at, function, numbers)
            if value is not None:
                # No side effect in front of the expression changes it.
                constants.extend((names[0], *(f".{name}" for name in names[1 : value[1]] if not is_item(name))))
            return value or (None if any(map(is_item, names)) else self._dotted(names, at, function, numbers))

        def value_of_item(node: cst.Attribute | cst.Subscript) -> cst.BaseExpression | None:
            # Imported here because few expressions contain items with computed keys.
            from stepgraph.syntax.definitions.attribute_values import computed_item

            value = computed_item(self, node, at, function, numbers)
            constants.extend(() if value is None else locations_in(node))
            return value

        replacer = NameReplacer(
            lambda name, attribute: self._variable(name, at, function, numbers, attribute),
            value_of_dotted,
            value_of_item,
            # Results in results of other calls would be too many.
            lambda call: self._result(call, at, function, numbers) if call is expression or is_outermost else None,
            lambda call: self.expansion.scope.called_functions.identifier_of(call, self.functions[function:]),
            lambda attribute: self.expansion.scope.globals.of_attribute(attribute, self.module),
        )
        numbered = expression.visit(replacer)
        self._record_reads(expression, constants, replacer.replaced_calls)
        if not isinstance(numbered, cst.BaseExpression):
            raise UnknownDefinitionError
        return numbered

    def _record_reads(self, expression: cst.BaseExpression, constants: list[str], calls: Sequence[cst.Call]) -> None:
        """Record the locations that an expression reads, without constants and the calls that results replace."""
        arguments = {id(argument) for call in calls for argument in call.args}
        reads = Counter(locations_in(expression, arguments))
        reads.subtract((*constants, *self._called_names(calls)))
        self.expansion.reads.update(+reads)

    def _called_names(self, calls: Sequence[cst.Call]) -> Iterator[str]:
        """Yield the locations of functions whose results stand for their calls, if nothing writes them."""
        for call in calls:
            yield from (each for each in locations_in(call.func) if not self.expansion.scope.writes.is_written(each))

    def _result(
        self, expression: cst.Call | cst.Await, at: cst.CSTNode, function: int, numbers: Numbers
    ) -> cst.BaseExpression | None:
        """Return the result of a call or awaited call, as `result_of` does."""
        call = expression.expression if isinstance(expression, cst.Await) else expression
        if not isinstance(call, cst.Call):
            return None
        # Imported here because only expressions with calls need it.
        from stepgraph.syntax.definitions.called_functions import result_of

        return result_of(SimpleCall(call, self, at, function), numbers, is_awaited=call is not expression)

    def _argument(
        self, call: SimpleCall, parameter: cst.Param, owner: cst.FunctionDef, numbers: Numbers
    ) -> cst.BaseExpression:
        """Return the value that a call passes for a parameter of a simple function."""
        name = parameter.name.value
        match arguments_for(name, parameter_position(name, owner), owner, call.node):
            case _ if is_collection(name, owner):
                raise UnknownDefinitionError
            case [cst.Arg(value=value, star="")]:
                with self.expansion.calling(owner, None):
                    return call.value_of(value, numbers)
            case [] if parameter.default is not None:
                return self.numbered(
                    self.module.text(parameter.default), owner, self.functions.index(owner) + 1, numbers
                )
            case _:
                raise UnknownDefinitionError

    def _variable(
        self, name: str, at: cst.CSTNode, function: int, numbers: Numbers, attribute: str = ""
    ) -> cst.BaseExpression:
        """Return the value of a variable with a single assignment, or the name that replaces the variable.

        If only an attribute of its object is read, assignments to other attributes do not count.
        """
        if function < len(self.functions) and (clause := clause_of(name, at, self.functions[function], self.module)):
            comprehension, target, iterable = clause
            definition = self._element(name, target, iterable, comprehension, function)
            return numbers.of(self.functions[function], name, definition)
        for index in range(function, len(self.functions)):
            bindings = bindings_of(self.functions[index], self.module)
            if name in bindings.globals:
                return cst.Name(name)
            if bindings.binds(name):
                return self._local(name, index, at, numbers, attribute)
        value = self._dotted((name,), at, len(self.functions), numbers)
        return cst.Name(name) if value is None else value[0]

    def is_of_comprehension(self, name: str, at: cst.CSTNode, function: int) -> bool:
        """Return whether a comprehension around a node of one of the functions binds a variable."""
        return function < len(self.functions) and clause_of(name, at, self.functions[function], self.module) is not None

    def _dotted(
        self, names: Sequence[str], at: cst.CSTNode, function: int, numbers: Numbers
    ) -> tuple[cst.BaseExpression, int] | None:
        """Return the value of a dotted name and the number of components that it stands for.

        Return None for the names of local variables, of which a single component is replaced, and of unknown members.
        """
        method = self.method_around(names[0], function)
        if method is not None and len(names) > 1:
            value = self.expansion.scope.globals.of_member(names[1], method, self.module)
            if value is None:
                return None
            if not value.isidentifier():
                return parse_value(value), 2
            receiver = self._receiver(names[0], method, at, function, numbers)
            return cst.Attribute(receiver, cst.Name(value)), 2
        if function < len(self.functions) and clause_of(names[0], at, self.functions[function], self.module):
            return None
        for each in self.functions[function:]:
            bindings = bindings_of(each, self.module)
            if names[0] in bindings.globals:
                break
            if bindings.binds(names[0]):
                match bindings.binders[names[0]]:
                    case [cst.Import() | cst.ImportFrom() as statement]:
                        return parsed_prefix(self.expansion.scope.globals.of_import(statement, names, self.module))
                return None
        return parsed_prefix(self.expansion.scope.globals.of(names, self.module))

    def _receiver(
        self, name: str, method: cst.FunctionDef, at: cst.CSTNode, function: int, numbers: Numbers
    ) -> cst.BaseExpression:
        """Return the object on which a method runs, or the name of the only object of a workflow."""
        owner = class_around(method, self.module)
        scope = self.expansion.scope
        if owner is None or scope.classes.is_workflow(owner):
            return cst.Name(name)
        return self._variable(name, at, function, numbers)

    def may_change_item(self, item: str) -> bool:
        """Return whether code of the project may change an item of a dictionary or list that it has not made itself."""
        modules = self.expansion.scope.writes.modules_with(self.module)
        return any(may_change_item(item, each) for each in modules)

    def member_source(
        self, receiver: str, member: str, function: int
    ) -> tuple[cst.BaseExpression, VariableDefinitions, cst.CSTNode] | None:
        """Return the collection in a variable of the class around a method, with its statement.

        Return None if it may change.
        """
        method = self.method_around(receiver, function)
        variable = None if method is None else self.expansion.scope.globals.class_variable(member, method, self.module)
        if variable is None or self.expansion.scope.writes.may_change_elements(member, variable.module):
            return None
        return variable.value, VariableDefinitions(variable.module, (), self.expansion), variable.statement

    def method_around(self, owner: str, function: int) -> cst.FunctionDef | None:
        """Return the method around a function whose first parameter has a name."""
        for each in self.functions[function:]:
            first = next(iter(each.params.params), None)
            if first is not None and first.name.value == owner:
                return each if class_around(each, self.module) is not None else None
        return None

    def _local(self, name: str, function: int, at: cst.CSTNode, numbers: Numbers, attribute: str) -> cst.BaseExpression:
        owner = self.functions[function]
        loop, count = counting_loop(name, at, self.module) or (None, None)
        if loop is not None and count is not None and count.is_fixed(self.may_change_item):
            return numbers.of(owner, name, self._element(name, cst.Name(name), count.range, loop, function))
        all_binders = bindings_of(owner, self.module).binders[name]
        binders = self.reaching(all_binders, at, owner)
        match self.expansion.calls.get(owner), binders:
            case SimpleCall() as simple_call, [cst.Param() as parameter]:
                return self._argument(simple_call, parameter, owner, numbers)
        # A loop over a variable that other statements bind, too, defines a variable of its own.
        is_only = len(binders) < len(all_binders) and isinstance(binders[0], cst.For)
        variable = owner, f"{name} of {id(binders[0])}" if is_only else name
        if variable in self.expansion.pending:
            return numbers.of(owner, name, self.expansion.reference(variable))
        reaching = self._reaching_statements(name, binders, at, owner, attribute)
        self.expansion.spend(len(binders) + len(reaching.mutations) + len(reaching.blocks))
        value = None if reaching.may_change else only_value(name, binders) or declaration_of_step(binders)
        argument = None if reaching.may_change else self._only_argument(binders, owner)
        chosen = None
        is_interrupted = bool(reaching.mutations or reaching.interrupted)
        if reaching.blocks and reaching.binders_before == len(binders) and not is_interrupted:
            # Imported here because few conditions depend on variables that branches assign.
            from stepgraph.syntax.definitions.chosen_values import chosen_value

            chosen = chosen_value(name, binders, reaching.blocks, self.module)
        collected = collected_list(reaching, at, self.module) if reaching.mutations else None
        self.expansion.pending[variable] = any(each is not None for each in (value, argument, chosen, collected))
        if collected is not None:
            expression = self.assigned(*collected, function, numbers, attribute)
        elif value is not None:
            expression = self.assigned(value, binders[0], function, numbers, attribute)
        elif chosen is not None:
            expression = chosen.expression(self, function, numbers, attribute)
        elif argument is not None:
            call, passed = argument
            caller = VariableDefinitions(call.module, functions_around(call), self.expansion)
            with self.expansion.following(owner, name, attribute):
                expression = caller.numbered(call.module.text(passed), call.node, 0, numbers, attribute)
        else:
            definition = self._definitions(name, reaching, function, attribute)
            constant = passed_constant(definition)
            expression = parse_value(constant) if constant else numbers.of(owner, name, definition)
        del self.expansion.pending[variable]
        return expression

    def _reaching_statements(
        self, name: str, binders: Sequence[cst.CSTNode], at: cst.CSTNode, owner: cst.FunctionDef, attribute: str
    ) -> ReachingStatements:
        changes = self.expansion.scope.changes(name, owner, self.module, attribute)
        # An object in the value of another variable may be mutated after the assignment of that variable.
        is_mutated_later = bool(self.expansion.pending or self.expansion.calls)
        all_binders = bindings_of(owner, self.module).binders[name]
        place = SourcePlace(self.module, at)
        return reaching_statements(changes, binders, all_binders, place, owner, is_mutated_later=is_mutated_later)

    def _definitions(self, name: str, reaching: ReachingStatements, function: int, attribute: str) -> str:
        """Return the values in all statements that decide the value of a variable, with a mark where it is read."""
        definitions = [self._definition(name, binder, function, attribute) for binder in reaching.binders]
        if reaching.binders_before < len(reaching.binders):
            definitions.insert(reaching.binders_before, _READ)
        writes = [*map(self.write, reaching.mutations)]
        if reaching.mutations_before < len(writes):
            writes.insert(reaching.mutations_before, _READ)
        definitions += (*writes, *(self._block(block, reaching, function) for block in reaching.blocks))
        definitions += (self._part(each, each, reaching, function) for each in reaching.skipped)
        definitions += (*reaching.interrupted, *reaching.repeated)
        return definitions[0] if len(definitions) == 1 else f"({'; '.join(definitions)})"

    def assigned(
        self, value: cst.BaseExpression, binder: cst.CSTNode, function: int, numbers: Numbers, attribute: str
    ) -> cst.BaseExpression:
        """Return the value that a statement assigns to a variable, or the value for an attribute of it."""
        with self.expansion.reading_at(SourcePlace(self.module, binder)):
            return self.numbered(text_without_settings(value, self.module), binder, function, numbers, attribute)

    def reaching(
        self, binders: Sequence[cst.CSTNode], at: cst.CSTNode, owner: cst.FunctionDef
    ) -> Sequence[cst.CSTNode]:
        """Return the binders in a function whose values a node may read.

        This is only the innermost loop over the variable, if it is one.
        """
        if len(binders) > _MAX_BINDERS:
            raise UnknownDefinitionError
        parents = self.module.parents
        loop = next((each for each in ancestors_of(parents, at) if isinstance(each, cst.For) and each in binders), None)
        if loop is not None and not any(loop in ancestors_of(parents, each) for each in binders if each is not loop):
            return (loop,)
        return may_run_before(binders, at, owner, self.module) or binders

    def _definition(self, name: str, binder: cst.CSTNode, function: int, attribute: str) -> str:
        with self.expansion.reading_at(SourcePlace(self.module, binder), name):
            return self._definition_by(name, binder, function, attribute)

    def _definition_by(self, name: str, binder: cst.CSTNode, function: int, attribute: str) -> str:
        if (change := augmentation(binder, self.expansion.scope, self.module)) is not None:
            _, operator, operand = change
            return f"{operator} ({self.text_of(operand, binder, function)})"
        match binder:
            case cst.FunctionDef(decorators=[decorator]):
                # A step is identified by its name, not by that of its function.
                return f"<{self.expand(text_without_settings(decorator.decorator, self.module), binder, function)}>"
            case cst.FunctionDef(decorators=[]):
                return self._function(binder, self.functions[function:])
            case cst.Import() | cst.ImportFrom():
                value = self.expansion.scope.globals.of_import(binder, (name,), self.module)
                return name if value is None else value[0]
            case cst.FunctionDef() | cst.ClassDef():
                return name
            case cst.Param():
                # Imported here because few expressions depend on parameters.
                from stepgraph.syntax.definitions.passed_values import passed_values

                passed = passed_values(self, binder, self.functions[function], attribute)
                return passed or self._parameter(binder, function)
            case cst.Assign(targets=targets, value=value):
                paths = [path for target in targets if (path := target_path(target.target, name)) is not None]
                return f"({self.expand(text_without_settings(value, self.module), binder, function)}){only_path(paths)}"
            case cst.NamedExpr() if not is_certain(binder, self.module):
                raise UnknownDefinitionError
            case (
                cst.AnnAssign(target=target, value=cst.BaseExpression() as value)
                | cst.NamedExpr(target=target, value=value)
            ):
                text = text_without_settings(value, self.module)
                return f"({self.expand(text, binder, function)}){target_path(target, name)}"
            case cst.For(target=target, iter=iterable):
                return self._element(name, target, iterable, binder, function)
            case _:
                raise UnknownDefinitionError

    def write(self, statement: cst.CSTNode) -> str:
        """Return the values in a statement with a side effect, with the definitions of their variables."""
        kind, values = written_values(statement, self.expansion.scope, self.module)
        enclosing = functions_around(SourcePlace(self.module, statement))
        definitions = VariableDefinitions(self.module, enclosing, self.expansion)
        texts = (definitions.expand(text_without_settings(each, self.module), statement, 0) for each in values)
        return f"{kind} {', '.join(texts)}"

    def _block(self, block: BlockStatement, reaching: ReachingStatements, function: int) -> str:
        """Return the head of a loop or condition without its variables, and the other parts that select its blocks.

        The result also shows which block contains each change.

        Raises UnknownDefinitionError for a `match`.
        """
        if isinstance(block, cst.Match):
            raise UnknownDefinitionError
        texts = [self._part(each, block, reaching, function) for each in deciding_parts(block, self.module)]
        parts = reaching.parts_in(block, self.functions[function], self.module)
        if isinstance(block, HandlingStatement):
            return f"{'with' if isinstance(block, cst.With) else 'try'} {'; '.join(texts)} at {parts}"
        if isinstance(block, cst.For):
            texts.insert(0, f"for each of {self.elements(block.iter, block, function)}")
        else:
            texts[0] = f"{'while' if isinstance(block, cst.While) else 'if'} {texts[0]}"
        return f"{' exits if '.join(texts)} at {parts}"

    def _part(self, part: cst.CSTNode, block: cst.CSTNode, reaching: ReachingStatements, function: int) -> str:
        if isinstance(part, cst.Break | cst.Continue):
            return f"{type(part).__name__} {reaching.number_before(part, self.functions[function], self.module)}"
        if not isinstance(part, cst.BaseExpression):
            return self.write(part)
        at = part if isinstance(block, LoopStatement) else block  # The condition of an exit reads the loop variable.
        return self.expand(normal_test_text(self.module.text(part)), at, function)

    def _function(self, function: cst.FunctionDef, enclosing: Sequence[cst.FunctionDef]) -> str:
        """Return an identifier for a function in others by its code and by the variables that it reads from these."""
        # Imported here because few conditions call nested functions.
        from stepgraph.syntax.definitions.value_sources import ValueSources

        values = self.expansion.scope.globals
        sources = ValueSources(self.module, self.expansion.scope, self.expansion.opaque)
        identifier, captured = values.of_function(function, self.module), sources.of_function(function, enclosing)
        if identifier == function.name.value:
            captured = sources.of_result(function, enclosing)
        self.expansion.reads |= sources.reads
        return f"{identifier} by {captured}" if captured else identifier

    def _element(
        self,
        name: str,
        target: cst.BaseAssignTargetExpression,
        iterable: cst.BaseExpression,
        at: cst.CSTNode,
        function: int,
    ) -> str:
        """Return the definition of a variable of a loop. `enumerate` does not change the elements."""
        # Imported here because few conditions depend on the elements of listed collections.
        from stepgraph.syntax.definitions.attribute_values import element_value

        if value := element_value(self, name, target, (iterable, at), function):
            return value
        path = target_path(target, name) or ""
        if path == _NUMBER and (start := enumeration_start(iterable)) is not None:
            return f"<number of {self.elements(iterable, at, function)}{self.text_of(start, at, function)}>"
        if path.startswith(_ENUMERATED):
            elements = numbered_elements(iterable)
            iterable, path = elements, path.removeprefix(_ENUMERATED) if elements is not iterable else path
        return f"<each of {self.text_of(iterable, at, function)}>{path}"

    def elements(self, iterable: cst.BaseExpression, at: cst.CSTNode, function: int) -> str:
        """Return the collection of a loop, of which only the number of its elements and literals decide the passes."""
        from stepgraph.syntax.definitions.attribute_values import listed_head

        elements = numbered_elements(iterable)
        return listed_head(self, elements, at, function) or self.text_of(elements, at, function)

    def _only_argument(
        self, binders: Sequence[cst.CSTNode], owner: cst.FunctionDef
    ) -> tuple[SourcePlace, cst.BaseExpression] | None:
        """Return the only call of a function and its argument for a parameter that nothing else binds."""
        is_opaque = self.expansion.opaque is not None and owner is self.expansion.opaque.node
        is_known = not (owner is self.expansion.scope.run or is_opaque or self.expansion.is_parametric)
        calls = self.expansion.scope.calls.get(owner, ()) if is_known else ()
        match binders, calls:
            case [cst.Param(name=cst.Name(value=name))], [call] if names_function(call.node, owner):
                arguments = arguments_for(name, parameter_position(name, owner), owner, call.node)
                if len(arguments) == 1 and not arguments[0].star and not is_collection(name, owner):
                    return call, arguments[0].value
        return None

    def _parameter(self, parameter: cst.Param, function: int) -> str:
        """Return the name or number of a parameter whose values are unknown, with its default."""
        name, owner = parameter.name.value, self.functions[function]
        text = f"<parameter {parameter_position(name, owner)}>" if self.expansion.numbers_parameters else name
        if parameter.default is None:
            return text
        return f"{text} or {self.text_of(parameter.default, owner, function + 1)}"

    def text_of(self, node: cst.CSTNode, at: cst.CSTNode, function: int) -> str:
        """Return an expression of the module as `expand` does."""
        return self.expand(self.module.text(node), at, function)
