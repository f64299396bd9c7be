"""The reasons for the effects of new code on instances, as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, Tree
from stepgraph.execution.log import LogEntry
from stepgraph.execution.parts import Site
from stepgraph.model.expressions import changed_constant
from stepgraph.phrases import duration_text, enumeration
from stepgraph.replay.answers import as_step
from stepgraph.replay.passed_part import ancestors


def changed_name(site: Site, entries: Sequence[LogEntry]) -> str:
    """Return the reason that a step may not find its entries, because the values in its name may have changed."""
    names = enumeration((entry.log_name for entry in entries), most=3)
    results, verb = "result" if len(entries) == 1 else "results", "runs" if site.kind == "step" else "begins"
    name = f"`{site.node['name']}`"
    changed = f"The values in the name {name} may have changed"
    return f"{changed}. If so, {name} does not find the {results} of {names}, and {verb} again."


def condition_change(old: str, new: str) -> str:
    """Return a clause about the changed condition of a branch, which an `else` lacks."""
    if not old:
        return f"`else` now has the condition `{new}`"
    return f"condition `{old}` is now `{new}`" if new else f"branch with the condition `{old}` is now an `else`"


def changed_duration(site: Site, entries: Sequence[LogEntry]) -> str:
    """Return the reason that a sleep may begin again."""
    names = enumeration((entry.log_name for entry in entries), most=3)
    return f"The duration of `{site.node['name']}` may have changed, so {names} may begin again."


def long_sleep(site: Site, entries: Sequence[LogEntry]) -> str:
    """Return the reason that a sleep that took much longer than its duration may begin again."""
    node = as_step(site)
    duration = duration_text(node["duration"]) if node["type"] == "step_sleep" else ""
    return (
        f"`{entries[0].log_name}` took much longer than {duration}, because of a pause or a changed duration. "
        "Name the deployed version with --from."
    )


def removed_handler(entry: LogEntry) -> str:
    """Return the reason that a stored error may no longer be caught."""
    return f"The stored error of `{entry.log_name}` may end the instance, as its `except` block does not catch it now."


def skipped_error(entry: LogEntry, condition: str) -> str:
    """Return the reason that a stored error may not be raised again."""
    return f"If {condition}, the new code does not call `{entry.log_name}`, and continues where its error was raised."


def uncaught_error(site: Site, name: str) -> str:
    """Return the reason that an instance fails: the error of a call with a name in the log, or a time that is over."""
    if site.node["type"] == "step_sleep_until":
        return f"`{name}` sleeps until a time that has passed: the engine raises, also in unchanged code."
    tail = "; new code of the step does not run" if site.kind == "step" else ""
    return f"The stored error of `{name}` is raised again, and nothing catches it{tail}."


def unreached(site: Site) -> str:
    """Return the reason that a step that has run may not be called."""
    return f"The new code does not reach `{site.node['name']}` on the path that the instance took."


def several_steps(entry: LogEntry) -> str:
    """Return the reason that the steps of an entry have different effects."""
    return f"The log does not show which of several deployed steps `{entry.log_name}` is."


def removed_namesake(entry: LogEntry) -> str:
    """Return the reason that a step may get the stored result of a removed one with its name."""
    return f"One of several adjacent steps named `{entry.name}` was removed, so `{entry.log_name}` may be a run of it."


def misuse(site: Site, entry: LogEntry, verb: str) -> str:
    """Return the reason that a step gets the stored result of another step."""
    if entry.outcome == "open":
        return f"`{site.node['name']}` continues `{entry.log_name}`, a run of another step that has not ended."
    result = "error" if entry.outcome == "failed" else "result"
    stored = f"the stored {result} of `{entry.log_name}`, a run of another step"
    return (
        f"`{site.node['name']}` {verb} {stored}, so that it never {'runs' if site.kind == 'step' else 'begins'} itself."
    )


def other_arguments(entry: LogEntry) -> str:
    """Return the reason about an entry to whose name the arguments of the next possible call do not lead."""
    name = entry.log_name
    return f"Other steps may run before `{name}`, because no call that the new code makes there leads to its name."


def other_pass(site: Site, entry: LogEntry) -> str:
    """Return the reason that a step gets the result of a run in a later pass of a loop or call of a function."""
    use = "continues" if entry.outcome == "open" else "gets the result of"
    return f"`{site.node['name']}` {use} `{entry.log_name}` in a run that had skipped it."


def removed_or_renamed(entry: LogEntry, name: str) -> str:
    """Return the reason that an entry is missing in the new code, which has a step with another name."""
    reason = f"`{entry.log_name}` is not in the new code: it may have been removed, or renamed to `{name}`."
    return f"{reason} Name the deployed version with --from."


def removed_or_moved(entry: LogEntry, name: str) -> str:
    """Return the reason that a step under another name may do the work of a removed one again."""
    return f"`{entry.log_name}` is not in the new code. If `{name}` is its new name, its work is done again."


def replacement(entry: LogEntry, name: str) -> str:
    """Return the reason that a step in the place of a removed one may do its work again."""
    return f"`{name}` runs in place of `{entry.log_name}`: if it does the same work, the work is done again."


def rerun_reason(site: Site, name: str, replaced: LogEntry | None, namesake: LogEntry | None) -> str:
    """Return the reason that a step runs again."""
    verb = "runs" if site.kind == "step" else "begins"
    if replaced is not None and site.matches(replaced.kind, replaced.name):
        if site.kind == "sleep":
            return f"`{name}` begins again, because its duration changed."
        return f"`{name}` {verb}, because its name may differ from that of `{replaced.log_name}`."
    if replaced is not None and replaced.kind == site.kind == "step":
        return new_name_reason(name, replaced)
    if replaced is not None:
        kind = "" if replaced.kind == site.kind else f"the {replaced.kind} "
        tail = "" if name == replaced.log_name else ", which the new code does not call"
        return f"`{name}` {verb} in place of {kind}`{replaced.log_name}`{tail}."
    if namesake is not None:
        return f"`{name}` {verb}, because an earlier call takes the stored result of `{namesake.log_name}`."
    return f"`{name}` {verb}, although its work has been done."


def new_name_reason(name: str, replaced: LogEntry) -> str:
    """Return the reason that a step with another name runs again."""
    if replaced.kind != "step":
        return f"`{name}` begins, because `{replaced.log_name}` has another name."
    if replaced.outcome == "open":
        return f"`{name}` runs from its first attempt, because `{replaced.log_name}` has another name."
    result = "error" if replaced.outcome == "failed" else "result"
    return f"`{name}` runs, because the {result} of its work is stored under another name, `{replaced.log_name}`."


def value_change(matching: Matching, old: int, new: int) -> str:
    """Return the change of the values in a condition whose text is unchanged as a clause."""
    condition = matching.old[old].text("condition") or matching.old[old].text("discriminant")
    definitions = matching.old.definitions.get(old, ""), matching.new.definitions.get(new, "")
    constants = changed_constant(*definitions)
    if constants is None:
        return f"values in the condition `{condition}` changed"
    return f"value {constants[0]} in the condition `{condition}` changed to {constants[1]}"


def new_exit(tree: Tree, number: int) -> str:
    """Return the clause that the code may take a new exit: `The new code may return earlier if `a``."""
    condition = next((each.text("condition") for each in ancestors(tree, number) if each.kind == BRANCH), "")
    verb = "return earlier" if tree[number].text("kind") == "return" else "leave a loop earlier"
    verb = "raise an exception" if number in tree.raises else verb
    return f"The new code may {verb}{f' if `{condition}`' if condition else ''}"
