"""The several numbers of a contact: one is rung, the others take their turn, each once in a campaign."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists.importing import import_list
from outbound.call_lists.model import Contact, ContactNumber
from outbound.call_lists.numbers import contacts_with, others_of, turn_to_next
from outbound.campaigns.model import Campaign
from outbound.phones.model import Phone
from outbound.phones.vault import Vault
from outbound.phones.zones import ZoneGroup
from tests.conftest import NOW, Cast
from tests.test_importing import block, campaign, contacts, csv, vault

__all__ = ["campaign", "vault"]
HEAD = "手机号码,备用电话,客户姓名"


@pytest.fixture
def contact(session: Session, vault: Vault, campaign: Campaign, cast: Cast) -> Contact:
    data = csv("13800138000,+1 415 555 2671,王秀英", head=HEAD)
    import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    return contacts(session, campaign)[0]


def rung(session: Session, vault: Vault, contact: Contact) -> str:
    return vault.open(session.get_one(Phone, contact.phone_id).sealed)


def test_the_first_number_is_rung_and_the_other_waits(session: Session, vault: Vault, contact: Contact) -> None:
    assert rung(session, vault, contact) == "+8613800138000"
    assert [vault.open(session.get_one(Phone, phone).sealed) for phone in others_of(session, contact)] == [
        "+14155552671"
    ]


def test_the_next_number_changes_places_with_the_present_one(session: Session, vault: Vault, contact: Contact) -> None:
    assert turn_to_next(session, contact, now=NOW)
    assert rung(session, vault, contact) == "+14155552671"
    assert turn_to_next(session, contact, now=NOW)
    assert rung(session, vault, contact) == "+8613800138000"


def test_the_hours_of_a_contact_are_those_of_the_number_that_is_rung(session: Session, contact: Contact) -> None:
    turn_to_next(session, contact, now=NOW)
    assert session.get_one(ZoneGroup, contact.zone_group_id).zones == "America/Los_Angeles"


def test_a_blocked_number_is_passed_over(session: Session, vault: Vault, cast: Cast, contact: Contact) -> None:
    block(session, vault, "+1 415 555 2671", cast)
    assert not turn_to_next(session, contact, now=NOW)
    assert rung(session, vault, contact) == "+8613800138000"


def test_a_contact_with_one_number_has_no_next(session: Session, vault: Vault, campaign: Campaign, cast: Cast) -> None:
    import_list(session, vault, campaign, (csv("13800138000,王,a"), "a.csv"), by=cast.manager, now=NOW)
    assert not turn_to_next(session, contacts(session, campaign)[0], now=NOW)


def test_a_further_number_makes_a_later_row_a_duplicate(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast, contact: Contact
) -> None:
    again = import_list(session, vault, campaign, (csv("+14155552671,李,a"), "b.csv"), by=cast.manager, now=NOW)
    assert (again.accepted, again.duplicate) == (0, 1)


def test_a_contact_is_found_by_each_of_its_numbers(session: Session, cast: Cast, contact: Contact) -> None:
    for phone in session.exec(select(Phone)).all():
        assert contacts_with(session, phone, centre_id=contact.centre_id) == [contact]


def test_the_database_refuses_a_number_twice_in_a_campaign(session: Session, contact: Contact) -> None:
    assert contact.id
    twice = ContactNumber(contact_id=contact.id, position=7, campaign_id=contact.campaign_id, phone_id=contact.phone_id)
    session.add(twice)
    with pytest.raises(sa.exc.IntegrityError, match="this number already"):
        session.flush()


def test_the_database_refuses_to_ring_a_number_that_still_waits(session: Session, contact: Contact) -> None:
    waiting = session.exec(select(ContactNumber.phone_id).where(col(ContactNumber.contact_id) == contact.id)).one()
    contact.phone_id = waiting
    session.add(contact)
    with pytest.raises(sa.exc.IntegrityError, match="this number already"):
        session.flush()
