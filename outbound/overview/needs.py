"""What waits for a manager at a centre, each thing as a sentence that says what to do. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock
from outbound.billing.model import Acknowledgement, Instruction, InstructionBatch
from outbound.briefings import standings_at
from outbound.call_lists.model import CallList
from outbound.calls.model import LateWrapUp, LateWrapUpSettlement
from outbound.campaigns.model import Campaign, CampaignState
from outbound.campaigns.readiness import missing
from outbound.errors import Language
from outbound.overview.calendar import warnings_at
from outbound.overview.idle import idle_agents
from outbound.people import Centre, Staff, known
from outbound.recordings.model import Recording
from qa.disputes.lookups import waiting
from qa.review.model import Correction, CorrectionState, ReviewTask
from scripts.model import PitchScript, ScriptState, ScriptVersion

LISTS_TOLD_FOR = timedelta(days=7)
ACKNOWLEDGED_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Need:
    """One thing that needs a manager; `subject` is the number of what `key` speaks about."""

    key: str
    zh: str
    en: str
    subject: int | None = None

    def sentence(self, language: Language) -> str:
        """What waits and what to do, in the reader's language."""
        return self.zh if language == "zh" else self.en


def needs_of(session: Session, centre: Centre, *, now: datetime) -> list[Need]:
    """Everything that waits for the managers of a centre, what stops calls first."""
    return [
        *_campaigns(session, centre, now),
        *(Need("idle", idle.zh, idle.en, idle.campaign_id) for idle in idle_agents(session, centre, now=now)),
        *(Need("calendar", year.sentence("zh"), year.sentence("en")) for year in warnings_at(session, centre, now=now)),
        *_scripts(session, centre),
        *_briefings(session, centre),
        *_corrections(session, centre, now),
        *_reviews(session, centre, now),
        *_disputes(session, centre, now),
        *_batches(session, centre, now),
        *_late_wrap_ups(session, centre),
        *_unmatched(session, centre),
        *_lists(session, centre, now),
    ]


def waited(since: datetime, now: datetime) -> tuple[str, str]:
    """How long something has waited, in Chinese and in English, in its largest whole unit."""
    hours = int((now - since) / timedelta(hours=1))
    if hours >= 48:
        return f"{hours // 24} 天", f"{hours // 24} days"
    if hours >= 1:
        return f"{hours} 小时", f"{hours} {_plural(hours, 'hour')}"
    return "不到 1 小时", "less than an hour"


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _campaigns(session: Session, centre: Centre, now: datetime) -> Iterator[Need]:
    asked = select(Campaign).where(Campaign.centre_id == centre.id, Campaign.state != CampaignState.CLOSED)
    today = clock.local_day(now, centre.zone)
    for campaign in session.exec(asked.order_by(col(Campaign.id))):
        if campaign.state is not CampaignState.OPEN:
            yield from _not_calling(session, campaign, now)
        elif campaign.ends_on < today:
            zh = f"“{campaign.name}”已于 {campaign.ends_on} 到期，请关闭活动或延长结束日期。"
            en = f"“{campaign.name}” ended on {campaign.ends_on}; close it or move its last day."
            yield Need("ended", zh, en, campaign.id)


def _not_calling(session: Session, campaign: Campaign, now: datetime) -> Iterator[Need]:
    lacking = missing(session, campaign, now=now)
    draft = campaign.state is CampaignState.DRAFT
    if lacking:
        more_zh = f"（共 {len(lacking)} 项）" if len(lacking) > 1 else ""
        more_en = f" ({len(lacking)} things in all)" if len(lacking) > 1 else ""
        zh = f"“{campaign.name}”还不能{'开启' if draft else '恢复'}：{lacking[0].zh}{more_zh}"
        en = f"“{campaign.name}” cannot {'open' if draft else 'be resumed'} yet: {lacking[0].en}{more_en}"
        yield Need("cannot_open", zh, en, campaign.id)
    elif draft:
        zh, en = (
            f"“{campaign.name}”已准备就绪，可以开启。",
            f"“{campaign.name}” has all it needs and can be opened.",
        )
        yield Need("ready", zh, en, campaign.id)


def _scripts(session: Session, centre: Centre) -> Iterator[Need]:
    newest = (
        sa.select(sa.func.max(col(ScriptVersion.number)))
        .where(col(ScriptVersion.script_id) == col(PitchScript.id))
        .correlate(PitchScript)
        .scalar_subquery()
    )
    asked = (
        select(ScriptVersion, PitchScript.name)
        .join(PitchScript, col(PitchScript.id) == col(ScriptVersion.script_id))
        .where(PitchScript.centre_id == centre.id, ScriptVersion.number == newest)
        .where(col(ScriptVersion.state).in_([ScriptState.DRAFT, ScriptState.RETURNED]))
    )
    for version, name in session.exec(asked.order_by(col(ScriptVersion.written_at))):
        if version.state is ScriptState.DRAFT:
            zh = f"脚本“{name}”第 {version.number} 版还是草稿，请提交审批。"
            en = f"Version {version.number} of the script “{name}” is a draft; submit it for approval."
        else:
            zh = f"脚本“{name}”第 {version.number} 版已被退回，请修改后重新提交。"
            en = f"Version {version.number} of the script “{name}” was returned; correct it and submit it again."
        yield Need("script", zh, en, version.id)


def _briefings(session: Session, centre: Centre) -> Iterator[Need]:
    unread = {person.id for standing in standings_at(session, centre) for person in standing.unread}
    if count := len(unread):
        zh = f"{count} 人还没有阅读活动通知，阅读前不会分配相应客户。"
        have = "has" if count == 1 else "have"
        en = f"{count} {_plural(count, 'caller')} {have} not read what is new; nobody of it is handed to them before."
        yield Need("briefings", zh, en)


def _corrections(session: Session, centre: Centre, now: datetime) -> Iterator[Need]:
    asked = select(sa.func.count(), sa.func.min(col(Correction.made_at))).where(
        Correction.centre_id == centre.id, Correction.state == CorrectionState.DUE
    )
    count, oldest = session.exec(asked).one()
    if count:
        zh, en = waited(oldest, now)
        yield Need(
            "corrections",
            f"{count} 笔不合格订购还没有回访修正，最早的已等待{zh if zh[0] == '不' else f' {zh}'}。",
            f"{count} failed {_plural(count, 'sale')} not yet put right; the oldest has waited {en}.",
        )


def _reviews(session: Session, centre: Centre, now: datetime) -> Iterator[Need]:
    asked = (
        select(Staff.name, Staff.id, sa.func.count())
        .join(ReviewTask, col(ReviewTask.reviewer_id) == col(Staff.id))
        .where(ReviewTask.centre_id == centre.id, col(ReviewTask.done_at).is_(None), col(ReviewTask.due_at) < now)
        .group_by(col(Staff.id), Staff.name)
    )
    for name, staff_id, count in session.exec(asked.order_by(col(Staff.id))):
        zh = f"质检员{name}有 {count} 条录音逾期未检。"
        yield Need("reviews", zh, f"{name} is behind: {count} {_plural(count, 'review')} overdue.", staff_id)


def _disputes(session: Session, centre: Centre, now: datetime) -> Iterator[Need]:
    disputes = waiting(session, known(centre.id))
    if count := len(disputes):
        zh, en = waited(disputes[0].at, now)
        yield Need(
            "disputes",
            f"{count} 件质检申诉待班组长初审，最早的已等待{zh if zh[0] == '不' else f' {zh}'}。",
            f"{count} {_plural(count, 'dispute')} to be screened; the oldest has waited {en}.",
        )


def _batches(session: Session, centre: Centre, now: datetime) -> Iterator[Need]:
    answered = sa.exists().where(col(Acknowledgement.instruction_id) == col(Instruction.id))
    asked = (
        select(InstructionBatch, sa.func.count(col(Instruction.id)))
        .join(Instruction, col(Instruction.batch_id) == col(InstructionBatch.id))
        .where(InstructionBatch.centre_id == centre.id, col(InstructionBatch.at) < now - ACKNOWLEDGED_WITHIN)
        .where(~answered)
        .group_by(col(InstructionBatch.id))
    )
    for batch, count in session.execute(asked.order_by(col(InstructionBatch.id))):
        zh, en = waited(batch.at, now)
        yield Need(
            "batch",
            f"第 {batch.number} 批指令已导出 {zh}，还有 {count} 条没有收到运营商回执。",
            f"Batch {batch.number} left {en} ago, and {count} of its instructions are not acknowledged.",
            batch.id,
        )


def _late_wrap_ups(session: Session, centre: Centre) -> Iterator[Need]:
    settled = sa.exists().where(col(LateWrapUpSettlement.late_wrap_up_id) == col(LateWrapUp.id))
    count = session.scalar(sa.select(sa.func.count()).where(col(LateWrapUp.centre_id) == centre.id, ~settled)) or 0
    if count:
        zh = f"{count} 条通话结果在占用超时后才提交，请处理。"
        en = f"{count} {_plural(count, 'wrap-up')} came after the contact was given back; settle {_them(count)}."
        yield Need("late_wrap_ups", zh, en)


def _unmatched(session: Session, centre: Centre) -> Iterator[Need]:
    waiting = sa.select(sa.func.count()).where(col(Recording.centre_id) == centre.id, col(Recording.call_id).is_(None))
    count = session.scalar(waiting) or 0
    if count:
        zh, en = (
            f"{count} 条录音还没有对应到通话，请匹配。",
            f"{count} {_plural(count, 'recording')} without a call; match {_them(count)}.",
        )
        yield Need("unmatched", zh, en)


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def _lists(session: Session, centre: Centre, now: datetime) -> Iterator[Need]:
    asked = select(CallList).where(
        CallList.centre_id == centre.id, col(CallList.invalid) > 0, col(CallList.at) > now - LISTS_TOLD_FOR
    )
    for call_list in session.exec(asked.order_by(col(CallList.id).desc())):
        count, rows = call_list.invalid, call_list.rows
        zh = f"清单“{call_list.name}”共 {rows} 行，其中 {count} 行号码无效，可下载修改后重新导入。"
        en = f"{count} of the {rows} rows of “{call_list.name}” hold no usable number; download and correct them."
        yield Need("refused_rows", zh, en, known(call_list.id))
