"""Planning `if` and `switch`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from stepgraph.model.payload import Branch as BranchNode
from stepgraph.model.payload import If, Switch
from stepgraph.render.node_text import branch_text, has_no_way_past
from stepgraph.render.svg import icons
from stepgraph.render.svg.captions import told
from stepgraph.render.svg.figures.branches import Branch, Branches
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.figures.frame import Frame
from stepgraph.render.svg.figures.label import heading, remark, under
from stepgraph.render.svg.figures.leaf import Named
from stepgraph.render.svg.planning.place import Place, Planner

WIDEST_CONDITION: Final = 230
_OUR_WORDS: Final = re.compile(r"no break|no continue|.* has not run", re.DOTALL)
"""Conditions that are no source: none of them could be."""


def plan_if(planner: Planner, node: If, place: Place) -> Figure:
    """Return an `if`; without an `else`, the way past all branches is drawn as one."""
    branches = _branches(planner, node["branches"], place, ("else", "else"))
    return Frame(
        Named("choice", place.identity, if_title(node)), heading(icons.CHOICE, "if"), branches, 0, planner.folds
    )


def plan_switch(planner: Planner, node: Switch, place: Place) -> Figure:
    """Return a `switch`; without a default, there is a way past all cases."""
    branches = _branches(planner, node["branches"], place, ("default", "no match"))
    label = heading(icons.SWITCH, "switch", node["discriminant"])
    return Frame(Named("choice", place.identity, f"switch {node['discriminant']}"), label, branches, 0, planner.folds)


def if_title(node: If) -> str:
    """Return an `if` on one line: its conditions."""
    conditions = [branch["condition"] for branch in node["branches"] if branch["condition"] is not None]
    return told("if", *conditions)


def _branches(planner: Planner, branches: Sequence[BranchNode], place: Place, words: tuple[str, str]) -> Figure:
    """Return the branches; `words` are for the branch without a condition, and for the way past them all."""
    otherwise, past = words
    planned: list[Branch] = []
    for index, branch in enumerate(branches):
        known = planner.view.details
        text = branch_text(branch, otherwise, known)
        is_code = bool(known.source(branch)) or (branch["condition"] is not None and not _OUR_WORDS.fullmatch(text))
        label = heading("", "", text or " ", widest=WIDEST_CONDITION) if is_code else remark(text)
        for phrase in known.remarks(branch):
            label = under(label, phrase)
        inside = place.within(f"{place.identity}.{index + 1}")
        body = planner.stack(branch["nodes"], inside, tail=0) if branch["nodes"] else None
        planned.append(Branch(label, body, told(text, *known.remarks(branch)), mark=planner.view.mark(branch)))
    if has_no_way_past(branches, planner.view.details):
        return Branches(planned, None)
    implied = Branch(remark(past), None, past, implied=True)
    leaves = len(planned) == 1 and not planned[0].goes_on
    # What leaves the usual way stands to its right, where ways out are.
    return Branches([implied, *planned] if leaves else [*planned, implied], 0 if len(planned) == 1 else None)
