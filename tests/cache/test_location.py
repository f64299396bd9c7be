"""A cache directory inside the analyzed code is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.cache.private_files import is_outside


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a directory `src`. The repository is the working directory."""
    (tmp_path / "checkout/.git").mkdir(parents=True)
    (tmp_path / "checkout/src").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    return tmp_path / "checkout"


@pytest.mark.parametrize("path", [".", "src", "src/entry.py", "-", "missing/entry.py"])
@pytest.mark.parametrize("cache", [".", ".cache", "src/cache", "../checkout/a/b"])
@pytest.mark.usefixtures("checkout")
def test_a_cache_in_the_checkout_is_inside(cache: str, path: str) -> None:
    assert not is_outside(cache, [path])


@pytest.mark.parametrize("path", [".", "src", "src/entry.py", "-"])
def test_a_cache_next_to_the_checkout_is_outside(checkout: Path, path: str) -> None:
    assert is_outside(str(checkout.parent / "cache"), [path])


def test_a_link_out_of_the_checkout_is_inside(checkout: Path) -> None:
    (checkout.parent / "home").mkdir()
    (checkout / "cache").symlink_to(checkout.parent / "home")
    assert not is_outside("cache/stepgraph", ["."])


def test_a_link_into_the_checkout_is_inside(checkout: Path) -> None:
    (checkout.parent / "cache").symlink_to(checkout / "src")
    assert not is_outside("../cache", ["."])


def test_one_of_several_paths_suffices(checkout: Path) -> None:
    (checkout.parent / "safe").mkdir()
    assert not is_outside(".cache", ["../safe", "src"])


@pytest.mark.parametrize("cache", [".cache", "..", "../.cache", "../other/cache"])
def test_a_cache_in_an_outer_checkout_is_inside(
    cache: str, checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pull request to the outer repository may add both the cache and the analyzed submodule."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (checkout.parent / ".git").mkdir()
    assert not is_outside(cache, ["."])


def test_a_repository_in_the_home_directory_is_outside(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many people keep a repository with settings there."""
    monkeypatch.setenv("HOME", str(checkout.parent))
    (checkout.parent / ".git").mkdir()
    assert is_outside("../.cache", ["."])
    assert not is_outside("../.cache", [".."])


def test_without_a_repository_the_directory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_outside(".cache", ["."])
    assert is_outside("../cache", ["entry.py"])
