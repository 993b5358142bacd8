"""Notices to customers: written once, in approved words, sent once, retried with patience."""

import hmac
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound.billing import charges
from outbound.compliance import Mark
from outbound.notices import incoming, making, outbox
from outbound.notices.incoming import NoSuchNotice
from outbound.notices.model import Notice, NoticeKind, NoticeReceipt, NoticeState, NoticeTry
from outbound.notices.outbox import BACK_OFF, LEASE, NoLongerTrue, Sent, SentAlready
from outbound.notices.outlets import FileDrop, Message, NotSent, Webhook
from outbound.phones.vault import Vault
from tests.conftest import NOW, Cast
from tests.factories import marks
from tests.messages import Gateway, approve_templates, numbered, vault
from tests.sales import Sales

SOON = NOW + timedelta(minutes=5)
NIGHT = datetime.fromisoformat("2026-12-01T16:20:00+00:00")
"""Twenty past midnight in Shanghai."""


@pytest.fixture
def keys() -> Vault:
    return vault()


def notices_of(sales: Sales) -> list[Notice]:
    return list(sales.session.exec(select(Notice).order_by(col(Notice.id))))


# What is written


def test_a_sale_is_summed_up_once_in_writing(sales: Sales) -> None:
    subscription = sales.sell()
    making.notify(sales.session, subscription, NoticeKind.ORDER_SUMMARY, now=sales.now)
    assert [(each.kind, each.key, each.state) for each in notices_of(sales)] == [
        (NoticeKind.ORDER_SUMMARY, f"{subscription.id}-order_summary-1", NoticeState.WAITING)
    ]


def test_who_cancels_is_told_so(sales: Sales) -> None:
    sales.cancel(sales.sell())
    assert [each.kind for each in notices_of(sales)] == [NoticeKind.ORDER_SUMMARY, NoticeKind.CANCELLATION]


def test_nobody_is_written_to_about_what_was_never_sold(sales: Sales) -> None:
    sales.cancel(sales.sell(given=marks(understanding=Mark.UNSURE)))
    assert notices_of(sales) == []


def test_each_charge_is_told(sales: Sales) -> None:
    subscription = sales.confirmed()
    for day in (0, 31):
        charges.run(sales.session, sales.centre, now=NIGHT + timedelta(days=day))
    keys_ = [each.key for each in notices_of(sales) if each.kind == NoticeKind.CHARGE]
    assert keys_ == [f"{subscription.id}-charge-2026-12-01", f"{subscription.id}-charge-2027-01-01"]


def test_nobody_gets_a_message_at_night(sales: Sales) -> None:
    sales.confirmed()
    charges.run(sales.session, sales.centre, now=NIGHT)
    told = [each.due_at for each in notices_of(sales) if each.kind == NoticeKind.CHARGE]
    assert told == [datetime.fromisoformat("2026-12-02T01:00:00+00:00")]


def test_who_is_confirmed_on_the_last_day_is_reminded_at_once(sales: Sales) -> None:
    subscription = sales.due()
    sales.now = NOW + timedelta(days=7)
    sales.confirm(subscription)
    reminders = [each for each in notices_of(sales) if each.kind == NoticeKind.REMINDER]
    assert [each.key for each in reminders] == [f"{subscription.id}-reminder-2026-12-01"]


# Sending


def sent(engine: Engine, sales: Sales, gateway: Gateway, keys: Vault, at: datetime = SOON) -> Sent:
    sales.session.commit()
    done = outbox.send_due(engine, gateway, keys, now=at)
    sales.session.expire_all()
    return done


def test_a_notice_leaves_once_in_approved_words(engine: Engine, sales: Sales, keys: Vault) -> None:
    gateway = Gateway()
    approve_templates(sales)
    sales.sell(phone=numbered(sales, keys, "13800138000"))
    assert [sent(engine, sales, gateway, keys), sent(engine, sales, gateway, keys)] == [Sent(sent=1), Sent()]
    [message] = gateway.messages
    assert message.to == "+8613800138000"
    assert "亲情网" in message.text
    assert "2026年11月30日" in message.text
    assert "打10086退订" in message.text


def test_without_an_approved_template_a_notice_waits_and_says_why(engine: Engine, sales: Sales, keys: Vault) -> None:
    sales.sell(phone=numbered(sales, keys, "13800138000"))
    assert sent(engine, sales, Gateway(), keys) == Sent(failed=1)
    [notice] = notices_of(sales)
    assert (notice.state, notice.due_at) == (NoticeState.WAITING, SOON + timedelta(minutes=1))
    assert "notice-order-summary" in notice.why


def test_a_gateway_that_fails_is_asked_ever_more_seldom_and_then_no_more(
    engine: Engine, sales: Sales, keys: Vault
) -> None:
    gateway = Gateway(fails="HTTP 503")
    approve_templates(sales)
    sales.sell(phone=numbered(sales, keys, "13800138000"))
    at, waits = SOON, []
    while sent(engine, sales, gateway, keys, at).failed and (notice := notices_of(sales)[0]).state == "waiting":
        waits.append((notice.due_at - at) // timedelta(minutes=1))
        at = notice.due_at
    assert waits == list(BACK_OFF)
    assert (notices_of(sales)[0].state, notices_of(sales)[0].why) == (NoticeState.FAILED, "HTTP 503")
    assert len(sales.session.exec(select(NoticeTry)).all()) == len(BACK_OFF) + 1


def test_what_failed_can_be_sent_again_by_hand(engine: Engine, sales: Sales, keys: Vault, cast: Cast) -> None:
    gateway = Gateway(fails="HTTP 503")
    approve_templates(sales)
    sales.sell(phone=numbered(sales, keys, "13800138000"))
    sent(engine, sales, gateway, keys)
    gateway.fails = ""
    outbox.resend(sales.session, notices_of(sales)[0], by=cast.care, now=SOON)
    assert sent(engine, sales, gateway, keys) == Sent(sent=1)
    with pytest.raises(SentAlready):
        outbox.resend(sales.session, notices_of(sales)[0], by=cast.care, now=NOW)


def test_what_is_no_longer_true_is_not_sent(engine: Engine, sales: Sales, keys: Vault, cast: Cast) -> None:
    approve_templates(sales)
    subscription = sales.sell(phone=numbered(sales, keys, "13800138000"))
    sales.cancel(subscription)
    assert sent(engine, sales, Gateway(), keys) == Sent(sent=1, dropped=1)
    with pytest.raises(NoLongerTrue):
        outbox.resend(sales.session, notices_of(sales)[0], by=cast.care, now=NOW)


def test_what_another_process_is_sending_is_left_to_it(engine: Engine, sales: Sales, keys: Vault) -> None:
    approve_templates(sales)
    sales.sell(phone=numbered(sales, keys, "13800138000"))
    sales.session.execute(sa.text("UPDATE notice SET tries = 1, due_at = :later"), {"later": str(SOON + LEASE)})
    assert sent(engine, sales, Gateway(), keys) == Sent()


def test_a_receipt_is_kept_once(engine: Engine, sales: Sales, keys: Vault) -> None:
    approve_templates(sales)
    subscription = sales.sell(phone=numbered(sales, keys, "13800138000"))
    key = f"{subscription.id}-order_summary-1"
    with pytest.raises(NoSuchNotice):
        incoming.receipt(sales.session, key, delivered=True, now=NOW)
    sent(engine, sales, Gateway(), keys)
    for _again in range(2):
        incoming.receipt(sales.session, key, delivered=True, now=NOW)
    assert len(sales.session.exec(select(NoticeReceipt)).all()) == 1


# The database's own word


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("text = 'other'", "stays as it was sent"),
        ("state = 'waiting', sent_at = NULL", "stays as it was sent"),
        ("key = 'other'", "stays as it was sent"),
    ],
)
def test_a_notice_that_was_sent_is_not_rewritten(
    engine: Engine, sales: Sales, keys: Vault, change: str, word: str
) -> None:
    approve_templates(sales)
    sales.sell(phone=numbered(sales, keys, "13800138000"))
    sent(engine, sales, Gateway(), keys)
    with pytest.raises(sa.exc.IntegrityError, match=word):
        sales.session.execute(sa.text(f"UPDATE notice SET {change}"))


def test_nothing_counts_as_sent_in_words_that_nobody_approved(sales: Sales) -> None:
    sales.sell()
    with pytest.raises(sa.exc.IntegrityError, match="approved words"):
        sales.session.execute(sa.text("UPDATE notice SET state = 'sent', sent_at = made_at, text = 'anything'"))


# The outlets

MESSAGE = Message("7-charge-2026-12-01", "+8613800138000", "您好", "charge", "zh")


def test_a_dropped_file_is_named_by_its_key_and_readable_by_nobody_else(tmp_path: Path) -> None:
    drop = FileDrop(tmp_path / "out")
    for _again in range(2):
        drop.send(MESSAGE, now=NOW)
    [file] = (tmp_path / "out").iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("7-charge-2026-12-01.json", 0o600)
    assert json.loads(file.read_text("utf-8"))["to"] == "+8613800138000"


@pytest.fixture
def gateway_address() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    heard: list[tuple[dict[str, str], bytes]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(503 if self.path == "/busy" else 202)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def test_a_posted_message_is_signed_over_time_and_body(
    gateway_address: tuple[str, list[tuple[dict[str, str], bytes]]],
) -> None:
    address, heard = gateway_address
    Webhook(address, "shared").send(MESSAGE, now=NOW)
    [(headers, body)] = heard
    expected = hmac.new(b"shared", headers["X-Outbound-Time"].encode() + b"." + body, sha256).hexdigest()
    assert headers["X-Outbound-Signature"] == f"sha256={expected}"
    assert (headers["Idempotency-Key"], json.loads(body)["text"]) == (MESSAGE.key, "您好")


def test_a_gateway_that_refuses_or_is_not_there_is_a_failure_with_its_reason(
    gateway_address: tuple[str, list[tuple[dict[str, str], bytes]]],
) -> None:
    with pytest.raises(NotSent, match="HTTP 503"):
        Webhook(f"{gateway_address[0]}/busy", "").send(MESSAGE, now=NOW)
    with pytest.raises(NotSent, match="refused"):
        Webhook("http://127.0.0.1:9", "").send(MESSAGE, now=NOW)
