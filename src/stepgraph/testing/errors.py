"""What tests are told of a graph that is not as they take it to be, or of none. Test runners print it as it is."""

from __future__ import annotations

from stepgraph.escaping.log_lines import log_line, log_lines


class _OneLineError(Exception):
    """Has a message of one line, in which names of workflows and steps may stand."""

    def __init__(self, message: str) -> None:
        super().__init__(log_line(message))


class _LinesError(Exception):
    """Has a message of several lines, in which names of workflows and steps may stand."""

    def __init__(self, message: str) -> None:
        super().__init__(log_lines(message))


class StepNotFoundError(_OneLineError, LookupError):
    """There is no step of the name, or none to which the question applies."""


class AmbiguousStepError(_OneLineError, LookupError):
    """There are several steps of the name, and what was asked for differs between them."""


class WorkflowNotFoundError(_OneLineError, LookupError):
    """There is no workflow of the name."""


class AmbiguousWorkflowError(_OneLineError, LookupError):
    """There are several workflows that may be meant."""


class NoGraphError(_LinesError, ValueError):
    """The workflow has no graph, as no step of it can run."""


class IncompleteGraphWarning(_LinesError, UserWarning):  # noqa: N818 - it is no error
    """A graph that a test looks at may lack steps: what is not in it may still run."""
