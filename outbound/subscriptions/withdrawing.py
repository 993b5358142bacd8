"""The carrier's word that a customer cancelled: every subscription that it concerns ends at once."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from outbound.errors import Refusal
from outbound.phones.model import find
from outbound.phones.parsing import Unusable, parse
from outbound.phones.vault import Vault
from outbound.subscriptions import life
from outbound.subscriptions.model import FINAL, Subscription


class NothingToWithdraw(Refusal):
    """This number has no subscription of that name here, living or ended."""

    zh = "该号码在本系统中没有这项订购（包括已结束的）。"
    status = 404


def withdraw(
    session: Session, vault: Vault, *, number: str, offer: str = "", reason: str = "", now: datetime
) -> Sequence[Subscription]:
    """End the living subscriptions of a number, or the one to `offer`; those it ended, none where all had ended.

    Raises NothingToWithdraw.
    """
    read = parse(number)
    phone = None if isinstance(read, Unusable) else find(session, vault, read.e164)
    asked = select(Subscription).where(Subscription.phone_id == phone.id if phone else col(Subscription.id).is_(None))
    if offer:
        asked = asked.where(Subscription.offer_name == offer)
    concerned = session.exec(asked.order_by(col(Subscription.id))).all()
    if not concerned:
        raise NothingToWithdraw
    living = [each for each in concerned if each.state not in FINAL]
    for subscription in living:
        life.cancel(session, subscription, via="carrier", reason=reason, by=None, now=now)
    return living
