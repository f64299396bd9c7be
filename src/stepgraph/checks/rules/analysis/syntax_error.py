"""Modules with a syntax error, and modules that Python cannot compile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of, empty_span
from stepgraph.checks.rule import Rule
from stepgraph.ir.syntax_facts import CompileFailure, MisplacedAwait, NewSyntaxUsed
from stepgraph.model.note import ProblemKind
from stepgraph.project.configuration.compatibility import PYTHON_314_DATE

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
    from stepgraph.syntax.compile_errors import NewSyntax

_OUTSIDE_ASYNC: Final = frozenset(
    {
        *("'await' outside function", "'await' outside async function", "'async with' outside async function"),
        *("'async for' outside async function", "asynchronous comprehension outside of an asynchronous function"),
    }
)
_INVALID_ESCAPES: Final = ("(unicode error)", "(value error)")
_ESCAPE_ADVICE: Final = 'Write `\\\\` for each backslash, or a raw string, such as `r"C:\\Users"`.'


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report the first misplaced `await` of each function, because one `async` corrects all of them."""
    functions = set()
    for misplaced in subject.facts_of_type(MisplacedAwait):
        name = misplaced.function
        if name not in functions:
            functions.add(name)
            message = f"syntax error: `{misplaced.keyword}` in the function `{name.text}`, which is not `async`."
            span = misplaced.place.span
            start = empty_span(span.path, (span.line, span.column))
            yield Diagnostic(start, message, f"Write `async def {name.text}`, or move the code to an async function.")

    reported = {(fact.place.span.path, fact.place.span.line) for fact in subject.facts_of_type(MisplacedAwait)}
    for failure in subject.facts_of_type(CompileFailure):
        span, text = failure.span, failure.message
        if (span.path, span.line) not in reported:
            yield Diagnostic(span, f"syntax error: {text}.", _advice_on(text))
    if subject.compatibility.is_before_python_314:
        yield from (_diagnostic_of_new_syntax(used.syntax) for used in subject.facts_of_type(NewSyntaxUsed))


def _advice_on(message: str) -> str:
    """Return advice on an error of the compiler, or an empty string."""
    if message in _OUTSIDE_ASYNC:
        return "Move it into an async function."
    return _ESCAPE_ADVICE if message.startswith(_INVALID_ESCAPES) else ""


def _diagnostic_of_new_syntax(used: NewSyntax) -> Diagnostic:
    if used.construct == "exceptions":
        message, replacement = "requires parentheses around several exception types", f"Write `({used.text})`"
    else:
        message, replacement = "has no template strings", "Write an f-string"
    advice = f"{replacement}, or run Python 3.14, with a `compatibility_date` of {PYTHON_314_DATE} or later."
    return Diagnostic(used.span, f"syntax error: Python before 3.14 {message}.", advice)


def _check_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
    return diagnostics_of(subject.problems, ProblemKind.SYNTAX)


RULE = Rule(
    code="SG002",
    name="syntax-error",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
    check_project=_check_project,
)
