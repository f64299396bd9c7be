"""The file of an import, and the name of a module file."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.project.configuration.wrangler import read_configuration
from stepgraph.project.module_files import ModuleFile, ModuleFiles
from stepgraph.project.project import configured_project, project_of_file
from stepgraph.project.root import root_of
from tests.project.trees import here, plant


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files_in(*names: str, folders: tuple[str, ...] = ("",), vendored: tuple[str, ...] = ()) -> ModuleFiles:
    """Return the modules of the working directory after creating these empty files."""
    plant(Path(), dict.fromkeys(names, ""))
    return ModuleFiles("", folders, vendored, here())


def path_of(module: ModuleFile | None) -> str | None:
    """Return the file of a module, or the folder of a package without a file."""
    return None if module is None else module.path or module.folder


def test_a_name_is_a_module_in_a_folder() -> None:
    assert files_in("orders.py").find("orders") == ModuleFile("orders", "orders.py")


def test_a_dotted_name_leads_through_packages() -> None:
    files = files_in("shop/__init__.py", "shop/pay/__init__.py", "shop/pay/cards.py")
    assert files.find("shop.pay.cards") == ModuleFile("shop.pay.cards", "shop/pay/cards.py")
    assert files.find("shop.pay") == ModuleFile("shop.pay", "shop/pay/__init__.py", "shop/pay/")


def test_a_name_that_is_not_there_is_nothing() -> None:
    files = files_in("orders.py", "shop/__init__.py", "notes.txt")
    for name in ("missing", "orders.part", "shop.missing", "missing.part", "notes"):
        assert files.find(name) is None


def test_a_package_goes_before_a_module() -> None:
    files = files_in("orders.py", "orders/__init__.py", "orders/part.py")
    assert path_of(files.find("orders")) == "orders/__init__.py"
    assert path_of(files.find("orders.part")) == "orders/part.py"


def test_a_module_precedes_a_namespace_package() -> None:
    files = files_in("orders.py", "orders/part.py")
    assert path_of(files.find("orders")) == "orders.py"
    assert files.find("orders.part") is None


def test_a_folder_without_a_file_of_its_own_is_a_package_too() -> None:
    files = files_in("shop/pay/cards.py")
    assert files.find("shop") == ModuleFile("shop", None, "shop/")
    assert path_of(files.find("shop.pay.cards")) == "shop/pay/cards.py"


def test_folders_are_searched_in_order() -> None:
    files = files_in("src/a.py", "lib/a.py", "lib/b.py", folders=("src/", "lib/"))
    assert path_of(files.find("a")) == "src/a.py"
    assert path_of(files.find("b")) == "lib/b.py"


def test_a_module_anywhere_goes_before_a_folder_without_a_file() -> None:
    files = files_in("src/shop/notes.py", "lib/shop.py", folders=("src/", "lib/"))
    assert path_of(files.find("shop")) == "lib/shop.py"


def test_vendored_modules_come_last() -> None:
    files = files_in("a.py", "vendor/a.py", "vendor/b.py", vendored=("vendor/",))
    assert path_of(files.find("a")) == "a.py"
    assert files.find("b") == ModuleFile("b", "vendor/b.py")


def test_case_counts() -> None:
    files = files_in("Orders.py", "Shop/part.py")
    assert files.find("orders") is None
    assert files.find("shop.part") is None


def test_dots_count_from_the_package_of_the_importing_module() -> None:
    files = files_in("shop/__init__.py", "shop/a.py", "shop/pay/__init__.py", "shop/pay/b.py", "shop/pay/c.py")
    assert files.find_from("shop/pay/b.py", 1, "c") == ModuleFile("shop.pay.c", "shop/pay/c.py")
    assert files.find_from("shop/pay/b.py", 2, "a") == ModuleFile("shop.a", "shop/a.py")
    assert files.find_from("shop/pay/b.py", 2, "pay.c") == ModuleFile("shop.pay.c", "shop/pay/c.py")
    assert files.find_from("shop/pay/b.py", 1, "missing") is None


def test_dots_alone_are_the_package_itself() -> None:
    files = files_in("shop/__init__.py", "shop/pay/__init__.py", "shop/pay/b.py")
    assert files.find_from("shop/pay/b.py", 1, "") == ModuleFile("shop.pay", "shop/pay/__init__.py", "shop/pay/")
    assert files.find_from("shop/pay/__init__.py", 2, "") == ModuleFile("shop", "shop/__init__.py", "shop/")


def test_relative_imports_stay_inside_the_root() -> None:
    plant(Path(), {"outside.py": "", "app/src/a.py": "", "app/b.py": ""})
    files = ModuleFiles("app/", ("app/src/",), bounds=here())
    assert path_of(files.find_from("app/src/a.py", 2, "b")) == "app/b.py"
    assert files.find_from("app/src/a.py", 3, "outside") is None
    assert files.find_from("app/src/a.py", 99, "outside") is None


def test_links_out_of_the_root_are_not_followed() -> None:
    plant(Path(), {"outside.py": "", "elsewhere/b.py": "", "app/real.py": "", "app/shop/c.py": ""})
    Path("app/a.py").symlink_to("../outside.py")
    Path("app/linked").symlink_to("../elsewhere", target_is_directory=True)
    Path("app/inner.py").symlink_to("real.py")
    Path("app/again").symlink_to("shop", target_is_directory=True)
    files = ModuleFiles("app/", ("app/",), bounds=here())
    assert files.find("a") is None
    assert files.find("linked.b") is None
    assert path_of(files.find("inner")) == "app/inner.py"
    assert path_of(files.find("again.c")) == "app/again/c.py"


def test_a_link_to_itself_hides_no_other_module() -> None:
    files = files_in("shop/a.py", "shop/b/c.py")
    Path("shop/loop.py").symlink_to("loop.py")
    Path("shop/again").symlink_to("again")
    assert path_of(files.find("shop.a")) == "shop/a.py"
    assert path_of(files.find("shop.b.c")) == "shop/b/c.py"


def test_modules_in_a_package_have_its_name_as_prefix() -> None:
    files = files_in("shop/__init__.py", "shop/a.py", "alone.py")
    package = ModuleFile("shop", "shop/__init__.py", "shop/")
    assert files.find_in_package(package, "a") == ModuleFile("shop.a", "shop/a.py")
    assert files.find_in_package(package, "missing") is None
    assert files.find_in_package(ModuleFile("alone", "alone.py"), "a") is None


def test_modules_below_a_package() -> None:
    files = files_in("shop/__init__.py", "shop/a.py", "shop/b/c.py")
    package = ModuleFile("shop", "shop/__init__.py", "shop/")
    assert files.modules_below(package, 2) == [ModuleFile("shop.a", "shop/a.py"), ModuleFile("shop.b.c", "shop/b/c.py")]
    assert files.modules_below(package, 1) is None


def test_modules_below_links_to_their_package_are_unknown() -> None:
    files = files_in("shop/a.py")
    Path("shop/loop").symlink_to(".", target_is_directory=True)
    Path("shop/again").symlink_to(".", target_is_directory=True)
    assert files.modules_below(ModuleFile("shop", None, "shop/"), 100) is None


def test_packages_without_modules_are_limited() -> None:
    Path("shop/a/b").mkdir(parents=True)
    assert files_in().modules_below(ModuleFile("shop", None, "shop/"), 3) == []
    assert files_in().modules_below(ModuleFile("shop", None, "shop/"), 1) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/entry.py", "entry"),
        ("src/shop/__init__.py", "shop"),
        ("src/shop/pay/cards.py", "shop.pay.cards"),
        ("src/notes/a.py", "notes.a"),
        ("tools/build.py", "tools.build"),
        ("src/python_modules/vendored/a.py", "vendored.a"),
    ],
)
def test_a_module_name_starts_at_its_import_folder(path: str, name: str) -> None:
    plant(Path(), {path: "", "src/shop/__init__.py": "", "src/shop/pay/__init__.py": ""})
    assert ModuleFiles("", ("src/", ""), ("src/python_modules/",)).name_of(path) == name


def test_a_module_name_starts_at_the_outermost_package() -> None:
    files = files_in("lib/shop/__init__.py", "lib/shop/pay/__init__.py", folders=("lib/shop/pay/", "lib/"))
    assert files.name_of("lib/shop/pay/cards.py") == "shop.pay.cards"


def test_a_package_that_is_the_root_itself_is_not_left() -> None:
    assert files_in("__init__.py", "cards.py").name_of("cards.py") == "cards"


def configured(text: str, path: str = "wrangler.jsonc") -> ModuleFiles:
    """Return the modules of a project with this configuration."""
    plant(Path(), {path: text})
    return configured_project(read_configuration(path, here()), here()).files


def test_modules_of_a_project_are_named_from_the_folder_of_main() -> None:
    plant(Path(), {"src/entry.py": "", "src/steps.py": "", "src/shop/a.py": ""})
    files = configured('{"main": "src/entry.py"}')
    assert path_of(files.find("steps")) == "src/steps.py"
    assert files.name_of("src/shop/a.py") == "shop.a"


def test_modules_are_named_from_base_dir() -> None:
    plant(Path(), {"src/app/entry.py": "", "src/steps.py": "", "src/app/steps.py": "", "src/app/other.py": ""})
    files = configured('{"main": "src/app/entry.py", "base_dir": "src"}')
    assert path_of(files.find("steps")) == "src/steps.py"
    assert path_of(files.find("app.steps")) == "src/app/steps.py"
    assert path_of(files.find("other")) == "src/app/other.py"


@pytest.mark.parametrize("here", [".", "./"])
def test_base_dir_may_be_the_folder_of_the_configuration(here: str) -> None:
    plant(Path(), {"apps/shop/src/entry.py": "", "apps/shop/src/steps.py": ""})
    files = configured(f'{{"main": "src/entry.py", "base_dir": "{here}"}}', "apps/shop/wrangler.jsonc")
    assert files.find("src.steps") == ModuleFile("src.steps", "apps/shop/src/steps.py")
    assert files.name_of("apps/shop/src/steps.py") == "src.steps"


def test_vendored_packages_are_next_to_the_configuration() -> None:
    plant(Path(), {"src/entry.py": "", "python_modules/shared/steps.py": ""})
    assert path_of(configured('{"main": "src/entry.py"}').find("shared.steps")) == "python_modules/shared/steps.py"


def test_main_may_be_outside_of_the_folder_of_the_configuration() -> None:
    plant(Path(), {"src/entry.py": "", "src/shop/__init__.py": "", "src/shop/a.py": "", "src/shop/b.py": ""})
    files = configured('{"main": "../src/entry.py"}', "deploy/wrangler.jsonc")
    assert path_of(files.find("shop.a")) == "src/shop/a.py"
    assert path_of(files.find_from("src/shop/a.py", 1, "b")) == "src/shop/b.py"
    assert files.name_of("src/shop/a.py") == "shop.a"


def unconfigured(path: str) -> ModuleFiles:
    """Return the modules that a file without a configuration can import."""
    return project_of_file(path, None, root_of(path)).files


def test_modules_are_found_next_to_the_file() -> None:
    plant(Path(), {"app/a.py": "", "app/b.py": ""})
    assert path_of(unconfigured("app/a.py").find("b")) == "app/b.py"


def test_modules_are_found_from_outside_the_files_packages() -> None:
    plant(Path(), {"lib/shop/__init__.py": "", "lib/shop/a.py": "", "lib/other.py": ""})
    files = unconfigured("lib/shop/a.py")
    assert path_of(files.find("other")) == "lib/other.py"
    assert path_of(files.find("shop.a")) == "lib/shop/a.py"


def test_modules_are_found_from_the_top_of_the_project() -> None:
    plant(Path(), {"pyproject.toml": "", "app/a.py": "", "tools.py": "", "src/shop/b.py": ""})
    files = unconfigured("app/a.py")
    assert path_of(files.find("tools")) == "tools.py"
    assert path_of(files.find("shop.b")) == "src/shop/b.py"


def test_the_top_of_a_project_is_a_marked_folder() -> None:
    plant(Path(), {"apps/shop/pyproject.toml": "", "apps/shop/app/a.py": "", "apps/shop/b.py": "", "outside.py": ""})
    files = unconfigured("apps/shop/app/a.py")
    assert path_of(files.find("b")) == "apps/shop/b.py"
    assert files.find("outside") is None


def test_a_file_outside_projects_finds_its_neighbors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"far/a.py": "", "far/b.py": "", "c.py": "", "here/c.py": ""})
    monkeypatch.chdir(tmp_path / "here")
    files = unconfigured(f"{tmp_path}/far/a.py")
    assert path_of(files.find("b")) == f"{tmp_path}/far/b.py"
    assert files.find("c") is None


def test_macos_names_are_normalized(monkeypatch: pytest.MonkeyPatch) -> None:
    decomposed, composed = "cafe\u0301", "caf\u00e9"
    monkeypatch.setattr("sys.platform", "darwin")
    assert files_in(f"{decomposed}.py").find(composed) == ModuleFile(composed, f"{composed}.py")
