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
from web.language import lazy_gettext

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
    "calling.callback_release_minutes",
    "calling.callback_broken_hours",
    "qa.daily_percent",
    "qa.weekly_percent",
    "qa.minimum_seconds",
    "qa.answer_days",
    "qa.dispute_rounds",
    "qa.ladder.tightened_times",
    "qa.ladder.tightened_percent",
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
    return [part.strip() for part in SEPARATED.split(text) if part.strip()]


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


LABELS: Mapping[str, Any] = {
    "name": lazy_gettext("Name"),
    "kind": lazy_gettext("Purpose"),
    "starts": lazy_gettext("First day"),
    "ends": lazy_gettext("Last day"),
    "offer.name": lazy_gettext("Name of the offer"),
    "offer.price_fen": lazy_gettext("Price a month, in yuan"),
    "offer.trial_days": lazy_gettext("Free trial, in days"),
    "offer.functions": lazy_gettext("What it does"),
    "offer.usage": lazy_gettext("How it is used"),
    "offer.enquiry": lazy_gettext("How to ask about it"),
    "offer.cancel": lazy_gettext("How to cancel"),
    "scripts.pitch": lazy_gettext("First call and re-calls"),
    "scripts.confirmation": lazy_gettext("Second confirmation"),
    "scripts.correction": lazy_gettext("Correction call"),
    "calling.profile": lazy_gettext("Calling rules"),
    "calling.languages": lazy_gettext("Spoken with customers"),
    "calling.recalls": lazy_gettext("Re-calls after an unsure yes"),
    "calling.lease_minutes": lazy_gettext("Minutes until a contact left lying goes back"),
    "calling.callback_release_minutes": lazy_gettext(
        "Minutes until a personal callback that was not kept goes to anybody"
    ),
    "calling.callback_broken_hours": lazy_gettext("Hours until a callback that nobody kept counts as broken"),
    "staff": lazy_gettext("Agents and verifiers of this campaign"),
    "skills": lazy_gettext("Skills that agents must have"),
    "lists": lazy_gettext("Lists without which it does not open"),
    "qa.daily_percent": lazy_gettext("Reviewed daily by the centre, in percent"),
    "qa.weekly_percent": lazy_gettext("Reviewed weekly by supervisors, in percent"),
    "qa.minimum_seconds": lazy_gettext("Shortest valid recording, in seconds"),
    "qa.answer_days": lazy_gettext("Working days in which a review can be disputed"),
    "qa.dispute_rounds": lazy_gettext("How often a review can be disputed"),
    "qa.ladder.tightened_times": lazy_gettext("After a failed review, times the usual rate"),
    "qa.ladder.tightened_percent": lazy_gettext("After a failed review, at least in percent"),
    "confirmation.days_before": lazy_gettext("Days before the trial’s end from which customers are rung"),
    "confirmation.tries": lazy_gettext("Tries in each period"),
    "confirmation.requires": lazy_gettext("A confirmation needs"),
    "targets.sales_per_day": lazy_gettext("Valid sales a day of an agent"),
    "targets.reach_percent": lazy_gettext("Contacts spoken to, in percent"),
    "targets.valid_percent": lazy_gettext("Reviewed sales that pass, in percent"),
}
"""What each field is called on the form, and in the sentences about it."""


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
    "calling.callback_release_minutes": 30,
    "calling.callback_broken_hours": 2,
    "calling.languages": ["zh"],
    "qa.daily_percent": 10,
    "qa.weekly_percent": 5,
    "qa.minimum_seconds": 5,
    "qa.answer_days": 3,
    "qa.dispute_rounds": 2,
    "qa.ladder.tightened_times": 3,
    "qa.ladder.tightened_percent": 30,
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
