"""Functions that select an implementation by the class of the first argument: `functools.singledispatch`."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import analyze_file
from tests.semantics.notation import notation, text, workflow_of_module

MODULE = """
from functools import singledispatch, singledispatch as by_class, singledispatchmethod

from workers import WorkflowEntrypoint


class Message: ...
class Mail(Message): ...
class Text: ...


{definitions}


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        {call}
"""
FUNCTIONS = """
@singledispatch
async def send(message, step):
    await step.do("other")(lambda: 1)()

@send.register
async def _(message: Message, step):
    await step.do("message")(lambda: 1)()
"""


def graph_of(call: str, definitions: str = FUNCTIONS) -> str:
    workflow = workflow_of_module(MODULE.format(definitions=definitions, call=call))
    assert workflow.notes == ()
    return notation(workflow.graph)


def test_subclass_runs_the_function_of_its_base() -> None:
    assert graph_of("await send(Mail(), step)") == text("""
        call _
        def _
          message
    """)


def test_class_without_implementation_runs_the_default() -> None:
    assert graph_of("await send(Text(), step)") == text("""
        call send
        def send
          other
    """)


def test_nearest_class_decides() -> None:
    definitions = (
        FUNCTIONS + '@send.register(Mail)\nasync def mail(message, step):\n    await step.do("mail")(lambda: 1)()'
    )
    assert graph_of("await send(Mail(), step)", definitions) == text("""
        call mail
        def mail
          mail
    """)


def test_unknown_class_runs_any_function() -> None:
    assert graph_of("await send(event, step)") == text("""
        switch type(event)
        | case Message
          call _
        | default
          call send
        def _
          message
        def send
          other
    """)


@pytest.mark.parametrize(
    "registration",
    [
        "@send.register\nasync def text(message: Text | Mail, step): ...",
        "@send.register(Text)\nasync def text(message, step): ...",
        "async def text(message, step): ...\n\nsend.register(Text, text)",
    ],
)
def test_registration(registration: str) -> None:
    definitions = FUNCTIONS + registration.replace("...", 'await step.do("text")(lambda: 1)()')
    assert graph_of("await send(Text(), step)", definitions) == text("""
        call text
        def text
          text
    """)


def test_decorator_with_another_name() -> None:
    assert graph_of("await send(Mail(), step)", FUNCTIONS.replace("@singledispatch", "@by_class")) == text("""
        call _
        def _
          message
    """)


def test_method_dispatches_on_its_first_argument() -> None:
    definitions = """
class Sender:
    def __init__(self, step):
        self.step = step

    @singledispatchmethod
    async def send(self, message):
        await self.step.do("other")(lambda: 1)()

    @send.register
    async def mail(self, message: Mail):
        await self.step.do("mail")(lambda: 1)()
"""
    assert graph_of("await Sender(step).send(Mail())", definitions) == text("""
        call mail
        def mail
          mail
    """)


@pytest.mark.usefixtures("empty_directory")
def test_registration_in_another_module() -> None:
    Path("core.py").write_text("""
from functools import singledispatch

class Mail: ...

@singledispatch
async def send(message, step):
    raise TypeError
""")
    Path("mails.py").write_text("""
from core import Mail, send

@send.register
async def mail(message: Mail, step):
    await step.do("mail")(lambda: 1)()
""")
    Path("entry.py").write_text("""
from workers import WorkflowEntrypoint
import core, mails

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await core.send(core.Mail(), step)
""")
    assert notation(analyze_file("entry.py").workflows[0].graph) == text("""
        call mail
        def mail
          mail
    """)


def test_implementation_passed_to_unknown_code() -> None:
    definitions = """
import acme

@singledispatch
async def send(message, step):
    raise TypeError
"""
    call = """
        @send.register
        async def mail(message: Mail, _):
            await step.do("mail")(lambda: 1)()

        await acme.run(send)
        await step.sleep("end", 1)
"""
    workflow = workflow_of_module(MODULE.format(definitions=definitions, call=call.strip()))
    assert [note.code for note in workflow.notes] == ["escapes"]
