"""The outbox: notices that are due leave once, tries that fail are repeated ever more seldom, and a person may resend.

A try is taken in one transaction and its end written in another, so that no gateway is waited for while rows are held:
between the two nobody else takes the notice. A process that dies in between sends the same key again, which the
gateway knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import journal
from outbound.db import reading, transaction
from outbound.errors import Refusal
from outbound.notices.model import Notice, NoticeKind, NoticeReceipt, NoticeState, NoticeTry
from outbound.notices.outlets import LONGEST_WHY, Message, NotSent, Outlet
from outbound.notices.wording import in_words
from outbound.people import Staff, known
from outbound.phones.model import Phone
from outbound.phones.vault import Vault
from outbound.subscriptions.model import FINAL, Subscription
from outbound.subscriptions.model import SubscriptionState as S

AT_ONCE = 200
"""Notices sent in one round."""
LEASE = timedelta(minutes=2)
"""How long a notice is nobody else's while it is being sent."""
BACK_OFF = (1, 5, 15, 60, 240, 720)
"""Minutes until the next try, after each failed one; then it is given up until somebody resends it."""


class SentAlready(Refusal):
    """This notice was sent already; a customer is told once."""

    zh = "该通知已发送，同一内容不会重复发送。"


class NoLongerTrue(Refusal):
    """What this notice says is no longer true, so it is not sent."""

    zh = "该通知的内容已不再成立，不予发送。"


@dataclass(frozen=True)
class Sent:
    """What became of a round: how many left, how many failed, how many had become untrue."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0


def send_due(engine: Engine, outlet: Outlet, vault: Vault, *, now: datetime) -> Sent:
    """Send everything that is due."""
    with reading(engine) as session:
        asked = select(Notice.id).where(Notice.state == NoticeState.WAITING, col(Notice.due_at) <= now)
        due = session.exec(asked.order_by(col(Notice.due_at), col(Notice.id)).limit(AT_ONCE)).all()
    ended = [_send(engine, outlet, vault, known(number), now=now) for number in due]
    counts = {state: ended.count(state) for state in NoticeState}
    failed = counts[NoticeState.FAILED] + counts[NoticeState.WAITING]
    return Sent(counts[NoticeState.SENT], failed, counts[NoticeState.DROPPED])


def _send(engine: Engine, outlet: Outlet, vault: Vault, number: int, *, now: datetime) -> NoticeState | None:
    """Send one notice; the state that it then has, None where another process took it."""
    with transaction(engine) as session:
        if not _take(session, number, now=now):
            return None
        notice = session.get_one(Notice, number)
        if not still_true(session, notice):
            return _end(session, notice, NoticeState.DROPPED, why="", now=now)
        try:
            message = _message(session, vault, notice)
        except Refusal as refused:
            return _missed(session, notice, refused.sentence("zh"), now=now)
    try:
        outlet.send(message, now=now)
    except NotSent as refused:
        why = str(refused) or "?"
    else:
        why = ""
    with transaction(engine) as session:
        notice = session.get_one(Notice, number)
        return _missed(session, notice, why, now=now) if why else _end(session, notice, NoticeState.SENT, why, now=now)


def _take(session: Session, number: int, *, now: datetime) -> bool:
    mine = sa.update(Notice).where(
        col(Notice.id) == number, col(Notice.state) == NoticeState.WAITING, col(Notice.due_at) <= now
    )
    return session.exec(mine.values(due_at=now + LEASE, tries=col(Notice.tries) + 1)).rowcount == 1


def still_true(session: Session, notice: Notice) -> bool:
    """Whether a notice may still be sent: nobody is reminded of, or asked for, what has ended."""
    state = session.get_one(Subscription, notice.subscription_id).state
    if notice.kind == NoticeKind.REMINDER:
        return state in (S.CONFIRMED, S.CHARGED)
    return state not in FINAL if notice.kind in (NoticeKind.REPLY_REQUEST, NoticeKind.ORDER_SUMMARY) else True


def _message(session: Session, vault: Vault, notice: Notice) -> Message:
    if not notice.text:
        version, notice.text = in_words(session, notice)
        notice.script_version_id = version.id
        session.add(notice)
    number = vault.open(session.get_one(Phone, notice.phone_id).sealed)
    return Message(notice.key, number, notice.text, str(notice.kind), notice.language)


def _missed(session: Session, notice: Notice, why: str, *, now: datetime) -> NoticeState:
    if notice.tries > len(BACK_OFF):
        return _end(session, notice, NoticeState.FAILED, why, now=now)
    notice.due_at = now + timedelta(minutes=BACK_OFF[notice.tries - 1])
    return _end(session, notice, NoticeState.WAITING, why, now=now)


def _end(session: Session, notice: Notice, state: NoticeState, why: str, *, now: datetime) -> NoticeState:
    notice.state, notice.why = state, why[:LONGEST_WHY]
    notice.sent_at = now if state == NoticeState.SENT else None
    session.add(notice)
    session.add(NoticeTry(notice_id=known(notice.id), why=notice.why, at=now))
    session.flush()
    if state != NoticeState.WAITING:
        journal.record(session, f"notice.{state}", notice, by=None, now=now, kind=notice.kind, why=notice.why)
    return state


def resend(session: Session, notice: Notice, *, by: Staff, now: datetime) -> None:
    """Let a notice that failed be tried again at once. Raises SentAlready and NoLongerTrue."""
    session.refresh(notice, with_for_update=True)
    if notice.state == NoticeState.SENT:
        raise SentAlready
    if notice.state == NoticeState.DROPPED or not still_true(session, notice):
        raise NoLongerTrue
    if notice.state == NoticeState.WAITING and notice.due_at <= now:
        return
    notice.state, notice.due_at, notice.tries = NoticeState.WAITING, now, 0
    session.add(notice)
    journal.record(session, "notice.resent", notice, by=by, now=now, kind=notice.kind)


def last_receipt() -> sa.ScalarSelect[int]:
    """The number of the last receipt of a notice, for a query about notices."""
    newest = sa.select(sa.func.max(col(NoticeReceipt.id))).where(col(NoticeReceipt.notice_id) == col(Notice.id))
    return newest.correlate(Notice).scalar_subquery()


@dataclass(frozen=True)
class Told:
    """What became of one notice: each try, and each receipt."""

    tries: Sequence[NoticeTry]
    receipts: Sequence[NoticeReceipt]


def history_of(session: Session, notice: Notice) -> Told:
    """Every try to send a notice and every receipt of it, in order."""
    tries = select(NoticeTry).where(NoticeTry.notice_id == notice.id).order_by(col(NoticeTry.id))
    receipts = select(NoticeReceipt).where(NoticeReceipt.notice_id == notice.id).order_by(col(NoticeReceipt.id))
    return Told(session.exec(tries).all(), session.exec(receipts).all())
