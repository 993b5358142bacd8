"""Notices to customers and what comes back: the outbox, each try to send, receipts, replies and what a reply confirms.

A notice is written once under its key and sent once; a reply counts only where number, time and wording fit a request.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.billing.model import LedgerEntry
from outbound.db import UtcDateTime, append_only, choice, guard, table_of
from outbound.errors import Language
from outbound.subscriptions.model import raises_version

YES = ("Y", "YES", "是", "确认", "同意")
"""Replies that confirm a request wherever only one is open; with the request's own number after them: always."""
NO = ("N", "NO", "T", "TD", "不", "否", "不要", "不同意", "取消", "退订")
"""Replies to any notice that take the yes back; with a request's own number, as N27, that one alone."""


class NoticeKind(StrEnum):
    """What a customer is told in writing."""

    ORDER_SUMMARY = "order_summary"
    REPLY_REQUEST = "reply_request"
    REMINDER = "reminder"
    CHARGE = "charge"
    CANCELLATION = "cancellation"

    def words(self, language: Language) -> str:
        """The kind as people read it."""
        return _KINDS[self][language == "en"]


_KINDS = {
    NoticeKind.ORDER_SUMMARY: ("订购通知", "order summary"),
    NoticeKind.REPLY_REQUEST: ("短信回复确认", "request for a reply"),
    NoticeKind.REMINDER: ("计费前提醒", "reminder before the charge"),
    NoticeKind.CHARGE: ("计费通知", "charge"),
    NoticeKind.CANCELLATION: ("退订通知", "cancellation"),
}


class NoticeState(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"

    def words(self, language: Language) -> str:
        """The state as people read it."""
        return _STATES[self][language == "en"]


_STATES = {
    NoticeState.WAITING: ("待发送", "waiting"),
    NoticeState.SENT: ("已发送", "sent"),
    NoticeState.FAILED: ("发送失败", "failed"),
    NoticeState.DROPPED: ("不再发送", "no longer true, not sent"),
}


class Meaning(StrEnum):
    """What a reply comes to."""

    YES = "yes"
    NO = "no"


class Notice(SQLModel, table=True):
    """One message to one customer, sent once under a key that never changes."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.UniqueConstraint("key"),
        sa.Index("ix_notice_centre_state", "centre_id", "state"),
        sa.Index(
            "ix_notice_due",
            "due_at",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at_an_instant"),
        sa.CheckConstraint("kind <> 'reply_request' OR confirmation_id IS NOT NULL", name="request_of_a_yes"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    phone_id: int = Field(foreign_key="phone.id", index=True)
    kind: NoticeKind = Field(sa_type=choice(NoticeKind))
    key: str = Field(max_length=80)
    language: str = Field(max_length=2)
    confirmation_id: int | None = Field(
        default=None, foreign_key="confirmation.id", description="the yes by voice that a reply is to confirm"
    )
    expects: str = Field(default="", max_length=20, description="the wording that a reply to it has, as Y27")
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime, description="a yes after that is too late")
    text: str = Field(default="", max_length=1000, description="as sent; empty until it is put into words")
    script_version_id: int | None = Field(
        default=None, foreign_key="script_version.id", description="the approved wording that it has"
    )
    state: NoticeState = Field(default=NoticeState.WAITING, sa_type=choice(NoticeState))
    tries: int = 0
    why: str = Field(default="", max_length=200, description="what the last try failed of")
    made_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime, description="not before this instant")
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeTry(SQLModel, table=True):
    """One try to send a notice; `why` it did not go, empty where it went."""

    __tablename__ = "notice_try"

    id: int | None = Field(default=None, primary_key=True)
    notice_id: int = Field(foreign_key="notice.id", index=True)
    why: str = Field(default="", max_length=200)
    at: datetime = Field(sa_type=UtcDateTime)


class NoticeReceipt(SQLModel, table=True):
    """What the carrier's gateway says became of a notice."""

    __tablename__ = "notice_receipt"
    __table_args__ = (sa.UniqueConstraint("notice_id", "delivered"),)

    id: int | None = Field(default=None, primary_key=True)
    notice_id: int = Field(foreign_key="notice.id")
    delivered: bool
    why: str = Field(default="", max_length=200)
    at: datetime = Field(sa_type=UtcDateTime)


class Reply(SQLModel, table=True):
    """A message from a customer, as it came in; `wording` is what counts of its text."""

    __tablename__ = "reply"
    __table_args__ = (sa.UniqueConstraint("reference"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    phone_id: int = Field(foreign_key="phone.id", index=True)
    reference: str = Field(max_length=80, description="the gateway's own number of the message")
    text: str = Field(max_length=1000)
    wording: str = Field(max_length=1000)
    at: datetime = Field(sa_type=UtcDateTime, description="when the customer sent it")
    taken_at: datetime = Field(sa_type=UtcDateTime)


class ReplyMatch(SQLModel, table=True):
    """What a reply came to: it answers this notice, with a yes or a no."""

    __tablename__ = "reply_match"
    __table_args__ = (sa.UniqueConstraint("notice_id", "meaning"),)

    reply_id: int = Field(foreign_key="reply.id", primary_key=True)
    notice_id: int = Field(foreign_key="notice.id")
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    meaning: Meaning = Field(sa_type=choice(Meaning))
    at: datetime = Field(sa_type=UtcDateTime)


for _table in (NoticeTry, NoticeReceipt, Reply, ReplyMatch):
    append_only(table_of(_table))
raises_version(table_of(ReplyMatch))
guard(
    table_of(Notice),
    "notice_stays_as_sent",
    when="BEFORE UPDATE",
    refuse_if="""NEW.key <> OLD.key OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id
        OR NEW.phone_id <> OLD.phone_id OR NEW.centre_id <> OLD.centre_id OR NEW.made_at <> OLD.made_at
        OR NEW.expects <> OLD.expects OR coalesce(NEW.confirmation_id, 0) <> coalesce(OLD.confirmation_id, 0)
        OR coalesce(CAST(NEW.valid_until AS TEXT), '') <> coalesce(CAST(OLD.valid_until AS TEXT), '')
        OR (OLD.state IN ('sent', 'dropped') AND (NEW.state <> OLD.state OR NEW.text <> OLD.text
            OR coalesce(NEW.script_version_id, 0) <> coalesce(OLD.script_version_id, 0)))""",
    saying="a notice stays as it was sent",
)
guard(
    table_of(Notice),
    "notice_in_approved_words",
    when="BEFORE UPDATE",
    refuse_if="""NEW.state = 'sent' AND OLD.state <> 'sent' AND NOT EXISTS (SELECT 1 FROM script_version v
        WHERE v.id = NEW.script_version_id AND v.in_force_at IS NOT NULL)""",
    saying="a notice needs approved words",
)
guard(
    table_of(Notice),
    "notice_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="notices are kept",
)
_SAID_YES = ", ".join(f"'{word}'" for word in YES)
_SAID_NO = ", ".join(f"'{word}'" for word in NO)
guard(
    table_of(ReplyMatch),
    "reply_fits_its_notice",
    when="BEFORE INSERT",
    refuse_if=f"""NOT EXISTS (SELECT 1 FROM reply r JOIN notice n ON n.id = NEW.notice_id
        WHERE r.id = NEW.reply_id AND r.phone_id = n.phone_id AND n.subscription_id = NEW.subscription_id
        AND n.sent_at IS NOT NULL AND r.at >= n.made_at AND (
            (NEW.meaning = 'no' AND (r.wording IN ({_SAID_NO})
                OR (n.kind = 'reply_request' AND r.wording = 'N' || substr(n.expects, 2))))
            OR (NEW.meaning = 'yes' AND n.kind = 'reply_request' AND r.at <= n.valid_until
                AND (r.wording = n.expects OR r.wording IN ({_SAID_YES})))))""",
    saying="a reply must fit its notice",
)
guard(
    table_of(LedgerEntry),
    "charge_needs_reply",
    when="BEFORE INSERT",
    refuse_if="""NEW.kind = 'charge' AND EXISTS (SELECT 1 FROM subscription s
        JOIN campaign_version v ON v.id = s.campaign_version_id WHERE s.id = NEW.subscription_id
        AND v.needs_reply)
        AND NOT EXISTS (SELECT 1 FROM reply_match m JOIN notice n ON n.id = m.notice_id
        JOIN confirmation asked ON asked.id = n.confirmation_id
        JOIN confirmation c ON c.call_id = asked.call_id AND c.id = NEW.confirmation_id
        WHERE m.subscription_id = NEW.subscription_id AND m.meaning = 'yes')""",
    saying="a charge needs the customer's reply",
)
