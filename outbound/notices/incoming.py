"""What comes back: receipts by key, and replies, held against what was sent by number, time and wording."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import Confirmation, ConfirmationKind
from outbound.errors import Language, Refusal
from outbound.notices import making
from outbound.notices.model import NO, YES, Meaning, Notice, NoticeKind, NoticeReceipt, NoticeState, Reply, ReplyMatch
from outbound.people import known
from outbound.phones.model import Phone, find
from outbound.phones.parsing import Unusable, parse
from outbound.phones.vault import Vault
from outbound.subscriptions import guards, life
from outbound.subscriptions.model import FINAL, Subscription
from outbound.subscriptions.transitions import WAITING

_NO_PART_OF_IT = re.compile(r"[\W_]+")


class NoSuchNotice(Refusal):
    """There is no notice “{key}” that was sent."""

    zh = "没有编号为“{key}”的已发送通知。"
    status = 404


class NumberNeverWritten(Refusal):
    """This number was never sent a notice, so its message answers none."""

    zh = "从未向该号码发送过通知，无法匹配其短信。"
    status = 404


class NumberUnreadable(Refusal):
    """“{text}” is no number: {reason}."""

    zh = "“{text}”不是有效号码：{reason}。"
    status = 422

    def __init__(self, text: str, wrong: Unusable) -> None:
        self.text, self.wrong = text, wrong
        super().__init__(text=text, reason="")

    def sentence(self, language: Language) -> str:
        """The sentence with the reason in the reader's language."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(text=self.text, reason=self.wrong.reason.words(language))


def receipt(session: Session, key: str, *, delivered: bool, why: str = "", now: datetime) -> NoticeReceipt:
    """Keep what the gateway says became of a notice; the same again is no news. Raises NoSuchNotice."""
    asked = select(Notice).where(Notice.key == key, Notice.state == NoticeState.SENT)
    notice = session.exec(asked).first()
    if notice is None:
        raise NoSuchNotice(key=key)
    told = select(NoticeReceipt).where(NoticeReceipt.notice_id == notice.id, NoticeReceipt.delivered == delivered)
    if known_already := session.exec(told).first():
        return known_already
    taken = NoticeReceipt(notice_id=known(notice.id), delivered=delivered, why=why[:200], at=now)
    session.add(taken)
    session.flush()
    journal.record(
        session, "notice.receipt", notice, by=None, now=now, delivered=delivered, why=taken.why, receipt=taken.id
    )
    return taken


def reply(
    session: Session, vault: Vault, *, number: str, text: str, reference: str, at: datetime, now: datetime
) -> ReplyMatch | None:
    """Take a customer's message: a yes confirms the request that it answers, a no takes the yes back.

    None where it answers nothing; it is kept all the same. Where it may answer several requests it answers none: each
    is asked again by the name of its offer and its code. The same message twice is no news.

    Raises NumberUnreadable and NumberNeverWritten.
    """
    if taken := session.exec(select(Reply).where(Reply.reference == reference)).first():
        return session.get(ReplyMatch, known(taken.id))
    phone = _phone(session, vault, number)
    written = _written_to(session, phone) if phone else []
    if phone is None or not written:
        raise NumberNeverWritten
    kept = Reply(
        centre_id=written[0].centre_id,
        phone_id=known(phone.id),
        reference=reference[:80],
        text=text[:1000],
        wording=wording_of(text)[:1000],
        # A clock that goes ahead must not let a reply be younger than its arrival.
        at=min(at, now),
        taken_at=now,
    )
    session.add(kept)
    session.flush()
    match, unclear = _matched(session, kept, written, now=now)
    again = [making.ask_again(session, request, now=now).id for request in unclear]
    answered = match.notice_id if match else None
    journal.record(session, "reply.taken", kept, by=None, now=now, notice=answered, asked_again=again)
    return match


def _phone(session: Session, vault: Vault, number: str) -> Phone | None:
    read = parse(number)
    if isinstance(read, Unusable):
        raise NumberUnreadable(number, read)
    return find(session, vault, read.e164)


def _written_to(session: Session, phone: Phone) -> Sequence[Notice]:
    asked = select(Notice).where(Notice.phone_id == phone.id, Notice.state == NoticeState.SENT)
    return session.exec(asked.order_by(col(Notice.id).desc())).all()


def wording_of(text: str) -> str:
    """What counts of a message: its letters, digits and characters, in one width and in capitals."""
    return _NO_PART_OF_IT.sub("", unicodedata.normalize("NFKC", text)).upper()


def _matched(
    session: Session, kept: Reply, written: Sequence[Notice], *, now: datetime
) -> tuple[ReplyMatch | None, Sequence[Notice]]:
    """What a reply answers, or the requests between which it leaves the choice."""
    requests = _one_each(each for each in written if _is_open(session, each, kept))
    if refused := _refused(session, kept, requests, written):
        return _no(session, kept, refused, now=now), ()
    named = [each for each in requests if each.expects == kept.wording]
    meant = named or (requests if kept.wording in YES else [])
    return (_yes(session, kept, meant[0], now=now), ()) if len(meant) == 1 else (None, meant)


def _one_each(requests: Iterable[Notice]) -> Sequence[Notice]:
    """The latest request about each subscription: who was asked twice answers once."""
    latest: dict[int, Notice] = {}
    for each in requests:
        latest.setdefault(each.subscription_id, each)
    return list(latest.values())


def _refused(session: Session, kept: Reply, requests: Sequence[Notice], written: Sequence[Notice]) -> Sequence[Notice]:
    """What a no takes back: the request that it names, else what was last written about and all that is still asked.

    A no that may mean two requests means both: nobody pays for what they may have refused.
    """
    living = [each for each in written if each.made_at <= kept.at and _is_living(session, each)]
    asked = [each for each in requests if each in living]
    if named := [each for each in asked if each.expects.replace("Y", "N", 1) == kept.wording]:
        return named
    return [*living[:1], *(each for each in asked if each not in living[:1])] if kept.wording in NO else []


def _is_living(session: Session, notice: Notice) -> bool:
    return session.get_one(Subscription, notice.subscription_id).state not in FINAL


def _is_open(session: Session, notice: Notice, kept: Reply) -> bool:
    if notice.kind != NoticeKind.REPLY_REQUEST or notice.valid_until is None:
        return False
    in_time = notice.made_at <= kept.at <= notice.valid_until
    return in_time and _is_living(session, notice) and _is_asked(session, notice)


def _is_asked(session: Session, notice: Notice) -> bool:
    """Whether a request is about the last yes by voice, and was not answered in whichever of its messages."""
    subscription = session.get_one(Subscription, notice.subscription_id)
    last = guards.latest(session, subscription, ConfirmationKind.SECOND)
    about = session.get_one(Confirmation, notice.confirmation_id)
    return last is not None and last.call_id == about.call_id and not guards.replied(session, subscription)


def _yes(session: Session, kept: Reply, notice: Notice, *, now: datetime) -> ReplyMatch:
    match, subscription = _kept_match(session, kept, notice, Meaning.YES, now=now)
    second = guards.latest(session, subscription, ConfirmationKind.SECOND)
    if subscription.state in WAITING and second and guards.CONFIRMED.holds(session, subscription):
        call = session.get_one(Call, second.call_id)
        confirmations.said_yes(session, subscription, second, call, by=None, now=now)
    return match


def _no(session: Session, kept: Reply, refused: Sequence[Notice], *, now: datetime) -> ReplyMatch:
    """A no counts at once; the reply is held with the first notice that it answers."""
    match, _ = _kept_match(session, kept, refused[0], Meaning.NO, now=now)
    for notice in refused:
        subscription = session.get_one(Subscription, notice.subscription_id)
        life.cancel(session, subscription, via="sms", reason=kept.text, by=None, now=now)
    return match


def _kept_match(
    session: Session, kept: Reply, notice: Notice, meaning: Meaning, *, now: datetime
) -> tuple[ReplyMatch, Subscription]:
    match = ReplyMatch(
        reply_id=known(kept.id),
        notice_id=known(notice.id),
        subscription_id=notice.subscription_id,
        meaning=meaning,
        at=now,
    )
    session.add(match)
    session.flush()
    subscription = session.get_one(Subscription, notice.subscription_id)
    session.refresh(subscription)
    return match, subscription
