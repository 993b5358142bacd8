"""What a campaign lacks before it can open, each thing as a sentence that says what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from sqlmodel import Session, col, select

from outbound import clock
from outbound.call_lists.model import CallList
from outbound.campaigns import lookups, stops
from outbound.campaigns.definition import CampaignKind, Definition, Means
from outbound.campaigns.model import Campaign
from outbound.errors import Language, Refusal
from outbound.people import Centre, Role, Staff, roles_of
from scripts import approval
from scripts.language import Kind, Script, read_script
from scripts.model import Party, ScriptState, ScriptVersion

PARTIES: dict[Party, tuple[str, str]] = {
    Party.CARRIER: ("运营商", "the carrier"),
    Party.BUSINESS_SUPPORT: ("业务支撑", "business support"),
}
REPLY_REQUEST = "notice-reply-request"
"""The template by which customers are asked for their SMS."""
FIRST_SCRIPTS: dict[CampaignKind, tuple[Kind, ...]] = {
    CampaignKind.TELESALES: (Kind.PITCH,),
    CampaignKind.RETENTION: (Kind.RETENTION, Kind.PITCH),
    CampaignKind.AFTER_SALE_CARE: (Kind.CARE, Kind.SURVEY),
}
"""The kinds of script with which a first call may be made; surveys need a survey script."""


@dataclass(frozen=True)
class Missing:
    """One thing that a campaign lacks; `subject` is the script, list or day that it is about."""

    key: str
    zh: str
    en: str
    subject: str = ""

    def sentence(self, language: Language) -> str:
        """What is missing, in the reader's language."""
        return self.zh if language == "zh" else self.en


class NotReady(Refusal):
    """The campaign cannot open yet."""

    zh = "外呼活动还不能开启。"
    status: ClassVar[int] = 409

    def __init__(self, missing: Sequence[Missing]) -> None:
        self.missing = tuple(missing)
        super().__init__()

    def sentence(self, language: Language) -> str:
        """That it cannot open, and everything that is missing."""
        said = [missing.sentence(language) for missing in self.missing]
        return f"外呼活动还不能开启：{''.join(said)}" if language == "zh" else "Not ready to open: " + " ".join(said)


def missing(
    session: Session, campaign: Campaign, *, now: datetime, definition: Definition | None = None
) -> list[Missing]:
    """Everything that a campaign lacks under the definition in force, or under another; empty: it can open."""
    definition = definition or lookups.definition_of(session, campaign)
    return [
        *_stop(session, campaign),
        *_dates(session, campaign, definition, now),
        *_scripts(session, campaign, definition),
        *_lists(session, campaign, definition),
        *_people(session, campaign, definition),
        *_replies(session, campaign, definition),
    ]


def _stop(session: Session, campaign: Campaign) -> Iterator[Missing]:
    if stops.standing(session, campaign):
        zh = "所有坐席均处于全检，活动已停拨，请先填写整改措施。"
        en = "It was stopped because all its agents are sampled in full; write down what was done about it."
        yield Missing("stopped", zh, en)


def _dates(session: Session, campaign: Campaign, definition: Definition, now: datetime) -> Iterator[Missing]:
    today = clock.local_day(now, session.get_one(Centre, campaign.centre_id).zone)
    if today > definition.ends:
        zh = f"活动已于 {definition.ends} 结束，请先延长结束日期。"
        yield Missing("dates", zh, f"It ended on {definition.ends}; move its last day first.", str(definition.ends))


def _scripts(session: Session, campaign: Campaign, definition: Definition) -> Iterator[Missing]:
    changed = lookups.offer_changed_at(session, campaign)
    for _key, name, kinds in needed(definition):
        version = approval.in_force(session, campaign.centre_id, name)
        if version is None:
            yield _not_approved(session, campaign.centre_id, name)
            continue
        yield from unfit(read(version.source), kinds, definition)
        if changed and version.in_force_at and version.in_force_at <= changed:
            zh = f"业务内容改动后，脚本“{name}”还没有重新审批，请提交新版本。"
            en = f"The offer was changed after the script “{name}” was approved; have a new version approved."
            yield Missing("script_older_than_offer", zh, en, name)


def needed(definition: Definition) -> Iterator[tuple[str, str, tuple[Kind, ...]]]:
    """The scripts that a definition names: where it names them, their names, and of which kinds they may be."""
    yield "pitch", definition.scripts.pitch, FIRST_SCRIPTS.get(definition.kind, (Kind.SURVEY,))
    if definition.scripts.confirmation:
        yield "confirmation", definition.scripts.confirmation, (Kind.CONFIRMATION,)
    if definition.scripts.correction:
        yield "correction", definition.scripts.correction, (Kind.CORRECTION,)


@lru_cache(maxsize=256)
def read(source: str) -> Script:
    """The script in a version's text, kept for the next time it is asked for."""
    return read_script(source)


def _not_approved(session: Session, centre_id: int, name: str) -> Missing:
    script = approval.find(session, centre_id, name)
    newest = approval.versions(session, script)[0] if script else None
    if newest is None:
        zh, en = f"还没有脚本“{name}”，请先编写。", f"There is no script “{name}” yet; write it first."
        return Missing("script_not_written", zh, en, name)
    zh, en = _on_its_way(session, newest)
    return Missing("script_not_approved", f"脚本“{name}”{zh}", f"The script “{name}” {en}", name)


def _on_its_way(session: Session, newest: ScriptVersion) -> tuple[str, str]:
    if newest.state is ScriptState.DRAFT:
        return "还是草稿，请提交审批。", "is a draft; submit it for approval."
    if newest.state is ScriptState.RETURNED:
        return "已被退回，请修改后重新提交。", "was returned; correct it and submit it again."
    waiting = [PARTIES[party] for party in approval.still_to_approve(session, newest)]
    zh, en = "和".join(zh for zh, _ in waiting), " and ".join(en for _, en in waiting)
    return f"还缺{zh}审批。", f"still needs the approval of {en}."


def unfit(script: Script, kinds: tuple[Kind, ...], definition: Definition) -> Iterator[Missing]:
    """Why a script cannot be read for a definition: its kind, what it promises or discloses, its languages."""
    name = script.script
    if script.kind not in kinds:
        needed = ", ".join(kinds)
        zh = f"脚本“{name}”的类型是 {script.kind}，此处需要 {needed}，请换一个脚本。"
        yield Missing("script_unfit", zh, f"The script “{name}” is of kind {script.kind}; {needed} is needed.", name)
    if script.consented and not definition.offer:
        zh = f"脚本“{name}”会请客户同意办理，活动却没有写明业务（offer），请补上或换一个脚本。"
        en = f"The script “{name}” asks for consent, and there is no offer; add `offer` or choose another script."
        yield Missing("script_unfit", zh, en, name)
        return
    trial = bool(definition.offer and definition.offer.trial_days)
    if script.consented and script.trial != trial:
        has = ("没有", "有")
        zh = f"业务{has[trial]}体验期，脚本“{name}”却按{has[script.trial]}体验期编写，请统一。"
        en = f"The offer has {'a' if trial else 'no'} trial, and the script “{name}” is written for the contrary."
        yield Missing("script_unfit", zh, en, name)
    lacking = [language for language in definition.calling.languages if language not in script.languages]
    if lacking:
        zh, en = (
            f"脚本“{name}”缺少这些语言的话术：{'、'.join(lacking)}。",
            f"The script “{name}” lacks {', '.join(lacking)}.",
        )
        yield Missing("script_unfit", zh, en, name)


def _lists(session: Session, campaign: Campaign, definition: Definition) -> Iterator[Missing]:
    asked = select(CallList.name).where(CallList.campaign_id == campaign.id, col(CallList.accepted) > 0)
    imported = set(session.exec(asked).all())
    if not imported:
        yield Missing("no_list", "还没有外呼清单，请先导入。", "There is no call list yet; import one.")
        return
    for name in definition.lists:
        if name not in imported:
            zh, en = f"外呼清单“{name}”还没有导入。", f"The call list “{name}” has not been imported yet."
            yield Missing("no_list", zh, en, name)


def _people(session: Session, campaign: Campaign, definition: Definition) -> Iterator[Missing]:
    workers = lookups.named(session, campaign.centre_id, definition)
    agents, verifiers = ({worker.id for worker in _holding(session, workers, role)} for role in lookups.WORKING)
    if not agents:
        yield _nobody(definition)
    if not definition.offer:
        return
    if not verifiers:
        zh, en = "还没有二次确认员，请先安排。", "Nobody makes the second confirmations yet; name a verifier."
        yield Missing("no_verifier", zh, en)
    elif len(verifiers) == 1 and verifiers <= agents:
        zh = "唯一的二次确认员同时是坐席，不能确认自己办理的业务，请另安排一人。"
        en = "The only verifier is an agent too and cannot confirm their own sales; name another."
        yield Missing("no_verifier", zh, en)


def _replies(session: Session, campaign: Campaign, definition: Definition) -> Iterator[Missing]:
    # Who cannot be asked for the SMS could never be confirmed.
    asks = definition.offer and Means.SMS in definition.confirmation.requires
    if asks and approval.in_force(session, campaign.centre_id, REPLY_REQUEST) is None:
        yield _not_approved(session, campaign.centre_id, REPLY_REQUEST)


def _nobody(definition: Definition) -> Missing:
    if not definition.skills:
        return Missing("no_staff", "还没有坐席，请先安排人员。", "No agent works on it yet; name some.")
    zh = f"没有坐席具备全部所需技能（{'、'.join(definition.skills)}），请在人员页面登记技能或修改活动定义。"
    en = f"No agent has every skill that it asks for ({', '.join(definition.skills)}); note skills on the staff pages."
    return Missing("no_staff", zh, en)


def _holding(session: Session, workers: Sequence[Staff], role: Role) -> list[Staff]:
    return [worker for worker in workers if role in roles_of(session, worker)]
