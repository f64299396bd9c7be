"""The reason of a failure in sentences, which all output formats share. Names and source text are in backquotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from stepgraph.execution.failures.errors import JAVASCRIPT_ERROR, error_line, is_non_retryable, original_type
from stepgraph.execution.failures.failure import Failure
from stepgraph.execution.failures.handlers import HandlerClause, PassedStatement
from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.open_entries import next_attempt
from stepgraph.execution.parts import Path
from stepgraph.model.payload import Node
from stepgraph.model.walk import is_step
from stepgraph.phrases import capitalized, counted, duration_text, elapsed_text, enumeration, instant_text
from stepgraph.render.instance_text import InstanceText, misfit_advice
from stepgraph.report.failure.report import FailureReport

_BOTH: Final = 2
_TYPES_KEPT: Final = "only ValueError, TypeError and NonRetryableError keep their type (`stepgraph rules SG210`)"


def _step_names(report: FailureReport, paths: Sequence[Path]) -> str:
    """Return the names of the steps at paths as a list."""
    nodes = (report.nodes[path] for path in paths if path in report.nodes)
    return enumeration(dict.fromkeys(node["name"] for node in nodes if is_step(node)), "or")


def verdict(report: FailureReport) -> str:
    """Return one sentence about the failure: "`charge card` failed in all 3 attempts"."""
    failure = report.failure
    name = failure.rejected_name if failure.entry is None else failure.entry.log.name
    if failure.candidates:
        return f"{enumeration([each.log.log_name for each in failure.candidates], 'or')} failed: each has this error"
    match failure.cause:
        case "step_failed":
            return f"`{name}` failed{_attempts_phrase(failure)}"
        case "wait_timed_out":
            return _timeout_verdict(name, report.step)
        case "result_rejected":
            return f"the engine cannot store the result of `{name}`"
        case "config_rejected":
            return f"the engine rejects the configuration of `{name}`, so it did not run"
        case "name_rejected":
            return f"the engine rejects the step name `{name}`, so the step did not run"
        case "step_limit":
            return "the instance has reached its maximum number of steps"
        case "time_has_passed":
            names = _step_names(report, failure.rejected)
            return f"`sleep_until`{f' for {names}' if names else ''} was called with a time in the past"
        case "program_raised" if not failure.error:
            return "the cause of the failure is unknown"
        case "program_raised":
            return f"the code of the workflow raised this error {_position(report)}"
        case "retrying":
            return f"{_retry_verdict(failure, name)}"


def _attempts_phrase(failure: Failure) -> str:
    log = None if failure.entry is None else failure.entry.log
    if log is None or not log.attempts:
        return ""
    if is_non_retryable(log.error):
        return " with a NonRetryableError, so it was not retried"
    count = len(log.attempts)
    if count > 1:
        return " in both attempts" if count == _BOTH else f" in all {count:,} attempts"
    return " in its only attempt" if log.config.limit == 0 else " in its first attempt"


def _timeout_verdict(name: str, step: Node | None) -> str:
    if step is None or step["type"] != "step_wait_for_event" or "options" not in step:
        return f"no event arrived for `{name}` in time"
    options = step["options"]
    timeout = duration_text(options["timeout"])
    return f"no event of type `{options['event_type']}` arrived for `{name}` within {timeout}"


def _position(report: FailureReport) -> str:
    """Return between which steps the program raised the error."""
    failure = report.failure
    following = _step_names(report, failure.expected)
    after = "before any step" if failure.last is None else f"after `{failure.last.log.log_name}`"
    if not following:
        return after
    return f"before {following}" if failure.last is None else f"{after} and before {following}"


def _retry_verdict(failure: Failure, name: str) -> str:
    entry = failure.entry
    if entry is None:
        return f"`{name}` is retried"
    count, limit = len(entry.log.attempts), entry.log.config.limit
    total = "" if limit is None else f" of {limit + 1:,}"
    if failure.instance.log.has_ended:
        return f"`{name}` had failed in attempt {count:,}{total} when the instance was {failure.instance.log.status}"
    return f"`{name}` failed in attempt {count:,}{total}, and is retried"


def remarks(report: FailureReport) -> Iterator[str]:
    """Yield sentences that explain the cause, and the changes to make."""
    failure = report.failure
    if report.raised_at is not None:
        location, line = report.raised_at
        function = f" in `{line.function}`" if line.function else ""
        yield f"Raised at {location}{function}{f': `{line.source}`' if line.source else ''}"
    match failure.cause:
        case "result_rejected":
            yield "The engine ends an instance whose step returns a value that cannot be serialized: no handler runs."
            yield "Return None, a bool, a number, a string, bytes, a list, a dict, a set or a datetime."
        case "config_rejected":
            yield "A step with an invalid `config` has no log entry. `stepgraph check` reports many of these."
        case "name_rejected":
            yield "A step name has at most 256 characters, and no control characters."
        case "step_limit":
            yield "Raise `limits.steps` in the configuration, or split the work among several instances."
        case "time_has_passed":
            yield from _expired_time_remarks(failure)
        case "program_raised":
            yield from _raise_remarks(report)
        case "retrying":
            yield from _retry_remarks(failure)
    yield from _ambiguity_remarks(report)
    if failure.inner is not None:
        yield f"The error comes from `{failure.inner.log.log_name}`, which runs in its body."
    if failure.entry is None and not failure.candidates and not failure.instance.fits:
        yield "The log does not fit the graph, so the position in the code is unknown."
    if defect := InstanceText(failure.instance, report.nodes).defect():
        yield defect


def _ambiguity_remarks(report: FailureReport) -> Iterator[str]:
    """Yield a sentence if the log does not show which step or which call of its function failed."""
    places = () if report.failure.entry is None else report.failure.entry.places
    paths = list(dict.fromkeys(place.path for place in places))
    if len(paths) > 1:
        yield f"The log does not show which step this is{_located(report, paths)}."
    elif len(places) > 1:
        calls = dict.fromkeys(place.calls[-1] for place in places if place.calls)
        yield f"The log does not show which call of its function this is{_located(report, list(calls))}."


def _located(report: FailureReport, paths: Sequence[Path]) -> str:
    """Return the source locations of nodes as a list after a colon, or an empty string if they are unknown."""
    spans = (report.span_of(report.nodes[path]) for path in paths if path in report.nodes)
    locations = list(dict.fromkeys(f"{span.path}:{span.line}" for span in spans if span is not None))
    return f": {enumeration(locations, 'or')}" if locations else ""


def _expired_time_remarks(failure: Failure) -> Iterator[str]:
    if failure.expired_sleeps:
        yield (
            "When an instance resumes, `run` starts from the top and calls `sleep_until` again. "
            "If the time has passed by then, the call fails, even in unchanged code."
        )
        yield "Use `sleep` with a duration from the result of a step, or call `sleep_until` only if its time is ahead."
    else:
        yield "`sleep_until` requires a time in the future. Compare it with the current time before the call."


def _raise_remarks(report: FailureReport) -> Iterator[str]:
    failure = report.failure
    spans = [span for part in failure.raises if (span := report.span_of(part)) is not None]
    if spans:
        locations = enumeration(dict.fromkeys(f"{span.path}:{span.line}" for span in spans), "or")
        yield f"`raise {original_type(failure.error)}` is in the code at {locations}."
    last = () if failure.last is None else failure.last.places
    if failure.last is not None and (location := _located(report, [place.path for place in last])):
        yield f"`{failure.last.log.log_name}` is declared{location.replace(':', ' at', 1)}."
    if failure.last is not None and failure.last.log.outcome == "failed":
        name, error = failure.last.log.log_name, error_line(failure.last.log.error)
        yield f"`{name}` failed before it: {error}. A handler of that error may have raised this one in its place."
    if failure.error:
        yield "No step failed with this error. Code between steps runs again at each resume, without retries."


def _retry_remarks(failure: Failure) -> Iterator[str]:
    entry = failure.entry
    if entry is None or failure.instance.log.has_ended:
        return
    due = next_attempt(entry.log)
    if due is not None:
        waiting = "" if failure.instance.log.status != "paused" else ", after a resume"
        yield f"The next attempt is due at {instant_text(due)}{waiting}."
    else:
        yield "The log does not show when the next attempt is due."


def retry_settings(log: LogEntry) -> str:
    """Return the retry settings of a step: `2 retries, exponential from 10 seconds`, or an empty string."""
    limit, delay, backoff = log.config.limit, log.config.delay, log.config.backoff
    if limit is None:
        return ""
    if limit == 0:
        return "no retries"
    growth = "" if backoff is None else f", {backoff}"
    start = ", delays from a function" if delay is None else f" from {duration_text(delay)}" if growth else ""
    if backoff == "constant" and delay is not None:
        return f"{counted(limit, 'retry', 'retries')}, every {duration_text(delay)}"
    return f"{counted(limit, 'retry', 'retries')}{growth if delay is not None else ''}{start}"


def attempt_rows(log: LogEntry) -> Iterator[tuple[str, str, str]]:
    """Yield the start, the duration and the error of each attempt. Starts are relative to the first attempt."""
    first = next((attempt.start for attempt in log.attempts if attempt.start is not None), None)
    for number, attempt in enumerate(log.attempts):
        if attempt.start is None:
            start = "unknown"
        elif number == 0 or first is None:
            start = instant_text(attempt.start)
        else:
            start = f"{elapsed_text(attempt.start - first)} later"
        duration = "" if attempt.start is None or attempt.end is None else elapsed_text(attempt.end - attempt.start)
        outcome = "succeeded" if attempt.succeeded else error_line(attempt.error) or "not ended"
        yield start, duration, outcome


def outcome(entry: PlacedEntry) -> str:
    """Return the error of a failed entry, the duration of another ended one, or else the state."""
    if entry.log.outcome == "failed":
        return error_line(entry.log.error)
    duration = entry.log.duration
    return entry.state if duration is None else elapsed_text(duration)


def handlers_title(report: FailureReport) -> str:
    """Return the title of the sentences about handlers."""
    return "If the last attempt fails" if report.failure.cause == "retrying" else "Why no handler caught it"


def handler_sentences(report: FailureReport) -> Iterator[tuple[str, str]]:
    """Yield a location, which may be empty, and a sentence for each statement that did not stop the error."""
    failure = report.failure
    is_over = failure.cause == "retrying" and failure.instance.log.has_ended
    if failure.entry is None or not failure.is_path_known or is_over:
        return
    for passed in failure.passed:
        span = report.span_of(report.nodes[passed.path])
        yield "" if span is None else f"{span.path}:{span.line}", passed_sentence(passed, report)
        if passed.reason == "raised_again" and failure.cause == "retrying":
            return
    if not any(passed.reason not in ("group", "step") for passed in failure.passed):
        yield "", "no `try` is around it"


def passed_sentence(passed: PassedStatement, report: FailureReport) -> str:
    """Return the reason why a statement around a failed step did not stop its error."""
    failure = report.failure
    match passed.reason:
        case "other_type":
            return _other_type_sentence(passed.handlers, failure)
        case "raised_again":
            handler = next(each for each in passed.handlers if each.catches)
            consequence = "" if failure.cause == "retrying" else ", so the handler has raised it again"
            return f"`{handler.clause}` catches it{consequence}"
        case "unknown":
            clauses = [handler.clause for handler in passed.handlers if handler.clause]
            subject = enumeration(clauses, "or") if clauses else "the handler"
            return f"{subject} did not stop it: another type is caught, or the error is raised again"
        case "no_handler":
            return "the `try` has no `except`, only a `finally`"
        case "in_else":
            return "it is in the `else` of a `try`, whose handlers do not protect it"
        case "in_handler":
            clause = f" `{passed.handlers[0].clause}`" if passed.handlers else ""
            return f"it is in the handler{clause} itself{_earlier(passed, 'which handled')}"
        case "in_finally":
            return f"it is in a `finally`{_earlier(passed, 'after')}"
        case "step":
            return f"it runs in the body of `{passed.name}`, which failed as well"
        case "group":
            return _group_sentence(passed, report)


def _earlier(passed: PassedStatement, relation: str) -> str:
    if passed.earlier is None:
        return ""
    return f", {relation} the failure of `{passed.earlier.log_name}`: {error_line(passed.earlier.error)}"


def _other_type_sentence(handlers: Sequence[HandlerClause], failure: Failure) -> str:
    clauses = [handler.clause for handler in handlers]
    subject = f"`{clauses[0]}` does" if len(clauses) == 1 else f"{enumeration(clauses)} do"
    kind = "wait" if failure.entry is not None and failure.entry.log.kind == "wait" else "step"
    reason = f": {_TYPES_KEPT}" if failure.type_name == JAVASCRIPT_ERROR and kind == "step" else ""
    return f"{subject} not catch it, because the error of this {kind} arrives as `{failure.type_name}`{reason}"


def _group_sentence(passed: PassedStatement, report: FailureReport) -> str:
    group = f"`{passed.name}`" if passed.name else "a group"
    match passed.group_kind:
        case "any":
            rule = "which fails when all members fail"
        case "all_settled":
            rule = "which returns errors, so the program has raised it"
        case "race":
            rule = "whose first result counts"
        case _:
            rule = "which fails with the first member that fails"
    members = [text for path in passed.members if (text := _member_text(path, report))]
    return f"it is a member of {group}, {rule}{'. Others: ' if members else ''}{', '.join(members)}"


def _member_text(path: Path, report: FailureReport) -> str:
    """Return the last step of a member of a group with its state, or an empty string if none has begun."""
    prefix = f"{path}."
    entries = report.failure.instance.entries
    inside = [each for each in entries if any(_is_at(place.path, path, prefix) for place in each.places)]
    return f"`{inside[-1].log.log_name}` {inside[-1].state}" if inside else ""


def _is_at(place: Path, path: Path, prefix: str) -> bool:
    return place == path or place.startswith(prefix)


def misfit_text(report: FailureReport) -> str:
    """Return a sentence about a log that does not fit the graph, or an empty string if it fits."""
    instance = report.failure.instance
    if instance.unknown:
        return f"The log cannot be matched with the graph: {instance.unknown}."
    if instance.misfit is None:
        return ""
    misfit = InstanceText(instance, report.nodes).misfit()
    advice = misfit_advice(instance, is_incomplete=report.is_incomplete)
    return f"{capitalized(misfit)} {advice}"
