"""The wrap-up of a call: outcome, ticks, the four marks, callback, note. What arrives late is kept for a supervisor."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from outbound import attendance, journal
from outbound.attendance import Stance
from outbound.call_lists.model import Contact, ContactState
from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.windows import window_open
from outbound.calls import consent, following, outcomes, speaking
from outbound.calls.model import After, Call, LateWrapUp, LateWrapUpSettlement, Outcome, SelfMark, Tick
from outbound.calls.speaking import TickUnknown
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.clock import local
from outbound.compliance import Criterion, Mark
from outbound.dialing.model import Claim, ClaimEnd
from outbound.dialing.releasing import take_away
from outbound.errors import Language, NotFound, Refusal
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone
from scripts.answers import checked
from scripts.model import ScriptVersion, script_of

MOST_CALLBACK_DAYS = 60
Second = Annotated[float, Field(ge=0, le=86_400)]
# Within the years that every clock knows: what is further away is a slip, and no zone can tell it.
Instant = Annotated[AwareDatetime, Field(gt=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]


class Report(BaseModel):
    """What the caller reports of a call."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=8, max_length=64, description="idempotency key, made by the browser once per call")
    outcome: str
    ticks: dict[str, Second] = Field(default_factory=dict, description="step → second of the call")
    marks: dict[Criterion, Mark] = Field(default_factory=dict)
    note: str = Field(default="", max_length=2000)
    callback_at: Instant | None = None
    callback_personal: bool | None = Field(default=None, description="nothing: as the outcome says")
    reference: str = Field(default="", max_length=80, description="the recorder's reference, where it has its own")
    answers: dict[str, Any] = Field(default_factory=dict)
    seconds: float = Field(default=0, ge=0, le=86_400, description="length of the call by the caller's screen")


class AlreadyWrappedUp(Refusal):
    """This call has been wrapped up already as “{outcome}”; ask a supervisor if that is wrong."""

    zh = "这通电话已经登记为“{outcome}”，如有误请联系班组长。"

    def __init__(self, outcome: Outcome) -> None:
        # Kept as words: the row is gone with the transaction that this refuses.
        self.words: dict[Language, str] = {"zh": outcome.zh, "en": outcome.en}
        super().__init__(outcome=outcome.en)

    def sentence(self, language: Language) -> str:
        """The outcome by its name in the reader's language."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(outcome=self.words[language])


class OutcomeUnknown(Refusal):
    """“{outcome}” is not a way in which this call can end; choose one from the list."""

    zh = "这通电话不能登记为“{outcome}”，请从列表中选择。"
    status = 422


class NoteNeeded(Refusal):
    """This outcome needs a note; write in a sentence what happened."""

    zh = "该通话结果需要备注，请用一句话写明情况。"
    status = 422


class CallbackTimeNeeded(Refusal):
    """Choose the day and time at which the customer wants to be called."""

    zh = "请选择客户希望回拨的日期和时间。"
    status = 422


class CallbackOutsideHours(Refusal):
    """{at} is past, over {days} days ahead, or outside the calling hours of that number; choose another time."""

    zh = "{at} 已经过去、超过 {days} 天或不在该号码的可拨打时段内，请换一个时间。"
    status = 422


class ReferenceTaken(Refusal):
    """The recorder's reference {reference} belongs to another call already; correct it, or leave the field empty."""

    zh = "录音系统编号 {reference} 已登记在另一通电话上，请更正或留空。"
    status = 422


class KeyTaken(Refusal):
    """This report bears the key of another call's report; reload the page and report the call again."""

    zh = "这份登记与另一通电话的登记标识重复，请刷新页面后重新登记。"


@dataclass(frozen=True)
class WrappedUp:
    """What became of a report; `late`: a supervisor must settle it; `repeated`: it was known already."""

    call: Call
    outcome: Outcome
    late: bool = False
    repeated: bool = False


def wrap_up(session: Session, call: Call, report: Report, *, by: Staff, now: datetime) -> WrappedUp:
    """Register how a call ended.

    The same report sent twice has one effect. Raises AlreadyWrappedUp, OutcomeUnknown, NoteNeeded, CallbackTimeNeeded,
    CallbackOutsideHours, AnswerUnfit, CriteriaNotAllMarked, DisclosuresMissing, ConsentTooEarly, ConsentNotGiven,
    CancelRouteNotTold, ReferenceTaken, KeyTaken, and NotFound for another's call.
    """
    if call.agent_id != by.id:
        raise NotFound
    # Two reports of one call at once, or a lease that ends at this moment, wait here for each other.
    session.refresh(call, with_for_update=True)
    if known_already := _repeated(session, call, report):
        return known_already
    report = with_what_was_kept(session, call, report)
    if attendance.stands(session, by) in (Stance.IN_CALL, Stance.WRAP_UP):
        attendance.enter(session, by, Stance.READY, now=now)
    outcome = check(session, call, report, now=now)
    claim = session.get_one(Claim, call.claim_id, with_for_update=True)
    if claim.ended_at or claim.lease_until <= now:
        if not claim.ended_at:
            claim.ended_at, claim.ended_how = now, ClaimEnd.LEASE_ENDED
            session.add(claim)
        return _keep_for_supervisor(session, call, outcome, report, by=by, now=now)
    claim.ended_at, claim.ended_how = now, ClaimEnd.DONE
    session.add(claim)
    register(session, call, outcome, report, by=by, now=now)
    return WrappedUp(call, outcome)


def with_what_was_kept(session: Session, call: Call, report: Report) -> Report:
    """The report with what was kept while it was said: the seconds stand, an answer may have been put right since."""
    ticks = {**report.ticks, **speaking.ticks_of(session, call)}
    answers = {**speaking.answers_of(session, call), **report.answers}
    return report.model_copy(update={"ticks": ticks, "answers": answers})


def _repeated(session: Session, call: Call, report: Report) -> WrappedUp | None:
    late = session.exec(select(LateWrapUp).where(LateWrapUp.key == report.key)).first()
    other = session.exec(select(Call.id).where(Call.wrap_up_key == report.key, col(Call.id) != call.id)).first()
    if other or (late and late.call_id != call.id):
        raise KeyTaken
    if call.wrap_up_key == report.key or late:
        code = call.outcome_code or report.outcome
        return WrappedUp(call, session.get_one(Outcome, code), late=call.outcome_code is None, repeated=True)
    if call.outcome_code:
        raise AlreadyWrappedUp(session.get_one(Outcome, call.outcome_code))
    return None


def check(session: Session, call: Call, report: Report, *, now: datetime) -> Outcome:
    """The outcome that a report names, once everything that it demands is there."""
    script = script_of(session.get_one(ScriptVersion, call.script_version_id))
    offered = outcomes.of_duty(session, call.duty, script.kind, changes_of(session, call))
    outcome = next((each for each in offered if each.code == report.outcome), None)
    if outcome is None:
        raise OutcomeUnknown(outcome=report.outcome)
    if outcome.note_required and not report.note.strip():
        raise NoteNeeded
    if outcome.after == After.CALLBACK:
        _check_callback(session, call, outcome, report, now=now)
    if unknown := set(report.ticks) - set(script.steps):
        raise TickUnknown(step=min(unknown))
    checked(script, report.answers)
    _check_reference(session, call, report)
    if outcome.after == After.CONSENT:
        way = speaking.way(speaking.spoken_in(session, call))
        consent.refuse_unproved(script, report.ticks, report.marks, way)
    elif outcome.code == "considering":
        consent.refuse_untold_route(script, report.ticks)
    return outcome


def changes_of(session: Session, call: Call) -> outcomes.Changes:
    """What the campaign said of outcomes when the call was dialled: what its caller was shown."""
    version = session.get_one(CampaignVersion, call.campaign_version_id)
    return campaigns.definition_in(version).calling.outcomes


def _check_callback(session: Session, call: Call, outcome: Outcome, report: Report, *, now: datetime) -> None:
    if report.callback_at is None:
        if outcome.code == "considering":
            return
        raise CallbackTimeNeeded
    at = report.callback_at
    campaign = session.get_one(Campaign, call.campaign_id)
    zones = session.get_one(Phone, call.phone_id).time_zones
    rules = campaigns.definition_of(session, campaign).profile
    ahead = timedelta(0) < at - now <= timedelta(days=MOST_CALLBACK_DAYS)
    if not ahead or not window_open(rules, at, zones, overrides_of(session, call.centre_id)):
        zone = session.get_one(Centre, call.centre_id).zone
        raise CallbackOutsideHours(at=f"{local(at, zone):%Y-%m-%d %H:%M}", days=MOST_CALLBACK_DAYS)


def _check_reference(session: Session, call: Call, report: Report) -> None:
    reference = report.reference.strip()
    taken = select(Call.id).where(
        Call.centre_id == call.centre_id, Call.reference == reference, col(Call.id) != call.id
    )
    if reference and session.exec(taken).first():
        raise ReferenceTaken(reference=reference)


def register(session: Session, call: Call, outcome: Outcome, report: Report, *, by: Staff, now: datetime) -> None:
    """Write a report into its call and let the outcome act on the contact."""
    call.outcome_code, call.wrapped_up_at, call.wrap_up_key = outcome.code, now, report.key
    call.ended_at = min(now, call.dialled_at + timedelta(seconds=report.seconds)) if report.seconds else now
    call.note, call.callback_at = report.note.strip(), report.callback_at
    call.answers = checked(script_of(session.get_one(ScriptVersion, call.script_version_id)), report.answers)
    call.reference = report.reference.strip() or call.reference
    session.add(call)
    _keep_ticks_and_marks(session, call, report)
    contact = session.get_one(Contact, call.contact_id)
    personal = outcome.personal if report.callback_personal is None else report.callback_personal
    following.act(session, contact, call, outcome, personal=personal, by=by, now=now)
    session.flush()
    journal.record(session, "call.wrapped_up", call, by=by, now=now, outcome=outcome.code, marks=report.marks)


def _keep_ticks_and_marks(session: Session, call: Call, report: Report) -> None:
    script = script_of(session.get_one(ScriptVersion, call.script_version_id))
    for step, second in report.ticks.items():
        told = ",".join(sorted(script.steps[step].disclosures))
        session.add(Tick(call_id=known(call.id), step=step, second=second, disclosures=told))
    for criterion, mark in report.marks.items():
        session.add(SelfMark(call_id=known(call.id), criterion=criterion, mark=mark))


def _keep_for_supervisor(
    session: Session, call: Call, outcome: Outcome, report: Report, *, by: Staff, now: datetime
) -> WrappedUp:
    late = LateWrapUp(
        centre_id=call.centre_id,
        call_id=known(call.id),
        by_id=known(by.id),
        key=report.key,
        report=report.model_dump(mode="json"),
        at=now,
    )
    session.add(late)
    session.flush()
    # What the customer said about not being called counts at once, whoever wraps up when.
    if outcome.after == After.BLOCK:
        following.block(session, call, by=by, now=now)
    journal.record(session, "call.wrapped_up_late", call, by=by, now=now, outcome=outcome.code)
    return WrappedUp(call, outcome, late=True)


def late_ones(session: Session, centre_id: int) -> list[LateWrapUp]:
    """Late wrap-ups of a centre that nobody has settled yet."""
    settled = sa.exists().where(col(LateWrapUpSettlement.late_wrap_up_id) == col(LateWrapUp.id))
    asked = select(LateWrapUp).where(LateWrapUp.centre_id == centre_id, ~settled)
    return list(session.exec(asked.order_by(col(LateWrapUp.id))).all())


def settle_late(session: Session, late: LateWrapUp, *, note: str, by: Staff, now: datetime) -> WrappedUp:
    """A supervisor accepts a late wrap-up: it is registered as its caller reported it. Raises AlreadyWrappedUp,
    ReferenceTaken.
    """
    call = session.get_one(Call, late.call_id)
    report = Report.model_validate(late.report)
    outcome = outcomes.changed(session.get_one(Outcome, report.outcome), changes_of(session, call))
    if session.get(LateWrapUpSettlement, known(late.id)):
        return WrappedUp(call, outcome, repeated=True)
    if call.outcome_code:
        raise AlreadyWrappedUp(session.get_one(Outcome, call.outcome_code))
    _check_reference(session, call, report)
    session.add(LateWrapUpSettlement(late_wrap_up_id=known(late.id), by_id=known(by.id), at=now, note=note[:400]))
    caller = session.get_one(Staff, call.agent_id)
    register(session, call, outcome, report, by=caller, now=now)
    contact = session.get_one(Contact, call.contact_id)
    if contact.state == ContactState.CLOSED:
        # A colleague may have taken the customer meanwhile, and not rung yet.
        take_away(session, contact, now=now)
    journal.record(session, "call.late_wrap_up_settled", call, by=by, now=now, outcome=outcome.code)
    return WrappedUp(call, outcome)
