"""The house holds itself to its own rules."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from outbound.errors import Refusal
from outbound.people import PERMISSIONS
from outbound.settings import PREFIX, Settings
from web.app import create_app
from web.guard import Guarded, authz_table
from web.language import spoken_messages, translated_messages, untranslated

ROOT = Path(__file__).parent.parent
PACKAGES = ("outbound", "scripts", "qa", "web")

FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "outbound.errors",
        "outbound.clock",
        "outbound.settings",
        "outbound.secret_files",
        "outbound.sealed_reading",
        "outbound.turns",
        "outbound.sqlite",
        "outbound.db",
        "outbound.instances",
        "outbound.dialing.statements",
        "outbound.shapes",
        "outbound.locks",
        "outbound.grants",
        "outbound.people",
        "outbound.sign_ins",
        "outbound.journal",
        "outbound.anchors",
        "outbound.signing",
        "outbound.remedies",
        "outbound.documents",
        "outbound.exports",
        "outbound.json_schema",
    ),
    ("outbound.calling_rules", "outbound.compliance"),
    ("scripts",),
    (
        "outbound.phones",
        "outbound.opt_outs",
        "outbound.resealing",
        "outbound.call_lists",
    ),
    (
        "outbound.campaigns",
        "outbound.dialing",
        "outbound.calls",
        "outbound.recordings",
        "outbound.briefings",
        "outbound.attendance",
    ),
    ("outbound.subscriptions", "outbound.confirmations", "outbound.billing", "outbound.notices"),
    ("qa",),
    ("outbound.concluding", "outbound.prompter", "outbound.complaints", "outbound.support", "outbound.intake"),
    ("outbound.evidence", "outbound.overview", "outbound.surveys", "outbound.quality", "outbound.reports"),
    (
        "outbound.timetable",
        "outbound.schema",
        "outbound.promises",
        "outbound.verification",
    ),
    (
        "web",
        "outbound.cli",
        "outbound.commands",
        "outbound.hosting",
        "outbound.migrating",
        "outbound.demo",
        "outbound.simulation",
        "outbound.bench",
    ),
)
"""From the ground up: a file imports from its own floor and from those below it."""


def floor_of(module: str) -> int | None:
    for number, rooms in enumerate(FLOORS):
        if any(module == room or module.startswith(f"{room}.") for room in rooms):
            return number
    return None


def files() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if "static" not in file.parts)


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_by(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from outbound import db` names the room in its second half.
            bare = node.module in PACKAGES
            yield from ((node.lineno, f"{node.module}.{alias.name}" if bare else node.module) for alias in node.names)


def test_every_room_stands_on_a_floor() -> None:
    homeless = [module_of(file) for file in files() if floor_of(module_of(file)) is None]
    assert [module for module in homeless if module not in PACKAGES] == []


def test_a_file_imports_only_from_its_floor_and_those_below() -> None:
    upward = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in files()
        for line, name in imported_by(file)
        if name.split(".")[0] in PACKAGES and (floor_of(name) or 0) > (floor_of(module_of(file)) or 0)
    ]
    assert upward == []


def test_domain_packages_hold_no_code_of_their_own() -> None:
    filled = [file for file in (ROOT / "outbound").rglob("__init__.py") if file.read_text().strip()]
    assert filled == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_route_asks_for_a_permission_of_the_table(settings: Settings, engine: Engine) -> None:
    app = create_app(settings, engine)
    views = {rule.rule: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules()}
    unguarded = [route for route, view in views.items() if not isinstance(view, Guarded)]
    assert unguarded == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_open_to_anybody_is_only_what_signing_in_and_watching_need(settings: Settings, engine: Engine) -> None:
    table = authz_table(create_app(settings, engine))
    assert {row["route"] for row in table if row["roles"] == ["anybody"]} == {
        "/healthz",
        "/language",
        "/metrics",
        "/openapi.json",
        "/sign-in",
        "/sign-out",
        "/static/<path:filename>",
    }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_permission_opens_some_route(settings: Settings, engine: Engine) -> None:
    asked = {row["permission"] for row in authz_table(create_app(settings, engine))}
    assert set(PERMISSIONS) - asked == set()


def test_every_setting_is_explained_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    unexplained = [name for name in Settings.model_fields if f"{PREFIX}{name.upper()}" not in readme]
    assert unexplained == []


def test_every_message_is_translated() -> None:
    assert untranslated() == {}


def test_no_translation_is_left_over() -> None:
    assert set(translated_messages()) - set(spoken_messages()) == set()


def test_a_message_reads_the_same_on_every_desk() -> None:
    several = {key: {str(entry.string) for entry in entries} for key, entries in translated_messages().items()}
    assert {key: strings for key, strings in several.items() if len(strings) > 1} == {}


def test_a_translation_names_the_same_facts() -> None:
    named = re.compile(r"%\(\w+\)\w").findall
    differing = [
        entry.id
        for entries in translated_messages().values()
        for entry in entries
        if isinstance(entry.id, str) and set(named(entry.id)) != set(named(str(entry.string)))
    ]
    assert differing == []


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}."):
            if module.name not in ("web.build",):
                import_module(module.name)
    yield from _below(of)


def _below(of: type[Refusal]) -> Iterator[type[Refusal]]:
    for refusal in of.__subclasses__():
        if refusal.__module__.split(".")[0] in PACKAGES:
            yield refusal
            yield from _below(refusal)


def facts(sentence: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(sentence) if name}


def test_every_refusal_has_a_sentence_in_both_languages_with_the_same_facts() -> None:
    unfit = [
        refusal.__name__
        for refusal in refusals()
        if "zh" not in vars(refusal)
        or not refusal.__doc__
        or facts(refusal.zh) != facts(refusal.__doc__.split("\n\n")[0])
    ]
    assert unfit == []


def test_there_is_one_migration_head() -> None:
    assert len(ScriptDirectory(str(ROOT / "migrations")).get_heads()) == 1


def test_no_page_carries_a_script_or_a_style_of_its_own() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE)
    templates = (ROOT / "web/templates").rglob("*.html")
    assert [file.name for file in templates if inline.search(file.read_text(encoding="utf-8"))] == []
