"""The customer cancels with the carrier: its list ends what it names, at once everywhere, and twice is no news."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound.call_lists.model import ContactState
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.intake import inbox
from outbound.intake.withdrawals import NotAListOfWithdrawals, take_list
from outbound.notices import outbox
from outbound.people import known
from outbound.subscriptions.model import Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import NOW, Cast
from tests.messages import Gateway, approve_templates, numbered, vault
from tests.sales import Sales

NUMBER, OTHER = "13800138000", "13900139000"


@pytest.fixture
def sold(sales: Sales) -> Subscription:
    subscription = sales.due(phone=numbered(sales, vault(), NUMBER))
    sales.session.commit()
    return subscription


def test_a_list_ends_what_it_names_and_tells_the_rest(engine: Engine, sales: Sales, sold: Subscription) -> None:
    listed = f"手机号码,业务,原因\n{NUMBER},亲情网,APP退订\n{OTHER},,\n不是号码,,\n".encode("gb18030")
    done = take_list(engine, vault(), listed, now=NOW)
    assert done.told() == {"rows": 3, "cancelled": 1, "ended": 0, "refused": 2}
    assert [line for line, _why in done.refused] == [3, 4]
    sales.session.refresh(sold)
    withdrawal = sales.session.get_one(Withdrawal, sold.id)
    assert (sold.state, withdrawal.via, withdrawal.reason) == (S.CANCELLED, "carrier", "APP退订")


def test_the_same_list_twice_changes_nothing(engine: Engine, sales: Sales, sold: Subscription) -> None:
    listed = f"number\n{NUMBER}\n".encode()
    told = [take_list(engine, vault(), listed, now=NOW).told() for _again in range(2)]
    assert [(each["cancelled"], each["ended"]) for each in told] == [(1, 0), (0, 1)]


def test_another_offer_of_the_number_is_left_alone(engine: Engine, sales: Sales, sold: Subscription) -> None:
    take_list(engine, vault(), f"number,offer\n{NUMBER},流量包\n".encode(), now=NOW)
    sales.session.refresh(sold)
    assert sold.state == S.CONFIRMING


@pytest.mark.parametrize("data", [b"", b"\x00\xff\xfe", b"name\nWang\n", "只有一列\n".encode()])
def test_what_is_no_list_is_refused_whole(engine: Engine, data: bytes) -> None:
    with pytest.raises(NotAListOfWithdrawals):
        take_list(engine, vault(), data, now=NOW)


def test_who_held_the_customer_to_ring_them_holds_them_no_more(
    engine: Engine, sales: Sales, sold: Subscription, cast: Cast
) -> None:
    contact = sales.contact(sold)
    claim = Claim(
        centre_id=contact.centre_id,
        campaign_id=contact.campaign_id,
        contact_id=known(contact.id),
        phone_id=contact.phone_id,
        agent_id=known(cast.verifier.id),
        duty=contact.duty,
        epoch=contact.epoch,
        claimed_at=NOW,
        lease_until=NOW + timedelta(minutes=15),
    )
    sales.session.add(claim)
    sales.session.flush()
    token = DialToken(
        claim_id=known(claim.id),
        campaign_id=contact.campaign_id,
        phone_id=contact.phone_id,
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=2),
    )
    sales.session.add(token)
    sales.session.commit()
    take_list(engine, vault(), f"number\n{NUMBER}\n".encode(), now=NOW)
    for row in (claim, token, contact):
        sales.session.refresh(row)
    assert (claim.ended_how, token.voided_at, contact.state) == (ClaimEnd.BLOCKED, NOW, ContactState.CLOSED)


# The inbox


def test_the_inbox_takes_receipts_and_replies_and_puts_refused_lines_aside(
    engine: Engine, sales: Sales, sold: Subscription, tmp_path: Path
) -> None:
    approve_templates(sales)
    sales.session.commit()
    outbox.send_due(engine, Gateway(), vault(), now=NOW + timedelta(minutes=5))
    lines: list[dict[str, object]] = [
        {"key": f"{sold.id}-order_summary-1", "delivered": True},
        {"reference": "m1", "number": NUMBER, "text": "TD", "at": NOW.isoformat()},
        {"reference": "m2", "number": OTHER, "text": "是", "at": NOW.isoformat()},
        {"something": "else"},
    ]
    at = NOW + timedelta(minutes=10)
    lines[1]["at"] = at.isoformat()
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    assert inbox.take_inbox(engine, vault(), tmp_path, now=at) == (2, 2)
    note = (tmp_path / "refused" / "a.jsonl.txt").read_text("utf-8")
    assert [line[:2] for line in note.splitlines()] == ["3:", "4:"]
    assert sales.session.exec(select(Subscription.state)).one() == S.CANCELLED
    assert inbox.take_inbox(engine, vault(), tmp_path, now=at) == (0, 0)
