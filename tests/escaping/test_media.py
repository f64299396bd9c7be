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

from stepgraph.cli.formats import DIFF_FORMATS, DRAWINGS, FORMATS, REPORT_FORMATS
from stepgraph.escaping.visible import visible
from tests.escaping.conftest import SAVED, Medium, Said
from tests.escaping.readers import obeyed, unseen, without_annotations
from tests.html.reading import read

Runs: TypeAlias = dict[str, tuple[str, ...]]

# Each command in each format. `test_every_format_is_tried` detects missing formats.
DRAWN: Final[Runs] = {name: ("render", "old.json", "-f", name) for name in ("text", "dot", "html", "mermaid")}
GRAPHS: Final[Runs] = {name: ("graph", "shops", "-f", name) for name in ("text", "json", "html")}
REPORTS: Final[Runs] = {
    name: ("check", "shops", "-f", name) for name in ("text", "json", "sarif", "github", "gitlab", "markdown")
}
DIFFS: Final[Runs] = {
    name: ("diff", "old.json", "new.json", "-f", name) for name in ("text", "json", "markdown", "svg")
}
OTHERS: Final[Runs] = {
    "pictures": ("render", "old.json", "-f", "svg", "-o", "out/"),
    "list": ("list", "shops"),
    "list of data": ("list", "shops", "-f", "json"),
    "what is wrong with a name": ("render", "old.json", "--workflow", "##[x]\n::error::a\x1b"),
    "what is wrong with a path": ("graph", "##[x]\n::error::a\x1b"),
    "what is wrong with an option": ("graph", "--depth", "##[x]\n::error::a\x1b"),
    "what is no command": ("::error::a\n##[x]\x1b",),
}
TABLES: Final = {
    "render": DRAWN,
    "graph": GRAPHS,
    "check": REPORTS,
    "diff": DIFFS,
    "other": OTHERS,
}
ALL: Final = {f"{command} {name}": run for command, runs in TABLES.items() for name, run in runs.items()}
OUR_TAGS: Final = {"h1", "h2", "h3", "p", "strong", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"} | {
    *("ul", "li", "details", "summary"),
}


def texts_of(said: Said) -> Iterator[str]:
    yield said.told
    yield said.out
    yield from said.files.values()


def test_every_format_is_tried() -> None:
    assert set(DRAWN) | {"svg"} == set(DRAWINGS)
    assert set(GRAPHS) | set(DRAWN) | {"svg"} == set(FORMATS)
    assert set(REPORTS) == set(REPORT_FORMATS)
    assert set(DIFFS) == set(DIFF_FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("run", ALL.values(), ids=ALL.keys())
def test_nothing_steers_or_hides(said: Medium, run: Sequence[str]) -> None:
    tabs = "dot" in run
    assert [line for text in texts_of(said(*run)) for line in unseen(text, tabs=tabs)] == []


@pytest.mark.parametrize("run", ALL.values(), ids=ALL.keys())
def test_no_runner_finds_a_command(said: Medium, run: Sequence[str]) -> None:
    for text in texts_of(said(*run)):
        own, _ = without_annotations(text) if "github" in run else (text, 0)
        assert obeyed(own) == []


@pytest.mark.parametrize("run", ALL.values(), ids=ALL.keys())
def test_hostile_text_causes_no_internal_error(said: Medium, run: Sequence[str]) -> None:
    assert said(*run).code in {0, 1, 2, 3}


def test_each_finding_is_one_annotation(said: Medium) -> None:
    findings = json.loads(said(*REPORTS["json"]).out)["findings"]
    assert without_annotations(said(*REPORTS["github"]).out)[1] == len(findings)


def test_json_has_the_texts_themselves(said: Medium) -> None:
    graphs = json.loads(said(*GRAPHS["json"]).out)
    steps = [each["graph"]["workflow"]["nodes"][0]["name"] for each in graphs]
    # Folders whose names begin with a dot are not searched.
    assert set(steps) >= {text for text in SAVED if text.strip() and text[0] != "." and "\0" not in text}
    listed = json.loads(said(*OTHERS["list of data"]).out)
    assert len({each["name"] for each in listed} & set(SAVED)) > 100


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab"])
def test_reports_of_data_can_be_parsed(said: Medium, name: str) -> None:
    assert json.loads(said(*REPORTS[name]).out)


def test_sarif_and_gitlab_show_visible_text(said: Medium) -> None:
    run = json.loads(said(*REPORTS["sarif"]).out)["runs"][0]
    places = [place for result in run["results"] for place in result["locations"]]
    names = [name["name"] for place in places for name in place.get("logicalLocations", [])]
    messages = [result["message"]["text"] for result in run["results"]]
    violations = json.loads(said(*REPORTS["gitlab"]).out)
    shown = [each["description"] for each in violations] + [each["location"]["path"] for each in violations]
    assert [text for text in (*names, *messages, *shown) if unseen(text) or "\n" in text] == []


def test_each_uri_of_sarif_is_ascii_and_has_the_bytes_of_the_path(said: Medium) -> None:
    uris = set(re.findall(r'"uri": "([^"]*)"', said(*REPORTS["sarif"]).out))
    assert [uri for uri in uris if not re.fullmatch(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", uri)] == []
    assert any("%FF" in uri for uri in uris)


def _pictures(said: Medium) -> list[str]:
    return [*said(*OTHERS["pictures"]).files.values(), said(*DIFFS["svg"]).out]


def test_pictures_are_xml_without_anything_that_acts(said: Medium) -> None:
    tags = {element.tag for picture in _pictures(said) for element in ET.fromstring(picture).iter()}  # noqa: S314
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


def test_each_text_is_the_title_of_a_picture(said: Medium) -> None:
    titles = {title for picture in _pictures(said) for title in re.findall(r"<title[^>]*>(.*?)</title>", picture)}
    wanted = {f"<title>{visible(text)}, the steps of a workflow</title>" for text in SAVED}
    shown = {ET.fromstring(f"<title>{title}</title>").text or "" for title in titles}  # noqa: S314 - it is ours
    assert {each.removeprefix("<title>").removesuffix("</title>") for each in wanted} <= shown


@pytest.mark.slow
@pytest.mark.parametrize("run", [DRAWN["html"], GRAPHS["html"]], ids=["render", "graph"])
def test_a_page_has_no_elements_but_ours(said: Medium, run: Sequence[str]) -> None:
    root = read(said(*run).out)
    assert len(root.all("script")) == 2
    assert {one.name for one in root.walk()}.isdisjoint({"img", "iframe", "b", "form", "object", "base", "image"})
    handlers = [name for one in root.walk() for name in one.attributes if name.startswith("on")]
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


@pytest.mark.parametrize(
    "run",
    [REPORTS["markdown"], DIFFS["markdown"], DRAWN["mermaid"]],
    ids=["check", "diff", "render"],
)
def test_markdown_has_no_markup_links_or_references_but_ours(said: Medium, run: Sequence[str]) -> None:
    markdown = _Markdown(said(*run).out)
    assert markdown.tags <= OUR_TAGS
    assert {link for link in markdown.links if "/docs/reference/rules.md#sg" not in link} == set()
    assert REFERENCE.findall(markdown.prose) == []


def test_names_of_written_files_are_distinct_and_safe(said: Medium) -> None:
    names = list(said(*OTHERS["pictures"]).files)
    assert len(names) == len(SAVED)
    assert len({name.casefold() for name in names}) == len(names)
    assert [name for name in names if re.search(r'[\x00-\x20/\\:*?"<>|]|^[.-]', name)] == []
