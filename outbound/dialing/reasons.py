"""Why somebody is not rung, in words: of the campaign, the list, the duty, the contact, or a calling rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from outbound import clock
from outbound.call_lists.model import CallList, Duty
from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.holds import Hold, Rule
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign, CampaignState
from outbound.dialing.terms import PROTECTIVE, Terms, is_too_old
from outbound.errors import Language
from outbound.people import Centre, known


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that holds somebody back; `free_at` is when it lets go by itself, None where it never does."""

    key: str
    zh: str
    en: str
    free_at: datetime | None = None
    subject: str = ""

    def sentence(self, language: Language) -> str:
        """The reason in the reader's language."""
        return self.zh if language == "zh" else self.en


_WORDS: Mapping[str, tuple[str, str]] = {
    "not_open": ("活动尚未开启", "the campaign is not open yet"),
    "paused": ("活动已暂停", "the campaign is paused"),
    "campaign_closed": ("活动已关闭", "the campaign is closed"),
    "not_begun": ("活动 {subject} 才开始", "the campaign begins on {subject}"),
    "over": ("活动已于 {subject} 结束", "the campaign ended on {subject}"),
    "no_script": ("脚本“{subject}”没有生效的版本", "no version of the script “{subject}” is in force"),
    "unpublished": ("清单“{subject}”还没有导入完成", "the list “{subject}” is not imported in full yet"),
    Rule.LIST_TOO_OLD: (
        "清单“{subject}”导入已超过规则允许的天数，须核查后重新导入",
        "the list “{subject}” is older than the rules allow; scrub it and import it again",
    ),
    "hours": ("对方当地（{subject}）不在可拨时段", "outside the calling hours where the number is ({subject})"),
    "later": ("未到下次拨打时间", "the next try is not due yet"),
    "callback_later": ("未到约定的回拨时间", "the time agreed for the callback has not come"),
    "kept": ("个人回拨，暂时只留给约定的坐席", "a personal callback, kept for its agent for the time being"),
    "in_hand": ("正由坐席处理", "in an agent's hands"),
    "opted_out": ("在拒呼名单中", "on the opt-out list"),
    "rules": ("外呼规则不再允许拨打", "the calling rules allow no further call"),
    "done": ("已有最终结果，不再拨打", "done with, and not called again"),
    "other_number": ("先拨该联系人的另一个号码", "another number of that contact is rung first"),
    "no_staff": ("没有坐席参与该活动", "nobody works on the campaign"),
    "nobody_else": (
        "只剩不得拨打该客户的人员（销售本人或质检过该订购的人）",
        "only those work on it who may not make this call: the seller, or who reviewed the sale",
    ),
    "unread": ("还没有坐席阅读活动通知", "none of its staff has read what is new in it"),
    "over_by_then": (
        "轮到拨打时活动已经结束（{subject} 止）",
        "its turn would come after the campaign has ended on {subject}",
    ),
    "too_old_by_then": (
        "轮到拨打时清单“{subject}”已超过规则允许的天数",
        "by the time its turn comes the list “{subject}” is older than the rules allow",
    ),
    Rule.CAP: ("号码在限定时间内的拨打次数已达上限", "the number has been dialled as often as the caps allow"),
    Rule.SPACING: ("距上次拨打的间隔不足", "the last dial was too short a time ago"),
    Rule.ABANDONED_LATELY: ("近期有接通后无坐席应答的呼叫", "a call to it was abandoned lately"),
    Rule.ATTEMPTS_USED_UP: ("本活动的拨打次数已用完", "the campaign's attempts are used up"),
    Rule.ATTEMPTS_TODAY: ("今天的拨打次数已达上限", "today's attempts are used up"),
    Rule.ATTEMPTS_IN_DAY_PART: ("该时段的拨打次数已达上限", "the attempts of this part of the day are used up"),
    Rule.ZONE_UNKNOWN: ("号码所在时区不明", "the number's time zone is unknown"),
    Rule.TOO_MANY_ZONES: ("号码可能位于过多时区", "the number may be in too many time zones"),
    Rule.CALLING_HOURS: ("不在可拨时段", "outside the calling hours"),
}


def told(key: str, free_at: datetime | None, *, subject: str = "") -> Reason:
    """The reason of that name; the words of a group of zones are counted apart from those of another."""
    zh, en = _WORDS[key]
    named = f"{key}:{subject}" if subject else key
    return Reason(named, zh.format(subject=_listed(subject)), en.format(subject=_listed(subject)), free_at, subject)


def _listed(subject: str) -> str:
    names = subject.split(",")
    return subject if len(names) <= 3 else f"{', '.join(names[:3])} …"


def hold_reason(hold: Hold) -> Reason:
    """A calling rule that holds many, as they are counted."""
    return told(hold.rule, hold.free_at)


def settings_of(session: Session, campaign: Campaign) -> Terms:
    """What a campaign allows, whatever its state."""
    definition = lookups.definition_of(session, campaign)
    in_force = {duty: lookups.script_in_force(session, campaign, duty) for duty in Duty}
    scripts = {duty: known(version.id) for duty, version in in_force.items() if version}
    overrides = overrides_of(session, campaign.centre_id)
    return Terms(
        known(campaign.id), campaign.centre_id, campaign.kind, campaign.name, definition, overrides, scripts, False
    )


def duty_reasons(
    session: Session, campaign: Campaign, terms: Terms, *, now: datetime, as_if_open: bool = False
) -> dict[Duty, Sequence[Reason]]:
    """Everything that stands in the way of all calls of a duty: the campaign's state, its dates, a script.

    `as_if_open`: as if it began now, its scripts approved; its end stands.
    """
    state = None if as_if_open else _state_reason(campaign)
    dates = _dates_reason(session, campaign, now=now)
    if as_if_open and now < clock.day_starts(campaign.starts_on, session.get_one(Centre, campaign.centre_id).zone):
        dates = None
    found: dict[Duty, Sequence[Reason]] = {}
    for duty in Duty:
        goes_on = duty in PROTECTIVE and campaign.state != CampaignState.DRAFT
        script = None if as_if_open else _script_reason(terms, duty)
        found[duty] = [reason for reason in (*(() if goes_on else (state, dates)), script) if reason]
    return found


def _state_reason(campaign: Campaign) -> Reason | None:
    keys = {
        CampaignState.DRAFT: "not_open",
        CampaignState.PAUSED: "paused",
        CampaignState.CLOSED: "campaign_closed",
    }
    return told(keys[campaign.state], None) if campaign.state in keys else None


def _dates_reason(session: Session, campaign: Campaign, *, now: datetime) -> Reason | None:
    zone = session.get_one(Centre, campaign.centre_id).zone
    today = clock.local_day(now, zone)
    if today < campaign.starts_on:
        return told("not_begun", clock.day_starts(campaign.starts_on, zone), subject=str(campaign.starts_on))
    return told("over", None, subject=str(campaign.ends_on)) if today > campaign.ends_on else None


def _script_reason(terms: Terms, duty: Duty) -> Reason | None:
    if duty in terms.ready:
        return None
    return told("no_script", None, subject=lookups.script_name(terms.definition, duty) or str(duty))


def list_reason(listed: CallList, duty: Duty, terms: Terms, *, now: datetime) -> Reason | None:
    """What stands in the way of everybody on a list."""
    if listed.published_at is None or listed.published_at > now:
        return told("unpublished", listed.published_at, subject=listed.name)
    if duty == Duty.PITCH and is_too_old(terms.rules, listed.at, now=now):
        return told(Rule.LIST_TOO_OLD, None, subject=listed.name)
    return None
