"""What a test may ask for that is not there, or not there once."""

from __future__ import annotations


class StepNotFoundError(LookupError):
    """There is no step of the name, or none to which the question applies."""


class AmbiguousStepError(LookupError):
    """There are several steps of the name, and what was asked for differs between them."""


class WorkflowNotFoundError(LookupError):
    """There is no workflow of the name."""


class AmbiguousWorkflowError(LookupError):
    """There are several workflows that may be meant."""


class NoGraphError(ValueError):
    """The workflow has no graph, as no step of it can run."""


class IncompleteGraphWarning(UserWarning):
    """A graph that a test looks at may lack steps: what is not in it may still run."""
