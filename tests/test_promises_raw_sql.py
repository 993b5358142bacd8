"""Attacks on the promises about numbers with raw SQL."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.people import Centre, Role
from tests.conftest import Cast
from tests.factories import Maker
from tests.promises import BLOCK, TOKEN, open_claim


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Maker:
    return Maker(session, session.get_one(Centre, cast.fz.id), now=now)


def test_raw_sql_cannot_open_a_second_claim_for_a_contact(make: Maker) -> None:
    contact, other = make.contact(), make.phone()
    open_claim(make, contact)
    with pytest.raises(sa.exc.IntegrityError, match="contact_id"):
        open_claim(make, contact, phone=other.id)


def test_raw_sql_cannot_open_a_second_claim_for_a_phone(make: Maker) -> None:
    phone = make.phone()
    here, there = (make.contact(make.campaign(), phone=phone) for _ in range(2))
    open_claim(make, here)
    with pytest.raises(sa.exc.IntegrityError, match="phone_id"):
        open_claim(make, there)


def test_raw_sql_cannot_open_a_second_claim_for_an_agent(make: Maker) -> None:
    agent = make.staff(Role.AGENT).id
    open_claim(make, make.contact(), agent=agent)
    with pytest.raises(sa.exc.IntegrityError, match="agent_id"):
        open_claim(make, make.contact(), agent=agent)


def test_a_phone_can_be_claimed_again_once_its_claim_is_over(make: Maker) -> None:
    contact = make.contact()
    first = open_claim(make, contact)
    make.session.execute(sa.text("UPDATE claim SET ended_at = claimed_at, ended_how = 'put_back'"))
    assert open_claim(make, contact) != first


def _token(make: Maker, contact: Contact, claim: int) -> int:
    facts = {"phone": contact.phone_id, "campaign": contact.campaign_id, "claim": claim}
    return int(make.session.execute(sa.text(f"{TOKEN} RETURNING id"), facts).scalar_one())


def _use(make: Maker, token: int, at: str = "2026-11-23 02:01:00+00") -> None:
    make.session.execute(sa.text("UPDATE dial_token SET used_at = :at WHERE id = :id"), {"at": at, "id": token})


def test_raw_sql_cannot_make_a_token_for_a_blocked_number(make: Maker) -> None:
    contact = make.contact()
    claim = open_claim(make, contact)
    make.session.execute(sa.text(BLOCK), {"phone": contact.phone_id})
    with pytest.raises(sa.exc.IntegrityError, match="the number is blocked"):
        _token(make, contact, claim)


def test_raw_sql_cannot_use_a_token_twice(make: Maker) -> None:
    contact = make.contact()
    token = _token(make, contact, open_claim(make, contact))
    _use(make, token)
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        _use(make, token, "2026-11-23 02:01:30+00")


def test_raw_sql_cannot_use_a_token_that_is_too_old(make: Maker) -> None:
    contact = make.contact()
    token = _token(make, contact, open_claim(make, contact))
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        _use(make, token, "2026-11-23 02:02:00+00")


def test_raw_sql_cannot_use_a_token_that_a_block_voided(make: Maker) -> None:
    contact = make.contact()
    token = _token(make, contact, open_claim(make, contact))
    make.session.execute(sa.text(BLOCK), {"phone": contact.phone_id})
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        _use(make, token)


@pytest.mark.parametrize("change", ["phone_id = {other}", "used_at = NULL", "voided_at = NULL, used_at = issued_at"])
def test_raw_sql_cannot_turn_a_used_token_into_another(make: Maker, change: str) -> None:
    contact, other = make.contact(), make.phone()
    token = _token(make, contact, open_claim(make, contact))
    _use(make, token)
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        make.session.execute(sa.text(f"UPDATE dial_token SET {change.format(other=other.id)} WHERE id = {token}"))


def test_raw_sql_cannot_delete_a_token_or_a_call(make: Maker, cast: Cast) -> None:
    make.call(cast.agent)
    for table in ("call", "dial_token"):
        with pytest.raises(sa.exc.IntegrityError, match="kept"), make.session.begin_nested():
            make.session.execute(sa.text(f"DELETE FROM {table}"))


CALL = """INSERT INTO call (centre_id, campaign_id, campaign_version_id, contact_id, phone_id, claim_id, dial_token_id,
    duty, agent_id, script_version_id, reference, dialled_at, note, answers)
    SELECT centre_id, campaign_id, campaign_version_id, :contact, :phone, :claim, :token, duty, agent_id,
    script_version_id, 'RAW-1', dialled_at, '', '{}' FROM call WHERE id = :past"""


@pytest.mark.parametrize("state", ["unused", "of another number", "used for a call already"])
def test_raw_sql_cannot_begin_a_call_without_a_used_token_of_its_own(make: Maker, cast: Cast, state: str) -> None:
    past, contact = make.call(cast.agent), make.contact()
    claim = open_claim(make, contact)
    token = _token(make, contact, claim)
    if state == "of another number":
        _use(make, token)
    facts = {"contact": contact.id, "phone": contact.phone_id, "claim": claim, "token": token, "past": past.id}
    facts |= {"of another number": {"phone": make.phone().id}}.get(state, {})
    facts |= {"used for a call already": {"token": past.dial_token_id, "phone": past.phone_id}}.get(state, {})
    with pytest.raises(sa.exc.IntegrityError):
        make.session.execute(sa.text(CALL), facts)


def test_raw_sql_can_begin_a_call_with_a_used_token(make: Maker, cast: Cast) -> None:
    past, contact = make.call(cast.agent), make.contact()
    claim = open_claim(make, contact)
    token = _token(make, contact, claim)
    _use(make, token)
    facts = {"contact": contact.id, "phone": contact.phone_id, "claim": claim, "token": token, "past": past.id}
    make.session.execute(sa.text(CALL), facts)
    assert make.session.exec(select(Call.phone_id).where(Call.reference == "RAW-1")).one() == contact.phone_id


@pytest.mark.parametrize(
    "change",
    ["outcome_code = 'sold'", "wrapped_up_at = NULL, outcome_code = NULL", "agent_id = 1", "phone_id = 1"],
)
def test_raw_sql_cannot_change_how_a_call_ended(make: Maker, cast: Cast, change: str) -> None:
    phone = make.phone()
    make.call(cast.second_agent, contact=make.contact(phone=make.phone()), outcome="refused")
    assert phone.id == 1
    with pytest.raises(sa.exc.IntegrityError, match="wrapped up once"):
        make.session.execute(sa.text(f"UPDATE call SET {change}"))
