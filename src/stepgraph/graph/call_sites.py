"""The calls in the source of the functions of a graph, with the calls of the graph that pass their arguments.

A function that gets a coroutine, as in `timed(charge(step, "card"))`, runs the call in its argument. The graph has one
node for this call, in the definition of `timed`, although each call of `timed` passes other arguments for `charge`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from stepgraph.model.details import Part, parts_below, parts_of
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.function_calls import call_in_arguments

if TYPE_CHECKING:
    from stepgraph.graph.places import Places
    from stepgraph.model.payload import Graph
    from stepgraph.syntax.module import SourcePlace

CallSite: TypeAlias = "tuple[Part, SourcePlace]"
"""A call of the graph, and the expression with the arguments that it passes."""


class CallSites(Struct, frozen=True):
    """The call sites of the functions of a graph."""

    by_function: Mapping[str, Sequence[CallSite]]
    """The call sites of each function, by its key."""
    forwarding: Mapping[str, Sequence[Part]]
    """The calls of each function, by its key, whose arguments other calls pass."""

    @classmethod
    def of(cls, graph: Graph, places: Places, functions: Mapping[str, SourcePlace]) -> CallSites:
        """Return the call sites of the functions with these places."""
        calls: defaultdict[str, list[CallSite]] = defaultdict(list)
        for part in parts_of(graph) if functions else ():
            place = places.of(part)
            if place is not None and part.get("type") == "function_call":
                calls[str(part["name"])].append((part, place))
        around = enclosing_functions(graph)
        sites: defaultdict[str, list[CallSite]] = defaultdict(list)
        forwarding: defaultdict[str, list[Part]] = defaultdict(list)
        for key, own_calls in calls.items():
            for part, place in own_calls:
                chain = [part]
                callers = _callers_of(chain, place, functions, calls, around) if key in functions else ()
                if len(callers) > 1:
                    forwarding[key] += chain
                    sites[key] += ((each, call_in_arguments(at, functions[key]) or at) for each, at in callers)
                else:
                    sites[key].append((part, place))
        return cls(sites, forwarding)


def enclosing_functions(graph: Graph) -> Mapping[int, str]:
    """Return the key of the function around each call in one, by the identity of the call."""
    enclosing: dict[int, str] = {}
    for key, function in graph["workflow"]["functions"].items():
        enclosing |= {id(part): key for part in parts_below(function) if part.get("type") == "function_call"}
    return enclosing


def _callers_of(
    chain: list[Part],
    place: SourcePlace,
    functions: Mapping[str, SourcePlace],
    calls: Mapping[str, Sequence[CallSite]],
    around: Mapping[int, str],
) -> Sequence[CallSite]:
    """Return the calls of the innermost function with several calls around a call that is outside of its source.

    `chain` begins with the call at `place`. The calls of functions with a single call around it are appended.
    """
    outer = around.get(id(chain[-1]), "")
    while outer in functions and not any(each is functions[outer].node for each in functions_around(place)):
        callers = calls.get(outer, ())
        if len(callers) != 1 or any(callers[0][0] is each for each in chain):
            return callers
        chain.append(callers[0][0])
        outer = around.get(id(chain[-1]), "")
    return ()
