"""The JSON Schemas of calling rules, for editors that complete them: of a campaign's settings, and of own rules."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter
from ruamel.yaml import YAML

from outbound.calling_rules.own_profiles import OwnProfile
from outbound.calling_rules.profiles import PROFILES, Profile, RulesName
from outbound.json_schema import DESCRIPTIONS, DIALECT

Part = dict[str, Any]

NAMES: Part = {"anyOf": [{"enum": list(PROFILES)}, TypeAdapter(RulesName).json_schema()]}
"""What a campaign may name: an editor offers the profiles that there are everywhere, and takes any other name."""


@cache
def schema() -> Part:
    """Every group may be written in part, as groups are merged; what stands in a list is written whole.

    Raises KeyError where a setting is not described.
    """
    return _described_whole(Profile)


@cache
def own_schema() -> Part:
    """Of the rules that a centre writes: as what is different from a profile that they extend, or whole."""
    either = [{"required": ["extends"]}, {"required": ["windows"]}]
    return {
        "$schema": DIALECT,
        "title": OwnProfile.__name__,
        **_described_whole(OwnProfile),
        "required": ["name", "label"],
        "anyOf": either,
    }


def _described_whole(model: type[Profile]) -> Part:
    whole = model.model_json_schema()
    words = YAML(typ="safe", pure=True).load(files(__package__).joinpath("fields.yaml").read_text(encoding="utf-8"))
    return _in_part(whole, whole["$defs"], words)


def _in_part(part: Part, parts: Mapping[str, Part], words: Mapping[str, Any], *, whole: bool = False) -> Part:
    if "$ref" in part:
        return _in_part(parts[part["$ref"].rpartition("/")[2]], parts, words, whole=whole)
    left_out = {"$defs", "default", "title", "description"} | (set() if whole else {"required"})
    kept = {name: value for name, value in part.items() if name not in left_out}
    if "properties" in kept:
        kept["properties"] = {
            name: _described(_in_part(each, parts, words, whole=whole), words[name])
            for name, each in kept["properties"].items()
        }
    if isinstance(kept.get("additionalProperties"), dict):
        kept["additionalProperties"] = _in_part(kept["additionalProperties"], parts, words, whole=whole)
    if "items" in kept:
        kept["items"] = _in_part(kept["items"], parts, words, whole=True)
    if "anyOf" in kept:
        kept["anyOf"] = [_in_part(each, parts, words, whole=whole) for each in kept["anyOf"]]
    return kept


def _described(part: Part, both: Mapping[str, str]) -> Part:
    return {**part, "description": f"{both['zh']}\n{both['en']}", DESCRIPTIONS: dict(both)}
