"""The pages of the server, tested without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.serve.server import ServerOptions, local_application
from tests.cli.sources import IMPORT, module, workflow, write, write_orders
from tests.html.reading import Element, read
from tests.serve.conftest import worker
from tests.serve.serving import PORT, Served, no_dev_server, serve

MISTAKE = module(workflow("Orders", "rest")).replace("1 hour", "5 min")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


def page(served: Served, path: str, status: int = 200) -> Element:
    response = served.request("GET", path)
    assert response.status_code == status
    return read(response.text)


def texts(root: Element, css: str) -> list[str]:
    return [text_of(element) for element in root.with_class(css)]


def text_of(element: Element) -> str:
    return "".join(each.text for each in element.walk())


def links(root: Element) -> list[str]:
    return [str(link.attributes["href"]) for link in root.all("a")]


def test_the_list_groups_workflows_by_their_workers() -> None:
    for name in ("orders", "returns"):
        for path, text in worker(name).items():
            write(path, text)
    root = page(serve("."), "/")
    assert [text_of(heading) for heading in root.all("h2")] == ["orders-worker", "returns-worker"]
    assert links(root) == ["/workflows/orders", "/workflows/returns"]
    assert texts(root, "name") == ["orders", "returns"]


def test_an_empty_project_is_explained() -> None:
    root = page(serve("."), "/")
    assert texts(root, "explanation")[0].startswith("No workflow found.")


def test_a_workflow_has_links_to_its_views() -> None:
    write("orders.py", MISTAKE)
    root = page(serve("."), "/workflows/Orders")
    base = "/workflows/Orders"
    views = [f"{base}/{view}" for view in ("findings", "outline", "changes", "edit", "instances")]
    assert links(root)[:7] == ["/", base, *views]
    assert texts(root, "number") == ["1"]


def test_findings_have_their_source_code() -> None:
    write("orders.py", MISTAKE)
    root = page(serve("."), "/workflows/Orders/findings")
    (marked,) = root.with_class("is-marked")
    assert marked.attributes["data-number"] == "6"
    assert [text_of(mark) for mark in root.all("mark")] == ['"5 min"']
    (step,) = root.with_class("step")
    assert step.attributes["href"] == "/workflows/Orders#orders--rest"
    identities = [element.attributes.get("id") for element in page(serve("."), "/workflows/Orders").walk()]
    assert "orders--rest" in identities


def test_source_code_opens_in_the_editor(folder: Path) -> None:
    write("orders.py", MISTAKE)
    options = ServerOptions((".",), None, source_url="vscode://file{file}:{line}")
    project = serve(".").project
    app, _ = local_application(project, options, no_dev_server, PORT)
    root = page(Served(project, app), "/workflows/Orders/findings")
    assert f"vscode://file{folder.resolve()}/orders.py:6" in links(root)


def test_a_problem_is_shown_above_the_last_good_picture() -> None:
    write_orders()
    served = serve(".")
    write("orders.py", f"{IMPORT}\ndef (:\n")
    served.project.refresh()
    root = page(served, "/workflows/Orders")
    (problems,) = root.with_class("problems")
    assert "is-old" in str(problems.attributes["class"])
    assert [code.text for code in problems.all("code")][:1] == ["orders.py:3:5"]
    assert "syntax error: invalid syntax." in text_of(problems)
    assert [mark.text for mark in problems.all("mark")] == ["("]
    assert root.all("svg")
    assert texts(page(served, "/"), "badge") == ["old"]


def test_the_last_edit_is_compared() -> None:
    write_orders()
    served = serve(".")
    assert texts(page(served, "/workflows/Orders/edit"), "explanation")[0].startswith("No change of the graph")
    write("orders.py", module(workflow("Orders", "nap")))
    served.project.refresh()
    root = page(served, "/workflows/Orders/edit")
    assert texts(root, "change") == ["sleep 'rest' renamed to 'nap'"]
    assert texts(root, "effect")[0] == "breaking"


def test_changes_need_a_repository() -> None:
    write_orders()
    root = page(serve("."), "/workflows/Orders/changes")
    assert texts(root, "explanation")[0].startswith("No version to compare with.")


@pytest.mark.parametrize(
    "path", ["/workflows/Returns", "/workflows/Orders/nothing", "/etc/passwd", "/workflows/%2e%2e"]
)
def test_unknown_pages_say_so_and_follow_the_project(path: str) -> None:
    write_orders()
    root = page(serve("."), path, 404)
    assert texts(root, "explanation")[0].startswith("No page")
    assert [script.attributes.get("id") for script in root.all("script")] == ["stepgraph.live", None]


def test_a_defect_leaves_a_page_that_follows_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    served = serve(".")
    monkeypatch.setattr("stepgraph.serve.pages.render_page", lambda *_, **__: 1 / 0)
    root = page(served, "/workflows/Orders", 500)
    assert "bug in stepgraph (ZeroDivisionError)" in texts(root, "explanation")[0]


def test_names_from_sources_are_escaped() -> None:
    write("orders.py", module(workflow("Orders", "rest")).replace("rest", "<b>&\\u202e"))
    for view in ("", "/outline", "/findings"):
        text = serve(".").request("GET", f"/workflows/Orders{view}").text
        assert "<b>" not in text
        assert "\u202e" not in text


def test_findings_about_no_workflow_are_below_the_list() -> None:
    for path, text in worker("orders").items():
        write(path, text.replace('"python_workers", ', ""))
    root = page(serve("."), "/")
    (general,) = root.with_class("general")
    assert [text_of(rule) for rule in general.with_class("rule")] == ["SG116"]
    assert [line.attributes["data-number"] for line in general.with_class("is-marked")] == ["4"]
