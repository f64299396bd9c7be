"""The branches of a function that a call with constant arguments can take."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.ir.nodes import Call, Choice, Function, Run, StartOperation, operations_in
from stepgraph.ir.parameter_tests import (
    BranchTest,
    CombinedTest,
    ConstantArgument,
    ParameterArgument,
    ParameterTest,
    possible_runs,
    resolved_arguments,
    tested_parameters,
)
from stepgraph.ir.values import Constant
from stepgraph.syntax.module import SourcePlace

BranchRuns: TypeAlias = dict[int, tuple[int | None, ...]]
"""For each choice by `id`, the `possible_runs` of its branches and of the path around them."""

_Decided: TypeAlias = tuple[frozenset[SourcePlace], frozenset[Constant] | None]
"""The parameters that tests compare, and the constants that tests distinguish, which is None for all constants."""

# Maximum number of different contexts of a function. Further calls can take all branches.
_MAX_CONTEXTS: Final = 100


class CallContext(Struct, frozen=True):
    """The constant arguments of a call and of the calls around it that decide branches."""

    arguments: Mapping[SourcePlace, ConstantArgument] = {}
    runs: BranchRuns = {}
    """The possible runs of the branches of the called function."""
    key: Hashable = ()
    """A key that is equal for calls of the function that can take the same branches."""
    loops: frozenset[SourcePlace] = frozenset()
    """The loops that start the outermost call with a different argument in each iteration."""
    functions: frozenset[int] = frozenset()
    """The open functions, by `id`."""


class _DecidedCode(Struct, frozen=True):
    """The parameters that decide branches in a function, or that it passes on, and the constants in its tests."""

    choices: tuple[Choice, ...]
    parameters: frozenset[SourcePlace]
    constants: frozenset[Constant]
    compares_values: bool
    """Whether some test may differ for constants that no test names."""
    callees: tuple[Function, ...]


class CallBranches(Struct):
    """The branches that calls with constant arguments can take."""

    _code_by_function: dict[int, _DecidedCode] = field(default_factory=dict)
    """The code of each function, by `id` of the function."""
    _decided_by_function: dict[int, _Decided] = field(default_factory=dict)
    """The values that decide branches in each function and the functions that it calls, by `id` of the function."""
    _keys: dict[int, set[Hashable]] = field(default_factory=dict)
    """The keys of the contexts of each function, by `id` of the function."""

    def context_of(self, call: Call, outer: CallContext | None) -> CallContext:
        """Return the context of a call in a context, or of work that begins with the call if `outer` is None."""
        function = call.function
        # A function that calls itself gets other arguments, so the arguments of the outer calls do not apply.
        inherited = {} if outer is None or id(function) in outer.functions else outer.arguments
        constants = {
            each.parameter: each for each in resolved_arguments(call.deciding, {} if outer is None else outer.arguments)
        }
        if not constants and not inherited:
            return CallContext(functions=_opened(function, outer))
        parameters, tested = self._decided(function)
        arguments = {
            parameter: argument for parameter, argument in {**inherited, **constants}.items() if parameter in parameters
        }
        loops = _loops(arguments) if outer is None else outer.loops
        key = _key(arguments, tested)
        keys = self._keys.setdefault(id(function), set())
        if not arguments or (key not in keys and len(keys) >= _MAX_CONTEXTS):
            return CallContext(functions=_opened(function, outer))
        keys.add(key)
        choices = self._code_of(function).choices
        runs = {id(choice): _runs(choice, list(arguments.values()), loops) for choice in choices}
        return CallContext(arguments, runs, key, loops, _opened(function, outer))

    def _code_of(self, function: Function) -> _DecidedCode:
        code = self._code_by_function.get(id(function))
        if code is None:
            code = self._code_by_function[id(function)] = _decided_code(function)
        return code

    def _decided(self, function: Function) -> _Decided:
        decided = self._decided_by_function.get(id(function))
        if decided is None:
            reachable: dict[int, _DecidedCode] = {}
            pending = [function]
            while pending:
                current = pending.pop()
                if id(current) not in reachable:
                    reachable[id(current)] = code = self._code_of(current)
                    pending += code.callees
            compares_values = any(code.compares_values for code in reachable.values())
            decided = self._decided_by_function[id(function)] = (
                frozenset[SourcePlace]().union(*(code.parameters for code in reachable.values())),
                None
                if compares_values
                else frozenset[Constant]().union(*(code.constants for code in reachable.values())),
            )
        return decided


def _opened(function: Function, outer: CallContext | None) -> frozenset[int]:
    return frozenset([id(function)]) | (outer.functions if outer is not None else frozenset())


def _decided_code(function: Function) -> _DecidedCode:
    choices: list[Choice] = []
    parameters: set[SourcePlace] = set()
    constants: set[Constant] = set()
    callees: list[Function] = []
    compares_values = False
    for operation in operations_in(function.body):
        match operation:
            case Choice(tests=tests) if tests:
                choices.append(operation)
                for test in tests:
                    parameters.update(tested_parameters(test))
                    constants.update(_constants(test))
                    compares_values = compares_values or _compares_values(test)
            case (
                Run(activity=Call(function=callee, deciding=deciding))
                | StartOperation(activity=Call(function=callee, deciding=deciding))
            ):
                callees.append(callee)
                parameters.update(each.passed for each in deciding if isinstance(each, ParameterArgument))
    return _DecidedCode(tuple(choices), frozenset(parameters), frozenset(constants), compares_values, tuple(callees))


def _constants(test: BranchTest) -> Iterator[Constant]:
    match test:
        case ParameterTest(values=values):
            yield from values or ()
        case CombinedTest(operands=operands):
            for operand in operands:
                yield from _constants(operand)


def _compares_values(test: BranchTest) -> bool:
    match test:
        case ParameterTest():
            return test.compares_values
        case CombinedTest(operands=operands):
            return any(map(_compares_values, operands))
        case _:
            return False


def _loops(arguments: Mapping[SourcePlace, ConstantArgument]) -> frozenset[SourcePlace]:
    return frozenset(argument.loop for argument in arguments.values() if argument.loop is not None)


def _key(arguments: Mapping[SourcePlace, ConstantArgument], distinguished: frozenset[Constant] | None) -> Hashable:
    """Return a key of arguments. Constants that are not distinguished are equal if they have the same truth value."""

    def key_of(value: Constant) -> Hashable:
        return value if distinguished is None or value in distinguished else bool(value.value)

    return frozenset(
        (parameter, argument.loop, tuple(map(key_of, argument.values))) for parameter, argument in arguments.items()
    )


def _runs(
    choice: Choice, arguments: Sequence[ConstantArgument], loops: frozenset[SourcePlace]
) -> tuple[int | None, ...]:
    counts = [possible_runs(choice.tests, index, arguments) for index in range(len(choice.branches) + 1)]
    several = {argument.loop for argument in arguments if argument.loop is not None}
    # Work may run an inner loop several times, so only the loop that starts the work limits the runs of a branch.
    return tuple(counts) if several <= loops else tuple(0 if count == 0 else None for count in counts)
