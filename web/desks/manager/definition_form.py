"""A definition as a form: fields are named by their path in the YAML, so that a fault finds its field."""

import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from flask import request
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from outbound.campaigns.definition import Definition, to_yaml
from outbound.documents import Fault
from outbound.errors import BadInput, Language, Refusal
from web.forms import Form

PLAIN = (
    "name",
    "kind",
    "starts",
    "ends",
    "offer.name",
    "offer.name_en",
    "offer.trial_days",
    "scripts.pitch",
    "scripts.confirmation",
    "scripts.correction",
    "calling.profile",
    "calling.recalls",
    "calling.lease_minutes",
    "qa.daily_percent",
    "qa.weekly_percent",
    "qa.minimum_seconds",
    "confirmation.days_before",
    "confirmation.tries",
    "targets.sales_per_day",
    "targets.reach_percent",
    "targets.valid_percent",
)
BILINGUAL = ("offer.usage", "offer.enquiry", "offer.cancel")
TICKED = ("calling.languages", "confirmation.requires", "staff")
BOXES = ("qa.correction_by_another", "confirmation.extension")
WRITTEN_LISTS = ("skills", "lists")
FIELDS = (
    *PLAIN,
    *BILINGUAL,
    *TICKED,
    *BOXES,
    *WRITTEN_LISTS,
    "offer.price_fen",
    "offer.functions",
    "calling.overrides",
)
"""Every field of the form but the English halves, which end in `_en`."""

_SEPARATED = re.compile(r"[,，、\n]")


class OverridesUnreadable(Refusal):
    """This is not YAML such as `spacing: 4 h`; check indentation and colons."""

    zh = "这里应是 YAML，例如 spacing: 4 h，请检查缩进和冒号。"
    status = 422


def written_yaml(form: Form) -> str:
    """The YAML of the form that was sent; what only the form can know to be wrong is noted in `form`."""
    nested: dict[str, Any] = {}
    for name, value in _values(form):
        if value not in ("", [], {}, None):
            _put(nested, name, value)
    return to_yaml(nested)


def _values(form: Form) -> Iterable[tuple[str, Any]]:
    typed = request.form
    yield from ((name, typed.get(name, "").strip()) for name in PLAIN)
    if form.given("offer.price_fen"):
        yield "offer.price_fen", form.money("offer.price_fen")
    yield "offer.functions", _functions(typed.get("offer.functions", ""), typed.get("offer.functions_en", ""))
    yield from ((name, _both(typed.get(name, ""), typed.get(f"{name}_en", ""))) for name in BILINGUAL)
    yield "calling.overrides", _overrides(form)
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
    return [part.strip() for part in _SEPARATED.split(text) if part.strip()]


def _overrides(form: Form) -> dict[str, Any]:
    text = request.form.get("calling.overrides", "")
    try:
        read = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        read = "unreadable"
    if read is not None and not isinstance(read, dict):
        form.refuse("calling.overrides", OverridesUnreadable())
    return read if isinstance(read, dict) else {}


def field_of(path: str) -> str:
    """The field at which a fault of the document shows: the longest that its path begins with."""
    fitting = [name for name in FIELDS if path == name or path.startswith(f"{name}.")]
    return max(fitting, key=len, default="")


def refuse_fields(form: Form, faults: Iterable[Fault]) -> None:
    """Note each fault of the document at its field; one without a field of its own is told at the name."""
    for fault in faults:
        form.refuse(field_of(fault.path) or _first_within(fault.path), _Faulty(fault))


def _first_within(path: str) -> str:
    return next((name for name in FIELDS if path and name.startswith(f"{path}.")), "name")


class _Faulty(BadInput):
    """{reason}"""

    zh = "{reason}"

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(reason=fault.en)

    def sentence(self, language: Language) -> str:
        """The fault in words; where it stands in the YAML does not matter in the form."""
        return self.fault.zh if language == "zh" else self.fault.en


def stored_fields(definition: Definition | None) -> dict[str, Any]:
    """What the form's fields hold for a definition; for none, what a new campaign begins with."""
    if definition is None:
        return dict(_NEW)
    plain = definition.model_dump(mode="json")
    fields: dict[str, Any] = {name: _got(plain, name) for name in (*PLAIN, *TICKED, *BOXES)}
    for name in BILINGUAL:
        text = _got(plain, name) or {}
        fields[name], fields[f"{name}_en"] = text.get("zh") or "", text.get("en") or ""
    functions = _got(plain, "offer.functions") or []
    fields["offer.functions"] = "\n".join(each.get("zh") or "" for each in functions)
    fields["offer.functions_en"] = "\n".join(each.get("en") or "" for each in functions)
    fields["offer.price_fen"] = f"{definition.offer.price_fen / 100:.2f}" if definition.offer else ""
    fields["calling.overrides"] = _yaml(plain["calling"]["overrides"])
    return fields | {name: "、".join(plain[name]) for name in WRITTEN_LISTS}


_NEW: Mapping[str, Any] = {
    "calling.profile": "cn-telecom",
    "calling.recalls": 2,
    "calling.lease_minutes": 15,
    "calling.languages": ["zh"],
    "qa.daily_percent": 10,
    "qa.weekly_percent": 5,
    "qa.minimum_seconds": 5,
    "qa.correction_by_another": True,
    "confirmation.requires": ["voice"],
    "confirmation.days_before": 3,
    "confirmation.tries": 3,
    "confirmation.extension": True,
}


def _got(plain: Mapping[str, Any], name: str) -> Any:
    value: Any = plain
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else value


def _yaml(overrides: Mapping[str, Any]) -> str:
    from io import StringIO

    if not overrides:
        return ""
    text, yaml = StringIO(), YAML()
    yaml.default_flow_style = False
    yaml.dump(dict(overrides), text)
    return text.getvalue()
