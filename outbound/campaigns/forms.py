"""YAML from the console's forms: it reads back as exactly what was filled in."""

import io
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from ruamel.yaml import YAML

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TICKED = {"true": True, "on": True, "false": False, "off": False}


def write(form: Mapping[str, Any], model: type[BaseModel]) -> str:
    """The YAML of a form, which is nested and named as `model` is.

    What was left empty is left out. Numbers, days and ticks may come as the text that browsers send; what is not one
    stays as it was typed, so that its fault can be told.
    """
    yaml = YAML()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(_filled(form, model), text)
    return text.getvalue()


def _filled(form: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    fields = model.model_fields
    usual = [name for name in fields if name in form]
    written = {
        name: _written(form[name], fields[name].annotation if name in fields else None)
        for name in [*usual, *(name for name in form if name not in fields)]
    }
    return {name: value for name, value in written.items() if not _empty(value)}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value == {}


def _written(value: Any, annotation: Any) -> Any:
    kinds = _kinds(annotation)
    if isinstance(value, Mapping):
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        return _filled(value, model) if model else dict(value)
    if isinstance(value, list | tuple):
        item = next((get_args(kind)[0] for kind in kinds if get_origin(kind) is list), None)
        return [each for each in (_written(each, item) for each in value) if not _empty(each)]
    return _typed(value.strip(), kinds) if isinstance(value, str) else value


def _typed(value: str, kinds: tuple[Any, ...]) -> Any:
    if int in kinds and _WHOLE.fullmatch(value):
        return int(value)
    if bool in kinds:
        return _TICKED.get(value.lower(), value)
    if date in kinds:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """What an annotation allows, taken out of unions and of Annotated."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (list, dict, None):
        return (annotation,)
    return tuple(kind for each in get_args(annotation) for kind in _kinds(each))
