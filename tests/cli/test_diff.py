"""`stepgraph diff` in real repositories."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.graphs import response, save, sleep, without_graph
from tests.cli.repositories import commit, git, needs_git, remove
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_steps, write_unresolved

pytestmark = needs_git

SAFE = "1 safe"


ASSUMPTION = (
    "Assumes that instances are in flight at sleeps and waits only; "
    "--in-flight retries also counts steps with long retries.\n"
)


def last_line(run: Run) -> str:
    """Return the summary, which the assumption follows."""
    return run.out.removesuffix(ASSUMPTION).splitlines()[-1]


# Sides of the comparison


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_the_default_is_merge_base_and_working_tree(
    stepgraph: Command,
) -> None:
    git("checkout", "--quiet", "-b", "feature")
    write_steps("rest", "and rest")
    commit()
    write_steps("rest", "and rest", "and rest again")
    assert stepgraph("diff") == Run(
        0,
        "Orders  orders.py:4\n"
        "  + sleep 'and rest' added after 'rest'\n"
        "  + sleep 'and rest again' added after 'and rest'\n"
        "\n"
        "2 changes in 1 workflow (2 safe)."
        f" Compared the merge base of main and HEAD with the working tree.\n{ASSUMPTION}",
        [],
    )


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_later_commits_of_the_default_branch_are_ignored(stepgraph: Command) -> None:
    git("checkout", "--quiet", "-b", "feature")
    git("checkout", "--quiet", "main")
    write_steps("rest", "of others")
    commit()
    git("checkout", "--quiet", "feature")
    assert stepgraph("diff").out.startswith("no structural changes in 1 workflow")
    assert "of others" in stepgraph("diff", "main", "--fail-on", "none").out


@pytest.mark.usefixtures("repository")
def test_the_default_branch_comes_from_origin(stepgraph: Command) -> None:
    git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert "Compared the merge base of origin/trunk and HEAD with the working tree." in stepgraph("diff").out


@pytest.mark.usefixtures("repository")
def test_one_revision_is_compared_with_the_working_tree(stepgraph: Command) -> None:
    write_steps("rest", "and rest")
    run = stepgraph("diff", "HEAD")
    assert (run.code, last_line(run)) == (0, f"1 change in 1 workflow ({SAFE}). Compared HEAD with the working tree.")


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_two_revisions_ignore_the_working_tree(stepgraph: Command) -> None:
    write_steps("rest", "and rest")
    commit()
    write_steps("nothing of this")
    for arguments in (("HEAD~1", "HEAD"), ("HEAD~1..HEAD",), ("HEAD~1..",)):
        run = stepgraph("diff", *arguments)
        assert run.out == (
            "Orders  HEAD:orders.py:4\n"
            "  + sleep 'and rest' added after 'rest'\n"
            "\n"
            f"1 change in 1 workflow ({SAFE}). Compared HEAD~1 with HEAD.\n{ASSUMPTION}"
        )


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_three_dots_are_the_merge_base(stepgraph: Command) -> None:
    git("checkout", "--quiet", "-b", "feature")
    write_steps("rest", "ours")
    commit()
    git("checkout", "--quiet", "main")
    write_steps("rest", "theirs")
    commit()
    write_steps("rest", "in the working tree")
    assert "'ours' added" in stepgraph("diff", "main...feature").out
    assert "'in the working tree' added" in stepgraph("diff", "feature...").out
    assert "'in the working tree' added" in stepgraph("diff", "feature...", ".").out


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_a_path_selects_a_part_of_the_revision(stepgraph: Command) -> None:
    write_steps("nap", path="other.py", name="Other")
    assert "workflow 'Other' added" in stepgraph("diff", "HEAD").out
    run = stepgraph("diff", "HEAD", "orders.py")
    assert run.out == "no structural changes in 1 workflow. Compared orders.py in HEAD with orders.py.\n"
    assert stepgraph("diff", "orders.py", "HEAD").out.startswith("no structural changes")


@pytest.mark.usefixtures("repository")
def test_a_single_path_is_compared_with_the_merge_base(stepgraph: Command) -> None:
    write_steps("nap", path="other.py", name="Other")
    assert stepgraph("diff", "orders.py").out == (
        "no structural changes in 1 workflow. Compared orders.py in the merge base of main and HEAD with orders.py.\n"
    )


@pytest.mark.usefixtures("repository")
def test_a_file_missing_from_a_revision_is_added(stepgraph: Command) -> None:
    write_steps("nap", path="other.py", name="Other")
    run = stepgraph("diff", "HEAD", "other.py")
    assert run.out.startswith("Other  other.py:4\n  + workflow 'Other' added\n")
    assert run.messages == ["no workflow found in other.py in HEAD, so all count as added."]


def test_a_subdirectory_is_compared_with_itself(
    stepgraph: Command, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_steps("rest", path="apps/shop/shop.py", name="Shop")
    commit()
    monkeypatch.chdir(repository / "apps" / "shop")
    remove("shop.py")
    run = stepgraph("diff", "HEAD")
    assert run.out.startswith("Shop  HEAD:apps/shop/shop.py:4\n  - workflow 'Shop' removed  breaking:")
    assert "Orders" not in run.out


def test_files_are_compared_without_a_repository(stepgraph: Command) -> None:
    write_steps("rest", path="a.py")
    write_steps("rest", "and rest", path="b.py")
    assert stepgraph("diff", "a.py", "b.py") == Run(
        0,
        "Orders  b.py:4\n"
        "  + sleep 'and rest' added after 'rest'\n"
        "\n"
        f"1 change in 1 workflow ({SAFE}). Compared a.py with b.py.\n{ASSUMPTION}",
        [],
    )


def test_folders_are_compared(stepgraph: Command) -> None:
    write_steps("rest", path="a/src/orders.py")
    write_steps("rest", path="b/src/orders.py")
    assert stepgraph("diff", "a", "b").out == "no structural changes in 1 workflow. Compared a with b.\n"


def test_saved_graphs_are_compared(stepgraph: Command) -> None:
    save("a.json", response("Orders", sleep("rest")))
    save("b.json", response("Orders", sleep("rest"), sleep("and rest")))
    assert stepgraph("diff", "a.json", "b.json").out == (
        "Orders  b.json\n"
        "  + sleep 'and rest' added after 'rest'\n"
        "\n"
        f"1 change in 1 workflow ({SAFE}). Compared a.json with b.json.\n{ASSUMPTION}"
    )


def test_a_single_saved_graph_is_compared_with_the_directory(stepgraph: Command) -> None:
    save("saved.json", response("Orders", sleep("rest")))
    write_steps("rest")
    assert stepgraph("diff", "saved.json").out == (
        "no structural changes in 1 workflow. Compared saved.json with the current directory.\n"
    )


def test_a_dash_reads_a_saved_graph(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_steps("rest")
    content = stepgraph("graph", "-f", "json").out.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert stepgraph("diff", "-", "orders.py").out == (
        "no structural changes in 1 workflow. Compared standard input with orders.py.\n"
    )
    assert stepgraph("diff", "-", "-") == Run(
        2, "", ["stepgraph: only one of the versions can be standard input. Try `stepgraph diff --help`."]
    )


def test_a_saved_graph_matches_by_class_name(stepgraph: Command) -> None:
    save("saved.json", response("Orders", sleep("rest")))
    write("orders.py", module(workflow("Orders", "rest")))
    write(
        "wrangler.toml",
        'name = "shop"\nmain = "orders.py"\n[[workflows]]\nname = "orders"\nbinding = "O"\nclass_name = "Orders"\n',
    )
    assert stepgraph("diff", "saved.json", ".").out.startswith("no structural changes in 1 workflow")


def test_a_missing_graph_counts_as_empty(stepgraph: Command) -> None:
    save("a.json", without_graph("Orders"))
    save("b.json", response("Orders", sleep("rest")))
    assert "+ sleep 'rest' added" in stepgraph("diff", "a.json", "b.json").out


def test_a_renamed_single_class_is_the_same_workflow(stepgraph: Command) -> None:
    write_steps("rest", path="a.py", name="Orders")
    write_steps("rest", path="b.py", name="Purchases")
    run = stepgraph("diff", "a.py", "b.py")
    assert run.out.startswith("Purchases  b.py:4\n  ~ class 'Orders' renamed to 'Purchases'\n")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("revisions", ["HEAD...HEAD...HEAD", "HEAD..HEAD..HEAD", "HEAD..HEAD...HEAD"])
def test_a_range_of_three_revisions_is_refused(stepgraph: Command, revisions: str) -> None:
    run = stepgraph("diff", revisions)
    advice = "Write `A..B`, or `A...B` for the changes since the merge base."
    stderr = [f"stepgraph: `{revisions}` is a range of more than two revisions. {advice}"]
    assert (run.code, run.messages) == (2, stderr)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("path", ["../gone.py", "../../gone.py", "src/../gone.py"])
def test_a_missing_path_with_a_parent_directory_is_no_range(stepgraph: Command, path: str) -> None:
    stderr = [f"stepgraph: `{path}` is not a file, directory or revision. `git branch --all` lists branches."]
    assert stepgraph("diff", path) == Run(2, "", stderr)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("arguments", [["main"], ["HEAD", "main"], ["main", "HEAD"], ["main", "orders.py"]])
def test_an_ambiguous_name_is_refused(stepgraph: Command, arguments: list[str]) -> None:
    write_steps("nap", path="main/other.py", name="Other")
    advice = "Write `./main` for the path, `--from main` or `--to main` for the revision."
    stderr = [f"stepgraph: `main` is both a path and a revision. {advice}"]
    assert stepgraph("diff", *arguments) == Run(2, "", stderr)


@pytest.mark.usefixtures("repository")
def test_path_prefixes_disambiguate(stepgraph: Command) -> None:
    write_steps("nap", path="main/other.py", name="Other")
    assert "workflow 'Other' added" in stepgraph("diff", "HEAD", "./main").out


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("form", ["main...", "{hash}", "main..HEAD", "main...HEAD"])
def test_a_path_does_not_shadow_revision_syntax(stepgraph: Command, form: str) -> None:
    first = git("rev-parse", "HEAD")
    git("checkout", "--quiet", "-b", "feature")
    write_steps("rest", "nap")
    commit()
    name = form.format(hash=first)
    assert "+ sleep 'nap' added" in stepgraph("diff", name).out
    write_steps("rest", path=f"{name}/entry.py")
    assert "+ sleep 'nap' added" in stepgraph("diff", name).out


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("name", ["origin/main...", "0" * 40])
def test_a_path_does_not_replace_a_missing_revision(stepgraph: Command, name: str) -> None:
    write_steps("rest", path=f"{name}/entry.py")
    assert stepgraph("diff", name).code == 2


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_revision_options_are_never_paths(stepgraph: Command) -> None:
    git("checkout", "--quiet", "-b", "feature")
    write_steps("rest", "nap")
    commit()
    for name in ("main", "main...", "feature"):
        write_steps("rest", path=f"{name}/entry.py")
    for arguments in (["--from", "main"], ["--from", "main..."], ["--from", "main", "--to", "feature"]):
        assert "  + sleep 'nap' added after 'rest'\n" in stepgraph("diff", *arguments, "orders.py").out
    assert "  - sleep 'nap' removed" in stepgraph("diff", "orders.py", "--to", "main").out
    assert last_line(stepgraph("diff", "--to", "main", "orders.py")).endswith(
        "Compared orders.py with orders.py in main."
    )


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "gone"], "`gone` is not a revision."),
        (["--from", "main", "--to", "gone"], "`gone` is not a revision."),
        (
            ["--from", "main", "src"],
            "`src` is not a file or directory. With --from or --to, the argument must be a path.",
        ),
        (
            ["--from", "main", "--to", "main", "a.json"],
            "`a.json` is not a Python file or directory, so no revision contains it.",
        ),
        (["--from", "main", "a.json", "."], "--from and --to allow at most one argument, a path."),
        (["--from", "--all"], "`--all` is not a revision."),
    ],
)
def test_invalid_revision_options_are_errors(stepgraph: Command, arguments: list[str], message: str) -> None:
    write("a.json", "{}")
    run = stepgraph("diff", *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.messages[0].startswith(f"stepgraph: {message}")


# Reading revisions has no side effects


@pytest.mark.usefixtures("repository")
def test_working_tree_and_index_stay_unchanged(stepgraph: Command) -> None:
    write_steps("staged")
    git("add", "--all")
    write_steps("not staged")
    before = (git("status", "--porcelain=v2"), Path(".git/index").read_bytes(), Path(".git/HEAD").read_bytes())
    stepgraph("diff", "HEAD")
    after = (git("status", "--porcelain=v2"), Path(".git/index").read_bytes(), Path(".git/HEAD").read_bytes())
    assert before == after


@pytest.mark.slow
def test_the_temporary_directory_is_removed_and_not_shown(
    stepgraph: Command, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = repository.parent / f"{repository.name}-temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    write_unresolved()
    write("broken.py", module(workflow("Broken")) + SYNTAX_ERROR)
    commit()
    stderr = [*stepgraph("diff", "HEAD").messages]
    remove("broken.py")
    commit()
    run = stepgraph("diff", "HEAD", "-f", "json")
    assert list(temporary.iterdir()) == []
    assert not any("stepgraph-" in text or str(repository) in text for text in [*stderr, *run.messages, run.out])
    assert any(line.startswith("HEAD:broken.py:") for line in stderr)
    assert any(line.startswith("HEAD:orders.py:") for line in run.messages)


@pytest.mark.usefixtures("repository")
def test_the_modules_of_a_revision_import_each_other(stepgraph: Command) -> None:
    write("steps.py", 'async def rest(step):\n    await step.sleep("deep", "1 hour")\n')
    write("orders.py", "from steps import rest\n" + module(workflow("Orders") + "        await rest(step)\n"))
    commit()
    write("steps.py", 'async def rest(step):\n    await step.sleep("deeper", "1 hour")\n')
    assert "sleep 'deep' renamed to 'deeper'" in stepgraph("diff", "HEAD").out


@pytest.mark.usefixtures("repository")
def test_attributes_do_not_hide_files_and_filters_are_not_run(stepgraph: Command, folder: Path) -> None:
    write(".gitattributes", "*.py export-ignore filter=evil\n")
    commit()
    git("config", "filter.evil.smudge", f"touch {folder}/ran; cat")
    git("config", "core.fsmonitor", f"touch {folder}/ran")
    assert stepgraph("diff", "HEAD").out.startswith("no structural changes in 1 workflow")
    assert not Path("ran").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_in_a_revision_stay_inside(stepgraph: Command, repository: Path) -> None:
    outside = repository.parent / f"{repository.name}-outside.py"
    outside.write_text(module(workflow("Outside", "rest")), encoding="utf-8")
    Path("outside.py").symlink_to(outside)
    Path("up").symlink_to("..")
    Path("inside.py").symlink_to("orders.py")
    commit()
    remove("orders.py")
    write_steps("rest")
    assert stepgraph("diff", "HEAD").out.startswith("no structural changes in 1 workflow")


def test_git_variables_of_hooks_are_ignored(
    stepgraph: Command, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / "elsewhere"))
    assert stepgraph("diff", "HEAD").code == 0


# Exit codes and errors


@pytest.mark.parametrize(
    ("steps", "fail_on", "code"),
    [
        (("rest",), "any", 0),
        (("rest", "and rest"), "breaking", 0),
        (("rest", "and rest"), "any", 1),
        (("renamed",), "breaking", 1),
        (("renamed",), "any", 1),
        (("renamed",), "none", 0),
    ],
)
@pytest.mark.usefixtures("repository")
def test_fail_on_selects_the_failing_changes(
    stepgraph: Command, steps: tuple[str, ...], fail_on: str, code: int
) -> None:
    write_steps(*steps)
    assert stepgraph("diff", "HEAD", "--fail-on", fail_on).code == code


@pytest.mark.usefixtures("repository")
def test_breaking_changes_fail_by_default(stepgraph: Command) -> None:
    write_steps("renamed")
    run = stepgraph("diff")
    assert (run.code, run.out.splitlines()[1]) == (
        1,
        "  ~ sleep 'rest' renamed to 'renamed'  breaking: instances waiting at it start the wait over",
    )


def test_no_workflows_on_both_sides_exit_with_3(stepgraph: Command) -> None:
    Path("a").mkdir()
    Path("b").mkdir()
    assert stepgraph("diff", "a", "b") == Run(3, "", ["stepgraph: no workflow found in a, and none in b."])


# Environments


@pytest.mark.usefixtures("repository")
def test_env_applies_to_both_sides(stepgraph: Command) -> None:
    workflows = '[[{}workflows]]\nname = "{}"\nbinding = "O"\nclass_name = "Orders"\n'
    text = 'name = "shop"\nmain = "orders.py"\n[env.live]\n'
    write("wrangler.toml", text + workflows.format("env.live.", "orders-live"))
    commit()
    write_steps("rest", "and rest")
    assert stepgraph("diff", "HEAD", "--env", "live").out.startswith("orders-live (Orders)  orders.py:4\n  + ")


WRANGLER = '{"name": "shop", "main": "orders.py", "workflows": [%s]%s}'
BINDING = '{"name": "orders", "binding": "ORDERS", "class_name": "Orders"}'


@pytest.mark.usefixtures("repository")
def test_a_new_environment_can_be_compared(stepgraph: Command) -> None:
    write("wrangler.json", WRANGLER % (BINDING, ""))
    commit()
    write("wrangler.json", WRANGLER % (BINDING, f', "env": {{"staging": {{"workflows": [{BINDING}]}}}}'))
    assert stepgraph("diff", "HEAD", "--env", "staging").code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_the_variable_needs_no_configuration(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_ENV", "staging")
    assert stepgraph("diff", "HEAD").code == 0
    assert stepgraph("diff", "HEAD", "--env", "staging").code == 2
    write("wrangler.json", WRANGLER % (BINDING, ""))
    assert stepgraph("diff", "HEAD").code == 2


@pytest.mark.usefixtures("repository")
def test_an_undefined_environment_is_an_error(stepgraph: Command) -> None:
    write("wrangler.json", WRANGLER % (BINDING, ""))
    commit()
    run = stepgraph("diff", "HEAD", "--env", "staging")
    assert (run.code, run.out) == (2, "")
    assert run.messages == [
        "stepgraph: environment `staging` is not defined: neither version has it in an `env` table."
    ]
