"""The phrases about a step in an editor: its order, the code around it, its settings, and the effect of a new name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias, assert_never

from lsprotocol.types import MarkupContent, MarkupKind
from msgspec import Struct

from stepgraph.diff.step_types import step_traits
from stepgraph.durations import DAY, parse_duration
from stepgraph.escaping.markdown import code
from stepgraph.escaping.plain_text import visible
from stepgraph.lsp.steps.adjacent_steps import MAX_ADJACENT, AdjacentSteps, StepOrder
from stepgraph.lsp.steps.enclosing_nodes import EnclosingNode
from stepgraph.model.details import Details
from stepgraph.model.payload import (
    Branch,
    FunctionCall,
    FunctionDef,
    If,
    Node,
    Number,
    Step,
    StepConfig,
    StepWaitForEvent,
    Switch,
)
from stepgraph.model.vocabulary import (
    DEFAULT_BACKOFF,
    DEFAULT_DELAY,
    DEFAULT_EVENT_TIMEOUT,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    EXCEPTION,
)
from stepgraph.phrases import counted, duration_text, shortened
from stepgraph.render.step_types import DEFAULT

_MAX_CODE_LENGTH: Final = 120
"""The maximum number of characters of a name or of source code in a line."""
MAX_LISTED: Final = 3
"""The number of names in a list that is cut."""


class CodeText(Struct, frozen=True):
    """A name or source code in a line, which is escaped."""

    text: str


HoverLine: TypeAlias = tuple[str | CodeText, ...]
"""A line: words without markup, and code."""


class HoverText(Struct, frozen=True):
    """The contents of a hover."""

    title: HoverLine
    lines: Sequence[HoverLine]

    @property
    def markdown(self) -> str:
        """The contents as Markdown: the title in bold, and a list."""
        items = [f"- {_markdown(line)}" for line in self.lines]
        return "\n".join([f"**{_markdown(self.title)}**", *([""] if items else []), *items])

    @property
    def plain(self) -> str:
        """The contents as text, a line for each line."""
        return "\n".join(map(plain_line, [self.title, *self.lines]))


def merged_content(texts: Sequence[HoverText], kind: MarkupKind) -> MarkupContent:
    """Return several contents in the format that a client prefers."""
    if kind is MarkupKind.Markdown:
        return MarkupContent(kind, "\n\n".join(text.markdown for text in texts))
    return MarkupContent(kind, "\n\n".join(text.plain for text in texts))


def plain_line(line: HoverLine) -> str:
    """Return a line as text."""
    return "".join(part if isinstance(part, str) else f"`{visible(_shown(part))}`" for part in line)


def listed(names: Iterable[str], conjunction: str = "and", last: str = "", *, has_more: bool = False) -> HoverLine:
    """Return a list of different names: `a`, `b` and 2 more.

    `last` are words for a further element at the end. With `has_more`, the number of further names is unknown.
    """
    different = list(dict.fromkeys(names))
    # "1 more" is hardly shorter than a name.
    count = len(different) if len(different) == MAX_LISTED + 1 and not has_more else MAX_LISTED
    elements: list[HoverLine] = [(CodeText(name),) for name in different[:count]]
    if has_more:
        elements.append(("more",))
    elif len(different) > count:
        elements.append((f"{len(different) - count:,} more",))
    if last:
        elements.append((last,))
    if not elements:
        return ()
    *first, final = elements
    return (*joined(first), f" {conjunction} ", *final) if first else final


def joined(lines: Iterable[HoverLine], between: str = ", ") -> HoverLine:
    """Return the parts of several lines as one line."""
    parts: list[str | CodeText] = []
    for number, line in enumerate(lines):
        parts += (between, *line) if number else line
    return tuple(parts)


def _markdown(line: HoverLine) -> str:
    return "".join(part if isinstance(part, str) else code(_shown(part)) for part in line)


def _shown(part: CodeText) -> str:
    return shortened(part.text, _MAX_CODE_LENGTH)


UNEVEN_UNITS: Final = ("month", "year")
"""The units that have a fixed length only for the engine."""
_MAX_ENCLOSING: Final = 4
"""The maximum number of nodes around a step in a line, which are the innermost ones."""


def step_kind(step: Step) -> str:
    """Return the kind of a step, capitalized."""
    return step_traits(step["type"]).noun.capitalize()


def order_phrase(order: StepOrder, step: Step) -> HoverLine:
    """Return the steps before and after a step: `runs after a and b, before c`."""
    if order.number(step) is None:
        return ("never runs",)
    before, after = order.before(step), order.after(step)
    parts: list[HoverLine] = []
    if before.steps:
        # The last ones of several alternatives are the nearest.
        latest = _names(order, before, is_reversed=not before.are_all)
        parts.append((*(("first or ",) if before.may_be_none else ()), "after ", *latest))
    elif before.failed:
        parts.append(("if ", *listed([each["name"] for each in order.sorted(before.failed)], "or"), " fails"))
    elif before.may_be_none:
        parts.append(("first",))
    if after.steps:
        parts.append(("before ", *_names(order, after, "the end" if after.may_be_none else "")))
    elif after.may_be_none:
        parts.append(("last",))
    is_only_step = parts == [("first",), ("last",)]
    return ("runs ", *joined(parts, " and " if is_only_step else ", ")) if parts else ()


def _names(order: StepOrder, adjacent: AdjacentSteps, last: str = "", *, is_reversed: bool = False) -> HoverLine:
    names = [step["name"] for step in order.sorted(adjacent.steps)]
    conjunction = "and" if adjacent.are_all else "or"
    has_more = len(names) >= MAX_ADJACENT
    return listed(names[::-1] if is_reversed else names, conjunction, last, has_more=has_more)


def concurrency_phrase(order: StepOrder, step: Step) -> HoverLine:
    """Return the steps that may run concurrently with a step, if any."""
    concurrent = list(order.concurrent(step))
    names = [each["name"] for each in concurrent if each is not step]
    if not concurrent:
        return ()
    if not names:
        return ("several runs may overlap",)
    line = ("may run concurrently with ", *listed(names))
    return line if len(names) == len(concurrent) else (*line, "; several runs may overlap")


def enclosing_phrase(order: StepOrder, node: Node) -> HoverLine:
    """Return the loops, branches, handlers and functions around a node, outermost first, if any.

    An outermost function with a single call is omitted, because it adds nothing about the runs of the node.
    """
    named: list[tuple[EnclosingNode, HoverLine]] = []
    has_clause = False
    for each in order.enclosing.outward(node):
        phrase = () if has_clause and _is_handler(each) else _enclosing_node(order, each)
        has_clause = each.part is not None and bool(order.details.source(each.part))
        if phrase:
            named.append((each, phrase))
    while named and named[-1][0].node["type"] == "function_def" and len(_calls_of(order, named[-1][0].node)) == 1:
        named.pop()
    if not named:
        return ()
    shown = [phrase for _, phrase in named[:_MAX_ENCLOSING]]
    return ("in ", *(("…, ",) if len(shown) < len(named) else ()), *joined(reversed(shown)))


def _calls_of(order: StepOrder, function: FunctionDef) -> Sequence[FunctionCall]:
    return order.enclosing.calls.get(function["name"], ())


def _is_handler(outer: EnclosingNode) -> bool:
    node = outer.node
    return node["type"] == "try" and outer.part is node.get("catch_block")


def _enclosing_node(order: StepOrder, outer: EnclosingNode) -> HoverLine:
    node, part, details = outer.node, outer.part, order.details
    match node["type"]:
        case "loop":
            source = details.source(node)
            return (CodeText(source),) if source else ("a loop",)
        case "if" | "switch":
            branch = next((each for each in node["branches"] if each is part), None)
            return () if branch is None else _branch(node, branch, details)
        case "try" if part is node.get("finally_block"):
            return (CodeText("finally"),)
        case "try" if part is not None and part is node.get("catch_block"):
            source = details.source(part)
            return (CodeText(source),) if source else ("a handler",)
        case "step_do":
            return ("step ", CodeText(node["name"]))
        case "function_def":
            calls = len(_calls_of(order, node))
            return (CodeText(f"{node['name']}()"), *((f" with {counted(calls, 'call')}",) if calls > 1 else ()))
        case _:
            return ()


def _branch(node: If | Switch, branch: Branch, details: Details) -> HoverLine:
    condition = branch["condition"]
    if details.of(branch).is_certain:
        return ()
    if source := details.source(branch):
        return (CodeText(source),)
    if node["type"] == "switch":
        if node["discriminant"] == EXCEPTION:
            return ()  # the only handler, which the line already names
        case = "the default case" if condition is None else CodeText(f"case {condition}")
        return case, " of ", CodeText(f"match {node['discriminant']}")
    first = node["branches"][0]["condition"]
    return (CodeText(f"if {condition}"),) if condition is not None else ("the else of ", CodeText(f"if {first}"))


def settings_phrases(step: Step) -> Iterator[HoverLine]:
    """Yield the settings of a step in words. Defaults of the engine are marked."""
    match step["type"]:
        case "step_do":
            yield from _config_phrases(step["config"])
        case "step_sleep":
            yield "sleeps ", *duration_phrase(step["duration"])
        case "step_sleep_until":
            yield "sleeps until ", CodeText(step["timestamp"])
        case "step_wait_for_event":
            yield _wait(step)
        case _ as never:
            assert_never(never)


def _config_phrases(config: StepConfig) -> Iterator[HoverLine]:
    retries, timeout = config["retries"], config["timeout"]
    limit, delay, backoff = retries["limit"], retries["delay"], retries["backoff"]
    settings: list[tuple[HoverLine, bool]] = [
        ((counted(limit, "retry", "retries") if limit else "no retries",), limit == DEFAULT_RETRIES),
        (("the first after ", *duration_phrase(delay)), delay == DEFAULT_DELAY),
        ((f"{backoff} backoff",), backoff == DEFAULT_BACKOFF),
    ]
    timeout_phrase: HoverLine = ("timeout ", *duration_phrase(timeout), " per attempt")
    if timeout == DEFAULT_TIMEOUT and all(is_default for _, is_default in settings):
        yield f"{DEFAULT}s: ", *joined(phrase for phrase, _ in settings), "; ", *timeout_phrase
        return
    # Without retries, delay and backoff have no effect.
    yield joined(_marked(*setting) for setting in (settings if limit else settings[:1]))
    yield _marked(timeout_phrase, timeout == DEFAULT_TIMEOUT)


def _wait(step: StepWaitForEvent) -> HoverLine:
    if "options" not in step:
        return ("waits for an event",)
    event_type, timeout = step["options"]["event_type"], step["options"]["timeout"]
    is_default = timeout == DEFAULT_EVENT_TIMEOUT
    return "waits for event ", CodeText(event_type), ", at most ", *_marked(duration_phrase(timeout), is_default)


def _marked(phrase: HoverLine, is_default: bool) -> HoverLine:  # noqa: FBT001 - the second element of a setting
    return (*phrase, f" ({DEFAULT})") if is_default else phrase


def duration_phrase(duration: Number | str) -> HoverLine:
    """Return a duration as the engine reads it: `5 ms`, with its source if that suggests another duration."""
    if not isinstance(duration, str):
        return (duration_text(duration),)
    parsed = None if "{" in duration else parse_duration(duration)
    if parsed is None:
        return (CodeText(duration),)
    if parsed.unit is not None:
        return f"{parsed.milliseconds:g} ms, as the engine reads ", CodeText(duration)
    if duration.removesuffix("s").endswith(UNEVEN_UNITS):
        return (f"{duration} = {parsed.milliseconds / DAY:g} days",)
    return (duration if parsed.number else duration_text(parsed.milliseconds),)


def started_phrases(step: Step, details: Details) -> Iterator[HoverLine]:
    """Yield the workflows that the function of a step starts."""
    for remark in details.remarks(step) if step["type"] == "step_do" else ():
        verb, _, workflow_name = remark.partition(" ")  # `starts workflow orders (Orders)`
        if verb == "starts":
            yield f"{verb} ", CodeText(workflow_name)


def rename_phrase(step: Step, *, has_own_name: bool) -> HoverLine:
    """Return the effect of a new name on running instances, which find stored results by name.

    A step without `has_own_name` has the name of its function.
    """
    match step["type"]:
        case "step_do":
            condition = "if renamed" if has_own_name else "if its function is renamed"
            return (f"{condition}, it runs again in running instances that have finished it",)
        case "step_sleep":
            return ("if its name or duration changes, it starts over in running instances that have begun it",)
        case "step_sleep_until" | "step_wait_for_event":
            return ("if renamed, it starts over in running instances that have begun it",)
        case _ as never:
            assert_never(never)
