"""Campaign definitions: what a good one says, what a bad one is told, and that forms read back."""

from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.campaigns.definition import CampaignKind, Definition, Means, read_definition, schema, to_yaml
from outbound.documents import DocumentFaulty

GOOD = """\
name: 亲情网体验
kind: telesales
starts: 2026-11-21
ends: 2026-12-31
offer:
  name: 亲情网
  price_fen: 500
  trial_days: 30
  functions: [成员之间国内通话不限分钟]
  usage: {zh: 发短信到10086开通, en: text to 10086}
  enquiry: 10086
  cancel: 发短信“取消亲情网”到10086
scripts: {pitch: family-number-pitch, confirmation: family-number-confirmation, correction: family-number-correction}
"""
SURVEY = """\
name: 满意度回访
kind: satisfaction_survey
starts: 2026-11-21
ends: 2026-11-21
scripts: {pitch: satisfaction-survey}
"""
EXAMPLES = tuple(
    entry for entry in files("outbound.campaigns").joinpath("examples").iterdir() if entry.name.endswith(".yaml")
)


def faults(text: str, language: str = "zh") -> str:
    with pytest.raises(DocumentFaulty) as refused:
        read_definition(text)
    return refused.value.sentence("zh" if language == "zh" else "en")


def test_a_definition_says_what_its_file_says() -> None:
    definition = read_definition(GOOD)
    assert (definition.name, definition.kind, definition.ends) == (
        "亲情网体验",
        CampaignKind.TELESALES,
        date(2026, 12, 31),
    )
    assert definition.offer
    assert (definition.offer.price_fen, definition.offer.trial_days) == (500, 30)


def test_what_is_not_written_is_as_usual() -> None:
    definition = read_definition(GOOD)
    assert (definition.calling.recalls, definition.calling.lease_minutes, definition.staff) == (2, 15, [])
    assert (definition.qa.daily_percent, definition.qa.weekly_percent, definition.qa.minimum_seconds) == (10, 5, 5)
    assert (definition.confirmation.requires, definition.confirmation.tries) == ([Means.VOICE], 3)


def test_a_survey_needs_no_offer() -> None:
    assert read_definition(SURVEY).offer is None


def test_a_bare_service_number_is_text() -> None:
    offer = read_definition(GOOD).offer
    assert offer
    assert offer.enquiry.shown("zh") == "10086"


def test_the_offer_is_told_in_each_language() -> None:
    offer = read_definition(GOOD).offer
    assert offer
    assert (offer.facts.usage.shown("en"), offer.facts.cancel.shown("en")) == (
        "text to 10086",
        "发短信“取消亲情网”到10086",
    )


def test_the_calling_rules_are_the_profile_with_the_campaigns_own_settings() -> None:
    rules = read_definition(GOOD + "calling: {overrides: {attempts: {max: 3}}}\n").profile
    assert (rules.name, rules.attempts.max, len(rules.caps)) == ("cn-telecom", 3, 2)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda entry: entry.name)
def test_the_ready_made_definitions_are_right(example: Any) -> None:
    definition = read_definition(example.read_text(encoding="utf-8"))
    assert definition.offer and definition.scripts.confirmation and definition.scripts.correction


def test_there_is_a_ready_made_trial_offer_and_a_retention_campaign() -> None:
    kinds = {read_definition(example.read_text(encoding="utf-8")).kind for example in EXAMPLES}
    assert kinds == {CampaignKind.TELESALES, CampaignKind.RETENTION}


@pytest.mark.parametrize(
    ("wrong", "right", "line", "zh", "en"),
    [
        ("  price_fen: 500\n", "", 5, "业务没有写资费，请补上 price_fen", "the offer has no price; add `price_fen`"),
        ("trial_days: 30", "trial_days: -3", 8, "体验期不能是 -3 天", "a trial cannot last -3 days"),
        ("price_fen: 500", "price_fen: 5.00", 7, "“price_fen”应为整数", "`price_fen` must be a whole number"),
        ("ends: 2026-12-31", "ends: 2026-11-01", 4, "结束日期 2026-11-01 早于开始日期", "before it starts"),
        ("kind: telesales", "kind: tele", 2, "“kind”不能是“tele”", "`kind` cannot be `tele`"),
        ("starts:", "begins:", 3, "不认识“begins”", "`begins` is not known here"),
        (", correction: family-number-correction", "", 13, "要有回访修正脚本", "needs a script for the correction"),
        ("[成员之间国内通话不限分钟]", "[]", 9, "“functions”不能为空", "`functions` must not be empty"),
        ("enquiry: 10086", "enquiry: {}", 11, "没有写内容", "The text is empty"),
    ],
)
def test_a_fault_is_told_at_its_line_in_both_languages(wrong: str, right: str, line: int, zh: str, en: str) -> None:
    assert wrong in GOOD
    text = GOOD.replace(wrong, right)
    assert f"第 {line} 行" in faults(text) and zh in faults(text)
    assert f"Line {line}," in faults(text, "en") and en in faults(text, "en")


@pytest.mark.parametrize(
    ("more", "zh"),
    [
        ("calling: {profile: Mars!}\n", "“Mars!”不能作为外呼规则的名称"),
        ("calling: {overrides: {attempts: {max: 0}}}\n", "“max”不能是 0，至少为 1"),
        ("calling: {overrides: {windows: {every_day: [9点]}}}\n", "“9点”不是有效的时段"),
        ("calling: {overrides: {atempts: {max: 3}}}\n", "不认识“atempts”"),
        ("qa: {daily_percent: 0}\n", "“daily_percent”不能是 0，至少为 1"),
        ("qa: {weekly_percent: 101}\n", "“weekly_percent”不能是 101，最多为 100"),
        ("confirmation: {requires: [fax]}\n", "“requires”不能是“fax”"),
        ("confirmation: {requires: []}\n", "“requires”不能为空"),
        ("discount: 3\n", "不认识“discount”"),
    ],
)
def test_a_fault_in_a_policy_is_told_at_its_line(more: str, zh: str) -> None:
    said = faults(GOOD + more)
    assert zh in said and "第 14 行" in said


def test_a_selling_campaign_without_an_offer_is_refused() -> None:
    assert "retention 活动必须写明所办业务" in faults(SURVEY.replace("satisfaction_survey", "retention"))


def test_all_faults_are_told_at_once_and_none_twice() -> None:
    text = GOOD.replace("  price_fen: 500\n", "").replace("30", "-3").replace("starts:", "begins:")
    said = faults(text).splitlines()
    assert len(said) == 4
    assert len([line for line in said if "price_fen" in line]) == 1


@pytest.mark.parametrize("text", ["", "- a\n", "name: [", "name: a\nname: b\n", "offer: 3\nscripts: []\ncalling: x\n"])
def test_what_is_no_definition_at_all_is_refused_with_a_sentence(text: str) -> None:
    assert "第 " in faults(text)


def test_the_schema_describes_every_field() -> None:
    made = schema()
    parts = [made, *made["$defs"].values()]
    fields = [field for part in parts for field in part.get("properties", {}).values()]
    assert len(fields) > 35
    assert all(field.get("description") for field in fields)
    assert made["additionalProperties"] is False


def test_a_form_as_browsers_send_it_makes_the_same_definition() -> None:
    form = {
        "name": " 亲情网体验 ",
        "kind": "telesales",
        "starts": "2026-11-21",
        "ends": "2026-12-31",
        "offer": {
            "name": "亲情网",
            "name_en": "",
            "price_fen": "500",
            "trial_days": "30",
            "functions": ["成员之间国内通话不限分钟", ""],
            "usage": {"zh": "发短信到10086开通", "en": "text to 10086"},
            "enquiry": "10086",
            "cancel": {"zh": "发短信“取消亲情网”到10086", "en": ""},
        },
        "scripts": {
            "pitch": "family-number-pitch",
            "confirmation": "family-number-confirmation",
            "correction": "family-number-correction",
        },
        "calling": {"recalls": "2", "overrides": {}},
        "qa": {"correction_by_another": "on"},
        "staff": [],
        "targets": {"sales_per_day": ""},
    }
    assert read_definition(to_yaml(form)) == read_definition(GOOD)


def test_a_form_leaves_what_it_cannot_read_to_be_told() -> None:
    form = {"name": "a", "kind": "telesales", "starts": "morgen", "offer": {"price_fen": "five"}}
    said = faults(to_yaml(form))
    assert "“morgen”" in said and "“five”" in said


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda entry: entry.name)
def test_the_ready_made_definitions_survive_the_form(example: Any) -> None:
    definition = read_definition(example.read_text(encoding="utf-8"))
    assert read_definition(to_yaml(definition.model_dump(mode="json"))) == definition


printable = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@given(name=printable, usage=printable, cancel=printable, login=printable)
def test_whatever_is_typed_into_the_form_reads_back_exactly(name: str, usage: str, cancel: str, login: str) -> None:
    form = read_definition(GOOD).model_dump(mode="json", exclude_defaults=True)
    form |= {"name": name, "staff": [login]}
    form["offer"] |= {"usage": usage, "cancel": {"zh": cancel, "en": usage}}
    assert read_definition(to_yaml(form)) == Definition.model_validate(form)
