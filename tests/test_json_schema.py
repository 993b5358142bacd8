"""The published JSON Schemas: every field described in both languages, and everything that is accepted fits."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from outbound.calling_rules.profiles import Profile
from outbound.campaigns import definition
from outbound.cli import main
from outbound.documents import Document
from outbound.json_schema import DESCRIPTIONS, chinese_words, described
from scripts import language as script

SCHEMAS = {"campaign": definition.schema, "script": script.schema}
EVERY = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
Schema = Callable[[], dict[str, Any]]


def properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    parts = [schema, *schema["$defs"].values()]
    return [(f"{part['title']}.{name}", field) for part in parts for name, field in part.get("properties", {}).items()]


@EVERY
def test_every_field_is_described_in_both_languages(schema: Schema) -> None:
    for name, field in properties(schema()):
        both = field.get(DESCRIPTIONS, {})
        assert re.search(r"[\u4e00-\u9fff]", both.get("zh", "")), name
        assert both.get("en", "").endswith("."), name
        assert field["description"] == f"{both['zh']}\n{both['en']}"


@pytest.mark.parametrize(("package", "schema"), [("outbound.campaigns", definition.schema), ("scripts", script.schema)])
def test_no_chinese_description_is_left_over(package: str, schema: Schema) -> None:
    assert set(chinese_words(package)) == {name for name, _part in described(schema())}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_command_line_prints_the_schema(kind: str) -> None:
    assert json.loads(CliRunner().invoke(main, ["schema", kind]).stdout) == SCHEMAS[kind]()


@pytest.mark.parametrize("name", sorted(script.library()))
def test_a_script_of_the_library_uses_only_what_the_schema_knows(name: str) -> None:
    schema = script.schema()
    plain = Document(script.library()[name]).plain()
    assert set(plain) <= set(schema["properties"])
    step = schema["$defs"]["Step"]
    assert {key for each in plain["steps"].values() for key in each} <= set(step["properties"])
    assert {"say"} == set(step["required"])


def test_an_editor_knows_the_settings_of_the_calling_rules() -> None:
    overrides = definition.schema()["$defs"]["Calling"]["properties"]["overrides"]
    assert overrides["additionalProperties"] is False
    assert set(overrides["properties"]) == set(Profile.model_fields)
    attempts = overrides["properties"]["attempts"]["properties"]
    assert "required" not in overrides["properties"]["windows"]
    assert attempts["max"][DESCRIPTIONS] == {"zh": "总次数。", "en": "In all."}
    assert overrides["properties"]["caps"]["items"]["required"] == ["count", "within"]
