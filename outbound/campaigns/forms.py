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


def write(form: Mapping[str, Any], model: type[BaseModel], *, over: str = "") -> str:
    """The YAML of a form, which is nested and named as `model` is.

    What was left empty is left out. Numbers, days and ticks may come as the text that browsers send; what is not one
    stays as it was typed, so that its fault can be told. `over` is the text that is changed: where the form says the
    same it stays as it is written, comments and all.
    """
    yaml = YAML()
    yaml.width = 10_000
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    filled: Any = _filled(form, model)
    if over:
        document = yaml.load(over)
        if not _changed(document, filled, model):
            return over
        filled = document
    text = io.StringIO()
    yaml.dump(filled, text)
    return text.getvalue()


def _changed(document: Any, filled: Mapping[str, Any], model: type[BaseModel] | None) -> bool:
    """Put what a form says into a document, and tell whether that changed anything."""
    gone = [name for name in document if name not in filled and not _usual(model, name, document[name])]
    for name in gone:
        del document[name]
    changed = bool(gone)
    for name, value in filled.items():
        part = _part_of(model, name)
        if isinstance(document.get(name), dict) and isinstance(value, dict):
            changed |= _changed(document[name], value, part)
        elif name not in document and _usual(model, name, value):
            continue
        elif name not in document or not _same(document[name], value):
            document[name] = value
            changed = True
    return changed


def _part_of(model: type[BaseModel] | None, name: str) -> type[BaseModel] | None:
    kinds = _kinds(model.model_fields[name].annotation) if model and name in model.model_fields else ()
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _usual(model: type[BaseModel] | None, name: str, value: Any) -> bool:
    """Whether a value is what counts where nothing is written."""
    if model is None or name not in model.model_fields or model.model_fields[name].is_required():
        return False
    usual = model.model_fields[name].get_default(call_default_factory=True)
    if isinstance(usual, BaseModel) and isinstance(value, dict):
        return all(_usual(type(usual), key, each) for key, each in value.items())
    return bool(usual == value)


def _same(written: Any, value: Any) -> bool:
    """Whether a value of the document says what the form says; a plain text is Chinese."""
    if isinstance(written, list) and isinstance(value, list):
        return len(written) == len(value) and all(map(_same, written, value))
    if isinstance(value, dict) and not isinstance(written, dict):
        return value == {"zh": " ".join(str(written).split())}
    if isinstance(value, dict):
        return {key: " ".join(str(each).split()) for key, each in written.items()} == value
    return bool(written == value)


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
