"""JSON Schemas of the files that people write, with every description in both languages, so that an editor completes.

The English description is the field's own; the Chinese ones stand in a file `fields.zh.yaml` beside the models.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DESCRIPTIONS = "x-description"
"""Where a description stands in each language by itself: `{zh: …, en: …}`."""


def chinese_words(package: str) -> Mapping[str, str]:
    """The Chinese descriptions of a package's models: `Offer` and `Offer.price_fen` to their sentences."""
    text = files(package).joinpath("fields.zh.yaml").read_text(encoding="utf-8")
    words: Mapping[str, str] = YAML(typ="safe", pure=True).load(text)
    return words


def published(model: type[BaseModel], chinese: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `model`; raises KeyError where a description lacks its Chinese."""
    schema: dict[str, Any] = {"$schema": DIALECT, **model.model_json_schema()}
    for name, part in described(schema):
        both = {"zh": chinese[name], "en": " ".join(part["description"].split())}
        part["description"] = f"{both['zh']}\n{both['en']}"
        part[DESCRIPTIONS] = both
    return schema


def described(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part and property of a schema that has a description, with its name: `Offer`, `Offer.price_fen`."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if "description" in part:
            yield part["title"], part
        for name, field in part.get("properties", {}).items():
            if "description" in field:
                yield f"{part['title']}.{name}", field
