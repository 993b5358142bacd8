"""What the attacks on the promises about numbers share."""

from typing import Any

import sqlalchemy as sa

from outbound.call_lists.model import Contact
from outbound.people import Role
from tests.factories import Maker

TOKEN = """INSERT INTO dial_token (claim_id, campaign_id, phone_id, issued_at, expires_at)
    VALUES (:claim, :campaign, :phone, '2026-11-23 02:00:00+00', '2026-11-23 02:02:00+00')"""
BLOCK = """INSERT INTO opt_out (phone_id, category, scope, source, reason, at)
    VALUES (:phone, 'refusal', 'all', 'race', '', '2026-11-23 02:00:00+00')"""


def open_claim(maker: Maker, contact: Contact, **facts: Any) -> int:
    """An open claim on a contact, by raw SQL; by default of an agent of its own."""
    agent = facts.pop("agent", None) or maker.staff(Role.AGENT).id
    given = {"contact": contact.id, "phone": contact.phone_id, "agent": agent, **facts}
    statement = """INSERT INTO claim (centre_id, campaign_id, contact_id, phone_id, agent_id, duty, epoch, why_now,
        claimed_at, lease_until) VALUES (:centre, :campaign, :contact, :phone, :agent, 'pitch', 1, '', :at, :until)
        RETURNING id"""
    given |= {"centre": contact.centre_id, "campaign": contact.campaign_id}
    given |= {"at": "2026-11-23 02:00:00+00", "until": "2026-11-23 02:15:00+00"}
    return int(maker.session.execute(sa.text(statement), given).scalar_one())
