"""The fields of a definition's form, named by their path in the YAML: what each is called, and what stands in it."""

from collections.abc import Mapping
from io import StringIO
from typing import Any, Literal

from ruamel.yaml import YAML

from outbound.campaigns.definition import Calling, CampaignKind, Confirmation, Definition, Quality
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
YAML_AREAS = ("calling.overrides", "calling.outcomes")
FIELDS = (
    *PLAIN,
    *BILINGUAL,
    *TICKED,
    *BOXES,
    *WRITTEN_LISTS,
    "offer.price_fen",
    "offer.functions",
    *YAML_AREAS,
)
"""Every field of the form but the English halves, which end in `_en`."""

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


_NEW: Mapping[str, Any] = {
    "kind": CampaignKind.TELESALES,
    "calling": Calling().model_dump(mode="json"),
    "qa": Quality().model_dump(mode="json"),
    "confirmation": Confirmation().model_dump(mode="json"),
}


def stored_fields(definition: Definition | None) -> dict[str, Any]:
    """What the form's fields hold for a definition; for none, what a new campaign begins with."""
    plain = definition.model_dump(mode="json") if definition else _NEW
    fields: dict[str, Any] = {name: _got(plain, name) for name in (*PLAIN, *TICKED, *BOXES)}
    for name in BILINGUAL:
        text = _got(plain, name) or {}
        fields[name], fields[f"{name}_en"] = text.get("zh") or "", text.get("en") or ""
    functions = _got(plain, "offer.functions") or []
    fields["offer.functions"] = "\n".join(each.get("zh") or "" for each in functions)
    fields["offer.functions_en"] = "\n".join(each.get("en") or "" for each in functions)
    fields["offer.price_fen"] = _yuan(_got(plain, "offer.price_fen"))
    fields["calling.overrides"] = _yaml(_got(plain, "calling.overrides"))
    outcomes = definition.calling.outcomes if definition else {}
    fields["calling.outcomes"] = _yaml({code: each.model_dump(exclude_none=True) for code, each in outcomes.items()})
    return fields | {name: "、".join(_got(plain, name)) for name in WRITTEN_LISTS}


def _yuan(fen: int | Literal[""]) -> str:
    return "" if fen == "" else f"{fen / 100:.2f}"


def _got(plain: Mapping[str, Any], name: str) -> Any:
    value: Any = plain
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else value


def _yaml(settings: Mapping[str, Any]) -> str:
    if not settings:
        return ""
    text, yaml = StringIO(), YAML()
    yaml.default_flow_style = False
    yaml.dump(dict(settings), text)
    return text.getvalue()
