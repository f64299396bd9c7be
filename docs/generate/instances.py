"""Generate the pictures of instances in the gallery, from the logs in `fixtures/instances`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from docs.generate.files import ROOT
from stepgraph import analyze_file

if TYPE_CHECKING:
    from stepgraph.render.view import Theme

FIXTURES = ROOT / "fixtures"


@dataclass(frozen=True, slots=True)
class InstanceExhibit:
    """An instance in the gallery."""

    title: str
    stem: str
    """The name of its pictures, without the theme and the suffix."""
    log: str
    """The name of the log in `fixtures/instances`, without the suffix."""
    workflow: str
    """The path of the module of the workflow in `fixtures`."""
    about: str
    """The description, one sentence."""

    @property
    def source(self) -> Path:
        """The path of the log."""
        return FIXTURES / "instances" / f"{self.log}.json"

    def picture(self, theme: Theme) -> str:
        """Return the picture as `stepgraph instance` draws it."""
        from stepgraph.cli.formats import DEFAULT_FIT
        from stepgraph.drawing.workflow import DrawnWorkflow
        from stepgraph.execution.instance import instance_of
        from stepgraph.execution.log import read_instance_log
        from stepgraph.render.view import View

        (workflow,) = analyze_file(FIXTURES / self.workflow).workflows
        log = read_instance_log(self.source.read_bytes(), self.source.name)
        if workflow.graph is None:
            raise ValueError(f"{self.workflow} has no graph")
        drawn = DrawnWorkflow(
            name=workflow.name,
            class_name=workflow.class_name,
            graph=workflow.graph,
            details=partial(getattr, workflow, "details"),
            instance=instance_of(log, workflow.graph, workflow.name),
        )
        return drawn.svg(View(theme=theme, fit=DEFAULT_FIT)).text


INSTANCES = (
    InstanceExhibit(
        "Waiting for an event",
        "waiting",
        "readme_waiting",
        "readme/src/entry.py",
        "An order that waits for its approval, with the steps that can begin next.",
    ),
    InstanceExhibit(
        "Between two attempts",
        "retrying",
        "readme_retrying",
        "readme/src/entry.py",
        "An order whose payment has failed twice and will be tried again.",
    ),
    InstanceExhibit(
        "Failed",
        "failed",
        "travel_booking_failed",
        "gallery/travel_booking.py",
        "A trip without a car: after five attempts, the flight and the hotel are canceled.",
    ),
    InstanceExhibit(
        "Finished",
        "finished",
        "readme_finished",
        "readme/src/entry.py",
        "An order that is complete, with three passes of its loop.",
    ),
    InstanceExhibit(
        "In the third pass of a loop",
        "in_a_loop",
        "invoice_approval_waiting",
        "gallery/invoice_approval.py",
        "An invoice that waits for its third approver, after one did not answer and one had a question.",
    ),
    InstanceExhibit(
        "After concurrent steps",
        "after_groups",
        "release_train_waiting",
        "gallery/release_train.py",
        "A release that waits for the verdict on its canary.",
    ),
)


def instance_pictures() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each picture, in light and in dark colors."""
    themes: tuple[Theme, Theme] = ("light", "dark")
    for exhibit in INSTANCES:
        yield from ((f"{exhibit.stem}.{theme}.svg", exhibit.picture(theme)) for theme in themes)


def entry(exhibit: InstanceExhibit, folder: str) -> str:
    """Return the section of an instance on the page of the gallery, with its pictures in a folder."""
    link = f"../{exhibit.source.relative_to(ROOT).as_posix()}"
    lines = [f"### {exhibit.title}", "", f"{exhibit.about} ([log]({link}))", ""]
    for theme in ("light", "dark"):
        picture = f"{folder}/{exhibit.stem}.{theme}.svg"
        lines += [f"[![The instance {exhibit.stem}, {theme}]({picture})]({picture})", ""]
    return "\n".join(lines)
