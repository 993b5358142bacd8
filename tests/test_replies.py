"""Replies by SMS: matched by number, time and wording; without one nothing is charged where the campaign needs it."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound.billing import charges
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import Confirmation
from outbound.notices import incoming, making, outbox
from outbound.notices.incoming import NumberNeverWritten, NumberUnreadable, wording_of
from outbound.notices.model import Meaning, Notice, NoticeKind, Reply, ReplyMatch
from outbound.notices.outlets import Message
from outbound.phones.vault import Vault
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import NOW, Cast
from tests.messages import Gateway, approve_templates, numbered, vault
from tests.sales import Sales

NUMBER, OTHER = "13800138000", "13900139000"
LATER = NOW + timedelta(minutes=10)
AFTER_THE_TRIAL = datetime.fromisoformat("2026-12-01T02:00:00+00:00")


@pytest.fixture
def keys() -> Vault:
    return vault()


@pytest.fixture
def sales(session: Session, cast: Cast) -> Sales:
    sales = Sales(session, cast, NOW)
    sales.campaign(requires="[voice, sms]")
    approve_templates(sales)
    return sales


def asked(engine: Engine, sales: Sales, keys: Vault, number: str = NUMBER) -> Subscription:
    """A customer who has said yes by voice and been asked for the SMS."""
    subscription = sales.due(phone=numbered(sales, keys, number))
    sales.confirm(subscription)
    sales.session.commit()
    outbox.send_due(engine, Gateway(), keys, now=NOW + timedelta(minutes=5))
    sales.session.expire_all()
    return subscription


def say(
    sales: Sales, keys: Vault, text: str, *, number: str = NUMBER, at: datetime = LATER, reference: str = "m1"
) -> ReplyMatch | None:
    return incoming.reply(sales.session, keys, number=number, text=text, reference=reference, at=at, now=max(at, LATER))


def code_of(sales: Sales, subscription: Subscription) -> str:
    found = select(Notice.expects).where(Notice.subscription_id == subscription.id)
    return sales.session.exec(found.where(Notice.kind == NoticeKind.REPLY_REQUEST).distinct()).one()


def test_a_yes_by_voice_alone_waits_for_the_sms(engine: Engine, sales: Sales, keys: Vault) -> None:
    subscription = asked(engine, sales, keys)
    assert (subscription.state, sales.contact(subscription).state) == (S.CONFIRMING, "closed")
    assert "no_reply" in list(charges.obstacles(sales.session, subscription))


@pytest.mark.parametrize("text", ["{code}", "是", "确认。", " ｙ ", "Yes!", "同意"])
def test_a_reply_in_the_wording_asked_for_confirms(engine: Engine, sales: Sales, keys: Vault, text: str) -> None:
    subscription = asked(engine, sales, keys)
    match = say(sales, keys, text.format(code=code_of(sales, subscription)))
    assert (match and match.meaning, subscription.state) == (Meaning.YES, S.CONFIRMED)
    assert charges.obstacle(sales.session, subscription) is None


def test_the_charge_comes_after_both(engine: Engine, sales: Sales, keys: Vault) -> None:
    subscription = asked(engine, sales, keys)
    assert charges.run(sales.session, sales.centre, now=AFTER_THE_TRIAL) == {}
    say(sales, keys, "是")
    assert charges.run(sales.session, sales.centre, now=AFTER_THE_TRIAL) == {"charged": 1}
    assert sales.balance(subscription) == 500


@pytest.mark.parametrize("text", ["好像不错", "Y1", "是吗", "", "什么业务"])
def test_other_words_are_kept_and_confirm_nothing(engine: Engine, sales: Sales, keys: Vault, text: str) -> None:
    subscription = asked(engine, sales, keys)
    assert say(sales, keys, text) is None
    assert subscription.state == S.CONFIRMING
    assert sales.session.exec(select(Reply.text)).one() == text


@pytest.mark.parametrize("text", ["N", "td", "不同意", "退订"])
def test_a_no_by_sms_cancels_at_once(engine: Engine, sales: Sales, keys: Vault, text: str) -> None:
    subscription = asked(engine, sales, keys)
    match = say(sales, keys, text)
    assert (match and match.meaning, subscription.state) == (Meaning.NO, S.CANCELLED)
    assert sales.session.get_one(Withdrawal, subscription.id).via == "sms"


@pytest.mark.parametrize("at", [NOW - timedelta(seconds=1), NOW + timedelta(days=7, hours=14, minutes=1)])
def test_a_yes_from_before_the_request_or_after_the_trial_is_none(
    engine: Engine, sales: Sales, keys: Vault, at: datetime
) -> None:
    asked(engine, sales, keys)
    assert say(sales, keys, "是", at=at) is None


def test_a_yes_from_another_number_confirms_nothing(engine: Engine, sales: Sales, keys: Vault) -> None:
    subscription, other = asked(engine, sales, keys), asked(engine, sales, keys, OTHER)
    say(sales, keys, code_of(sales, subscription), number=OTHER)
    assert (subscription.state, other.state) == (S.CONFIRMING, S.CONFIRMING)


def test_of_two_requests_only_the_named_one_is_confirmed(engine: Engine, sales: Sales, keys: Vault) -> None:
    first = asked(engine, sales, keys)
    sales.campaign(requires="[voice, sms]")
    second = asked(engine, sales, keys)
    assert say(sales, keys, "是") is None
    say(sales, keys, code_of(sales, second), reference="m2")
    assert (first.state, second.state) == (S.CONFIRMING, S.CONFIRMED)


def test_a_yes_between_two_requests_confirms_neither_and_each_is_asked_again_by_its_name(
    engine: Engine, sales: Sales, keys: Vault
) -> None:
    first = asked(engine, sales, keys)
    sales.campaign(requires="[voice, sms]")
    second = asked(engine, sales, keys)
    assert say(sales, keys, "Y") is None
    assert say(sales, keys, "是", reference="m2") is None, "asked again once, not for every message"
    again = send_again(engine, sales, keys)
    assert (first.state, second.state, len(again)) == (S.CONFIRMING, S.CONFIRMING, 2)
    for subscription in (first, second):
        (text,) = (message.text for message in again if code_of(sales, subscription) in message.text)
        assert subscription.offer_name in text
    later = LATER + timedelta(minutes=10)
    assert say(sales, keys, code_of(sales, first), reference="m3", at=later)
    assert say(sales, keys, "是", reference="m4", at=later), "only one is open now"
    assert (first.state, second.state) == (S.CONFIRMED, S.CONFIRMED)


def send_again(engine: Engine, sales: Sales, keys: Vault) -> list[Message]:
    sales.session.commit()
    gateway = Gateway()
    outbox.send_due(engine, gateway, keys, now=LATER + timedelta(minutes=5))
    sales.session.expire_all()
    return gateway.messages


def test_a_request_that_ended_leaves_the_other_one_clear(engine: Engine, sales: Sales, keys: Vault) -> None:
    ended = asked(engine, sales, keys)
    sales.campaign(requires="[voice, sms]")
    subscription = asked(engine, sales, keys)
    sales.cancel(ended)
    match = say(sales, keys, "是")
    assert (match and match.subscription_id, subscription.state) == (subscription.id, S.CONFIRMED)


def test_requests_to_one_number_never_have_the_same_code(
    engine: Engine, sales: Sales, keys: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each customer has two confirmations, so that with two codes both requests would have the same.
    monkeypatch.setattr(making, "CODES", 2)
    first = asked(engine, sales, keys)
    sales.campaign(requires="[voice, sms]")
    second = asked(engine, sales, keys)
    assert {code_of(sales, first), code_of(sales, second)} == {"Y10", "Y11"}


@pytest.mark.parametrize("text", ["N", "退订"])
def test_a_no_while_two_requests_are_open_takes_both_back(engine: Engine, sales: Sales, keys: Vault, text: str) -> None:
    first = asked(engine, sales, keys)
    sales.campaign(requires="[voice, sms]")
    second = asked(engine, sales, keys)
    match = say(sales, keys, text)
    assert (first.state, second.state) == (S.CANCELLED, S.CANCELLED)
    assert match and match.subscription_id == second.id
    assert say(sales, keys, text, reference="m2") is None, "there is nothing left to refuse"


def test_a_no_with_a_requests_number_takes_that_one_back(engine: Engine, sales: Sales, keys: Vault) -> None:
    first = asked(engine, sales, keys)
    sales.campaign(requires="[voice, sms]")
    second = asked(engine, sales, keys)
    say(sales, keys, code_of(sales, first).replace("Y", "n "))
    assert (first.state, second.state) == (S.CANCELLED, S.CONFIRMING)


def test_a_no_leaves_alone_what_was_confirmed_before(engine: Engine, sales: Sales, keys: Vault) -> None:
    first = asked(engine, sales, keys)
    say(sales, keys, "是")
    sales.campaign(requires="[voice, sms]")
    second = asked(engine, sales, keys)
    say(sales, keys, "N", reference="m2")
    assert (first.state, second.state) == (S.CONFIRMED, S.CANCELLED)


def test_the_same_message_twice_is_no_news(engine: Engine, sales: Sales, keys: Vault) -> None:
    asked(engine, sales, keys)
    first, again = say(sales, keys, "是"), say(sales, keys, "退订")
    assert first and again and (again.reply_id, again.meaning) == (first.reply_id, Meaning.YES)


def test_who_does_not_reply_lapses_and_is_never_charged(engine: Engine, sales: Sales, keys: Vault) -> None:
    subscription = asked(engine, sales, keys)
    trial.end_trial(sales.session, subscription, now=AFTER_THE_TRIAL)
    assert (subscription.state, say(sales, keys, "是", at=AFTER_THE_TRIAL)) == (S.LAPSED, None)


def test_with_the_yes_by_voice_its_sms_falls_too(engine: Engine, sales: Sales, keys: Vault, cast: Cast) -> None:
    subscription = asked(engine, sales, keys)
    say(sales, keys, "是")
    second = sales.session.exec(select(Notice.confirmation_id).where(col(Notice.confirmation_id).is_not(None))).one()
    voided = sales.session.get_one(Confirmation, second)
    confirmations.void_confirmation(sales.session, voided, reason="review_failed", by=cast.reviewer, now=LATER)
    sales.confirm(subscription)
    assert (subscription.state, charges.obstacle(sales.session, subscription)) == (S.CONFIRMING, "no_reply")


def test_numbers_that_were_never_written_to_and_no_numbers_are_refused(sales: Sales, keys: Vault) -> None:
    with pytest.raises(NumberNeverWritten):
        say(sales, keys, "是", number=OTHER)
    with pytest.raises(NumberUnreadable, match="123"):
        say(sales, keys, "是", number="123")


def test_width_case_spaces_and_stops_do_not_count() -> None:
    assert [wording_of(text) for text in ("Ｙ２７", " y 27。", "“是！”")] == ["Y27", "Y27", "是"]


# The database's own word


def test_words_elsewhere_in_a_definition_ask_for_no_reply(session: Session, cast: Cast) -> None:
    sales = Sales(session, cast, NOW)
    sales.campaign(more="skills: [sms]")
    subscription = sales.confirmed()
    assert charges.run(sales.session, sales.centre, now=AFTER_THE_TRIAL) == {"charged": 1}
    assert sales.balance(subscription) == 500


def test_the_database_refuses_a_charge_without_the_reply(engine: Engine, sales: Sales, keys: Vault) -> None:
    subscription = asked(engine, sales, keys)
    sales.session.execute(sa.text("UPDATE subscription SET state = 'confirmed'"))
    statement = """INSERT INTO ledger_entry (centre_id, subscription_id, cycle, kind, amount_fen, confirmation_id,
        confirmation_kind, confirmation_result, why, at) SELECT :centre, c.subscription_id, '2026-12-01', 'charge', 500,
        c.id, 'second', 'passed', '', '2026-12-01 02:00:00' FROM confirmation c WHERE c.kind = 'second'"""
    with pytest.raises(sa.exc.IntegrityError, match="needs the customer's reply"):
        sales.session.execute(sa.text(statement), {"centre": subscription.centre_id})


@pytest.mark.parametrize(
    ("text", "number", "at", "meaning"),
    [
        ("好像", NUMBER, LATER, "yes"),
        ("是", OTHER, LATER, "yes"),
        ("是", NUMBER, NOW - timedelta(minutes=1), "yes"),
        ("是", NUMBER, NOW + timedelta(days=9), "yes"),
        ("是", NUMBER, LATER, "no"),
    ],
)
def test_the_database_refuses_a_match_that_does_not_fit(
    engine: Engine, sales: Sales, keys: Vault, text: str, number: str, at: datetime, meaning: str
) -> None:
    subscription = asked(engine, sales, keys)
    phone = numbered(sales, keys, number)
    kept = Reply(
        centre_id=subscription.centre_id,
        phone_id=phone.id or 0,
        reference="forged",
        text=text,
        wording=wording_of(text),
        at=at,
        taken_at=LATER,
    )
    sales.session.add(kept)
    sales.session.flush()
    statement = """INSERT INTO reply_match (reply_id, notice_id, subscription_id, meaning, at)
        SELECT :reply, n.id, n.subscription_id, :meaning, '2026-11-23 03:00:00' FROM notice n
        WHERE n.kind = 'reply_request'"""
    with pytest.raises(sa.exc.IntegrityError, match="must fit its notice"):
        sales.session.execute(sa.text(statement), {"reply": kept.id, "meaning": meaning})


@pytest.mark.parametrize("table", ["reply", "reply_match", "notice_try"])
def test_what_came_back_is_not_rewritten(engine: Engine, sales: Sales, keys: Vault, table: str) -> None:
    asked(engine, sales, keys)
    say(sales, keys, "是")
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        sales.session.execute(sa.text(f"UPDATE {table} SET at = at"))
