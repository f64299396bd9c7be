"""Functions that a loop creates, and that read a loop variable when they run."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.facts import LateBoundVariable


def observe_late_bindings(interpreter: Interpreter, function: cst.FunctionDef | cst.Lambda) -> None:
    """Record a fact for each variable that a function reads and that a loop around it changes from pass to pass."""
    from stepgraph.syntax.late_binding import calls_in_stored_lambda, late_bindings

    if interpreter.module.mentions(b"eager"):
        return  # an eager task may begin when the loop creates it
    name = function.name.value if isinstance(function, cst.FunctionDef) else ""
    inside = calls_in_stored_lambda(function, interpreter.module)
    for binding in late_bindings(function, interpreter.module):
        interpreter.observe(
            LateBoundVariable(
                function=interpreter.place(function),
                function_name=name,
                runs_later=binding.runs_later,
                variable=binding.variable,
                place=interpreter.place(binding.read),
                loop=interpreter.place(binding.loop),
                later_loops=tuple(map(interpreter.place, binding.later_loops)),
                may_begin_in_pass=binding.may_begin_in_pass,
                is_collected=binding.is_collected,
                calls=tuple(map(interpreter.place, binding.calls)),
                calls_inside=tuple(map(interpreter.place, inside)),
            )
        )
