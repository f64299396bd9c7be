"""Hostile strings in every format of every command have no effect, and parsers read them back unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Final, TypeAlias
from xml.etree import ElementTree as ET

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from stepgraph.cli.formats import FAILURE_FORMATS, REPLAY_FORMATS, REPORT_FORMATS
from stepgraph.escaping.markup import dot_line
from stepgraph.escaping.plain_text import visible
from tests.effort import sample
from tests.escaping.conftest import HostileOutput, HostileRunner, with_all_texts
from tests.escaping.readers import FORMATS_WITH_TABS, command_lines, hidden_lines, without_annotations
from tests.html.reading import read
from tests.text_formats import TEXT_DIFFS, TEXT_DRAWINGS, TEXT_FORMATS, TEXT_INSTANCES

Runs: TypeAlias = dict[str, tuple[str, ...]]

# Each command in each format. Formats of a single workflow write a file for each.
DRAWN: Final[Runs] = {
    name: ("render", "old.json", "-f", name, *(() if form.allows_multiple_workflows else ("-o", "out/")))
    for name, form in TEXT_DRAWINGS.items()
}
GRAPHS: Final[Runs] = {
    name: ("graph", "shops", "-f", name)
    for name, form in TEXT_FORMATS.items()
    if form.shows_notes or form.shows_locations or form.is_api_response
}
REPORTS: Final[Runs] = {name: ("check", "shops", "-f", name) for name in REPORT_FORMATS}
DIFFS: Final[Runs] = {name: ("diff", "old.json", "new.json", "-f", name) for name in TEXT_DIFFS}
LOGS: Final = ("failed", "running", "other")
INSTANCES: Final[Runs] = {
    f"{name} {log}": ("instance", f"{log}.json", "--graph", "run.json", "-f", name)
    for name in TEXT_INSTANCES
    for log in LOGS
}
FAILURES: Final[Runs] = {name: ("why", "failed.json", "--graph", "run.json", "-f", name) for name in FAILURE_FORMATS}
REPLAYS: Final[Runs] = {
    f"{name}{mark}": ("replay", "logs", "running.json", "other.json", "--graph", "run.json", *more, "-f", name)
    for name in REPLAY_FORMATS
    for mark, more in (("", ()), (" from", ("--from", "old.json")))
}
OTHERS: Final[Runs] = {
    "list": ("list", "shops"),
    "list of data": ("list", "shops", "-f", "json"),
    "error about a name": ("render", "old.json", "--workflow", "##[x]\n::error::a\x1b"),
    "error about a path": ("graph", "##[x]\n::error::a\x1b"),
    "error about an option": ("graph", "--depth", "##[x]\n::error::a\x1b"),
    "unknown command": ("::error::a\n##[x]\x1b",),
}
TABLES: Final = {
    "render": DRAWN,
    "graph": GRAPHS,
    "check": REPORTS,
    "diff": DIFFS,
    "instance": INSTANCES,
    "why": FAILURES,
    "replay": REPLAYS,
    "other": OTHERS,
}
ALL: Final = dict(
    sample([(f"{command} {name}", run) for command, runs in TABLES.items() for name, run in runs.items()], 6)
)
OWN_TAGS: Final = {"h1", "h2", "h3", "p", "strong", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"} | {
    *("ul", "li", "details", "summary"),
}


def output_texts(hostile_run: HostileOutput) -> Iterator[str]:
    yield hostile_run.err
    yield hostile_run.out
    yield from hostile_run.files.values()


@with_all_texts
@pytest.mark.parametrize("run", ALL.values(), ids=ALL.keys())
def test_output_has_no_control_or_invisible_characters(hostile_run: HostileRunner, run: Sequence[str]) -> None:
    tabs = not FORMATS_WITH_TABS.isdisjoint(run)
    assert [line for text in output_texts(hostile_run(*run)) for line in hidden_lines(text, tabs=tabs)] == []


@with_all_texts
@pytest.mark.parametrize("run", ALL.values(), ids=ALL.keys())
def test_output_has_no_ci_commands(hostile_run: HostileRunner, run: Sequence[str]) -> None:
    for text in output_texts(hostile_run(*run)):
        log, _ = without_annotations(text) if "github" in run else (text, 0)
        assert command_lines(log) == []


@with_all_texts
@pytest.mark.parametrize("run", ALL.values(), ids=ALL.keys())
def test_hostile_text_causes_no_internal_error(hostile_run: HostileRunner, run: Sequence[str]) -> None:
    assert hostile_run(*run).code in {0, 1, 2, 3}


@pytest.mark.slow
def test_each_finding_is_one_annotation(hostile_run: HostileRunner) -> None:
    findings = json.loads(hostile_run(*REPORTS["json"]).out)["findings"]
    assert without_annotations(hostile_run(*REPORTS["github"]).out)[1] == len(findings)


@pytest.mark.slow
def test_json_preserves_the_texts(hostile_run: HostileRunner) -> None:
    graphs = json.loads(hostile_run(*GRAPHS["json"]).out)
    steps = [each["graph"]["workflow"]["nodes"][0]["name"] for each in graphs]
    # Folders whose names begin with a dot are not searched.
    assert set(steps) >= {
        text for text in hostile_run.saved_texts if text.strip() and text[0] != "." and "\0" not in text
    }
    listed = json.loads(hostile_run(*OTHERS["list of data"]).out)
    assert len({each["name"] for each in listed} & set(hostile_run.saved_texts)) > len(hostile_run.saved_texts) * 2 / 3


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab"])
def test_reports_of_data_can_be_parsed(hostile_run: HostileRunner, name: str) -> None:
    assert json.loads(hostile_run(*REPORTS[name]).out)


@pytest.mark.slow
def test_reports_of_lines_and_tests_can_be_parsed(hostile_run: HostileRunner) -> None:
    assert all(json.loads(line) for line in hostile_run(*REPORTS["jsonl"]).out.splitlines())
    assert ET.fromstring(hostile_run(*REPORTS["junit"]).out).tag == "testsuites"  # noqa: S314 - it is our own


def test_sarif_and_gitlab_show_visible_text(hostile_run: HostileRunner) -> None:
    run = json.loads(hostile_run(*REPORTS["sarif"]).out)["runs"][0]
    places = [place for result in run["results"] for place in result["locations"]]
    names = [name["name"] for place in places for name in place.get("logicalLocations", [])]
    messages = [result["message"]["text"] for result in run["results"]]
    violations = json.loads(hostile_run(*REPORTS["gitlab"]).out)
    shown = [each["description"] for each in violations] + [each["location"]["path"] for each in violations]
    assert [text for text in (*names, *messages, *shown) if hidden_lines(text) or "\n" in text] == []


def test_sarif_uris_are_ascii_and_preserve_the_path(hostile_run: HostileRunner) -> None:
    uris = set(re.findall(r'"uri": "([^"]*)"', hostile_run(*REPORTS["sarif"]).out))
    assert [uri for uri in uris if not re.fullmatch(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", uri)] == []
    assert any("%FF" in uri for uri in uris)


def _pictures(hostile_run: HostileRunner) -> list[str]:
    return [*hostile_run(*DRAWN["svg"]).files.values(), hostile_run(*DIFFS["svg"]).out]


@pytest.mark.slow
def test_pictures_are_inert_xml(hostile_run: HostileRunner) -> None:
    tags = {element.tag for picture in _pictures(hostile_run) for element in ET.fromstring(picture).iter()}  # noqa: S314
    assert {tag.rpartition("}")[2] for tag in tags} <= {
        "svg",
        "title",
        "style",
        "rect",
        "g",
        "path",
        "text",
        "tspan",
        "circle",
    }


def test_each_text_is_the_title_of_a_picture(hostile_run: HostileRunner) -> None:
    titles = {
        title for picture in _pictures(hostile_run) for title in re.findall(r"<title[^>]*>(.*?)</title>", picture)
    }
    wanted = {f"<title>{visible(text)}, the steps of a workflow</title>" for text in hostile_run.saved_texts}
    shown = {ET.fromstring(f"<title>{title}</title>").text or "" for title in titles}  # noqa: S314 - it is ours
    assert {each.removeprefix("<title>").removesuffix("</title>") for each in wanted} <= shown


@with_all_texts
@pytest.mark.parametrize(
    ("run", "data_scripts"),
    [
        pytest.param(DRAWN["html"], ["application/json", "image/svg+xml"], id="render"),
        pytest.param(GRAPHS["html"], ["application/json", "application/json", "image/svg+xml"], id="graph"),
    ],
)
def test_page_has_only_own_elements(
    hostile_run: HostileRunner, run: Sequence[str], data_scripts: Sequence[str]
) -> None:
    root = read(hostile_run(*run).out)
    assert [script.attributes.get("type", "") for script in root.all("script")] == [*data_scripts, ""]
    assert {element.name for element in root.walk()}.isdisjoint(
        {"img", "iframe", "b", "form", "object", "base", "image"}
    )
    handlers = [name for element in root.walk() for name in element.attributes if name.startswith("on")]
    assert handlers == []


class _Markdown(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.prose = ""
        self._open: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open.append(tag)
        self.links |= {value or "" for key, value in attrs if key in {"href", "src"}}

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"code", "pre", "a"} & set(self._open):
            self.prose += data


REFERENCE: Final = re.compile(
    r"[@#!]\w|\bGH-[0-9]|\b[0-9a-f]{40}\b|\bdeadbee1\b|://|\bwww\.|\w@\w|mailto:|xmpp:"
    r"|:[\w+-]+:|[\[{][+-]|\[[ x]?\]|\[\w+[:\]]|\[\[|\*iteration:|%\{",
    re.IGNORECASE,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [REPORTS["markdown"], DIFFS["markdown"], DRAWN["mermaid"]],
    ids=["check", "diff", "render"],
)
def test_markdown_has_only_own_markup_and_links(hostile_run: HostileRunner, run: Sequence[str]) -> None:
    markdown = _Markdown(hostile_run(*run).out)
    assert markdown.tags <= OWN_TAGS
    assert {link for link in markdown.links if "/docs/reference/rules/SG" not in link} == set()
    assert REFERENCE.findall(markdown.prose) == []


def test_names_of_written_files_are_distinct_and_safe(hostile_run: HostileRunner) -> None:
    names = list(hostile_run(*DRAWN["svg"]).files)
    assert len(names) == len(hostile_run.saved_texts)
    assert len({name.casefold() for name in names}) == len(names)
    assert [name for name in names if re.search(r'[\x00-\x20/\\:*?"<>|]|^[.-]', name)] == []


def test_long_runs_of_backslashes_are_cut_in_dot() -> None:
    backslash = "\\"
    assert dot_line(backslash * 256) == backslash * 512
    assert dot_line(f"a{backslash * 20_000}b") == f"a{backslash * 512}…b"
