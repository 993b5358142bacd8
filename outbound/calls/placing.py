"""Placing a call: a dial token is used up, the call begins, and the number is shown to who rings it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound import attendance, briefings, journal
from outbound.attendance import Stance
from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.model import Campaign
from outbound.clock import local_day
from outbound.dialing.handout import NumberBlocked, check_in_force
from outbound.dialing.model import Claim, DialToken
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known


class NoScriptInForce(Refusal):
    """There is no approved script in force for this call; tell your manager."""

    zh = "这通电话没有生效的脚本，请告知经理。"


def begin(session: Session, token: DialToken, *, by: Staff, now: datetime) -> Call:
    """Use the token up and begin the call.

    Raises NumberBlocked where the token was voided or is too old, ClaimEnded where the contact is no longer `by`'s,
    BriefingUnread where they have not read what is new in it.
    """
    _use_up(session, token, now=now)
    claim = session.get_one(Claim, token.claim_id, with_for_update=True, populate_existing=True)
    check_in_force(claim, by=by, now=now)
    campaign = session.get_one(Campaign, claim.campaign_id)
    script = campaigns.script_in_force(session, campaign, claim.duty)
    if script is None:
        raise NoScriptInForce
    version = campaigns.in_force(session, campaign)
    briefings.refuse_unread(session, version, script, by=by)
    call = Call(
        centre_id=claim.centre_id,
        campaign_id=claim.campaign_id,
        campaign_version_id=known(version.id),
        contact_id=claim.contact_id,
        phone_id=claim.phone_id,
        claim_id=known(claim.id),
        dial_token_id=known(token.id),
        duty=claim.duty,
        agent_id=known(by.id),
        script_version_id=known(script.id),
        reference=_reference(session, token, claim, now),
        dialled_at=now,
    )
    session.add(call)
    contact = session.get_one(Contact, claim.contact_id)
    contact.attempts += 1
    session.add(contact)
    session.flush()
    attendance.enter(session, by, Stance.IN_CALL, now=now)
    journal.record(session, "call.dialled", call, by=by, now=now, contact=contact.id, script_version=script.id)
    return call


def _use_up(session: Session, token: DialToken, *, now: datetime) -> None:
    used = sa.update(DialToken).where(
        col(DialToken.id) == token.id,
        col(DialToken.used_at).is_(None),
        col(DialToken.voided_at).is_(None),
        col(DialToken.expires_at) > now,
    )
    if session.exec(used.values(used_at=now)).rowcount != 1:
        raise NumberBlocked


def _reference(session: Session, token: DialToken, claim: Claim, now: datetime) -> str:
    centre = session.get_one(Centre, claim.centre_id)
    return f"{centre.code.upper()}-{local_day(now, centre.zone):%Y%m%d}-{token.id:06d}"
