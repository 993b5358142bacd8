"""A centre's own calling rules: read, kept in versions, compared with what they extend; and the campaigns they hold."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from outbound.calling_rules import own_rules
from outbound.calling_rules.in_words import in_words
from outbound.calling_rules.looser import looser
from outbound.calling_rules.overriding import own_schema
from outbound.calling_rules.own_profiles import OwnProfile, own_profile, template
from outbound.calling_rules.own_rules import OwnRules, OwnRulesVersion
from outbound.calling_rules.profiles import PROFILES, profile
from outbound.calling_rules.windows import window_open
from outbound.campaigns import lookups, opt_out_ends, pinning, verbs
from outbound.campaigns.definition import read_definition, to_yaml
from outbound.campaigns.model import Campaign
from outbound.dialing.statements import Book
from outbound.dialing.terms import ground_of
from outbound.documents import Document, DocumentFaulty
from outbound.errors import Refusal
from outbound.journal import JournalEntry
from outbound.json_schema import DESCRIPTIONS
from outbound.people import known
from tests.conftest import NOW, Cast
from tests.test_campaigns import TRIAL, opened, ready

OURS = "name: our-rules\nlabel: {zh: 本中心规则, en: Our rules}\nextends: cn-telecom\n"
WHOLE = "name: ours\nlabel: {zh: 本中心, en: Ours}\nwindows: {every_day: [10:00-18:00]}\n"
SHORT = OURS + "windows: {every_day: [10:00-12:00]}\n"
LONG = OURS + "windows: {every_day: [10:00-19:00]}\n"
NAMING = TRIAL.replace("profile: cn-telecom", "profile: our-rules")
LATER = NOW + timedelta(days=1)
CN = ["Asia/Shanghai"]


def faults(text: str, language: str = "en") -> str:
    with pytest.raises(DocumentFaulty) as refused:
        own_profile(text)
    return refused.value.sentence(language)  # type: ignore[arg-type]


def kept(session: Session, cast: Cast, text: str = SHORT, now: datetime = NOW, **facts: Any) -> OwnRulesVersion:
    return own_rules.keep(session, cast.fz, text, by=cast.manager, now=now, **facts)


def rules_at(session: Session, cast: Cast, name: str = "our-rules") -> OwnRules:
    rules = own_rules.find(session, known(cast.fz.id), name)
    assert rules
    return rules


def made(session: Session, cast: Cast, text: str = NAMING) -> Campaign:
    return verbs.create(session, cast.fz, text, by=cast.manager, now=NOW)


def pinned_number(session: Session, campaign: Campaign) -> int:
    held = pinning.pinned(lookups.in_force(session, campaign))
    assert held
    return held.number


def told(session: Session, action: str) -> list[dict[str, Any]]:
    session.commit()
    asked = select(JournalEntry.details).where(JournalEntry.action == action).order_by(sa.text("id"))
    return [json.loads(details) for details in session.exec(asked)]


# Reading


def test_rules_that_extend_a_profile_keep_what_they_do_not_write() -> None:
    rules = own_profile(OURS + "spacing: 6 h\nwindows: {sunday: []}\n")
    assert (rules.name, rules.spacing, rules.caps) == ("our-rules", timedelta(hours=6), profile().caps)
    assert [len(day) for day in rules.windows.week] == [1, 1, 1, 1, 1, 1, 0]


def test_rules_may_be_written_whole() -> None:
    rules = own_profile(WHOLE)
    assert (rules.extends, rules.caps, rules.base.name) == (None, (), "cn-telecom")


def test_rules_that_extend_nothing_need_their_windows() -> None:
    assert faults("name: ours\nlabel: {zh: 本中心, en: Ours}\n") == "Line 1, column 1: `windows` is missing; add it."


def test_a_label_is_always_their_own() -> None:
    assert "`label` is missing" in faults("name: ours\nextends: uk\n")


def test_an_unknown_profile_to_extend_is_the_only_fault_told() -> None:
    said = faults(OURS.replace("cn-telecom", "mars"))
    assert said.startswith("Line 3, column 1: `extends` cannot be `mars`")
    assert "windows" not in said


@pytest.mark.parametrize("name", PROFILES)
def test_the_name_of_a_profile_of_the_product_cannot_be_taken(name: str) -> None:
    said = faults(f"# ours\nname: {name}\nlabel: {{zh: 甲, en: A}}\nextends: {name}\n", "zh")
    assert said == f"第 2 行第 1 列：“{name}”是系统自带规则的名称，请换一个名称；如需以它为基础，请写 extends: {name}。"


@pytest.mark.parametrize("name", ["Our rules", "我们", "-a", "a" * 61, '""'])
def test_a_name_that_no_definition_could_hold_is_refused_in_plain_words(name: str) -> None:
    assert "cannot name calling rules; write up to 60 small letters" in faults(OURS.replace("our-rules", name))


@pytest.mark.parametrize("calendar", ["{country: ZZ}", "{country: DE, subdivision: XX}"])
def test_a_country_without_a_calendar_is_refused_before_anybody_is_called(calendar: str) -> None:
    assert faults(f"{OURS}calendar: {calendar}\n").startswith("Line 4, column 1: There is no calendar of holidays for")


def test_another_country_does_not_inherit_the_region_of_the_extended_profile() -> None:
    rules = own_profile(OURS.replace("cn-telecom", "uk") + "calendar: {country: DE}\n")
    assert (rules.calendar.country, rules.calendar.subdivision) == ("DE", None)


@pytest.mark.parametrize("name", PROFILES)
def test_the_rules_to_begin_with_can_be_kept_as_they_are(name: str) -> None:
    rules = own_profile(template(name))
    assert (rules.extends, looser(rules, rules.base)) == (name, [])


def test_the_schema_knows_every_setting_in_both_languages() -> None:
    schema = own_schema()
    assert set(schema["properties"]) == set(OwnProfile.model_fields)
    assert all(set(part[DESCRIPTIONS]) == {"zh", "en"} for part in schema["properties"].values())
    assert set(Document(template("uk")).plain()) <= set(schema["properties"])


# In words


def test_days_with_the_same_hours_are_said_together() -> None:
    windows = "windows: {every_day: [14:00-20:00, 09:00-12:00], saturday: [10:00-16:00], sunday: [], holiday: []}\n"
    said = [(each.zh, each.en) for each in in_words(own_profile(OURS + windows))[:5]]
    assert said == [
        (
            "周一至周五 09:00–12:00、14:00–20:00，按被叫当地时间。",
            "Monday to Friday 09:00–12:00, 14:00–20:00, on the callee’s clock.",
        ),
        ("周六 10:00–16:00，按被叫当地时间。", "Saturday 10:00–16:00, on the callee’s clock."),
        ("周日不拨打。", "Sunday: no calls."),
        ("节假日（CN）不拨打。", "Holidays (CN): no calls."),
        ("调休上班的周末按周一的时段。", "A weekend day that is worked has Monday’s hours."),
    ]


@pytest.mark.parametrize(
    ("setting", "zh", "en"),
    [
        (
            "caps: [{count: 1, within: 24 h}]",
            "任意 24 小时内最多拨打 1 次",
            "At most 1 call to a number within any 24 h",
        ),
        ("spacing: 90 min", "至少间隔 90 分钟", "At least 90 min between two calls"),
        ("{caps: [], spacing: null}", "次数和间隔不限", "No limit to how often"),
        ("attempts: {max: 1}", "最多拨打 1 次", "tried at most once in a campaign"),
        ("attempts: {per_day: 3}", "每天最多拨打 3 次", "at most 3 times a day"),
        ("attempts: {per_day_part: 2}", "上午（00:00–12:00）", "morning (00:00–12:00)"),
        ("attempts: {in_one_day_part: 2}", "各天合计最多拨打 2 次", "all days together"),
        ("abandonment: {quiet: 72 h}", "72 小时内不再拨打", "not called again for 72 h"),
        ("abandonment: {connect_within_seconds: 0}", "0 秒内须有坐席应答", "answers within 0 s"),
        ("abandonment: {ring_at_least_seconds: 15}", "至少振铃 15 秒", "rings for at least 15 s"),
        ("list_max_age_days: 1", "1 天内有效", "good for 1 day after"),
        ("retention_years: 1", "至少保存 1 年", "at least 1 year."),
        ("refusal: {minimum_months: 9}", "最早 9 个月后", "after 9 months at the earliest"),
    ],
)
def test_each_setting_is_said(setting: str, zh: str, en: str) -> None:
    written = setting.strip("{}").replace(", spacing", "\nspacing") if setting.startswith("{") else setting
    said = in_words(own_profile(f"{OURS}{written}\n"))
    assert any(zh in each.zh for each in said)
    assert any(en in each.en for each in said)


# Looser than what they extend


@pytest.mark.parametrize(
    ("setting", "en"),
    [
        ("windows: {every_day: [08:30-22:00]}", "Every day: calls at 08:30–09:00, 21:00–22:00 too."),
        ("windows: {saturday: [08:00-10:00]}", "Saturday: calls at 08:00–09:00 too."),
        ("windows: {holiday: [20:00-23:00]}", "Holidays: calls at 21:00–23:00 too."),
        ("caps: [{count: 4, within: 5 min}, {count: 5, within: 24 h}]", "more than 3 times in 5 min"),
        ("caps: [{count: 3, within: 5 min}, {count: 5, within: 23 h}]", "more than 5 times in 24 h"),
        ("spacing: 239 min", "Less than 4 h"),
        ("spacing: null", "Less than 4 h"),
        ("abandonment: {percent: 3.5}", "More than 3 %"),
        ("retention_years: 4", "less than 5 years"),
        ("refusal: {minimum_months: 5}", "before 6 months"),
    ],
)
def test_a_setting_that_allows_more_is_told(setting: str, en: str) -> None:
    rules = own_profile(f"{OURS}{setting}\n")
    (found,) = looser(rules, rules.base)
    assert en in found.en
    assert found.zh.endswith("。")


@pytest.mark.parametrize(
    "setting",
    [
        "windows: {every_day: [09:30-12:00, 13:00-21:00], sunday: [], holiday: []}",
        "caps: [{count: 3, within: 24 h}]",
        "spacing: 5 h",
        "attempts: {max: 2, per_day: 1}",
        "retention_years: 10",
        "refusal: {minimum_months: 12}",
        "list_max_age_days: 10",
    ],
)
def test_a_setting_that_allows_less_is_not_told(setting: str) -> None:
    rules = own_profile(f"{OURS}{setting}\n")
    assert looser(rules, rules.base) == []


@pytest.mark.parametrize(
    ("setting", "en"),
    [
        ("abandonment: {quiet: 71 h}", "within 72 h"),
        ("list_max_age_days: 29", "older than 28 days"),
        ("list_max_age_days: null", "older than 28 days"),
    ],
)
def test_what_the_british_profile_asks_is_compared_too(setting: str, en: str) -> None:
    rules = own_profile(f"{OURS.replace('cn-telecom', 'uk')}{setting}\n")
    (found,) = looser(rules, rules.base)
    assert en in found.en


@pytest.mark.parametrize(
    ("setting", "en"),
    [("connect_within_seconds: 3", "later than after 2 s"), ("ring_at_least_seconds: 14", "less than 15 s")],
)
def test_what_the_american_profile_asks_is_compared_too(setting: str, en: str) -> None:
    rules = own_profile(f"{OURS.replace('cn-telecom', 'us-tsr')}abandonment: {{{setting}}}\n")
    (found,) = looser(rules, rules.base)
    assert en in found.en


def test_rules_that_extend_nothing_are_held_against_the_default() -> None:
    rules = own_profile(WHOLE)
    assert [each.en for each in looser(rules, rules.base)] == [
        "A number may be called more than 3 times in 5 min.",
        "A number may be called more than 5 times in 24 h.",
        "Less than 4 h may lie between two calls to a number.",
    ]


# Keeping


def test_rules_are_kept_in_versions_with_who_when_and_why(session: Session, cast: Cast) -> None:
    kept(session, cast)
    second = kept(session, cast, LONG, LATER, note=" the carrier asked ")
    assert (second.number, second.text, second.note, second.by_id, second.at) == (
        2, LONG, "the carrier asked", cast.manager.id, LATER,
    )  # fmt: skip
    assert second.sha256 == own_rules.digest(LONG)
    assert [each.number for each in own_rules.versions(session, rules_at(session, cast))] == [2, 1]
    assert [each["version"]["number"] for each in told(session, "rules.kept")] == [1, 2]


def test_the_same_text_again_is_no_new_version(session: Session, cast: Cast) -> None:
    assert kept(session, cast) is kept(session, cast, now=LATER)
    assert len(told(session, "rules.kept")) == 1


def test_another_centre_keeps_its_own_rules_under_the_same_name(session: Session, cast: Cast) -> None:
    kept(session, cast)
    own_rules.keep(session, cast.xm, LONG, by=None, now=NOW)
    assert own_rules.kept_at(session, known(cast.fz.id))["our-rules"].text == SHORT
    assert own_rules.kept_at(session, known(cast.xm.id))["our-rules"].text == LONG


def test_new_rules_do_not_take_a_name_that_the_centre_has(session: Session, cast: Cast) -> None:
    kept(session, cast)
    with pytest.raises(DocumentFaulty, match="Line 1, column 1: the centre has calling rules `our-rules` already"):
        own_rules.keep_new(session, cast.fz, LONG, by=cast.manager, now=NOW)


def test_a_new_version_keeps_the_name(session: Session, cast: Cast) -> None:
    kept(session, cast)
    with pytest.raises(DocumentFaulty, match="a new version keeps the name `our-rules`"):
        own_rules.change(session, rules_at(session, cast), WHOLE, over=1, by=cast.manager, now=NOW)


def test_what_somebody_else_wrote_meanwhile_is_not_written_over_unread(session: Session, cast: Cast) -> None:
    kept(session, cast)
    kept(session, cast, LONG)
    with pytest.raises(own_rules.RulesChangedMeanwhile):
        own_rules.change(session, rules_at(session, cast), SHORT, over=1, by=cast.manager, now=NOW)


def test_retired_rules_take_no_new_version(session: Session, cast: Cast) -> None:
    kept(session, cast)
    rules = rules_at(session, cast)
    first = own_rules.retire(session, rules, why="replaced", by=cast.manager, now=NOW)
    assert own_rules.retire(session, rules, why="again", by=cast.manager, now=LATER) is first
    assert [each["why"] for each in told(session, "rules.retired")] == ["replaced"]
    with pytest.raises(own_rules.RulesRetired):
        kept(session, cast, LONG)
    assert own_rules.names_at(session, known(cast.fz.id)) == []


# Locked in the database

PUT = """INSERT INTO own_rules_version (rules_id, number, text, sha256, note, at)
    VALUES ({}, {}, 'x', 'x', '', '2026-11-23')"""


@pytest.mark.owner
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE own_rules_version SET text = 'x'",
        "DELETE FROM own_rules_version",
        "UPDATE own_rules SET name = 'x'",
        "DELETE FROM own_rules_retirement",
        "UPDATE own_rules_retirement SET why = 'x'",
        "UPDATE campaign_rules SET rules_version_id = 2",
        "DELETE FROM campaign_rules",
        PUT.format(1, 5),
        PUT.format(2, 2),
        "INSERT INTO own_rules (centre_id, name) VALUES (1, 'uk')",
        "INSERT INTO campaign_rules (campaign_version_id, rules_version_id) SELECT v.id, w.id FROM campaign_version v, "
        "own_rules_version w JOIN own_rules r ON r.id = w.rules_id WHERE v.number = 2 AND r.name = 'theirs'",
    ],
)
def test_the_database_itself_keeps_rules_and_pins_as_they_were(session: Session, cast: Cast, statement: str) -> None:
    kept(session, cast)
    kept(session, cast, LONG)
    kept(session, cast, WHOLE.replace("ours", "old"))
    own_rules.retire(session, rules_at(session, cast, "old"), why="old", by=cast.manager, now=NOW)
    own_rules.keep(session, cast.xm, WHOLE.replace("ours", "theirs"), by=None, now=NOW)
    campaign = made(session, cast)
    verbs.amend(session, campaign, TRIAL, by=cast.manager, now=NOW)
    session.commit()
    with pytest.raises(DBAPIError):
        session.execute(sa.text(statement))


# Campaigns


def test_a_campaign_is_held_by_the_version_that_was_newest_when_it_was_made(session: Session, cast: Cast) -> None:
    kept(session, cast)
    campaign = made(session, cast)
    kept(session, cast, LONG)
    rules = lookups.definition_of(session, campaign).profile
    assert (rules.name, str(rules.windows.week[0][0]), pinned_number(session, campaign)) == (
        "our-rules",
        "10:00-12:00",
        1,
    )
    assert told(session, "campaign.created")[0]["rules"] == {"name": "our-rules", "version": 1}


def test_a_campaigns_overrides_go_over_the_centres_rules(session: Session, cast: Cast) -> None:
    kept(session, cast)
    rules = lookups.definition_of(session, made(session, cast)).profile
    overrides = read_definition(TRIAL).calling.overrides
    assert overrides["attempts"]["max"] == rules.attempts.max
    assert own_profile(SHORT).attempts.max is None


def test_a_new_version_reaches_a_campaign_by_a_change_of_it(session: Session, cast: Cast) -> None:
    kept(session, cast)
    campaign = made(session, cast)
    first = lookups.in_force(session, campaign)
    assert pinning.newer(session, first) is None
    second = kept(session, cast, LONG)
    assert pinning.newer(session, first) is second
    version = verbs.amend(session, campaign, NAMING, by=cast.manager, now=LATER)
    assert version
    assert (version.number, pinned_number(session, campaign), version.source) == (2, 2, NAMING)
    assert str(lookups.definition_in(version).profile.windows.week[0][0]) == "10:00-19:00"
    assert str(lookups.definition_in(first).profile.windows.week[0][0]) == "10:00-12:00"
    assert told(session, "campaign.amended")[0]["rules"] == {"name": "our-rules", "version": 2}


def test_the_same_definition_under_the_same_rules_is_no_change(session: Session, cast: Cast) -> None:
    kept(session, cast)
    campaign = made(session, cast)
    assert verbs.amend(session, campaign, NAMING, by=cast.manager, now=LATER) is None


def test_rules_that_the_centre_does_not_have_are_told_at_their_line(session: Session, cast: Cast) -> None:
    own_rules.keep(session, cast.xm, SHORT, by=None, now=NOW)
    kept(session, cast, WHOLE)
    with pytest.raises(DocumentFaulty) as refused:
        made(session, cast)
    line = NAMING.splitlines().index("  profile: our-rules") + 1
    said = f"第 {line} 行第 3 列：本中心没有名为“our-rules”的外呼规则，可选：cn-telecom, us-tsr, uk, ours。"
    assert refused.value.sentence("zh") == said


def test_no_further_campaign_takes_up_retired_rules(session: Session, cast: Cast) -> None:
    kept(session, cast)
    own_rules.retire(session, rules_at(session, cast), why="replaced", by=cast.manager, now=NOW)
    with pytest.raises(DocumentFaulty, match="the calling rules `our-rules` are retired; choose others"):
        made(session, cast)


def test_a_campaign_that_retired_rules_hold_goes_on_and_can_be_changed(session: Session, cast: Cast) -> None:
    kept(session, cast)
    campaign = made(session, cast)
    kept(session, cast, LONG)
    own_rules.retire(session, rules_at(session, cast), why="replaced", by=cast.manager, now=NOW)
    assert pinning.newer(session, lookups.in_force(session, campaign)) is None
    later = NAMING.replace("ends: 2027-01-31", "ends: 2027-02-28")
    assert verbs.check(session, cast.fz, later).calling.profile == "our-rules"
    assert verbs.amend(session, campaign, later, by=cast.manager, now=LATER)
    assert pinned_number(session, campaign) == 1


def test_who_is_held_by_rules_is_known(session: Session, cast: Cast) -> None:
    kept(session, cast)
    campaign, rules = made(session, cast), rules_at(session, cast)
    assert [(each.id, version.number) for each, version in pinning.users(session, rules)] == [(campaign.id, 1)]
    verbs.amend(session, campaign, TRIAL, by=cast.manager, now=LATER)
    assert list(pinning.users(session, rules)) == []


def test_a_definition_that_names_own_rules_survives_the_form(session: Session, cast: Cast) -> None:
    definition = read_definition(NAMING)
    assert read_definition(to_yaml(definition.model_dump(mode="json"))) == definition
    assert to_yaml(definition.model_dump(mode="json"), over=NAMING) == NAMING


def test_a_definition_by_itself_does_not_guess_own_rules() -> None:
    with pytest.raises(Refusal, match="There are no calling rules named “our-rules”"):
        _ = read_definition(NAMING).profile


def test_the_hand_out_keeps_to_the_rules_that_the_campaign_pins(session: Session, cast: Cast) -> None:
    kept(session, cast)
    campaign = ready(session, cast, NAMING)
    verbs.open_(session, campaign, by=cast.manager, now=NOW)
    kept(session, cast, LONG)
    session.flush()
    (terms,) = ground_of(Book.of(session), [known(cast.agent.id)], now=NOW).terms
    assert window_open(terms.rules, NOW.replace(hour=3), CN)
    assert not window_open(terms.rules, NOW.replace(hour=8), CN)


def test_an_opt_out_may_not_end_earlier_than_the_strictest_own_rules_allow(session: Session, cast: Cast) -> None:
    kept(session, cast, OURS + "refusal: {minimum_months: 24}\n")
    made(session, cast)
    assert opt_out_ends.strictest(session, known(cast.fz.id)).refusal.minimum_months == 24


def test_looser_own_rules_do_not_shorten_what_the_centre_holds_for_all_campaigns(session: Session, cast: Cast) -> None:
    kept(session, cast, OURS + "refusal: {minimum_months: 1}\n")
    made(session, cast)
    assert opt_out_ends.strictest(session, known(cast.fz.id)).refusal.minimum_months == 6


def test_a_campaign_under_a_profile_of_the_product_asks_nothing_of_own_rules(session: Session, cast: Cast) -> None:
    campaign = opened(session, cast)
    version = lookups.in_force(session, campaign)
    assert pinning.pinned(version) is None
    assert lookups.rules_text(version) == ""
    assert lookups.definition_in(version) is lookups.definition_written(TRIAL)
