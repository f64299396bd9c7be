"""Special methods that a call of a library function runs at once, although its result may never be used."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.effects import call_may_run_steps, call_time_matters
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.classes import find_member, resolution_order
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, Instance
from stepgraph.ir.values import Value
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import Place

# Functions that take the iterator of an argument when they are called.
_ITERATING: Final = frozenset(
    [
        *("builtins.enumerate", "builtins.filter", "builtins.iter", "builtins.map", "builtins.zip"),
        *("itertools.accumulate", "itertools.compress", "itertools.cycle", "itertools.dropwhile"),
        *("itertools.filterfalse", "itertools.groupby", "itertools.islice", "itertools.pairwise", "itertools.starmap"),
        *("itertools.takewhile", "itertools.tee", "itertools.zip_longest"),
    ]
)
_CHECKS: Final = {"builtins.isinstance": "__instancecheck__", "builtins.issubclass": "__subclasscheck__"}


def report_hooks(interpreter: Interpreter, name: str, arguments: Arguments, place: Place) -> None:
    """Report special methods with effects that a library function runs: `__iter__` and `__instancecheck__`."""
    if name in _ITERATING:
        for argument in arguments.items:
            for leaf in union_values(argument.value):
                if isinstance(leaf, Instance):
                    _report(interpreter, leaf.cls, "__iter__", Arguments((Argument(leaf, place),)), place)
    elif name in _CHECKS and arguments.items:
        checked = [leaf for argument in arguments.items[1:] for leaf in union_values(argument.value)]
        for leaf in checked:
            if isinstance(leaf, ClassValue) and isinstance(leaf.metaclass, ClassValue):
                operands = (Argument(leaf, place), arguments.items[0])
                _report(interpreter, leaf.metaclass, _CHECKS[name], Arguments(operands), place)


def _report(interpreter: Interpreter, owner: Value, method: str, arguments: Arguments, place: Place) -> None:
    function = find_member(interpreter, resolution_order(owner), method) if isinstance(owner, ClassValue) else None
    if not isinstance(function, FunctionValue) or isinstance(function.node, cst.Lambda):
        return
    if bindings_of(function.node, function.scope.module).is_generator:
        return  # its body runs where its elements are used
    runs_steps = call_may_run_steps(interpreter, function, arguments)
    if runs_steps and method != "__iter__":
        return  # the owner escapes
    if runs_steps or call_time_matters(interpreter, function, arguments):
        effect = "runs steps" if runs_steps else "changes values that lead to steps"
        interpreter.note(
            "escapes",
            place,
            f"`{method}`, which {effect}, is run by `{place.brief_text}` at once.",
            "Its effects may be missing from the graph; iterate over the object itself.",
        )
