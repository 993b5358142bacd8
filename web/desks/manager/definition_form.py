"""A definition that was sent as a form: written as YAML, and its faults told at the fields where they show."""

import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from flask import request
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from outbound.campaigns.definition import to_yaml
from outbound.documents import Fault
from outbound.errors import BadInput, Language, Refusal
from web.desks.manager.definition_fields import (
    BILINGUAL,
    BOXES,
    FIELDS,
    LABELS,
    PLAIN,
    TICKED,
    WRITTEN_LISTS,
    YAML_AREAS,
)
from web.forms import Form

SEPARATED = re.compile(r"[,，、\n]")
"""What stands between several names in one field."""


class OverridesUnreadable(Refusal):
    """This is not YAML such as `spacing: 4 h`; check indentation and colons."""

    zh = "这里应是 YAML，例如 spacing: 4 h，请检查缩进和冒号。"
    status = 422


def written_yaml(form: Form, *, over: str = "") -> str:
    """The YAML of the form that was sent; what only the form can know to be wrong is noted in `form`.

    `over` is the definition that it changes: what stays the same stays as it is written there.
    """
    nested: dict[str, Any] = {}
    for name, value in _values(form):
        if value not in ("", [], {}, None):
            _put(nested, name, value)
    return to_yaml(nested, over=over)


def _values(form: Form) -> Iterable[tuple[str, Any]]:
    typed = request.form
    yield from ((name, typed.get(name, "").strip()) for name in PLAIN)
    if form.given("offer.price_fen"):
        yield "offer.price_fen", form.money("offer.price_fen")
    yield "offer.functions", _functions(typed.get("offer.functions", ""), typed.get("offer.functions_en", ""))
    yield from ((name, _both(typed.get(name, ""), typed.get(f"{name}_en", ""))) for name in BILINGUAL)
    yield from ((name, _yaml(form, name)) for name in YAML_AREAS)
    yield from ((name, typed.getlist(name)) for name in TICKED)
    yield from ((name, name in typed) for name in BOXES)
    yield from ((name, _split(typed.get(name, ""))) for name in WRITTEN_LISTS)


def _put(nested: dict[str, Any], name: str, value: Any) -> None:
    *groups, last = name.split(".")
    for group in groups:
        nested = nested.setdefault(group, {})
    nested[last] = value


def _both(zh: str, en: str) -> dict[str, str]:
    """A text in the languages in which it was written."""
    said = {"zh": " ".join(zh.split()), "en": " ".join(en.split())}
    return {language: text for language, text in said.items() if text}


def _functions(zh: str, en: str) -> list[dict[str, str]]:
    """One function for each line; the lines of the two languages belong together in their order."""
    lines = zip_longest(_lines(zh), _lines(en), fillvalue="")
    return [_both(*pair) for pair in lines]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _split(text: str) -> list[str]:
    return [part.strip() for part in SEPARATED.split(text) if part.strip()]


def _yaml(form: Form, name: str) -> dict[str, Any]:
    text = request.form.get(name, "")
    try:
        read = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        read = "unreadable"
    if read is not None and not isinstance(read, dict):
        form.refuse(name, OverridesUnreadable())
    return read if isinstance(read, dict) else {}


def field_of(path: str) -> str:
    """The field at which a fault of the document shows: the longest that its path begins with."""
    fitting = [name for name in FIELDS if path == name or path.startswith(f"{name}.")]
    return max(fitting, key=len, default="")


def refuse_fields(form: Form, faults: Iterable[Fault]) -> None:
    """Note each fault of the document at its field; one without a field of its own is told at the name."""
    for fault in faults:
        field = field_of(fault.path) or _first_within(fault.path)
        form.refuse(field, IN_FORM[fault.path]() if fault.path in IN_FORM else _Faulty(fault, field))


def _first_within(path: str) -> str:
    return next((name for name in FIELDS if path and name.startswith(f"{path}.")), "name")


class OfferNeeded(Refusal):
    """A campaign with this purpose needs an offer; fill in what is offered below."""

    zh = "这种用途的活动必须有业务，请填写下面的业务内容。"
    status = 422


class PriceNeeded(Refusal):
    """Write the price in yuan, such as 5.00; 0 where it costs nothing."""

    zh = "请以元为单位填写资费，如 5.00；不收费请填 0。"
    status = 422


class ScriptNeeded(Refusal):
    """A campaign with an offer needs this script; choose one."""

    zh = "有业务的活动必须有这个脚本，请选择。"
    status = 422


IN_FORM: Mapping[str, type[Refusal]] = {
    "kind": OfferNeeded,
    "offer.price_fen": PriceNeeded,
    "scripts.confirmation": ScriptNeeded,
    "scripts.correction": ScriptNeeded,
}
"""Faults whose sentence names what only the YAML shows, and what the form says instead."""


class _Faulty(BadInput):
    """{reason}"""

    zh = "{reason}"

    def __init__(self, fault: Fault, field: str) -> None:
        self.fault, self.field = fault, field
        super().__init__(reason=fault.en)

    def sentence(self, language: Language) -> str:
        """The fault by the field's label: neither its key nor where it stands in the YAML matters in the form."""
        key = next((part for part in reversed(self.fault.path.split(".")) if not part.isdecimal()), "")
        if self.field not in LABELS:
            return self.fault.zh if language == "zh" else self.fault.en
        label = f"“{LABELS[self.field]}”"
        return (
            self.fault.zh.replace(f"“{key}”", label) if language == "zh" else self.fault.en.replace(f"`{key}`", label)
        )
