"""Renaming of steps: the text after the edit, the warning for running instances, and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from lsprotocol.types import (
    Position,
    TextDocumentContentChangeWholeDocument,
    TextDocumentEdit,
    VersionedTextDocumentIdentifier,
)

from stepgraph.lsp.requests.linked_names import RenameError
from stepgraph.lsp.requests.renaming import RenameSupport, prepare_rename, rename
from tests.cli.sources import write
from tests.lsp.applied_edits import applied
from tests.lsp.positions import CARET, program, text_at, view_at_caret

LEGACY = (
    '{"name": "w", "main": "entry.py", "compatibility_date": "2026-01-01", "compatibility_flags": ["python_workers"]}'
)


RERUN = "Running instances that have finished `load` run it again under the new name."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def renamed_files(files: Mapping[str, str], new_name: str) -> dict[str, str]:
    """Return the files that change when the name at the caret gets a new one."""
    renaming = rename(*view_at_caret(files), new_name, RenameSupport())
    assert renaming is not None
    assert renaming.edit.changes is not None
    paths = {Path(uri.removeprefix("file://")): edits for uri, edits in renaming.edit.changes.items()}
    return {path.name: applied(files[path.name].replace(CARET, ""), edits) for path, edits in paths.items()}


def renamed(body: str, new_name: str = "new") -> str:
    """Return the body of `run` after a renaming."""
    files = {"entry.py": program(body)}
    text = renamed_files(files, new_name)["entry.py"]
    start = text.index("step):\n") + len("step):\n")
    return "\n".join(line.removeprefix("        ") for line in text[start:].splitlines())


def warning(body: str) -> str:
    renaming = rename(*view_at_caret({"entry.py": program(body)}), "new", RenameSupport())
    assert renaming is not None
    return renaming.warning


def refusal(files: Mapping[str, str], new_name: str = "new") -> str:
    """Return the message of a refused renaming."""
    with pytest.raises(RenameError) as error:
        rename(*view_at_caret(files), new_name, RenameSupport())
    return str(error.value)


UNNAMED = """\
@step.do()
async def load(): ...
@step.do()
async def charge(load):
    return [load, load.load, f"{load}", dict(load=load)]
tasks = [load()]
print(lambda: load, load=[load for load in load])
await charge()"""

RENAMED = """\
@step.do()
async def new(): ...
@step.do()
async def charge(new):
    return [new, new.load, f"{new}", dict(load=new)]
tasks = [new()]
print(lambda: new, load=[load for load in new])
await charge()"""


@pytest.mark.parametrize(
    ("before", "after"),
    [("def load", "def lo^ad"), ("charge(load", "charge(^load"), ("[load()", "[load^()"), ("[load,", "[lo^ad,")],
)
def test_a_step_named_by_its_function(before: str, after: str) -> None:
    assert renamed(UNNAMED.replace(before, after)) == RENAMED


NAMED = """\
@step.do("order")
async def load(): ...
@step.do()
async def charge(order):
    return order
await charge()
await load()"""


@pytest.mark.parametrize(
    ("before", "after"), [('"order', '"or^der'), ("(order", "(order^"), ("return order", "return ^order")]
)
def test_a_name_takes_the_parameters_with_it(before: str, after: str) -> None:
    assert renamed(NAMED.replace(before, after)) == NAMED.replace("order", "new")


@pytest.mark.parametrize(("before", "after"), [("def load", "def load^"), ("await load", "await lo^ad")])
def test_a_function_leaves_the_name_of_the_step(before: str, after: str) -> None:
    body = NAMED.replace(before, after)
    assert renamed(body) == NAMED.replace("load", "new")
    assert warning(body) == ""


def test_steps_of_one_parameter_have_one_name() -> None:
    body = """\
if event:
    @step.do()
    async def load(): ...
else:
    @step.do("load")
    async def other(): ...
@step.do()
async def charge(load): ...
await charge()"""
    assert renamed(body.replace("def load", "def lo^ad")) == body.replace("load", "new")


def test_depends_lists_the_function() -> None:
    write("wrangler.json", LEGACY)
    body = """\
@step.do("load")
async def load(): ...
@step.do("charge", depends=[load])
async def charge(load):
    return load
@step.do("refund", depends=[load])
async def refund(order): ...
await charge()"""
    expected = body.replace("load", "new").replace('"new"', '"load"')
    assert renamed(body.replace("def load", "def lo^ad")) == expected
    assert renamed(body.replace("[load", "[^load", 1)) == expected
    assert prepare_rename(*view_at_caret({"entry.py": program(body.replace("(order", "(or^der"))})) is None


def test_all_files_change() -> None:
    helper = "async def pack(step):\n    @step.do()\n    async def wrap(load): return load\n    await wrap()\n"
    entry = program("@step.do()\nasync def load(): ...\nawait pack(step)", "from helpers import pack\n")
    files = {"entry.py": entry, "helpers.py": helper.replace("(load", "(lo^ad")}
    assert renamed_files(files, "new") == {
        "entry.py": entry.replace("load", "new"),
        "helpers.py": helper.replace("load", "new"),
    }


@pytest.mark.parametrize(
    ("body", "new_name", "expected"),
    [
        ('await step.sleep("re^st", "1 day")', 'a "b"', 'await step.sleep("a \\"b\\"", "1 day")'),
        ("await step.sleep('''re^st''', '1 day')", "it's", "await step.sleep('''it\\'s''', '1 day')"),
        ("await step.wait_for_event(r'e^vent', type='x')", "new", "await step.wait_for_event(r'new', type='x')"),
        (
            '@step.do("a^")\nasync def load(): ...\nawait load()',
            "b c",
            '@step.do("b c")\nasync def load(): ...\nawait load()',
        ),
    ],
)
def test_a_literal_keeps_its_quotes(body: str, new_name: str, expected: str) -> None:
    assert renamed(body, new_name) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "@step.do()\nasync def lo^ad(): ...\nawait load()",
            f'{RERUN} To keep the name, write `step.do("load")`.',
        ),
        (
            '@step.do("lo^ad")\nasync def load(): ...\nawait load()',
            RERUN,
        ),
        (
            'await step.sleep("re^st", "1 day")',
            "Running instances that wait in `rest` start the wait over under the new name.",
        ),
    ],
)
def test_a_new_name_concerns_running_instances(body: str, expected: str) -> None:
    assert warning(body) == expected


def test_an_editor_asks_for_confirmation() -> None:
    view, position = view_at_caret({"entry.py": program("@step.do()\nasync def lo^ad(): ...\nawait load()")})
    renaming = rename(view, position, "new", RenameSupport(versions=True, annotations=True))
    assert renaming is not None
    assert renaming.warning == ""
    assert renaming.edit.change_annotations is not None
    ((identity, annotation),) = renaming.edit.change_annotations.items()
    assert annotation.needs_confirmation
    assert renaming.edit.document_changes is not None
    (change,) = renaming.edit.document_changes
    assert isinstance(change, TextDocumentEdit)
    assert change.text_document.version == 1
    assert {getattr(edit, "annotation_id", None) for edit in change.edits} == {identity}


@pytest.mark.parametrize(
    ("body", "new_name", "message"),
    [
        ("@step.do()\nasync def lo^ad(): ...\nawait load()", "a b", "`a b` is not a Python identifier"),
        ("@step.do()\nasync def lo^ad(): ...\nawait load()", "for", "`for` is a Python keyword"),
        ("@step.do()\nasync def lo^ad(): ...\nawait load()", "ﬁx", "Python reads `ﬁx` as `fix`"),
        ("@step.do()\nasync def lo^ad(): ...\nawait load()", "__x", "`__x` starts with two underscores"),
        ("@step.do()\nasync def lo^ad(): ...\nawait load()", "ctx", "`ctx` is the parameter for the context"),
        ("@step.do()\nasync def lo^ad(): ...\nawait load()", "event", "`event` already has a meaning at entry.py:3:"),
        ("@step.do()\nasync def lo^ad(): ...\nprint(load)", "print", "`print` already has a meaning at entry.py:6:9."),
        ('@step.do("a")\nasync def b^(): ...\n@step.do()\nasync def c(b): ...\nawait c()', "c", "`c` already has"),
        (
            '@step.do("a^")\nasync def b(): ...\n@step.do("c")\nasync def d(a): ...\nawait d()',
            "c",
            "there is already a step `c` at entry.py:6:10.",
        ),
        (NAMED.replace('"order', '"^order'), "a b", "`a b` is not a Python identifier"),
        ('await step.sleep("^rest", "1 day")', "\n", "must be one line of text"),
        ('await step.sleep(r"^rest", "1 day")', "\\d", "the raw string at entry.py:4:26 cannot contain"),
        ('await step.sleep("re" "^st", "1 day")', "new", "is not a single string literal"),
        ('await step.sleep(f"^{event}", "1 day")', "new", "is not a single string literal"),
    ],
)
def test_refused_names(body: str, new_name: str, message: str) -> None:
    assert message in refusal({"entry.py": program(body)}, new_name)


@pytest.mark.parametrize(("entry", "helper"), [("card", "ca^rd"), ("ca^rd", "card")])
def test_a_step_named_after_a_function_of_a_module(entry: str, helper: str) -> None:
    files = {
        "entry.py": program(f"pay = step.do()({entry})\nawait pay()", "from helpers import card\n"),
        "helpers.py": f"async def {helper}(): ...\n",
    }
    assert refusal(files) == (
        "the step has the name of its function `card`, which other files may use. Name the step, as in"
        ' `step.do("card")`; then rename the function with the language server of Python.'
    )


def test_a_function_of_a_module_belongs_to_other_servers() -> None:
    files = {
        "entry.py": program('pay = step.do("pay")(ca^rd)\nawait pay()', "from helpers import card\n"),
        "helpers.py": "async def card(): ...\n",
    }
    assert prepare_rename(*view_at_caret(files)) is None


@pytest.mark.parametrize("path", ["python_modules/helpers.py", "helpers.py"])
def test_foreign_code_stays(path: str) -> None:
    helper = "# @generated\nasync def pack(step):\n    @step.do()\n    async def wrap(): ...\n    await wrap()\n"
    name = path.removesuffix(".py").replace("/", ".")
    files = {
        "entry.py": program("await pack(step)", f"from {name} import pack\n"),
        path: helper.replace("wrap", "wr^ap", 1),
    }
    assert path in refusal(files)


@pytest.mark.parametrize(
    "body",
    [
        "x^ = 1\nawait step.sleep('a', 1)",
        "await st^ep.sleep('a', 1)",
        "pay^ = step.do()(print)\nawait pay()",
        'pay = step.do("pay")(lambda: ev^ent)\nawait pay()',
    ],
)
def test_other_names_belong_to_other_servers(body: str) -> None:
    view, position = view_at_caret({"entry.py": program(body)})
    assert prepare_rename(view, position) is None
    assert rename(view, position, "new", RenameSupport()) is None


def test_the_range_of_a_name_has_no_quotes() -> None:
    text = program('await step.sleep("""re^st""", "1 day")')
    view, position = view_at_caret({"entry.py": text})
    prepared = prepare_rename(view, position)
    assert prepared is not None
    assert (text_at(text.replace(CARET, ""), prepared.range), prepared.placeholder) == ("rest", "rest")


def test_a_text_must_be_analyzed_as_it_is() -> None:
    text = program("@step.do()\nasync def load(): ...\nawait load()")
    view, position = view_at_caret({"entry.py": text.replace("def load", "def lo^ad")})
    identifier = VersionedTextDocumentIdentifier(2, view.document.uri)
    view.folder.documents.change(identifier, [TextDocumentContentChangeWholeDocument(f"{text}\nload = 1\n")])
    view = view.folder.document(next(iter(view.folder.documents)))
    with pytest.raises(RenameError, match=r"entry\.py has an error or is being analyzed"):
        rename(view, position, "new", RenameSupport())


def test_columns_are_those_of_the_editor() -> None:
    body = "@step.do()\nasync def load(): ...\nprint('\N{SNAKE}', load, loa^d)\nawait load()"
    view, position = view_at_caret({"entry.py": program(body)})
    renaming = rename(view, Position(position.line, position.character + 1), "new", RenameSupport())
    assert renaming is not None
    (edits,) = (renaming.edit.changes or {}).values()
    assert [edit.range.start.character for edit in edits] == [18, 20, 26, 14]


def test_a_byte_order_mark_moves_no_edit() -> None:
    files = {
        "entry.py": program(
            "@step.do()\nasync def load(): ...\nawait step.do('a')(card)()", "from helpers import card\n"
        ),
        "helpers.py": "\ufeffasync def card(lo^ad): ...\n",
    }
    assert "helpers.py:1:16 is at another column" in refusal(files)


def test_unprintable_characters_of_a_name_are_spelled() -> None:
    """JSON parsers of editors reject lone surrogates."""
    prepared = prepare_rename(*view_at_caret({"entry.py": program(r'await step.sleep("^a\ud800", "1 hour")')}))
    assert prepared is not None
    assert prepared.placeholder == r"a\ud800"
