"""The several numbers of a contact: one is rung, the others wait their turn."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists.model import Contact, ContactNumber
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import OptOut
from outbound.people import known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of


def others_of(session: Session, contact: Contact) -> list[int]:
    """The phones that a contact has besides the one that is rung, the next in turn first."""
    asked = select(ContactNumber.phone_id).where(ContactNumber.contact_id == contact.id)
    return list(session.exec(asked.order_by(col(ContactNumber.position))).all())


def contacts_with(session: Session, phone: Phone, *, centre_id: int) -> list[Contact]:
    """The contacts of a centre that have this number, whether it is the one that is rung or a further one."""
    further = select(ContactNumber.contact_id).where(ContactNumber.phone_id == phone.id)
    having = sa.or_(col(Contact.phone_id) == phone.id, col(Contact.id).in_(further))
    asked = select(Contact).where(having, Contact.centre_id == centre_id)
    return list(session.exec(asked.order_by(col(Contact.id))).all())


def turn_to_next(session: Session, contact: Contact, *, now: datetime) -> bool:
    """Ring the contact's next number from now on, the present one going to the end of the row; blocked ones are passed
    over. False where there is no other number that may be rung.
    """
    rows = session.exec(
        select(ContactNumber).where(ContactNumber.contact_id == contact.id).order_by(col(ContactNumber.position))
    ).all()
    blocked = _blocked(session, contact, now=now) if rows else set()
    following = next((row for row in rows if row.phone_id not in blocked), None)
    if following is None:
        return False
    former, last = contact.phone_id, rows[-1].position
    chosen = session.get_one(Phone, following.phone_id)
    # In this order: at no moment does a number of the campaign stand in two places.
    session.delete(following)
    session.flush()
    contact.phone_id, contact.zone_group_id = known(chosen.id), group_of(session, chosen.zones)
    session.add(contact)
    session.flush()
    session.add(
        ContactNumber(contact_id=known(contact.id), position=last + 1, campaign_id=contact.campaign_id, phone_id=former)
    )
    session.flush()
    return True


def _blocked(session: Session, contact: Contact, *, now: datetime) -> set[int]:
    """Which of the contact's further numbers must not be rung in its campaign."""
    campaign = sa.table("campaign", sa.column("id"), sa.column("kind"))
    kind = session.execute(sa.select(campaign.c.kind).where(campaign.c.id == contact.campaign_id)).scalar_one()
    asked = select(OptOut.phone_id).join(ContactNumber, col(ContactNumber.phone_id) == col(OptOut.phone_id))
    in_force = opt_outs.in_force(now, kind=kind, campaign_id=contact.campaign_id)
    return set(session.exec(asked.where(ContactNumber.contact_id == contact.id, in_force)).all())
