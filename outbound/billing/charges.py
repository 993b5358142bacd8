"""Charges: only what two valid calls allow, once per cycle; and what takes a charge back."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing import instructions
from outbound.billing.model import ChargeHold, ChargeHoldLifting, EntryKind, InstructionKind, LedgerEntry
from outbound.clock import local_day
from outbound.confirmations.model import ConfirmationKind, ConfirmationResult, ConfirmationVoid
from outbound.errors import DATABASE_REFUSALS, Language, Refusal
from outbound.notices import making
from outbound.notices.model import NoticeKind
from outbound.people import Centre, Staff, known
from outbound.recordings.model import Recording
from outbound.subscriptions import guards
from outbound.subscriptions.model import Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.transitions import move


class Obstacle(StrEnum):
    """What forbids a charge."""

    NOT_CONFIRMED = "not_confirmed"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    FIRST_NOT_PASSED = "first_not_passed"
    FIRST_VOID = "first_void"
    FIRST_NOT_RECORDED = "first_not_recorded"
    SECOND_NOT_PASSED = "second_not_passed"
    SECOND_VOID = "second_void"
    SECOND_NOT_RECORDED = "second_not_recorded"
    NO_REPLY = "no_reply"

    def words(self, language: Language) -> str:
        """The obstacle as people read it."""
        return _OBSTACLES[self][language == "en"]


_OBSTACLES = {
    Obstacle.NOT_CONFIRMED: ("当前状态不可计费", "its state does not allow a charge"),
    Obstacle.WITHDRAWN: ("客户已撤回同意", "the customer took the yes back"),
    Obstacle.HELD: ("计费已被暂停，原因待核实", "the charge is held until its reason is settled"),
    Obstacle.FIRST_NOT_PASSED: ("没有四项全部合格的销售通话", "no call of the sale has met all four criteria"),
    Obstacle.FIRST_VOID: ("销售通话已被质检判为无效", "the sale's call was found invalid in review"),
    Obstacle.FIRST_NOT_RECORDED: ("销售通话没有有效录音", "the sale's call has no valid recording"),
    Obstacle.SECOND_NOT_PASSED: ("没有四项全部合格的二次确认", "no second confirmation has met all four criteria"),
    Obstacle.SECOND_VOID: ("二次确认已被判为无效", "the second confirmation no longer counts"),
    Obstacle.SECOND_NOT_RECORDED: ("二次确认没有有效录音", "the second confirmation has no valid recording"),
    Obstacle.NO_REPLY: ("客户还没有回复短信确认", "the customer has not confirmed by SMS"),
}


class NoValidConfirmation(Refusal):
    """This subscription cannot be charged: {obstacle}."""

    zh = "该订购不能计费：{obstacle}。"

    def __init__(self, obstacle: Obstacle | None = None) -> None:
        self.obstacle = obstacle or Obstacle.SECOND_NOT_PASSED
        super().__init__(obstacle=self.obstacle)

    def sentence(self, language: Language) -> str:
        """The sentence with the obstacle in words."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(obstacle=self.obstacle.words(language))


class ChargeOutOfTime(Refusal):
    """A charge cannot be dated before its cycle or before a confirmation on which it rests; look at the clock."""

    zh = "计费时间不能早于其账期或所依据的确认，请检查系统时钟。"


DATABASE_REFUSALS["a charge needs a valid second confirmation"] = NoValidConfirmation
DATABASE_REFUSALS["a charge has its time after what it rests on"] = ChargeOutOfTime
DATABASE_REFUSALS["a charge needs the customer's reply"] = NoValidConfirmation


def obstacle(session: Session, subscription: Subscription) -> Obstacle | None:
    """The first thing that forbids a charge; None where nothing does. The database asks the same again."""
    return next(obstacles(session, subscription), None)


def obstacles(session: Session, subscription: Subscription) -> Iterator[Obstacle]:
    """Everything that forbids a charge."""
    if session.get(Withdrawal, known(subscription.id)):
        yield Obstacle.WITHDRAWN
    if standing_holds(session, subscription):
        yield Obstacle.HELD
    for kind in ConfirmationKind:
        if missing := _lacking(session, subscription, kind):
            yield Obstacle(f"{kind}_{missing}")
    if not guards.replied(session, subscription):
        yield Obstacle.NO_REPLY
    if subscription.state not in (S.CONFIRMED, S.CHARGED):
        yield Obstacle.NOT_CONFIRMED


def _lacking(session: Session, subscription: Subscription, kind: ConfirmationKind) -> str | None:
    latest = guards.latest(session, subscription, kind)
    if latest is None or latest.result != ConfirmationResult.PASSED:
        return "not_passed"
    if session.get(ConfirmationVoid, known(latest.id)):
        return "void"
    heard = select(Recording.id).where(Recording.call_id == latest.call_id, col(Recording.valid))
    return None if session.exec(heard).first() else "not_recorded"


latest_of = guards.latest
"""The last confirmation of a kind, void or not."""


def standing_holds(session: Session, subscription: Subscription) -> list[ChargeHold]:
    """Holds on the charge that nobody has lifted."""
    lifted = sa.exists().where(col(ChargeHoldLifting.charge_hold_id) == col(ChargeHold.id))
    return list(session.exec(select(ChargeHold).where(ChargeHold.subscription_id == subscription.id, ~lifted)).all())


def cycle_due(session: Session, subscription: Subscription, today: date) -> date | None:
    """The first day of the next cycle to be charged, where it has come."""
    first = subscription.chargeable_from
    if first is None or subscription.state not in (S.CONFIRMED, S.CHARGED):
        return None
    charged = session.exec(
        select(LedgerEntry.cycle).where(
            LedgerEntry.subscription_id == subscription.id, LedgerEntry.kind == EntryKind.CHARGE
        )
    ).all()
    # A cycle is a calendar month: a correction may have moved the first day within it.
    months = {cycle[:7] for cycle in charged}
    return next((start for start in _cycles(first, today) if start.isoformat()[:7] not in months), None)


def _cycles(first: date, today: date) -> Iterator[date]:
    months = 0
    while (start := month_later(first, months)) <= today:
        yield start
        months += 1


def month_later(day: date, months: int) -> date:
    """The same day so many months on; the month's last day where it is shorter."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    next_month = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    length = (next_month - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, length))


def charge(session: Session, subscription: Subscription, *, today: date, now: datetime) -> LedgerEntry | None:
    """Charge the cycle that is due, once; None where none is. Raises NoValidConfirmation."""
    start = cycle_due(session, subscription, today)
    if start is None:
        return None
    if found := obstacle(session, subscription):
        raise NoValidConfirmation(obstacle=found)
    confirmation = guards.latest(session, subscription, ConfirmationKind.SECOND)
    assert confirmation is not None
    entry = LedgerEntry(
        centre_id=subscription.centre_id,
        subscription_id=known(subscription.id),
        cycle=start.isoformat(),
        kind=EntryKind.CHARGE,
        amount_fen=subscription.price_fen,
        confirmation_id=confirmation.id,
        confirmation_kind=confirmation.kind,
        confirmation_result=confirmation.result,
        at=now,
    )
    session.add(entry)
    session.flush()
    session.refresh(subscription)
    instructions.tell(session, subscription, InstructionKind.CHARGE, now=now, entry=entry)
    move(session, subscription, "charged", by=None, now=now)
    making.notify(session, subscription, NoticeKind.CHARGE, now=now)
    journal.record(
        session, "subscription.charge", subscription, by=None, now=now, cycle=entry.cycle, amount_fen=entry.amount_fen
    )
    return entry


def due_on(session: Session, centre: Centre, day: date) -> list[Subscription]:
    """What of a centre is charged on a day, unless something comes in between."""
    return [each for each in _chargeable(session, centre, day) if cycle_due(session, each, day) == day]


def _chargeable(session: Session, centre: Centre, day: date) -> Sequence[Subscription]:
    asked = select(Subscription).where(
        Subscription.centre_id == centre.id,
        col(Subscription.state).in_((S.CONFIRMED, S.CHARGED)),
        col(Subscription.trial_ends_on) < day,
    )
    return session.exec(asked.order_by(col(Subscription.id))).all()


def run(session: Session, centre: Centre, *, now: datetime) -> dict[str, int]:
    """Charge everything of a centre that may be charged today; how many, and what held back the others."""
    today = local_day(now, centre.zone)
    came_to: Counter[str] = Counter()
    for subscription in _chargeable(session, centre, today):
        came_to[_charge_or_why_not(session, subscription, today=today, now=now)] += 1
    return dict(came_to)


def _charge_or_why_not(session: Session, subscription: Subscription, *, today: date, now: datetime) -> str:
    if cycle_due(session, subscription, today) is None:
        return "not_due"
    if found := obstacle(session, subscription):
        return found
    try:
        with session.begin_nested():
            charge(session, subscription, today=today, now=now)
    except sa.exc.IntegrityError as refused:
        # Withdrawn, held or void since we looked: the others are charged all the same.
        if not any(word in str(refused.orig) for word in DATABASE_REFUSALS):
            raise
        session.refresh(subscription)
        return "refused"
    return "charged"


def reverse_all(session: Session, subscription: Subscription, *, why: str, by: Staff | None, now: datetime) -> int:
    """Take back every charge of a subscription that still stands, and tell the carrier; how many."""
    entries = _standing(session, subscription)
    for entry in entries:
        reversal = _reverse(session, subscription, entry, why=why, by=by, now=now)
        instructions.tell(session, subscription, InstructionKind.REVERSE, now=now, entry=reversal)
    return len(entries)


def strike(session: Session, entry: LedgerEntry, *, why: str, by: Staff, now: datetime) -> LedgerEntry | None:
    """Take back a charge that the carrier never made, so that there is nothing to tell; None where it is taken back."""
    subscription = session.get_one(Subscription, entry.subscription_id)
    if entry not in _standing(session, subscription):
        return None
    return _reverse(session, subscription, entry, why=why, by=by, now=now)


def _standing(session: Session, subscription: Subscription) -> list[LedgerEntry]:
    reversed_ids = select(LedgerEntry.reverses_id).where(col(LedgerEntry.reverses_id).is_not(None))
    standing = select(LedgerEntry).where(
        LedgerEntry.subscription_id == subscription.id,
        LedgerEntry.kind == EntryKind.CHARGE,
        col(LedgerEntry.id).not_in(reversed_ids),
    )
    return list(session.exec(standing).all())


def _reverse(
    session: Session, subscription: Subscription, entry: LedgerEntry, *, why: str, by: Staff | None, now: datetime
) -> LedgerEntry:
    reversal = LedgerEntry(
        centre_id=entry.centre_id,
        subscription_id=entry.subscription_id,
        cycle=entry.cycle,
        kind=EntryKind.REVERSAL,
        amount_fen=-entry.amount_fen,
        reverses_id=entry.id,
        why=why,
        at=now,
    )
    session.add(reversal)
    session.flush()
    session.refresh(subscription)
    journal.record(session, "subscription.reversed", subscription, by=by, now=now, cycle=entry.cycle, why=why)
    return reversal


def hold(session: Session, subscription: Subscription, *, reason: str, by: Staff, now: datetime) -> ChargeHold:
    """Forbid the charge from this moment on; the same reason twice is one hold."""
    for standing in standing_holds(session, subscription):
        if standing.reason == reason:
            return standing
    held = ChargeHold(subscription_id=known(subscription.id), reason=reason, by_id=by.id, at=now)
    session.add(held)
    session.flush()
    session.refresh(subscription)
    journal.record(session, "subscription.charge_held", subscription, by=by, now=now, reason=reason)
    return held


def lift_hold(session: Session, held: ChargeHold, *, reason: str, by: Staff, now: datetime) -> ChargeHoldLifting:
    """A hold no longer stands."""
    if already := session.get(ChargeHoldLifting, known(held.id)):
        return already
    lifting = ChargeHoldLifting(charge_hold_id=known(held.id), reason=reason, by_id=known(by.id), at=now)
    session.add(lifting)
    subscription = session.get_one(Subscription, held.subscription_id)
    journal.record(session, "subscription.charge_hold_lifted", subscription, by=by, now=now, reason=reason)
    return lifting
