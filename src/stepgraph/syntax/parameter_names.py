"""The names of the parameters of functions."""

from __future__ import annotations

import libcst as cst
from msgspec import Struct


class ParameterNames(Struct, frozen=True):
    """The parameters of a function, without `self` or `cls`."""

    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    rest: str | None
    """The name of the `*args` parameter."""
    keywords: str | None
    """The name of the `**kwargs` parameter."""
    has_receiver: bool
    """Whether `self` or `cls` comes first."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all single parameters."""
        return (*self.positional, *self.keyword_only)

    @staticmethod
    def from_node(parameters: cst.Parameters) -> ParameterNames:
        """Return the parameters of a function or lambda."""
        names = [parameter.name.value for parameter in (*parameters.posonly_params, *parameters.params)]
        has_receiver = names[:1] in (["self"], ["cls"])
        rest = parameters.star_arg
        return ParameterNames(
            tuple(names[has_receiver:]),
            tuple(parameter.name.value for parameter in parameters.kwonly_params),
            rest.name.value if isinstance(rest, cst.Param) else None,
            None if parameters.star_kwarg is None else parameters.star_kwarg.name.value,
            has_receiver,
        )
